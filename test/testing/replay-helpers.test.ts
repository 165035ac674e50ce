// The helpers of clients that put streams together check what a stream says: a call that was recorded whole is streamed so that they take it.
import Anthropic from "@anthropic-ai/sdk";
import OpenAI from "openai";
import { InMemoryTracer } from "tracelight";
import { type FetchLike, tracedFetch } from "tracelight/fetch";
import { replay, replayFetch } from "tracelight/replay";
import { afterAll, beforeAll, expect, it } from "vitest";
import { CLIENTS } from "../agents/clients.ts";
import { FIRST, QUESTION, SCHEMA, SYSTEM, TOOL } from "../agents/conversation.ts";
import { StubServer } from "../agents/server.ts";

let server: StubServer;
beforeAll(async () => {
  server = await StubServer.start();
});
afterAll(() => server.close());

const { name, description } = TOOL;
const messages = [{ role: "user" as const, content: QUESTION }];
const calls = (FIRST.tools ?? []).map(({ arguments: given }) => given);

/** What each helper makes of a stream: the words, and what the tools are given. */
const HELPERS: Readonly<Record<string, (fetch: FetchLike) => Promise<unknown>>> = {
  "openai, chat": async (fetch) => {
    const tools = [{ type: "function" as const, function: { name, description, parameters: SCHEMA } }];
    const stream = new OpenAI({ apiKey: "key", fetch }).chat.completions.stream({
      ...{ model: "stub-1", tools, messages: [{ role: "system", content: SYSTEM }, ...messages] },
    });
    const { choices } = await stream.finalChatCompletion();
    const given = choices[0]?.message.tool_calls?.map((call) =>
      call.type === "function" ? JSON.parse(call.function.arguments) : undefined,
    );
    return [choices[0]?.message.content, given];
  },
  "openai, responses": async (fetch) => {
    const tools = [{ type: "function" as const, strict: true, name, description, parameters: SCHEMA }];
    const stream = new OpenAI({ apiKey: "key", fetch }).responses.stream({
      ...{ model: "stub-1", instructions: SYSTEM, input: messages, tools },
    });
    const { output_text, output } = await stream.finalResponse();
    const given = output.flatMap((item) =>
      item.type === "function_call" ? [JSON.parse(item.arguments)] : [],
    );
    return [output_text, given];
  },
  "@anthropic-ai/sdk": async (fetch) => {
    const input_schema = { ...SCHEMA, type: "object" as const };
    const stream = new Anthropic({ apiKey: "key", fetch }).messages.stream({
      ...{ model: "stub-1", max_tokens: 100, system: SYSTEM, messages },
      tools: [{ name, description, input_schema }],
    });
    const { content } = await stream.finalMessage();
    const given = content.flatMap((block) => (block.type === "tool_use" ? [block.input] : []));
    return [await stream.finalText(), given];
  },
};

it.each(Object.entries(HELPERS))("%s", async (client, helper) => {
  const tracer = new InMemoryTracer();
  const url = server.baseUrl("talk");
  await CLIENTS[client]?.({ url, fetch: tracedFetch(tracer), isStreamed: false });
  const again = new InMemoryTracer();
  const fetch = tracedFetch(again, { fetch: replayFetch(await replay(tracer.getTraces())) });
  expect(await helper(fetch)).toEqual([FIRST.text, calls]);
  const said = (one: InMemoryTracer) => one.getTraces()[0]?.attributes["ai.llm.response.usage"];
  if (client !== "openai, chat") expect(said(again)).toEqual(said(tracer));
});
