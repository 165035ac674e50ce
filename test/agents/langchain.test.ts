// tracelight/langchain with LangChain's and LangGraph's own packages, against a server that speaks a provider's wire.

import { registerConfigureHook, setContextVariable } from "@langchain/core/context";
import { Document } from "@langchain/core/documents";
import type { BaseMessage } from "@langchain/core/messages";
import { ChatPromptTemplate } from "@langchain/core/prompts";
import { BaseRetriever } from "@langchain/core/retrievers";
import { tool } from "@langchain/core/tools";
import {
  Annotation,
  Command,
  END,
  interrupt,
  MemorySaver,
  MessagesAnnotation,
  START,
  StateGraph,
} from "@langchain/langgraph";
import { ToolNode } from "@langchain/langgraph/prebuilt";
import { ChatOpenAI } from "@langchain/openai";
import { InMemoryTracer } from "tracelight";
import { readSpan } from "tracelight/conventions";
import { langChain } from "tracelight/langchain";
import { expect, it } from "vitest";
import { z } from "zod";
import {
  begun,
  calls,
  errorPart,
  failed,
  goesOn,
  type ModelStub,
  modelStub,
  streamed,
  whole,
} from "./model-stub.ts";
import { failure, tree } from "./tree.ts";

const model = (stub: ModelStub, also: object = {}) =>
  new ChatOpenAI({
    model: "gpt-x",
    apiKey: "sk-secret",
    maxRetries: 0,
    configuration: { baseURL: stub.url },
    ...also,
  });

const weather = tool(
  async ({ city }: { city: string }) => {
    if (city === "Atlantis") throw new Error("No such city.");
    return JSON.stringify({ city, temperature: 20 });
  },
  { name: "weather", description: "The weather of a city", schema: z.object({ city: z.string() }) },
);

/** An agent as LangGraph's guides build one. */
function agent(stub: ModelStub) {
  const llm = model(stub).bindTools([weather]);
  return new StateGraph(MessagesAnnotation)
    .addNode("agent", async ({ messages }) => ({ messages: [await llm.invoke(messages)] }))
    .addNode("tools", new ToolNode([weather]))
    .addEdge(START, "agent")
    .addConditionalEdges("agent", ({ messages }) => (callsIn(messages.at(-1)) > 0 ? "tools" : END))
    .addEdge("tools", "agent")
    .compile({ checkpointer: new MemorySaver() });
}

function callsIn(message: BaseMessage | undefined): number {
  const made: unknown = message === undefined ? undefined : Reflect.get(message, "tool_calls");
  return Array.isArray(made) ? made.length : 0;
}

it("a graph's turn: nodes, calls of models, tools at once and one that fails", async () => {
  const replies = () => [
    whole({ content: "I'll look.", tool_calls: calls("Paris", "Atlantis") }, "tool_calls"),
    whole({ content: "It is sunny." }),
  ];
  const stub = await modelStub(...replies());
  const tracer = new InMemoryTracer();
  const handler = langChain(tracer);
  const input = { messages: [{ role: "user", content: "How is the weather?" }] };
  const config = { configurable: { thread_id: "t1" } };
  // Given twice, it is told once.
  const state = await agent(stub).invoke(input, { ...config, callbacks: [handler, handler] });
  expect(state.messages.at(-1)?.content).toBe("It is sunny.");
  const spans = tracer.getTraces();
  expect(tree(spans)).toEqual([
    "turn LangGraph",
    ...["  chain agent", "    model-call chat gpt-x", "    chain RunnableLambda"],
    ...["  chain tools", "    tool-call weather", "    tool-call weather ERROR No such city."],
    ...["  chain agent", "    model-call chat gpt-x", "    chain RunnableLambda"],
  ]);
  expect(JSON.stringify(spans)).not.toContain("sk-secret");
  const [turn, , first, , , tool, , , last] = spans.map(readSpan);
  expect(turn).toMatchObject({ input: "How is the weather?", output: "It is sunny.", conversation: "t1" });
  expect(first?.usage).toEqual({ input: 20, output: 5, cachedRead: 8, reasoning: 2 });
  expect(first?.provider).toBe("openai");
  expect(first?.tools).toMatchObject([{ name: "weather" }]);
  expect(first?.outputMessages[0]?.parts).toMatchObject([
    { type: "text", text: "I'll look." },
    { type: "tool-call", id: "call-Paris", name: "weather", arguments: { city: "Paris" } },
    { type: "tool-call", id: "call-Atlantis" },
  ]);
  expect(first).toMatchObject({ model: "gpt-x", finishReason: "tool_calls", conversation: "t1" });
  expect([tool?.tool?.callId, tool?.tool?.arguments, tool?.tool?.result]).toEqual([
    ...["call-Paris", { city: "Paris" }, { city: "Paris", temperature: 20 }],
  ]);
  expect(last?.inputMessages.map(({ role }) => role)).toEqual(["user", "assistant", "tool", "tool"]);
  const plain = await modelStub(...replies());
  await agent(plain).invoke(input, config);
  expect(stub.asked).toEqual(plain.asked);
});

