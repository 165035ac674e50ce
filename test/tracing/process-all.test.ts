// `process` sees and can change all of a span: what it hides is in no sink, wherever the span came from.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { inspect } from "node:util";
import { createTraceState, ROOT_CONTEXT, trace } from "@opentelemetry/api";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { BasicTracerProvider } from "@opentelemetry/sdk-trace-base";
import {
  HumanReadableTracer,
  InMemoryTracer,
  type Process,
  type Span,
  StructuredLogsTracer,
  TeeTracer,
  type TracelightError,
  Tracer,
} from "tracelight";
import { DynamoDbTracer, ensureTable, type LocalDynamoDb, startLocalDynamoDb } from "tracelight/dynamodb";
import { registerTracer, TracelightSpanProcessor } from "tracelight/otel";
import { OtlpTracer, otlpReceiver } from "tracelight/otlp";
import { SqliteTracer } from "tracelight/sqlite";
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { plainFields, type SpanFields } from "../../src/model/span-fields.ts";
import { otlpEncoder } from "../../src/otlp/codec.ts";
import { spanFrom } from "../../src/tracing/span.ts";
import { OUTLET } from "../../src/tracing/tracer.ts";
import { disableAll } from "../otel/support.ts";
import { StubServer } from "../otlp/support.ts";

const SECRET = "hunter2";
const HIDDEN = "redacted";
const REMOTE = { traceId: "0af7651916cd43dd8448eb211c80319c", spanId: "b7ad6b7169203331", traceFlags: 1 };

/** Any text within, names of properties too. */
function hidden(value: unknown): unknown {
  if (typeof value === "string") return value.replaceAll(SECRET, HIDDEN);
  if (typeof value !== "object" || value === null || value instanceof Date) return value;
  if (Array.isArray(value)) return value.map(hidden);
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [hidden(key), hidden(part)]));
}

/** Written against the draft as any object: what it does not show cannot be hidden. */
const hideAll: Process = (draft) => void Object.assign(draft, hidden(draft));

/** A secret in each part of a span that can hold text. */
const full: SpanFields = {
  ...{ spanName: `name ${SECRET}`, spanKind: "CLIENT", spanStatus: "ERROR", state: "ended" },
  ...{ traceId: REMOTE.traceId, spanId: "1".repeat(16), parentSpanId: REMOTE.spanId },
  ...{ startedAtMicros: 1_700_000_000_123_456, endedAtMicros: 1_700_000_001_654_321 },
  statusMessage: `message ${SECRET}`,
  attributes: { a: SECRET, deep: { list: [{ b: `x ${SECRET}` }] } },
  resourceAttributes: { "host.name": `host ${SECRET}` },
  scope: { name: `scope ${SECRET}`, version: `1 ${SECRET}` },
  events: [
    {
      ...{ name: `event ${SECRET}`, at: new Date(1_700_000_000_500), atMicros: 1_700_000_000_500_001 },
      ...{ attributes: { c: SECRET }, droppedAttributesCount: 1 },
    },
  ],
  links: [
    {
      ...{ traceId: REMOTE.traceId, spanId: REMOTE.spanId, attributes: { d: SECRET }, flags: 1 },
      ...{ traceState: `vendor=${SECRET}`, droppedAttributesCount: 2 },
    },
  ],
  traceState: `vendor=${SECRET}`,
  otlp: {
    ...{ flags: 257, droppedAttributesCount: 3, droppedEventsCount: 4, droppedLinksCount: 5 },
    resource: { schemaUrl: `https://example.com/${SECRET}`, droppedAttributesCount: 6 },
    scope: {
      schemaUrl: `https://example.com/scope/${SECRET}`,
      attributes: { e: { f: SECRET } },
      droppedAttributesCount: 7,
    },
  },
};

