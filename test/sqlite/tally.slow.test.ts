// Counting a file: by what is kept beside the spans, which is made once. It gives what counting span by span does.
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadPrices, type Progress, type Span, type TallyQuery, type TallyReport } from "tracelight";
import { SqliteTracer } from "tracelight/sqlite";
import { afterAll, beforeAll, expect, test } from "vitest";
import { select } from "../../src/conventions/matches.ts";
import { makeDigests } from "../../src/sqlite/digests.ts";
import { directDatabase } from "../../src/sqlite/direct-database.ts";
import { sqliteDriver } from "../../src/sqlite/driver.ts";
import { openSqliteFile } from "../../src/sqlite/file.ts";
import { openToRead } from "../../src/sqlite/open.ts";
import { SqliteReader } from "../../src/sqlite/reader.ts";
import { SnapshotPool } from "../../src/sqlite/snapshots.ts";
import { countedBy, tallyOf } from "../../src/tracing/slow-ways.ts";
import { eventually, freshPath, hold, sql, tracerOver } from "./support.ts";

/** Steps of the work: more than one chunk of rows. */
const SPANS = 7500;
const START = Date.UTC(2026, 9, 20);
const HOUR = 3_600_000;
const prices = loadPrices({
  models: {
    small: { input: 1, output: 3, cachedRead: 0.1 },
    large: { input: 0.3, output: 0.7, perCall: 0.1 },
  },
});
const folder = mkdtempSync(join(tmpdir(), "tracelight-tally-"));
const whole = join(folder, "whole.db");
let spans: readonly Span[] = [];