it("a chain, its retriever and a stream that is read through", async () => {
  class Found extends BaseRetriever {
    lc_namespace = ["test"];
    override async _getRelevantDocuments(): Promise<Document[]> {
      return [new Document({ pageContent: "It is always sunny.", metadata: { source: "a" } })];
    }
  }
  const stub = await modelStub(streamed([{ content: "It is " }, { content: "sunny." }]));
  const tracer = new InMemoryTracer();
  await tracer.trace("handle", async () => {
    const callbacks = [langChain(tracer)];
    await new Found().invoke("weather", { callbacks });
    const chain = ChatPromptTemplate.fromTemplate("How is {what}?").pipe(model(stub, { streamUsage: true }));
    let text = "";
    for await (const part of await chain.stream({ what: "the weather" }, { callbacks })) text += part.text;
    expect(text).toBe("It is sunny.");
  });
  const spans = tracer.getTraces();
  expect(tree(spans)).toEqual([
    ...["other handle", "  retrieval Found", "  turn RunnableSequence"],
    ...["    chain ChatPromptTemplate", "    model-call chat gpt-x"],
  ]);
  const [, retrieval, , , call] = spans.map(readSpan);
  const found = { pageContent: "It is always sunny.", metadata: { source: "a" } };
  expect([retrieval?.input, retrieval?.output]).toEqual(["weather", [found]]);
  expect([call?.output, call?.usage?.input, call?.finishReason]).toEqual(["It is sunny.", 20, "stop"]);
  expect(call?.inputMessages).toEqual([
    { role: "user", parts: [{ type: "text", text: "How is the weather?" }] },
  ]);
  expect(call?.timeToFirstTokenMs).toBeGreaterThan(0);
});

it("500, 429 and retry, an answer that is none, errors underway, aborts before and during", async () => {
  const stub = await modelStub(failed(500), failed(429), (response) => response.end("none"));
  stub.replies.push(begun([{ content: "It" }], errorPart), begun([{ content: "It" }]));
  const tracer = new InMemoryTracer();
  const callbacks = [langChain(tracer)];
  const invoke = (also: object, options: object = {}) =>
    model(stub, also)
      .invoke("Hi", { callbacks, ...options })
      .catch(failure);
  expect(await invoke({})).toContain("500");
  await invoke({});
  await invoke({});
  await invoke({}, { signal: AbortSignal.abort() });
  const read = async (signal?: AbortController) => {
    const options = signal === undefined ? { callbacks } : { callbacks, signal: signal.signal };
    for await (const part of await model(stub).stream("Hi", options)) if (part.text !== "") signal?.abort();
  };
  await read().catch(failure);
  await read(new AbortController()).catch(failure);
  await collected(tracer);
  const ended = tracer.getTraces().map((span) => [span.spanStatus, readSpan(span).aborted]);
  const [error, well, aborted] = [
    ["ERROR", false],
    ["UNSET", false],
    ["UNSET", true],
  ];
  // What is no answer is an empty one for LangChain.
  expect(ended).toEqual([error, error, well, aborted, error, aborted]);
  expect(tracer.openSpans()).toEqual([]);
});

