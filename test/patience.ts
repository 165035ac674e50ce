// A wait that ends with what happens: how long that takes is the machine's.
import type { DeliveryReport } from "tracelight";

/** Flushes, a moment each time, until it holds. Resolves with the last report; the test's own time-out ends what never does. */
export async function flushedUntil(
  tracer: { flush(options: { timeoutMs: number }): Promise<DeliveryReport> },
  holds: () => boolean,
): Promise<DeliveryReport> {
  for (;;) {
    const report = await tracer.flush({ timeoutMs: 20 });
    if (holds()) return report;
  }
}
