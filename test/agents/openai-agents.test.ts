// tracelight/openai-agents with OpenAI's own Agents SDK, against servers that speak the provider's wires.
import {
  Agent,
  addTraceProcessor,
  type Model,
  Runner,
  setTraceProcessors,
  setTracingDisabled,
  tool,
  withCustomSpan,
  withSpeechSpan,
  withTrace,
  withTranscriptionSpan,
} from "@openai/agents-core";
import { OpenAIProvider } from "@openai/agents-openai";
import { InMemoryTracer } from "tracelight";
import { readSpan } from "tracelight/conventions";
import { openAiAgents } from "tracelight/openai-agents";
import { afterEach, beforeEach, expect, it, onTestFinished } from "vitest";
import { z } from "zod";
import { essence, FIRST, LAST, QUESTION, READINGS, RESULTS, SYSTEM } from "./conversation.ts";
import { begun, calls, errorPart, failed, goesOn, modelStub, type Reply, whole } from "./model-stub.ts";
import { type Scenario, StubServer } from "./server.ts";
import { failure, tree } from "./tree.ts";

// The SDK traces nothing where NODE_ENV is "test".
beforeEach(() => setTracingDisabled(false));
afterEach(() => {
  setTraceProcessors([]);
  setTracingDisabled(true);
});

/** A tracer that is told of all that the SDK does until the test is over. */
function traced(options: Parameters<typeof openAiAgents>[1] = {}): InMemoryTracer {
  const tracer = new InMemoryTracer();
  setTraceProcessors([openAiAgents(tracer, options)]);
  return tracer;
}

const modelAt = (baseURL: string, useResponses: boolean) =>
  new OpenAIProvider({ baseURL, apiKey: "sk-secret", useResponses }).getModel("gpt-x");

async function chatModel(...replies: Reply[]): Promise<Model> {
  return modelAt((await modelStub(...replies)).url, false);
}

const weatherTool = (look: (city: string) => unknown) =>
  tool({
    name: "weather",
    description: "The weather of a city",
    parameters: z.object({ city: z.string() }),
    execute: async ({ city }) => look(city),
  });

const forecaster = (model: Model, look: (city: string) => unknown = (city) => ({ city, temperature: 20 })) =>
  new Agent({ name: "Forecaster", instructions: "You know the weather.", tools: [weatherTool(look)], model });

const looksUp = (...cities: string[]) =>
  whole({ content: "I'll look.", tool_calls: calls(...cities) }, "tool_calls");

it("a turn with tools at once, one that fails, and what they do themselves", async () => {
  const replies = () => [looksUp("Paris", "Atlantis"), whole({ content: "It is sunny." })];
  const stub = await modelStub(...replies());
  const tracer = traced();
  const look = (city: string) =>
    tracer.trace(`look at ${city}`, async () => {
      await tracer.trace("map", () => undefined);
      if (city === "Atlantis") throw new Error("No such city.");
      return { city, temperature: 20 };
    });
  const runner = new Runner({ groupId: "c1", traceMetadata: { tenant: "acme" } });
  const ask = async (url: string) =>
    runner.run(forecaster(await modelAt(url, false), look), "How is the weather?");
  expect((await ask(stub.url)).finalOutput).toBe("It is sunny.");
  const spans = tracer.getTraces();
  expect(tree(spans)).toEqual([
    "turn Agent workflow",
    "  chain Forecaster",
    ...["    cycle cycle", "      model-call chat gpt-x"],
    ...["      tool-call weather", "        other look at Paris", "          other map"],
    "      tool-call weather ERROR Tool execution failed. Error details are redacted.",
    ...["        other look at Atlantis ERROR No such city.", "          other map"],
    ...["    cycle cycle", "      model-call chat gpt-x"],
  ]);
  expect(JSON.stringify(spans)).not.toContain("sk-secret");
  const readings = spans.map(readSpan);
  const [turn, , , first, paris] = readings;
  expect(turn).toMatchObject({ conversation: "c1", input: "How is the weather?", output: "It is sunny." });
  expect(spans[0]?.attributes["openai.trace.metadata.tenant"]).toBe("acme");
  expect(first).toMatchObject({ model: "gpt-x", finishReason: "tool_calls", agent: "Forecaster" });
  expect(first?.systemPrompt).toBe("You know the weather.");
  expect(first?.usage).toEqual({ input: 20, output: 5, cachedRead: 8, reasoning: 2 });
  expect(first?.outputMessages[0]?.parts).toMatchObject([
    { type: "text", text: "I'll look." },
    { type: "tool-call", id: "call-Paris", name: "weather", arguments: { city: "Paris" } },
    { type: "tool-call", id: "call-Atlantis" },
  ]);
  const calledTools = readings.flatMap(({ tool: used }) => (used === undefined ? [] : [used.callId]));
  expect(calledTools).toEqual(["call-Paris", "call-Atlantis"]);
  expect([paris?.tool?.arguments, paris?.tool?.result]).toEqual([
    { city: "Paris" },
    { city: "Paris", temperature: 20 },
  ]);
  expect(readings.at(-1)?.inputMessages.map(({ role }) => role)).toEqual([
    "user",
    "assistant",
    "tool",
    "tool",
  ]);
  setTraceProcessors([]);
  const plain = await modelStub(...replies());
  await ask(plain.url);
  expect(stub.asked).toEqual(plain.asked);
});

