// A receiver in a process of its own, for the tests of hostile bodies: says how much memory it holds when it is asked.
import { InMemoryTracer } from "tracelight";
import { otlpReceiver, serveOtlp } from "tracelight/otlp";

const receive = otlpReceiver(new InMemoryTracer({ memorySize: 10 }));

const { url } = await serveOtlp(
  async (request) => {
    if (request.method !== "GET") return receive(request);
    // What was let go of is given back in several steps.
    for (let i = 0; i < 10; i++) {
      globalThis.gc?.();
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    const { heapUsed, external } = process.memoryUsage();
    return Response.json({ held: heapUsed + external, peak: process.resourceUsage().maxRSS * 1024 });
  },
  { port: 0 },
);
process.send?.(url);
