// A receiver in a process of its own, for the tests of hostile bodies: says how much memory it holds when it is asked.
import { InMemoryTracer } from "tracelight";
import { otlpReceiver, serveOtlp } from "tracelight/otlp";
import { endsWithParent } from "../ends-with-parent.ts";

endsWithParent();

const receive = otlpReceiver(new InMemoryTracer({ memorySize: 10 }));

const { url } = await serveOtlp(
  async (request) => {
    if (request.method !== "GET") return receive(request);
    return Response.json({ held: await heldBytes(), peak: process.resourceUsage().maxRSS * 1024 });
  },
  { port: 0 },
);
process.send?.(url);

/** What was let go of is given back in several steps: until some in a row give nothing back. */
async function heldBytes(): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let idle = 0; idle < 3; idle++) {
    globalThis.gc?.();
    await new Promise((resolve) => setTimeout(resolve, 5));
    const { heapUsed, external } = process.memoryUsage();
    if (heapUsed + external < least - 1_000_000) idle = -1;
    least = Math.min(least, heapUsed + external);
  }
  return least;
}
