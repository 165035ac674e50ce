// What the conventions of late 2026 added: compaction, memory and plan, evaluation, tokens by what they are of.
import { type Reading, readSpan, translate } from "tracelight/conventions";
import { describe, expect, test } from "vitest";
import { spanFields } from "../model/arbitraries.ts";

function read(attributes: Record<string, unknown>, fields: Parameters<typeof spanFields>[0] = {}): Reading {
  return readSpan(spanFields({ ...fields, attributes }));
}

describe("a compaction", () => {
  test.each([
    [
      "OpenTelemetry's",
      { type: "compaction", id: "cmp_1", content: "We spoke of boats." },
      { id: "cmp_1", text: "We spoke of boats." },
    ],
    ["Anthropic's", { type: "compaction", content: "We spoke of boats." }, { text: "We spoke of boats." }],
    [
      "OpenAI's, which only it can read",
      { type: "compaction", id: "cmp_2", encrypted_content: "gAAA" },
      { id: "cmp_2" },
    ],
    ["one that says nothing", { type: "compaction" }, {}],
  ])("%s is a part of its message", (_, part, expected) => {
    const messages = [{ role: "assistant", parts: [part, { type: "text", content: "On we go." }] }];
    const { inputMessages } = read({
      "gen_ai.operation.name": "chat",
      "gen_ai.input.messages": JSON.stringify(messages),
    });
    expect(inputMessages[0]?.parts).toEqual([
      { type: "compaction", ...expected },
      { type: "text", text: "On we go." },
    ]);
  });

  test("is translated", () => {
    const messages = [{ role: "user", parts: [{ type: "compaction", id: "c", content: "Boats." }] }];
    const attributes = {
      "gen_ai.operation.name": "chat",
      "gen_ai.request.model": "m",
      "gen_ai.input.messages": JSON.stringify(messages),
    };
    expect(translate(spanFields({ attributes }), "openinference")).toMatchObject({
      "llm.input_messages.0.message.contents.0.message_content.text": "Boats.",
    });
  });
});

describe("memory", () => {
  const records = [{ id: "mem_1", content: "Prefers dark mode" }];

  test("a search is a retrieval: the query goes in, what is remembered comes out", () => {
    const reading = read({
      "gen_ai.operation.name": "search_memory",
      "gen_ai.memory.query.text": "colours",
      "gen_ai.memory.records": JSON.stringify(records),
    });
    expect(reading).toMatchObject({ kind: "retrieval", input: "colours", output: records });
  });

  test.each([
    "create_memory",
    "update_memory",
    "upsert_memory",
    "delete_memory",
    "create_memory_store",
    "delete_memory_store",
  ])("%s: what is kept goes in", (operation) => {
    const reading = read({
      "gen_ai.operation.name": operation,
      "gen_ai.memory.records": JSON.stringify(records),
    });
    expect(reading).toMatchObject({ kind: "memory", input: records, output: undefined });
  });
});

test("a plan has what was asked and what was planned", () => {
  const said = (role: string, content: string) =>
    JSON.stringify([{ role, parts: [{ type: "text", content }] }]);
  const reading = read({
    "gen_ai.operation.name": "plan",
    "gen_ai.agent.name": "Planner",
    "gen_ai.input.messages": said("user", "A week in Ghent"),
    "gen_ai.output.messages": said("assistant", "1. Find a boat"),
  });
  expect(reading).toMatchObject({
    kind: "plan",
    agent: "Planner",
    input: "A week in Ghent",
    output: "1. Find a boat",
  });
});

describe("evaluations", () => {
  const result = (attributes: Record<string, unknown>, name = "gen_ai.evaluation.result") => ({
    ...{ name, at: new Date(1000), attributes },
  });

  test("are events of the span that was looked at, or the evaluator's own span", () => {
    const events = [
      result({
        "gen_ai.evaluation.name": "relevance",
        "gen_ai.evaluation.score.value": 0.85,
        "gen_ai.evaluation.score.label": "pass",
        "gen_ai.evaluation.explanation": "To the point",
      }),
      result({ "gen_ai.evaluation.name": "tone", "gen_ai.evaluation.score.value": 4n }),
      result({ "gen_ai.evaluation.score.value": 1 }),
      result({ "gen_ai.evaluation.name": "not a result" }, "other"),
    ];
    const attributes = {
      "gen_ai.operation.name": "chat",
      "gen_ai.evaluation.name": "own",
      "gen_ai.evaluation.score.label": "fail",
    };
    expect(read(attributes, { events }).evaluations).toEqual([
      { name: "own", label: "fail" },
      { name: "relevance", score: 0.85, label: "pass", explanation: "To the point" },
      { name: "tone", score: 4 },
    ]);
  });

  test("are an empty list where there are none", () => {
    expect(read({ "gen_ai.operation.name": "chat" }).evaluations).toEqual([]);
    expect(read({}).evaluations).toEqual([]);
  });
});

test.each(["cache_write", "cache_creation"])("tokens: %s, and those of sound and images", (write) => {
  const { usage } = read({
    "gen_ai.operation.name": "chat",
    ...{ "gen_ai.usage.input_tokens": 100, "gen_ai.usage.output_tokens": 50 },
    [`gen_ai.usage.${write}.input_tokens`]: 25,
    ...{ "gen_ai.usage.audio.input_tokens": 10, "gen_ai.usage.image.input_tokens": 20 },
    ...{ "gen_ai.usage.audio.output_tokens": 5, "gen_ai.usage.image.output_tokens": 6 },
  });
  expect(usage).toEqual({
    ...{
      input: 100,
      output: 50,
      cachedWrite: 25,
      inputAudio: 10,
      inputImage: 20,
      outputAudio: 5,
      outputImage: 6,
    },
  });
});
