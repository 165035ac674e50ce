// A viewer on a port of its own, over a store with an agent's work.
import { mkdtempSync, rmSync } from "node:fs";
import { request as httpRequest, type IncomingHttpHeaders } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { InMemoryTracer, type Tracer } from "tracelight";
import { SqliteTracer } from "tracelight/sqlite";
import { type ServeViewerOptions, serveViewer, type ViewerServer } from "tracelight/viewer";
import { onTestFinished } from "vitest";

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), "tracelight-viewer-"));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

export async function served(
  viewed: Parameters<typeof serveViewer>[0],
  options: ServeViewerOptions = {},
): Promise<ViewerServer> {
  const server = await serveViewer(viewed, { port: 0, ...options });
  onTestFinished(() => server.close());
  return server;
}

export function sqlite(): SqliteTracer {
  const tracer = new SqliteTracer({ path: join(folder(), "traces.db") });
  onTestFinished(async () => void (await tracer.close()));
  return tracer;
}

export function memory(): InMemoryTracer {
  return new InMemoryTracer({ memorySize: 100_000 });
}

/** One answer, as JSON. */
// biome-ignore lint/suspicious/noExplicitAny: tests read whatever comes.
export async function json(url: string, headers: Record<string, string> = {}): Promise<any> {
  const response = await fetch(url, { headers });
  return response.json();
}

/** What a browser or a script sends that `fetch` does not let one say: any Host. */
export function raw(
  url: string,
  headers: Record<string, string>,
  { method = "GET", body = "" }: { method?: string; body?: string } = {},
): Promise<{ status: number; headers: IncomingHttpHeaders; text: string }> {
  return new Promise((resolve, reject) => {
    const sent = httpRequest(url, { method, headers }, (answer) => {
      let text = "";
      answer.setEncoding("utf8");
      answer.on("data", (part: string) => (text += part));
      answer.on("end", () => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text }));
    });
    sent.on("error", reject);
    sent.end(body);
  });
}

/** A conversation of an agent that calls a model, a tool, and a sub-agent by a tool. */
export function converse(
  tracer: Tracer,
  {
    id = "trip-1",
    user = "dana",
    words = "Is it sunny?",
  }: { id?: unknown; user?: string; words?: string } = {},
): void {
  tracer.trace("converse", (turn) => {
    turn.addAttributes(
      { "ai.conversation.id": id, "ai.auth.context": { principal_id: user }, "ai.agent.name": "supervisor" },
      { inheritable: true },
    );
    turn.addAttributes({
      "ai.trace.type": "converse",
      "ai.user.input": words,
      "ai.agent.response": "Yes, it is.",
    });
    modelCall(tracer, "First the weather.");
    tracer.trace("get_weather", (tool) => {
      tool.addAttributes({
        "ai.trace.type": "tool-invocation",
        "ai.tool.name": "get_weather",
        "ai.tool.input": { city: "Rotterdam", days: 1 },
        "ai.tool.output": { sunny: true },
      });
    });
    tracer.trace("search_events", (tool) => {
      tool.addAttributes({
        "ai.trace.type": "tool-invocation",
        "ai.tool.name": "search_events",
        "ai.tool.input": { city: "Rotterdam" },
      });
      tracer.trace("converse", (agent) => {
        agent.addAttributes({
          "ai.trace.type": "converse",
          "ai.agent.name": "events",
          "ai.user.input": "Which events?",
        });
        modelCall(tracer, "None.");
      });
      tool.addAttribute("ai.tool.error", "503 Service Unavailable");
      tool.setStatus("ERROR", "503 Service Unavailable");
    });
    modelCall(tracer, "Yes, it is.");
  });
}

function modelCall(tracer: Tracer, answer: string): void {
  tracer.trace("llm", (call) => {
    call.addAttributes({
      "ai.trace.type": "llm-invocation",
      "ai.llm.request.model.id": "sonnet",
      "ai.llm.request.messages": [{ role: "user", content: [{ text: "Is it sunny?" }] }],
      "ai.llm.response.output": { message: { role: "assistant", content: [{ text: answer }] } },
      "ai.llm.response.usage": { inputTokens: 100, outputTokens: 10 },
    });
  });
}
