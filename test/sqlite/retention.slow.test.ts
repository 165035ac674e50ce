// Retention: whole traces go, the oldest first; what runs stays; the file gets smaller.
import { existsSync, rmSync, statSync } from "node:fs";
import type { Removed, Span, Tracer } from "tracelight";
import { describe, expect, test, vi } from "vitest";
import type * as realTimers from "../../src/model/timers.ts";
import { openSqliteFile } from "../../src/sqlite/file.ts";
import { sized } from "../sizes.ts";
import { startChild } from "./processes.ts";
import { eventually, freshPath, read, sql, tracerOver, withConnection } from "./support.ts";

/** The timers that were set. */
const timers = vi.hoisted(() => ({ set: [] as { run: () => void; ms: number }[] }));
vi.mock("../../src/model/timers.ts", async (original) => {
  const real = await original<typeof realTimers>();
  const setTimeout = (run: () => void, ms = 0) => {
    timers.set.push({ run, ms });
    return real.setTimeout(run, ms);
  };
  return { ...real, setTimeout };
});

const HOUR_MS = 60 * 60 * 1000;
const DAY_MS = 24 * HOUR_MS;

describe("with a bound of age", () => {
  test("old traces go whole, and younger ones stay whole", async () => {
    const path = freshPath();
    await write(path, (tracer) => {
      traceOf(tracer, "old", [40, 39]);
      // Its last span is young enough.
      traceOf(tracer, "long", [40, 10]);
      traceOf(tracer, "young", [10, 9]);
    });
    const { removed } = await retain(path, {});
    expect(removed).toMatchObject({ traces: 1, spans: 2 });
    expect(await namesIn(path)).toEqual(["long 0", "long 1", "young 0", "young 1"]);
    expect(sql(path, "SELECT reason, traces, spans FROM removals")).toEqual([
      { reason: "age", traces: 1, spans: 2 },
    ]);
  });

  test("many go in slices, and nothing else does", async () => {
    const path = freshPath();
    await write(path, (tracer) => {
      for (let i = 0; i < 1700; i++) traceOf(tracer, "old", [31 + (i % 50)]);
      for (let i = 0; i < 300; i++) traceOf(tracer, "young", [i % 29]);
    });
    const { removed } = await retain(path, { maxAgeDays: 30 });
    expect(removed).toMatchObject({ traces: 1700, spans: 1700 });
    expect(sql(path, "SELECT span_name, count(*) AS n FROM spans GROUP BY 1")).toContainEqual({
      span_name: "young 0",
      n: 300,
    });
    expect(sql(path, "PRAGMA integrity_check")).toEqual([{ integrity_check: "ok" }]);
  });

  test("a trace with a span that still runs stays, and one whose process died goes", async () => {
    const path = freshPath();
    const keeper = tracerOver(path, { retention: false }).tracer;
    const running = keeper.startSpan("runs", { startedAt: daysAgo(50) });
    keeper.startSpan("child", { parentSpan: running, startedAt: daysAgo(49) }).end(daysAgo(49));
    await keeper.flush();
    await write(path, (tracer) => {
      tracer.startSpan("interrupted", { startedAt: daysAgo(45) });
      traceOf(tracer, "old", [45]);
    });
    const { removed } = await retain(path, {});
    expect(removed).toMatchObject({ traces: 2 });
    expect(await namesIn(path)).toEqual(["runs", "child"]);
    running.end();
    await keeper.flush();
    expect(await namesIn(path)).toEqual(["runs", "child"]);
  });

  test("nothing goes with retention: false", async () => {
    const path = freshPath();
    await write(path, (tracer) => traceOf(tracer, "old", [400]));
    await write(path, (tracer) => traceOf(tracer, "new", [0]));
    expect(await namesIn(path)).toEqual(["old 0", "new 0"]);
  });
});

describe("with a bound of size", () => {
  test("the oldest go until there is room, the newest stay, and the file on disk gets smaller", async () => {
    const path = freshPath();
    await write(path, (tracer) => {
      for (let i = 0; i < 400; i++) traceOf(tracer, `t${i}`, [20 - i / 40], "x".repeat(20_000));
    });
    const before = statSync(path).size;
    expect(before).toBeGreaterThan(8e6);
    const { removed } = await retain(path, { maxBytes: 4_000_000 });
    expect(removed.bytes).toBeGreaterThan(4e6);
    const names = await namesIn(path);
    // Not far more than has to go.
    expect(names.length).toBeGreaterThan(120);
    expect(names).toEqual(Array.from({ length: names.length }, (_, i) => `t${400 - names.length + i} 0`));
    expect(statSync(path).size).toBeLessThan(4_000_000);
    expect(sql(path, "SELECT reason FROM removals")).toEqual([{ reason: "size" }]);
    expect(sql(path, "PRAGMA integrity_check")).toEqual([{ integrity_check: "ok" }]);
  });

  test("large values go with their spans", async () => {
    const path = freshPath();
    await write(path, async (tracer) => {
      for (let i = 0; i < 6; i++) {
        tracer
          .startSpan(`t${i}`, { startedAt: daysAgo(10 - i) })
          .addAttribute("value", randomText(1_000_000))
          .end(daysAgo(10 - i));
        await tracer.flush();
      }
    });
    await retain(path, { maxBytes: 3_000_000 });
    const spans = await read(path);
    expect(spans.map(({ spanName }) => spanName)).toEqual(["t3", "t4", "t5"].slice(-spans.length));
    expect(spans.length).toBeGreaterThan(0);
    expect(spans.every(({ attributes }) => String(attributes["value"]).length === 1_000_000)).toBe(true);
    expect(sql(path, "SELECT count(DISTINCT owner) AS n FROM pieces")).toEqual([{ n: spans.length }]);
  });
});

