// A file in which the Python toolkit writes as well: every read has the spans of both.
import { fileURLToPath } from "node:url";
import { type Span, type Summary, type SummaryPage, selectSummaries } from "tracelight";
import { expect, it, onTestFinished } from "vitest";
import { sqliteDriver } from "../../src/sqlite/driver.ts";
import { openSqliteFile } from "../../src/sqlite/file.ts";
import type { StoreReader } from "../../src/tracing/readable.ts";
import { freshPath, tracerOver } from "./support.ts";

const TOOLKIT = fileURLToPath(new URL("../fixtures/traces.sqlite", import.meta.url));

async function opened(path: string): Promise<StoreReader> {
  const file = await openSqliteFile(path);
  onTestFinished(() => file.close());
  return file;
}

/** A file of ours with a trace and a conversation of our own, and the toolkit's table and rows beside. */
async function sharedFile() {
  const path = freshPath();
  const { tracer } = tracerOver(path, { retention: false });
  const theirs = await (await opened(TOOLKIT)).find({});
  const [turn] = theirs;
  const conversation = turn?.attributes["ai.conversation.id"];
  for (let i = 0; i < 5; i++) {
    const startedAt = new Date(Number(turn?.startedAt) + (i - 2) * 1000);
    const span = tracer.startSpan(`ours ${i}`, { startedAt, parentSpan: null });
    span.addAttribute("ai.conversation.id", i === 4 ? conversation : `c${i}`);
    span.end(new Date(startedAt.getTime() + 10));
  }
  // In the same trace as the toolkit's: a call from one language into the other.
  const parentSpan = { traceId: String(turn?.traceId), spanId: String(turn?.spanId) };
  tracer.startSpan("called", { startedAt: new Date(Number(turn?.startedAt) + 1), parentSpan }).end();
  await tracer.flush();
  const database = sqliteDriver().open(path);
  database.exec(`ATTACH '${TOOLKIT}' AS theirs`);
  const made = database.prepare("SELECT sql FROM theirs.sqlite_master WHERE name = 'traces'").get();
  database.exec(String(made?.["sql"]));
  database.exec("INSERT INTO traces SELECT * FROM theirs.traces");
  database.close();
  return { path, tracer, theirs };
}

const namesOf = (spans: readonly Span[]) => spans.map(({ spanName }) => spanName);

async function pages(list: (cursor?: string) => Promise<SummaryPage>): Promise<Summary[]> {
  const rows: Summary[] = [];
  for (let page = await list(); ; page = await list(page.cursor)) {
    rows.push(...page.rows);
    if (page.cursor === undefined) return rows;
  }
}

it("the command's reads have both, in one order, with one row for a trace or conversation of both", async () => {
  const { path, theirs } = await sharedFile();
  const file = await opened(path);
  const all = await file.find({});
  expect(namesOf(all)).toHaveLength(6 + theirs.length);
  expect(all.find(({ spanName }) => spanName === "called")?.parentSpan?.spanName).toBe("converse");
  for (const order of ["asc", "desc"] as const) {
    const wanted = namesOf(await file.find({ order }));
    const iterated: Span[] = [];
    for await (const span of file.iterate({ order })) iterated.push(span);
    expect(iterated.map(({ startedAtMicros }) => startedAtMicros)).toEqual(
      (await file.find({ order })).map(({ startedAtMicros }) => startedAtMicros),
    );
    expect(namesOf(iterated).sort()).toEqual([...wanted].sort());
  }
  for (const by of ["trace", "conversation"] as const) {
    for (const query of [{ by }, { by, where: 'name starts with "ours"' }, { by, where: 'name = "llm"' }]) {
      const wanted = selectSummaries(all, query).rows;
      const found = await pages((cursor) => file.summaries({ ...query, limit: 2, cursor }));
      expect(found, JSON.stringify(query)).toEqual(wanted);
    }
  }
  const [first] = theirs;
  expect(await file.idsByPrefix(String(first?.traceId).slice(0, 9), 5)).toEqual([
    { by: "trace", id: first?.traceId },
  ]);
  const found = await file.search?.("get_weather");
  expect(namesOf(found?.spans ?? [])).toContain("get_weather");
});

it("so have the tracer's", async () => {
  const { tracer, theirs } = await sharedFile();
  expect(await tracer.getTraces()).toHaveLength(6 + theirs.length);
  const names: string[] = [];
  for await (const span of tracer.iterateTraces({ where: 'name = "llm" or name = "called"' }))
    names.push(span.spanName);
  expect(names.sort()).toEqual(["called", "llm"]);
  const { rows } = await tracer.summaries({ limit: 100 });
  expect(rows).toEqual(selectSummaries(await tracer.getTraces(), { limit: 100 }).rows);
});
