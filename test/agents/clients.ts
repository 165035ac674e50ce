// The conversation through each client of a model's service, with a `fetch` of the test's choice: what the app gets of it.

import Anthropic from "@anthropic-ai/sdk";
import { GoogleGenAI } from "@google/genai";
import { HTTPClient, Mistral } from "@mistralai/mistralai";
import Groq from "groq-sdk";
import { Ollama } from "ollama";
import OpenAI from "openai";
import type { FetchLike } from "tracelight/fetch";
import { FIRST, QUESTION, RESULTS, SCHEMA, SYSTEM, TOOL } from "./conversation.ts";

/** What a client is asked with. */
export interface Ask {
  readonly url: string;
  readonly fetch: FetchLike;
  readonly isStreamed: boolean;
  /** With the results of the tools: the second call. */
  readonly hasResults?: boolean;
  readonly signal?: AbortSignal;
  /** Sees each part of a stream; false leaves it. */
  readonly onPart?: () => boolean | undefined;
  readonly maxRetries?: number;
}

/** Asks once, and gives all that the app is given: of a stream, its parts. */
export type Client = (ask: Ask) => Promise<unknown>;

const ASKED = FIRST.tools ?? [];
const OPENAI_TOOL = {
  type: "function" as const,
  function: { name: TOOL.name, description: TOOL.description, parameters: SCHEMA },
};

async function partsOf(stream: AsyncIterable<unknown>, { onPart }: Ask): Promise<unknown[]> {
  const parts: unknown[] = [];
  for await (const part of stream) {
    parts.push(part);
    if (onPart?.() === false) break;
  }
  return parts;
}

function chatMessages(hasResults: boolean | undefined): OpenAI.ChatCompletionMessageParam[] {
  const asked: OpenAI.ChatCompletionMessageParam[] = [
    { role: "system", content: SYSTEM },
    { role: "user", content: QUESTION },
  ];
  if (hasResults !== true) return asked;
  const tool_calls = ASKED.map(({ id, name, arguments: given }) => ({
    ...{ id, type: "function" as const },
    function: { name, arguments: JSON.stringify(given) },
  }));
  return [
    ...asked,
    { role: "assistant", content: FIRST.text ?? "", tool_calls },
    ...ASKED.map(({ id, arguments: given }) => ({
      ...{ role: "tool" as const, tool_call_id: id },
      content: JSON.stringify(RESULTS[String(given["city"])]),
    })),
  ];
}

const openAiChat: Client = async (ask) => {
  const { url, fetch, signal, maxRetries = 0 } = ask;
  const client = new OpenAI({ apiKey: "sk-very-secret-key", baseURL: `${url}/v1`, fetch, maxRetries });
  const body = { model: "stub-1", messages: chatMessages(ask.hasResults), tools: [OPENAI_TOOL] };
  if (!ask.isStreamed) return client.chat.completions.create(body, { signal });
  const options = { include_usage: true };
  return partsOf(
    await client.chat.completions.create({ ...body, stream: true, stream_options: options }, { signal }),
    ask,
  );
};

const groq: Client = async (ask) => {
  const { url, fetch, signal, maxRetries = 0 } = ask;
  const client = new Groq({ apiKey: "sk-very-secret-key", baseURL: url, fetch, maxRetries });
  const messages: Groq.Chat.ChatCompletionMessageParam[] = JSON.parse(
    JSON.stringify(chatMessages(ask.hasResults)),
  );
  const body = { model: "stub-1", messages, tools: [OPENAI_TOOL] };
  if (!ask.isStreamed) return client.chat.completions.create(body, { signal });
  return partsOf(await client.chat.completions.create({ ...body, stream: true }, { signal }), ask);
};

const mistral: Client = async (ask) => {
  const { url, fetch, signal } = ask;
  const httpClient = new HTTPClient({ fetcher: (input, init) => fetch(input, init) });
  const client = new Mistral({ apiKey: "sk-very-secret-key", serverURL: url, httpClient });
  const messages = mistralMessages(ask.hasResults);
  const request = { model: "stub-1", messages, tools: [OPENAI_TOOL] };
  const options = signal === undefined ? {} : { fetchOptions: { signal } };
  if (!ask.isStreamed) return client.chat.complete(request, options);
  return partsOf(await client.chat.stream(request, options), ask);
};

type MistralMessages = Parameters<Mistral["chat"]["complete"]>[0]["messages"];

function mistralMessages(hasResults: boolean | undefined): MistralMessages {
  const asked = [
    { role: "system" as const, content: SYSTEM },
    { role: "user" as const, content: QUESTION },
  ];
  if (hasResults !== true) return asked;
  const toolCalls = ASKED.map(({ id, name, arguments: given }) => ({
    ...{ id, type: "function" as const },
    function: { name, arguments: JSON.stringify(given) },
  }));
  return [
    ...asked,
    { role: "assistant", content: FIRST.text ?? "", toolCalls },
    ...ASKED.map(({ id, arguments: given }) => ({
      ...{ role: "tool" as const, toolCallId: id },
      content: JSON.stringify(RESULTS[String(given["city"])]),
    })),
  ];
}

const openAiResponses: Client = async (ask) => {
  const { url, fetch, signal, maxRetries = 0 } = ask;
  const client = new OpenAI({ apiKey: "sk-very-secret-key", baseURL: `${url}/v1`, fetch, maxRetries });
  const { function: tool } = OPENAI_TOOL;
  const body = {
    ...{ model: "stub-1", instructions: SYSTEM, input: responseInput(ask.hasResults) },
    tools: [{ type: "function" as const, strict: true, ...tool }],
  };
  if (!ask.isStreamed) return client.responses.create(body, { signal });
  return partsOf(await client.responses.create({ ...body, stream: true }, { signal }), ask);
};

