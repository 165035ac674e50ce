// Spans that never ended: the close of their tracer puts them into every store and sink as interrupted, with what they have.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { context, trace } from "@opentelemetry/api";
import { BasicTracerProvider, InMemorySpanExporter } from "@opentelemetry/sdk-trace-base";
import {
  HumanReadableTracer,
  InMemoryTracer,
  IterableTracer,
  type Span,
  StructuredLogsTracer,
  Tracer,
  type TracerOptions,
} from "tracelight";
import { DynamoDbTracer, ensureTable, startLocalDynamoDb } from "tracelight/dynamodb";
import { OtelExporterTracer, registerTracer, TracelightSpanProcessor } from "tracelight/otel";
import { OtlpTracer, otlpReceiver, serveOtlp } from "tracelight/otlp";
import { SqliteTracer } from "tracelight/sqlite";
import { afterAll, expect, it } from "vitest";
import { decodeLogLine } from "../../src/model/record-decoder.ts";
import { disableAll } from "../otel/support.ts";

const folder = mkdtempSync(join(tmpdir(), "tracelight-interrupted-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const quiet = { onError: () => undefined };

/** A stream that nobody reads to its end, with a call below it that has ended; then the tracer is closed. */
async function abandon(tracer: Tracer): Promise<Span> {
  const stream = tracer.startSpan("stream", {
    attributes: { "ai.llm.response.output": "so f" },
    parentSpan: null,
  });
  stream.addEvent("first token", { n: 1 }, new Date(stream.startedAt.getTime() + 1000));
  tracer.startSpan("call", { parentSpan: stream }).end();
  expect(await tracer.close()).toMatchObject({
    written: 2,
    pending: 0,
    dropped: 0,
    failed: 0,
    interrupted: 1,
  });
  stream.end();
  return stream;
}

/** What is read back is what it had, and its child is below it. */
function check(spans: readonly Span[], { traceId, spanId, startedAtMicros }: Span): void {
  expect(spans.map(({ spanName, state }) => [spanName, state])).toEqual([
    ["stream", "interrupted"],
    ["call", "ended"],
  ]);
  expect(spans[0]).toMatchObject({ traceId, spanId, startedAtMicros, endedAtMicros: undefined });
  expect(spans[0]?.attributes).toEqual({ "ai.llm.response.output": "so f" });
  expect(spans[0]?.events.map(({ name, attributes }) => [name, attributes])).toEqual([
    ["first token", { n: 1 }],
  ]);
  expect(spans[1]?.parentSpan?.spanId).toBe(spanId);
}

it.each([true, false])("an SQLite file, where starts are recorded or not: %s", async (recordStarts) => {
  const path = join(folder, `${recordStarts}.db`);
  const stream = await abandon(new SqliteTracer({ ...quiet, path, recordStarts, retention: false }));
  const reader = new SqliteTracer({ path, recordStarts: false, retention: false });
  check(await reader.getTraces(), stream);
  expect(await reader.getTraces({ where: "state = interrupted" })).toHaveLength(1);
  await reader.close();
});

it("an SQLite file that had shown it: with what came since", async () => {
  const path = join(folder, "shown.db");
  const tracer = new SqliteTracer({ path, retention: false });
  const span = tracer.startSpan("stream");
  await tracer.flush();
  span.addAttribute("late", "but there");
  expect(await tracer.close()).toMatchObject({ written: 1, interrupted: 1 });
  const reader = new SqliteTracer({ path, retention: false });
  expect(await reader.getTraces()).toMatchObject([
    { state: "interrupted", attributes: { late: "but there" } },
  ]);
  await reader.close();
});

it("a DynamoDB table, in each layout", async () => {
  const dynamoDb = await startLocalDynamoDb();
  const { endpoint } = dynamoDb;
  for (const keyLayout of ["conversation", "conversation#subcontext", "conversation#auth"] as const) {
    const options = { tableName: `T-${keyLayout.replace("#", "-")}`, endpoint, keyLayout };
    await ensureTable({ tableName: options.tableName, endpoint });
    const stream = await abandon(new DynamoDbTracer({ ...quiet, ...options }));
    const reader = new DynamoDbTracer({ ...options, ...quiet });
    check(await reader.getTraces({ traceId: stream.traceId }), stream);
    await reader.close();
  }
  await dynamoDb.close();
});

it.each(["protobuf", "json"] as const)("an OTLP server, in %s", async (encoding) => {
  const store = new InMemoryTracer();
  const server = await serveOtlp(otlpReceiver(store), { port: 0 });
  const stream = await abandon(new OtlpTracer({ ...quiet, url: `${server.url}/v1/traces`, encoding }));
  check(store.getTraces(), stream);
  await server.close();
});

it("an exporter of OpenTelemetry, which knows ended spans only: an attribute says it", async () => {
  const exporter = new InMemorySpanExporter();
  exporter.shutdown = async () => undefined;
  await abandon(new OtelExporterTracer(exporter, quiet));
  const [stream] = exporter.getFinishedSpans().filter(({ name }) => name === "stream");
  expect(stream?.attributes).toEqual({ "ai.llm.response.output": "so f", "tracelight.state": "interrupted" });
  // The last that is known of it.
  expect(stream?.endTime).toEqual(stream?.events[0]?.time);
});

it("text for people, log lines and loops", async () => {
  const written: string[] = [];
  const stream = { write: (text: string) => written.push(text) };
  await abandon(new HumanReadableTracer({ ...quiet, stream, color: false }));
  expect(written[1]).toMatch(/INTERNAL stream - \S+ - \[INTERRUPTED\]\n/);
  written.length = 0;
  await abandon(new StructuredLogsTracer({ ...quiet, stream }));
  expect(decodeLogLine(written[1] ?? "")).toMatchObject({ spanName: "stream", state: "interrupted" });

  const iterable = new IterableTracer(quiet);
  const seen: string[] = [];
  const loop = (async () => {
    for await (const { spanName, state } of iterable) seen.push(`${spanName} ${state}`);
  })();
  await abandon(iterable);
  await loop;
  expect(seen).toEqual(["call ended", "stream interrupted"]);
});

it("what libraries began over OpenTelemetry's API, in a store of one's own", async () => {
  const errors: string[] = [];
  const options: TracerOptions = { onError: ({ code }) => errors.push(code) };
  const written: Span[] = [];
  const tracer = new Tracer({ name: "mine", write: (span) => void written.push(span) }, options);
  const undo = registerTracer(tracer);
  const stream = trace.getTracer("a library", "1").startSpan("stream", { attributes: { so: "far" } });
  context.with(trace.setSpan(context.active(), stream), () => tracer.trace("ours", () => undefined));
  expect(stream.isRecording()).toBe(true);
  expect(await tracer.close()).toMatchObject({ written: 2, interrupted: 1 });
  expect(stream.isRecording()).toBe(false);
  stream.setAttribute("late", 1).end();
  undo();
  disableAll();
  expect(written.map(({ spanName, state, attributes }) => [spanName, state, attributes])).toEqual([
    ["ours", "ended", {}],
    ["stream", "interrupted", { so: "far" }],
  ]);
  expect(written[0]?.parentSpanId).toBe(stream.spanContext().spanId);
  expect(errors).toEqual(["TRACER_CLOSED", "TRACER_CLOSED"]);
});

it("what somebody's SDK began, when it shuts down", async () => {
  const codes: string[] = [];
  const store = new InMemoryTracer({ onError: ({ code }) => codes.push(code) });
  const provider = new BasicTracerProvider({ spanProcessors: [new TracelightSpanProcessor(store)] });
  const open = provider.getTracer("t").startSpan("stream", { attributes: { so: "far" } });
  provider.getTracer("t").startSpan("call").end();
  await provider.shutdown();
  open.end();
  expect(await store.flush()).toMatchObject({ written: 2, dropped: 0, interrupted: 1 });
  expect(codes).toEqual(["TRACER_CLOSED"]);
  const found = store.getTraces().map(({ spanName, state, attributes }) => [spanName, state, attributes]);
  expect(found.sort()).toEqual([
    ["call", "ended", {}],
    ["stream", "interrupted", { so: "far" }],
  ]);
});
