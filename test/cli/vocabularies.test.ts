// Spans of OpenTelemetry-instrumented programs in every store: their conversations are listed and shown, their calls counted once.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import type { SpanFields } from "../../src/model/span-fields.ts";
import { recordings } from "../conventions/vocabularies.ts";
import { dynamoDb, useEmulator } from "../dynamodb/emulator.ts";
import { spanFields } from "../model/arbitraries.ts";
import { folder, jsonOf, type Outcome, tracelight, useFolder } from "./command.ts";
import { recordLines } from "./spans.ts";

useEmulator();
useFolder();

const START = Date.UTC(2025, 2, 1, 10) * 1000;
const TRACE = "a".repeat(32);
const OTHER = "b".repeat(32);

let ids = 0;

function work(
  traceId: string,
  parent: SpanFields | undefined,
  attributes: SpanFields["attributes"],
): SpanFields {
  ids++;
  return spanFields({
    ...{ traceId, spanId: ids.toString(16).padStart(16, "0"), parentSpanId: parent?.spanId },
    ...{ spanName: `span ${ids}`, spanKind: "INTERNAL", attributes },
    ...{ startedAtMicros: START + ids * 1000, endedAtMicros: START + 60_000 },
  });
}

function usage(input: number, output: number): SpanFields["attributes"] {
  return { "gen_ai.usage.input_tokens": input, "gen_ai.usage.output_tokens": output };
}

