// Every tracer keeps the contract of sinks; every tracer that can be read, that of stores.
import { PassThrough } from "node:stream";
import {
  HumanReadableTracer,
  InMemoryTracer,
  IterableTracer,
  NoopTracer,
  type Span,
  type Store,
  StructuredLogsTracer,
  selectSpans,
  TeeTracer,
  Tracer,
  type TracerOptions,
} from "tracelight";
import { tailSampling } from "tracelight/sampling";
import { type MakeTracer, sinkContract, storeContract } from "tracelight/testing";
import { describe, expect, test } from "vitest";

function drained(): PassThrough {
  return new PassThrough().resume();
}

/** A loop that takes what comes, as the contract's author would write it. */
function iterated(options: TracerOptions): Tracer {
  const tracer = new IterableTracer(options);
  void (async () => {
    for await (const _ of tracer);
  })();
  return tracer;
}

const sinks: Record<string, MakeTracer> = {
  "a sink of one's own": (options) => new Tracer({ name: "mine", write: () => undefined }, options),
  InMemoryTracer: (options) => new InMemoryTracer(options),
  "HumanReadableTracer on a stream": (options) =>
    new HumanReadableTracer({ ...options, stream: drained(), color: true }),
  "HumanReadableTracer on an object": (options) =>
    new HumanReadableTracer({ ...options, stream: { write: () => true } }),
  StructuredLogsTracer: (options) => new StructuredLogsTracer({ ...options, stream: drained() }),
  IterableTracer: iterated,
  "TeeTracer over one": (options) => new TeeTracer(options).addTracer(new InMemoryTracer()),
  "tail sampling that keeps all": (options) =>
    new Tracer(tailSampling(new InMemoryTracer(), { share: 1 }), options),
};

describe.each(Object.entries(sinks))("%s keeps the contract of sinks:", (_name, makeTracer) => {
  test.each(sinkContract.map(({ name, run }) => [name, run] as const))("%s", (_test, run) => run(makeTracer));
});

/** The least that a store can be: all but `find` is supplied. */
function leastStore(): Store {
  const spans: Span[] = [];
  return {
    name: "least",
    write: (span) => void spans.push(span),
    find: (query) => selectSpans(spans, query),
  };
}

const stores: Record<string, MakeTracer> = {
  "a store of one's own with find alone": (options) => new Tracer(leastStore(), options),
  "tail sampling that keeps all": (options) => new Tracer(tailSampling(leastStore(), { share: 1 }), options),
  InMemoryTracer: (options) => new InMemoryTracer(options),
  "InMemoryTracer bounded in bytes": (options) => new InMemoryTracer({ ...options, maxBytes: 1e9 }),
  "TeeTracer over an InMemoryTracer": (options) =>
    new TeeTracer(options).addTracer(new InMemoryTracer()).addTracer(new NoopTracer()),
  "TeeTracer over one that keeps nothing, and a tee over one that does": (options) =>
    new TeeTracer(options)
      .addTracer(new StructuredLogsTracer({ stream: drained() }))
      .addTracer(new TeeTracer().addTracer(new Tracer(leastStore()))),
};

describe.each(Object.entries(stores))("%s keeps the contract of stores:", (_name, makeTracer) => {
  test.each(storeContract.map(({ name, run }) => [name, run] as const))("%s", (_test, run) =>
    run(makeTracer),
  );
});

test("a sink that breaks the contract fails it", async () => {
  const forgetful: MakeTracer = (options) =>
    new Tracer({ name: "forgetful", write: () => undefined, find: () => [] } as never, options);
  const results = await Promise.allSettled(storeContract.map(({ run }) => run(forgetful)));
  expect(results.filter(({ status }) => status === "rejected").length).toBeGreaterThan(4);
});