function responseInput(hasResults: boolean | undefined): OpenAI.Responses.ResponseInput {
  const asked: OpenAI.Responses.ResponseInput = [{ role: "user", content: QUESTION }];
  if (hasResults !== true) return asked;
  return [
    ...asked,
    { role: "assistant", content: FIRST.text ?? "" },
    ...ASKED.map(({ id, name, arguments: given }) => ({
      ...{ type: "function_call" as const, call_id: id, name },
      arguments: JSON.stringify(given),
    })),
    ...ASKED.map(({ id, arguments: given }) => ({
      ...{ type: "function_call_output" as const, call_id: id },
      output: JSON.stringify(RESULTS[String(given["city"])]),
    })),
  ];
}

const anthropic: Client = async (ask) => {
  const { url, fetch, signal, maxRetries = 0 } = ask;
  const client = new Anthropic({ apiKey: "sk-very-secret-key", baseURL: url, fetch, maxRetries });
  const tool = {
    name: TOOL.name,
    description: TOOL.description,
    input_schema: { ...SCHEMA, type: "object" as const },
  };
  const body = {
    ...{ model: "stub-1", max_tokens: 100, system: SYSTEM },
    ...{ messages: anthropicMessages(ask.hasResults), tools: [tool] },
  };
  if (!ask.isStreamed) return client.messages.create(body, { signal });
  return partsOf(await client.messages.create({ ...body, stream: true }, { signal }), ask);
};

function anthropicMessages(hasResults: boolean | undefined): Anthropic.MessageParam[] {
  const asked: Anthropic.MessageParam[] = [{ role: "user", content: QUESTION }];
  if (hasResults !== true) return asked;
  const calls = ASKED.map(({ id, name, arguments: input }) => ({
    type: "tool_use" as const,
    id,
    name,
    input,
  }));
  const results = ASKED.map(({ id, arguments: given }) => ({
    ...{ type: "tool_result" as const, tool_use_id: id },
    content: JSON.stringify(RESULTS[String(given["city"])]),
  }));
  return [
    ...asked,
    { role: "assistant", content: [{ type: "text", text: FIRST.text ?? "" }, ...calls] },
    { role: "user", content: results },
  ];
}

const gemini: Client = async (ask) => {
  const { url, fetch, signal } = ask;
  const client = new GoogleGenAI({ apiKey: "sk-very-secret-key", httpOptions: { baseUrl: url, fetch } });
  const { name, description } = TOOL;
  const request = {
    ...{ model: "stub-1", contents: geminiContents(ask.hasResults) },
    config: {
      ...{ systemInstruction: SYSTEM, ...(signal === undefined ? {} : { abortSignal: signal }) },
      tools: [{ functionDeclarations: [{ name, description, parametersJsonSchema: SCHEMA }] }],
    },
  };
  if (!ask.isStreamed) return client.models.generateContent(request);
  return partsOf(await client.models.generateContentStream(request), ask);
};

function geminiContents(hasResults: boolean | undefined) {
  const asked = { role: "user", parts: [{ text: QUESTION }] };
  if (hasResults !== true) return [asked];
  const calls = ASKED.map(({ id, name, arguments: args }) => ({
    functionCall: { id, name, args: { ...args } },
  }));
  const results = ASKED.map(({ id, name, arguments: given }) => ({
    functionResponse: { id, name, response: Object(RESULTS[String(given["city"])]) },
  }));
  return [
    asked,
    { role: "model", parts: [{ text: FIRST.text ?? "" }, ...calls] },
    { role: "user", parts: results },
  ];
}

const ollama: Client = async (ask) => {
  const { url, fetch, signal } = ask;
  const client = new Ollama({
    host: url,
    fetch: (input, init) => fetch(input, { ...init, signal: signal ?? init?.signal ?? null }),
  });
  const body = { model: "stub-1", messages: ollamaMessages(ask.hasResults), tools: [OLLAMA_TOOL] };
  if (!ask.isStreamed) return client.chat(body);
  return partsOf(await client.chat({ ...body, stream: true }), ask);
};

const OLLAMA_TOOL = {
  type: "function",
  function: { name: TOOL.name, description: TOOL.description, parameters: SCHEMA },
};

function ollamaMessages(hasResults: boolean | undefined) {
  const asked = [
    { role: "system", content: SYSTEM },
    { role: "user", content: QUESTION },
  ];
  if (hasResults !== true) return asked;
  const tool_calls = ASKED.map(({ name, arguments: given }) => ({
    function: { name, arguments: { ...given } },
  }));
  return [
    ...asked,
    { role: "assistant", content: FIRST.text ?? "", tool_calls },
    ...ASKED.map(({ name, arguments: given }) => ({
      ...{ role: "tool", tool_name: name },
      content: JSON.stringify(RESULTS[String(given["city"])]),
    })),
  ];
}

/** All clients, by name. */
export const CLIENTS: Readonly<Record<string, Client>> = {
  "openai, chat": openAiChat,
  "openai, responses": openAiResponses,
  "@anthropic-ai/sdk": anthropic,
  "@google/genai": gemini,
  "@mistralai/mistralai": mistral,
  "groq-sdk": groq,
  ollama,
};
