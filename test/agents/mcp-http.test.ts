// A client of MCP's SDKs, 1 and 2, whose server is busy or gone: the call's span has the failure that the app gets.
import { Client as Client2, StreamableHTTPClientTransport as Http2 } from "@modelcontextprotocol/client";
import { Client as Client1 } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport as Http1 } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { InMemoryTracer } from "tracelight";
import { traceMcp } from "tracelight/mcp";
import { describe, expect, it } from "vitest";
import { failure, tree } from "./tree.ts";

/** What becomes of a tool's call. */
type Fate = () => Response;

const AT = new URL("http://127.0.0.1:9/mcp");
const INFO = { name: "weather", version: "1.0.0" };
const FATES: Readonly<Record<string, Fate>> = {
  "429": () => new Response("Too many requests.", { status: 429, headers: { "retry-after": "1" } }),
  "500": () => new Response("Out of order.", { status: 500 }),
  "a connection that fails": () => {
    throw new TypeError("fetch failed");
  },
};

/** A server as a client sees it by HTTP: it agrees to all that is asked before the call. */
function serverOf(fate: Fate) {
  return async (_: string | URL, init?: RequestInit): Promise<Response> => {
    if (typeof init?.body !== "string") return new Response(null, { status: 405 });
    const { id, method, params } = JSON.parse(init.body);
    if (id === undefined) return new Response(null, { status: 202 });
    if (method !== "initialize") return fate();
    const agreed = { protocolVersion: params.protocolVersion, capabilities: { tools: {} }, serverInfo: INFO };
    return Response.json({ jsonrpc: "2.0", id, result: agreed });
  };
}

async function connected1(fate: Fate, tracer: InMemoryTracer | undefined): Promise<Client1> {
  const client = new Client1(INFO);
  if (tracer !== undefined) traceMcp(client, tracer);
  await client.connect(new Http1(AT, { fetch: serverOf(fate) }));
  return client;
}

async function connected2(fate: Fate, tracer: InMemoryTracer | undefined): Promise<Client2> {
  const client = new Client2(INFO);
  if (tracer !== undefined) traceMcp(client, tracer);
  await client.connect(new Http2(AT, { fetch: serverOf(fate) }));
  return client;
}

/** What the app is told. */
async function called(client: Client1 | Client2): Promise<unknown> {
  const told = await client.callTool({ name: "weather", arguments: { city: "Paris" } }).catch(failure);
  await client.close();
  return told;
}

describe.each([
  ["1", connected1],
  ["2", connected2],
] as const)("SDK %s", (_, connected) => {
  it.each(Object.entries(FATES))("%s", async (_, fate) => {
    const tracer = new InMemoryTracer();
    const told = await called(await connected(fate, tracer));
    expect(told).toEqual(await called(await connected(fate, undefined)));
    expect(tracer.openSpans()).toEqual([]);
    console.log(told, tree(tracer.getTraces()));
    expect(tree(tracer.getTraces())).toEqual([
      expect.stringMatching(/^tool-call tools\/call weather ERROR /),
    ]);
  });
});
