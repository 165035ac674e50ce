// What `npm run bench -- agents` measures: a call of each SDK, with and without its adapter.

import { createOpenAI as openAi5 } from "@ai-sdk/openai";
import Anthropic from "@anthropic-ai/sdk";
import {
  BedrockRuntimeClient,
  ConverseCommand,
  ConverseStreamCommand,
} from "@aws-sdk/client-bedrock-runtime";
import { ChatOpenAI } from "@langchain/openai";
import { Client, InMemoryTransport } from "@modelcontextprotocol/client";
import { McpServer } from "@modelcontextprotocol/server";
import * as ai5 from "ai";
import { createOpenAI as openAi6 } from "ai-sdk-openai3";
import { createOpenAI as openAi7 } from "ai-sdk-openai4";
import * as ai6 from "ai6";
import * as ai7 from "ai7";
import OpenAI from "openai";
import { aiSdk } from "tracelight/ai-sdk";
import { traceBedrock } from "tracelight/bedrock";
import { tracedFetch } from "tracelight/fetch";
import { langChain } from "tracelight/langchain";
import { traceMcp } from "tracelight/mcp";
import { z } from "zod";

/** A conversation of some length, as agents send it. */
const history = Array.from({ length: 20 }, (_, i) => ({
  role: i % 2 === 0 ? "user" : "assistant",
  content: `Message ${i} of the conversation: what is the weather in Amsterdam and in Paris today?`,
}));
const parameters = { type: "object", properties: { city: { type: "string" } }, required: ["city"] };
const about = { name: "get_weather", description: "The weather of a city" };
const tools = [{ type: "function", function: { ...about, parameters } }];

async function drain(stream) {
  let count = 0;
  for await (const _ of stream) count++;
  return count;
}

/**
 * For each SDK what makes its functions, for a tracer or none: `call()` asks once, `stream(n)` for an answer of n pieces, which it
 * reads.
 */
export function casesAt(ports) {
  const url = `http://127.0.0.1:${ports[0]}`;
  const model = (chunks) => (chunks === undefined ? "stub-1" : `chunks-${chunks}`);
  return {
    openai: (tracer) => {
      const fetch = tracer && tracedFetch(tracer);
      const client = new OpenAI({ apiKey: "k", baseURL: url, ...(fetch && { fetch }) });
      const ask = (chunks) =>
        client.chat.completions.create({
          model: model(chunks),
          messages: history,
          tools,
          stream: chunks !== undefined,
        });
      return { call: () => ask(), stream: async (chunks) => drain(await ask(chunks)) };
    },
    "@anthropic-ai/sdk": (tracer) => {
      const fetch = tracer && tracedFetch(tracer);
      const client = new Anthropic({ apiKey: "k", baseURL: url, ...(fetch && { fetch }) });
      const given = [{ ...about, input_schema: parameters }];
      return {
        call: () =>
          client.messages.create({ model: "stub-1", max_tokens: 9, messages: history, tools: given }),
      };
    },
    "ai 5": (tracer) => aiCase(ai5, openAi5({ baseURL: url, apiKey: "k" }), settings(tracer)),
    "ai 6": (tracer) => aiCase(ai6, openAi6({ baseURL: url, apiKey: "k" }), settings(tracer)),
    "ai 7": (tracer) =>
      aiCase(
        ai7,
        openAi7({ baseURL: url, apiKey: "k" }),
        tracer && { telemetry: { integrations: aiSdk(tracer) } },
      ),
    langchain: (tracer) => {
      const options = tracer && { callbacks: [langChain(tracer)] };
      const llm = (chunks) =>
        new ChatOpenAI({ model: model(chunks), apiKey: "k", configuration: { baseURL: url } }).bindTools(
          tools,
        );
      const one = llm();
      return {
        call: () => one.invoke(history, options),
        stream: async (chunks) => drain(await llm(chunks).stream(history, options)),
      };
    },
    bedrock: (tracer) => {
      const credentials = { accessKeyId: "k", secretAccessKey: "k" };
      const endpoint = `http://127.0.0.1:${ports[1]}`;
      const client = new BedrockRuntimeClient({ region: "eu-central-1", endpoint, credentials });
      if (tracer !== undefined) traceBedrock(client, tracer);
      const messages = history.map(({ role, content }) => ({ role, content: [{ text: content }] }));
      const toolConfig = { tools: [{ toolSpec: { ...about, inputSchema: { json: parameters } } }] };
      return {
        call: () => client.send(new ConverseCommand({ modelId: "stub-1", messages, toolConfig })),
        stream: async (chunks) => {
          const asked = { modelId: "stub-1", messages, toolConfig, requestMetadata: { n: model(chunks) } };
          return drain((await client.send(new ConverseStreamCommand(asked))).stream);
        },
      };
    },
    mcp: async (tracer) => {
      const server = new McpServer({ name: "s", version: "1" });
      server.registerTool("echo", { inputSchema: z.object({ text: z.string() }) }, ({ text }) => ({
        content: [{ type: "text", text }],
      }));
      const client = new Client({ name: "c", version: "1" });
      if (tracer !== undefined) traceMcp(client, tracer);
      const [a, b] = InMemoryTransport.createLinkedPair();
      await Promise.all([server.connect(a), client.connect(b)]);
      return { call: () => client.callTool({ name: "echo", arguments: { text: "Hello" } }) };
    },
  };
}

function settings(tracer) {
  return tracer && { experimental_telemetry: aiSdk(tracer) };
}

function aiCase(ai, provider, telemetry = {}) {
  const weather = ai.tool({ description: about.description, inputSchema: z.object({ city: z.string() }) });
  const asked = (chunks) => ({
    model: provider.chat(chunks === undefined ? "stub-1" : `chunks-${chunks}`),
    messages: history,
    tools: { weather },
    ...telemetry,
  });
  return {
    call: () => ai.generateText(asked()),
    stream: (chunks) => drain(ai.streamText(asked(chunks)).textStream),
  };
}
