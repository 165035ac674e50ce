// The Vercel AI SDK's own telemetry: with its mock models, and with OpenAI's over HTTP.
import { createOpenAI } from "@ai-sdk/openai";
import { generateText, stepCountIs, streamText, tool } from "ai";
import { MockLanguageModelV2 } from "ai/test";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { EVENTS } from "./openai.ts";
import {
  expectAsLongAsItsStream,
  FIRST_PART,
  onBoth,
  sendEvents,
  stub,
  type Work,
  withServer,
} from "./support.ts";

describe("generateText", () => {
  const ask = (work: Work) =>
    work.span("turn", () =>
      generateText({ model: answering(), ...questionOf(work) }).then(({ text }) => text),
    );

  it("an agent below our span, its tools below it, and our spans below those", async () => {
    expect((await onBoth(ask)).tree).toEqual({
      turn: "-",
      "ai.generateText": "turn",
      "ai.generateText.doGenerate": "ai.generateText",
      "ai.toolCall": "ai.generateText",
      "look up": "ai.toolCall",
    });
  });

  it("says what was asked and answered, and what the tool did", async () => {
    const { readings, row } = await onBoth(ask);
    expect(readings("ai.generateText")).toEqual([
      {
        ...{ ...OF_ALL, kind: "agent", title: "Weather?", systemPrompt: "Be brief.", input: "Weather?" },
        inputMessages: [QUESTION],
        outputMessages: [{ role: "assistant", parts: [{ type: "text", text: "It is sunny." }] }],
        ...{ output: "It is sunny.", finishReason: "stop" },
        usage: WITHOUT_DETAILS,
      },
    ]);
    expect(readings("ai.generateText.doGenerate")).toEqual(
      CALLS.map((call) => ({ ...call, usage: WITHOUT_DETAILS })),
    );
    expect(readings("ai.toolCall")).toEqual([TOOL_CALL]);
    expect(row).toMatchObject(ROW);
  });
});

describe("streamText", () => {
  const ask = (work: Work) =>
    work.span("turn", async () => {
      const { textStream } = streamText({ model: answering(work.used), ...questionOf(work) });
      for await (const text of textStream) if (text === "It is ") await work.useFirstPart();
    });

  it("lasts as long as its stream, with the same tree", async () => {
    const outcome = await onBoth(ask);
    expectAsLongAsItsStream(outcome, "ai.streamText");
    expectAsLongAsItsStream(outcome, "ai.streamText.doStream");
    expect(outcome.tree).toEqual({
      turn: "-",
      "ai.streamText": "turn",
      "ai.streamText.doStream": "ai.streamText",
      "ai.toolCall": "ai.streamText",
      "look up": "ai.toolCall",
      [FIRST_PART]: "turn",
    });
  });

  it("says what came in it", async () => {
    const { readings, row } = await onBoth(ask);
    const [asking, answering] = CALLS;
    const timeToFirstTokenMs = expect.any(Number);
    expect(readings("ai.streamText.doStream")).toEqual([
      { ...asking, timeToFirstTokenMs },
      { ...answering, timeToFirstTokenMs },
    ]);
    expect(readings("ai.toolCall")).toEqual([TOOL_CALL]);
    expect(row).toMatchObject(ROW);
  });
});

describe("streamText with OpenAI's API", () => {
  it("lasts as long as its stream, and says what came in it", async () => {
    const outcome = await onBoth((work) =>
      withServer(
        stub((_, response) => sendEvents(response, EVENTS, work.used)),
        (baseURL) =>
          work.span("turn", async () => {
            const model = createOpenAI({ apiKey: "none", baseURL }).chat("gpt-4o");
            const { textStream } = streamText({ model, ...questionOf(work), stopWhen: stepCountIs(1) });
            for await (const text of textStream) if (text === "Let me ") await work.useFirstPart();
          }),
      ),
    );
    expectAsLongAsItsStream(outcome, "ai.streamText.doStream");
    expect(outcome.readings("ai.streamText.doStream")).toMatchObject([
      {
        ...{ ...OF_CALLS, inputMessages: [QUESTION], finishReason: "tool-calls" },
        outputMessages: [
          {
            role: "assistant",
            parts: [
              { type: "text", text: "Let me look." },
              { type: "tool-call", id: "t2", name: "get_weather", arguments: { city: "Amsterdam" } },
            ],
          },
        ],
      },
    ]);
    expect(outcome.row).toMatchObject({ ...ROW, modelCalls: 1, inputTokens: 1240, outputTokens: 30 });
  });
});

function questionOf(work: Work) {
  const execute = ({ city }: { city: string }) =>
    work.span("look up", async () => ({ weather: `sunny in ${city}` }));
  return {
    ...{ system: "Be brief.", prompt: "Weather?", stopWhen: stepCountIs(2) },
    tools: {
      get_weather: tool({ description: "The weather", inputSchema: z.object({ city: z.string() }), execute }),
    },
    experimental_telemetry: { isEnabled: true, functionId: "weather-agent" },
  };
}

