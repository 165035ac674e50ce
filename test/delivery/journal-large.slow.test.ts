// Large spans in a journal: written and read in slices, whole, and never holding the event loop.
import { randomBytes } from "node:crypto";
import { cpSync, readFileSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { InMemoryTracer, type Span } from "tracelight";
import { describe, expect, it, onTestFinished } from "vitest";
import { Delivery } from "../../src/delivery/delivery.ts";
import type { DeliveryOptions } from "../../src/delivery/options.ts";
import { Faults } from "../../src/tracing/faults.ts";
import { expectFreeLoop, holdOf } from "../event-loop.ts";
import { shareOf } from "../sizes.ts";
import { startChild } from "./processes.ts";
import { counts, namesOf, newFolder, recovered, segmentsIn, steadyClock, until } from "./support.ts";

const count = <T>(length: number, make: (i: number) => T): T[] => Array.from({ length }, (_, i) => make(i));

/** Each takes several times as long as the event loop may be held. */
const SHAPES: Record<string, () => unknown> = {
  bytes: () => new Uint8Array(randomBytes(12_000_000)),
  "an object of 150,000 keys": () => Object.fromEntries(count(150_000, (i) => [`key number ${i}`, i])),
  "a list of numbers": () => count(375_000, (i) => i + 1 / 3),
  "a map": () => new Map(count(100_000, (i) => [`key number ${i}`, i])),
  "a set": () => new Set(count(150_000, (i) => `value number ${i}`)),
  dates: () => count(100_000, (i) => new Date(i)),
  "small maps and sets": () => count(20_000, (i) => new Map([[i, new Set([i])]])),
  bigints: () => count(100_000, (i) => BigInt(i) << 200n),
  "many small objects": () => count(40_000, (i) => ({ role: "user", i, parts: [`text ${i}`, null] })),
  text: () => "All work and no play. ".repeat(500_000),
  "text that JSON escapes": () => '\u0001"\\\n'.repeat(2_000_000),
  "text in other letters": () => "é漢🙂".repeat(2_000_000),
  "one small value before it": () => [...count(40, () => 1), new Uint8Array(randomBytes(12_000_000))],
  "bytes deep below": () => ({ a: [{ b: new Map([["c", [new Uint8Array(randomBytes(12_000_000))]]]) }] }),
};

/** A span with that attribute. */
function spanWith(value: unknown): Span {
  const tracer = new InMemoryTracer();
  tracer.trace("large", (span) => {
    span
      .addAttribute("value", value)
      .addAttribute("small", 1n)
      .addEvent("event", { at: new Date(1) }, new Date(5));
    span.addLink({ traceId: span.traceId, spanId: span.spanId, attributes: { why: Number.NaN } });
  });
  const [span] = tracer.getTraces();
  if (span === undefined) throw new Error("no span");
  return span;
}

/** A delivery of whole spans; down until told. */
function deliveryOf(folder: string, options: DeliveryOptions = {}) {
  const received: Span[] = [];
  const told: string[] = [];
  const server = { isUp: false, asked: 0 };
  const delivery = new Delivery<Span>({
    transport: {
      name: "server",
      encode: (span) => span,
      size: () => 1,
      send: async (batch) => {
        server.asked++;
        if (!server.isUp) throw new Error("down");
        received.push(...batch);
        return batch.map(() => ({ kind: "delivered" as const }));
      },
    },
    faults: new Faults(({ code, message }) => code === "JOURNAL_FAILED" && told.push(message)),
    options: {
      baseRetryDelayMs: 1,
      maxRetryDelayMs: 5,
      ...(folder === "" ? {} : { journal: folder }),
      ...options,
    },
  });
  onTestFinished(async () => void (await delivery.close(0)));
  return { delivery, received, told, server };
}

/** A busy machine may take longer than the 30 s of a close. */
const PATIENCE_MS = 250_000;

/** What another process would read. */
async function readBack(folder: string) {
  const heir = deliveryOf(folder);
  heir.server.isUp = true;
  const report = counts(await heir.delivery.close(PATIENCE_MS));
  return { report, received: heir.received, told: heir.told };
}

/** Spans in a journal, whose server is down; written while the event loop is watched. */
async function written(make: () => readonly Span[]) {
  const folder = newFolder();
  const spans = make();
  const { delivery, server } = deliveryOf(folder);
  const hold = await holdOf(async () => {
    for (const span of spans) {
      await new Promise((resolve) => setImmediate(resolve));
      delivery.add(span);
      await new Promise((resolve) => setImmediate(resolve));
    }
    // They are on disk before they are sent.
    await until(() => server.asked > 0);
  });
  await delivery.close(0);
  return { folder, spans, ...hold };
}

/** What another process would read, while the event loop is watched. */
async function readFreely(folder: string) {
  return await expectFreeLoop(async () => {
    const copy = newFolder();
    cpSync(folder, copy, { recursive: true });
    const hold = await holdOf(() => readBack(copy));
    expect(segmentsIn(copy)).toEqual([]);
    return hold;
  });
}

describe("a span of some megabytes", () => {
  it.each(shareOf(Object.entries(SHAPES), 0, 2))(
    "leaves the event loop free, and comes back as it was: %s",
    async (_, make) => {
      const { folder, spans } = await expectFreeLoop(() => written(() => [spanWith(make())]));
      expect(segmentsIn(folder)).toHaveLength(1);
      const { report, received } = (await readFreely(folder)).result;
      expect(report).toEqual({ written: 1, pending: 0, dropped: 0, failed: 0 });
      const [[span], [back]] = [spans, received];
      expect(isSame(back?.attributes["value"], span?.attributes["value"])).toBe(true);
      for (const field of [
        "spanName",
        "traceId",
        "spanId",
        "startedAtMicros",
        "endedAtMicros",
        "events",
      ] as const)
        expect(back?.[field]).toEqual(span?.[field]);
      expect(back?.links).toEqual(span?.links);
      expect(back?.attributes["small"]).toBe(1n);
    },
  );

  it("so does one of 150,000 attributes, with those of spans above", async () => {
    const tracer = new InMemoryTracer();
    const parent = tracer.startSpan("parent", { parentSpan: null });
    parent.addAttribute("key 7", "from above", { inheritable: true });
    parent.addAttribute("above", "from above", { inheritable: true });
    const child = () => {
      const span = tracer.startSpan("many", { parentSpan: parent });
      for (let i = 0; i < 150_000; i++) span.addAttribute(`key ${i}`, i);
      span.end();
      return [span];
    };
    const { folder, spans } = await expectFreeLoop(() => written(child));
    expect(segmentsIn(folder)).toHaveLength(1);
    const { report, received } = (await readFreely(folder)).result;
    expect(report).toEqual({ written: 1, pending: 0, dropped: 0, failed: 0 });
    const back = new Map(Object.entries(received[0]?.attributes ?? {}));
    const given = Object.entries(spans[0]?.attributes ?? {});
    expect(given.length).toBeGreaterThan(150_000);
    expect(back.size).toBe(given.length);
    expect(given.every(([key, value]) => back.get(key) === value)).toBe(true);
    expect(received[0]?.attributes["above"]).toBe("from above");
  });

  /** Each is just little enough to be written at once. */
  const SMALLER: Record<string, () => unknown> = {
    "a list of numbers": () => count(9500, (i) => i + 1 / 3),
    bytes: () => new Uint8Array(randomBytes(79_000)),
    "text in other letters": () => "é漢🙂".repeat(79_000),
    "text that JSON escapes": () => "\u0001".repeat(310_000),
    "an object": () => Object.fromEntries(count(1200, (i) => [`key ${i}`, { a: i, b: null }])),
    "a map": () => new Map(count(3000, (i) => [`key ${i}`, i])),
    dates: () => count(320, (i) => new Date(i)),
    bigints: () => count(900, (i) => BigInt(i) << 200n),
    "small objects": () => count(500, (i) => ({ role: "user", i, parts: [`text ${i}`, { x: [1] }] })),
  };

  it.each(shareOf(Object.entries(SMALLER), 1, 2))(
    "so does one that is written at once: %s",
    async (_, make) => {
      const { folder } = await expectFreeLoop(() => written(() => count(12, () => spanWith(make()))));
      expect((await readFreely(folder)).result.report.written).toBe(12);
    },
  );

  it("without a journal is taken at once, whatever it holds", async () => {
    await expectFreeLoop(async () => {
      const span = spanWith(SHAPES["an object of 150,000 keys"]?.());
      const { delivery, server } = deliveryOf("", {});
      server.isUp = true;
      return holdOf(async () => {
        delivery.add(span);
        expect((await delivery.flush(PATIENCE_MS)).written).toBe(1);
      });
    });
  });
});

/** By what they are: `toEqual` takes a minute for millions of values. */
function isSame(a: unknown, b: unknown): boolean {
  if (a instanceof Uint8Array && b instanceof Uint8Array) return Buffer.compare(a, b) === 0;
  if (a instanceof Map && b instanceof Map) return isSame([...a].flat(), [...b].flat());
  if (a instanceof Set && b instanceof Set) return isSame([...a], [...b]);
  if (a instanceof Date && b instanceof Date) return a.getTime() === b.getTime();
  if (Array.isArray(a) && Array.isArray(b))
    return a.length === b.length && a.every((item, i) => isSame(item, b[i]));
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return Object.is(a, b);
  return isSame(Object.entries(a), Object.entries(b));
}

describe("several large spans", () => {
  const BYTES = 1_000_000;
  const spansOf = (length: number) => count(length, (i) => spanWith(new Uint8Array(BYTES).fill(i)));
  const firstBytes = (spans: readonly Span[]) =>
    spans.map(({ attributes: { value } }) => (value instanceof Uint8Array ? value[0] : -1)).sort(byNumber);
  const byNumber = (a: number | undefined, b: number | undefined) => (a ?? 0) - (b ?? 0);

  it("stay on disk where memory is full, and come back in slices, among small ones", async () => {
    const folder = newFolder();
    const { delivery, received, server, told } = deliveryOf(folder, { maxQueuedBytes: 2 * BYTES });
    const large = spansOf(12);
    const small = count(100, (i) => spanWith(i));
    for (const [i, span] of large.entries()) {
      delivery.add(span);
      for (const other of small.slice(i * 8, i * 8 + 8)) delivery.add(other);
    }
    for (const span of small.slice(96)) delivery.add(span);
    expect(counts(await delivery.flush(300))).toMatchObject({
      written: 0,
      pending: 112,
      dropped: 0,
      failed: 0,
    });
    server.isUp = true;
    expect(counts(await delivery.flush(PATIENCE_MS))).toEqual({
      written: 112,
      pending: 0,
      dropped: 0,
      failed: 0,
    });
    expect(firstBytes(received.filter(({ attributes: { value } }) => value instanceof Uint8Array))).toEqual(
      count(12, (i) => i),
    );
    expect(new Set(received.map(({ spanId }) => spanId)).size).toBe(112);
    expect(told).toEqual([]);
    await delivery.close();
    expect(segmentsIn(folder)).toEqual([]);
  });

  it("in one tick are on disk before more of them wait than memory may hold", async () => {
    const folder = newFolder();
    const { delivery } = deliveryOf(folder, { maxQueuedBytes: 3 * BYTES });
    for (const span of spansOf(10)) delivery.add(span);
    const written = segmentsIn(folder).map((path) => statSync(path).size);
    expect(written.filter((size) => size > BYTES).length).toBeGreaterThanOrEqual(7);
    await delivery.close(0);
    expect(firstBytes((await readBack(folder)).received)).toEqual(count(10, (i) => i));
  });

  it("are whole or lost, and counted, where theirs is cut", async () => {
    const folder = newFolder();
    const clock = steadyClock();
    const { delivery, received, server, told } = deliveryOf(folder, { maxQueuedBytes: 2 * BYTES });
    for (const span of spansOf(6)) delivery.add(span);
    await delivery.flush(300);
    const [first = ""] = segmentsIn(folder);
    truncateSync(first, 1000);
    clock.pass(2000);
    server.isUp = true;
    const { written, failed } = await delivery.flush(PATIENCE_MS);
    expect(written + failed).toBe(6);
    expect(failed).toBeLessThanOrEqual(1);
    expect(received).toHaveLength(written);
    expect(told.length).toBeGreaterThan(0);
  });
});

describe("a large span whose process ends", () => {
  const TEXT = 2_000_000;

  it("by process.exit in the same tick is in the journal", async () => {
    const folder = newFolder();
    const child = startChild({ journal: folder, name: "exited", spans: 5, text: TEXT, finish: "exit" });
    expect(await child.ended).toBe(3);
    expect(await recovered(folder)).toEqual(namesOf("exited", 5));
  });

  it("so is one with very many attributes", async () => {
    const folder = newFolder();
    const child = startChild({
      ...{ journal: folder, name: "many", spans: 2, attributes: 20_000, finish: "exit" },
    });
    expect(await child.ended).toBe(3);
    expect(await recovered(folder)).toEqual(namesOf("many", 2));
  });

  it("by a kill in the same tick is lost; what had begun to be written is counted", async () => {
    const folder = newFolder();
    const { delivery } = deliveryOf(folder);
    delivery.add(spanWith(new Uint8Array(1_000_000)));
    await delivery.flush(100);
    await delivery.close(0);
    const [path = ""] = segmentsIn(folder);
    const whole = readFileSync(path);
    for (const share of [0.2, 0.6, 0.999]) {
      writeFileSync(path, whole.subarray(0, Math.floor(whole.length * share)));
      const { report, told } = await readBack(folder);
      expect(report).toEqual({ written: 0, pending: 0, dropped: 0, failed: 1 });
      expect(told).toHaveLength(1);
      expect(segmentsIn(folder)).toEqual([]);
    }
  });
});

describe("a large span in a damaged segment", () => {
  it("is whole or lost, and counted: wherever a bit is another one", async () => {
    const folder = newFolder();
    const { delivery } = deliveryOf(folder);
    const span = spanWith(new Uint8Array(randomBytes(400_000)));
    delivery.add(span);
    await delivery.flush(100);
    await delivery.close(0);
    const [path = ""] = segmentsIn(folder);
    const whole = readFileSync(path);
    const lineEnds = [...whole.entries()].filter(([, byte]) => byte === 10).map(([at]) => at);
    const random = count(40, () => Math.floor(Math.random() * whole.length));
    for (const at of [0, 1, ...lineEnds, ...lineEnds.slice(0, -1).map((end) => end + 1), ...random]) {
      const bytes = Buffer.from(whole);
      bytes[at] = (bytes[at] ?? 0) ^ (1 << (at % 8));
      writeFileSync(path, bytes);
      const { report, received } = await readBack(folder);
      expect(report.written + report.failed, `byte ${at}`).toBe(1);
      for (const back of received)
        expect(isSame(back.attributes["value"], span.attributes["value"])).toBe(true);
    }
  });
});

it("a span of more than the journal takes goes on in memory, and that is told", async () => {
  const folder = newFolder();
  const { delivery, received, server, told } = deliveryOf(folder);
  delivery.add(spanWith(new Uint8Array(65_000_000)));
  await delivery.flush(1000);
  server.isUp = true;
  expect((await delivery.flush(PATIENCE_MS)).written).toBe(1);
  expect(received).toHaveLength(1);
  expect(told).toEqual([expect.stringContaining("too large for the journal")]);
  expect(segmentsIn(folder)).toEqual([]);
});
