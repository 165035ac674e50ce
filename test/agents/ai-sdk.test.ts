// tracelight/ai-sdk with the Vercel AI SDK's own 5, 6 and 7, against a server that speaks a provider's wire.
import { createOpenAI as openAi5 } from "@ai-sdk/openai";
import * as ai5 from "ai";
import { createOpenAI as openAi6 } from "ai-sdk-openai3";
import { createOpenAI as openAi7 } from "ai-sdk-openai4";
import * as ai6 from "ai6";
import * as ai7 from "ai7";
import { InMemoryTracer } from "tracelight";
import { aiSdk } from "tracelight/ai-sdk";
import { readSpan } from "tracelight/conventions";
import { describe, expect, it, onTestFinished } from "vitest";
import { z } from "zod";
import { begun, calls, errorPart, failed, type ModelStub, modelStub, streamed, whole } from "./model-stub.ts";
import { failure, tree } from "./tree.ts";

/** What the tests use of the three versions, whose types do not know of one another. */
interface Sdk {
  tool(given: object): object;
  generateText(options: object): Promise<{ readonly text: string }>;
  generateObject(options: object): Promise<{ readonly object: unknown }>;
  streamText(options: object): {
    readonly textStream: AsyncIterable<string>;
    readonly fullStream: AsyncIterable<{ readonly type: string }>;
    readonly steps: PromiseLike<unknown>;
  };
}

const sdk = (module: object): Sdk => Object.assign(Object.create(null), module);

const SDKS = {
  5: { ai: sdk(ai5), openAi: openAi5, stopWhen: ai5.stepCountIs(5) },
  6: { ai: sdk(ai6), openAi: openAi6, stopWhen: ai6.stepCountIs(5) },
  7: { ai: sdk(ai7), openAi: openAi7, stopWhen: ai7.isStepCount(5) },
};

/** The options that the three versions share; their types do not know of one another. */
function asked(version: 5 | 6 | 7, stub: ModelStub, tracer: InMemoryTracer | undefined, also = {}): object {
  const { ai, openAi, stopWhen } = SDKS[version];
  const weather = ai.tool({
    description: "The weather of a city",
    inputSchema: z.object({ city: z.string() }),
    execute: async ({ city }: { city: string }) => {
      if (city === "Atlantis") throw new Error("No such city.");
      return { city, temperature: 20 };
    },
  });
  const telemetry = tracer && aiSdk(tracer, { conversation: "c1", user: "ada" });
  return {
    model: openAi({ baseURL: stub.url, apiKey: "sk-secret" }).chat("gpt-x"),
    prompt: "How is the weather?",
    tools: { weather },
    stopWhen,
    headers: { "x-secret": "sk-secret" },
    ...(version === 7
      ? { telemetry: { integrations: telemetry ?? [] } }
      : { experimental_telemetry: telemetry }),
    onError: () => undefined,
    ...also,
  };
}

describe("a thought in a whole answer", () => {
  const content = [
    { type: "reasoning", text: "They ask of Paris." },
    { type: "text", text: "It is sunny." },
  ];
  const doGenerate = async () => ({
    ...{ content, finishReason: "stop", warnings: [] },
    usage: { inputTokens: 20, outputTokens: 9, totalTokens: 29, reasoningTokens: 4, cachedInputTokens: 8 },
  });
  const model = { specificationVersion: "v2", provider: "own", modelId: "m", supportedUrls: {}, doGenerate };

  // Of `ai` 5, whose telemetry does not tell it.
  it("is kept, and is not where the app wants no answers kept", async () => {
    for (const recordOutputs of [true, false]) {
      const tracer = new InMemoryTracer();
      const experimental_telemetry = { ...aiSdk(tracer), recordOutputs };
      await SDKS[5].ai.generateText({ model, prompt: "Weather?", experimental_telemetry });
      const call = tracer
        .getTraces()
        .map(readSpan)
        .find(({ kind }) => kind === "model-call");
      expect(call?.outputMessages.flatMap(({ parts }) => parts)).toEqual(recordOutputs ? content : []);
      expect(call?.usage).toMatchObject({ input: 20, output: 9, reasoning: 4, cachedRead: 8 });
    }
  });
});

