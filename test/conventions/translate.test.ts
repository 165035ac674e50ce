// Translations: what is said in another vocabulary reads as it did.
import fc from "fast-check";
import { type Reading, readSpan, type TargetVocabulary, translate } from "tracelight/conventions";
import { describe, expect, it } from "vitest";
import { capture } from "../../src/model/capture.ts";
import type { SpanFields } from "../../src/model/span-fields.ts";
import { anyMaker, spanFields } from "../model/arbitraries.ts";
import { runs } from "../sizes.ts";
import { recordings, said } from "./vocabularies.ts";

const TARGETS: readonly TargetVocabulary[] = ["gen_ai", "openinference"];

function translated(span: SpanFields, to: TargetVocabulary): SpanFields {
  return { ...span, attributes: translate(span, to) };
}

/** A turn is one run of an agent in both targets; what is only to be shown may be in the vocabulary's own shape. */
function meaning(reading: Reading, to: TargetVocabulary): Record<string, unknown> {
  const { vocabulary: _, input, output, ...rest } = said(reading);
  const kind = reading.kind === "turn" ? "agent" : reading.kind;
  const unsaid = {
    ...(to === "openinference" ? { timeToFirstTokenMs: undefined } : {}),
    // What was embedded is a message to some.
    ...(kind === "embedding" ? { inputMessages: undefined } : {}),
  };
  return {
    ...rest,
    kind,
    ...(typeof input === "string" ? { input } : {}),
    ...(typeof output === "string" ? { output } : {}),
    ...unsaid,
  };
}

/** A message of OpenInference is the result of a tool or has other parts; results do not say that they failed. */
function canSay({ inputMessages, outputMessages }: Reading, to: TargetVocabulary): boolean {
  const all = [...inputMessages, ...outputMessages];
  return (
    to === "gen_ai" ||
    all.every(({ role, parts }) => role === "tool" || parts.every(({ type }) => type !== "tool-result"))
  );
}

const model: SpanFields = spanFields({
  attributes: {
    "ai.trace.type": "llm-invocation",
    "ai.conversation.id": "c1",
    "ai.subcontext.id": "s",
    "ai.auth.context": { principal_id: "u1", tenant: "t1" },
    "peer.service": "llm:claude",
    "ai.llm.request.model.id": "claude",
    "ai.llm.request.system": [{ text: "Be brief." }],
    "ai.llm.request.messages": [{ role: "user", content: [{ text: "Weather?" }] }],
    "ai.llm.request.tool.config": {
      tools: [{ toolSpec: { name: "look", description: "Looks", inputSchema: { json: {} } } }],
    },
    "ai.llm.response.output": {
      message: {
        role: "assistant",
        content: [{ text: "Wait." }, { toolUse: { toolUseId: "t1", name: "look", input: { at: 1 } } }],
      },
    },
    "ai.llm.response.stop.reason": "tool_use",
    "ai.llm.response.usage": { inputTokens: 40, outputTokens: 30, cacheReadInputTokens: 1000 },
    "my.own": 1,
  },
});

