// Conversations that are sent again with each call: spans share what was said before, and each has what was said at its time.
import { createOpenAI as openAi5 } from "@ai-sdk/openai";
import { AIMessage, HumanMessage } from "@langchain/core/messages";
import { ChatOpenAI } from "@langchain/openai";
import * as ai5 from "ai";
import { createOpenAI as openAi6 } from "ai-sdk-openai3";
import * as ai6 from "ai6";
import { InMemoryTracer, NAMES } from "tracelight";
import { aiSdk } from "tracelight/ai-sdk";
import { readSpan } from "tracelight/conventions";
import { langChain } from "tracelight/langchain";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { modelStub, whole } from "./model-stub.ts";

interface Message {
  readonly role: "user" | "assistant";
  readonly content: string;
}
const user = (content: string): Message => ({ role: "user", content });
const assistant = (content: string): Message => ({ role: "assistant", content });
const FIRST = [user("Paris?")];
const GROWN = [...FIRST, assistant("Sunny."), user("Rome?")];
/** It goes on with the first, too. */
const BRANCHED = [...FIRST, assistant("Rain."), user("Oslo?")];
const OTHER = [user("Who are you?")];
const ASKED = [FIRST, GROWN, BRANCHED, [...GROWN, assistant("Hot."), user("Bern?")], OTHER, FIRST];

/** What each call of a model was asked, as its span has it. */
function asked(tracer: InMemoryTracer): unknown[] {
  const calls = tracer.getTraces().map(readSpan);
  return calls
    .filter(({ kind }) => kind === "model-call")
    .map(({ inputMessages }) =>
      inputMessages.map(({ parts }) => parts.map((part) => (part.type === "text" ? part.text : part)).join()),
    );
}

const texts = (messages: readonly Message[]) => messages.map(({ content }) => content);
const answers = () => ASKED.map(() => whole({ content: "Yes." }));

interface Sdk {
  tool(given: object): object;
  generateText(options: object): Promise<unknown>;
}
const sdk = (module: object): Sdk => Object.assign(Object.create(null), module);

describe.each([
  [5, sdk(ai5), openAi5],
  [6, sdk(ai6), openAi6],
] as const)("ai %i", (_, ai, openAi) => {
  it.each([undefined, (value: unknown) => value])("a span has what was said at its call", async (capture) => {
    const stub = await modelStub(...answers());
    const tracer = new InMemoryTracer();
    const model = openAi({ baseURL: stub.url, apiKey: "k" }).chat("gpt-x");
    const weather = ai.tool({ description: "Weather", inputSchema: z.object({ city: z.string() }) });
    for (const messages of ASKED) {
      const experimental_telemetry = aiSdk(tracer, { capture });
      await ai.generateText({ model, messages, tools: { weather }, experimental_telemetry });
    }
    const one = aiSdk(tracer, { capture });
    for (const messages of ASKED) {
      stub.replies = answers();
      await ai.generateText({ model, messages, tools: { weather }, experimental_telemetry: one });
    }
    expect(asked(tracer)).toEqual([...ASKED, ...ASKED].map(texts));
    const turns = tracer.getTraces().map(readSpan);
    const said = turns.filter(({ kind }) => kind === "turn").map(({ input }) => input);
    expect(said).toEqual([...ASKED, ...ASKED].map((messages) => messages.at(-1)?.content));
    const tools = tracer.getTraces().map((span) => span.attributes[NAMES.requestToolConfig]);
    const given = tools.filter((tool) => tool !== undefined);
    expect(given).toHaveLength(2 * ASKED.length);
    expect(given.at(-1)).toEqual(given[0]);
  });
});

const made = ({ role, content }: Message) =>
  role === "user" ? new HumanMessage(content) : new AIMessage(content);

describe("LangChain", () => {
  it("a span has what was said at its call, though each message is made anew", async () => {
    const stub = await modelStub(...answers());
    const tracer = new InMemoryTracer();
    const handler = langChain(tracer);
    const model = new ChatOpenAI({ model: "gpt-x", apiKey: "k", configuration: { baseURL: stub.url } });
    for (const messages of ASKED) await model.invoke(messages.map(made), { callbacks: [handler] });
    expect(asked(tracer)).toEqual(ASKED.map(texts));
  });

  it("a message that the app changes is another", async () => {
    const stub = await modelStub(...answers());
    const tracer = new InMemoryTracer();
    const handler = langChain(tracer);
    const model = new ChatOpenAI({ model: "gpt-x", apiKey: "k", configuration: { baseURL: stub.url } });
    const question = new HumanMessage({ content: "Paris?", id: "m1" });
    const tool_calls = [{ id: "t1", name: "weather", args: { city: "Paris" } }];
    const answer = new AIMessage({ content: "I'll look.", tool_calls });
    const ask = () => model.invoke([question, answer, new HumanMessage("Well?")], { callbacks: [handler] });
    await ask();
    question.content = "Rome?";
    if (answer.tool_calls?.[0] !== undefined) answer.tool_calls[0].args["city"] = "Rome";
    await ask();
    const [first, second] = tracer.getTraces().map((span) => JSON.stringify(readSpan(span).inputMessages));
    expect([first, second].map((text) => text?.includes("Rome"))).toEqual([false, true]);
    expect([first, second].map((text) => text?.includes("Paris"))).toEqual([true, false]);
  });

  it("what `capture` is given is its own to change", async () => {
    const stub = await modelStub(...answers());
    const tracer = new InMemoryTracer();
    const capture = (value: unknown, where: string) => {
      if (where === NAMES.requestMessages && Array.isArray(value)) value[0].content = "[hidden]";
      return value;
    };
    const handler = langChain(tracer, { capture });
    const model = new ChatOpenAI({ model: "gpt-x", apiKey: "k", configuration: { baseURL: stub.url } });
    for (const _ of [1, 2]) await model.invoke(GROWN.map(made), { callbacks: [handler] });
    expect(asked(tracer)).toEqual([1, 2].map(() => ["[hidden]", "Sunny.", "Rome?"]));
  });
});
