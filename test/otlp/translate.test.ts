// OtlpTracer's `translate`: what arrives is in another vocabulary and reads as it did; nobody else sees a difference.
import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import { type Attributes, InMemoryTracer, TeeTracer, type Tracer } from "tracelight";
import { type Reading, readSpan, type TargetVocabulary } from "tracelight/conventions";
import { OtlpTracer } from "tracelight/otlp";
import { describe, expect, it } from "vitest";
import type { SpanFields } from "../../src/model/span-fields.ts";
import { recordings, said } from "../conventions/vocabularies.ts";
import { spanFields } from "../model/arbitraries.ts";
import { decodeProtobuf, normalJson, spansIn, type WireSpan } from "./independent-decoder.ts";
import { type Received, StubServer, tracerTo } from "./support.ts";

const TARGETS: readonly TargetVocabulary[] = ["gen_ai", "openinference"];
const WAYS = TARGETS.flatMap((translate) =>
  (["protobuf", "json"] as const).flatMap((encoding) =>
    (["rich", "json"] as const).map((values) => ({ translate, encoding, values })),
  ),
);

/** An agent's turn: a model that asks for a tool, the tool, the model again. */
function agentRun(tracer: Tracer): void {
  tracer.trace("converse", { spanKind: "SERVER" }, (turn) => {
    turn.addAttribute("ai.conversation.id", "c-1", { inheritable: true });
    turn.addAttributes({ "ai.trace.type": "converse", "ai.user.input": "Weather?" });
    const messages: object[] = [{ role: "user", content: [{ text: "Weather?" }] }];
    const asked = [
      { text: "I look." },
      { toolUse: { toolUseId: "t1", name: "look", input: { days: [1, 2] } } },
    ];
    callModel(tracer, messages, { content: asked, stop: "tool_use" });
    tracer.trace("look", (span) =>
      span.addAttributes({
        "ai.trace.type": "tool-invocation",
        "ai.tool.name": "look",
        "ai.tool.use.id": "t1",
        "ai.tool.input": { days: [1, 2] },
        "ai.tool.output": { sky: "clear", "day 2": null },
      }),
    );
    messages.push(
      { role: "assistant", content: asked },
      { role: "user", content: [{ toolResult: { toolUseId: "t1", content: [{ json: { sky: "clear" } }] } }] },
    );
    callModel(tracer, messages, { content: [{ text: "Clear \u{1f600}" }], stop: "end_turn" });
    turn.addAttribute("ai.agent.response", "Clear \u{1f600}");
  });
}

interface Answer {
  readonly content: readonly object[];
  readonly stop: string;
}

function callModel(tracer: Tracer, messages: readonly object[], { content, stop }: Answer): void {
  const inputSchema = { json: { type: "object", properties: { days: { type: "array" } } } };
  tracer.trace("llm", { spanKind: "CLIENT" }, (span) =>
    span.addAttributes({
      "ai.trace.type": "llm-invocation",
      "ai.llm.request.model.id": "claude",
      "ai.llm.request.system": [{ text: "Be brief." }],
      "ai.llm.request.messages": messages,
      "ai.llm.request.tool.config": {
        tools: [{ toolSpec: { name: "look", description: "Looks", inputSchema } }],
      },
      "ai.llm.response.output": { message: { role: "assistant", content } },
      "ai.llm.response.stop.reason": stop,
      "ai.llm.response.usage": { inputTokens: 40, outputTokens: 30, cacheReadInputTokens: 1000 },
      "my.own": 1,
    }),
  );
}

function toolkitRun(tracer: Tracer): void {
  const spans = recordings.find(({ name }) => name === "toolkit")?.spans ?? [];
  for (const { spanName, spanKind, attributes } of spans)
    tracer.startSpan(spanName, { spanKind }).addAttributes(attributes).end();
}

/** What must be the same at the other end; a turn is one run of an agent. */
function meaning(span: SpanFields): Record<string, unknown> {
  const reading = said(readSpan(span));
  const kind = reading["kind"] === "turn" ? "agent" : reading["kind"];
  return { kind, ...Object.fromEntries(SAME.map((field) => [field, reading[field]])) };
}

const SAME: readonly (keyof Reading)[] = [
  ...(["title", "conversation", "user", "model", "systemPrompt", "inputMessages", "outputMessages"] as const),
  ...(["tool", "tools", "finishReason", "usage", "error"] as const),
];

function received({ headers, body }: Received): WireSpan[] {
  const isJson = headers["content-type"] === "application/json";
  return isJson ? spansIn(normalJson(JSON.parse(String(body)))) : decodeProtobuf(body);
}

function fieldsOf({ name, span }: WireSpan): SpanFields {
  return spanFields({ spanName: name, attributes: attributesIn(span["attributes"]) });
}

function attributesIn(json: JsonValue | undefined): Attributes {
  const list = Array.isArray(json) ? json : [];
  return Object.fromEntries(list.map((entry) => [String(at(entry, "key")), plainValue(at(entry, "value"))]));
}

function plainValue(json: JsonValue | undefined): unknown {
  const [[kind, value] = []] = Object.entries(isObject(json) ? json : {});
  const values = at(value, "values");
  if (kind === "intValue") return Number(value);
  if (kind === "arrayValue") return Array.isArray(values) ? values.map(plainValue) : [];
  return kind === "kvlistValue" ? attributesIn(values) : value;
}

