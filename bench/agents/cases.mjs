// What `npm run bench -- agents` measures: a call of each SDK, with and without its adapter.

import { createOpenAI as openAi5 } from "@ai-sdk/openai";
import Anthropic from "@anthropic-ai/sdk";
import {
  BedrockRuntimeClient,
  ConverseCommand,
  ConverseStreamCommand,
} from "@aws-sdk/client-bedrock-runtime";
import { GoogleGenAI } from "@google/genai";
import { ChatOpenAI } from "@langchain/openai";
import { HTTPClient, Mistral } from "@mistralai/mistralai";
import { Client, InMemoryTransport } from "@modelcontextprotocol/client";
import { McpServer } from "@modelcontextprotocol/server";
import { Agent, Runner, setTraceProcessors, setTracingDisabled } from "@openai/agents-core";
import { OpenAIProvider } from "@openai/agents-openai";
import * as ai5 from "ai";
import { createOpenAI as openAi6 } from "ai-sdk-openai3";
import { createOpenAI as openAi7 } from "ai-sdk-openai4";
import * as ai6 from "ai6";
import * as ai7 from "ai7";
import Groq from "groq-sdk";
import { Ollama } from "ollama";
import OpenAI from "openai";
import { aiSdk } from "tracelight/ai-sdk";
import { traceBedrock } from "tracelight/bedrock";
import { tracedFetch } from "tracelight/fetch";
import { langChain } from "tracelight/langchain";
import { traceMcp } from "tracelight/mcp";
import { openAiAgents } from "tracelight/openai-agents";
import { z } from "zod";

/** Calls of one conversation. */
export const CALLS = 20;
/** A conversation of some length, as agents send it: with each call, what was said since, and all before. */
const said = Array.from({ length: 20 + 2 * CALLS }, (_, i) => ({
  role: i % 2 === 0 ? "user" : "assistant",
  content: `Message ${i} of the conversation: what is the weather in Amsterdam and in Paris today?`,
}));
const historyAt = (turn, of = said) => of.slice(0, 21 + 2 * turn);
const parameters = { type: "object", properties: { city: { type: "string" } }, required: ["city"] };
const about = { name: "get_weather", description: "The weather of a city" };
const tools = [{ type: "function", function: { ...about, parameters } }];

async function drain(stream) {
  let count = 0;
  for await (const _ of stream) count++;
  return count;
}

/**
 * For each SDK what makes its functions, for a tracer or none: `call(turn)` asks in that turn of the conversation, `stream(n)` for an answer of n pieces, which it
 * reads.
 */
export function casesAt(ports) {
  const url = `http://127.0.0.1:${ports[0]}`;
  return {
    openai: (tracer) => {
      const client = new OpenAI({ apiKey: "k", baseURL: url, ...fetching(tracer) });
      return chat((body) => client.chat.completions.create(body));
    },
    "@anthropic-ai/sdk": (tracer) => {
      const client = new Anthropic({ apiKey: "k", baseURL: url, ...fetching(tracer) });
      const given = [{ ...about, input_schema: parameters }];
      return chat((body) => client.messages.create({ ...body, max_tokens: 9, tools: given }));
    },
    "@google/genai": (tracer) => {
      const client = new GoogleGenAI({ apiKey: "k", httpOptions: { baseUrl: url, ...fetching(tracer) } });
      const turns = said.map(({ role, content }) => ({
        role: role === "user" ? "user" : "model",
        parts: [{ text: content }],
      }));
      const declared = [{ functionDeclarations: [{ ...about, parametersJsonSchema: parameters }] }];
      const asked = (turn, chunks) => ({
        model: model(chunks),
        contents: historyAt(turn, turns),
        config: { tools: declared },
      });
      return {
        call: (turn) => client.models.generateContent(asked(turn)),
        stream: async (chunks) => drain(await client.models.generateContentStream(asked(0, chunks))),
      };
    },
    ollama: (tracer) => {
      const client = new Ollama({ host: url, ...fetching(tracer) });
      return chat((body) => client.chat(body));
    },
    "@mistralai/mistralai": (tracer) => {
      const traced = tracer && tracedFetch(tracer);
      const httpClient = traced && new HTTPClient({ fetcher: (input, init) => traced(input, init) });
      const client = new Mistral({ apiKey: "k", serverURL: url, ...(httpClient && { httpClient }) });
      return chat(({ stream, ...body }) => client.chat[stream ? "stream" : "complete"](body));
    },
    "groq-sdk": (tracer) => {
      const client = new Groq({ apiKey: "k", baseURL: url, ...fetching(tracer) });
      return chat((body) => client.chat.completions.create(body));
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
        call: (turn) => one.invoke(historyAt(turn), options),
        stream: async (chunks) => drain(await llm(chunks).stream(historyAt(0), options)),
      };
    },
    bedrock: (tracer) => {
      const credentials = { accessKeyId: "k", secretAccessKey: "k" };
      const endpoint = `http://127.0.0.1:${ports[1]}`;
      const client = new BedrockRuntimeClient({ region: "eu-central-1", endpoint, credentials });
      if (tracer !== undefined) traceBedrock(client, tracer);
      const turns = said.map(({ role, content }) => ({ role, content: [{ text: content }] }));
      const toolConfig = { tools: [{ toolSpec: { ...about, inputSchema: { json: parameters } } }] };
      return {
        call: (turn) =>
          client.send(
            new ConverseCommand({ modelId: "stub-1", messages: historyAt(turn, turns), toolConfig }),
          ),
        stream: async (chunks) => {
          const messages = historyAt(0, turns);
          const asked = { modelId: "stub-1", messages, toolConfig, requestMetadata: { n: model(chunks) } };
          return drain((await client.send(new ConverseStreamCommand(asked))).stream);
        },
      };
    },
    "openai-agents": async (tracer) => {
      const asked = new OpenAIProvider({ baseURL: `${url}/v1`, apiKey: "k", useResponses: false });
      const agent = new Agent({ name: "Forecaster", model: await asked.getModel("stub-1") });
      const runner = new Runner();
      const turns = said.map(({ role, content }) => ({
        ...{ type: "message", role },
        ...(role === "user"
          ? { content }
          : { status: "completed", content: [{ type: "output_text", text: content }] }),
      }));
      if (tracer !== undefined) setTraceProcessors([openAiAgents(tracer)]);
      return {
        // Its processors are told of no pieces.
        call: (turn) => {
          setTracingDisabled(tracer === undefined);
          return runner.run(agent, historyAt(turn, turns));
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

function fetching(tracer) {
  return tracer && { fetch: tracedFetch(tracer) };
}

function model(chunks) {
  return chunks === undefined ? "stub-1" : `chunks-${chunks}`;
}

/** What asks with a body such as most have. */
function chat(send) {
  const asked = (turn, chunks) => ({
    model: model(chunks),
    messages: historyAt(turn),
    tools,
    stream: chunks !== undefined,
  });
  return {
    call: (turn) => send(asked(turn)),
    stream: async (chunks) => drain(await send(asked(0, chunks))),
  };
}

function settings(tracer) {
  return tracer && { experimental_telemetry: aiSdk(tracer) };
}

function aiCase(ai, provider, telemetry = {}) {
  const weather = ai.tool({ description: about.description, inputSchema: z.object({ city: z.string() }) });
  const asked = (turn, chunks) => ({
    model: provider.chat(model(chunks)),
    messages: historyAt(turn),
    tools: { weather },
    ...telemetry,
  });
  return {
    call: (turn) => ai.generateText(asked(turn)),
    stream: (chunks) => drain(ai.streamText(asked(0, chunks)).textStream),
  };
}
