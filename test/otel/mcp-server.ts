// A server of the Model Context Protocol in a process of its own, over stdio or HTTP; its spans go to an SQLite file.
import { createServer } from "node:http";
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { StdioServerTransport } from "@modelcontextprotocol/sdk/server/stdio.js";
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js";
import { closeOnSignals } from "tracelight";
import { extract } from "tracelight/otel";
import { SqliteTracer } from "tracelight/sqlite";
import { z } from "zod";
import { endsWithParent } from "../ends-with-parent.ts";

endsWithParent();

const [over = "stdio", database = ""] = process.argv.slice(2);
const tracer = new SqliteTracer({ path: database });
tracer.setContext({ resourceAttributes: { "service.name": "calculator" } });
closeOnSignals(tracer);

function calculator(): McpServer {
  const server = new McpServer({ name: "calculator", version: "1.0.0" });
  const inputSchema = { a: z.number(), b: z.number() };
  server.registerTool("divide", { inputSchema }, async (args, { _meta }) => {
    const options = { spanKind: "SERVER", parentSpan: extract(_meta) ?? null } as const;
    return await tracer.trace("tools/call divide", options, async (span) => {
      span.addAttributes({
        "mcp.method.name": "tools/call",
        "gen_ai.tool.name": "divide",
        "gen_ai.tool.call.arguments": args,
      });
      const text = String(await tracer.trace("calculate", () => divided(args)));
      span.addAttribute("gen_ai.tool.call.result", text);
      return { content: [{ type: "text", text }] };
    });
  });
  return server;
}

/** Waits first, so that calls overlap. */
async function divided({ a, b }: { readonly a: number; readonly b: number }): Promise<number> {
  await new Promise((resolve) => setImmediate(resolve));
  if (b === 0) throw new RangeError("Nothing is divided by zero.");
  return a / b;
}

if (over === "stdio") {
  await calculator().connect(new StdioServerTransport());
} else {
  const server = createServer(async (request, response) => {
    const transport = new StreamableHTTPServerTransport();
    await calculator().connect(transport);
    await transport.handleRequest(request, response);
  });
  server.listen(0, "127.0.0.1", () => process.stdout.write(`${JSON.stringify(server.address())}\n`));
}
