// What `ai` 7 tells on its diagnostics channel, where `registerTracer` is on and nothing else: against a server that speaks a provider's wire.
import { trace } from "@opentelemetry/api";
import { createOpenAI } from "ai-sdk-openai4";
import * as ai from "ai7";
import { InMemoryTracer } from "tracelight";
import { aiSdk } from "tracelight/ai-sdk";
import { readSpan } from "tracelight/conventions";
import { registerTracer } from "tracelight/otel";
import { expect, it, onTestFinished } from "vitest";
import { z } from "zod";
import { begun, calls, errorPart, failed, modelStub, type Reply, streamed, whole } from "./model-stub.ts";
import { failure, tree } from "./tree.ts";

/** A tracer that is registered until the test is over. */
function registered(): InMemoryTracer {
  const tracer = new InMemoryTracer();
  const undo = registerTracer(tracer);
  onTestFinished(() => {
    undo();
    Reflect.deleteProperty(globalThis, "AI_SDK_TELEMETRY_INTEGRATIONS");
  });
  return tracer;
}

async function asked(...replies: Reply[]) {
  const stub = await modelStub(...replies);
  const { chat } = createOpenAI({ baseURL: stub.url, apiKey: "sk-secret" });
  return { model: chat("gpt-x"), prompt: "How is the weather?", maxRetries: 0, onError: () => undefined };
}

const weather = (tracer: InMemoryTracer) =>
  ai.tool({
    description: "The weather of a city",
    inputSchema: z.object({ city: z.string() }),
    execute: async ({ city }) => {
      await tracer.trace("look", () => undefined);
      if (city === "Atlantis") throw new Error("No such city.");
      return { city, temperature: 20 };
    },
  });

const TURN = ["turn generateText", "  model-call chat gpt-x"];

it("a turn with tools at once, one that fails, and what they do", async () => {
  const tracer = registered();
  const about = await asked(
    whole({ content: "I'll look.", tool_calls: calls("Paris", "Atlantis") }, "tool_calls"),
    whole({ content: "It is sunny." }),
  );
  const { text } = await tracer.trace("request", { attributes: { "ai.conversation.id": "c1" } }, () =>
    ai.generateText({ ...about, tools: { weather: weather(tracer) }, stopWhen: ai.isStepCount(5) }),
  );
  expect(text).toBe("It is sunny.");
  const spans = tracer.getTraces();
  expect(tree(spans)).toEqual([
    ...["other request", "  turn generateText", "    model-call chat gpt-x"],
    ...["    tool-call weather", "      other look"],
    ...["    tool-call weather ERROR No such city.", "      other look", "    model-call chat gpt-x"],
  ]);
  expect(JSON.stringify(spans)).not.toContain("sk-secret");
  const [, turn, first, tool] = spans.map(readSpan);
  expect(turn).toMatchObject({ input: "How is the weather?", output: "It is sunny.", finishReason: "stop" });
  expect(first).toMatchObject({ model: "gpt-x", finishReason: "tool-calls" });
  expect(first?.usage).toMatchObject({ input: 20, output: 5, cachedRead: 8, reasoning: 2 });
  expect(first?.outputMessages[0]?.parts).toMatchObject([{ type: "text" }, { id: "call-Paris" }, {}]);
  expect([tool?.tool?.callId, tool?.tool?.result]).toEqual([
    "call-Paris",
    { city: "Paris", temperature: 20 },
  ]);
});

it("a streamed turn with a tool; one that is left; one that nobody reads", async () => {
  const tracer = registered();
  const about = await asked(
    streamed([{ tool_calls: calls("Paris") }], "tool_calls"),
    streamed([{ content: "It is " }, { content: "sunny." }]),
  );
  const result = ai.streamText({
    ...about,
    tools: { weather: weather(tracer) },
    stopWhen: ai.isStepCount(5),
  });
  let text = "";
  for await (const part of result.textStream) text += part;
  await result.steps;
  await collected(tracer);
  expect(text).toBe("It is sunny.");
  expect(tree(tracer.getTraces())).toEqual([
    ...["turn streamText", "  model-call chat gpt-x", "  tool-call weather", "    other look"],
    "  model-call chat gpt-x",
  ]);
  const readings = tracer.getTraces().map(readSpan);
  expect(readings[0]).toMatchObject({ output: "It is sunny.", finishReason: "stop" });
  expect(readings.at(-1)?.timeToFirstTokenMs).toBeGreaterThan(0);
  const left = await asked(
    streamed([{ content: "It is " }, { content: "sunny." }]),
    streamed([{ content: "It is " }]),
  );
  await (async () => {
    for await (const part of ai.streamText(left).textStream) if (part !== "") break;
    ai.streamText(left);
  })();
  await collected(tracer);
  expect(tracer.getTraces()).toHaveLength(readings.length + 4);
});

