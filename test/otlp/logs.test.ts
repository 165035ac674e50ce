// Log records over OTLP: those that name a span lie below it in every store, the events of Claude Code and Codex are turns, calls and tools.
import { gzipSync } from "node:zlib";
import { JsonLogsSerializer, ProtobufLogsSerializer } from "@opentelemetry/otlp-transformer";
import { resourceFromAttributes } from "@opentelemetry/resources";
import fc from "fast-check";
import { InMemoryTracer, type Span } from "tracelight";
import { readSpan } from "tracelight/conventions";
import { otlpReceiver } from "tracelight/otlp";
import { describe, expect, test } from "vitest";
import { Transcripts } from "../../src/exchange/transcripts/transcripts.ts";

type Values = Readonly<Record<string, string | number | boolean>>;

interface Told {
  readonly attributes?: Values;
  readonly body?: string;
  readonly eventName?: string;
  readonly ids?: { readonly traceId: string; readonly spanId: string };
  readonly second?: number;
  readonly resource?: Values;
}

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const SPAN = "b7ad6b7169203331";
const START = Date.UTC(2026, 10, 20, 10) / 1000;

/** As OpenTelemetry's SDK gives them to its exporters. */
function logRecord({ attributes = {}, body, eventName, ids, second = 0, resource = {} }: Told) {
  const hrTime: [number, number] = [START + second, 0];
  return {
    ...{ hrTime, hrTimeObserved: hrTime, severityText: "INFO", severityNumber: 9, droppedAttributesCount: 0 },
    ...{ attributes, body, resource: resourceFromAttributes(resource) },
    ...{ instrumentationScope: { name: "com.anthropic.claude_code.events", version: "2.1.20" } },
    ...(eventName === undefined ? {} : { eventName }),
    ...(ids === undefined ? {} : { spanContext: { ...ids, traceFlags: 1 } }),
  };
}

function bodyOf(records: readonly Told[], encoding: "json" | "protobuf"): Uint8Array<ArrayBuffer> {
  const serializer = encoding === "json" ? JsonLogsSerializer : ProtobufLogsSerializer;
  return new Uint8Array(serializer.serializeRequest(records.map(logRecord)) ?? []);
}

function requestOf(body: Uint8Array<ArrayBuffer>, encoding: "json" | "protobuf", packed = false): Request {
  const type = encoding === "json" ? "application/json" : "application/x-protobuf";
  const headers = { "content-type": type, ...(packed ? { "content-encoding": "gzip" } : {}) };
  const sent = packed ? new Uint8Array(gzipSync(body)) : body;
  return new Request("http://localhost/v1/logs", { method: "POST", headers, body: sent });
}

async function taken(
  records: readonly Told[],
  encoding: "json" | "protobuf" = "json",
): Promise<readonly Span[]> {
  const tracer = new InMemoryTracer();
  const response = await otlpReceiver(tracer)(requestOf(bodyOf(records, encoding), encoding));
  expect(response.status).toBe(200);
  return tracer.getTraces();
}

const SESSION = { "session.id": "session-1", "prompt.id": "prompt-1", "user.id": "u" };

function claude(name: string, second: number, attributes: Values = {}): Told {
  const all = { ...SESSION, "event.name": name, "event.sequence": second, ...attributes };
  return {
    body: `claude_code.${name}`,
    attributes: all,
    second,
    resource: { "service.name": "claude-code" },
  };
}

const CLAUDE: readonly Told[] = [
  claude("user_prompt", 0, { prompt: "Why is the total wrong?", prompt_length: 23 }),
  claude("api_request", 3, {
    ...{ model: "claude-sonnet-4-5-20250929", request_id: "req_msg_01", cost_usd: 0.0021, duration_ms: 2000 },
    ...{ input_tokens: 10, output_tokens: 60, cache_read_tokens: 1000, cache_creation_tokens: 200 },
  }),
  claude("tool_decision", 3, { tool_name: "Bash", decision: "accept", source: "config" }),
  claude("tool_result", 6, {
    ...{
      tool_name: "Bash",
      tool_use_id: "toolu_bash",
      success: "false",
      duration_ms: "2500",
      error: "1 failed",
    },
    tool_parameters: '{"full_command":"npm test"}',
  }),
  claude("api_error", 7, {
    model: "claude-sonnet-4-5-20250929",
    error: "Overloaded",
    status_code: "529",
    attempt: 1,
  }),
];

