// What the contract of adapters is tried with: each adapter with the SDK that it is for, all asked the same way.
import { createOpenAI as openAi5 } from "@ai-sdk/openai";
import {
  BedrockRuntimeClient,
  ConverseCommand,
  type ConverseCommandInput,
  ConverseStreamCommand,
} from "@aws-sdk/client-bedrock-runtime";
import { AIMessage, HumanMessage, SystemMessage, ToolMessage } from "@langchain/core/messages";
import { ChatOpenAI } from "@langchain/openai";
import * as ai5 from "ai";
import { createOpenAI as openAi6 } from "ai-sdk-openai3";
import { createOpenAI as openAi7 } from "ai-sdk-openai4";
import * as ai6 from "ai6";
import * as ai7 from "ai7";
import { NoopTracer, type Tracer } from "tracelight";
import { aiSdk } from "tracelight/ai-sdk";
import { traceBedrock } from "tracelight/bedrock";
import { type StreamOptions, tracedFetch } from "tracelight/fetch";
import { langChain } from "tracelight/langchain";
import { type Ask, CLIENTS, type Client, HEADERS, IMAGE_DATA, IMAGE_URL, KEY, partsOf } from "./clients.ts";
import { FIRST, QUESTION, RESULTS, SCHEMA, SYSTEM, TOOL } from "./conversation.ts";

/** What is asked, traced or not. */
export interface SubjectAsk extends Omit<Ask, "fetch">, StreamOptions {
  readonly tracer: Tracer | undefined;
  /** The SDK runs the tools and asks on, where it can. */
  readonly isLoop?: boolean;
}

/** An adapter with its SDK. */
export interface Subject {
  readonly ask: (asked: SubjectAsk) => Promise<unknown>;
  /** Which HTTP its service speaks. */
  readonly version?: 2;
  /** It asks again by itself where its service is busy. */
  readonly retries: boolean;
  /** It runs tools and asks on by itself. */
  readonly loops?: true;
  /** It reads on by itself what the app leaves, as far as its buffers go: its own tests leave streams. */
  readonly readsOn?: true;
  /** It reads all of an answer by itself, whatever the app does. */
  readonly readsAll?: true;
  /** It tells nobody of a line that is cut. */
  readonly hidesCuts?: true;
}

const ASKED = FIRST.tools ?? [];
const resultOf = (city: unknown) => RESULTS[String(city)];

function byFetch(client: Client, retries: boolean): Subject {
  const ask = ({ tracer, capture, idleMs, ...asked }: SubjectAsk) =>
    client({ ...asked, fetch: tracer === undefined ? fetch : tracedFetch(tracer, { capture, idleMs }) });
  return { ask, retries };
}

/** What is used of the three versions, whose types do not know of one another. */
interface AiSdk {
  tool(given: object): object;
  jsonSchema(schema: object): object;
  generateText(options: object): Promise<object>;
  generateObject(options: object): Promise<object>;
  streamText(options: object): { readonly fullStream: AsyncIterable<unknown> };
}
const sdk = (module: object): AiSdk => Object.assign(Object.create(null), module);

function byAiSdk(
  ai: AiSdk,
  openAi: typeof openAi5 | typeof openAi6 | typeof openAi7,
  settings: (tracer: Tracer, options: StreamOptions) => object,
  stopWhen: unknown,
): Subject {
  const execute = async ({ city }: { readonly city: string }) => resultOf(city);
  const ask = async (asked: SubjectAsk) => {
    const { tracer, signal, maxRetries = 0, also } = asked;
    const image = [
      { type: "image", image: new URL(IMAGE_URL) },
      { type: "image", image: IMAGE_DATA, mediaType: "image/png" },
    ];
    const content =
      also === "image" ? [{ type: "text", text: QUESTION }, ...image] : [{ type: "text", text: QUESTION }];
    const description = TOOL.description;
    const inputSchema = ai.jsonSchema(SCHEMA);
    const tool = ai.tool({ description, inputSchema, ...(asked.isLoop === true ? { execute } : {}) });
    const options = {
      model: openAi({ baseURL: asked.url, apiKey: KEY }).chat("stub-1"),
      ...{ system: SYSTEM, messages: [{ role: "user", content }], headers: HEADERS, maxRetries },
      ...(also === "object" ? { schema: inputSchema } : { tools: { get_weather: tool }, stopWhen }),
      ...{ abortSignal: signal, onError: () => undefined },
      ...(tracer === undefined ? {} : settings(tracer, { capture: asked.capture, idleMs: asked.idleMs })),
    };
    if (also === "object") return ai.generateObject(options);
    return asked.isStreamed ? partsOf(ai.streamText(options).fullStream, asked) : ai.generateText(options);
  };
  return { ask, retries: true, loops: true, readsOn: true };
}

const told = (tracer: Tracer, options: StreamOptions) => ({
  experimental_telemetry: aiSdk(tracer, options),
});

