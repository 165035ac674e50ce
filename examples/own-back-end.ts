// A back end of your own in fifteen lines: a sink needs a name and a `write`. Run: npm run example own-back-end
import { type Span, Tracer } from "tracelight";

const slow: Span[] = [];

const tracer = new Tracer({
  name: "slow-spans",
  write(span) {
    if ((span.durationMs ?? 0) >= 20) slow.push(span);
  },
});

await tracer.trace("converse", async () => {
  await tracer.trace("get_weather", () => new Promise((resolve) => setTimeout(resolve, 30)));
  tracer.trace("format_answer", () => "Sunny.");
});

for (const span of slow) console.log(`${span.spanName} took ${Math.round(span.durationMs ?? 0)} ms`);
