// Spans of OpenTelemetry-instrumented programs in every store: their conversations are listed and shown, their calls counted once.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import type { SpanFields } from "../../src/model/record.ts";
import { dynamoDb } from "../dynamodb/emulator.ts";
import { spanFields } from "../model/arbitraries.ts";
import { folder, jsonOf, type Outcome, tracelight } from "./command.ts";
import { recordLines } from "./spans.ts";

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
const alone = work(OTHER, undefined, {
  ...{ "gen_ai.operation.name": "invoke_agent", "session.id": 7, ...usage(1, 2) },
});
/** A span id says nothing without its trace. */
const sameId = { ...alone, traceId: "c".repeat(32), spanId: client.spanId, parentSpanId: library.spanId };
/** What ends first comes first, as in a log: children before their parents, and some after. */
const SPANS = [client, inTool, agent, library, tool, chain, sameId, alone];

let table: string;

beforeAll(async () => {
  table = `dynamodb:Vocabularies?endpoint=${dynamoDb.endpoint}`;
  writeFileSync(join(folder, "otel.jsonl"), recordLines(SPANS));
  await tracelight(["create-table", "Vocabularies", "--endpoint", dynamoDb.endpoint]);
  for (const store of ["otel.db", table])
    expect(await tracelight(["import", "otel.jsonl", store])).toMatchObject({ code: 0 });
}, 60_000);

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

  test.concurrent("stats counts a call once that the library and its client have, in whatever order they come", async () => {
    const rows = jsonOf(await run("stats", "--json"));
    expect(rows[0]).toMatchObject({ spans: 8, traces: 3, model_calls: 2, tool_calls: 1 });
    expect(rows[0]).toMatchObject({ input_tokens: 312, output_tokens: 49 });
    const models = rows.filter(({ by }) => by === "model");
    expect(models).toMatchObject([
      { name: "of the client", calls: 1, input_tokens: 300, output_tokens: 40 },
      { name: "of the tool", calls: 1, input_tokens: 10, output_tokens: 5 },
    ]);
    expect(rows.find(({ by }) => by === "day")).toMatchObject({ input_tokens: 312, output_tokens: 49 });
    const listed = jsonOf(await run("ls", "--by", "trace", "--json"));
    const sum = (field: string) => listed.reduce((total, row) => total + Number(row[field]), 0);
    for (const field of ["spans", "model_calls", "tool_calls", "errors", "input_tokens", "output_tokens"])
      expect(rows[0]?.[field]).toBe(sum(field));
  });
});