test("message lists stay as long as a span of their conversation does, and then go", async () => {
  const path = freshPath();
  const messages = [...Array(20).keys()].map((i) => ({
    role: "user",
    content: [{ text: `${i} ${"m".repeat(200)}` }],
  }));
  const image = [{ role: "user", content: [{ image: randomText(600_000) }] }];
  const turn = (tracer: Tracer, conversation: string, days: number, list: readonly object[]) =>
    tracer
      .startSpan(`${conversation} ${days}`, { startedAt: daysAgo(days), parentSpan: null })
      .addAttributes({ "ai.conversation.id": conversation, "ai.llm.request.messages": list })
      .end(daysAgo(days));
  await write(path, (tracer) => {
    turn(tracer, "stays", 40, messages.slice(0, 10));
    turn(tracer, "stays", 1, messages);
    turn(tracer, "goes", 41, messages);
    turn(tracer, "goes with image", 42, image);
  });
  expect(sql(path, "SELECT count(DISTINCT scope) AS n FROM message_nodes")).toEqual([{ n: 3 }]);
  expect((await retain(path, {})).removed).toMatchObject({ traces: 3 });
  const [left] = await read(path);
  expect(left?.attributes["ai.llm.request.messages"]).toEqual(messages);
  expect(sql(path, "SELECT DISTINCT scope FROM message_nodes")).toEqual([{ scope: 'conversation "stays"' }]);
  expect(sql(path, "SELECT count(*) AS n FROM pieces")).toEqual([{ n: 0 }]);
});

test("a writer that goes on after its conversation was removed writes its lists anew", async () => {
  const path = freshPath();
  const { tracer } = tracerOver(path, { retention: false });
  const history: object[] = [];
  const turn = (days: number) => {
    history.push({ role: "user", content: [{ text: `${history.length} ${"m".repeat(1500)}` }] });
    const span = tracer.startSpan(`turn ${days}`, { startedAt: daysAgo(days), parentSpan: null });
    span
      .addAttributes({ "ai.conversation.id": "c", "ai.llm.request.messages": [...history] })
      .end(daysAgo(days));
  };
  for (const days of [60, 50, 40]) turn(days);
  await tracer.flush();
  const file = await openSqliteFile(path, { readOnly: false });
  expect(await file.prune?.({ maxAgeMs: 30 * DAY_MS })).toMatchObject({ traces: 3 });
  await file.close();
  expect(sql(path, "SELECT count(*) AS n FROM message_nodes")).toEqual([{ n: 0 }]);
  for (const days of [2, 1]) turn(days);
  const found = await tracer.getTraces();
  expect(found.map(({ attributes }) => attributes["ai.llm.request.messages"])).toEqual([
    history.slice(0, 4),
    history,
  ]);
});

test("others write while much is removed", async () => {
  const OLD = sized(3000, 1500);
  const path = freshPath();
  await write(path, (tracer) => {
    for (let i = 0; i < OLD; i++) traceOf(tracer, "old", [60], "x".repeat(1000));
  });
  const { tracer: other } = tracerOver(path, { retention: false });
  const removals: Removed[] = [];
  const { tracer } = tracerOver(path, { retention: { onRemoved: (removed) => removals.push(removed) } });
  tracer.trace("go", () => undefined);
  let during = 0;
  while (removals.length === 0) {
    other.trace("meanwhile", () => undefined);
    expect(await other.flush()).toMatchObject({ pending: 0 });
    during++;
    await new Promise(setImmediate);
  }
  expect(during).toBeGreaterThan(5);
  expect(removals).toMatchObject([{ traces: OLD }]);
  expect(sql(path, "SELECT count(*) AS n FROM spans WHERE span_name = 'meanwhile'")).toEqual([{ n: during }]);
});