/** Where spans of a tracer come from. */
const sources: Record<string, (tracer: Tracer) => unknown> = {
  "trace, with a look while it runs": (tracer) => {
    tracer.setContext({
      resourceAttributes: { "host.name": SECRET },
      scope: { name: SECRET, version: SECRET },
    });
    const parentSpan = { ...REMOTE, traceState: `vendor=${SECRET}` };
    const options = { parentSpan, attributes: { a: SECRET }, links: full.links };
    return tracer
      .trace(`work ${SECRET}`, options, async (span) => {
        span.addEvent(SECRET, { b: SECRET }).addAttribute("c", SECRET, { inheritable: true }).emitSnapshot();
        tracer.trace(SECRET, () => undefined);
        throw new Error(SECRET, { cause: { secret: SECRET } });
      })
      .catch(() => undefined);
  },
  "a span that never ended": (tracer) =>
    void tracer.startSpan(SECRET, { attributes: { a: SECRET } }).addEvent(SECRET, { b: SECRET }),
  "a library on the OpenTelemetry bridge": (tracer) => {
    const undo = registerTracer(tracer);
    const options = { schemaUrl: `https://${SECRET}`, attributes: { scoped: SECRET } };
    const library = trace.getTracerProvider().getTracer(SECRET, SECRET, options);
    theirWork(library);
    undo();
  },
  "OpenTelemetry's SDK": async (tracer) => {
    const resource = resourceFromAttributes({ r: SECRET }, { schemaUrl: `https://${SECRET}` });
    const provider = new BasicTracerProvider({
      resource,
      spanProcessors: [new TracelightSpanProcessor(tracer)],
    });
    theirWork(provider.getTracer(SECRET, SECRET, { schemaUrl: `https://${SECRET}` }));
    await provider.forceFlush();
  },
  "the OTLP receiver": async (tracer) => {
    const encoder = otlpEncoder("protobuf");
    const body = new Uint8Array(encoder.join([encoder.encode(spanFrom(full))]));
    const headers = { "content-type": "application/x-protobuf" };
    const request = new Request("http://localhost:4318/v1/traces", { method: "POST", headers, body });
    expect((await otlpReceiver(tracer)(request)).status).toBe(200);
  },
};

function theirWork(library: ReturnType<typeof trace.getTracer>): void {
  const traceState = createTraceState(`vendor=${SECRET}`);
  const remote = { ...REMOTE, traceState, isRemote: true };
  const above = trace.setSpanContext(ROOT_CONTEXT, remote);
  const links = [{ context: remote, attributes: { c: SECRET } }];
  const span = library.startSpan(`work ${SECRET}`, { attributes: { a: SECRET }, links }, above);
  span.addEvent(SECRET, { b: SECRET }).setStatus({ code: 2, message: SECRET }).end();
}

/** All text that can be reached from a value, by whatever key, getters and what is not enumerable too. */
function reachable(from: unknown): string {
  const seen = new Set<unknown>();
  const waiting: unknown[] = [from];
  const texts: string[] = [];
  while (waiting.length > 0) {
    const value = waiting.pop();
    if (typeof value === "string") texts.push(value);
    if (typeof value !== "object" || value === null || seen.has(value)) continue;
    seen.add(value);
    if (value instanceof Map || value instanceof Set) waiting.push(...[...value].flat());
    for (let at: unknown = value; at !== null && at !== Object.prototype; at = Object.getPrototypeOf(at))
      for (const key of Reflect.ownKeys(Object(at)))
        waiting.push(typeof key === "string" ? key : undefined, Reflect.get(value, key));
  }
  return texts.join("\n");
}

/** All that a sink could ever show of what it was given. */
function shown(spans: readonly Span[]): string {
  return spans
    .flatMap((span) => [span, span.snapshot()])
    .flatMap((span) => [
      ...[reachable(span), reachable(span.payload()), JSON.stringify(span), span.asHumanReadable()],
      inspect(span, { depth: 20, showHidden: true }),
    ])
    .join("\n");
}

/** A tracer with that process, and the text of all that its back end got. */
interface Made {
  readonly tracer: Tracer;
  text(): Promise<string> | string;
}

type Target = (process: Process | undefined) => Made | Promise<Made>;

let dynamoDb: LocalDynamoDb;
let tables = 0;
beforeAll(async () => {
  dynamoDb = await startLocalDynamoDb();
});
afterAll(() => dynamoDb.close());

