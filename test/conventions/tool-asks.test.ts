// Why a tool was called: which model call asked for it, what it could choose from, thought and said, and what the result cost.
import { describe, expect, test } from "vitest";
import { type ToolStory, wantedTool } from "../../src/conventions/context/tool-asks.ts";
import { type ContextOptions, contextOf } from "../../src/conventions/context.ts";
import type { SpanFields } from "../../src/model/span-fields.ts";
import { spanFields } from "../model/arbitraries.ts";
import { recordings } from "./vocabularies.ts";

const SECOND = 1_000_000;
const START = Date.UTC(2026, 10, 22, 12) * 1000;

/** The spans of a conversation, each one second, one after another. */
function inOrder(...all: readonly Record<string, unknown>[]): SpanFields[] {
  return all.map((attributes, i) =>
    spanFields({
      spanId: (i + 1).toString(16).padStart(16, "0"),
      ...{ startedAtMicros: START + i * SECOND, endedAtMicros: START + (i + 1) * SECOND },
      attributes: { "ai.conversation.id": "c", ...attributes },
    }),
  );
}

const model = (
  messages: readonly object[],
  answer?: object,
  input: number = 1000,
): Record<string, unknown> => ({
  ...{ "ai.trace.type": "llm-invocation", "ai.llm.request.model.id": "gemini-3-pro" },
  "ai.llm.request.messages": messages,
  "ai.llm.request.tool.config": ["weather", "events"].map((name) => ({ name, parameters: {} })),
  "ai.llm.response.output": answer,
  "ai.llm.response.usage": { inputTokens: input, outputTokens: 10 },
});

const tool = (name: string, input: unknown, id?: string): Record<string, unknown> => ({
  ...{ "ai.trace.type": "tool-invocation", "ai.tool.name": name, "ai.tool.input": input },
  ...(id === undefined ? {} : { "ai.tool.use.id": id }),
});

function storyOf(
  spans: readonly SpanFields[],
  nth: number,
  options: ContextOptions = {},
): ToolStory | undefined {
  const span = spans[nth];
  const wanted = span && wantedTool(span);
  return wanted && contextOf(spans, { ...options, tool: wanted }).story;
}

/** Of the recorded spans of real SDKs: what is known of the tool call in each. Spans of a recording have no times. */
const RECORDED: Record<string, Partial<Omit<ToolStory, "result" | "asked">> & { readonly calls?: number }> = {
  atif: { name: "review", callId: "c1", reasoning: "Which test?", words: "I ask the reviewer." },
  "gen-ai-vercel": {
    ...{ name: "get_weather", callId: "call_1", offered: ["get_weather"], calls: 1 },
    ...{ reasoning: "The user wants the weather.", words: "Let me look." },
  },
  "openinference-langchain": { name: "get_weather", callId: "call_1", offered: ["get_weather"] },
  toolkit: { name: "get_weather", callId: "t1" },
  "traceloop-openai": { name: "get_weather", callId: "call_1", offered: ["get_weather"], calls: 1 },
  "traceloop-openai-indexed": { name: "get_weather", offered: ["get_weather"] },
  "vercel-ai": {
    name: "get_weather",
    callId: "call_1",
    offered: ["get_weather"],
    words: "Let me look.",
    calls: 1,
  },
  "vercel-ai-7": {
    ...{ name: "get_weather", callId: "call_1", offered: ["get_weather"], calls: 1 },
    ...{ reasoning: "The user wants the weather.", words: "Let me look." },
  },
};

