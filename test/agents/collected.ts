// Until all spans of a tracer have ended: those of what nobody holds any more end when it is collected.
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { InMemoryTracer } from "tracelight";

export async function collected(...tracers: readonly InMemoryTracer[]): Promise<void> {
  const open = () => tracers.flatMap((tracer) => tracer.openSpans());
  for (let round = 1; open().length > 0; round++) {
    if (round > MAX_ROUNDS)
      throw new Error(
        `These never end: ${tracers.map((t, i) =>
          t
            .openSpans()
            .map((one) => `${i} ${one.spanName}`)
            .join(),
        )}`,
      );
    await new Promise((resolve) => setTimeout(resolve, 20));
    // To collect takes long: most of them end by themselves.
    if (round % 5 === 0) collect();
  }
}

/** What nobody holds goes. */
export function collect(): void {
  setFlagsFromString("--expose-gc");
  const gc: unknown = runInNewContext("gc");
  if (typeof gc === "function") gc();
}

const MAX_ROUNDS = 1000;
