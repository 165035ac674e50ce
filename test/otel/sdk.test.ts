// Tracelight's sinks in OpenTelemetry's real SDK 2.x, and its exporters as our sinks; and in what the SDK 1.x shows.
import { INVALID_SPAN_CONTEXT, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import { resourceFromAttributes } from "@opentelemetry/resources";
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SamplingDecision,
  SimpleSpanProcessor,
  type SpanExporter,
  type SpanProcessor,
} from "@opentelemetry/sdk-trace-base";
import { InMemoryTracer, type Process, type Sink, type Span, TracelightError, Tracer } from "tracelight";
import {
  OtelExporterTracer,
  type OtelReadableSpan,
  type OtelSpanExporter,
  TracelightSpanProcessor,
} from "tracelight/otel";
import { describe, expect, it } from "vitest";
import { plainFields } from "../../src/model/span-fields.ts";

const REMOTE = { traceId: "0af7651916cd43dd8448eb211c80319c", spanId: "b7ad6b7169203331", traceFlags: 1 };
const START: [number, number] = [1_700_000_000, 123_456_000];
const END: [number, number] = [1_700_000_001, 654_321_000];
const MICROS = { start: 1_700_000_000_123_456, end: 1_700_000_001_654_321 };

/** One span with all that the SDK can say. */
function makeSpan(provider: BasicTracerProvider): void {
  const above = trace.setSpanContext(ROOT_CONTEXT, { ...REMOTE, isRemote: true });
  const tracer = provider.getTracer("a library", "1.2.3", { schemaUrl: "https://example.com/scope" });
  const span = tracer.startSpan(
    "work",
    { kind: SpanKind.SERVER, startTime: START, attributes: { a: 1 } },
    above,
  );
  span.addEvent("happened", { b: [true] }, START).addLink({ context: REMOTE, attributes: { why: "retry" } });
  span.setStatus({ code: SpanStatusCode.ERROR, message: "broken" });
  span.end(END);
}

const resource = resourceFromAttributes(
  { "service.name": "theirs" },
  { schemaUrl: "https://example.com/resource" },
);