test("neither close nor the end of a process waits for all that is to be removed", async () => {
  const path = freshPath();
  await write(path, (tracer) => {
    for (let i = 0; i < 6000; i++) traceOf(tracer, "old", [60], "x".repeat(1000));
  });
  const { tracer, errors } = tracerOver(path);
  tracer.trace("go", () => undefined);
  await tracer.close();
  const left = () => Number(sql(path, "SELECT count(*) AS n FROM spans")[0]?.["n"]);
  expect(left()).toBeGreaterThan(1000);
  const child = await startChild({ path, retention: {} });
  expect(await child.askToEnd("burstAndEnd", { name: "s", spans: 1, ending: "end" })).toBe(0);
  expect(left()).toBeGreaterThan(1000);
  expect(errors).toEqual([]);
  expect(sql(path, "PRAGMA integrity_check")).toEqual([{ integrity_check: "ok" }]);
});

test("a process that closed its tracer while something is removed ends", async () => {
  const path = freshPath();
  await write(path, (tracer) => {
    for (let i = 0; i < 2000; i++) traceOf(tracer, "old", [60]);
  });
  const child = await startChild({ path, retention: {} });
  await child.ask("burst", { name: "s", spans: 1 });
  await child.ask("find", { attributeFilter: {} });
  await child.ask("close");
  expect(await child.askToEnd("leave", { ending: "end" })).toBe(0);
});

test("prune brings a file within its bounds at once", async () => {
  const path = freshPath();
  await write(path, (tracer) => {
    for (let i = 0; i < 100; i++) traceOf(tracer, `t${i}`, [100 - i], "x".repeat(10_000));
  });
  const file = await openSqliteFile(path, { readOnly: false });
  expect(await file.prune?.({ maxAgeMs: 50.5 * DAY_MS })).toMatchObject({ traces: 50, spans: 50 });
  expect(await file.prune?.({ maxBytes: 200_000 })).toMatchObject({ traces: expect.any(Number) });
  await file.close();
  expect(statSync(path).size).toBeLessThan(200_000);
  expect((await namesIn(path)).at(-1)).toBe("t99 0");
});

test("a file that took the place of one that was removed is kept within the bounds as well", async () => {
  const path = freshPath();
  timers.set.length = 0;
  const { tracer, errors } = tracerOver(path);
  tracer.trace("first", () => undefined);
  const hourly = await eventually(() => timers.set.find(({ ms }) => ms === HOUR_MS)?.run);
  for (const suffix of ["", "-wal", "-shm"]) rmSync(path + suffix);
  hourly();
  await eventually(async () => {
    tracer.startSpan("old", { parentSpan: null, startedAt: daysAgo(40) }).end(daysAgo(40));
    await tracer.flush();
    return existsSync(path);
  });
  expect(await namesIn(path)).toContain("old");
  hourly();
  await eventually(async () => (await namesIn(path)).length === 0);
  expect(errors).toEqual([]);
});

test("an option that cannot be meant is refused at once", () => {
  expect(() => tracerOver(freshPath(), { retention: { maxAgeDays: -1 } })).toThrow(/maxAgeDays/);
  expect(() => tracerOver(freshPath(), JSON.parse('{"retention":{"maxDays":1}}'))).toThrow(/maxAgeDays/);
  expect(() => tracerOver(freshPath(), JSON.parse('{"retention":true}'))).toThrow(/retention/);
});

/** Writes without retention, and closes. */
async function write(path: string, spans: (tracer: Tracer) => unknown): Promise<void> {
  const { tracer } = tracerOver(path, { retention: false });
  await spans(tracer);
  await tracer.close();
}

/** Lets a tracer do its retention; resolves with what it told. */
async function retain(
  path: string,
  retention: { maxAgeDays?: number; maxBytes?: number },
): Promise<{ removed: Removed }> {
  const removals: Removed[] = [];
  const { tracer, errors } = tracerOver(path, {
    retention: { ...retention, onRemoved: (told) => removals.push(told) },
  });
  // The first commit starts the work; its span is taken away again.
  tracer.startSpan("starter", { parentSpan: null }).end();
  const removed = await eventually(() => removals[0]);
  await tracer.close();
  withConnection(path, (connection) => connection.exec(`DELETE FROM spans WHERE span_name = 'starter'`));
  expect(errors).toEqual([]);
  return { removed };
}

/** A trace of spans that began so many days ago. */
function traceOf(tracer: Tracer, name: string, days: readonly number[], text = ""): void {
  let root: Span | null = null;
  for (const [i, day] of days.entries()) {
    const span = tracer.startSpan(`${name} ${i}`, { startedAt: daysAgo(day), parentSpan: root });
    span.addAttribute("text", text).end(daysAgo(day));
    root ??= span;
  }
}

function daysAgo(days: number): Date {
  return new Date(Date.now() - days * DAY_MS);
}

async function namesIn(path: string): Promise<string[]> {
  return (await read(path)).map(({ spanName }) => spanName);
}

/** Text that does not get smaller when it is compressed. */
function randomText(length: number): string {
  let text = "";
  while (text.length < length) text += Math.random().toString(36).slice(2);
  return text.slice(0, length);
}