function told(spans: readonly Span[]): unknown[] {
  return spans.map((span) => {
    const { kind, model, usage, error } = readSpan(span);
    return { kind, name: span.spanName, model, usage, error, ms: span.durationMs };
  });
}

describe.each(["json", "protobuf"] as const)("%s", (encoding) => {
  test("a record that names a span lies below it, whether the span came before or comes after", async () => {
    const tracer = new InMemoryTracer();
    const receive = otlpReceiver(tracer);
    const ids = { traceId: TRACE, spanId: SPAN };
    const records = [{ ids, eventName: "gen_ai.choice", attributes: { index: 0 }, body: "words", second: 1 }];
    for (const packed of [false, true])
      expect((await receive(requestOf(bodyOf(records, encoding), encoding, packed))).status).toBe(200);
    const [span, ...more] = tracer.getTraces();
    // Sent again, it is the same.
    expect(new Set(more.map(({ spanId }) => spanId))).toEqual(
      new Set(more.length === 0 ? [] : [span?.spanId]),
    );
    expect(span).toMatchObject({
      spanName: "gen_ai.choice",
      traceId: TRACE,
      parentSpanId: SPAN,
      durationMs: 0,
    });
    expect(span?.attributes).toEqual({ index: 0, "log.body": "words", "log.severity": "INFO" });
  });

  test("the events of Claude Code are a turn, its calls and its tools, with tokens and cost as told", async () => {
    const spans = await taken(CLAUDE, encoding);
    expect(told(spans)).toEqual(
      [
        { kind: "turn", name: "turn", ms: 0 },
        {
          ...{ kind: "model-call", name: "chat", model: "claude-sonnet-4-5-20250929", ms: 2000 },
          usage: { input: 1210, output: 60, cachedRead: 1000, cachedWrite: 200 },
        },
        { kind: "other", name: "claude_code.tool_decision", ms: 0 },
        { kind: "tool-call", name: "Bash", error: "1 failed", ms: 2500 },
        { kind: "model-call", name: "chat", model: "claude-sonnet-4-5-20250929", error: "Overloaded", ms: 0 },
      ].map((one) => ({ model: undefined, usage: undefined, error: undefined, ...one })),
    );
    const [turn, call, , tool] = spans;
    expect(turn && [readSpan(turn).conversation, readSpan(turn).input]).toEqual([
      "session-1",
      "Why is the total wrong?",
    ]);
    expect(call?.attributes).toMatchObject({ "claude_code.cost_usd": 0.0021 });
    expect(tool && readSpan(tool).input).toEqual({ full_command: "npm test" });
    expect(spans.slice(1).map(({ parentSpanId }) => parentSpanId)).toEqual(Array(4).fill(turn?.spanId));
  });

  test("what is neither is refused, and said", async () => {
    const receive = otlpReceiver(new InMemoryTracer());
    const body = bodyOf([{ body: "GET /health 200" }, claude("user_prompt", 0)], encoding);
    const response = await receive(requestOf(body, encoding));
    expect(response.status).toBe(200);
    expect(Buffer.from(await response.arrayBuffer()).toString()).toContain("1 log record names no span");
  });

  test("whatever the bytes are, they are read or refused", async () => {
    const good = bodyOf(CLAUDE, encoding);
    const receive = otlpReceiver(new InMemoryTracer());
    const changes = fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { minLength: 1, maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(changes, fc.nat(good.length), async (some, length) => {
        const body = good.slice(0, length);
        for (const [at, byte] of some) if (at < length) body[at] = byte;
        expect([200, 400]).toContain((await receive(requestOf(body, encoding))).status);
      }),
    );
  });
});