const targets: Record<string, Target> = {
  "a sink of one's own, which gets": (process) => {
    const spans: Span[] = [];
    const keep = (span: Span): void => void spans.push(span);
    const tracer = new Tracer({ name: "mine", write: keep, observe: keep, discard: keep }, options(process));
    return { tracer, text: () => shown(spans) };
  },
  InMemoryTracer: (process) => {
    const tracer = new InMemoryTracer(options(process));
    return { tracer, text: () => shown(tracer.getTraces()) };
  },
  "TeeTracer, whose member is": (process) => {
    const member = new InMemoryTracer();
    const tracer = new TeeTracer(options(process)).addTracer(member);
    return { tracer, text: () => shown(member.getTraces()) };
  },
  HumanReadableTracer: (process) => {
    const [stream, text] = collected();
    return { tracer: new HumanReadableTracer({ ...options(process), stream }), text };
  },
  StructuredLogsTracer: (process) => {
    const [stream, text] = collected();
    return { tracer: new StructuredLogsTracer({ ...options(process), stream }), text };
  },
  SqliteTracer: (process) => {
    const folder = mkdtempSync(join(tmpdir(), "tracelight-process-"));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const tracer = new SqliteTracer({ ...options(process), path: join(folder, "traces.db") });
    const files = (): string[] =>
      readdirSync(folder).map((name) => readFileSync(join(folder, name), "latin1"));
    return { tracer, text: async () => files().join("\n") + shown(await tracer.getTraces()) };
  },
  "OtlpTracer, whose collector gets": async (process) => {
    const server = await new StubServer().start();
    const tracer = new OtlpTracer({ ...options(process), url: server.url });
    return { tracer, text: () => server.requests.map(({ body }) => body.toString("latin1")).join("\n") };
  },
  DynamoDbTracer: async (process) => {
    const { endpoint } = dynamoDb;
    const tableName = `Traces${tables++}`;
    await ensureTable({ tableName, endpoint });
    const tracer = new DynamoDbTracer({ ...options(process), tableName, endpoint });
    const reader = new DynamoDbTracer({ tableName, endpoint });
    return { tracer, text: async () => shown(await reader.getTraces()) };
  },
};

function collected(): [PassThrough, () => string] {
  const stream = new PassThrough();
  let text = "";
  stream.on("data", (chunk) => (text += String(chunk)));
  return [stream, () => text];
}

const errors: TracelightError[] = [];

function options(process: Process | undefined) {
  return { process, onError: (error: TracelightError) => void errors.push(error) };
}

afterEach(() => {
  disableAll();
  errors.length = 0;
});

describe.each(Object.entries(targets))("%s", (_target, make) => {
  it.each(Object.entries(sources))("nothing that process hides, of spans of %s", async (_source, work) => {
    const [open, closed] = [await make(undefined), await make(hideAll)];
    for (const { tracer } of [open, closed]) {
      await work(tracer);
      await tracer.close();
    }
    expect(await open.text()).toContain(SECRET);
    const text = await closed.text();
    expect(text).toContain(HIDDEN);
    expect(text).not.toContain(SECRET);
    expect(errors).toEqual([]);
  });
});

it("a span that process drops is shown to `discard` by its ids and times only", () => {
  const discarded: Span[] = [];
  const discard = (span: Span): void => void discarded.push(span);
  const sink = { name: "s", write: () => undefined, observe: () => undefined, discard };
  const tracer = new Tracer(sink, { process: (draft) => (draft.state === "ended" ? false : undefined) });
  tracer.setContext({ resourceAttributes: { "host.name": SECRET }, scope: { name: SECRET } });
  const span = tracer.startSpan(SECRET, { attributes: { a: SECRET }, links: full.links });
  span.addEvent(SECRET).setStatus("ERROR", SECRET).end();
  expect(discarded).toMatchObject([{ spanId: span.spanId, traceId: span.traceId, state: "ended" }]);
  expect(shown(discarded)).not.toContain(SECRET);
});

it("what process leaves alone stays as it is, to the last detail", async () => {
  const kept = new InMemoryTracer({ process: () => undefined });
  const encoder = otlpEncoder("protobuf");
  const body = new Uint8Array(encoder.join([encoder.encode(spanFrom(full))]));
  const headers = { "content-type": "application/x-protobuf" };
  await otlpReceiver(kept)(new Request("http://localhost/v1/traces", { method: "POST", headers, body }));
  expect(kept.getTraces().map(plainFields)).toEqual([full]);
});

it("process changes scope, trace state, details, events and links in place, or replaces them", () => {
  const kept = new InMemoryTracer({
    process(draft) {
      draft.scope.name = "mine";
      delete draft.scope.version;
      draft.scope.attributes = { region: "eu" };
      draft.traceState = undefined;
      if (draft.otlp) draft.otlp.flags = 1;
      delete draft.otlp?.resource;
      for (const event of draft.events) Object.assign(event.attributes ?? {}, { c: "[redacted]" });
      draft.links = [];
    },
  });
  kept[OUTLET].accept(spanFrom(full));
  const [span] = kept.getTraces();
  expect(span).toMatchObject({
    ...{ scope: { name: "mine" }, traceState: undefined, links: [] },
    events: [{ name: full.events[0]?.name, attributes: { c: "[redacted]" } }],
  });
  expect(span?.scope).not.toHaveProperty("version");
  expect(span?.otlp).toMatchObject({ flags: 1, scope: { attributes: { region: "eu" } } });
  expect(span?.otlp).not.toHaveProperty("resource");
});