describe.each([5, 6, 7] as const)("ai %i", (version) => {
  const { ai } = SDKS[version];

  it("a turn with tools, some at once and one that fails", async () => {
    const replies = () => [
      whole({ content: "I'll look.", tool_calls: calls("Paris", "Atlantis") }, "tool_calls"),
      whole({ content: "It is sunny." }),
    ];
    const stub = await modelStub(...replies());
    const tracer = new InMemoryTracer();
    const { text } = await ai.generateText(asked(version, stub, tracer));
    expect(text).toBe("It is sunny.");
    const spans = tracer.getTraces();
    expect(tree(spans)).toEqual([
      "turn generateText",
      ...[
        "  model-call chat gpt-x",
        "  tool-call weather",
        "  tool-call weather ERROR No such city.",
        "  model-call chat gpt-x",
      ],
    ]);
    expect(JSON.stringify(spans)).not.toContain("sk-secret");
    const [turn, first, tool, , last] = spans.map(readSpan);
    expect(turn).toMatchObject({
      conversation: "c1",
      user: "ada",
      input: "How is the weather?",
      output: "It is sunny.",
    });
    expect(first?.usage).toMatchObject({
      input: 20,
      output: 5,
      ...(version === 5 ? {} : { cachedRead: 8, reasoning: 2 }),
    });
    expect(first?.tools).toMatchObject([{ name: "weather", description: "The weather of a city" }]);
    expect(first?.outputMessages[0]?.parts).toMatchObject([
      { type: "text", text: "I'll look." },
      { type: "tool-call", id: "call-Paris", name: "weather", arguments: { city: "Paris" } },
      { type: "tool-call", id: "call-Atlantis" },
    ]);
    expect(first).toMatchObject({ model: "gpt-x", finishReason: "tool-calls", conversation: "c1" });
    expect(first?.provider).toMatch(/^openai/);
    expect({ ...tool?.tool }).toMatchObject({ name: "weather" });
    expect([tool?.tool?.callId, tool?.tool?.arguments, tool?.tool?.result]).toEqual([
      ...["call-Paris", { city: "Paris" }, { city: "Paris", temperature: 20 }],
    ]);
    expect(last?.inputMessages.map(({ role }) => role)).toEqual(["user", "assistant", "tool"]);
    const plain = await modelStub(...replies());
    await ai.generateText(asked(version, plain, undefined));
    expect(stub.asked).toEqual(plain.asked);
  });

  it("a streamed turn with tools", async () => {
    const stub = await modelStub(
      streamed([{ tool_calls: calls("Paris") }], "tool_calls"),
      streamed([{ content: "It is " }, { content: "sunny." }]),
    );
    const tracer = new InMemoryTracer();
    const result = ai.streamText(asked(version, stub, tracer));
    let text = "";
    for await (const part of result.textStream) text += part;
    expect(text).toBe("It is sunny.");
    await result.steps;
    await settled(tracer);
    const spans = tracer.getTraces();
    expect(tree(spans)).toEqual([
      "turn streamText",
      ...["  model-call chat gpt-x", "  tool-call weather", "  model-call chat gpt-x"],
    ]);
    const [turn, first, , last] = spans.map(readSpan);
    expect(turn?.output).toBe("It is sunny.");
    expect(first?.outputMessages[0]?.parts).toMatchObject([
      { type: "tool-call", arguments: { city: "Paris" } },
    ]);
    expect(last).toMatchObject({
      output: "It is sunny.",
      finishReason: "stop",
      usage: { input: 20, output: 5 },
    });
    expect(last?.timeToFirstTokenMs).toBeGreaterThan(0);
  });

  it("structured output, after 429 and retry", async () => {
    const stub = await modelStub(failed(429), whole({ content: '{"city":"Paris"}' }));
    const tracer = new InMemoryTracer();
    const schema = z.object({ city: z.string() });
    const { object } = await ai.generateObject(asked(version, stub, tracer, { schema, tools: undefined }));
    expect(object).toEqual({ city: "Paris" });
    const readings = tracer.getTraces().map(readSpan);
    expect(readings[0]).toMatchObject({ kind: "turn", output: { city: "Paris" } });
    expect(readings.at(-1)).toMatchObject({ kind: "model-call", usage: { input: 20 } });
    expect(tracer.openSpans()).toEqual([]);
  });

  it("500, an answer that is none, and aborts before and during", async () => {
    const stub = await modelStub(failed(500), (response) => response.end("none"), begun([{ content: "It" }]));
    const tracer = new InMemoryTracer();
    const go = (also: object) =>
      ai.generateText(asked(version, stub, tracer, { maxRetries: 0, ...also })).catch(failure);
    expect(await go({})).toContain("500");
    await go({});
    await go({ abortSignal: AbortSignal.abort() });
    await (async () => {
      const abort = new AbortController();
      const during = ai.streamText(asked(version, stub, tracer, { abortSignal: abort.signal }));
      for await (const part of during.fullStream) if (part.type === "text-delta") abort.abort();
    })();
    await collected(tracer);
    const turns = tracer.getTraces().filter((span) => readSpan(span).kind === "turn");
    expect(turns.map((span) => [span.spanStatus, readSpan(span).aborted])).toEqual([
      ...[
        ["ERROR", false],
        ["ERROR", false],
        ["UNSET", true],
        ["UNSET", true],
      ],
    ]);
    expect(tracer.openSpans()).toEqual([]);
  });

  it("an error that comes as a part of the stream is an error", async () => {
    const stub = await modelStub(begun([{ content: "It" }], errorPart));
    const tracer = new InMemoryTracer();
    const result = ai.streamText(asked(version, stub, tracer));
    for await (const part of result.fullStream) expect(part).toBeDefined();
    await settled(tracer);
    expect(tracer.getTraces().map(({ spanStatus }) => spanStatus)).toEqual(["ERROR", "ERROR"]);
  });

  it("a stream that is left, and one that is never read, end their spans", async () => {
    const stub = await modelStub(
      ...[streamed([{ content: "It is " }, { content: "sunny." }]), streamed([{ content: "It is " }])],
    );
    const tracer = new InMemoryTracer();
    await (async () => {
      const left = ai.streamText(asked(version, stub, tracer));
      for await (const part of left.textStream) if (part !== "") break;
      ai.streamText(asked(version, stub, tracer));
    })();
    await collected(tracer);
    const spans = tracer.getTraces();
    expect(spans).toHaveLength(4);
    expect(spans.map(({ state }) => state)).toEqual(Array(4).fill("ended"));
  });
});