it("the same of the Responses API, whole and streamed", async () => {
  const server = await stubServer();
  const model = await modelAt(server.baseUrl("talk"), true);
  const parameters = z.object({ city: z.string() });
  const execute = async ({ city }: { city: string }) => RESULTS[city];
  const weather = tool({ name: "get_weather", description: "The weather of a city", parameters, execute });
  const agent = new Agent({ name: "Bot", instructions: SYSTEM, tools: [weather], model });
  const tracer = traced();
  for (const stream of [false, true]) {
    const runner = new Runner();
    const answer = stream ? await runner.run(agent, QUESTION, { stream }) : await runner.run(agent, QUESTION);
    if ("completed" in answer) for await (const event of answer) expect(event.type).not.toBe("");
    expect(answer.finalOutput).toBe(LAST.text);
  }
  await settled(tracer);
  const spans = tracer.getTraces();
  const turn = ["turn Agent workflow", "  chain Bot"];
  const first = [
    "    cycle cycle",
    "      model-call chat stub-1",
    ...Array(2).fill("      tool-call get_weather"),
  ];
  expect(tree(spans)).toEqual([
    ...[...turn, ...first, "    cycle cycle", "      model-call chat stub-1"],
    ...[...turn, ...first, "    cycle cycle", "      model-call chat stub-1"],
  ]);
  const called = spans.map(readSpan).filter(({ kind }) => kind === "model-call");
  expect(called.map(essence)).toEqual([...READINGS, ...READINGS]);
  expect(called.map(({ provider }) => provider)).toEqual(Array(4).fill("openai"));
  expect(spans.map(readSpan).flatMap(({ tool: used }) => used?.callId ?? [])).toEqual([
    ...["call_1", "call_2", "call_1", "call_2"],
  ]);
  expect(FIRST.tools?.map(({ id }) => id)).toEqual(["call_1", "call_2"]);
});