const byLangChain: Subject = {
  retries: true,
  ask: async (asked) => {
    const { tracer, signal, maxRetries = 0, also, capture, idleMs } = asked;
    const configuration = { baseURL: asked.url, defaultHeaders: HEADERS };
    const model = new ChatOpenAI({ model: "stub-1", apiKey: KEY, configuration, maxRetries });
    const tools = [
      { type: "function", function: { name: TOOL.name, description: TOOL.description, parameters: SCHEMA } },
    ];
    const options = {
      ...(signal === undefined ? {} : { signal }),
      // LangChain gives messages an id where there is any handler.
      callbacks: [langChain(tracer ?? new NoopTracer(), { capture, idleMs })],
    };
    const messages = chatMessages(asked);
    if (also === "object")
      return model.withStructuredOutput(SCHEMA, { method: "jsonSchema" }).invoke(messages, options);
    const llm = model.bindTools(tools);
    return asked.isStreamed
      ? partsOf(await llm.stream(messages, options), asked)
      : llm.invoke(messages, options);
  },
};

function chatMessages({ hasResults, also }: SubjectAsk) {
  const image = { type: "image_url", image_url: { url: IMAGE_URL } };
  const content = also === "image" ? [{ type: "text", text: QUESTION }, image] : QUESTION;
  const asked = [new SystemMessage(SYSTEM), new HumanMessage({ content })];
  if (hasResults !== true) return asked;
  const tool_calls = ASKED.map(({ id, name, arguments: args }) => ({ id, name, args: { ...args } }));
  return [
    ...asked,
    new AIMessage({ content: FIRST.text ?? "", tool_calls }),
    ...ASKED.map(
      ({ id, arguments: given }) =>
        new ToolMessage({ tool_call_id: id, content: JSON.stringify(resultOf(given["city"])) }),
    ),
  ];
}

const byBedrock: Subject = {
  version: 2,
  retries: true,
  hidesCuts: true,
  ask: async (asked) => {
    const { tracer, signal, maxRetries = 0 } = asked;
    const credentials = { accessKeyId: KEY, secretAccessKey: KEY, sessionToken: KEY };
    const client = new BedrockRuntimeClient({
      ...{ region: "eu-central-1", endpoint: asked.url, credentials, maxAttempts: maxRetries + 1 },
    });
    if (tracer !== undefined) traceBedrock(client, tracer, { capture: asked.capture, idleMs: asked.idleMs });
    const options = signal === undefined ? {} : { abortSignal: signal };
    if (!asked.isStreamed) return client.send(new ConverseCommand(converseInput(asked)), options);
    const { stream } = await client.send(new ConverseStreamCommand(converseInput(asked)), options);
    return partsOf(stream ?? nothing(), asked);
  },
};

function converseInput({ hasResults, also }: SubjectAsk): ConverseCommandInput {
  const bytes = Buffer.from(IMAGE_DATA, "base64");
  const image = { image: { format: "png" as const, source: { bytes } } };
  const content = [
    { text: QUESTION },
    ...(also === "image" ? [image] : [{ cachePoint: { type: "default" as const } }]),
  ];
  const uses = ASKED.map(({ id, name, arguments: input }) => ({
    toolUse: { toolUseId: id, name, input: { city: String(input["city"]) } },
  }));
  const results = ASKED.map(({ id, arguments: input }) => ({
    toolResult: { toolUseId: id, content: [{ text: JSON.stringify(resultOf(input["city"])) }] },
  }));
  const later = [
    { role: "assistant" as const, content: [{ text: FIRST.text ?? "" }, ...uses] },
    { role: "user" as const, content: results },
  ];
  const { name, description } = TOOL;
  const jsonSchema = { name: "weather", schema: JSON.stringify(SCHEMA) };
  return {
    ...{ modelId: "stub-1", system: [{ text: SYSTEM }], inferenceConfig: { maxTokens: 100 } },
    messages: [{ role: "user", content }, ...(hasResults === true ? later : [])],
    toolConfig: { tools: [{ toolSpec: { name, description, inputSchema: { json: SCHEMA } } }] },
    ...(also === "object"
      ? { outputConfig: { textFormat: { type: "json_schema", structure: { jsonSchema } } } }
      : {}),
  };
}

const RETRYING = new Set(["openai, chat", "openai, responses", "@anthropic-ai/sdk", "groq-sdk"]);

/** All adapters, by the SDK. */
export const SUBJECTS: Readonly<Record<string, Subject>> = {
  ...Object.fromEntries(
    Object.entries(CLIENTS).map(([name, client]) => [name, byFetch(client, RETRYING.has(name))]),
  ),
  "ai 5": { ...byAiSdk(sdk(ai5), openAi5, told, ai5.stepCountIs(3)), readsAll: true },
  "ai 6": { ...byAiSdk(sdk(ai6), openAi6, told, ai6.stepCountIs(3)), readsAll: true },
  "ai 7": byAiSdk(
    sdk(ai7),
    openAi7,
    (tracer, options) => ({ telemetry: { integrations: aiSdk(tracer, options) } }),
    ai7.isStepCount(3),
  ),
  "@langchain/openai": byLangChain,
  "@aws-sdk/client-bedrock-runtime": byBedrock,
};

async function* nothing(): AsyncGenerator<never> {}
