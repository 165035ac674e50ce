// What a count is made of is there before the first count: the thread of whoever writes makes it meanwhile. It is a cache, and no more.
import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TallyReport } from "tracelight";
import { SqliteTracer } from "tracelight/sqlite";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openSqliteFile } from "../../src/sqlite/file.ts";
import { tallyOf } from "../../src/tracing/slow-ways.ts";
import { sized } from "../sizes.ts";
import { startChild } from "./processes.ts";
import { eventually, freshPath, sql, tracerOver } from "./support.ts";

/** Turns of five spans, of three chunks and a part: that part gets rows still, and the one before may have traces that go on. */
const TURNS = 2600;
const COMPLETE = [0, 1];

const folder = mkdtempSync(join(tmpdir(), "tracelight-digests-"));
const whole = join(folder, "whole.db");

beforeAll(async () => {
  await write(whole);
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

test("the first count finds what the writer made: the same as a reader makes", async () => {
  const path = written();
  await woken(path, COMPLETE);
  const made = keptIn(path);
  const counted = await tallied(path);
  expect(counted.total).toMatchObject({ spans: 5 * TURNS + 1 });
  sql(path, "DELETE FROM tallied");
  expect(await tallied(path)).toEqual(counted);
  expect(keptIn(path).filter(({ chunk }) => Number(chunk) <= 1)).toEqual(made);
});

test("the first count does not read spans that the writer has counted", async () => {
  const path = written();
  await woken(path, COMPLETE);
  const counted = await tallied(path);
  const rest = "SELECT value FROM tallied, json_each(CAST(events AS TEXT)) WHERE identifier IS NULL";
  sql(
    path,
    `UPDATE spans SET facts = '{"v":2,"kind":"other"}' WHERE id < 8192 AND trace_id NOT IN (${rest})`,
  );
  expect(await tallied(path)).toEqual(counted);
});

test("who only reads with a tracer, as a page that is opened does, has it made as well", async () => {
  const path = written();
  sql(path, "DROP TABLE IF EXISTS tallied");
  const tracer = new SqliteTracer({ path, retention: false });
  await tracer.getTraces({ limit: 1 });
  await eventually(() => COMPLETE.every((chunk) => chunksIn(path).includes(chunk)));
  await tracer.close();
});

test("what is damaged or of an older release is left to readers, who tell of it; the rest is made", async () => {
  const path = written();
  sql(path, "DROP TABLE IF EXISTS tallied");
  sql(path, "UPDATE spans SET trace_id = 'none' WHERE id = 50");
  const { tracer, errors } = tracerOver(path, { retention: false });
  tracer.startSpan("wakes the thread").end();
  await eventually(() => chunksIn(path).includes(1));
  expect(chunksIn(path)).toEqual([1]);
  expect(errors).toEqual([]);
  const wanted = await tallyOf(tracer.iterateTraces(), {});
  expect(await tracer.tally()).toEqual(wanted);
  expect(errors.map(({ code }) => code)).toContain("INVALID_RECORD");
});

for (const [ending, code] of [
  ["end", 0],
  ["exit", 3],
] as const) {
  test(`a process that ends by itself (${ending}) while there is much to make ends well`, async () => {
    const path = freshPath();
    const child = await startChild({ path, recordStarts: false });
    const burst = { name: "s", spans: sized(16_000, 9_000), perTick: 500 };
    expect(await child.askToEnd("burstAndEnd", { ...burst, ending })).toBe(code);
    expect(sql(path, "SELECT count(*) AS n FROM spans")).toEqual([{ n: burst.spans }]);
    const file = await openSqliteFile(path);
    expect(await file.tally({})).toEqual(await tallyOf(file.iterate({}), {}));
    await file.close();
  });
}

/** A file of its own with all turns. */
function written(): string {
  const path = freshPath();
  copyFileSync(whole, path);
  return path;
}

async function write(path: string): Promise<void> {
  const tracer = new SqliteTracer({ path, retention: false, recordStarts: false });
  for (let i = 0; i < TURNS; i++) {
    turnOf(tracer, i);
    if (i % 100 === 0) await tracer.flush();
  }
  await tracer.close();
}

function turnOf(tracer: SqliteTracer, i: number): void {
  const attributes = { "ai.trace.type": "converse", "ai.agent.name": `agent ${i % 3}` };
  const head = tracer.startSpan("converse", { attributes, parentSpan: null });
  for (let k = 0; k < 4; k++) {
    const call = tracer.startSpan("call", { parentSpan: head });
    if (k % 2 === 0) {
      const usage = { input_tokens: i % 900, output_tokens: k };
      call.addAttributes({ "ai.trace.type": "llm-invocation", "ai.llm.response.usage": usage });
      call.addAttribute("ai.llm.request.model.id", `model ${i % 4}`);
    } else call.addAttributes({ "ai.trace.type": "tool-invocation", "ai.tool.name": `tool ${i % 7}` });
    if ((i + k) % 11 === 0) call.setStatus("ERROR");
    call.end();
  }
  head.end();
}

/** Another process begins to write, and these chunks get made; nobody counts. */
async function woken(path: string, chunks: readonly number[]): Promise<void> {
  const { tracer } = tracerOver(path, { retention: false });
  tracer.startSpan("wakes the thread").end();
  await eventually(() => chunks.every((chunk) => chunksIn(path).includes(chunk)));
  await tracer.close();
  expect(chunksIn(path)).toEqual(chunks);
}

function chunksIn(path: string): readonly unknown[] {
  const isThere = sql(path, "SELECT 1 FROM sqlite_master WHERE name = 'tallied'").length > 0;
  if (!isThere) return [];
  const rows = sql(path, "SELECT chunk FROM tallied WHERE identifier IS NULL ORDER BY chunk");
  return rows.map(({ chunk }) => chunk);
}

function keptIn(path: string) {
  return sql(path, "SELECT chunk, identifier, version, hex(events) AS events FROM tallied ORDER BY 1, 2");
}

async function tallied(path: string): Promise<TallyReport> {
  const file = await openSqliteFile(path);
  try {
    return await file.tally({ by: ["day", "model", "tool", "agent"] });
  } finally {
    await file.close();
  }
}
