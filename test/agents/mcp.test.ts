// tracelight/mcp with the protocol's own SDKs, 1 and 2: a client here, a server in another process, one trace.

import { spawn } from "node:child_process";
import { EventEmitter, getEventListeners, once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import {
  Client as Client2,
  StreamableHTTPClientTransport as Http2,
  InMemoryTransport,
} from "@modelcontextprotocol/client";
import { StdioClientTransport as Stdio2 } from "@modelcontextprotocol/client/stdio";
import { Client as Client1 } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport as Stdio1 } from "@modelcontextprotocol/sdk/client/stdio.js";
import { StreamableHTTPClientTransport as Http1 } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { McpServer } from "@modelcontextprotocol/server";
import { build } from "esbuild";
import { InMemoryTracer, Span, type Tracer } from "tracelight";
import { readSpan } from "tracelight/conventions";
import { type CaptureOptions, traceMcp } from "tracelight/mcp";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { z } from "zod";

const folder = mkdtempSync(join(tmpdir(), "tracelight-mcp-"));
const program = (version: string) => join(folder, `server-${version}.mjs`);
const path = (from: string) => fileURLToPath(new URL(from, import.meta.url));

beforeAll(async () => {
  symlinkSync(path("../../node_modules"), join(folder, "node_modules"));
  await build({
    entryPoints: [path("mcp/server-1.ts"), path("mcp/server-2.ts")],
    ...{
      outdir: folder,
      outExtension: { ".js": ".mjs" },
      bundle: true,
      packages: "external",
      platform: "node",
      format: "esm",
    },
    ...{ logLevel: "error", target: "node20" },
    alias: { "tracelight/mcp": path("../../src/agents/mcp.ts"), tracelight: path("../../src/index.ts") },
  });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const INFO = { name: "agent", version: "1.0.0" };
const MODERN = { versionNegotiation: { mode: { pin: "2026-07-28" } } };

type Client = Client1 | Client2;

const CLIENTS = {
  "1": { client: () => new Client1(INFO), Stdio: Stdio1, Http: Http1 },
  "2": { client: () => new Client2(INFO, MODERN), Stdio: Stdio2, Http: Http2 },
};

/** Connects a client of that version of the SDK with a server of the same in another process. */
async function connected(version: "1" | "2", over: string, file: string, tracer?: Tracer): Promise<Client> {
  const { client: make, Stdio, Http } = CLIENTS[version];
  const client: Client = make();
  if (tracer !== undefined) traceMcp(client, tracer);
  const args = [program(version), over, file];
  const transport =
    over === "stdio" ? new Stdio({ command: process.execPath, args }) : new Http(await served(args));
  await client.connect(transport);
  return client;
}

async function served(args: string[]): Promise<URL> {
  const server = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  onTestFinished(() => void server.kill("SIGKILL"));
  const [line] = await once(createInterface({ input: server.stdout }), "line");
  return new URL(`http://127.0.0.1:${JSON.parse(String(line)).port}/mcp`);
}

/** What an agent asks of the server, well and badly, some of it at once; and what it sees of that. */
async function ask(client: Client, onWaiting: () => Promise<unknown>): Promise<unknown> {
  const divide = (a: number, b: number) => client.callTool({ name: "divide", arguments: { a, b } });
  const calls = await Promise.all([divide(12, 4), divide(1, 0)]);
  const prompt = await client.getPrompt({ name: "greet", arguments: { name: "Ada" } });
  const resource = await client.readResource({
    uri: "https://me:secret@example.com/rules?signature=secret",
  });
  const missing = await client.readResource({ uri: "file:///none" }).catch(failure);
  const { tools } = await client.listTools();
  const names = tools.map(({ name }) => name);
  const abort = new AbortController();
  // The two SDKs take the same at another place.
  const call = { name: "wait", arguments: {} };
  const options = { signal: abort.signal };
  const waiting =
    client instanceof Client1 ? client.callTool(call, undefined, options) : client.callTool(call, options);
  const aborted = waiting.catch(failure);
  await onWaiting();
  abort.abort(new Error("No more."));
  return [calls, prompt, resource, missing, names, await aborted].map(plain);
}

const failure = (error: unknown) => (error instanceof Error ? `${error.name}: ${error.message}` : error);
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

/** What the server has written, once a span of that name is there. */
async function recordsIn(file: string, name: string): Promise<Span[]> {
  for (;;) {
    const lines = existsSync(file) ? readFileSync(file, "utf8").split("\n").filter(Boolean) : [];
    const spans = lines.map((line) => Span.fromRecord(JSON.parse(line)));
    if (spans.some(({ spanName }) => spanName === name)) return spans;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Who is below whom, each with how it went. */
function tree(spans: readonly Span[], parent: string | undefined, depth = 0): string[] {
  return spans
    .filter(({ parentSpanId }) => parentSpanId === parent)
    .flatMap((span) => {
      const how = readSpan(span).aborted ? "aborted" : span.spanStatus === "ERROR" ? "ERROR" : "";
      const line = `${"  ".repeat(depth)}${span.spanKind} ${span.spanName} ${how}`.trimEnd();
      return [line, ...tree(spans, span.spanId, depth + 1)];
    });
}

const EXPECTED = `
INTERNAL converse
  CLIENT tools/call divide
    SERVER tools/call divide
      INTERNAL calculate
  CLIENT tools/call divide ERROR
    SERVER tools/call divide ERROR
      INTERNAL calculate ERROR
  CLIENT prompts/get greet
    SERVER prompts/get greet
  CLIENT resources/read
    SERVER resources/read
  CLIENT resources/read ERROR
    SERVER resources/read ERROR
  CLIENT tools/list
    SERVER tools/list
  CLIENT tools/call wait aborted
    SERVER tools/call wait aborted
      INTERNAL waits`;

describe.each([
  ["1", "stdio"],
  ["1", "http"],
  ["2", "stdio"],
  ["2", "http"],
] as const)("SDK %s over %s", (version, over) => {
  it("a client and its server are one trace, and the app sees what it sees without", async () => {
    const file = join(folder, `${version} ${over}.jsonl`);
    const tracer = new InMemoryTracer();
    const client = await connected(version, over, file, tracer);
    const seen = await tracer.trace("converse", () => ask(client, () => recordsIn(file, "waits")));
    await client.close();
    expect(tracer.openSpans()).toEqual([]);

    const spans = [...tracer.getTraces(), ...(await recordsIn(file, "tools/call wait"))];
    spans.sort((a, b) => a.startedAtMicros - b.startedAtMicros);
    expect(`\n${tree(spans, undefined).join("\n")}`).toBe(EXPECTED);
    expect(new Set(spans.map(({ traceId }) => traceId)).size).toBe(1);
    expect(JSON.stringify(spans)).not.toContain("secret");

    const [well, badly] = tracer.getTraces({ spanName: "tools/call divide" }).map(readSpan);
    expect(well).toMatchObject({ kind: "tool-call", vocabulary: "tracelight" });
    expect({ ...well?.tool }).toMatchObject({ name: "divide" });
    expect([well?.tool?.arguments, well?.tool?.result]).toEqual([{ a: 12, b: 4 }, "3"]);
    expect(badly?.error).toBe("Nothing is divided by zero.");
    const read = spans.filter(({ spanName }) => spanName === "resources/read");
    expect(read[0]?.attributes["mcp.resource.uri"]).toBe("https://example.com/rules");
    const prompts = spans.filter(({ spanName }) => spanName === "prompts/get greet").map(readSpan);
    expect(prompts.map(({ input }) => input)).toEqual(
      Array(2).fill({ name: "greet", arguments: { name: "Ada" } }),
    );

    const otherFile = join(folder, `${version} ${over} untraced.jsonl`);
    const untraced = await connected(version, over, otherFile);
    expect(await ask(untraced, () => recordsIn(otherFile, "waits"))).toEqual(seen);
    await untraced.close();
  });
});

/** A server that echoes, and asks its client for a model's words; a client of it, both in this process. */
async function pair(
  tracers: { readonly client?: Tracer; readonly server?: Tracer },
  options: CaptureOptions = {},
) {
  const server = new McpServer({ name: "echo", version: "1.0.0" });
  const words = { inputSchema: z.object({ words: z.string() }) };
  server.registerTool("echo", words, ({ words }) => ({ content: [{ type: "text", text: words }] }));
  const waits = new EventEmitter();
  const waiting = once(waits, "begun");
  server.registerTool("wait", {}, () => {
    waits.emit("begun");
    return new Promise<never>(() => undefined);
  });
  server.registerTool("think", {}, async () => {
    const messages = [{ role: "user" as const, content: { type: "text" as const, text: "Well?" } }];
    const { content } = await server.server.createMessage({ messages, maxTokens: 9 });
    return { content: Array.isArray(content) ? [] : [content] };
  });
  if (tracers.server !== undefined) traceMcp(server, tracers.server, options);
  const client = new Client2(INFO, { capabilities: { sampling: {} } });
  const content = { type: "text" as const, text: "So." };
  client.setRequestHandler("sampling/createMessage", () => ({
    model: "m",
    role: "assistant" as const,
    content,
  }));
  if (tracers.client !== undefined) traceMcp(client, tracers.client, options);
  const [one, other] = InMemoryTransport.createLinkedPair();
  await Promise.all([server.connect(one), client.connect(other)]);
  return { client, waiting };
}

const echo = { name: "echo", arguments: { words: "Hello" } };

describe("in one process", () => {
  it("a server that asks its client is answered below the call that it works on", async () => {
    const tracer = new InMemoryTracer();
    const { client } = await pair({ client: tracer, server: tracer });
    await client.callTool({ name: "think", arguments: {} });
    await client.close();
    expect(tree(tracer.getTraces(), undefined)).toEqual([
      "CLIENT tools/call think",
      "  SERVER tools/call think",
      "    CLIENT sampling/createMessage",
      "      SERVER sampling/createMessage",
    ]);
  });

  it("a client that is not traced calls below what is active, or begins a trace", async () => {
    const tracer = new InMemoryTracer();
    const { client } = await tracer.trace("set up", () => pair({ server: tracer }));
    await client.callTool(echo);
    await tracer.trace("handle", () => client.callTool(echo));
    await client.close();
    expect(tree(tracer.getTraces(), undefined)).toEqual([
      ...["INTERNAL set up", "SERVER tools/call echo"],
      ...["INTERNAL handle", "  SERVER tools/call echo"],
    ]);
  });

  it("a time-out is an error; what a closed connection leaves is aborted", async () => {
    const tracer = new InMemoryTracer();
    const call = { name: "wait", arguments: {} };
    const first = await pair({ client: tracer, server: tracer });
    const late = first.client.callTool(call, { timeout: 1 }).catch(failure);
    expect(await late).toContain("timed out");
    await first.client.close();
    const { client, waiting } = await pair({ client: tracer, server: tracer });
    const left = client.callTool(call).catch(failure);
    await waiting;
    await client.close();
    expect(await left).toContain("closed");
    expect(tree(tracer.getTraces(), undefined)).toEqual([
      ...["CLIENT tools/call wait ERROR", "  SERVER tools/call wait ERROR"],
      ...["CLIENT tools/call wait aborted", "  SERVER tools/call wait aborted"],
    ]);
    expect(tracer.openSpans()).toEqual([]);
  });

  it("says who is called, and is traced once however often it is asked for, connected or not", async () => {
    const tracer = new InMemoryTracer();
    const { client } = await pair({});
    expect(traceMcp(client, tracer)).toBe(client);
    traceMcp(client, tracer);
    await client.callTool(echo);
    const spans = tracer.getTraces();
    expect(spans.map((span) => span.attributes["peer.service"])).toEqual(["echo"]);
    await client.close();
  });

  it("keeps as much of the content as it is told to", async () => {
    const kept = async (capture: CaptureOptions["capture"]) => {
      const tracer = new InMemoryTracer({ onError: () => undefined });
      const { client } = await pair({ client: tracer }, { capture });
      await client.callTool(echo);
      await client.callTool({ name: "none", arguments: {} }).catch(failure);
      await client.close();
      return tracer.getTraces().map((span) => [readSpan(span).input, readSpan(span).output]);
    };
    expect(await kept("all")).toEqual([
      [{ words: "Hello" }, "Hello"],
      [{}, undefined],
    ]);
    expect((await kept("metadata")).flat()).toEqual(Array(4).fill(undefined));
    const [byFunction] = await kept((value, where) =>
      where === "ai.tool.input" ? Object.keys(Object(value)) : undefined,
    );
    expect(byFunction).toEqual([["words"], undefined]);
    const thrown = await kept(() => {
      throw new Error("no");
    });
    expect(thrown.flat()).toEqual(Array(4).fill(undefined));
  });
});

it("leaves nothing on a signal that outlives its requests", async () => {
  const { signal } = new AbortController();
  const tracer = new InMemoryTracer();
  // As SDK 2 calls a transport.
  const transport = {
    send: async (_message: unknown, _options?: object) => undefined,
    onmessage: (_message: unknown): void => undefined,
  };
  const peer = { connect: async (_transport: typeof transport) => undefined };
  await traceMcp(peer, tracer).connect(transport);
  for (const id of [1, 2, 3]) {
    const request = { jsonrpc: "2.0", id, method: "tools/call", params: { name: "echo" } };
    await transport.send(request, { requestSignal: signal });
    transport.onmessage({ jsonrpc: "2.0", id, result: { content: [] } });
  }
  expect(tracer.getTraces()).toHaveLength(3);
  expect(getEventListeners(signal, "abort")).toEqual([]);
});

it("says at once what it cannot trace, and which option it does not know", () => {
  const tracer = new InMemoryTracer();
  const invalid = { code: "INVALID_OPTION" };
  const client = new Client2(INFO);
  expect(() => traceMcp(Object(undefined), tracer)).toThrow(expect.objectContaining(invalid));
  expect(() => traceMcp(client, Object({}))).toThrow(expect.objectContaining(invalid));
  expect(() => traceMcp(client, tracer, Object({ captured: "all" }))).toThrow('did you mean "capture"');
  expect(() => traceMcp(client, tracer, { capture: Object("none") })).toThrow(
    '"all", "metadata" or a function',
  );
});