it("500, an error underway, aborts before and during", async () => {
  const tracer = registered();
  await ai.generateText(await asked(failed(500))).catch(failure);
  const read = async (reply: Reply, abortSignal?: AbortSignal) => {
    const about = await asked(reply);
    const { fullStream } = ai.streamText(abortSignal === undefined ? about : { ...about, abortSignal });
    for await (const part of fullStream) expect(part).toBeDefined();
  };
  await read(begun([{ content: "It" }], errorPart));
  await ai.generateText({ ...(await asked()), abortSignal: AbortSignal.abort() }).catch(failure);
  const during = new AbortController();
  await read(
    begun([{ content: "It" }], () => setImmediate(() => during.abort())),
    during.signal,
  );
  await collected(tracer);
  const turns = tracer.getTraces().filter((span) => readSpan(span).kind === "turn");
  expect(turns.map((span) => [span.spanStatus, readSpan(span).aborted])).toEqual([
    ...[
      ["ERROR", false],
      ["ERROR", false],
    ],
    ...[
      ["UNSET", true],
      ["UNSET", true],
    ],
  ]);
});

it("an embedding is one span, with its tokens", async () => {
  const tracer = registered();
  const data = [{ object: "embedding", index: 0, embedding: [0.25] }];
  const usage = { prompt_tokens: 3, total_tokens: 3 };
  const fetch = async () => Response.json({ object: "list", model: "e", data, usage });
  await ai.embed({ model: createOpenAI({ apiKey: "k", fetch }).embedding("e"), value: "words" });
  const [span, ...more] = tracer.getTraces();
  expect([span?.spanName, more]).toEqual(["embed e", []]);
  expect(span && readSpan(span)).toMatchObject({ kind: "embedding", usage: { input: 3 }, input: ["words"] });
});

it("no span is there twice: where aiSdk is given the same tracer, for all calls or for one", async () => {
  const tracer = registered();
  const generate = async (also: object = {}) =>
    ai.generateText({ ...(await asked(whole({ content: "Hello." }))), ...also });
  await generate({ telemetry: { integrations: aiSdk(tracer, { conversation: "c1" }) } });
  ai.registerTelemetry(aiSdk(tracer));
  await generate();
  for await (const part of ai.streamText(await asked(streamed([{ content: "Hi" }]))).textStream)
    expect(part).toBe("Hi");
  await collected(tracer);
  expect(tree(tracer.getTraces())).toEqual([...TURN, ...TURN, "turn streamText", "  model-call chat gpt-x"]);
  expect(tracer.getTraces().map((span) => readSpan(span).conversation)).toContain("c1");
});

it("nor where the SDK's own integration makes OpenTelemetry's spans", async () => {
  const tracer = registered();
  const spans = new Map<unknown, { end(): void }>();
  const id = (event: object) => Reflect.get(event, "callId");
  ai.registerTelemetry({
    onStart: (event) => void spans.set(id(event), trace.getTracer("gen_ai").startSpan("invoke_agent")),
    onEnd: (event) => spans.get(id(event))?.end(),
  });
  await ai.generateText(await asked(whole({ content: "Hello." })));
  for await (const part of ai.streamText(await asked(streamed([{ content: "Hi" }]))).textStream)
    expect(part).toBe("Hi");
  await collected(tracer);
  expect(tracer.getTraces().map(({ spanName }) => spanName)).toEqual(["invoke_agent", "invoke_agent"]);
});

it("nothing where the call says so, nor once the tracer is no more registered", async () => {
  const tracer = new InMemoryTracer();
  const undo = registerTracer(tracer);
  await ai.generateText({ ...(await asked(whole({ content: "1" }))), telemetry: { isEnabled: false } });
  const quiet = { recordInputs: false, recordOutputs: false };
  await ai.generateText({ ...(await asked(whole({ content: "secret" }))), telemetry: quiet });
  undo();
  await ai.generateText(await asked(whole({ content: "3" })));
  expect(tree(tracer.getTraces())).toEqual(TURN);
  expect(JSON.stringify(tracer.getTraces())).not.toMatch(/secret|weather/);
});

/** Until no span is open: what nobody holds any more is collected. */
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
