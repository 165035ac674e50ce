// The rows of the adapters' contract that a protocol of requests has: a client and a server of MCP's SDKs, 1 and 2, both traced, in one process. Spans are as they
// are expected, and the app sees what it sees without tracing.
import { EventEmitter, once } from "node:events";
import { Client as Client2, InMemoryTransport as Pair2 } from "@modelcontextprotocol/client";
import { Client as Client1 } from "@modelcontextprotocol/sdk/client/index.js";
import { InMemoryTransport as Pair1 } from "@modelcontextprotocol/sdk/inMemory.js";
import { McpServer as Server1 } from "@modelcontextprotocol/sdk/server/mcp.js";
import { McpServer as Server2 } from "@modelcontextprotocol/server";
import { InMemoryTracer } from "tracelight";
import { traceMcp } from "tracelight/mcp";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { portrait } from "./portrait.ts";
import { failure, tree } from "./tree.ts";

/** What a tool is given beside its arguments, in either version. */
interface Context {
  readonly token: string | number | undefined;
  readonly notify: (notification: object) => Promise<void>;
}

/** A client of either version, as far as rows use it. */
interface Peer {
  call(name: string, args: object, options?: object): Promise<unknown>;
  readonly client: Client1 | Client2;
  /** A tool waits. */
  readonly waits: Promise<unknown>;
}

const INFO = { name: "weather", version: "1.0.0" };
const CITY = { city: z.string() };
const said = (text: string) => ({ content: [{ type: "text" as const, text }] });

const TOOLS = (begun: () => void) => ({
  weather: ({ city }: { readonly city: string }) => {
    if (city === "Atlantis") throw new Error("No such city.");
    return said(`It is sunny in ${city}.`);
  },
  wait: () => {
    begun();
    return new Promise<never>(() => undefined);
  },
  slow: async (_: object, { token, notify }: Context) => {
    for (const progress of [1, 2, 3])
      await notify({
        method: "notifications/progress",
        params: { progressToken: token, progress, total: 3 },
      });
    return said("Done.");
  },
});

const resource = (uri: URL) => ({ contents: [{ uri: uri.href, text: "Bring a coat." }] });
const prompt = ({ city }: { readonly city: string }) => ({
  messages: [{ role: "user" as const, content: { type: "text" as const, text: `How is ${city}?` } }],
});

async function pair1(tracer: InMemoryTracer | undefined): Promise<Peer> {
  const begun = new EventEmitter();
  const tools = TOOLS(() => void begun.emit("begun"));
  const server = new Server1(INFO);
  server.registerTool("weather", { inputSchema: CITY }, tools.weather);
  server.registerTool("wait", { inputSchema: {} }, tools.wait);
  server.registerTool("slow", { inputSchema: {} }, (args, { _meta, sendNotification }) =>
    tools.slow(args, { token: _meta?.progressToken, notify: (one) => sendNotification(Object(one)) }),
  );
  server.registerResource("advice", "weather://advice", {}, resource);
  server.registerPrompt("ask", { argsSchema: CITY }, prompt);
  const client = new Client1(INFO);
  if (tracer !== undefined) [server, client].map((peer) => traceMcp(peer, tracer));
  const [here, there] = Pair1.createLinkedPair();
  await Promise.all([server.connect(there), client.connect(here)]);
  const call = (name: string, args: object, options?: object) =>
    client.callTool({ name, arguments: { ...args } }, undefined, options);
  return { call, client, waits: once(begun, "begun") };
}

async function pair2(tracer: InMemoryTracer | undefined): Promise<Peer> {
  const begun = new EventEmitter();
  const tools = TOOLS(() => void begun.emit("begun"));
  const server = new Server2(INFO);
  server.registerTool("weather", { inputSchema: z.object(CITY) }, tools.weather);
  server.registerTool("wait", {}, tools.wait);
  server.registerTool("slow", { inputSchema: z.object({}) }, (args, { mcpReq }) =>
    tools.slow(args, {
      token: mcpReq._meta?.progressToken,
      notify: (one) => mcpReq.notify(Object(one)),
    }),
  );
  server.registerResource("advice", "weather://advice", {}, resource);
  server.registerPrompt("ask", { argsSchema: z.object(CITY) }, prompt);
  const client = new Client2(INFO);
  if (tracer !== undefined) {
    traceMcp(server, tracer);
    traceMcp(client, tracer);
  }
  const [here, there] = Pair2.createLinkedPair();
  await Promise.all([server.connect(there), client.connect(here)]);
  const call = (name: string, args: object, options?: object) =>
    client.callTool({ name, arguments: { ...args } }, options);
  return { call, client, waits: once(begun, "begun") };
}

