// LangChain with OpenInference's instrumentation, alone and beside that of the client that it asks.
import { LangChainInstrumentation } from "@arizeai/openinference-instrumentation-langchain";
import { OpenAIInstrumentation } from "@arizeai/openinference-instrumentation-openai";
import * as callbackManager from "@langchain/core/callbacks/manager";
import { awaitAllCallbacks } from "@langchain/core/callbacks/promises";
import { AIMessage, HumanMessage, SystemMessage, ToolMessage } from "@langchain/core/messages";
import { ChatPromptTemplate } from "@langchain/core/prompts";
import { RunnableLambda } from "@langchain/core/runnables";
import { tool } from "@langchain/core/tools";
import { ChatOpenAI } from "@langchain/openai";
import OpenAI from "openai";
import { beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { ANSWER, EVENTS, READ_USAGE, SAID } from "./openai.ts";
import {
  expectAsLongAsItsStream,
  FIRST_PART,
  onBoth,
  sendEvents,
  sendJson,
  stub,
  type Work,
  withServer,
} from "./support.ts";

const CALL = "ChatOpenAI";

beforeAll(() => new LangChainInstrumentation().manuallyInstrument(callbackManager));

describe("a chain", () => {
  const ask = (work: Work) =>
    withModel(work, (model) => {
      const getWeather = weatherTool(work);
      const use = RunnableLambda.from(async ({ tool_calls = [] }: AIMessage, config) => {
        const [call] = tool_calls;
        return call && getWeather.invoke({ ...call, type: "tool_call" }, config);
      });
      const prompt = ChatPromptTemplate.fromMessages([
        ["system", "You are a weather bot."],
        ["user", "{question}"],
      ]);
      return prompt
        .pipe(model.bindTools([getWeather]))
        .pipe(use)
        .invoke({ question: "Weather?" });
    });

  it("a tree of runs below our span; the instrumentation makes none active for what runs in them", async () => {
    expect((await onBoth(ask)).tree).toEqual({
      turn: "-",
      RunnableSequence: "turn",
      ChatPromptTemplate: "RunnableSequence",
      [CALL]: "RunnableSequence",
      RunnableLambda: "RunnableSequence",
      get_weather: "RunnableLambda",
      fetch: "turn",
      "look up": "turn",
    });
  });

  it("says what was asked and answered, and what the tool did", async () => {
    const { readings, row } = await onBoth(ask);
    expect(readings(CALL)).toEqual([
      {
        ...{ ...OF_CALLS, title: "Weather?", systemPrompt: "You are a weather bot." },
        inputMessages: [{ role: "user", parts: [{ type: "text", text: "Weather?" }] }],
        outputMessages: [{ role: "assistant", parts: SAID }],
        ...{ input: "Weather?", output: SAID, finishReason: "tool_calls", usage: READ_USAGE },
        tools: [
          {
            name: "get_weather",
            description: "The weather",
            schema: expect.objectContaining({ type: "object" }),
          },
        ],
      },
    ]);
    // Of arguments that are one text, the instrumentation writes that alone.
    expect(readings("get_weather")).toEqual([
      {
        ...{
          vocabulary: "openinference",
          kind: "tool-call",
          input: "Amsterdam",
          output: "Sunny in Amsterdam",
        },
        tool: { name: "get_weather", callId: "t2", arguments: "Amsterdam", result: "Sunny in Amsterdam" },
      },
    ]);
    expect(readings("RunnableSequence")).toMatchObject([
      { kind: "chain", title: "Weather?", input: "Weather?", output: "Sunny in Amsterdam" },
    ]);
    expect(row).toMatchObject({
      ...{ title: "Weather?", modelCalls: 1, toolCalls: 1, inputTokens: 1240, outputTokens: 30 },
      ...{ models: ["gpt-4o"], tools: ["get_weather"] },
    });
  });
});

describe("a streaming call", () => {
  const ask = (work: Work) =>
    withModel(work, async (model) => {
      for await (const { content } of await model.stream(CONVERSATION))
        if (content === "Let me ") await work.useFirstPart();
    });

  it("lasts as long as its stream", async () => {
    const outcome = await onBoth(ask);
    expectAsLongAsItsStream(outcome, CALL);
    expect(outcome.tree).toEqual({ turn: "-", [CALL]: "turn", fetch: "turn", [FIRST_PART]: "turn" });
  });

  it("says what came in it, and all that was said before", async () => {
    const { readings } = await onBoth(ask);
    const results = [{ type: "tool-result", id: "t1", result: "no clock", isError: true }];
    expect(readings(CALL)).toEqual([
      {
        ...{ ...OF_CALLS, title: "What is the weather here?", systemPrompt: "You are a weather bot." },
        inputMessages: [
          {
            role: "user",
            parts: [
              { type: "text", text: "What is the weather here?" },
              { type: "image", mediaType: "image/png", data: "AQI=" },
            ],
          },
          {
            role: "assistant",
            parts: [{ type: "tool-call", id: "t1", name: "get_time", arguments: { zone: "CET" } }],
          },
          { role: "tool", parts: results },
        ],
        outputMessages: [{ role: "assistant", parts: SAID }],
        ...{ input: results, output: SAID, finishReason: "tool_calls", usage: READ_USAGE },
      },
    ]);
  });
});

describe("a call of an instrumented client", () => {
  const OF_CLIENT = "OpenAI Chat Completions";
  beforeAll(() => new OpenAIInstrumentation().manuallyInstrument(OpenAI));

  it("is there twice, side by side, says the same, and counts once", async () => {
    const outcome = await onBoth((work) => withModel(work, (model) => model.invoke(CONVERSATION)));
    expect(outcome.tree).toEqual({ turn: "-", [CALL]: "turn", [OF_CLIENT]: "turn", fetch: OF_CLIENT });
    const [byLangChain] = outcome.readings(CALL);
    const same = { model: "gpt-4o", provider: "openai", finishReason: "tool_calls", usage: READ_USAGE };
    expect(byLangChain).toMatchObject(same);
    expect(outcome.readings(OF_CLIENT)).toMatchObject([same]);
    const { input, output } = READ_USAGE;
    expect(outcome.row).toMatchObject({ modelCalls: 1, inputTokens: input, outputTokens: output });
  });
});

/** A turn with a model that calls a tool. */
async function withModel(work: Work, use: (model: ChatOpenAI) => Promise<unknown>): Promise<void> {
  const server = stub(({ stream }, response) =>
    stream === true ? sendEvents(response, EVENTS, work.used) : sendJson(response, ANSWER),
  );
  const traced: typeof fetch = (input, init) => work.span("fetch", () => fetch(input, init));
  await withServer(server, (baseURL) =>
    work.span("turn", async () => {
      const configuration = { baseURL, fetch: traced };
      await use(new ChatOpenAI({ model: "gpt-4o", apiKey: "none", maxRetries: 0, configuration }));
      // LangChain tells instrumentations in the background.
      await awaitAllCallbacks();
    }),
  );
}

function weatherTool(work: Work) {
  const schema = z.object({ city: z.string() });
  return tool(({ city }: z.infer<typeof schema>) => work.span("look up", async () => `Sunny in ${city}`), {
    ...{ name: "get_weather", description: "The weather", schema },
  });
}

const OF_CALLS = { vocabulary: "openinference", kind: "model-call", model: "gpt-4o", provider: "openai" };
const CONVERSATION = [
  new SystemMessage("You are a weather bot."),
  new HumanMessage({
    content: [
      { type: "text", text: "What is the weather here?" },
      { type: "image_url", image_url: { url: "data:image/png;base64,AQI=" } },
    ],
  }),
  new AIMessage({ content: "", tool_calls: [{ id: "t1", name: "get_time", args: { zone: "CET" } }] }),
  new ToolMessage({ tool_call_id: "t1", content: "no clock", status: "error" }),
];
