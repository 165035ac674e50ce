// The AI SDK's and LangChain's own helpers around a call: what the app gets is what it gets without tracing, and each call is one span that ends as it went.
import { createServer, type ServerResponse } from "node:http";
import { createOpenAI as openAi5 } from "@ai-sdk/openai";
import { HumanMessage } from "@langchain/core/messages";
import { ChatOpenAI } from "@langchain/openai";
import * as ai5 from "ai";
import { createOpenAI as openAi6 } from "ai-sdk-openai3";
import { createOpenAI as openAi7 } from "ai-sdk-openai4";
import * as ai6 from "ai6";
import * as ai7 from "ai7";
import { InMemoryTracer } from "tracelight";
import { aiSdk } from "tracelight/ai-sdk";
import { langChain } from "tracelight/langchain";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { KEY } from "./clients.ts";
import { collected } from "./collected.ts";
import { QUESTION, SCHEMA } from "./conversation.ts";
import { portrait } from "./portrait.ts";
import { StubServer } from "./server.ts";
import { tree } from "./tree.ts";

let server: StubServer;
beforeAll(async () => {
  server = await StubServer.start();
});
afterAll(() => server.close());

/** What is used of a result of `streamText`, in all versions. */
interface Result {
  readonly textStream: AsyncIterable<string> & ReadableStream<string>;
  readonly partialObjectStream: AsyncIterable<unknown>;
  readonly text: PromiseLike<string>;
  readonly object: PromiseLike<unknown>;
  toUIMessageStreamResponse(): Response;
  toTextStreamResponse(): Response;
  pipeTextStreamToResponse(response: unknown): void;
  consumeStream(): PromiseLike<void>;
}
interface AiSdk {
  jsonSchema(schema: object): object;
  generateObject(options: object): Promise<{ readonly object: unknown }>;
  streamObject(options: object): Result;
  streamText(options: object): Result;
  embed(options: object): Promise<object>;
  embedMany(options: object): Promise<object>;
}
const sdk = (module: object): AiSdk => Object.assign(Object.create(null), module);

async function all(stream: AsyncIterable<unknown>): Promise<unknown[]> {
  const parts: unknown[] = [];
  for await (const part of stream) parts.push(part);
  return parts;
}

/** What a client gets of a server that answers so. */
async function served(answer: (response: ServerResponse) => void): Promise<string> {
  const http = createServer((_, response) => answer(response));
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  const address = http.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const text = await (await fetch(`http://127.0.0.1:${port}`)).text();
  http.closeAllConnections();
  http.close();
  return text;
}

type Use = (ai: AiSdk, options: object) => Promise<unknown>;
const ids = (text: string) => text.replace(/"(?:messageId|id)":"[^"]*"/g, '"id"');

const TEXT: Readonly<Record<string, Use>> = {
  toUIMessageStreamResponse: async (ai, options) =>
    ids(await ai.streamText(options).toUIMessageStreamResponse().text()),
  toTextStreamResponse: (ai, options) => ai.streamText(options).toTextStreamResponse().text(),
  pipeTextStreamToResponse: (ai, options) =>
    served((response) => ai.streamText(options).pipeTextStreamToResponse(response)),
  consumeStream: async (ai, options) => {
    const result = ai.streamText(options);
    await result.consumeStream();
    return result.text;
  },
  "a textStream that is teed": async (ai, options) =>
    Promise.all(ai.streamText(options).textStream.tee().map(all)),
  "two of its streams": async (ai, options) => {
    const result = ai.streamText(options);
    return [await all(result.textStream), await all(result.textStream)];
  },
};

const OBJECTS: Readonly<Record<string, Use>> = {
  generateObject: async (ai, options) =>
    (await ai.generateObject({ ...options, schema: ai.jsonSchema(SCHEMA) })).object,
  streamObject: async (ai, options) => {
    const result = ai.streamObject({ ...options, schema: ai.jsonSchema(SCHEMA) });
    return [await all(result.partialObjectStream), await result.object];
  },
};

const VERSIONS = [
  ["5", sdk(ai5), openAi5],
  ["6", sdk(ai6), openAi6],
  ["7", sdk(ai7), openAi7],
] as const;