const agent = work(TRACE, undefined, {
  ...{ "gen_ai.operation.name": "invoke_agent", "gen_ai.conversation.id": "chat-7", ...usage(300, 40) },
  "gen_ai.input.messages": '[{"role":"user","parts":[{"type":"text","content":"Find me a boat."}]}]',
  "gen_ai.output.messages": '[{"role":"assistant","parts":[{"type":"text","content":"There is one."}]}]',
});
const chain = work(TRACE, agent, { "openinference.span.kind": "CHAIN", "session.id": "chat-7" });
const library = work(TRACE, chain, {
  ...{ "openinference.span.kind": "LLM", "llm.model_name": "of the library", "session.id": "chat-7" },
  ...{ "llm.token_count.prompt": 300, "llm.token_count.completion": 40 },
});
const client = work(TRACE, library, {
  ...{ "gen_ai.operation.name": "chat", "gen_ai.request.model": "of the client", ...usage(300, 40) },
});
const tool = work(TRACE, agent, { "gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "find_boat" });
const inTool = work(TRACE, tool, {
  ...{ "gen_ai.operation.name": "chat", "gen_ai.request.model": "of the tool", ...usage(10, 5) },
});
const served: SpanFields = {
  ...work(TRACE, tool, { "mcp.method.name": "tools/call", "gen_ai.tool.name": "find_boat" }),
  spanKind: "SERVER",
};
const again = work(TRACE, inTool, {
  ...{ "gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "find_boat", "error.type": "timeout" },
});
const alone = work(OTHER, undefined, {
  ...{ "gen_ai.operation.name": "invoke_agent", "session.id": 7, ...usage(1, 2) },
});
/** A span id says nothing without its trace. */
const sameId = { ...alone, traceId: "c".repeat(32), spanId: client.spanId, parentSpanId: library.spanId };
/** What ends first comes first, as in a log: children before their parents, and some after. */
const SPANS = [client, served, inTool, agent, library, tool, chain, again, sameId, alone];

let table: string;

beforeAll(async () => {
  table = `dynamodb:Vocabularies?endpoint=${dynamoDb.endpoint}`;
  writeFileSync(join(folder, "otel.jsonl"), recordLines(SPANS));
  await tracelight(["create-table", "Vocabularies", "--endpoint", dynamoDb.endpoint]);
  for (const store of ["otel.db", table])
    expect(await tracelight(["import", "otel.jsonl", store])).toMatchObject({ code: 0 });
});

describe.each([
  ["a file of records", () => "otel.jsonl"],
  ["an SQLite file", () => "otel.db"],
  ["a table", () => table],
])("%s", (_name, store) => {
  const run = (...args: readonly string[]): Promise<Outcome> =>
    tracelight([...args, store()], { env: { COLUMNS: "160" } });

  test.concurrent("ls lists the conversation whose id spans have under several names", async () => {
    const rows = jsonOf(await run("ls", "--json"));
    expect(rows.map(({ id, spans }) => [id, spans])).toEqual([
      [7, 2],
      ["chat-7", 3],
    ]);
    expect(rows[1]).toMatchObject({ title: "Find me a boat." });
  });

  test.concurrent("show shows it, by its whole id and by how it begins", async () => {
    for (const id of ["chat-7", ...(store() === table ? [] : ["chat"])]) {
      const { stdout } = await run("show", id);
      expect(stdout).toMatch(/^Conversation chat-7\n/);
      expect(stdout).toMatch(/user +Find me a boat\.\n(.*\n)?.*assistant +There is one\./);
    }
    expect(jsonOf(await run("show", "7", "--json"))).toHaveLength(2);
  });

  test.concurrent("search says which conversation a hit is of", async () => {
    expect(
      jsonOf(await run("search", "boat", "--json", "--where", "exists gen_ai.conversation.id")),
    ).toMatchObject([{ conversation_id: "chat-7", span_id: agent.spanId }]);
  });

  test.concurrent("stats counts a call once that is there in several spans, in whatever order they come", async () => {
    const rows = jsonOf(await run("stats", "--json"));
    expect(rows[0]).toMatchObject({ spans: 10, traces: 3, model_calls: 2, tool_calls: 2 });
    expect(rows[0]).toMatchObject({ input_tokens: 312, output_tokens: 49 });
    const models = rows.filter(({ by }) => by === "model");
    expect(models).toMatchObject([
      { name: "of the client", calls: 1, input_tokens: 300, output_tokens: 40 },
      { name: "of the tool", calls: 1, input_tokens: 10, output_tokens: 5 },
    ]);
    const ms = ({ startedAtMicros, endedAtMicros = 0 }: SpanFields) =>
      (endedAtMicros - startedAtMicros) / 1000;
    expect(rows.filter(({ by }) => by === "tool")).toMatchObject([
      { name: "find_boat", calls: 2, errors: 1, p50_ms: ms(again), p95_ms: ms(tool) },
    ]);
    // What an MCP server did is no turn.
    expect(rows.find(({ by }) => by === "day")).toMatchObject({
      ...{ calls: 3, input_tokens: 312, output_tokens: 49, p50_ms: ms(alone), p95_ms: ms(agent) },
    });
    const listed = jsonOf(await run("ls", "--by", "trace", "--json"));
    const sum = (field: string) => listed.reduce((total, row) => total + Number(row[field]), 0);
    for (const field of ["spans", "model_calls", "tool_calls", "errors", "input_tokens", "output_tokens"])
      expect(rows[0]?.[field]).toBe(sum(field));
  });
});

describe("show of a conversation tells once what is there in several spans", () => {
  const OPENINFERENCE = ["openinference-anthropic", "Anthropic Messages"] as const;
  const SDK = ["openinference-anthropic", "anthropic.messages.create"] as const;
  const TRACELOOP = ["traceloop-anthropic", "chat claude-sonnet-4-5"] as const;
  const LET_ME_LOOK = "assistant  Let me look.";
  const turn = work("d".repeat(32), undefined, {
    ...{ "ai.trace.type": "converse", "ai.user.input": "Weather?", "ai.agent.response": "Sunny." },
    "ai.conversation.id": "weather",
  });

  test.concurrent("a model's words, of two instrumentations side by side, and of a client that keeps none", async () => {
    const outer = recorded(...OPENINFERENCE, turn, [1, 9]);
    const inner = recorded(...TRACELOOP, turn, [2, 8]);
    expect(await told(turn, outer, inner)).toEqual([LET_ME_LOOK]);
    expect(await told(turn, outer, recorded(...SDK, outer, [2, 8]))).toEqual([LET_ME_LOOK]);
    expect(await told(turn, outer, recorded(...SDK, turn, [2, 8]))).toEqual([LET_ME_LOOK]);
    const next = [recorded(...OPENINFERENCE, turn, [11, 19]), recorded(...TRACELOOP, turn, [12, 18])];
    expect(await told(turn, outer, inner, ...next)).toEqual([LET_ME_LOOK, LET_ME_LOOK]);
  });

  test.concurrent("what was asked, where no turn says it", async () => {
    const chain = work("e".repeat(32), undefined, { "ai.conversation.id": "weather" });
    const library = recorded(...SDK, chain, [1, 9]);
    const client = recorded(...OPENINFERENCE, library, [2, 8]);
    const lines = await shown(chain, library, client);
    expect(lines.slice(1)).toEqual(["user       What is the weather here?", LET_ME_LOOK]);
  });

  test.concurrent("an error of a model call, but each of several tries", async () => {
    const failed = (span: SpanFields): SpanFields => ({ ...span, spanStatus: "ERROR", statusMessage: "429" });
    const outer = recorded(...OPENINFERENCE, turn, [1, 9]);
    const tries = [recorded(...SDK, outer, [2, 4]), recorded(...SDK, outer, [5, 8])] as const;
    const FAILED = "error      anthropic.messages.create: 429";
    expect(await told(turn, outer, failed(tries[0]), tries[1])).toEqual([LET_ME_LOOK, FAILED]);
    expect(await told(turn, failed(outer), ...tries.map(failed))).toEqual([LET_ME_LOOK, FAILED, FAILED]);
    expect(await told(turn, failed(outer), ...tries)).toEqual([
      LET_ME_LOOK,
      "error      Anthropic Messages: 429",
    ]);
  });

  test.concurrent("a tool call of the Vercel AI SDK that goes to a server of MCP, and another below an agent", async () => {
    const agent = recorded("vercel-ai", "ai.generateText", turn, [1, 50]);
    const asking = recorded("vercel-ai", "ai.generateText.doGenerate", agent, [2, 9]);
    const client = recorded("openinference-openai", "OpenAI Chat Completions", asking, [3, 8]);
    const tool = recorded("vercel-ai", "ai.toolCall", agent, [10, 30]);
    const called = recorded("mcp", "tools/call get-weather", tool, [11, 29]);
    const mcp = { ...called, attributes: { ...called.attributes, "gen_ai.tool.name": "get_weather" } };
    const served = work(turn.traceId, mcp, { ...mcp.attributes, "error.type": "tool_error" });
    const TOLD = ["tool       get_weather  20 ms", '           ← {"city": "Amsterdam"}'];
    expect(await told(turn, agent, asking, client, tool, mcp, served)).toEqual([
      ...[LET_ME_LOOK, ...TOLD, '           → {"weather": "Sunny"}'],
    ]);
    const other = recorded("vercel-ai", "ai.generateText", served, [12, 20]);
    const again = recorded("vercel-ai", "ai.toolCall", other, [13, 23]);
    expect(await told(turn, agent, tool, mcp, served, other, again)).toEqual([
      ...[...TOLD, '           → {"weather": "Sunny"}'],
      ...["tool       get_weather  10 ms", ...TOLD.slice(1), '           → {"weather": "Sunny"}'],
    ]);
    // The outer span of some instrumentations keeps no arguments.
    const bare = recorded("traceloop-openai", "get_weather.tool", turn, [10, 30]);
    expect(await told(turn, bare, { ...mcp, parentSpanId: bare.spanId }, served)).toEqual([
      ...[TOLD[0], '           ← {"location": "San Francisco"}', "           → foggy, 61°F"],
    ]);
  });
});

let files = 0;

/** What `show` says of the conversation of these spans, without what is said of it as a whole. */
async function shown(...spans: readonly SpanFields[]): Promise<string[]> {
  const file = `shown-${++files}.jsonl`;
  writeFileSync(join(folder, file), recordLines(spans));
  const { stdout } = await tracelight(["show", "weather", file], { env: { COLUMNS: "100" } });
  return stdout.trimEnd().split("\n").slice(3);
}

/** What was said and done between a turn's question and its answer. */
async function told(...spans: readonly SpanFields[]): Promise<string[]> {
  const [, asked, ...lines] = await shown(...spans);
  expect([asked, lines.pop()]).toEqual(["user       Weather?", "assistant  Sunny."]);
  return lines;
}

/** A recorded span at another place and time, in milliseconds. */
function recorded(
  name: string,
  spanName: string,
  parent: SpanFields,
  [from, to]: readonly [number, number],
): SpanFields {
  const { spans } = recordings.find((recording) => recording.name === name) ?? { spans: [] };
  const span = spans.find((one) => one.spanName === spanName) ?? expect.fail(`no span ${spanName}`);
  const { traceId, spanId, parentSpanId } = work(parent.traceId, parent, {});
  return {
    ...span,
    ...{ traceId, spanId, parentSpanId, attributes: { ...span.attributes, "ai.conversation.id": "weather" } },
    ...{ startedAtMicros: START + from * 1000, endedAtMicros: START + to * 1000 },
  };
}

test("lines say a span more than once: stats and export have it once, as it ended", async () => {
  const running = { ...client, state: "running" as const, endedAtMicros: undefined };
  const open = { ...alone, state: "running" as const, endedAtMicros: undefined };
  const input = recordLines([running, library, client, open, client, open, running]);
  const [total] = jsonOf(await tracelight(["stats", "--json", "-"], { input }));
  expect(total).toMatchObject({ by: "total", spans: 3, model_calls: 1, input_tokens: 301 });
  const exported = jsonOf(await tracelight(["export", "-"], { input }));
  expect(exported).toEqual(jsonOf({ code: 0, stderr: "", stdout: recordLines([library, client, open]) }));
});