it("an agent that hands over, and one that is another's tool", async () => {
  const hand = whole({ tool_calls: [asked("transfer_to_Billing", {})] }, "tool_calls");
  const billing = new Agent({ name: "Billing", model: await chatModel(whole({ content: "Paid." })) });
  const triage = new Agent({ name: "Triage", handoffs: [billing], model: await chatModel(hand) });
  const tracer = traced();
  expect((await new Runner({ workflowName: "Support" }).run(triage, "My bill?")).finalOutput).toBe("Paid.");
  expect(tree(tracer.getTraces())).toEqual([
    "turn Support",
    ...["  chain Triage", "    cycle cycle", "      model-call chat gpt-x", "      tool-call handoff"],
    ...["  chain Billing", "    cycle cycle", "      model-call chat gpt-x"],
  ]);
  const [handoff] = tracer.getTraces({ spanName: "handoff" }).map(readSpan);
  expect([handoff?.tool?.name, handoff?.tool?.callId]).toEqual(["transfer_to_Billing", "call-1"]);
  expect([handoff?.tool?.arguments, handoff?.tool?.result]).toEqual([{ from: "Triage" }, { to: "Billing" }]);
  const other = traced();
  const expert = forecaster(await chatModel(looksUp("Paris"), whole({ content: "Sunny." })));
  const tools = [expert.asTool({ toolName: "expert", toolDescription: "Knows the weather" })];
  const call = whole({ tool_calls: [asked("expert", { input: "Paris?" })] }, "tool_calls");
  const model = await chatModel(call, whole({ content: "They say it is sunny." }));
  await new Runner().run(new Agent({ name: "Boss", tools, model }), "How is Paris?");
  expect(tree(other.getTraces())).toEqual([
    ...["turn Agent workflow", "  chain Boss", "    cycle cycle", "      model-call chat gpt-x"],
    ...["      tool-call expert", "        agent Forecaster", "          cycle cycle"],
    ...["            model-call chat gpt-x", "            tool-call weather"],
    ...["          cycle cycle", "            model-call chat gpt-x"],
    ...["    cycle cycle", "      model-call chat gpt-x"],
  ]);
  const [turn] = other.getTraces().map(readSpan);
  expect([turn?.input, turn?.output]).toEqual(["How is Paris?", "They say it is sunny."]);
});

it("a guardrail that is tripped ends the turn with it", async () => {
  const execute = async ({ input }: { input: unknown }) => ({
    outputInfo: {},
    tripwireTriggered: String(input).includes("bomb"),
  });
  const inputGuardrails = [{ name: "no bombs", execute }];
  const agent = (model: Model) => new Agent({ name: "Guarded", inputGuardrails, model });
  const tracer = traced();
  const run = async (question: string) =>
    new Runner().run(agent(await chatModel(whole({ content: "Hi." }))), question).catch(failure);
  await run("Hello");
  expect(await run("A bomb?")).toContain("guardrail triggered");
  const spans = tracer.getTraces();
  const guardrails = spans.filter(({ spanName }) => spanName === "no bombs");
  expect(guardrails.map((span) => readSpan(span).output)).toEqual([
    { triggered: false },
    { triggered: true },
  ]);
  expect(spans.filter((span) => readSpan(span).kind === "turn").map(({ spanStatus }) => spanStatus)).toEqual([
    ...["UNSET", "ERROR"],
  ]);
  expect(spans.find(({ spanStatus }) => spanStatus === "ERROR")?.spanName).toBe("Agent workflow");
});

it("500, 429, an answer that is none, an error underway, aborts before and during: all end", async () => {
  const tracer = traced();
  const run = async (reply: Reply, options: object = {}) =>
    new Runner().run(forecaster(await chatModel(reply)), "Hi", options).catch(failure);
  const read = async (reply: Reply, options: object = {}) => {
    const model = await chatModel(reply);
    const answer = await new Runner().run(forecaster(model), "Hi", { stream: true, ...options });
    for await (const event of answer) expect(event.type).not.toBe("");
    await answer.completed;
  };
  await run(failed(500));
  await run(failed(429));
  await run((response) => response.end("none"));
  await read(begun([{ content: "It" }], errorPart)).catch(failure);
  await run(begun([]), { signal: AbortSignal.abort() });
  const during = new AbortController();
  const abort = () => during.abort();
  await run((response) => response.on("close", () => response.end()) && setImmediate(abort), {
    signal: during.signal,
  });
  const reading = new AbortController();
  const stop = () => setImmediate(() => reading.abort());
  await read(begun([{ content: "It" }], stop), { signal: reading.signal }).catch(failure);
  await settled(tracer);
  const turns = tracer.getTraces().filter((span) => readSpan(span).kind === "turn");
  expect(turns.map((span) => [span.spanStatus, readSpan(span).aborted])).toEqual([
    ...Array(4).fill(["ERROR", false]),
    ...Array(3).fill(["UNSET", true]),
  ]);
  const failedCall = tracer.getTraces({ spanName: "chat gpt-x" })[0];
  expect(failedCall && readSpan(failedCall).error).toBe("500 It failed with 500.");
});

