// A traced server of SDK 2 in a process of its own.
import type { IncomingMessage } from "node:http";
import { createMcpHandler, McpServer } from "@modelcontextprotocol/server";
import { serveStdio } from "@modelcontextprotocol/server/stdio";
import { traceMcp } from "tracelight/mcp";
import { z } from "zod";
import {
  type Answer,
  divide,
  greet,
  INFO,
  listen,
  NUMBERS,
  over,
  RULES,
  rules,
  tracer,
  WHOM,
  wait,
} from "./server.ts";

function calculator(): McpServer {
  const server = traceMcp(new McpServer(INFO), tracer);
  server.registerTool("divide", { inputSchema: z.object(NUMBERS) }, divide);
  server.registerTool("wait", { inputSchema: z.object({}) }, wait);
  server.registerPrompt("greet", { argsSchema: z.object(WHOM) }, greet);
  server.registerResource("rules", RULES, {}, rules);
  return server;
}

function answering(): Answer {
  const handler = createMcpHandler(calculator);
  return async (incoming, response) => {
    const gone = new AbortController();
    response.on("close", () => gone.abort());
    const answer = await handler.fetch(await requestOf(incoming, gone.signal)).catch(() => undefined);
    if (answer === undefined) return void response.destroy();
    response.writeHead(answer.status, Object.fromEntries(answer.headers));
    for await (const chunk of answer.body ?? []) response.write(chunk);
    response.end();
  };
}

async function requestOf(incoming: IncomingMessage, signal: AbortSignal): Promise<Request> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk);
  const headers = Object.entries(incoming.headers).map(([name, value]): [string, string] => [
    name,
    String(value),
  ]);
  const method = incoming.method ?? "GET";
  const body = method === "POST" ? { body: Buffer.concat(chunks) } : {};
  return new Request(`http://127.0.0.1${incoming.url}`, { method, headers, signal, ...body });
}

if (over === "http") listen(answering());
else serveStdio(calculator);