test("prompts that are not to be sent are no words of the user; without a prompt's id a session is one trace", async () => {
  const { "prompt.id": _, ...session } = SESSION;
  const spans = await taken([
    { body: "claude_code.user_prompt", attributes: { ...session, prompt: "<REDACTED>" } },
    { body: "claude_code.api_request", attributes: { ...session, model: "m", input_tokens: "5" }, second: 1 },
  ]);
  expect(new Set(spans.map(({ traceId }) => traceId)).size).toBe(1);
  const [turn, call] = spans;
  expect(turn && readSpan(turn).input).toBeUndefined();
  expect(call && readSpan(call).usage).toEqual({ input: 5 });
});

test("an event and the line of the transcript about the same call or tool are one span", async () => {
  const spans = await taken(CLAUDE);
  const transcripts = new Transcripts();
  const line = (type: string, message: object, more: object): object => ({
    ...{
      type,
      message,
      sessionId: "session-1",
      uuid: type,
      parentUuid: null,
      timestamp: "2026-11-20T10:00:00Z",
    },
    ...more,
  });
  const tool = { type: "tool_use", id: "toolu_bash", name: "Bash", input: {} };
  transcripts.take(line("user", { role: "user", content: "Why?" }, { promptId: "prompt-1" }), 1, "");
  transcripts.take(line("assistant", { id: "m", content: [tool] }, { requestId: "req_msg_01" }), 1, "");
  const both = transcripts.end(false).map(({ traceId, spanId }) => traceId + spanId);
  const sent = new Set(spans.map(({ traceId, spanId }) => traceId + spanId));
  expect(both).toHaveLength(3);
  expect(both.filter((id) => !sent.has(id))).toEqual([]);
});

test("the events of Codex are turns, calls and tools; pieces of streams are none", async () => {
  const common = { "conversation.id": "thread-1", model: "gpt-5-codex", slug: "gpt-5-codex" };
  const codex = (name: string, second: number, attributes: Values = {}): Told => ({
    attributes: { "event.name": `codex.${name}`, ...common, ...attributes },
    ...{ second, resource: { "service.name": "codex_cli_rs" } },
  });
  const spans = await taken([
    codex("conversation_starts", 0, { provider_name: "OpenAI" }),
    codex("user_prompt", 1, { prompt: "Fix it.", prompt_length: "7" }),
    codex("api_request", 2, { attempt: 0, "http.response.status_code": 429, duration_ms: "300" }),
    codex("sse_event", 3, { "event.kind": "response.output_text.delta", duration_ms: "1" }),
    codex("sse_event", 4, {
      ...{ "event.kind": "response.completed", input_token_count: "1000", output_token_count: "50" },
      ...{ cached_token_count: 200, reasoning_token_count: 20, tool_token_count: "1050" },
    }),
    codex("tool_result", 6, {
      ...{ tool_name: "shell", call_id: "call_1", arguments: '{"cmd":"ls"}', duration_ms: "40" },
      ...{ success: "true", output: "total.ts" },
    }),
  ]);
  expect(spans.map((span) => `${readSpan(span).kind} ${span.spanName} ${span.spanStatus}`)).toEqual([
    "other codex.conversation_starts UNSET",
    "turn turn UNSET",
    "model-call chat ERROR",
    "model-call chat UNSET",
    "tool-call shell UNSET",
  ]);
  expect(spans[3] && readSpan(spans[3]).usage).toEqual({
    input: 1000,
    output: 50,
    cachedRead: 200,
    reasoning: 20,
  });
  expect(spans[4] && [readSpan(spans[4]).input, readSpan(spans[4]).output]).toEqual([
    { cmd: "ls" },
    "total.ts",
  ]);
  expect(new Set(spans.map(({ attributes }) => attributes["ai.conversation.id"]))).toEqual(
    new Set(["thread-1"]),
  );
});
