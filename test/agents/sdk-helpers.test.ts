// What SDKs offer around a call, with and without tracing: the same classes and the same values, one span for each call, that ends as it went.
import Anthropic from "@anthropic-ai/sdk";
import { GoogleGenAI } from "@google/genai";
import { HumanMessage } from "@langchain/core/messages";
import { StringOutputParser } from "@langchain/core/output_parsers";
import { ChatOpenAI } from "@langchain/openai";
import { HTTPClient, Mistral } from "@mistralai/mistralai";
import Groq from "groq-sdk";
import { Ollama } from "ollama";
import OpenAI from "openai";
import { ChatCompletionStream } from "openai/lib/ChatCompletionStream";
import { InMemoryTracer } from "tracelight";
import { readSpan } from "tracelight/conventions";
import { type FetchLike, tracedFetch } from "tracelight/fetch";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { KEY } from "./clients.ts";
import { collected } from "./collected.ts";
import { LAST, OBJECT, QUESTION } from "./conversation.ts";
import { portrait } from "./portrait.ts";
import { StubServer } from "./server.ts";

let server: StubServer;
beforeAll(async () => {
  server = await StubServer.start();
});
afterAll(() => server.close());

type Use = (url: string, fetch: FetchLike) => Promise<unknown>;

async function all(stream: AsyncIterable<unknown>): Promise<unknown[]> {
  const parts: unknown[] = [];
  for await (const part of stream) parts.push(part);
  return parts;
}

const both = (streams: readonly AsyncIterable<unknown>[]) => Promise.all(streams.map(all));
const textOf = (stream: ReadableStream) => new Response(stream).text();
const withoutTimes = ({ headers, status }: Response) => ({
  ...{ status, type: headers.get("content-type") },
});
const messages = [{ role: "user" as const, content: QUESTION }];
const MODEL = "stub-1";

function openAi(use: (client: OpenAI) => Promise<unknown>): Use {
  return (url, fetch) => use(new OpenAI({ apiKey: KEY, baseURL: `${url}/v1`, fetch, maxRetries: 0 }));
}
const chat = { model: MODEL, messages };
const format = { type: "json_schema" as const, name: "weather", schema: { type: "object" } };

const OPENAI: Readonly<Record<string, Use>> = {
  withResponse: openAi(async ({ chat: { completions } }) => {
    const { data, response } = await completions.create(chat).withResponse();
    return { data, response: withoutTimes(response), class: response.constructor.name };
  }),
  "withResponse of a stream": openAi(async ({ chat: { completions } }) => {
    const { data, response } = await completions.create({ ...chat, stream: true }).withResponse();
    return { class: data.constructor.name, parts: await all(data), response: withoutTimes(response) };
  }),
  asResponse: openAi(async ({ chat: { completions } }) => {
    const response = await completions.create(chat).asResponse();
    const copy = response.clone();
    return [await response.json(), await copy.text(), response.constructor.name, response.bodyUsed];
  }),
  "asResponse of a stream": openAi(async ({ chat: { completions } }) => {
    const response = await completions.create({ ...chat, stream: true }).asResponse();
    return [await response.text(), response.constructor.name];
  }),
  tee: openAi(async ({ chat: { completions } }) =>
    both((await completions.create({ ...chat, stream: true })).tee()),
  ),
  toReadableStream: openAi(async ({ chat: { completions } }) => {
    const stream = (await completions.create({ ...chat, stream: true })).toReadableStream();
    return [await textOf(stream), stream.constructor.name];
  }),
  "a stream over there": openAi(async ({ chat: { completions } }) => {
    const stream = (await completions.create({ ...chat, stream: true })).toReadableStream();
    return ChatCompletionStream.fromReadableStream(stream).finalChatCompletion();
  }),
  "stream, its end": openAi(async ({ chat: { completions } }) => {
    const stream = completions.stream(chat);
    return [
      await stream.finalMessage(),
      await stream.finalContent(),
      await stream.totalUsage(),
      stream.constructor.name,
    ];
  }),
  "stream, its events": openAi(async ({ chat: { completions } }) => {
    const words: string[] = [];
    const stream = completions.stream(chat).on("content", (delta) => words.push(delta));
    await stream.done();
    return words;
  }),
  "responses, withResponse": openAi(async ({ responses }) => {
    const { data, response } = await responses.create({ model: MODEL, input: QUESTION }).withResponse();
    return [data, data.output_text, withoutTimes(response)];
  }),
  "responses, stream": openAi(async ({ responses }) => {
    const stream = responses.stream({ model: MODEL, input: QUESTION });
    return [await stream.finalResponse(), stream.constructor.name];
  }),
  "responses, tee": openAi(async ({ responses }) =>
    both((await responses.create({ model: MODEL, input: QUESTION, stream: true })).tee()),
  ),
};

function claude(use: (client: Anthropic) => Promise<unknown>): Use {
  return (url, fetch) => use(new Anthropic({ apiKey: KEY, baseURL: url, fetch, maxRetries: 0 }));
}
const asked = { model: MODEL, max_tokens: 9, messages };

