// A TypeScript app that has installed tracelight: compiled, not run.
import { type Attributes, InMemoryTracer, type Sink, type Span, Tracer } from "tracelight";

const kept: Span[] = [];
const sink: Sink = { name: "mine", write: (span) => void kept.push(span) };
const tracer = new Tracer(sink, { onError: (error) => console.error(error.code) });
const answer: Promise<number> = tracer.trace("turn", { spanKind: "SERVER" }, async (span) => {
  span.addAttribute("foo", "bar", { inheritable: true }).addEvent("asked");
  return 42;
});
const attributes: Attributes =
  new InMemoryTracer().getTraces({ attributeFilter: { foo: "bar" } })[0]?.attributes ?? {};
// @ts-expect-error: there is no such kind of span
tracer.trace("turn", { spanKind: "NOPE" }, () => 0);

export { answer, attributes };