/** Calls the tool, then answers; of the stream of the answer, all but the first words once those are used. */
function answering(used?: Promise<void>): MockLanguageModelV2 {
  const steps = [CALLING, SAYING].values();
  const metadata = { id: "1", modelId: "gpt-4o-2024-08-06", timestamp: new Date(0) };
  return new MockLanguageModelV2({
    ...{ provider: "openai.chat", modelId: "gpt-4o" },
    doGenerate: async () => {
      const { content, finishReason } = steps.next().value ?? expect.fail("asked a third time");
      return { content: [...content], finishReason, usage: USAGE, warnings: [], response: metadata };
    },
    doStream: async () => {
      const { parts, finishReason } = steps.next().value ?? expect.fail("asked a third time");
      const finish = { type: "finish" as const, finishReason, usage: USAGE };
      return { stream: streamOf([{ type: "response-metadata", ...metadata }, ...parts, finish], used) };
    },
  });
}

type Streaming = Awaited<ReturnType<MockLanguageModelV2["doStream"]>>["stream"];
type Part = Streaming extends ReadableStream<infer T> ? T : never;

function streamOf(parts: readonly Part[], used?: Promise<void>): Streaming {
  return new ReadableStream({
    start: async (controller) => {
      for (const part of parts) {
        controller.enqueue(part);
        if (part.type === "text-delta" && part.delta === "It is ") await used;
      }
      controller.close();
    },
  });
}

const USAGE = {
  ...{ inputTokens: 1240, outputTokens: 30, totalTokens: 1270 },
  ...{ cachedInputTokens: 1000, reasoningTokens: 8 },
};
const READ_USAGE = { input: 1240, output: 30, cachedRead: 1000, reasoning: 8 };
/** What the SDK puts on spans of what is no stream. */
const WITHOUT_DETAILS = { input: 1240, output: 30 };
const CALL = {
  type: "tool-call" as const,
  toolCallId: "1",
  toolName: "get_weather",
  input: '{"city":"Amsterdam"}',
};
const CALLING = { content: [CALL], parts: [CALL], finishReason: "tool-calls" as const };
const SAYING = {
  content: [{ type: "text" as const, text: "It is sunny." }],
  parts: [
    { type: "text-start" as const, id: "t" },
    { type: "text-delta" as const, id: "t", delta: "It is " },
    { type: "text-delta" as const, id: "t", delta: "sunny." },
    { type: "text-end" as const, id: "t" },
  ],
  finishReason: "stop" as const,
};

const OF_ALL = { vocabulary: "vercel-ai", agent: "weather-agent", model: "gpt-4o", provider: "openai.chat" };
const QUESTION = { role: "user", parts: [{ type: "text", text: "Weather?" }] };
const ASKED = [{ type: "tool-call", id: "1", name: "get_weather", arguments: { city: "Amsterdam" } }];
const RESULT = [
  { type: "tool-result", id: "1", name: "get_weather", result: { weather: "sunny in Amsterdam" } },
];
const OF_CALLS = {
  ...{ ...OF_ALL, kind: "model-call", title: "Weather?", systemPrompt: "Be brief.", usage: READ_USAGE },
  tools: [
    { name: "get_weather", description: "The weather", schema: expect.objectContaining({ type: "object" }) },
  ],
};
/** What the two model calls say. */
const CALLS = [
  {
    ...{ ...OF_CALLS, inputMessages: [QUESTION], input: "Weather?" },
    ...{ outputMessages: [{ role: "assistant", parts: ASKED }], output: ASKED, finishReason: "tool-calls" },
  },
  {
    ...OF_CALLS,
    inputMessages: [QUESTION, { role: "assistant", parts: ASKED }, { role: "tool", parts: RESULT }],
    input: RESULT,
    outputMessages: [{ role: "assistant", parts: [{ type: "text", text: "It is sunny." }] }],
    ...{ output: "It is sunny.", finishReason: "stop" },
  },
];
const TOOL_CALL = {
  ...{ vocabulary: "vercel-ai", agent: "weather-agent", kind: "tool-call" },
  tool: {
    ...{ name: "get_weather", callId: "1" },
    ...{ arguments: { city: "Amsterdam" }, result: { weather: "sunny in Amsterdam" } },
  },
  ...{ input: { city: "Amsterdam" }, output: { weather: "sunny in Amsterdam" } },
};
/** The agent's tokens are its model calls': they count once. */
const ROW = {
  ...{ title: "Weather?", modelCalls: 2, toolCalls: 1, inputTokens: 2480, outputTokens: 60 },
  ...{ models: ["gpt-4o"], tools: ["get_weather"] },
};