it("a run that follows a failed one in the same workflow is a turn of its own", async () => {
  const tracer = traced();
  const model = await chatModel(failed(500), failed(500), failed(500), whole({ content: "Hello." }));
  await withTrace("Twice", async () => {
    await new Runner().run(forecaster(model), "Hi").catch(failure);
    await new Runner().run(forecaster(model), "Hi");
  });
  expect(tree(tracer.getTraces()).filter((line) => line.startsWith("turn"))).toEqual([
    "turn Twice ERROR 500 It failed with 500.",
    "turn Twice",
  ]);
});

it("a tool that waits for a person's word ends the turn; the run that goes on is another", async () => {
  const tracer = traced();
  const parameters = z.object({ city: z.string() });
  const about = { name: "weather", description: "The weather of a city", parameters };
  const weather = tool({ ...about, needsApproval: true, execute: async () => "sunny" });
  for (const tracing of [{ includeTaskAndTurnSpans: false }, {}]) {
    const model = await chatModel(looksUp("Paris"), whole({ content: "It is sunny." }));
    const careful = new Agent({ name: "Careful", tools: [weather], model });
    const waiting = await new Runner({ tracing, groupId: "c1" }).run(careful, "How is Paris?");
    expect(tracer.openSpans()).toEqual([]);
    const [interruption] = waiting.interruptions;
    if (interruption !== undefined) waiting.state.approve(interruption);
    const done = await new Runner({ tracing, groupId: "c1" }).run(careful, waiting.state);
    expect(done.finalOutput).toBe("It is sunny.");
    expect(tracer.openSpans()).toEqual([]);
  }
  expect(tree(tracer.getTraces())).toEqual([
    ...["turn Agent workflow", "  chain Careful", "    model-call chat gpt-x"],
    ...["turn Agent workflow", "  tool-call weather", "  model-call chat gpt-x"],
    ...["turn Agent workflow", "  chain Careful", "    cycle cycle", "      model-call chat gpt-x"],
    ...["turn Agent workflow", "  chain Careful", "    cycle cycle", "      tool-call weather"],
    ...["    cycle cycle", "      model-call chat gpt-x"],
  ]);
  const turns = tracer
    .getTraces()
    .map(readSpan)
    .filter(({ kind }) => kind === "turn");
  expect(turns.map(({ conversation }) => conversation)).toEqual(Array(4).fill("c1"));
});

it("a stream that is left ends its spans", async () => {
  const tracer = traced();
  const model = await chatModel(begun([{ content: "It is " }, { content: "sun" }], goesOn));
  const answer = await new Runner().run(forecaster(model), "Hi", { stream: true });
  for await (const event of answer) if (event.type === "raw_model_stream_event") break;
  await settled(tracer);
  expect(tree(tracer.getTraces())).toEqual([
    ...["turn Agent workflow aborted", "  chain Forecaster", "    cycle cycle"],
    "      model-call chat gpt-x aborted",
  ]);
});

it("a workflow of two runs, below a span of the app's own, and spans that the app makes with the SDK", async () => {
  const tracer = traced();
  const agent = new Agent({
    name: "A",
    model: await chatModel(whole({ content: "1" }), whole({ content: "2" })),
  });
  await tracer.trace("request", () =>
    withTrace("Jokes", async () => {
      await new Runner().run(agent, "First?");
      await withCustomSpan(
        async () => tracer.trace("own", { parentSpan: null }, () => tracer.trace("in it", () => 1)),
        {
          data: { name: "between", data: { n: 1 } },
        },
      );
      await new Runner().run(agent, "Second?");
      tracer.trace("after", () => 1);
      const audio = { data: "AAAA", format: "pcm" };
      await withTranscriptionSpan(async (span) => (span.spanData.output = "Hello"), {
        data: { input: audio, model: "whisper-x" },
      });
      await withSpeechSpan(async () => 1, { data: { input: "Hi", output: audio, model: "tts-x" } });
    }),
  );
  expect(tree(tracer.getTraces())).toEqual([
    ...["other request", "  turn Jokes"],
    ...["    chain A", "      cycle cycle", "        model-call chat gpt-x", "    chain between"],
    ...["    chain A", "      cycle cycle", "        model-call chat gpt-x"],
    ...["    other after", "    model-call transcribe whisper-x", "    model-call speak tts-x"],
    ...["other own", "  other in it"],
  ]);
  const readings = tracer.getTraces().map(readSpan);
  expect(readings[1]).toMatchObject({ input: "First?", output: "2" });
  expect(readings.find(({ model }) => model === "whisper-x")).toMatchObject({ output: "Hello" });
  expect(readings.find(({ model }) => model === "tts-x")).toMatchObject({ input: "Hi" });
});

