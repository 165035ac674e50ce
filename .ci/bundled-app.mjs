// A program that bundlers take in: says of each part of tracelight "ok", or the code and message of what it threw.
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { InMemoryTracer } from "tracelight";
import { ensureTable } from "tracelight/dynamodb";
import { extract, inject, registerTracer } from "tracelight/otel";
import { OtlpTracer, otlpReceiver, serveOtlp } from "tracelight/otlp";
import { SqliteTracer } from "tracelight/sqlite";

/** `api` is OpenTelemetry's API where the program itself has it. */
export async function tryAll(api) {
  const parts = { core, otlp, otel: () => otel(api), sqlite, dynamodb };
  const said = {};
  for (const [name, part] of Object.entries(parts)) {
    said[name] = await part().catch(({ code, message }) => `${code}: ${message}`);
  }
  console.log(JSON.stringify(said));
}

async function core() {
  const tracer = new InMemoryTracer();
  await tracer.trace("outer", async () => tracer.trace("inner", () => undefined));
  return names(tracer.getTraces()) === "outer inner" ? "ok" : "lost spans";
}

async function otlp() {
  const received = new InMemoryTracer();
  const server = await serveOtlp(otlpReceiver(received));
  const tracer = new OtlpTracer({ url: `http://127.0.0.1:${server.port}/v1/traces`, compression: "gzip" });
  tracer.trace("sent", () => undefined);
  await tracer.close();
  await server.close();
  return names(received.getTraces()) === "sent" ? "ok" : "lost spans";
}

async function otel(api) {
  const tracer = new InMemoryTracer();
  const early = api?.trace.getTracer("a library");
  const undo = registerTracer(tracer);
  tracer.trace("outer", () => early?.startActiveSpan("library", (span) => span.end()));
  undo();
  const [outer, library] = tracer.getTraces();
  const carried = extract(inject({}, outer))?.spanId;
  return library?.parentSpanId === outer.spanId && carried === outer.spanId ? "ok" : "lost spans";
}

async function sqlite() {
  const folder = mkdtempSync(join(tmpdir(), "tracelight-bundled-"));
  try {
    const tracer = new SqliteTracer({ path: join(folder, "traces.db") });
    tracer.trace("stored", () => undefined);
    const spans = await tracer.getTraces();
    const { rows } = await tracer.summaries();
    const report = await tracer.close();
    const found = `${names(spans)}, ${rows.length} summary`;
    return found === "stored, 1 summary" ? "ok" : `lost spans: ${found}, ${JSON.stringify(report)}`;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The SDK is there where it speaks to a server; this one refuses all. */
async function dynamodb() {
  const server = createServer((_request, response) => {
    response.writeHead(400, { "content-type": "application/x-amz-json-1.0" });
    response.end(
      '{ "__type": "com.amazon.coral.validate#ValidationException", "message": "refused by the stub" }',
    );
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const endpoint = `http://127.0.0.1:${server.address().port}`;
  const said = await ensureTable({ tableName: "MyTracesTable", endpoint }).catch((error) => error);
  server.close();
  server.closeAllConnections();
  if (said.message.includes("refused by the stub")) return "ok";
  throw said;
}

function names(spans) {
  return spans.map(({ spanName }) => spanName).join(" ");
}