const ANTHROPIC: Readonly<Record<string, Use>> = {
  withResponse: claude(async (client) => {
    const { data, response } = await client.messages.create(asked).withResponse();
    return { data, response: withoutTimes(response), class: response.constructor.name };
  }),
  asResponse: claude(async (client) => (await client.messages.create(asked).asResponse()).text()),
  tee: claude(async (client) => both((await client.messages.create({ ...asked, stream: true })).tee())),
  toReadableStream: claude(async (client) =>
    textOf((await client.messages.create({ ...asked, stream: true })).toReadableStream()),
  ),
  "stream, its end": claude(async (client) => {
    const stream = client.messages.stream(asked);
    return [await stream.finalMessage(), await stream.finalText(), stream.constructor.name];
  }),
  "stream, its events": claude(async (client) => {
    const words: string[] = [];
    const stream = client.messages.stream(asked).on("text", (delta) => words.push(delta));
    await stream.done();
    return words;
  }),
  "stream, sent on": claude(async (client) => textOf(client.messages.stream(asked).toReadableStream())),
};

function groq(use: (client: Groq) => Promise<unknown>): Use {
  return (url, fetch) => use(new Groq({ apiKey: KEY, baseURL: url, fetch, maxRetries: 0 }));
}

const GROQ: Readonly<Record<string, Use>> = {
  withResponse: groq(async (client) => (await client.chat.completions.create(chat).withResponse()).data),
  tee: groq(async (client) => both((await client.chat.completions.create({ ...chat, stream: true })).tee())),
  toReadableStream: groq(async (client) =>
    textOf((await client.chat.completions.create({ ...chat, stream: true })).toReadableStream()),
  ),
};

function mistral(use: (client: Mistral) => Promise<unknown>): Use {
  return (serverURL, fetch) => {
    const httpClient = new HTTPClient({ fetcher: (input, init) => fetch(input, init) });
    return use(new Mistral({ apiKey: KEY, serverURL, httpClient }));
  };
}

const MISTRAL: Readonly<Record<string, Use>> = {
  tee: mistral(async (client) => both((await client.chat.stream(chat)).tee())),
  getReader: mistral(async (client) => {
    const stream = await client.chat.stream(chat);
    const reader = stream.getReader();
    const parts: unknown[] = [stream.constructor.name];
    for (let one = await reader.read(); !one.done; one = await reader.read()) parts.push(one.value);
    return parts;
  }),
};

function gemini(use: (client: GoogleGenAI) => Promise<unknown>): Use {
  return (baseUrl, fetch) => use(new GoogleGenAI({ apiKey: KEY, httpOptions: { baseUrl, fetch } }));
}

const GEMINI: Readonly<Record<string, Use>> = {
  "a chat": gemini(async ({ chats }) => {
    const answer = await chats.create({ model: MODEL }).sendMessage({ message: QUESTION });
    return [answer, answer.text];
  }),
  "a chat, streamed": gemini(async ({ chats }) => {
    const talk = chats.create({ model: MODEL });
    return [await all(await talk.sendMessageStream({ message: QUESTION })), talk.getHistory()];
  }),
};

function langChain(use: (model: ChatOpenAI) => Promise<unknown>): Use {
  return (url, fetch) =>
    use(new ChatOpenAI({ model: MODEL, apiKey: KEY, configuration: { baseURL: url, fetch }, maxRetries: 0 }));
}

const LANGCHAIN: Readonly<Record<string, Use>> = {
  "a parser behind it": langChain((model) =>
    model.pipe(new StringOutputParser()).invoke([new HumanMessage(QUESTION)]),
  ),
  "a parser behind it, streamed": langChain(async (model) =>
    all(await model.pipe(new StringOutputParser()).stream([new HumanMessage(QUESTION)])),
  ),
};

const OLLAMA: Readonly<Record<string, Use>> = {
  "a stream": async (host, fetch) => {
    const stream = await new Ollama({ host, fetch }).chat({ model: MODEL, messages, stream: true });
    return [stream.constructor.name, await all(stream)];
  },
};

const SDKS = {
  ...{ openai: OPENAI, "@anthropic-ai/sdk": ANTHROPIC, "groq-sdk": GROQ, "@mistralai/mistralai": MISTRAL },
  ...{ "@google/genai": GEMINI, "@langchain/openai": LANGCHAIN, ollama: OLLAMA },
};

/** What the app gets, and what the calls of models read as. */
async function used(use: Use, scenario: "say" | "object") {
  const tracer = new InMemoryTracer();
  const app = portrait(await use(server.baseUrl(scenario), tracedFetch(tracer)));
  expect(app).toEqual(portrait(await use(server.baseUrl(scenario), fetch)));
  await collected(tracer);
  return tracer.getTraces().map(readSpan);
}

describe.each(Object.entries(SDKS))("%s", (_, helpers) => {
  it.each(Object.entries(helpers))("%s", async (_, use) => {
    const readings = await used(use, "say");
    expect(readings.map(({ kind, error, aborted, finish }) => [kind, error, aborted, finish])).toEqual([
      ["model-call", undefined, false, "stop"],
    ]);
    expect(readings[0]?.outputMessages[0]?.parts).toEqual([{ type: "text", text: LAST.text }]);
  });
});

it.each<[string, Use]>([
  [
    "openai, responses",
    openAi(({ responses }) => responses.parse({ model: MODEL, input: QUESTION, text: { format } })),
  ],
  [
    "openai, chat",
    openAi(({ chat: { completions } }) =>
      completions.parse({ ...chat, response_format: { type: "json_schema", json_schema: format } }),
    ),
  ],
  [
    "@anthropic-ai/sdk",
    claude((client) =>
      client.messages.parse({
        ...asked,
        output_config: { format: { type: "json_schema", schema: format.schema } },
      }),
    ),
  ],
])("parse: %s", async (_, use) => {
  const [reading] = await used(use, "object");
  expect(reading?.outputMessages[0]?.parts).toEqual([{ type: "text", text: OBJECT.text }]);
});
