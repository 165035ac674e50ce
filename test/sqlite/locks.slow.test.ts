// A file that another process holds: the agent's event loop goes on, and nothing is lost.
import { setTimeout as delay } from "node:timers/promises";
import { InMemoryTracer, TeeTracer } from "tracelight";
import { describe, expect, test } from "vitest";
import { expectFreeLoop } from "../event-loop.ts";
import { flushedUntil } from "../patience.ts";
import { IS_FULL, sized } from "../sizes.ts";
import { type Child, startChild } from "./processes.ts";
import {
  codesOf,
  eventually,
  freshPath,
  hold,
  lifeLocks,
  sql,
  statesIn,
  tracerOver,
  withConnection,
} from "./support.ts";

const HELD_MS = sized(5000, 500);

describe("while another process holds", () => {
  test.each(["BEGIN IMMEDIATE", "BEGIN EXCLUSIVE"])(
    "%s, the agent goes on and loses nothing",
    async (begin) => {
      const path = freshPath();
      const agent = await startChild({ path });
      await agent.ask("burst", { name: "before", spans: 10 });
      await agent.ask("start", { name: "running" });
      await agent.ask("flush", {});
      const spans = await worksFreely(agent, () => hold(path, begin));
      expect(await agent.ask("flush", {})).toMatchObject({
        written: spans + 10,
        pending: 0,
        dropped: 0,
        failed: 0,
      });
      expect(countIn(path)).toBe(spans + 11);
    },
  );

  test("the whole file, for itself alone, the agent goes on and loses nothing", async () => {
    const path = freshPath();
    // Made by a process that is gone: nobody else may have it open.
    const first = await startChild({ path });
    await first.askToEnd("burstAndEnd", { name: "first", spans: 1, ending: "end" });
    const release = hold(path, "PRAGMA locking_mode = EXCLUSIVE; BEGIN IMMEDIATE; CREATE TABLE x (y)");
    const agent = await startChild({ path });
    const spans = await worksFreely(agent, () => undefined);
    release();
    expect(await agent.ask("flush", {})).toMatchObject({ written: spans, pending: 0, dropped: 0, failed: 0 });
  });

  test("a file that is not made yet, the agent goes on and loses nothing", async () => {
    const path = freshPath();
    const agent = await startChild({ path });
    const release = hold(path, "BEGIN EXCLUSIVE");
    const spans = await worksFreely(agent, () => undefined);
    release();
    expect(await agent.ask("flush", {})).toMatchObject({
      written: spans,
      pending: 0,
      failed: 0,
      codes: expect.any(Array),
    });
    expect(countIn(path)).toBe(spans);
  });

  test("the lock, close waits for it and nothing is lost", async () => {
    const path = freshPath();
    const agent = await startChild({ path });
    await agent.ask("start", { name: "running" });
    await agent.ask("flush", {});
    const release = hold(path);
    await agent.ask("burst", { name: "s", spans: 10 });
    const closed = agent.ask("close");
    await delay(100);
    release();
    expect(await closed).toMatchObject({ written: 11, pending: 0, failed: 0, codes: [] });
    expect((await statesIn(path))["running"]).toBe("interrupted");
    expect(lifeLocks(path)).toEqual([]);
  });

  test("the lock, the end of the process waits for it", async () => {
    for (const ending of ["end", "exit"] as const) {
      const path = freshPath();
      const agent = await startChild({ path });
      await agent.ask("burst", { name: "before", spans: 1 });
      await agent.ask("flush", {});
      const release = hold(path);
      const ended = agent.askToEnd("burstAndEnd", { name: "s", spans: 700, ending });
      await delay(300);
      release();
      expect(await ended).toBe(ending === "end" ? 0 : 3);
      expect(countIn(path), ending).toBe(701);
    }
  });

  test("the lock of a file that is not open yet, process.exit() waits for it", async () => {
    const path = freshPath();
    withConnection(path, (connection) => connection.exec("PRAGMA journal_mode = WAL"));
    const agent = await startChild({ path });
    const release = hold(path);
    const ended = agent.askToEnd("burstAndEnd", { name: "s", spans: 700, ending: "exit" });
    await delay(300);
    release();
    expect(await ended).toBe(3);
    expect(countIn(path)).toBe(700);
  });

  test("the lock for longer than the process can wait, it ends all the same and says what is lost", async () => {
    const path = freshPath();
    const agent = await startChild({ path, printErrors: true });
    await agent.ask("burst", { name: "before", spans: 1 });
    await agent.ask("flush", {});
    hold(path);
    expect(await agent.askToEnd("burstAndEnd", { name: "s", spans: 3, ending: "exit" })).toBe(3);
    expect(agent.printed).toMatch(/3 spans could be written/);
    expect(countIn(path)).toBe(1);
  });
});

