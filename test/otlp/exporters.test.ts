// The real exporters of OpenTelemetry JS send to our receiver: every field of every span arrives.
import {
  type HrTime,
  SpanKind as Kind,
  ROOT_CONTEXT,
  type SpanContext,
  SpanStatusCode,
  TraceFlags,
  trace,
} from "@opentelemetry/api";
import { OTLPTraceExporter as JsonExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { OTLPTraceExporter as ProtobufExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import { resourceFromAttributes } from "@opentelemetry/resources";
import {
  BasicTracerProvider,
  BatchSpanProcessor,
  type ReadableSpan,
  type SpanExporter,
} from "@opentelemetry/sdk-trace-base";
import { InMemoryTracer, type Span } from "tracelight";
import { otlpReceiver, serveOtlp } from "tracelight/otlp";
import { expect, onTestFinished, test, vi } from "vitest";

const KINDS = ["INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER"] as const;
const STATUSES = ["UNSET", "OK", "ERROR"] as const;

const exporters: Record<string, new (config: { url: string }) => SpanExporter> = {
  protobuf: ProtobufExporter,
  JSON: JsonExporter,
};

const cases = Object.keys(exporters).flatMap(
  (name) =>
    [
      [name, "none"],
      [name, "gzip"],
    ] as const,
);

test.each(cases)("%s, %s: every field equal", async (name, compression) => {
  vi.stubEnv("OTEL_EXPORTER_OTLP_COMPRESSION", compression);
  onTestFinished(() => void vi.unstubAllEnvs());
  const Exporter = exporters[name];
  if (Exporter === undefined) throw new Error(name);
  const tracer = new InMemoryTracer({ memorySize: 2000 });
  const encodings = new Set<unknown>();
  const receive = otlpReceiver(tracer);
  await using server = await serveOtlp(
    (request) => {
      encodings.add(`${request.headers.get("content-type")} ${request.headers.get("content-encoding")}`);
      return receive(request);
    },
    { port: 0 },
  );
  const sent = await sendSpans(new Exporter({ url: `${server.url}/v1/traces` }));
  const type = name === "JSON" ? "application/json" : "application/x-protobuf";
  expect([...encodings]).toEqual([`${type} ${compression === "gzip" ? "gzip" : null}`]);

  const received = new Map(tracer.getTraces().map((span) => [span.spanId, span]));
  expect(received.size).toBe(sent.length);
  for (const span of sent) {
    const one = received.get(span.spanContext().spanId);
    expect(one && fieldsOf(one)).toEqual(expected(span));
  }
});

/** Spans with all that the SDK lets one say. */
async function sendSpans(exporter: SpanExporter): Promise<ReadableSpan[]> {
  const ended: ReadableSpan[] = [];
  const provider = new BasicTracerProvider({
    resource: resourceFromAttributes(
      { "service.name": "their agent", "process.pid": 42, "host.names": ["a", "b"] },
      { schemaUrl: "https://opentelemetry.io/schemas/1.30.0" },
    ),
    spanLimits: { attributeCountLimit: 12, eventCountLimit: 3, linkCountLimit: 3 },
    spanProcessors: [
      new BatchSpanProcessor(exporter),
      {
        onStart: () => undefined,
        onEnd: (span) => void ended.push(span),
        forceFlush: async () => undefined,
        shutdown: async () => undefined,
      },
    ],
  });
  const one = provider.getTracer("their.library", "1.2.3", { schemaUrl: "https://example.com/schema" });
  const other = provider.getTracer("other");
  for (let i = 0; i < 60; i++) makeSpans(i % 3 === 0 ? other : one, i);
  await provider.shutdown();
  return ended;
}

function makeSpans(tracer: ReturnType<BasicTracerProvider["getTracer"]>, i: number): void {
  const remote: SpanContext = {
    traceId: `${i + 1}`.padStart(32, "a"),
    spanId: `${i + 1}`.padStart(16, "b"),
    traceFlags: TraceFlags.SAMPLED,
    isRemote: true,
    traceState: TRACE_STATE,
  };
  const above = i % 2 === 0 ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, remote);
  const startTime: HrTime = [1_700_000_000 + i, 123_456_789 + i];
  const options = {
    kind: i % 5,
    startTime,
    links: [{ context: remote, attributes: { link: i } }, { context: remote }],
  };
  const parent = tracer.startSpan(`parent ${i} \u{1f600}`, options, above);
  const below = tracer.startSpan("child", {}, trace.setSpan(above, parent));
  parent.setAttributes({
    ...{ text: "tëxt\n\u0000\u{1f600}", empty: "", yes: true, no: false },
    ...{ whole: 42, negative: -1, large: Number.MAX_SAFE_INTEGER, small: Number.MIN_SAFE_INTEGER },
    ...{ fraction: 0.1, texts: ["a", "", "c"], numbers: [1, 2.5, -3], flags: [true, false] },
    ...{ "one too many": 1, "two too many": 2 },
  });
  for (let event = 0; event < 4; event++) {
    const time: HrTime = [1_700_000_000 + i, 200_000_001 + event * 1000];
    below.addEvent(`event ${event}`, event % 2 === 0 ? { at: event, list: ["x"] } : {}, time);
  }
  below.setStatus({ code: i % 3, ...(i % 3 === SpanStatusCode.ERROR ? { message: "it broke: ü" } : {}) });
  below.addLinks(Array.from({ length: 5 }, () => ({ context: remote })));
  below.end();
  parent.end([1_700_000_002 + i, 999_999_999]);
}

const TRACE_STATE: NonNullable<SpanContext["traceState"]> = {
  set: () => TRACE_STATE,
  unset: () => TRACE_STATE,
  get: () => "state",
  serialize: () => "vendor=state,other=1",
};

function fieldsOf(span: Span) {
  const { spanName, spanKind, traceId, spanId, parentSpanId, startedAtMicros, endedAtMicros, state } = span;
  const {
    spanStatus,
    statusMessage,
    attributes,
    resourceAttributes,
    scope,
    events,
    links,
    traceState,
    otlp,
  } = span;
  return {
    ...{ spanName, spanKind, traceId, spanId, parentSpanId, startedAtMicros, endedAtMicros, state },
    ...{ spanStatus, statusMessage, attributes, resourceAttributes, scope, traceState, otlp },
    events: events.map(({ name, at, atMicros, attributes = {}, droppedAttributesCount = 0 }) => ({
      ...{ name, at, atMicros, attributes, droppedAttributesCount },
    })),
    links: links.map((link) => ({
      ...{ traceId: link.traceId, spanId: link.spanId, attributes: link.attributes ?? {} },
      ...{
        traceState: link.traceState,
        flags: link.flags,
        droppedAttributesCount: link.droppedAttributesCount ?? 0,
      },
    })),
  };
}

/** The same fields, from what the SDK says of its own span. */
function expected(span: ReadableSpan): ReturnType<typeof fieldsOf> {
  const { traceId, spanId } = span.spanContext();
  const { name, version, schemaUrl } = span.instrumentationScope;
  return {
    ...{ spanName: span.name, spanKind: KINDS[span.kind] ?? "INTERNAL", traceId, spanId },
    parentSpanId: span.parentSpanContext?.spanId,
    ...{ startedAtMicros: micros(span.startTime), endedAtMicros: micros(span.endTime), state: "ended" },
    ...{ spanStatus: STATUSES[span.status.code] ?? "UNSET", statusMessage: span.status.message },
    ...{ attributes: { ...span.attributes }, resourceAttributes: { ...span.resource.attributes } },
    scope: { name, ...(version === undefined || version === "" ? {} : { version }) },
    traceState: span.spanContext().traceState?.serialize(),
    otlp: {
      flags: flagsOf(span.spanContext(), span.parentSpanContext?.isRemote === true),
      ...positive("droppedAttributesCount", span.droppedAttributesCount),
      ...positive("droppedEventsCount", span.droppedEventsCount),
      ...positive("droppedLinksCount", span.droppedLinksCount),
      resource: { schemaUrl: "https://opentelemetry.io/schemas/1.30.0" },
      ...(schemaUrl === undefined || schemaUrl === "" ? {} : { scope: { schemaUrl } }),
    },
    events: span.events.map(({ name, time, attributes = {}, droppedAttributesCount = 0 }) => ({
      ...{ name, at: new Date(Math.floor(micros(time) / 1000)), atMicros: micros(time) },
      ...{ attributes: { ...attributes }, droppedAttributesCount },
    })),
    links: span.links.map(({ context, attributes = {}, droppedAttributesCount = 0 }) => ({
      ...{ traceId: context.traceId, spanId: context.spanId, attributes: { ...attributes } },
      ...{ traceState: context.traceState?.serialize(), flags: flagsOf(context, context.isRemote === true) },
      droppedAttributesCount,
    })),
  };
}

function micros([seconds, nanos]: HrTime): number {
  return seconds * 1_000_000 + Math.floor(nanos / 1000);
}

/** OpenTelemetry's own bits above W3C's: it is known whether the parent is remote, and it is. */
function flagsOf({ traceFlags }: SpanContext, isRemote: boolean): number {
  return traceFlags | 0x100 | (isRemote ? 0x200 : 0);
}

function positive(key: string, count: number): object {
  return count > 0 ? { [key]: count } : {};
}

test("the kinds of spans are all there are", () => {
  expect(Object.values(Kind).filter((kind) => typeof kind === "number")).toHaveLength(KINDS.length);
});