describe.each(VERSIONS)("ai %s", (version, ai, openAi) => {
  const told = (tracer: InMemoryTracer) =>
    version === "7"
      ? { telemetry: { integrations: aiSdk(tracer) } }
      : { experimental_telemetry: aiSdk(tracer) };
  const about = (scenario: "say" | "object", tracer?: InMemoryTracer) => ({
    model: openAi({ baseURL: server.baseUrl(scenario), apiKey: KEY }).chat("stub-1"),
    ...{ prompt: QUESTION, maxRetries: 0, onError: () => undefined },
    ...(tracer === undefined ? {} : told(tracer)),
  });

  it.each(Object.entries({ ...TEXT, ...OBJECTS }))("%s", async (name, use) => {
    const scenario = name in OBJECTS ? "object" : "say";
    const tracer = new InMemoryTracer();
    const app = portrait(await use(ai, about(scenario, tracer)));
    expect(app).toEqual(portrait(await use(ai, about(scenario))));
    await collected(tracer);
    const operation = name in OBJECTS ? name : "streamText";
    expect(tree(tracer.getTraces())).toEqual([`turn ${operation}`, "  model-call chat stub-1"]);
  });

  it("onAbort is called, and the spans are aborted", async () => {
    const run = async (tracer?: InMemoryTracer) => {
      const abort = new AbortController();
      const calls: string[] = [];
      const options = {
        ...about("say", tracer),
        onAbort: () => calls.push("abort"),
        abortSignal: abort.signal,
      };
      for await (const part of ai.streamText(options).textStream) {
        calls.push(part.slice(0, 1));
        abort.abort();
      }
      return calls.at(-1);
    };
    const tracer = new InMemoryTracer();
    expect(await run(tracer)).toEqual(await run());
    await collected(tracer);
    expect(tree(tracer.getTraces())).toEqual(["turn streamText aborted", "  model-call chat stub-1 aborted"]);
  });

  it("embed and embedMany", async () => {
    const answer = (n: number) => ({
      object: "list",
      data: Array.from({ length: n }, (_, index) => ({ object: "embedding", index, embedding: [0.25] })),
      ...{ model: "e", usage: { prompt_tokens: 3, total_tokens: 3 } },
    });
    const fetch = async (_: unknown, init?: RequestInit) =>
      Response.json(answer(JSON.parse(String(init?.body)).input.length));
    const model = openAi({ apiKey: KEY, fetch }).textEmbeddingModel("e");
    const tracer = new InMemoryTracer();
    const use = async (more: object) => [
      await ai.embed({ model, value: "a", ...more }),
      await ai.embedMany({ model, values: ["a", "b"], ...more }),
    ];
    expect(portrait(await use(told(tracer)))).toEqual(portrait(await use({})));
    await collected(tracer);
    const embeddings = tree(tracer.getTraces()).filter((line) => line.includes("embedding"));
    expect(embeddings).toEqual(["  embedding embed e", "  embedding embed e"]);
  });
});

describe("LangChain", () => {
  const model = (scenario: "say" | "object", tracer?: InMemoryTracer) =>
    new ChatOpenAI({
      ...{ model: "stub-1", apiKey: KEY, maxRetries: 0 },
      configuration: { baseURL: `${server.baseUrl(scenario)}` },
      callbacks: tracer === undefined ? [] : [langChain(tracer)],
    });
  const asked = [new HumanMessage(QUESTION)];
  const USES: Readonly<
    Record<string, readonly [use: (model: ChatOpenAI) => Promise<unknown>, calls: number]>
  > = {
    withStructuredOutput: [
      (llm) => llm.withStructuredOutput(SCHEMA, { method: "jsonSchema" }).invoke(asked),
      1,
    ],
    batch: [async (llm) => (await llm.batch([asked, asked, asked])).map(({ content }) => content), 3],
    streamEvents: [
      async (llm) =>
        (await all(llm.streamEvents(asked, { version: "v2" }))).map((one) =>
          Reflect.get(Object(one), "event"),
        ),
      1,
    ],
  };

  it.each(Object.entries(USES))("%s", async (name, [use, calls]) => {
    const scenario = name === "withStructuredOutput" ? "object" : "say";
    const tracer = new InMemoryTracer();
    const app = portrait(await use(model(scenario, tracer)));
    expect(app).toEqual(portrait(await use(model(scenario))));
    await collected(tracer);
    const lines = tree(tracer.getTraces()).filter((line) => line.includes("model-call"));
    expect(lines.map((line) => line.trim())).toEqual(Array(calls).fill("model-call chat stub-1"));
  });
});
