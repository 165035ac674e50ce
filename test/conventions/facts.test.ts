// What a row needs of a span, and how stores keep it.
import { describe, expect, test } from "vitest";
import { factsOf, type SpanFacts } from "../../src/conventions/facts.ts";
import { decodeFacts, encodeFacts } from "../../src/conventions/stored-facts.ts";
import { spanFields } from "../model/arbitraries.ts";

describe("a model call's facts", () => {
  test("in the toolkit's words", () => {
    const attributes = {
      "ai.trace.type": "llm-invocation",
      "ai.llm.request.model.id": "claude",
      "ai.llm.response.stop.reason": "end_turn",
      "ai.llm.response.usage": {
        ...{ inputTokens: 10, outputTokens: 5, cacheReadInputTokens: 70, cacheWriteInputTokens: 20 },
      },
      "ai.llm.response.metrics": { timeToFirstTokenMs: 320 },
    };
    expect(factsOf(spanFields({ attributes }))).toEqual({
      ...{
        kind: "model-call",
        model: "claude",
        scope: "test",
        finishReason: "end_turn",
        timeToFirstTokenMs: 320,
      },
      ...{ inputTokens: 100, outputTokens: 5, cachedReadTokens: 70, cachedWriteTokens: 20 },
    });
  });

  test("in OpenTelemetry's", () => {
    const attributes = {
      ...{ "gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.request.model": "o3" },
      ...{ "gen_ai.usage.input_tokens": 100, "gen_ai.usage.output_tokens": 50 },
      "gen_ai.usage.cache_read.input_tokens": 60,
      "gen_ai.usage.cache_write.input_tokens": 30,
      "gen_ai.usage.reasoning.output_tokens": 40,
      "gen_ai.usage.audio.input_tokens": 7,
      "gen_ai.usage.image.output_tokens": 3,
      "gen_ai.response.finish_reasons": ["stop"],
      "gen_ai.response.time_to_first_chunk": 0.25,
    };
    expect(factsOf(spanFields({ attributes, scope: { name: "otel" } }))).toEqual({
      ...{ kind: "model-call", model: "o3", provider: "openai", scope: "otel", finishReason: "stop" },
      ...{ inputTokens: 100, outputTokens: 50, cachedReadTokens: 60, cachedWriteTokens: 30 },
      ...{ reasoningTokens: 40, inputAudioTokens: 7, outputImageTokens: 3, timeToFirstTokenMs: 250 },
    });
  });

  test("why it stopped is found in a long answer without parsing all of it", () => {
    const answer = { role: "assistant", parts: [{ type: "text", content: "Hi" }], finish_reason: "length" };
    const long = { role: "assistant", parts: [{ type: "text", content: "x".repeat(9 * 2 ** 20) }] };
    const attributes = {
      ...{ "gen_ai.operation.name": "chat", "gen_ai.request.model": "o3" },
      "gen_ai.output.messages": JSON.stringify([answer, long]),
    };
    expect(factsOf(spanFields({ attributes })).finishReason).toBe("length");
  });
});

describe("stored facts", () => {
  const facts: SpanFacts = { kind: "model-call", model: "o3", inputTokens: 3, failed: true };

  test("come back as they were", () => {
    expect(decodeFacts(encodeFacts(facts))).toEqual({ facts, isOld: false });
  });

  test("without a version, or with an older one, are old", () => {
    expect(decodeFacts(JSON.stringify(facts))).toEqual({ facts, isOld: true });
    expect(decodeFacts(JSON.stringify({ v: 1, ...facts }))).toEqual({ facts, isOld: true });
  });

  test.each([["{"], ["[]"], ["{}"], ['{"v":2,"kind":"turn","inputTokens":"9"}'], ['{"v":2,"kind":9}'], [7]])(
    "%s is none",
    (json) => expect(decodeFacts(json)).toEqual({ facts: { kind: "other" }, isOld: true }),
  );
});