it("beside another processor, which takes its time", async () => {
  const tracer = new InMemoryTracer();
  const wait = () => new Promise<void>((resolve) => setTimeout(resolve, 5));
  const other = { onTraceStart: wait, onTraceEnd: wait, onSpanStart: async () => {}, onSpanEnd: wait };
  setTraceProcessors([{ ...other, shutdown: wait, forceFlush: wait }]);
  addTraceProcessor(openAiAgents(tracer));
  const look = () => tracer.trace("look", () => "sunny");
  await new Runner().run(
    forecaster(await chatModel(looksUp("Paris"), whole({ content: "Sunny." })), look),
    "Hi",
  );
  await settled(tracer);
  expect(tree(tracer.getTraces())).toEqual([
    ...["turn Agent workflow", "  chain Forecaster", "    cycle cycle", "      model-call chat gpt-x"],
    ...["      tool-call weather", "        other look", "    cycle cycle", "      model-call chat gpt-x"],
  ]);
});

it("nothing of what was said where only metadata is wanted, or where the SDK keeps it to itself", async () => {
  const answers = async () => chatModel(looksUp("Paris"), whole({ content: "secret answer" }));
  const tracer = traced({ capture: "metadata" });
  await new Runner().run(forecaster(await answers()), "secret words");
  const silent = new Runner({ traceIncludeSensitiveData: false });
  const own = new InMemoryTracer();
  setTraceProcessors([openAiAgents(own)]);
  await silent.run(forecaster(await answers()), "secret words");
  for (const one of [tracer, own]) {
    expect(tree(one.getTraces())).toHaveLength(7);
    expect(JSON.stringify(one.getTraces())).not.toMatch(/secret|city|temperature/);
  }
});

it("names at once what it does not know; and whatever the SDK tells, nothing is thrown at it", async () => {
  expect(() => openAiAgents(Object({}))).toThrow(expect.objectContaining({ code: "INVALID_OPTION" }));
  const tracer = new InMemoryTracer();
  expect(() => openAiAgents(tracer, Object({ content: 1 }))).toThrow('Unknown option "content"');
  const processor = openAiAgents(tracer);
  const hostile = new Proxy(
    {},
    {
      get: () => {
        throw new Error("mine");
      },
    },
  );
  for (const told of [
    undefined,
    null,
    1,
    {},
    { spanId: "1", spanData: null },
    { spanId: "2", error: 7 },
    hostile,
  ]) {
    await processor.onTraceStart(told);
    await processor.onSpanStart(told);
    await processor.onSpanEnd(told);
    await processor.onTraceEnd(told);
  }
  expect(tracer.openSpans()).toEqual([]);
  await processor.forceFlush();
  await processor.shutdown(1000);
});

function asked(name: string, given: object): object {
  return { id: "call-1", type: "function", function: { name, arguments: JSON.stringify(given) } };
}

async function stubServer(): Promise<{ baseUrl(scenario: Scenario): string }> {
  const server = await StubServer.start();
  onTestFinished(() => server.close());
  return server;
}

/** Until no span is open. */
async function settled(tracer: InMemoryTracer): Promise<void> {
  while (tracer.openSpans().length > 0) await new Promise((resolve) => setTimeout(resolve, 5));
}