describe("TracelightSpanProcessor", () => {
  it("hands all that a span holds to a tracer's sink", async () => {
    const tracer = new InMemoryTracer();
    const provider = new BasicTracerProvider({
      resource,
      spanProcessors: [new TracelightSpanProcessor(tracer)],
    });
    makeSpan(provider);
    await provider.forceFlush();
    const [span] = tracer.getTraces();
    expect(span && plainFields(span)).toMatchObject({
      spanName: "work",
      spanKind: "SERVER",
      traceId: REMOTE.traceId,
      parentSpanId: REMOTE.spanId,
      startedAtMicros: MICROS.start,
      endedAtMicros: MICROS.end,
      state: "ended",
      spanStatus: "ERROR",
      statusMessage: "broken",
      attributes: { a: 1 },
      resourceAttributes: { "service.name": "theirs" },
      scope: { name: "a library", version: "1.2.3" },
      events: [{ name: "happened", atMicros: MICROS.start, attributes: { b: [true] } }],
      links: [{ traceId: REMOTE.traceId, spanId: REMOTE.spanId, attributes: { why: "retry" } }],
      otlp: {
        flags: 0x301,
        resource: { schemaUrl: "https://example.com/resource" },
        scope: { schemaUrl: "https://example.com/scope" },
      },
    });
  });

  it("counts what the SDK's limits dropped", () => {
    const tracer = new InMemoryTracer();
    const provider = new BasicTracerProvider({
      spanLimits: { attributeCountLimit: 1, eventCountLimit: 1, linkCountLimit: 1 },
      spanProcessors: [new TracelightSpanProcessor(tracer)],
    });
    const span = provider.getTracer("a library").startSpan("work", { attributes: { a: 1, b: 2 } });
    span.addEvent("1").addEvent("2").addLink({ context: REMOTE }).addLink({ context: REMOTE }).end();
    expect(tracer.getTraces()[0]?.otlp).toMatchObject({
      droppedAttributesCount: 1,
      droppedEventsCount: 1,
      droppedLinksCount: 1,
    });
  });

  it("leaves out links without ids, which nobody could follow, and counts them", () => {
    const tracer = new InMemoryTracer();
    const provider = new BasicTracerProvider({ spanProcessors: [new TracelightSpanProcessor(tracer)] });
    const none = { context: INVALID_SPAN_CONTEXT, attributes: { why: "none" } };
    provider.getTracer("a library").startSpan("work").addLink(none).addLink({ context: REMOTE }).end();
    const [span] = tracer.getTraces();
    expect(span?.links.map(({ spanId }) => spanId)).toEqual([REMOTE.spanId]);
    expect(span?.otlp?.droppedLinksCount).toBe(1);
  });

  it("goes through the tracer's process", () => {
    const process: Process = (span) => {
      span.attributes["a"] = "redacted";
    };
    const tracer = new InMemoryTracer({ process });
    makeSpan(new BasicTracerProvider({ spanProcessors: [new TracelightSpanProcessor(tracer)] }));
    expect(tracer.getTraces()[0]?.attributes).toEqual({ a: "redacted" });
  });

  it("shows running spans to a sink that looks at them, as they are when it asks", () => {
    const seen: Span[] = [];
    const sink: Sink = { name: "looking", write: () => undefined, observe: (span) => void seen.push(span) };
    const provider = new BasicTracerProvider({ spanProcessors: [new TracelightSpanProcessor(sink)] });
    const span = provider.getTracer("a library").startSpan("work");
    span.setAttribute("later", 1);
    expect(seen[0]?.state).toBe("running");
    expect(seen[0]?.attributes).toEqual({});
    expect(seen[0]?.snapshot().attributes).toEqual({ later: 1 });
    span.end();
    expect(seen[0]?.snapshot().state).toBe("ended");
  });

  it("leaves out what is not sampled", () => {
    const tracer = new InMemoryTracer();
    const sampler = {
      shouldSample: () => ({ decision: SamplingDecision.RECORD }),
      toString: () => "record only",
    };
    makeSpan(new BasicTracerProvider({ sampler, spanProcessors: [new TracelightSpanProcessor(tracer)] }));
    expect(tracer.getTraces()).toEqual([]);
  });

  it("waits for a resource that is still being found out", async () => {
    const tracer = new InMemoryTracer();
    const late = resourceFromAttributes({ "host.id": Promise.resolve("late") });
    const provider = new BasicTracerProvider({
      resource: late,
      spanProcessors: [new TracelightSpanProcessor(tracer)],
    });
    makeSpan(provider);
    await provider.forceFlush();
    expect(tracer.getTraces()[0]?.resourceAttributes).toEqual({ "host.id": "late" });
  });

  it("shutdown closes the sink, and a sink that fails harms nobody", async () => {
    const calls: string[] = [];
    const faults: string[] = [];
    const report = { written: 0, pending: 0, dropped: 0, failed: 0, errors: [] };
    const sink: Sink = {
      name: "failing",
      write: () => {
        throw new Error("no");
      },
      flush: async () => {
        calls.push("flush");
        return report;
      },
      close: async () => {
        calls.push("close");
        return report;
      },
    };
    const processor = new TracelightSpanProcessor(sink, { onError: (error) => faults.push(error.code) });
    const provider = new BasicTracerProvider({ spanProcessors: [processor] });
    makeSpan(provider);
    await provider.forceFlush();
    await provider.shutdown();
    expect(calls).toEqual(["flush", "close"]);
    expect(faults).toEqual(["SINK_FAILED"]);
  });

  it("needs a sink or a tracer", () => {
    expect(() => Reflect.construct(TracelightSpanProcessor, [{}])).toThrow(
      expect.objectContaining({
        code: "INVALID_OPTION",
        message:
          'Option "to" of TracelightSpanProcessor must be a sink with a write method, or a tracer, not a value of type object.',
      }),
    );
    expect(() => Reflect.construct(TracelightSpanProcessor, [])).toThrow(
      'TracelightSpanProcessor needs the option "to"',
    );
  });

  it("reads the spans of an SDK 1.x", () => {
    const tracer = new InMemoryTracer();
    const own = new TracelightSpanProcessor(tracer);
    const spanProcessors = [processor({ onEnd: (span) => own.onEnd(asOf1x(span)) })];
    makeSpan(new BasicTracerProvider({ resource, spanProcessors }));
    const [span] = tracer.getTraces();
    expect(span && plainFields(span)).toMatchObject({
      parentSpanId: REMOTE.spanId,
      scope: { name: "a library", version: "1.2.3" },
      resourceAttributes: { "service.name": "theirs" },
      otlp: { flags: 0x001, scope: { schemaUrl: "https://example.com/scope" } },
    });
  });

  it.each<[string, unknown]>([
    ["nothing", undefined],
    ["null", null],
    ["an empty object", {}],
    ["half a span", { spanContext: () => REMOTE }],
    ["a span without valid ids", { spanContext: () => ({ ...REMOTE, spanId: "none" }) }],
    ["a span that throws", { spanContext: () => expect.fail("unreadable") }],
  ])(
    "throws nothing into the app where it is handed %s: it tells, and counts it as failed",
    async (_, bad) => {
      const faults: TracelightError[] = [];
      const written: string[] = [];
      const tracer = new Tracer(
        { name: "s", write: ({ spanName }) => written.push(spanName), observe: () => undefined },
        { onError: (error) => faults.push(error) },
      );
      const own = new TracelightSpanProcessor(tracer);
      Reflect.apply(own.onStart, own, [bad]);
      Reflect.apply(own.onEnd, own, [bad]);
      makeSpan(new BasicTracerProvider({ spanProcessors: [own] }));
      await own.forceFlush();
      expect(written).toEqual(["work"]);
      expect(faults.map(({ code }) => code)).toEqual(["INVALID_ARGUMENT", "INVALID_ARGUMENT"]);
      expect(faults[0]?.message).toMatch(
        /^A span of OpenTelemetry's SDK could not be read and was left out: ./,
      );
      expect(await tracer.flush()).toMatchObject({ written: 1, failed: 1 });
    },
  );

  it("throws nothing later either, where a resource that was waited for cannot be read", async () => {
    const faults: string[] = [];
    const tracer = new InMemoryTracer({ onError: ({ code }) => faults.push(code) });
    const own = new TracelightSpanProcessor(tracer);
    const late = { asyncAttributesPending: true, waitForAsyncAttributes: async () => undefined };
    Reflect.apply(own.onEnd, own, [{ spanContext: () => REMOTE, resource: late }]);
    await own.forceFlush();
    expect(faults).toEqual(["INVALID_ARGUMENT"]);
  });
});

