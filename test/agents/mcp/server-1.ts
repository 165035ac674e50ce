// A traced server of SDK 1 in a process of its own.
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { StdioServerTransport } from "@modelcontextprotocol/sdk/server/stdio.js";
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js";
import { traceMcp } from "tracelight/mcp";
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
  server.registerTool("divide", { inputSchema: NUMBERS }, divide);
  server.registerTool("wait", { inputSchema: {} }, wait);
  server.registerPrompt("greet", { argsSchema: WHOM }, greet);
  server.registerResource("rules", RULES, {}, rules);
  return server;
}

const answer: Answer = async (request, response) => {
  const transport = new StreamableHTTPServerTransport();
  response.on("close", () => void transport.close());
  await calculator().connect(transport);
  await transport.handleRequest(request, response);
};

if (over === "http") listen(answer);
else await calculator().connect(new StdioServerTransport());
