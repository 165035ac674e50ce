// The package alone in a folder, none of the SDKs with it: adapters load none, what needs one says so, and the core is as it was.
import { execFile } from "node:child_process";
import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { InMemoryTracer } from "tracelight";
import { aiSdk } from "tracelight/ai-sdk";
import { traceBedrock } from "tracelight/bedrock";
import { tracedFetch } from "tracelight/fetch";
import { langChain } from "tracelight/langchain";
import { traceMcp } from "tracelight/mcp";
import { openAiAgents } from "tracelight/openai-agents";
import { expect, it, onTestFinished } from "vitest";

const PROGRAM = `
import { InMemoryTracer } from "tracelight";
import { aiSdk } from "tracelight/ai-sdk";
import { traceBedrock } from "tracelight/bedrock";
import { tracedFetch } from "tracelight/fetch";
import { langChain } from "tracelight/langchain";
import { traceMcp } from "tracelight/mcp";
import { openAiAgents } from "tracelight/openai-agents";
import { registerTracer } from "tracelight/otel";

const tracer = new InMemoryTracer();
const told = [];
const said = (name, make) => {
  try {
    told.push([name, typeof make()]);
  } catch (error) {
    told.push([name, error.code, error.message]);
  }
};
said("fetch", () => tracedFetch(tracer));
said("ai-sdk", () => aiSdk(tracer));
said("langchain", () => langChain(tracer));
said("openai-agents", () => openAiAgents(tracer));
said("bedrock", () => traceBedrock(undefined, tracer));
said("mcp", () => traceMcp(undefined, tracer));
said("otel", () => registerTracer(tracer));
tracer.trace("still there", () => undefined);
told.push(tracer.getTraces().map(({ spanName }) => spanName));
console.log(JSON.stringify(told));
`;

it("where no SDK is installed: what needs one names it, and the core goes on", async () => {
  const folder = mkdtempSync(join(tmpdir(), "tracelight-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  for (const part of ["dist", "package.json"]) {
    cpSync(part, join(folder, "node_modules/tracelight", part), { recursive: true });
  }
  writeFileSync(join(folder, "program.mjs"), PROGRAM);
  const { stdout } = await promisify(execFile)(process.execPath, ["program.mjs"], { cwd: folder });
  expect(JSON.parse(stdout)).toEqual([
    ["fetch", "function"],
    ...["ai-sdk", "langchain", "openai-agents"].map((name) => [name, "object"]),
    ["bedrock", "INVALID_OPTION", expect.stringContaining("@aws-sdk/client-bedrock-runtime")],
    ["mcp", "INVALID_OPTION", expect.stringContaining("a Client or Server of MCP's SDK")],
    ["otel", "MISSING_DEPENDENCY", expect.stringContaining("npm install @opentelemetry/api")],
    ["still there"],
  ]);
});

it("what another major version gives is named at once, with what is needed", () => {
  const tracer = new InMemoryTracer();
  const code = expect.objectContaining({ code: "INVALID_OPTION" });
  // As aws-sdk 2 has its clients, and MCP's SDK its classes before they are made.
  expect(() => traceBedrock(Object({ config: {}, makeRequest: () => undefined }), tracer)).toThrow(code);
  expect(() => traceBedrock(Object({ middlewareStack: {} }), tracer)).toThrow(/client-bedrock-runtime 3/);
  expect(() => traceMcp(Object({ close: () => undefined }), tracer)).toThrow(code);
  for (const make of [aiSdk, langChain, openAiAgents, tracedFetch]) {
    expect(() => make(Object({ startActiveSpan: () => undefined }))).toThrow(code);
  }
});
