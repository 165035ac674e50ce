// Time that is not the system's, or that jumps: spans follow it, and what is delivered does not wait for it.

import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { HumanReadableTracer, InMemoryTracer, IterableTracer, type Span, Tracer } from "tracelight";
import { OtlpTracer, otlpReceiver, serveOtlp } from "tracelight/otlp";
import { SqliteTracer } from "tracelight/sqlite";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { PackageCopy } from "../tracing/package-copy.ts";

const folder = mkdtempSync(join(tmpdir(), "tracelight-time-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const startMs = (span: Span) => Math.floor(span.startedAtMicros / 1000);

describe("under fake timers", () => {
  beforeEach(() => void vi.useFakeTimers({ now: new Date("2001-02-03T04:05:06Z") }));
  afterEach(() => void vi.useRealTimers());

  it("spans have the time that the test says, in order, wherever it goes", () => {
    const tracer = new InMemoryTracer();
    const names: string[] = [];
    const times = [
      "2001-02-03T04:05:06Z",
      "2031-01-01T00:00:00Z",
      "1999-12-31T23:59:59Z",
      "2001-02-03T04:05:06Z",
    ];
    for (const time of times) {
      vi.setSystemTime(new Date(time));
      const spans = Array.from({ length: 100 }, (_, i) => tracer.startSpan(`${time} ${i}`));
      vi.advanceTimersByTime(250);
      for (const span of spans) {
        span.end();
        expect(startMs(span)).toBe(Date.parse(time));
        expect(Math.abs((span.durationMs ?? 0) - 250)).toBeLessThan(1);
      }
      names.push(...spans.map(({ spanName }) => spanName));
      const starts = spans.map(({ startedAtMicros }) => startedAtMicros);
      expect(new Set(starts).size).toBe(100);
      expect(starts).toEqual([...starts].sort((a, b) => a - b));
    }
  });

  it("and those after them have the real one", () => {
    const tracer = new InMemoryTracer();
    for (const time of ["1999-01-01T00:00:00Z", "2051-01-01T00:00:00Z"]) {
      vi.useFakeTimers({ now: new Date(time) });
      tracer.trace("faked", () => vi.advanceTimersByTime(10_000));
      vi.useRealTimers();
      const before = Date.now();
      const span = tracer.startSpan("real");
      for (const since = process.hrtime.bigint(); process.hrtime.bigint() - since < 3_000_000n; );
      span.end();
      // A minute is room for any correction of a machine's clock.
      expect(startMs(span)).toBeGreaterThan(before - 60_000);
      expect(startMs(span)).toBeLessThan(before + 60_000);
      expect(span.durationMs).toBeGreaterThanOrEqual(2.5);
      expect(span.durationMs).toBeLessThan(60_000);
    }
  });

  it("flush and close deliver: to a server, to a file, to a stream, to a loop", async () => {
    const store = new InMemoryTracer();
    const server = await serveOtlp(otlpReceiver(store), { port: 0 });
    const otlp = new OtlpTracer({ url: `${server.url}/v1/traces` });
    const file = new SqliteTracer({ path: join(folder, "fake.db"), retention: false });
    const text = new HumanReadableTracer({ stream: new PassThrough({ highWaterMark: 1 }).resume() });
    for (const tracer of [otlp, file, text]) {
      tracer.trace("work", () => vi.advanceTimersByTime(5));
      expect(await tracer.flush()).toMatchObject({ written: 1, pending: 0, errors: [] });
      tracer.startSpan("more").end();
      expect(await tracer.close()).toMatchObject({ written: 2, pending: 0, errors: [] });
    }
    const loop = new IterableTracer();
    loop.startSpan("work").end();
    expect(await loop.flush()).toMatchObject({ pending: 1 });
    expect(store.getTraces().map(startMs)).toEqual([Date.now() - 15, Date.now() - 10]);
    await server.close();
  });

  it("a flush whose time is over says so, and a server that is down is tried again", async () => {
    const stuck = new Tracer(
      { name: "stuck", write: () => undefined, flush: () => new Promise(() => undefined) },
      { onError: () => undefined },
    );
    stuck.startSpan("a").end();
    expect((await stuck.flush({ timeoutMs: 5 })).errors).toMatchObject([{ code: "FLUSH_TIMEOUT" }]);

    let requests = 0;
    const http = createServer((_, response) => void response.writeHead(++requests < 3 ? 503 : 200).end());
    const port = await new Promise<unknown>((resolve) => {
      http.listen(0, "127.0.0.1", () => resolve(Reflect.get(Object(http.address()), "port")));
    });
    const tracer = new OtlpTracer({ url: `http://127.0.0.1:${port}/v1/traces`, baseRetryDelayMs: 5 });
    tracer.startSpan("again").end();
    expect(await tracer.close()).toMatchObject({ written: 1, pending: 0 });
    expect(requests).toBe(3);
    http.close();
  });
});

it("a test that plays in the far future removes nothing from a file that others use", async () => {
  const path = join(folder, "kept.db");
  const before = new SqliteTracer({ path, retention: false });
  before.startSpan("kept").end();
  await before.close();
  vi.useFakeTimers({ now: new Date("2099-01-01T00:00:00Z") });
  const removed = vi.fn();
  const faked = new SqliteTracer({ path, retention: { maxAgeDays: 1, onRemoved: removed } });
  faked.startSpan("faked").end();
  await faked.close();
  vi.useRealTimers();
  const after = new SqliteTracer({ path, retention: false });
  expect((await after.getTraces()).map(({ spanName }) => spanName)).toEqual(["kept", "faked"]);
  await after.close();
  expect(removed).not.toHaveBeenCalled();
});

describe("in processes of their own", () => {
  let copy: PackageCopy;
  beforeAll(async () => {
    copy = await PackageCopy.make();
  });
  afterAll(() => copy[Symbol.dispose]());

  const FLUSHED = `
    const tracer = new HumanReadableTracer({ stream: process.stderr });
    tracer.startSpan("work").end();
    const { written, pending } = await tracer.close();
    const hangs = new Tracer({ name: "s", write() {}, flush: () => new Promise(() => {}) }, { onError() {} });
    hangs.startSpan("work").end();
    const late = await hangs.flush({ timeoutMs: 1 });
    console.log(written, pending, late.errors[0].code);`;
  const FAKES = `
    const never = () => 0;
    for (const name of ["setTimeout", "setInterval", "setImmediate"]) globalThis[name] = never;
    globalThis.performance = { now: () => 0, timeOrigin: 0 };
    globalThis.Date = class extends Date { static now() { return 1e12; } };`;
  const IMPORT = `const { HumanReadableTracer, InMemoryTracer, Tracer } = await import("tracelight");`;

  it.each([
    ["before the import", [FAKES, IMPORT]],
    ["after the import", [IMPORT, FAKES]],
  ])("globals that somebody replaced %s hold nothing up", async (_when, parts) => {
    const { code, stdout } = await copy.run(`${parts.join("\n")}
      const [span] = [new InMemoryTracer().startSpan("work")];
      console.log(Math.floor(span.startedAtMicros / 1e6));
      ${FLUSHED}`);
    expect([code, stdout]).toEqual([0, "1000000000\n1 0 FLUSH_TIMEOUT\n"]);
  });

  it("a clock that somebody spies on, before the first look at it too, is not the one that waits and spans go by", async () => {
    const { code, stdout } = await copy.run(`${IMPORT}
      performance.now = () => 1e15;
      const span = new InMemoryTracer().startSpan("work");
      span.end();
      console.log(Math.abs(span.startedAtMicros / 1000 - Date.now()) < 60_000, span.durationMs < 60_000);
      ${FLUSHED}`);
    expect([code, stdout]).toEqual([0, "true true\n1 0 FLUSH_TIMEOUT\n"]);
  });

  it("an environment like jsdom's, without setImmediate and with timers that are numbers, is enough", async () => {
    const { code, stdout } = await copy.run(`
      const real = setTimeout;
      delete globalThis.setImmediate;
      globalThis.setTimeout = (...args) => real(...args)[Symbol.toPrimitive]();
      ${IMPORT} ${FLUSHED}`);
    expect([code, stdout]).toEqual([0, "1 0 FLUSH_TIMEOUT\n"]);
  });

  it("the system's clock may be set, and the machine may sleep: later spans have its time, in order", async () => {
    const { code, stdout } = await copy.run(`
      import { performance as steady } from "node:perf_hooks";
      let [wall, passed] = [Date.now(), steady.now()];
      Date.now = () => Math.floor(wall);
      Object.getPrototypeOf(steady).now = () => passed;
      const pass = (ms) => { wall += ms; passed += ms; };
      const { InMemoryTracer } = await import("tracelight");
      const tracer = new InMemoryTracer();
      const jumps = { none: 0, "set forward": 3600e3, "set back": -2 * 3600e3, "sleep": 8 * 3600e3, "a little": 7 };
      for (const [what, jump] of Object.entries(jumps)) {
        wall += jump;
        pass(30);
        const spans = [];
        for (let i = 0; i < 50; i++) {
          const span = tracer.startSpan(what);
          pass(2.5);
          span.end();
          spans.push(span);
        }
        const first = spans[0].startedAtMicros / 1000 - (wall - 125);
        const isOrdered = spans.every((s, i) => i === 0 || s.startedAtMicros > spans[i - 1].startedAtMicros);
        const isRight = spans.every((s) => Math.abs(s.durationMs - 2.5) < 0.01);
        console.log(what, Math.abs(first) <= 5, isOrdered, isRight);
      }`);
    const lines = ["none", "set forward", "set back", "sleep", "a little"].map(
      (what) => `${what} true true true\n`,
    );
    expect([code, stdout]).toEqual([0, lines.join("")]);
  });
});
