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
  /** What else is asked: about a picture, or for an object. */
  readonly also?: "image" | "object" | undefined;
  readonly signal?: AbortSignal;
  /** Sees each part of a stream; false leaves it. */
  readonly onPart?: () => boolean | undefined;
  readonly maxRetries?: number;
  /** A stream is left before it is read. */
  readonly isUnread?: boolean;
}

/** Asks once, and gives all that the app is given: of a stream, its parts. */
export type Client = (ask: Ask) => Promise<unknown>;

/** What gives access, wherever it can be put: none of it may be on a span. */
export const PLANTED = "planted-secret";
export const KEY = `sk-${PLANTED}-key`;
export const IMAGE_URL = `https://images.example.com/cat.png?X-Amz-Signature=${PLANTED}`;
export const IMAGE_DATA = "iVBORw0KGgo=";
export const HEADERS = { "x-secret": PLANTED };

const ASKED = FIRST.tools ?? [];
const OPENAI_TOOL = {
  type: "function" as const,
  function: { name: TOOL.name, description: TOOL.description, parameters: SCHEMA },
};

/** What a stream gives, as far as it is read. */
export async function partsOf(
  stream: AsyncIterable<unknown>,
  { onPart, isUnread }: Pick<Ask, "onPart" | "isUnread">,
): Promise<unknown[]> {
  const parts: unknown[] = [];
  if (isUnread === true) return parts;
  for await (const part of stream) {
    parts.push(part);
    if (onPart?.() === false) break;
  }
  return parts;
}