/** A processor that does only this. */
function processor(part: Partial<SpanProcessor>): SpanProcessor {
  const nothing = async (): Promise<void> => undefined;
  return {
    onStart: () => undefined,
    onEnd: () => undefined,
    forceFlush: nothing,
    shutdown: nothing,
    ...part,
  };
}

/** A span of the real SDK by the names that 1.x has. */
function asOf1x(span: ReadableSpan): OtelReadableSpan {
  const { name, kind, startTime, endTime, duration, status, attributes, links, events, ended } = span;
  const { droppedAttributesCount, droppedEventsCount, droppedLinksCount, resource } = span;
  return {
    ...{ name, kind, startTime, endTime, duration, status, attributes, links, events, ended, resource },
    ...{ droppedAttributesCount, droppedEventsCount, droppedLinksCount },
    spanContext: () => span.spanContext(),
    instrumentationLibrary: span.instrumentationScope,
    ...(span.parentSpanContext === undefined ? {} : { parentSpanId: span.parentSpanContext.spanId }),
  };
}

/** A real exporter that tells how it was called. */
class Watched extends InMemorySpanExporter {
  readonly batches: number[] = [];
  isShutDown = false;

  override export(spans: ReadableSpan[], done: Parameters<SpanExporter["export"]>[1]): void {
    this.batches.push(spans.length);
    super.export(spans, done);
  }

  override async shutdown(): Promise<void> {
    this.isShutDown = true;
  }
}

/** An exporter that answers so. */
function answering(answer: OtelSpanExporter["export"]): OtelSpanExporter {
  return { export: answer, shutdown: async () => undefined };
}

