// A back end of your own: a sink needs a name and a `write`. Run: npm run build, then node build/examples/own-back-end.js
import { type Span, Tracer } from "tracelight";

const failed: Span[] = [];

const tracer = new Tracer({
  name: "failed-spans",
  write(span) {
    if (span.spanStatus === "ERROR") failed.push(span);
  },
});

const getWeather = async () => {
  throw new Error("The station is offline.");
};

await tracer.trace("converse", async () => {
  await tracer.trace("get_weather", getWeather).catch(() => undefined);
  tracer.trace("format_answer", () => "Nobody knows.");
});

for (const span of failed) console.log(`${span.spanName} failed: ${span.statusMessage}`);