describe("why a tool was called", () => {
  test.each(Object.entries(RECORDED))("is read in what %s recorded", (name, { calls, ...expected }) => {
    const { spans = [] } = recordings.find((recording) => recording.name === name) ?? {};
    const nth = spans.findIndex((span) => wantedTool(span) !== undefined);
    const story = storyOf(spans, nth);
    expect(story).toMatchObject(expected);
    expect(story?.result?.calls).toBe(calls);
  });

  test("is told of each of several without ids by what it was given, and its result by its place", () => {
    const asked = {
      role: "model",
      parts: [
        { thought: true, text: "Both cities." },
        { text: "I look." },
        { functionCall: { name: "weather", args: { city: "Delft" } } },
        { functionCall: { name: "weather", args: { city: "Gouda" } } },
        { functionCall: { name: "events", args: {} } },
      ],
    };
    const answers = [
      { functionResponse: { name: "weather", response: { output: "sun ".repeat(100) } } },
      { functionResponse: { name: "weather", response: { output: "rain ".repeat(400) } } },
      { functionResponse: { name: "events", response: { output: "none" } } },
    ];
    const question = { role: "user", parts: [{ text: "Where?" }] };
    const spans = inOrder(
      model([question], asked),
      tool("weather", { city: "Gouda" }),
      tool("weather", { city: "Delft" }),
      model(
        [question, asked, { role: "user", parts: answers }],
        { role: "model", parts: [{ text: "Delft." }] },
        3000,
      ),
    );
    const gouda = storyOf(spans, 1);
    expect(gouda).toMatchObject({
      ...{ offered: ["weather", "events"], beside: ["weather", "events"] },
      ...{ reasoning: "Both cities.", words: "I look." },
    });
    expect(gouda?.asked.spanId).toBe(spans[0]?.spanId);
    const delft = storyOf(spans, 2);
    expect(Number(gouda?.result?.tokens)).toBeGreaterThan(3 * Number(delft?.result?.tokens));
  });

  test("is found by the last call that asked before the tool began, where ids come again", () => {
    const turn = (i: number) => [
      { role: "user", content: [{ text: `Question ${i}` }] },
      {
        role: "assistant",
        content: [{ text: `I look ${i}.` }, { toolUse: { toolUseId: "call_0", name: "weather", input: {} } }],
      },
      {
        role: "user",
        content: [{ toolResult: { toolUseId: "call_0", content: [{ text: `Answer ${i}` }] } }],
      },
    ];
    const [first, second] = [turn(1), turn(2)];
    const spans = inOrder(
      model(first.slice(0, 1), { message: first[1] }),
      tool("weather", {}, "call_0"),
      model(first, { message: { role: "assistant", content: [{ text: "Sun." }] } }, 1200),
      model([...first, second[0] ?? {}], { message: second[1] }, 1400),
      tool("weather", {}, "call_0"),
      model([...first, ...second], { message: { role: "assistant", content: [{ text: "Rain." }] } }, 1600),
    );
    expect(storyOf(spans, 1)).toMatchObject({ words: "I look 1.", result: { calls: 3 } });
    expect(storyOf(spans, 4)).toMatchObject({ words: "I look 2.", result: { calls: 1 } });
  });

  test("is read in the next prompt where the answer's own span does not have it", () => {
    const asked = {
      role: "assistant",
      content: [{ text: "I look." }, { toolUse: { toolUseId: "t1", name: "weather", input: {} } }],
    };
    const result = {
      role: "user",
      content: [{ toolResult: { toolUseId: "t1", content: [{ text: "Sun" }] } }],
    };
    const question = { role: "user", content: [{ text: "Weather?" }] };
    const spans = inOrder(
      model([question]),
      tool("weather", {}, "t1"),
      model([question, asked, result], undefined, 1200),
    );
    const story = storyOf(spans, 1);
    expect(story).toMatchObject({
      words: "I look.",
      asked: { spanId: spans[0]?.spanId },
      result: { calls: 1 },
    });
  });

  test("is of the same agent, where two ask for the same beside each other", () => {
    const ask = (words: string) => ({
      message: { role: "assistant", content: [{ text: words }, { toolUse: { name: "weather", input: {} } }] },
    });
    const question = [{ role: "user", content: [{ text: "Weather?" }] }];
    const spans = inOrder(
      { ...model(question, ask("One.")), "ai.agent.name": "one" },
      { ...model(question, ask("Two.")), "ai.agent.name": "two" },
      { ...tool("weather", {}), "ai.agent.name": "one" },
    );
    expect(storyOf(spans, 2)?.words).toBe("One.");
  });

  test("is not told where no model is known to have asked for it, and not of what is no tool", () => {
    const ask = {
      message: {
        role: "assistant",
        content: [{ toolUse: { toolUseId: "t1", name: "weather", input: { city: "Delft" } } }],
      },
    };
    const question = [{ role: "user", content: [{ text: "Weather?" }] }];
    const spans = inOrder(
      model(question, ask),
      tool("events", {}, "t2"),
      tool("weather", { city: "Gouda" }, "t3"),
    );
    expect(storyOf(spans, 1)).toBeUndefined();
    expect(storyOf(spans, 2)).toBeUndefined();
    expect(storyOf(spans, 0)).toBeUndefined();
    // Not by a call that began after it.
    expect(storyOf([...spans].reverse(), 0)).toBeUndefined();
    const [asked, ...rest] = inOrder(tool("weather", {}, "t1"), model(question, ask));
    expect(asked && storyOf([asked, ...rest], 0)).toBeUndefined();
  });

  test("has what the result cost in all calls that had it, by the prices", () => {
    const asked = {
      role: "assistant",
      content: [{ toolUse: { toolUseId: "t1", name: "weather", input: {} } }],
    };
    const result = {
      role: "user",
      content: [{ toolResult: { toolUseId: "t1", content: [{ text: "sun ".repeat(1000) }] } }],
    };
    const question = { role: "user", content: [{ text: "Weather?" }] };
    const more = (i: number) =>
      model([question, asked, result, ...Array(i).fill(question)], undefined, 2000 + 10 * i);
    const spans = inOrder(
      model([question], { message: asked }),
      tool("weather", {}, "t1"),
      more(0),
      more(1),
      more(2),
    );
    const prices = { pricesOf: () => ({ input: 1, output: 1 }) };
    const { result: cost } = storyOf(spans, 1, { prices }) ?? {};
    expect(cost?.calls).toBe(3);
    expect(cost?.costUsd).toBeCloseTo((cost?.allTokens ?? 0) / 1e6, 6);
  });
});