interface Row {
  readonly use: (peer: Peer) => Promise<unknown>;
  readonly spans: readonly string[];
}

const both = (name: string, how = "", kind = "other"): string[] => [
  `${kind} ${name}${how}`,
  `  ${kind} ${name}${how}`,
];
const tool = (name: string, how = "") => both(`tools/call ${name}`, how, "tool-call");

async function aborted({ call, waits }: Peer): Promise<unknown> {
  const abort = new AbortController();
  const going = call("wait", {}, { signal: abort.signal }).catch(failure);
  await waits;
  abort.abort(new Error("No more."));
  return going;
}

const ROWS: Readonly<Record<string, Row>> = {
  plain: { use: ({ call }) => call("weather", { city: "Paris" }), spans: tool("weather") },
  "with progress": {
    use: async ({ call }) => {
      const told: unknown[] = [];
      return [await call("slow", {}, { onprogress: (one: unknown) => told.push(one) }), told];
    },
    spans: tool("slow"),
  },
  "parallel tools": {
    use: ({ call }) => Promise.all(["Paris", "Rome", "Oslo"].map((city) => call("weather", { city }))),
    spans: [...tool("weather"), ...tool("weather"), ...tool("weather")],
  },
  "a tool that fails": {
    use: ({ call }) => call("weather", { city: "Atlantis" }).catch(failure),
    spans: tool("weather", " ERROR No such city."),
  },
  "a resource": {
    use: ({ client }) => client.readResource({ uri: "weather://advice" }),
    spans: both("resources/read"),
  },
  lists: {
    use: async ({ client }) => [
      await client.listTools(),
      await client.listResources(),
      await client.listPrompts(),
    ],
    spans: [...both("tools/list"), ...both("resources/list"), ...both("prompts/list")],
  },
  "a prompt": {
    use: ({ client }) => client.getPrompt({ name: "ask", arguments: { city: "Oslo" } }),
    spans: both("prompts/get ask"),
  },
  "aborted before": {
    use: ({ call }) =>
      call("weather", { city: "Paris" }, { signal: AbortSignal.abort(new Error("No.")) }).catch(failure),
    spans: [],
  },
  "aborted during": { use: aborted, spans: tool("wait", " aborted") },
  abandoned: {
    use: async ({ call, client, waits }) => {
      const left = call("wait", {}).catch(failure);
      await waits;
      await client.close();
      return left;
    },
    spans: tool("wait", " aborted"),
  },
  "an answer after a time-out": {
    use: async ({ call }) => [
      await call("wait", {}, { timeout: 5 }).catch(failure),
      await call("weather", { city: "Oslo" }),
    ],
    spans: [...tool("wait", " ERROR Request timed out"), ...tool("weather")],
  },
};

describe.each([
  ["1", pair1],
  ["2", pair2],
] as const)("SDK %s", (_, pair) => {
  it.each(Object.entries(ROWS))("%s", async (_, { use, spans }) => {
    const tracer = new InMemoryTracer();
    const peer = await pair(tracer);
    const app = portrait(await use(peer));
    await peer.client.close();
    const plain = await pair(undefined);
    expect(app).toEqual(portrait(await use(plain)));
    await plain.client.close();
    expect(tracer.openSpans()).toEqual([]);
    // The versions say it in other words.
    const told = tree(tracer.getTraces()).map((line) =>
      line.replace(/(?<=ERROR )\w+: (?:MCP error -\d+: )?/, ""),
    );
    expect(told).toEqual(spans);
  });

  it("what is malformed: arguments, a tool and a resource that there are not", async () => {
    const tracer = new InMemoryTracer();
    const { call, client } = await pair(tracer);
    const tries = [
      await call("weather", { city: 1 }).catch(failure),
      await call("none", {}).catch(failure),
      await client.readResource({ uri: "weather://none" }).catch(failure),
      await client.getPrompt({ name: "none" }).catch(failure),
    ];
    expect(tries).toHaveLength(4);
    await client.close();
    expect(tracer.openSpans()).toEqual([]);
    const calls = tracer.getTraces();
    expect(calls).toHaveLength(8);
    expect(calls.map(({ spanStatus }) => spanStatus)).toEqual(Array(8).fill("ERROR"));
  });
});