test("a file that stays locked: close comes back in time, and says what is written, what waits and why", async () => {
  const path = freshPath();
  const { tracer, errors } = tracerOver(path);
  for (let i = 0; i < 20; i++) tracer.trace(`written ${i}`, () => undefined);
  await tracer.flush();
  hold(path);
  for (let i = 0; i < 3; i++) tracer.trace(`waits ${i}`, () => undefined);
  await flushedUntil(tracer, () => errors.length > 0);
  const report = await tracer.close({ timeoutMs: 1000 });
  expect(report).toMatchObject({ written: 20, pending: 3, dropped: 0, failed: 0 });
  expect(codesOf(report.errors)).toEqual(["STORE_LOCKED"]);
  expect(codesOf(errors)).toEqual(["STORE_LOCKED"]);
});

test("a tee over a file that stays locked says what each member has done", async () => {
  const path = freshPath();
  const { tracer, errors } = tracerOver(path);
  const tee = new TeeTracer().addTracer(tracer).addTracer(new InMemoryTracer());
  for (let i = 0; i < 20; i++) tee.trace(`written ${i}`, () => undefined);
  await tee.flush();
  hold(path);
  tee.trace("waits", () => undefined);
  const waiting = await flushedUntil(tee, () => errors.length > 0);
  expect(waiting).toMatchObject({ written: 41, pending: 1 });
  const report = await tee.close({ timeoutMs: 1000 });
  expect(report).toMatchObject({ written: 41, pending: 1, dropped: 0, failed: 0 });
  expect(codesOf(report.errors)).toEqual(["STORE_LOCKED"]);
});

test("spans wait no longer than the lock, however long the turn was in which they ended", async () => {
  const path = freshPath();
  const { tracer } = tracerOver(path);
  await tracer.getTraces();
  const release = hold(path);
  for (const until = performance.now() + 60; performance.now() < until; ) Math.random();
  tracer.trace("s", () => undefined);
  await tracer.flush({ timeoutMs: 0 });
  release();
  await eventually(async () => (await statesIn(path))["s"]);
});

test("of more spans than may wait the oldest go, are counted, and told of once", async () => {
  const path = freshPath();
  const { tracer, errors } = tracerOver(path, { maxQueuedSpans: 100 });
  const long = tracer.startSpan("long", { parentSpan: null });
  expect(await tracer.getTraces()).toHaveLength(1);
  const release = hold(path);
  long.end();
  for (let i = 0; i < 999; i++) tracer.startSpan(`s${i}`, { parentSpan: null }).end();
  expect(await tracer.flush({ timeoutMs: 10 })).toMatchObject({
    written: 0,
    pending: 100,
    dropped: 900,
    failed: 0,
  });
  release();
  expect(await tracer.flush()).toMatchObject({ written: 100, pending: 0, dropped: 900 });
  expect(errors.map(({ code }) => code)).toEqual(["QUEUE_FULL"]);
  const { long: state, ...rest } = await statesIn(path);
  // It began, and its end is lost.
  expect(state).toBe("interrupted");
  expect(Object.keys(rest)).toEqual(Array.from({ length: 100 }, (_, i) => `s${899 + i}`));
});

test("a history that each span gives waits once", async () => {
  const path = freshPath();
  const { tracer } = tracerOver(path, { maxQueuedBytes: 20_000_000 });
  await tracer.getTraces();
  const release = hold(path);
  const messages: object[] = [];
  for (let i = 0; i < 100; i++) {
    messages.push({ role: "user", content: "x".repeat(10_000) });
    const attributes = { "ai.conversation.id": "c", "ai.llm.request.messages": messages };
    tracer.trace(`${i}`, { attributes }, () => undefined);
  }
  expect(await tracer.flush({ timeoutMs: 10 })).toMatchObject({ pending: 100, dropped: 0 });
  release();
  expect(await tracer.flush()).toMatchObject({ written: 100, pending: 0, dropped: 0 });
});

test("reads go on while another process writes", async () => {
  const path = freshPath();
  const { tracer } = tracerOver(path);
  tracer.trace("there", () => undefined);
  await tracer.flush();
  hold(path);
  expect(await tracer.getTraces()).toHaveLength(1);
  expect(Object.keys(await statesIn(path))).toEqual(["there"]);
});

test.runIf(IS_FULL)("a read of a file that cannot be opened says so, in the end", async () => {
  const path = freshPath();
  hold(path, "PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE");
  const { tracer } = tracerOver(path);
  await expect(tracer.getTraces()).rejects.toMatchObject({ code: "STORE_LOCKED" });
});

/** Works while the lock is held, and sees that the event loop is not. Resolves with how many spans it made. */
async function worksFreely(agent: Child, lock: () => (() => void) | undefined): Promise<number> {
  let spans = 0;
  await expectFreeLoop(async () => {
    const release = lock();
    await agent.ask("watchLoop");
    for (const until = performance.now() + HELD_MS; performance.now() < until; spans += 30) {
      await agent.ask("burst", { name: "s", spans: 30, perTick: 3, everyMs: 2 });
    }
    const hold = await agent.ask("hold");
    release?.();
    return hold;
  });
  return spans;
}

function countIn(path: string): number {
  return Number(sql(path, "SELECT count(*) AS n FROM spans")[0]?.["n"]);
}
