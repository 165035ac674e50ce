// Times that no number can say exactly: a file with such rows is read, and what cannot be is told.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Span, TracelightError } from "tracelight";
import { SqliteTracer } from "tracelight/sqlite";
import { afterAll, beforeEach, expect, it } from "vitest";
import { sqliteDriver } from "../../src/sqlite/driver.ts";
import { openSqliteFile } from "../../src/sqlite/file.ts";

const folder = mkdtempSync(join(tmpdir(), "tracelight-times-"));
let files = 0;
let path: string;
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const LATEST = Number.MAX_SAFE_INTEGER;

/** A file of ordinary spans, of which some get times that a release of today would not write. */
beforeEach(async () => {
  path = join(folder, `${files++}.db`);
  const tracer = new SqliteTracer({ path, retention: false });
  for (const name of ["fine", "late", "later", "early", "between"])
    tracer.startSpan(name, { startedAt: new Date(1000), parentSpan: null }).end(new Date(2000));
  await tracer.close();
  const database = sqliteDriver().open(path);
  const set = (name: string, start: string, end: string) =>
    database.exec(`UPDATE spans SET started_at = ${start}, ended_at = ${end} WHERE span_name = '${name}'`);
  set("late", "9007199254740993", "9007199254740995");
  set("later", "9200000000000000000", "9200000000000000001");
  set("early", "-9200000000000000000", "2000000");
  set("between", "1000000.5", "2000000");
  database.close();
});

const namesOf = (spans: readonly Span[]) => spans.map(({ spanName }) => spanName).sort();

const ALL = ["between", "early", "fine", "late", "later"];

it("every read has all rows, the odd ones with the nearest time, and says so once", async () => {
  const file = await openSqliteFile(path);
  const found = await file.find({});
  expect(namesOf(found)).toEqual(ALL);
  const timesOf = (name: string) => {
    const span = found.find(({ spanName }) => spanName === name);
    return [span?.startedAtMicros, span?.endedAtMicros, span?.state];
  };
  expect(timesOf("fine")).toEqual([1_000_000, 2_000_000, "ended"]);
  expect(timesOf("late")).toEqual([LATEST, LATEST, "ended"]);
  expect(timesOf("later")).toEqual([LATEST, LATEST, "ended"]);
  expect(timesOf("early")).toEqual([0, 2_000_000, "ended"]);
  const iterated: Span[] = [];
  for await (const span of file.iterate({ order: "desc" })) iterated.push(span);
  expect(namesOf(iterated)).toEqual(ALL);
  expect(namesOf(await file.find({ where: "failed = false" }))).toEqual(ALL);
  const { rows } = await file.summaries({});
  expect(rows.map(({ name }) => name).sort()).toEqual(ALL);
  expect(namesOf((await file.search?.("late later fine"))?.spans ?? [])).toEqual([]);
  expect(namesOf((await file.search?.("late"))?.spans ?? [])).toEqual(["late"]);
  expect(file.notes.filter((note) => note.includes("times that cannot be"))).toHaveLength(1);
  await file.close();
});

it("pages go on behind such rows, whichever way", async () => {
  const database = sqliteDriver().open(path);
  // More than a page of one time beyond what a number can say.
  const columns = "parent_span_id, span_kind, span_status, writer, identifier, facts, origin, attributes";
  database.exec(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1200)
    INSERT INTO spans (trace_id, span_id, span_name, started_at, ended_at, ${columns})
    SELECT trace_id, printf('%016x', i), 'many', 9007199254740993, 9007199254740993, ${columns}
    FROM spans, n WHERE span_name = 'late'`);
  database.close();
  const file = await openSqliteFile(path);
  for (const order of ["asc", "desc"] as const) {
    let count = 0;
    for await (const span of file.iterate({ order })) if (span.spanName === "many") count++;
    expect(count).toBe(1200);
  }
  await file.close();
});

it("a tracer reads them, reports them, and removes them by age and size as others", async () => {
  const told: TracelightError[] = [];
  const tracer = new SqliteTracer({ path, retention: false, onError: (error) => void told.push(error) });
  expect(namesOf(await tracer.getTraces())).toEqual(ALL);
  expect((await tracer.summaries()).rows).toHaveLength(ALL.length);
  expect(told.map(({ code }) => code)).toEqual(["STORE_CORRUPT"]);
  await tracer.close();
  const file = await openSqliteFile(path, { readOnly: false });
  await file.prune?.({ maxAgeMs: 1000 });
  expect(namesOf(await file.find({}))).toEqual(["late", "later"]);
  await file.prune?.({ maxBytes: 1 });
  expect(await file.find({})).toEqual([]);
  await file.close();
});