describe("OtelExporterTracer", () => {
  it("shows exporters the same span as the SDK would", async () => {
    const direct = new InMemorySpanExporter();
    const around = new InMemorySpanExporter();
    const tracer = new OtelExporterTracer(around);
    const spanProcessors = [new SimpleSpanProcessor(direct), new TracelightSpanProcessor(tracer)];
    const provider = new BasicTracerProvider({ resource, spanProcessors });
    makeSpan(provider);
    await provider.forceFlush();
    expect(around.getFinishedSpans().map(shown)).toEqual(direct.getFinishedSpans().map(shown));
    expect(direct.getFinishedSpans()).toHaveLength(1);
  });

  it("gives what we trace, in batches, and shuts the exporter down", async () => {
    const exporter = new Watched();
    const tracer = new OtelExporterTracer(exporter, { maxBatchSpans: 2 });
    tracer.setContext({ resourceAttributes: { "service.name": "MyAgent" } });
    tracer.trace("parent", { spanKind: "SERVER" }, (parent) => {
      parent.addAttributes({
        object: { a: [1] },
        mixed: [1, "a"],
        list: ["a"],
        date: new Date(0),
        nothing: null,
      });
      tracer.trace("child", () => undefined);
      tracer.trace("child", () => undefined);
    });
    expect(await tracer.flush()).toMatchObject({ written: 3, pending: 0 });
    expect(exporter.batches).toEqual([2, 1]);
    const parent = exporter.getFinishedSpans().find(({ name }) => name === "parent");
    expect(parent?.attributes).toEqual({
      object: '{"a":[1]}',
      mixed: '[1,"a"]',
      list: ["a"],
      date: "1970-01-01T00:00:00.000000+00:00",
    });
    expect(parent?.kind).toBe(SpanKind.SERVER);
    const [first, second] = exporter.getFinishedSpans();
    expect(first?.parentSpanContext?.spanId).toBe(parent?.spanContext().spanId);
    expect(first?.resource).toBe(second?.resource);
    expect(first?.resource.merge(null).attributes).toEqual({ "service.name": "MyAgent" });
    await tracer.close();
    expect(exporter.isShutDown).toBe(true);
  });

  it("gives exporters of 1.x what they read under other names", async () => {
    const read: unknown[] = [];
    const exporter = answering((spans, done) => {
      for (const { name, instrumentationLibrary, parentSpanId } of spans)
        read.push([name, instrumentationLibrary.name, parentSpanId]);
      done({ code: 0 });
    });
    const tracer = new OtelExporterTracer(exporter);
    const parent = tracer.trace("parent", (span) => {
      tracer.trace("child", { scope: { name: "a library" } }, () => undefined);
      return span;
    });
    await tracer.flush();
    expect(read).toEqual([
      ["child", "a library", parent.spanId],
      ["parent", "tracelight", undefined],
    ]);
  });

  it.each<[string, OtelSpanExporter["export"]]>([
    ["says it failed", (_, done) => done({ code: 1, error: new Error("refused") })],
    [
      "throws",
      () => {
        throw new Error("broken");
      },
    ],
    ["never answers", () => undefined],
  ])("an exporter that %s fails its spans, and harms nobody", async (_name, answer) => {
    const faults: TracelightError[] = [];
    const onError = (error: TracelightError) => void faults.push(error);
    const tracer = new OtelExporterTracer(answering(answer), { onError, timeoutMs: 20, name: "zipkin" });
    tracer.trace("span", () => undefined);
    expect(await tracer.flush()).toMatchObject({ written: 0, pending: 0, failed: 1 });
    expect(faults.map(({ code }) => code)).toEqual(["SINK_FAILED"]);
    expect(faults[0]?.message).toContain("zipkin");
  });

  it("never exports twice at once", async () => {
    let underWay = 0;
    let most = 0;
    const exporter = answering((_spans, done) => {
      most = Math.max(most, ++underWay);
      setImmediate(() => {
        underWay--;
        done({ code: 0 });
      });
    });
    const tracer = new OtelExporterTracer(exporter, { maxBatchSpans: 1 });
    for (let i = 0; i < 10; i++) tracer.trace("span", () => undefined);
    expect((await tracer.flush()).written).toBe(10);
    expect(most).toBe(1);
  });

  it("checks what it is given", () => {
    const invalid = expect.objectContaining({ code: "INVALID_OPTION" });
    expect(() => Reflect.construct(OtelExporterTracer, [{}])).toThrow(invalid);
    const exporter = answering(() => undefined);
    expect(() => Reflect.construct(OtelExporterTracer, [exporter, { maxConcurrency: 2 }])).toThrow(invalid);
    expect(() => new OtelExporterTracer(exporter, { timeoutMs: 0 })).toThrow(TracelightError);
  });
});

/** All fields of a span that exporters read, as plain data. */
function shown(span: OtelReadableSpan): unknown {
  const { name, kind, parentSpanContext, startTime, endTime, duration, status, attributes, links, ended } =
    span;
  const { droppedAttributesCount, droppedEventsCount, droppedLinksCount, instrumentationScope: scope } = span;
  return {
    ...{ name, kind, parentSpanContext, startTime, endTime, duration, status, attributes, links, ended },
    ...{ droppedAttributesCount, droppedEventsCount, droppedLinksCount },
    events: span.events.map(({ name, time, attributes }) => ({ name, time, attributes })),
    scope: { ...scope },
    spanContext: { ...span.spanContext(), traceState: span.spanContext().traceState?.serialize() },
    resource: [span.resource.attributes, span.resource.schemaUrl],
  };
}
