// Why a model stopped: one word for what each provider has its own.
import { type Finish, readSpan } from "tracelight/conventions";
import { expect, test } from "vitest";
import { spanFields } from "../model/arbitraries.ts";

const SAYING = { content: "Sunny." };
const ASKING = {
  content: "",
  tool_calls: [{ type: "function", function: { name: "look", arguments: "{}" } }],
};

/** What a call of a model that stopped so reads as. */
function finishOf(reason: unknown, message: object = SAYING): Finish | undefined {
  const attributes = {
    "ai.trace.type": "llm-invocation",
    "ai.llm.response.stop.reason": reason,
    "ai.llm.response.output": { message: { role: "assistant", ...message } },
  };
  return readSpan(spanFields({ attributes })).finish;
}

test.each<[Finish, string[]]>([
  ["stop", ["stop", "end_turn", "STOP", "completed", "stop_sequence", "FINISH", "COMPLETE"]],
  ["tool-call", ["tool_calls", "tool_use", "tool-calls", "function_call"]],
  ["length", ["length", "max_tokens", "MAX_TOKENS", "max_output_tokens", "model_length", "LENGTH"]],
  ["content-filter", ["content_filter", "SAFETY", "guardrail_intervened", "refusal", "PROHIBITED_CONTENT"]],
  ["error", ["error", "failed", "MALFORMED_FUNCTION_CALL"]],
])("%s", (finish, words) => {
  expect(words.map((word) => finishOf(word))).toEqual(words.map(() => finish));
});

test("who says only that all was said may have asked for a tool", () => {
  expect([finishOf("stop", ASKING), finishOf("STOP", ASKING), finishOf("completed", ASKING)]).toEqual(
    Array(3).fill("tool-call"),
  );
  expect(finishOf("max_tokens", ASKING)).toBe("length");
});

test("any other word, and none, is none of these", () => {
  expect(
    ["pause_turn", "other", "", "__proto__", "constructor", 7, undefined].map((word) => finishOf(word)),
  ).toEqual(Array(7).fill(undefined));
});