it("is of the types that each version takes, and is told of all calls of 7 once it is registered", async () => {
  const tracer = new InMemoryTracer();
  const of5: Parameters<typeof ai5.embed>[0]["experimental_telemetry"] = aiSdk(tracer);
  const of6: Parameters<typeof ai6.embed>[0]["experimental_telemetry"] = aiSdk(tracer);
  expect([of5?.isEnabled, of6?.isEnabled]).toEqual([true, true]);
  ai7.registerTelemetry(aiSdk(tracer, { capture: "metadata" }));
  onTestFinished(() => void Reflect.deleteProperty(globalThis, "AI_SDK_TELEMETRY_INTEGRATIONS"));
  const stub = await modelStub(whole({ content: "Hello." }));
  await ai7.generateText({
    model: openAi7({ baseURL: stub.url, apiKey: "k" }).chat("gpt-x"),
    prompt: "secret words",
  });
  expect(tree(tracer.getTraces())).toEqual(["turn generateText", "  model-call chat gpt-x"]);
  expect(JSON.stringify(tracer.getTraces())).not.toMatch(/secret|Hello/);
});

it("an embedding is one, with its tokens", async () => {
  const tracer = new InMemoryTracer();
  const embedding = [0.25, 0.5];
  const body = {
    object: "list",
    model: "e",
    data: [{ object: "embedding", index: 0, embedding }],
    usage: { prompt_tokens: 3, total_tokens: 3 },
  };
  const fetch = async () => Response.json(body);
  const settings = { apiKey: "k", fetch };
  const about = { value: "words", experimental_telemetry: aiSdk(tracer) };
  await ai5.embed({ model: openAi5(settings).embedding("e"), ...about });
  await ai6.embed({ model: openAi6(settings).embedding("e"), ...about });
  await ai7.embed({
    model: openAi7(settings).embedding("e"),
    value: "words",
    telemetry: { integrations: aiSdk(tracer) },
  });
  expect(tree(tracer.getTraces())).toEqual(Array(3).fill(["other embed", "  embedding embed e"]).flat());
  const readings = tracer.getTraces({ spanName: "embed e" }).map(readSpan);
  expect(readings.map(({ model, usage, input }) => ({ model, usage, input }))).toEqual(
    Array(3).fill({ model: "e", usage: { input: 3 }, input: ["words"] }),
  );
});

it("names at once what it does not know", () => {
  const tracer = new InMemoryTracer();
  expect(() => aiSdk(Object({}))).toThrow(expect.objectContaining({ code: "INVALID_OPTION" }));
  expect(() => aiSdk(tracer, Object({ conversationId: "c1" }))).toThrow(
    expect.objectContaining({ code: "INVALID_OPTION" }),
  );
});

/** Until no span is open: the SDK's last words come a little after the stream's end. */
async function settled(tracer: InMemoryTracer): Promise<void> {
  while (tracer.openSpans().length > 0) await new Promise((resolve) => setTimeout(resolve, 5));
}

/** The same, with what nobody holds any more collected. */
async function collected(tracer: InMemoryTracer): Promise<void> {
  const { setFlagsFromString } = await import("node:v8");
  const { runInNewContext } = await import("node:vm");
  setFlagsFromString("--expose-gc");
  const collect: unknown = runInNewContext("gc");
  while (tracer.openSpans().length > 0) {
    if (typeof collect === "function") collect();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
