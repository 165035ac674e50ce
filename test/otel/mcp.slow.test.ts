// A trace over the Model Context Protocol, by its own SDK: a client here, a server in another process, one tree.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { build } from "esbuild";
import type { Span, Tracer } from "tracelight";
import { readSpan } from "tracelight/conventions";
import { inject } from "tracelight/otel";
import { SqliteTracer } from "tracelight/sqlite";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { embedded } from "../../scripts/embedded.mjs";
import { said } from "../conventions/vocabularies.ts";

const folder = mkdtempSync(join(tmpdir(), "tracelight-mcp-"));
const program = join(folder, "server.mjs");

beforeAll(async () => {
  // The bundle looks for libsql beside itself.
  symlinkSync(fileURLToPath(new URL("../../node_modules", import.meta.url)), join(folder, "node_modules"));
  await build({
    entryPoints: [fileURLToPath(new URL("mcp-server.ts", import.meta.url))],
    ...{ outfile: program, bundle: true, packages: "external", platform: "node", format: "esm" },
    ...{ alias: aliases("otel", "sqlite"), logLevel: "error", define: await embedded() },
  });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function aliases(...parts: readonly string[]): Record<string, string> {
  const source = (path: string) => fileURLToPath(new URL(`../../src/${path}index.ts`, import.meta.url));
  const entries = parts.map((part) => [`tracelight/${part}`, source(`${part}/`)]);
  return Object.fromEntries([...entries, ["tracelight", source("")]]);
}

/** Connects to a server whose spans go to the database; the end is awaited, so that all of them are there. */
const CONNECTIONS = {
  async stdio(client: Client, database: string) {
    const args = [program, "stdio", database];
    await client.connect(new StdioClientTransport({ command: process.execPath, args }));
    // The SDK waits for the process.
    return () => client.close();
  },
  async http(client: Client, database: string) {
    const server = spawn(process.execPath, [program, "http", database], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    onTestFinished(() => void server.kill("SIGKILL"));
    const [line] = await once(createInterface({ input: server.stdout }), "line");
    const url = new URL(`http://127.0.0.1:${JSON.parse(String(line)).port}/mcp`);
    await client.connect(new StreamableHTTPClientTransport(url));
    return async () => {
      await client.close();
      server.kill("SIGTERM");
      await once(server, "exit");
    };
  },
};

/** Calls the tool, as an agent would, and gives what it said. */
function divide(tracer: Tracer, client: Client, a: number, b: number): Promise<string> {
  return tracer.trace("tools/call divide", { spanKind: "CLIENT" }, async (span) => {
    const args = { a, b };
    span.addAttributes({
      "mcp.method.name": "tools/call",
      "gen_ai.tool.name": "divide",
      "gen_ai.tool.call.arguments": args,
    });
    const result = await client.callTool({ name: "divide", arguments: args, _meta: inject({}) });
    span.addAttribute("gen_ai.tool.call.result", result);
    if (result["isError"]) span.addAttribute("error.type", "tool_error").setStatus("ERROR");
    return String(readSpan(span).tool?.result);
  });
}

describe.each(["stdio", "http"] as const)("a tool of another process, over %s", (over) => {
  it("is one tree with the agent that calls it, also where calls overlap and fail", async () => {
    const database = join(folder, `${over}.db`);
    const client = new Client({ name: "agent", version: "1.0.0" });
    const end = await CONNECTIONS[over](client, database);
    await using tracer = new SqliteTracer({ path: database });
    const said = await tracer.trace("converse", () =>
      Promise.all([
        divide(tracer, client, 12, 4),
        divide(tracer, client, 9, 2),
        divide(tracer, client, 1, 0),
      ]),
    );
    expect(said).toEqual(["3", "4.5", "Nothing is divided by zero."]);
    await end();

    const spans = await tracer.getTraces();
    expect(new Set(spans.map(({ traceId }) => traceId)).size).toBe(1);
    const calls = below(spans, undefined).flatMap((root) => below(spans, root));
    expect(calls.map(({ spanKind }) => spanKind)).toEqual(["CLIENT", "CLIENT", "CLIENT"]);
    expect(calls.map((call) => pathBelow(spans, call))).toEqual(Array(3).fill(["SERVER", "calculate"]));
    expect(spans).toHaveLength(1 + 3 + 3 + 3);
    expect((await tracer.summaries()).rows).toMatchObject([{ toolCalls: 3 }]);

    for (const call of calls) {
      const [served] = below(spans, call);
      expect(served?.resourceAttributes["service.name"]).toBe("calculator");
      expect(served && readSpan(served).tool?.arguments).toEqual(readSpan(call).tool?.arguments);
    }
  });
});

it("both sides of a call are read as calls of a tool", async () => {
  const database = join(folder, "read.db");
  const client = new Client({ name: "agent", version: "1.0.0" });
  const end = await CONNECTIONS.stdio(client, database);
  await using tracer = new SqliteTracer({ path: database });
  await divide(tracer, client, 12, 4);
  await divide(tracer, client, 1, 0);
  await end();

  // By who called whom: the clocks of two processes may differ by some microseconds.
  const spans = await tracer.getTraces({ spanName: "tools/call divide" });
  const calls = spans.filter(({ spanKind }) => spanKind === "CLIENT");
  const readings = calls.flatMap((call) => [call, ...below(spans, call)]).map(readSpan);
  const [well, badly] = [
    { a: 12, b: 4 },
    { a: 1, b: 0 },
  ];
  const asMcp = { vocabulary: "mcp", kind: "tool-call" };
  expect(readings.map(said)).toMatchObject([
    { ...asMcp, tool: { name: "divide", arguments: well, result: "3" } },
    { ...asMcp, tool: { name: "divide", arguments: well, result: "3" } },
    { ...asMcp, tool: { name: "divide", arguments: badly }, error: "tool_error" },
    { ...asMcp, tool: { name: "divide", arguments: badly }, error: "Nothing is divided by zero." },
  ]);
});

function below(spans: readonly Span[], parent: Span | undefined): Span[] {
  return spans.filter(({ parentSpanId }) => parentSpanId === parent?.spanId);
}

function pathBelow(spans: readonly Span[], call: Span): (string | undefined)[] {
  const served = below(spans, call);
  return [
    ...served.map(({ spanKind }) => spanKind),
    ...served.flatMap((span) => below(spans, span)).map(({ spanName }) => spanName),
  ];
}