it("a stream that is left ends its spans, with what there was", async () => {
  const stub = await modelStub(
    begun([{ content: "It is " }, { content: "sun" }], goesOn),
    begun([{ content: "It is " }]),
  );
  const tracer = new InMemoryTracer();
  const callbacks = [langChain(tracer)];
  await (async () => {
    for await (const part of await model(stub).stream("Hi", { callbacks })) if (part.text === "sun") break;
    await model(stub).stream("Hi", { callbacks });
  })();
  await collected(tracer);
  const readings = tracer.getTraces().map(readSpan);
  expect(readings.map(({ aborted }) => aborted)).toEqual([true, true]);
  // LangChain tells of a part when it is asked for the next one, which it does on leaving from Node 24 on.
  expect(readings[0]?.output).toMatch(/^It is (sun)?$/);
});

it("what waits for a person is no error", async () => {
  const State = Annotation.Root({ answer: Annotation<string> });
  const graph = new StateGraph(State)
    .addNode("ask", () => ({ answer: interrupt<string, string>("May I?") }))
    .addEdge(START, "ask")
    .addEdge("ask", END)
    .compile({ checkpointer: new MemorySaver() });
  const tracer = new InMemoryTracer();
  const config = { configurable: { thread_id: "t2" }, callbacks: [langChain(tracer)] };
  await graph.invoke({ answer: "" }, config);
  await graph.invoke(new Command({ resume: "Yes." }), config);
  expect(tree(tracer.getTraces())).toEqual([
    "turn LangGraph",
    "  chain ask",
    "turn LangGraph",
    "  chain ask",
  ]);
  expect(tracer.openSpans()).toEqual([]);
});

it("all runs, by LangChain's configure hook; nothing of what was said where only metadata is wanted", async () => {
  const stub = await modelStub(whole({ content: "Hello." }));
  const tracer = new InMemoryTracer();
  setContextVariable("tracelight", langChain(tracer, { capture: "metadata" }));
  registerConfigureHook({ contextVar: "tracelight" });
  await model(stub).invoke("secret words");
  setContextVariable("tracelight", undefined);
  expect(tree(tracer.getTraces())).toEqual(["model-call chat gpt-x"]);
  expect(JSON.stringify(tracer.getTraces())).not.toMatch(/secret|Hello/);
});

it("keeps no signature of a URL and no key of a tool's settings", async () => {
  const stub = await modelStub(whole({ content: "A cat." }));
  const tracer = new InMemoryTracer();
  const url = "https://images.example.com/cat.png?X-Amz-Signature=0123456789abcdef";
  const content = [{ type: "image_url", image_url: { url } }];
  const tools = [{ type: "mcp", server_url: "https://tools.example.com", authorization: "very-secret" }];
  const handler = langChain(tracer);
  await model(stub).invoke([{ role: "user", content }], { callbacks: [handler] });
  // As LangChain tells of a model that has such a tool.
  handler.handleChatModelStart({}, [[]], "run", undefined, { invocation_params: { model: "gpt-x", tools } });
  handler.handleLLMEnd({}, "run");
  const kept = JSON.stringify(tracer.getTraces());
  expect(kept).toContain("cat.png?[redacted]");
  expect(kept).not.toMatch(/0123456789abcdef|very-secret/);
});

it("names at once what it does not know", () => {
  expect(() => langChain(Object({}))).toThrow(expect.objectContaining({ code: "INVALID_OPTION" }));
  expect(() => langChain(new InMemoryTracer(), Object({ content: 1 }))).toThrow('Unknown option "content"');
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