beforeAll(async () => {
  const tracer = new SqliteTracer({ path: whole, recordStarts: false, retention: false });
  await writeWork(tracer, SPANS, 1);
  spans = await tracer.getTraces();
  await tracer.close();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const day = (n: number): Date => new Date(START + n * 24 * HOUR);
const QUERIES: readonly TallyQuery[] = [
  {},
  { prices },
  { by: ["day", "hour", "model"], timeZone: "America/St_Johns" },
  { by: ["hour", "day"], timeZone: "Europe/Amsterdam", since: day(3), until: day(9) },
  { since: day(2), until: day(6), prices },
  { until: new Date(START + 5.37 * HOUR) },
  { since: new Date(START + 77.7 * HOUR) },
  { since: day(400) },
  { course: { since: day(2), until: day(7), parts: 9 }, by: ["tool"], prices },
  { course: { since: day(3), until: day(3), parts: 2 } },
  { failed: true },
  { spanStatus: "ERROR", since: day(1) },
  { spanName: "llm", prices },
  { attributeFilter: { "ai.tool.name": "tool 3" } },
  { where: 'ai.tool.name = "tool 3" and duration > 100ms', until: day(8) },
  { where: "not failed", by: ["tool", "agent"] },
  { conversation: "talk 7", prices },
  { conversation: 7 },
  { identifier: "_" },
  { identifier: "none" },
];

test("gives in every field what counting span by span gives, the first time and the next", async () => {
  for (const queries of [[{}], QUERIES]) {
    const file = await openSqliteFile(whole);
    for (const query of queries)
      expect(await file.tally(query), JSON.stringify(query)).toEqual(await counted(query));
    await file.close();
  }
  expect(sql(whole, "SELECT DISTINCT chunk FROM tallied").length).toBe(2);
});

test("reads no payload", async () => {
  const path = copied("payload");
  const wanted = await counted({ prices });
  sql(path, "UPDATE spans SET attributes = '{', origin = '{', stored = NULL");
  sql(path, "DELETE FROM tallied");
  for (const time of ["first", "next"]) expect(await tallied(path, { prices }), time).toEqual(wanted);
});

test("a trace that goes on, one that runs and one that was removed count as they are now", async () => {
  const path = freshPath();
  const { tracer } = tracerOver(path, { retention: false });
  const early = tracer.startSpan("converse", {
    attributes: { "ai.trace.type": "converse" },
    parentSpan: null,
  });
  const left = tracer.startSpan("left", { parentSpan: null });
  await writeWork(tracer, 4000, 2);
  const check = async (): Promise<void> => {
    const all = await tracer.getTraces();
    expect(await tracer.tally({ prices })).toEqual(await tallyOf(each(all), { prices }));
  };
  await check();
  await eventually(() => sql(path, "SELECT 1 FROM sqlite_master WHERE name = 'tallied'").length > 0);
  await eventually(() => sql(path, "SELECT 1 FROM tallied WHERE identifier IS NOT NULL").length > 0);
  await check();
  const [first] = await tracer.getTraces({ limit: 1, where: 'span_name = "llm"' });
  // Of a trace that was counted as a whole.
  tracer
    .startSpan("late", { parentSpan: { traceId: first?.traceId ?? "", spanId: first?.spanId ?? "" } })
    .end();
  early.setStatus("ERROR").end();
  await check();
  sql(path, "DELETE FROM spans WHERE trace_id = ?", [first?.traceId ?? ""]);
  expect(sql(path, "SELECT * FROM tallied")).toEqual([]);
  await check();
  left.end();
  await check();
});

test("counts under one identifier what was written under it", async () => {
  const path = freshPath();
  const a = tracerOver(path, { identifier: "a", retention: false }).tracer;
  const b = tracerOver(path, { identifier: "b", retention: false }).tracer;
  await writeWork(a, 1500, 3);
  const parent = a.startSpan("shared", { parentSpan: null });
  b.startSpan("also", { parentSpan: parent }).end();
  parent.end();
  await writeWork(b, 1500, 4);
  await writeWork(a, 1500, 5);
  for (const tracer of [a, b, a, b])
    expect(await tracer.tally()).toEqual(await tallyOf(each(await tracer.getTraces()), {}));
});

test("a file that is read only, or locked, is counted without keeping anything", async () => {
  const path = copied("closed");
  const free = hold(path);
  expect(await tallied(path, {})).toEqual(await counted({}));
  free();
  chmodSync(path, 0o444);
  sql(path, "DROP TABLE IF EXISTS tallied");
  expect(await tallied(path, {})).toEqual(await counted({}));
  expect(sql(path, "SELECT 1 FROM sqlite_master WHERE name = 'tallied'")).toEqual([]);
});

test("what is kept and cannot be read, or is of another release, is made anew", async () => {
  const path = copied("kept");
  await tallied(path, {});
  const wanted = await counted({});
  const broken = [
    "UPDATE tallied SET events = x'00'",
    "UPDATE tallied SET events = x'ffffffff00'",
    "UPDATE tallied SET events = substr(events, 1, length(events) - 9) WHERE identifier IS NOT NULL",
    "UPDATE tallied SET version = 1",
    "DELETE FROM tallied WHERE identifier IS NULL",
  ];
  for (const text of broken) {
    sql(path, text);
    expect(await tallied(path, {}), text).toEqual(wanted);
  }
  const kept = sql(path, "SELECT identifier FROM tallied ORDER BY identifier");
  expect(kept.map(({ identifier }) => identifier)).toEqual([null, null, "_", "_"]);
});

test("beyond 2000 names, the least called count together", async () => {
  const { tracer } = tracerOver(freshPath());
  for (let i = 0; i < 2010; i++) {
    for (let n = 0; n < (i % 100 === 0 ? 2 : 1); n++)
      tracer.startSpan(`tool ${i}`, { attributes: { "ai.trace.type": "tool-invocation" } }).end();
  }
  const { rows } = await tracer.tally({ by: ["tool"] });
  expect(rows).toHaveLength(2001);
  expect(rows[0]).toMatchObject({ name: "(others)", calls: 10 });
  expect(rows.slice(1, 22).map(({ calls }) => calls)).toEqual([...Array.from({ length: 21 }, () => 2)]);
});

test("can be called off, and tells how far it is", async () => {
  const file = await openSqliteFile(whole);
  const stop = new AbortController();
  const reason = new Error("enough");
  const told: number[] = [];
  const onProgress = ({ done }: Progress): void => {
    told.push(done);
    if (told.length === 2) stop.abort(reason);
  };
  await expect(file.tally({ failed: true, onProgress, signal: stop.signal })).rejects.toBe(reason);
  expect(told.length).toBe(2);
  await file.close();
});

test("one that is called off half-way was not for nothing: the next goes on where it ended", async () => {
  const path = copied("half-way");
  sql(path, "DELETE FROM tallied");
  const stop = new AbortController();
  const told: Progress[] = [];
  const onProgress = (progress: Progress): void => {
    told.push(progress);
    stop.abort(new Error("enough"));
  };
  const file = await openSqliteFile(path);
  await expect(file.tally({ onProgress, signal: stop.signal })).rejects.toThrow("enough");
  expect(told).toEqual([{ done: 4096, left: 4096 }]);
  expect(sql(path, "SELECT DISTINCT chunk FROM tallied")).toEqual([{ chunk: 1 }]);
  told.length = 0;
  expect(await file.tally({ onProgress: (progress) => told.push(progress) })).toEqual(await counted({}));
  expect(told[0]).toEqual({ done: 4096, left: 0 });
  await file.close();
});

test("a file that others hold for moments keeps all the same; one that keeps nothing is given up", async () => {
  const { connection, again } = openToRead(sqliteDriver(), copied("held"));
  const pool = new SnapshotPool(again);
  const digestsOf = async (keeps: (asked: number) => boolean) => {
    let asked = 0;
    const told: Progress[] = [];
    const reader = new SqliteReader(directDatabase(connection, pool), {
      ...{ driver: sqliteDriver(), path: whole, onDamage: () => undefined },
      keep: async () => keeps(++asked),
    });
    await makeDigests(reader, { onProgress: (progress) => told.push(progress) });
    return { asked, told: told.length };
  };
  sql(join(folder, "held.db"), "DELETE FROM tallied");
  expect(await digestsOf((asked) => asked > 3)).toEqual({ asked: 5, told: 2 });
  expect((await digestsOf(() => false)).told).toBe(0);
  pool.close();
  connection.close();
});

test("an import leaves a file that the first count finds counted, and tells how far it is", async () => {
  const path = freshPath();
  const file = await openSqliteFile(path, { readOnly: false });
  const told: (number | undefined)[] = [];
  await file.importSpans?.(each(spans), (_, progress) => told.push(progress?.left));
  await file.close();
  expect(sql(path, "SELECT DISTINCT chunk FROM tallied ORDER BY chunk")).toEqual([
    { chunk: 0 },
    { chunk: 1 },
  ]);
  // The writer's thread may have made all of it meanwhile.
  expect([0, undefined]).toContain(told.at(-1));
  const attributes = 'UPDATE spans SET facts = \'{"v":3,"kind":"other"}\' WHERE trace_id NOT IN';
  sql(
    path,
    `${attributes} (SELECT value FROM tallied, json_each(CAST(events AS TEXT)) WHERE identifier IS NULL) AND id < 8192`,
  );
  expect(await tallied(path, { prices })).toEqual(await counted({ prices }));
});

function copied(name: string): string {
  const path = join(folder, `${name}.db`);
  sql(whole, `VACUUM INTO '${path}'`);
  sql(path, "PRAGMA journal_mode = WAL");
  return path;
}

async function tallied(path: string, query: TallyQuery): Promise<TallyReport> {
  const file = await openSqliteFile(path);
  try {
    return await file.tally(query);
  } finally {
    await file.close();
  }
}

/** Span by span, of the file's own spans. */
function counted(query: TallyQuery): Promise<TallyReport> {
  return tallyOf(each(select(spans, countedBy(query))), query);
}

async function* each(all: readonly Span[]): AsyncGenerator<Span> {
  yield* all;
}

/** Turns of all kinds, several at a time, so that their spans lie among one another; the same for the same seed. */
async function writeWork(tracer: SqliteTracer, count: number, seed: number): Promise<void> {
  const next = numbers(seed);
  let written = 0;
  const open: Generator<void>[] = [];
  while (written < count || open.length > 0) {
    if (written < count && open.length < 5) open.push(turnOf(tracer, next));
    const at = next(open.length);
    if (open[at]?.next().done === true) open.splice(at, 1);
    else if (++written % 500 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
}

function* turnOf(tracer: SqliteTracer, next: (below: number) => number): Generator<void> {
  const begin = START + next(12 * 24 * 60) * 60_000 + next(1000);
  const at = (seconds: number): Date => new Date(begin + seconds * 1000);
  const talk = next(40);
  const head = tracer.startSpan("converse", { spanKind: "SERVER", startedAt: at(0), parentSpan: null });
  if (next(5) > 0) head.addAttribute("ai.trace.type", "converse");
  if (next(3) > 0) head.addAttribute("ai.agent.name", `agent ${next(3)}`);
  if (next(3) > 0) head.addAttribute("ai.auth.context", `user ${next(9)}`);
  if (talk > 0)
    head.addAttribute("ai.conversation.id", talk % 5 === 2 ? talk : `talk ${talk}`, { inheritable: true });
  for (let i = next(9); i > 0; i--) {
    const of = { parentSpan: head, startedAt: at(i) };
    const scope = { scope: { name: next(2) === 0 ? "library" : "client" } };
    if (next(2) === 0) {
      const model = ["small", "large", "unknown", undefined][next(4)];
      const usage = {
        input_tokens: next(900),
        output_tokens: next(99),
        cache_read_input_tokens: next(3) * 50,
      };
      const attributes = {
        "ai.trace.type": "llm-invocation",
        "ai.llm.request.model.id": model,
        "ai.llm.response.usage": usage,
      };
      const call = tracer.startSpan("llm", { ...of, attributes, spanKind: "CLIENT", ...scope });
      // The same call once more, as an instrumented client has it: below, or beside.
      const inner = {
        attributes,
        startedAt: at(i + 0.01),
        scope: { name: "client" },
        parentSpan: next(2) === 0 ? call : head,
      };
      if (next(3) === 0) tracer.startSpan("client", inner).end(at(i + 1));
      call.end(at(i + 1 + next(100) / 50));
    } else {
      const attributes = { "ai.trace.type": "tool-invocation", "ai.tool.name": `tool ${next(6)}` };
      const tool = tracer.startSpan("tool", { ...of, attributes });
      if (next(3) === 0) tracer.startSpan("mcp", { ...of, parentSpan: tool, attributes }).end(at(i + 0.5));
      if (next(6) === 0) tool.setStatus("ERROR", ["no such city", "timed out", undefined][next(3)]);
      if (next(6) === 0) tool.addAttribute("ai.tool.error", "no such city");
      tool.end(at(i + next(1000) / 1000));
    }
    yield;
  }
  if (next(9) === 0) head.setStatus("ERROR");
  head.end(at(20 + next(20)));
  yield;
}

/** The same numbers for the same seed, each below the given one. */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}
