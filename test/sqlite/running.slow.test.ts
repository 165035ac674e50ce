// Spans that run: seen by other processes while they do, and called interrupted only when their process is gone.
import { rmSync, utimesSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { InMemoryTracer, TeeTracer } from "tracelight";
import { SqliteTracer } from "tracelight/sqlite";
import { describe, expect, onTestFinished, test } from "vitest";
import { sized } from "../sizes.ts";
import { startChild } from "./processes.ts";
import { eventually, freshPath, hold, lifeLocks, read, sql, statesIn, tracerOver } from "./support.ts";

describe("a span of another process", () => {
  test("is seen while it runs, with its attributes so far", async () => {
    const path = freshPath();
    const child = await startChild({ path });
    await child.ask("start", { name: "turn" });
    const seen = async (key: string) => (await read(path)).find(({ attributes }) => key in attributes);
    await child.ask("set", { name: "turn", key: "first", value: 1 });
    expect((await eventually(() => seen("first"))).state).toBe("running");
    await child.ask("set", { name: "turn", key: "second", value: "two" });
    const span = await eventually(() => seen("second"));
    expect(span).toMatchObject({
      state: "running",
      endedAt: undefined,
      attributes: { first: 1, second: "two" },
    });
    await child.ask("end", { name: "turn" });
    await eventually(async () => (await statesIn(path))["turn"] === "ended");
    expect(await read(path)).toHaveLength(1);
  });

  test("is no older than 250 ms for those who read it", async () => {
    const path = freshPath();
    const child = await startChild({ path });
    await child.ask("start", { name: "turn" });
    for (let i = 0; i < 5; i++) {
      // By the process's own clock: what is due before its 250 ms are over has been done when they are.
      await child.ask("set", { name: "turn", key: "i", value: i, waitMs: 250 });
      expect((await read(path))[0]?.attributes).toMatchObject({ i });
    }
  });

  test("is seen at once where the app emits a snapshot", async () => {
    const path = freshPath();
    const { tracer } = tracerOver(path);
    const span = tracer.startSpan("turn");
    await tracer.flush();
    span.addAttribute("now", true).emitSnapshot();
    await new Promise(setImmediate);
    await new Promise(setImmediate);
    expect((await read(path))[0]?.attributes).toMatchObject({ now: true });
    span.end();
  });

  test("is running while its process is stopped, and for all who look at once", async () => {
    const path = freshPath();
    const child = await startChild({ path });
    await child.ask("start", { name: "turn" });
    await eventually(async () => (await statesIn(path))["turn"] === "running");
    child.kill("SIGSTOP");
    for (let i = 0; i < sized(20, 5); i++) {
      const states = await Promise.all(Array.from({ length: 5 }, () => statesIn(path)));
      expect(states).toEqual(Array.from({ length: 5 }, () => ({ turn: "running" })));
    }
    child.kill("SIGCONT");
    await child.ask("end", { name: "turn" });
    await eventually(async () => (await statesIn(path))["turn"] === "ended");
  });

  test("is running for several processes that look", async () => {
    const path = freshPath();
    const writer = await startChild({ path });
    await writer.ask("start", { name: "turn" });
    await eventually(async () => (await statesIn(path))["turn"] === "running");
    const readers = await Promise.all([startChild({ path }), startChild({ path })]);
    const looks = readers.map((reader) => reader.ask("states", { path, times: sized(100, 25) }));
    for (const { states } of await Promise.all(looks)) expect(states).toEqual(["running"]);
  });

  test("is interrupted when its process was killed, and those that had ended are not", async () => {
    const path = freshPath();
    const child = await startChild({ path });
    await child.ask("start", { name: "turn" });
    await child.ask("start", { name: "call", parent: "turn" });
    await child.ask("set", { name: "turn", key: "kept", value: true });
    await child.ask("end", { name: "call" });
    await child.ask("flush", {});
    child.kill();
    await child.ended;
    expect(await statesIn(path)).toEqual({ turn: "interrupted", call: "ended" });
    const [turn, call] = await read(path);
    expect(turn?.attributes).toMatchObject({ kept: true });
    expect(call?.parentSpan).toBe(turn);
  });

  test("stays interrupted when the next writer has tidied up", async () => {
    const path = freshPath();
    const child = await startChild({ path });
    await child.ask("start", { name: "turn" });
    await child.ask("flush", {});
    child.kill();
    await child.ended;
    expect(lifeLocks(path)).toHaveLength(1);
    const { tracer } = tracerOver(path);
    tracer.trace("next", () => undefined);
    await eventually(() => lifeLocks(path).length === 0);
    expect(sql(path, "SELECT writer FROM spans WHERE span_name = 'turn'")).toEqual([{ writer: null }]);
    expect(sql(path, "SELECT * FROM writers")).toEqual([]);
    expect(await statesIn(path)).toEqual({ turn: "interrupted", next: "ended" });
  });

  test("is one of too many to be looked at all the time, and has one row that ends with it", async () => {
    const path = freshPath();
    const { tracer } = tracerOver(path);
    const spans = Array.from({ length: 10_002 }, (_, i) => tracer.startSpan(`s${i}`, { parentSpan: null }));
    await tracer.flush();
    spans[0]?.addAttribute("late", 1).end();
    await tracer.flush();
    const states = await statesIn(path);
    expect([states["s0"], states["s1"], states["s10001"]]).toEqual(["ended", "running", "running"]);
    expect(sql(path, "SELECT count(*) AS n FROM spans")).toEqual([{ n: spans.length }]);
    expect((await read(path, { spanName: "s0" }))[0]?.attributes).toMatchObject({ late: 1 });
  });

  test("is not buried by the next writer while its process lives", async () => {
    const path = freshPath();
    const child = await startChild({ path });
    await child.ask("start", { name: "turn" });
    await child.ask("flush", {});
    for (let i = 0; i < 5; i++) {
      const { tracer } = tracerOver(path);
      tracer.trace("next", () => undefined);
      const other = tracer.startSpan("other");
      await tracer.flush();
      expect((await statesIn(path))["turn"]).toBe("running");
      other.end();
      await tracer.close();
    }
    await child.ask("end", { name: "turn" });
    await child.ask("flush", {});
    expect((await statesIn(path))["turn"]).toBe("ended");
  });
});

describe("the lock of a writer", () => {
  test("that was killed before it wrote goes in time; one that is held or new stays", async () => {
    const path = freshPath();
    const child = await startChild({ path });
    await child.ask("start", { name: "turn" });
    await child.ask("flush", {});
    const [held] = lifeLocks(path);
    const [old, young] = [
      `${basename(path)}-live-00000000000000aa`,
      `${basename(path)}-live-00000000000000bb`,
    ];
    for (const name of [old, young]) writeFileSync(join(dirname(path), name), "");
    const before = new Date(Date.now() - 3_600_000);
    for (const name of [old, held ?? ""]) utimesSync(join(dirname(path), name), before, before);
    const { tracer } = tracerOver(path);
    tracer.trace("next", () => undefined);
    await eventually(() => !lifeLocks(path).includes(old));
    expect(lifeLocks(path)).toEqual(expect.arrayContaining([held, young]));
    expect((await statesIn(path))["turn"]).toBe("running");
  });
});

describe("a row", () => {
  test("is written once for a span that begins and ends within one commit", async () => {
    const path = freshPath();
    const { tracer } = tracerOver(path);
    await tracer.getTraces();
    for (const verb of ["UPDATE", "DELETE"]) {
      sql(
        path,
        `CREATE TRIGGER no_${verb} BEFORE ${verb} ON spans BEGIN SELECT RAISE(ABORT, '${verb}'); END`,
      );
    }
    tracer.trace("outer", () => tracer.trace("inner", () => undefined));
    const report = await tracer.flush();
    expect(report).toMatchObject({ written: 2, errors: [] });
    expect(sql(path, "SELECT span_name, writer FROM spans")).toEqual([
      { span_name: "inner", writer: null },
      { span_name: "outer", writer: null },
    ]);
    expect(sql(path, "SELECT seq FROM sqlite_sequence WHERE name = 'spans'")).toEqual([{ seq: 2 }]);
    expect(lifeLocks(path)).toEqual([]);
  });

  test("is one for a span that runs across commits", async () => {
    const path = freshPath();
    const { tracer } = tracerOver(path);
    const span = tracer.startSpan("long");
    await tracer.flush();
    span.addAttribute("late", true).end();
    await tracer.flush();
    expect(sql(path, "SELECT seq FROM sqlite_sequence WHERE name = 'spans'")).toEqual([{ seq: 1 }]);
    expect((await read(path))[0]).toMatchObject({ state: "ended", attributes: { late: true } });
  });

  test("comes with the end where starts are not recorded", async () => {
    const path = freshPath();
    const { tracer } = tracerOver(path, { recordStarts: false });
    const span = tracer.startSpan("quiet");
    span.emitSnapshot();
    await tracer.flush();
    expect(await read(path)).toEqual([]);
    span.end();
    await tracer.flush();
    expect(await statesIn(path)).toEqual({ quiet: "ended" });
  });

  test.each([
    ["a tracer", (path: string, process: Drop) => tracerWith(new SqliteTracer({ path, process }))],
    [
      "a tee over one",
      (path: string, process: Drop) =>
        tracerWith(new TeeTracer({ process }).addTracer(new SqliteTracer({ path }))),
    ],
    [
      "a tee of tees",
      (path: string, process: Drop) => {
        const inner = new TeeTracer().addTracer(new InMemoryTracer()).addTracer(new SqliteTracer({ path }));
        return tracerWith(new TeeTracer({ process }).addTracer(inner));
      },
    ],
  ])("goes where %s drops the span at its end", async (_, make) => {
    const path = freshPath();
    const tracer = make(path, (span) => (span.attributes["secret"] === true ? false : undefined));
    const span = tracer.startSpan("began harmless");
    const other = tracer.startSpan("other");
    await tracer.flush();
    expect(Object.keys(await statesIn(path))).toEqual(["began harmless", "other"]);
    span.addAttribute("secret", true).end();
    other.end();
    await tracer.flush();
    expect(await statesIn(path)).toEqual({ other: "ended" });
  });

  test("goes as well where the process exits in the tick of the span's end", async () => {
    const path = freshPath();
    const child = await startChild({ path, dropAtEnd: "secret" });
    await child.ask("start", { name: "secret" });
    await child.ask("flush", {});
    await child.askToEnd("endAndEnd", { name: "secret", ending: "exit" });
    expect(await read(path)).toEqual([]);
  });

  test.each([
    ["with its log", ["", "-wal", "-shm"]],
    ["without its log", [""]],
  ])("is that of its own span in a file that took the place of one removed %s", async (_, suffixes) => {
    const path = freshPath();
    const { tracer, errors } = tracerOver(path);
    const running = Array.from({ length: 5 }, (_, i) =>
      tracer.startSpan(`running ${i}`, { parentSpan: null }),
    );
    await tracer.flush();
    for (const suffix of suffixes) rmSync(path + suffix);
    for (let i = 0; i < 10; i++) tracer.startSpan(`short ${i}`, { parentSpan: null }).end();
    for (const span of running.slice(0, 3)) span.end();
    // The file is looked for a few times a second.
    await eventually(async () => {
      tracer.trace("again", () => undefined);
      await tracer.flush();
      return sqlExists(path);
    });
    for (const span of running.slice(3)) span.end();
    const spans = await tracer.getTraces();
    const states = Object.fromEntries(spans.map(({ spanName, state }) => [spanName, state]));
    expect(states).toMatchObject({ "running 3": "ended", "running 4": "ended", again: "ended" });
    const ids = [...running.slice(3)].map(({ spanId, spanName }) => [spanName, spanId]);
    expect(
      spans.filter(({ spanName }) => /running [34]/.test(spanName)).map((s) => [s.spanName, s.spanId]),
    ).toEqual(ids);
    expect(sql(path, "PRAGMA integrity_check")).toEqual([{ integrity_check: "ok" }]);
    expect(errors).toEqual([]);
  });

  test("is brought up to its end where the file is locked meanwhile", async () => {
    const path = freshPath();
    const { tracer } = tracerOver(path);
    const span = tracer.startSpan("turn");
    await tracer.flush();
    const release = hold(path);
    span.addAttribute("answer", 42).end();
    expect(await tracer.flush({ timeoutMs: 20 })).toMatchObject({ pending: 1, failed: 0 });
    release();
    expect(await tracer.flush()).toMatchObject({ written: 1, pending: 0, errors: [] });
    expect((await read(path))[0]).toMatchObject({ state: "ended", attributes: { answer: 42 } });
  });
});

test("spans that run when their tracer is closed are interrupted", async () => {
  const path = freshPath();
  const { tracer } = tracerOver(path);
  tracer.startSpan("open");
  await tracer.close();
  expect(await statesIn(path)).toEqual({ open: "interrupted" });
  expect(sql(path, "SELECT * FROM writers")).toEqual([]);
  expect(lifeLocks(path)).toEqual([]);
});

test("a tracer reads its own running spans, however many began in one tick", async () => {
  const { tracer } = tracerOver(freshPath());
  expect(await tracer.getTraces()).toEqual([]);
  const open = Array.from({ length: 1200 }, (_, i) => tracer.startSpan(`open ${i}`, { parentSpan: null }));
  const found = await tracer.getTraces();
  expect(found).toHaveLength(open.length);
  expect(found.every(({ state }) => state === "running")).toBe(true);
});

test("a span that runs for long does not hold up the process at its end", async () => {
  const path = freshPath();
  const child = await startChild({ path });
  await child.ask("start", { name: "forever" });
  await child.ask("flush", {});
  expect(await child.askToEnd("leave", { ending: "end" })).toBe(0);
});

type Drop = NonNullable<ConstructorParameters<typeof SqliteTracer>[0]>["process"] & object;

function tracerWith<T extends TeeTracer | SqliteTracer>(tracer: T): T {
  onTestFinished(async () => void (await tracer.close()));
  return tracer;
}

function sqlExists(path: string): boolean {
  try {
    return sql(path, "SELECT count(*) AS n FROM spans WHERE span_name = 'again'")[0]?.["n"] !== 0;
  } catch {
    return false;
  }
}

test("a span that must not be kept leaves no row, though very many began after it", async () => {
  const path = freshPath();
  const tracer = new SqliteTracer({
    path,
    process: ({ attributes }) => (attributes["secret"] === true ? false : undefined),
  });
  const first = tracer.startSpan("first", { parentSpan: null, attributes: { prompt: "half of it" } });
  await tracer.flush();
  const others = Array.from({ length: sized(10_001, 1001) }, () =>
    tracer.startSpan("other", { parentSpan: null }),
  );
  await tracer.flush();
  first.addAttribute("secret", true).end();
  expect(await tracer.getTraces({ spanName: "first" })).toEqual([]);
  for (const other of others) other.end();
  await tracer.close();
  expect(await read(path)).toHaveLength(others.length);
});