describe("a model call of ours", () => {
  it("is a chat of OpenTelemetry's", () => {
    expect(translate(model, "gen_ai")).toEqual({
      "ai.conversation.id": "c1",
      "ai.subcontext.id": "s",
      "ai.auth.context": { principal_id: "u1", tenant: "t1" },
      "peer.service": "llm:claude",
      "my.own": 1,
      "gen_ai.operation.name": "chat",
      "gen_ai.request.model": "claude",
      "gen_ai.conversation.id": "c1",
      "user.id": "u1",
      "gen_ai.system_instructions": '[{"type":"text","content":"Be brief."}]',
      "gen_ai.input.messages": '[{"role":"user","parts":[{"type":"text","content":"Weather?"}]}]',
      "gen_ai.output.messages":
        '[{"role":"assistant","parts":[{"type":"text","content":"Wait."},' +
        '{"type":"tool_call","id":"t1","name":"look","arguments":{"at":1}}],"finish_reason":"tool_use"}]',
      "gen_ai.tool.definitions": '[{"type":"function","name":"look","description":"Looks","parameters":{}}]',
      "gen_ai.response.finish_reasons": ["tool_use"],
      "gen_ai.usage.input_tokens": 1040,
      "gen_ai.usage.output_tokens": 30,
      "gen_ai.usage.cache_read.input_tokens": 1000,
    });
  });

  it("is an LLM span of OpenInference's", () => {
    expect(translate(model, "openinference")).toMatchObject({
      "openinference.span.kind": "LLM",
      "llm.model_name": "claude",
      "session.id": "c1",
      "user.id": "u1",
      "input.value": "Weather?",
      "llm.input_messages.0.message.role": "system",
      "llm.input_messages.0.message.content": "Be brief.",
      "llm.input_messages.1.message.content": "Weather?",
      "llm.output_messages.0.message.contents.0.message_content.text": "Wait.",
      "llm.output_messages.0.message.tool_calls.0.tool_call.function.arguments": '{"at":1}',
      "llm.tools.0.tool.json_schema":
        '{"type":"function","function":{"name":"look","description":"Looks","parameters":{}}}',
      "llm.token_count.prompt": 1040,
      "llm.token_count.prompt_details.cache_read": 1000,
    });
  });
});

describe.each(TARGETS)("in the words of %s", (to) => {
  it("what is no id, or one that the words cannot say, stays under its name", () => {
    const ids = { "ai.conversation.id": { tenant: 1 }, "session.id": ["a"], "gen_ai.conversation.id": true };
    expect(translate({ ...model, attributes: { ...model.attributes, ...ids } }, to)).toMatchObject(ids);
  });

  it("recorded spans read as they did", () => {
    let count = 0;
    for (const { spans } of recordings)
      for (const span of spans) {
        const attributes = translate(span, to);
        if (attributes === span.attributes || !canSay(readSpan(span), to)) continue;
        count++;
        expect(meaning(readSpan({ ...span, attributes }), to)).toEqual(meaning(readSpan(span), to));
      }
    expect(count).toBeGreaterThan(15);
  });

  it("so does whatever our spans say", () => {
    fc.assert(
      fc.property(ourSpans, (span) => {
        const after = translated(span, to);
        expect(after.attributes["ai.trace.type"]).toBeUndefined();
        expect(readSpan(after).vocabulary).toBe(to);
        expect(meaning(readSpan(after), to)).toEqual(meaning(readSpan(span), to));
      }),
      { numRuns: runs(500) },
    );
  });

  it("any span has attributes, and those that nobody understands stay", () => {
    const key = fc.constantFrom(
      "ai.trace.type",
      "ai.llm.request.messages",
      "ai.tool.input",
      "gen_ai.input.messages",
      "input.value",
      "x",
      "__proto__",
    );
    const value = fc.oneof(
      fc.constantFrom("converse", "llm-invocation", "tool-invocation"),
      anyMaker.map((make) => capture(make())),
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(key, value)), (entries) => {
        const span = spanFields({ attributes: Object.fromEntries(entries) });
        const attributes = translate(span, to);
        for (const [name, kept] of Object.entries(attributes))
          if (name === "x") expect(kept).toBe(span.attributes["x"]);
        expect("x" in attributes).toBe("x" in span.attributes);
        expect(Object.isFrozen(attributes) || attributes === span.attributes).toBe(true);
      }),
      { numRuns: runs(500) },
    );
  });

  it("a span of no vocabulary, and one of this, keeps its attributes", () => {
    const plain = spanFields({ attributes: { "http.request.method": "GET" } });
    expect(translate(plain, to)).toBe(plain.attributes);
    const once = translated(model, to);
    expect(translate(once, to)).toBe(once.attributes);
  });
});