function at(json: JsonValue | undefined, key: string): JsonValue | undefined {
  return isObject(json) ? json[key] : undefined;
}

function isObject(json: JsonValue | undefined): json is JsonObject {
  return typeof json === "object" && json !== null && !Array.isArray(json);
}

describe.each([
  ["the toolkit's conversation", toolkitRun],
  ["an agent's turn", agentRun],
])("%s", (_what, run) => {
  it.each(WAYS)("is read as it was: $translate, $encoding, $values values", async (way) => {
    const server = await new StubServer().start();
    const { tracer } = tracerTo(server.url, way);
    const kept = new InMemoryTracer();
    const tee = new TeeTracer().addTracer(kept).addTracer(tracer);
    run(tee);
    expect(await tracer.flush()).toMatchObject({ pending: 0, failed: 0, dropped: 0, errors: [] });

    const arrived = server.taken.flatMap(received);
    const before = new Map(kept.getTraces().map((span) => [span.spanId, span]));
    expect(arrived).toHaveLength(before.size);
    for (const wire of arrived) {
      const span = before.get(String(wire.span["spanId"]));
      const after = fieldsOf(wire);
      expect(readSpan(after).vocabulary).toBe(way.translate);
      expect(after.attributes).not.toHaveProperty(["ai.trace.type"]);
      expect(span && meaning(after)).toEqual(span && meaning(span));
      // Names and kinds are the program's own; the tee's other tracers see the span as it is.
      expect([wire.name, wire.span["kind"]]).toEqual([span?.spanName, KINDS[span?.spanKind ?? ""]]);
      expect(span?.attributes).toHaveProperty(["ai.trace.type"]);
    }
  });
});

const KINDS: Readonly<Record<string, number>> = { INTERNAL: 1, SERVER: 2, CLIENT: 3 };

describe("translation", () => {
  it("is off unless asked for", async () => {
    const server = await new StubServer().start();
    const { tracer } = tracerTo(server.url);
    agentRun(tracer);
    await tracer.flush();
    const types = server.taken.flatMap(received).map((wire) => fieldsOf(wire).attributes["ai.trace.type"]);
    expect(types).toEqual(["llm-invocation", "tool-invocation", "llm-invocation", "converse"]);
  });

  it("leaves alone what is in these words, and what has no vocabulary", async () => {
    const server = await new StubServer().start();
    const { tracer } = tracerTo(server.url, { translate: "gen_ai" });
    const chat = {
      "gen_ai.operation.name": "chat",
      "gen_ai.request.model": "m",
      "gen_ai.prompt.0.content": "Hi",
    };
    tracer.startSpan("chat m").addAttributes(chat).end();
    tracer
      .startSpan("GET")
      .addAttributes({ "http.request.method": "GET", nested: { a: [1] } })
      .end();
    await tracer.flush();
    expect(server.taken.flatMap(received).map((wire) => fieldsOf(wire).attributes)).toEqual([
      chat,
      { "http.request.method": "GET", nested: { a: [1] } },
    ]);
  });

  it("sends again what it sent", async () => {
    const server = await new StubServer().start();
    server.reply = (_, index) => (index < 2 ? 503 : 200);
    const { tracer } = tracerTo(server.url, { translate: "openinference" });
    agentRun(tracer);
    expect(await tracer.flush()).toMatchObject({ written: 4, failed: 0 });
    const [first, ...again] = server.requests.map(
      (request) => new Map(received(request).map(({ name, span }) => [span["spanId"], { name, span }])),
    );
    expect(first?.size).toBe(4);
    expect(again).toEqual([first, first]);
  });

  it("sends what is malformed nevertheless", async () => {
    const server = await new StubServer().start();
    const { tracer } = tracerTo(server.url, { translate: "gen_ai" });
    const odd = [null, 5n, "[{", [null, [1]], { content: { toolUse: 1 } }, new Map([[{}, 1]])];
    for (const type of ["llm-invocation", "tool-invocation", "converse", 1]) {
      for (const value of odd) {
        const names = ["ai.llm.request.messages", "ai.llm.response.usage", "ai.tool.input", "ai.user.input"];
        const attributes = Object.fromEntries(names.map((name) => [name, value]));
        tracer
          .startSpan("odd")
          .addAttributes({ ...attributes, "ai.trace.type": type })
          .end();
      }
    }
    expect(await tracer.flush()).toMatchObject({ written: 24, failed: 0, errors: [] });
  });

  it("goes with the standard variables", async () => {
    const server = await new StubServer().start();
    const env = { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: server.url, OTEL_SERVICE_NAME: "MyAgent" };
    await using tracer = OtlpTracer.fromEnv(env, { translate: "gen_ai" });
    agentRun(tracer);
    await tracer.flush();
    expect(server.taken.flatMap(received).map((wire) => readSpan(fieldsOf(wire)).vocabulary)).toEqual(
      Array(4).fill("gen_ai"),
    );
  });

  it("is into one of the vocabularies that are known", () => {
    // @ts-expect-error
    expect(() => new OtlpTracer({ translate: "genai" })).toThrow(
      expect.objectContaining({
        code: "INVALID_OPTION",
        message: 'Option "translate" of OtlpTracer must be one of "gen_ai", "openinference", not "genai".',
      }),
    );
  });
});