function chatMessages({ hasResults, also }: Ask): OpenAI.ChatCompletionMessageParam[] {
  const image = { type: "image_url" as const, image_url: { url: IMAGE_URL } };
  const asked: OpenAI.ChatCompletionMessageParam[] = [
    { role: "system", content: SYSTEM },
    {
      role: "user",
      content: also === "image" ? [{ type: "text", text: QUESTION }, image] : QUESTION,
    },
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
  const client = new OpenAI({
    ...{ apiKey: KEY, baseURL: `${url}/v1`, fetch, maxRetries, defaultHeaders: HEADERS },
  });
  const body = { model: "stub-1", messages: chatMessages(ask), tools: [OPENAI_TOOL] };
  if (ask.also === "object")
    return client.chat.completions.parse({ ...body, tools: [], response_format: FORMAT });
  if (!ask.isStreamed) return client.chat.completions.create(body, { signal });
  const options = { include_usage: true };
  return partsOf(
    await client.chat.completions.create({ ...body, stream: true, stream_options: options }, { signal }),
    ask,
  );
};

const FORMAT = { type: "json_schema" as const, json_schema: { name: "weather", schema: SCHEMA } };

const groq: Client = async (ask) => {
  const { url, fetch, signal, maxRetries = 0 } = ask;
  const client = new Groq({ apiKey: KEY, baseURL: url, fetch, maxRetries, defaultHeaders: HEADERS });
  const messages: Groq.Chat.ChatCompletionMessageParam[] = JSON.parse(JSON.stringify(chatMessages(ask)));
  const response_format = ask.also === "object" ? { type: "json_object" as const } : null;
  const body = { model: "stub-1", messages, tools: [OPENAI_TOOL], response_format };
  if (!ask.isStreamed) return client.chat.completions.create(body, { signal });
  return partsOf(await client.chat.completions.create({ ...body, stream: true }, { signal }), ask);
};

const mistral: Client = async (ask) => {
  const { url, fetch, signal } = ask;
  const httpClient = new HTTPClient({ fetcher: (input, init) => fetch(input, init) });
  const client = new Mistral({ apiKey: KEY, serverURL: `${url}/mistral`, httpClient });
  const request = {
    ...{ model: "stub-1", messages: mistralMessages(ask), tools: [OPENAI_TOOL] },
    ...(ask.also === "object" ? { responseFormat: { type: "json_object" as const } } : {}),
  };
  const options = { fetchOptions: { headers: HEADERS, ...(signal === undefined ? {} : { signal }) } };
  if (!ask.isStreamed) return client.chat.complete(request, options);
  return partsOf(await client.chat.stream(request, options), ask);
};

type MistralMessages = Parameters<Mistral["chat"]["complete"]>[0]["messages"];

function mistralMessages({ hasResults, also }: Ask): MistralMessages {
  const image = { type: "image_url" as const, imageUrl: IMAGE_URL };
  const asked: MistralMessages = [
    { role: "system", content: SYSTEM },
    { role: "user", content: also === "image" ? [{ type: "text", text: QUESTION }, image] : QUESTION },
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
  const client = new OpenAI({
    ...{ apiKey: KEY, baseURL: `${url}/v1`, fetch, maxRetries, defaultHeaders: HEADERS },
  });
  const { function: tool } = OPENAI_TOOL;
  const body = {
    ...{ model: "stub-1", instructions: SYSTEM, input: responseInput(ask) },
    tools: [{ type: "function" as const, strict: true, ...tool }],
  };
  const format = { type: "json_schema" as const, name: "weather", schema: SCHEMA };
  if (ask.also === "object") return client.responses.parse({ ...body, text: { format } });
  if (!ask.isStreamed) return client.responses.create(body, { signal });
  return partsOf(await client.responses.create({ ...body, stream: true }, { signal }), ask);
};

function responseInput({ hasResults, also }: Ask): OpenAI.Responses.ResponseInput {
  const image = { type: "input_image" as const, image_url: IMAGE_URL, detail: "auto" as const };
  const content = also === "image" ? [{ type: "input_text" as const, text: QUESTION }, image] : QUESTION;
  const asked: OpenAI.Responses.ResponseInput = [{ role: "user", content }];
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
  const client = new Anthropic({ apiKey: KEY, baseURL: url, fetch, maxRetries, defaultHeaders: HEADERS });
  const tool = {
    name: TOOL.name,
    description: TOOL.description,
    input_schema: { ...SCHEMA, type: "object" as const },
  };
  const body = {
    ...{ model: "stub-1", max_tokens: 100, system: SYSTEM },
    ...{ messages: anthropicMessages(ask), tools: [tool] },
  };
  const format = { type: "json_schema" as const, schema: SCHEMA };
  if (ask.also === "object") return client.messages.parse({ ...body, output_config: { format } });
  if (!ask.isStreamed) return client.messages.create(body, { signal });
  return partsOf(await client.messages.create({ ...body, stream: true }, { signal }), ask);
};

function anthropicMessages({ hasResults, also }: Ask): Anthropic.MessageParam[] {
  const cache_control = { type: "ephemeral" as const };
  const text = { type: "text" as const, text: QUESTION, cache_control };
  const image = { type: "image" as const, source: { type: "url" as const, url: IMAGE_URL } };
  const asked: Anthropic.MessageParam[] = [
    { role: "user", content: also === "image" ? [text, image] : QUESTION },
  ];
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
  const client = new GoogleGenAI({ apiKey: KEY, httpOptions: { baseUrl: url, fetch, headers: HEADERS } });
  const { name, description } = TOOL;
  const request = {
    ...{ model: "stub-1", contents: geminiContents(ask) },
    config: {
      ...{ systemInstruction: SYSTEM, ...(signal === undefined ? {} : { abortSignal: signal }) },
      tools: [{ functionDeclarations: [{ name, description, parametersJsonSchema: SCHEMA }] }],
      ...(ask.also === "object" ? { responseMimeType: "application/json", responseJsonSchema: SCHEMA } : {}),
    },
  };
  if (!ask.isStreamed) return client.models.generateContent(request);
  return partsOf(await client.models.generateContentStream(request), ask);
};

function geminiContents({ hasResults, also }: Ask) {
  const images = [
    { fileData: { fileUri: IMAGE_URL, mimeType: "image/png" } },
    { inlineData: { data: IMAGE_DATA, mimeType: "image/png" } },
  ];
  const asked = { role: "user", parts: [{ text: QUESTION }, ...(also === "image" ? images : [])] };
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
    ...{ host: url, headers: { ...HEADERS, authorization: `Bearer ${KEY}` } },
    fetch: (input, init) => fetch(input, { ...init, signal: signal ?? init?.signal ?? null }),
  });
  const body = {
    model: "stub-1",
    messages: ollamaMessages(ask),
    tools: [OLLAMA_TOOL],
    ...(ask.also === "object" ? { format: SCHEMA } : {}),
  };
  if (!ask.isStreamed) return client.chat(body);
  return partsOf(await client.chat({ ...body, stream: true }), ask);
};

const OLLAMA_TOOL = {
  type: "function",
  function: { name: TOOL.name, description: TOOL.description, parameters: SCHEMA },
};

function ollamaMessages({ hasResults, also }: Ask) {
  const asked = [
    { role: "system", content: SYSTEM },
    { role: "user", content: QUESTION, ...(also === "image" ? { images: [IMAGE_DATA] } : {}) },
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