/** Words that are not JSON, nor nothing. */
const words = fc.string({ minLength: 1, maxLength: 12 }).map((text) => `w${text}`);
const name = fc.constantFrom("get_weather", "look");
const json = fc.oneof(
  words,
  fc.record({ city: words, days: fc.integer() }),
  fc.array(fc.integer(), { minLength: 1, maxLength: 3 }),
);
const args = fc.record({ city: words, days: fc.integer(), deep: fc.constant({ a: [1, null, true] }) });
const said_ = fc.array(
  fc.oneof(
    words.map((text) => ({ text })),
    words.map((text) => ({ reasoningContent: { reasoningText: { text } } })),
    fc.record({ toolUseId: words, name, input: args }).map((toolUse) => ({ toolUse })),
  ),
  { minLength: 1, maxLength: 3 },
);
const asked = fc.array(
  fc.oneof(
    words.map((text) => ({ text })),
    fc.constantFrom("png", "jpeg").map((format) => ({ image: { format, source: { data: "iVBORw0KGgo=" } } })),
  ),
  { minLength: 1, maxLength: 3 },
);
const result = fc
  .tuple(words, json)
  .map(([toolUseId, value]) => [
    { toolResult: { toolUseId, content: [typeof value === "string" ? { text: value } : { json: value }] } },
  ]);
const message = fc.oneof(
  asked.map((content) => ({ role: "user", content })),
  said_.map((content) => ({ role: "assistant", content })),
  result.map((content) => ({ role: "user", content })),
);
const some = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
const context = fc.record(
  {
    "ai.conversation.id": words,
    "ai.auth.context": fc.record({ principal_id: words }),
    "ai.agent.name": words,
  },
  { requiredKeys: [] },
);
const count = fc.nat({ max: 100_000 });
const modelCall = fc.record(
  {
    "ai.llm.request.model.id": words,
    "ai.llm.request.system": words.map((text) => [{ text }]),
    "ai.llm.request.messages": fc.array(message, { minLength: 1, maxLength: 4 }),
    "ai.llm.request.tool.config": fc.record({ name, description: words }).map((toolSpec) => ({
      tools: [{ toolSpec: { ...toolSpec, inputSchema: { json: { type: "object" } } } }],
    })),
    "ai.llm.response.output": said_.map((content) => ({ message: { role: "assistant", content } })),
    "ai.llm.response.stop.reason": words,
    "ai.llm.response.usage": fc.record({
      inputTokens: count,
      outputTokens: count,
      cacheReadInputTokens: count,
      cacheWriteInputTokens: count,
    }),
    "ai.llm.response.metrics": fc.integer({ min: 1, max: 1e6 }).map((ms) => ({ timeToFirstTokenMs: ms / 8 })),
    "ai.llm.response.error": words,
  },
  { requiredKeys: [] },
);
const toolCall = fc.record(
  {
    "ai.tool.name": name,
    "ai.tool.use.id": words,
    "ai.tool.input": args,
    "ai.tool.output": fc.oneof(json, fc.integer(), fc.boolean()),
    "ai.tool.error": words,
  },
  { requiredKeys: [] },
);
const turn = fc.record({ "ai.user.input": words, "ai.agent.response": words }, { requiredKeys: [] });
const ofType = <T extends object>(type: string, attributes: fc.Arbitrary<T>) =>
  fc.tuple(context, attributes).map(([inherited, own]) => ({ ...inherited, ...own, "ai.trace.type": type }));
const ourSpans = fc
  .tuple(
    fc.oneof(
      ofType("llm-invocation", modelCall),
      ofType("tool-invocation", toolCall),
      ofType("converse", turn),
    ),
    some(words),
  )
  .map(([attributes, service]) =>
    spanFields({
      attributes,
      ...(service === undefined ? {} : { resourceAttributes: { "service.name": service } }),
    }),
  );
