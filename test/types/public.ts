// The public types: what must compile, and what must not. Checked by the compiler, never run.
import {
  type Attributes,
  type Awaitable,
  type DeliveryReport,
  HumanReadableTracer,
  InMemoryTracer,
  IterableTracer,
  NAMES,
  type NoopTracer,
  type Sink,
  Span,
  type Store,
  StructuredLogsTracer,
  TeeTracer,
  TracelightError,
  type TraceQuery,
  Tracer,
  traced,
} from "tracelight";
import { failed, sample, slowerThan, tailSampling, where } from "tracelight/sampling";

/** Compiles where both types are the same. */
type Same<A, B> = [A, B] extends [B, A] ? true : false;
declare function same<A, B>(yes: Same<A, B>): void;

const tracer = new InMemoryTracer({ memorySize: 10, onError: (error) => void error.code });

// What `trace` gives is what its function gives.
const value = tracer.trace("a", () => 42);
same<typeof value, number>(true);
const promise = tracer.trace("a", { spanKind: "CLIENT" }, async (span) => span.spanName);
same<typeof promise, Promise<string>>(true);
const steps = tracer.trace("a", function* (): Generator<number, string, boolean> {
  return (yield 1) ? "yes" : "no";
});
same<typeof steps, Generator<number, string, boolean>>(true);
const tokens = tracer.trace("a", async function* () {
  yield "token";
});
for await (const token of tokens) same<typeof token, string>(true);

// A followed stream is what it was, and its chunks are known.
const stream = new ReadableStream<number>();
const followed = tracer
  .startSpan("a")
  .follow(stream, { onChunk: (chunk) => same<typeof chunk, number>(true) });
same<typeof followed, ReadableStream<number>>(true);
new InMemoryTracer({ classifyError: (error) => (error === "stop" ? "aborted" : undefined) });
// @ts-expect-error: a failure has one of three meanings
new InMemoryTracer({ classifyError: () => "ok" });
// @ts-expect-error: text is no stream
tracer.startSpan("a").follow("text");

// Reads: at once from memory, perhaps later from elsewhere.
same<ReturnType<InMemoryTracer["getTraces"]>, readonly Span[]>(true);
same<ReturnType<NoopTracer["getTraces"]>, readonly Span[]>(true);
same<ReturnType<Tracer["getTraces"]>, Awaitable<readonly Span[]>>(true);
same<ReturnType<Tracer["flush"]>, Promise<DeliveryReport>>(true);

// Every named tracer is a Tracer; a TeeTracer takes them all and chains.
const every: Tracer[] = [new HumanReadableTracer(), new StructuredLogsTracer(), new IterableTracer(), tracer];
every.reduce<TeeTracer>((tee, member) => tee.addTracer(member), new TeeTracer());

// A back end of one's own: two members, or more.
const sink: Sink = { name: "mine", write: (span) => void span.attributes };
const store: Store = { ...sink, find: (query: TraceQuery) => (query.limit === 0 ? [] : []) };
await using mine = new Tracer(store);
using span = mine.startSpan("work");
span.addAttribute("a", 1, { inheritable: true }).addAttributes({ b: null }).addEvent("e").setStatus("OK");

// `bind` and `traced` give back the type they were given.
const add = (a: number, b: number): number => a + b;
same<ReturnType<typeof bindAdd>, typeof add>(true);
function bindAdd() {
  return mine.bind(add);
}
const tool = traced("tool", { tracer, spanKind: "CLIENT", scope: { name: "tools" } })(add);
same<typeof tool, typeof add>(true);

class Agent {
  readonly tracer = tracer;
  @traced
  async converse(input: string): Promise<string> {
    return input;
  }
  @traced("count")
  *count(): Generator<number> {
    yield 1;
  }
}
same<ReturnType<Agent["converse"]>, Promise<string>>(true);
same<ReturnType<Agent["count"]>, Generator<number>>(true);

// What must not compile.
// @ts-expect-error: a span's attributes are read only
span.attributes["a"] = 1;
// @ts-expect-error: and so is its name
span.spanName = "other";
// @ts-expect-error: there are five kinds
tracer.startSpan("a", { spanKind: "server" });
// What is said under a known name has a type; under any other, by whatever key, anything goes.
declare const key: string;
declare const anything: unknown;
span
  .addAttribute(NAMES.traceType, "cycle")
  .addAttribute(NAMES.traceType, "my-own-kind")
  .addAttribute(key, anything);
span
  .addAttribute(NAMES.requestModel, undefined)
  .addAttribute(NAMES.toolOutput, anything)
  .addAttribute("ai.mine", 1);
// @ts-expect-error: the number of a cycle is one
span.addAttribute(NAMES.cycleNr, "first");
// @ts-expect-error: whoever types a name by hand is told as well
span.addAttribute("ai.llm.request.model.id", 4);
// @ts-expect-error: there are three statuses
span.setStatus("FAILED");
// @ts-expect-error: times are Dates
span.end(Date.now());
// @ts-expect-error: a remote parent has a span id
tracer.startSpan("a", { parentSpan: { traceId: "0af7651916cd43dd8448eb211c80319c" } });
// @ts-expect-error: a misspelled option
new InMemoryTracer({ memmorySize: 1 });
// @ts-expect-error: a misspelled query
tracer.getTraces({ attributesFilter: {} });
// @ts-expect-error: a tracer needs a sink
new Tracer();
// @ts-expect-error: a sink writes
new Tracer({ name: "none" });
// @ts-expect-error: trace needs a function
tracer.trace("a");
// @ts-expect-error: run needs a span or null
tracer.run(undefined, () => 1);
// @ts-expect-error: process is synchronous
new InMemoryTracer({ process: async () => undefined });
// @ts-expect-error: a traced function's tracer traces
traced("a", { tracer: {} });
// @ts-expect-error: a tee takes tracers
new TeeTracer().addTracer(sink);
// @ts-expect-error: a code is needed
new TracelightError();
// @ts-expect-error: attributes have names
const attributes: Attributes = 42;
// @ts-expect-error: what promises a string gives no number
const wrong: number = await promise;

void [value, steps, attributes, wrong, Span.fromRecord];

// Sampling: a share, or what says it; conditions that are such.
new InMemoryTracer({ sample: 0.1 });
new InMemoryTracer({ sample: sample({ ratio: 0.1, rules: [{ name: "a", ratio: 0 }, { tenant: ["b"] }] }) });
new InMemoryTracer({ sample: ({ spanName, attributes }) => (spanName === "a" && attributes["b"] ? 1 : 0) });
// @ts-expect-error: a share is a number
new InMemoryTracer({ sample: "10%" });
// @ts-expect-error: and a sampler gives one
new InMemoryTracer({ sample: ({ spanName }) => spanName === "a" });
// @ts-expect-error: whether a trace is recorded cannot wait
new InMemoryTracer({ sample: async () => 1 });
// @ts-expect-error: it is the ratio
sample({ share: 0.1 });
// @ts-expect-error: a rule is for names, attributes or tenants
sample({ rules: [{ model: "a", ratio: 1 }] });
const tail: Sink = tailSampling(new InMemoryTracer(), {
  keep: [
    failed,
    slowerThan("5s"),
    where("failed"),
    { when: failed, perSecond: 1 },
    (_, { spans }) => spans > 9,
  ],
});
new Tracer(tail);
// @ts-expect-error: a filter is given to where
tailSampling(tail, { keep: ["failed"] });
// @ts-expect-error: a condition says it at once
tailSampling(tail, { keep: [async () => true] });
// @ts-expect-error: a rule says when
tailSampling(tail, { keep: [{ share: 1 }] });
