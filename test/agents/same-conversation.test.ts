// The same conversation through each SDK: what its spans read as, and what it cost, is the same, whoever was asked and however.
import { Client, InMemoryTransport } from "@modelcontextprotocol/client";
import { McpServer } from "@modelcontextprotocol/server";
import { Agent, Runner, setTraceProcessors, setTracingDisabled, tool } from "@openai/agents-core";
import { OpenAIProvider } from "@openai/agents-openai";
import { InMemoryTracer, type PriceTable, type Tracer } from "tracelight";
import { type Reading, readSpan } from "tracelight/conventions";
import { traceMcp } from "tracelight/mcp";
import { openAiAgents } from "tracelight/openai-agents";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { KEY } from "./clients.ts";
import { collected } from "./collected.ts";
import { essence, FIRST, LAST, QUESTION, READINGS, RESULTS, SYSTEM, TOOL } from "./conversation.ts";
import { StubServer } from "./server.ts";
import { SUBJECTS, type Subject } from "./subjects.ts";

let server: StubServer;
beforeAll(async () => {
  server = await StubServer.start();
});
afterAll(() => server.close());

/** Has the conversation with the service at the URL. */
type Talk = (asked: { tracer: Tracer; url: string; isStreamed: boolean }) => Promise<unknown>;

/** An SDK runs the tools by itself, or the app asks again with their results. */
function bySubject({ ask, loops }: Subject): Talk {
  return async (asked) => {
    await ask({ ...asked, isLoop: loops === true });
    if (loops !== true) await ask({ ...asked, hasResults: true });
  };
}

const execute = async ({ city }: { city: string }) => RESULTS[city];

function byAgents(useResponses: boolean): Talk {
  return async ({ tracer, url, isStreamed }) => {
    // The SDK traces nothing where NODE_ENV is "test".
    setTracingDisabled(false);
    setTraceProcessors([openAiAgents(tracer)]);
    const model = await new OpenAIProvider({ baseURL: `${url}/v1`, apiKey: KEY, useResponses }).getModel(
      "stub-1",
    );
    const { name, description } = TOOL;
    const weather = tool({ name, description, parameters: z.object({ city: z.string() }), execute });
    const agent = new Agent({ name: "Bot", instructions: SYSTEM, tools: [weather], model });
    const stream = isStreamed;
    const answer = stream
      ? await new Runner().run(agent, QUESTION, { stream })
      : await new Runner().run(agent, QUESTION);
    if ("completed" in answer) await answer.completed;
    expect(answer.finalOutput).toBe(LAST.text);
    setTraceProcessors([]);
    setTracingDisabled(true);
  };
}

const TALKS: Readonly<Record<string, Talk>> = {
  ...Object.fromEntries(Object.entries(SUBJECTS).map(([name, subject]) => [name, bySubject(subject)])),
  "@openai/agents, chat": byAgents(false),
  "@openai/agents, responses": byAgents(true),
};

const PRICES: PriceTable = { pricesOf: () => ({ input: 1, output: 2, cachedRead: 0.1 }) };
const COST = (240 + 1300 + 2 * (30 + 12) + 0.1 * 1000) / 1e6;

/** What the conversation reads as. */
async function readingsOf(talk: Talk, isStreamed: boolean, version?: 2) {
  const tracer = new InMemoryTracer();
  await talk({ tracer, url: server.baseUrl("talk", version), isStreamed });
  await collected(tracer);
  const readings = tracer.getTraces().map(readSpan);
  const costs = tracer.summaries({ by: "trace", prices: PRICES }).rows.map(({ costUsd = 0 }) => costUsd);
  return { readings, cost: costs.reduce((sum, cost) => sum + cost) };
}

const ofTools = (readings: readonly Reading[]) =>
  readings.flatMap(({ tool: used }) =>
    used === undefined ? [] : [{ name: used.name, arguments: used.arguments, result: used.result }],
  );
const TOOLS_USED = (FIRST.tools ?? []).map(({ name, arguments: given }) => ({
  ...{ name, arguments: given, result: RESULTS[String(given["city"])] },
}));

describe.each(Object.entries(TALKS))("%s", (name, talk) => {
  it.each([false, true])("reads and costs what all others do; streamed: %s", async (isStreamed) => {
    const { readings, cost } = await readingsOf(talk, isStreamed, SUBJECTS[name]?.version);
    const calls = readings.filter(({ kind }) => kind === "model-call");
    // Of a chat the Agents SDK does not tell which tools the model could call.
    const untold = name === "@openai/agents, chat" ? { tools: [] } : {};
    expect(calls.map(essence)).toEqual(READINGS.map((reading) => ({ ...reading, ...untold })));
    expect(calls.map(({ model, finish }) => [model, finish])).toEqual([
      ...[
        ["stub-1", "tool-call"],
        ["stub-1", "stop"],
      ],
    ]);
    // Ollama does not say what it had read before.
    const cached = name === "ollama" ? undefined : 1000;
    expect(calls.map(({ usage }) => usage?.cachedRead || undefined)).toEqual([cached, undefined]);
    expect(cost).toBeCloseTo(cached === undefined ? COST + 0.9e-3 : COST, 12);
    const used = ofTools(readings);
    expect(used.length === 0 && SUBJECTS[name]?.loops !== true ? TOOLS_USED : used).toEqual(TOOLS_USED);
  });
});

it("@modelcontextprotocol/client: the tools read as an SDK's own do", async () => {
  const mcp = new McpServer({ name: "weather", version: "1" });
  const inputSchema = z.object({ city: z.string() });
  mcp.registerTool(TOOL.name, { description: TOOL.description, inputSchema }, async ({ city }) => ({
    content: [{ type: "text", text: JSON.stringify(RESULTS[city]) }],
  }));
  const tracer = new InMemoryTracer();
  const client = traceMcp(new Client({ name: "bot", version: "1" }), tracer);
  const [a, b] = InMemoryTransport.createLinkedPair();
  await Promise.all([mcp.connect(a), client.connect(b)]);
  for (const { name, arguments: given } of FIRST.tools ?? [])
    await client.callTool({ name, arguments: given });
  await client.close();
  expect(ofTools(tracer.getTraces().map(readSpan))).toEqual(TOOLS_USED);
});
