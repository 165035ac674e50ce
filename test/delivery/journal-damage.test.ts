// A journal that is damaged: what is lost is counted and told, and no span is delivered as another than it was.
import { execFileSync } from "node:child_process";
import {
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import type { Span } from "tracelight";
import { describe, expect, it } from "vitest";
import { Delivery } from "../../src/delivery/delivery.ts";
import { Faults } from "../../src/tracing/faults.ts";
import { runs } from "../sizes.ts";
import {
  counts,
  deliveryTo,
  downDelivery,
  endedSpans,
  leftSegment,
  namesOf,
  newFolder,
  recovered,
  Server,
  segmentsIn,
  steadyClock,
  until,
} from "./support.ts";

describe("damage", () => {
  it("a torn last line is left out, counted and told", async () => {
    const folder = newFolder();
    const path = await leftSegment(folder, 10);
    truncateSync(path, statSync(path).size - 20);
    const server = new Server();
    const { delivery, told } = deliveryTo(server, { journal: folder });
    expect(counts(await delivery.flush(30_000))).toEqual({ written: 9, pending: 0, dropped: 0, failed: 1 });
    expect([...server.received].sort()).toEqual(namesOf("span", 9));
    expect(told.map(({ code }) => code)).toEqual(["JOURNAL_FAILED"]);
    await delivery.close();
    expect(segmentsIn(folder)).toEqual([]);
  });

  it("a torn acknowledgement acknowledges nothing: 7 is not 72", async () => {
    const folder = newFolder();
    const path = await leftSegment(folder, 10);
    writeFileSync(path, "-7", { flag: "a" });
    expect(await recovered(folder)).toEqual(namesOf("span", 10));
  });

  it("a broken header, noise in between and an empty file harm nobody", async () => {
    const folder = newFolder();
    const path = await leftSegment(folder, 5);
    const lines = readFileSync(path, "utf8").split("\n");
    writeFileSync(
      path,
      ['{"tracelight_jour', ...lines.slice(1, 3), "\0\x01noise", ...lines.slice(3)].join("\n"),
    );
    writeFileSync(path.replace(/\.[^.]*\.journal$/, ".empty-1.journal"), "");
    writeFileSync(join(folder, "notes.txt"), "mine");
    expect(await recovered(folder)).toEqual(namesOf("span", 5));
    expect(segmentsIn(folder)).toEqual([join(folder, "notes.txt")]);
  });

  it("a segment of a newer version is left alone and told of, whatever its header says", async () => {
    const folder = newFolder();
    const path = await leftSegment(folder, 1);
    renameSync(path, path.replace("-v2.", "-v3."));
    const before = segmentsIn(folder);
    const { delivery, told } = deliveryTo(new Server(), { journal: folder });
    expect(counts(await delivery.flush(30_000))).toEqual({ written: 0, pending: 0, dropped: 0, failed: 0 });
    expect(told.map(({ code }) => code)).toEqual(["JOURNAL_FAILED"]);
    expect(segmentsIn(folder)).toEqual(before);
  });

  it("a folder that cannot be made is told of once, and spans go on in memory", async () => {
    const file = join(newFolder(), "file");
    writeFileSync(file, "");
    const server = new Server();
    const { delivery, told } = deliveryTo(server, { journal: join(file, "journal") });
    for (const span of endedSpans(100)) delivery.add(span);
    expect((await delivery.flush(30_000)).written).toBe(100);
    expect(told.map(({ code }) => code)).toEqual(["JOURNAL_FAILED"]);
  });

  it("a full journal is told of once, and spans go on in memory", async () => {
    const server = new Server();
    const { delivery, told } = deliveryTo(server, { journal: newFolder(), maxJournalBytes: 5000 });
    for (const span of endedSpans(100)) delivery.add(span);
    expect((await delivery.flush(30_000)).written).toBe(100);
    expect(told.map(({ message }) => message.includes("maxJournalBytes"))).toEqual([true]);
  });
});

/** What a folder holds, as spans, with the counts and what was told. */
async function recoveredSpans(folder: string) {
  const spans: Span[] = [];
  const told: string[] = [];
  const delivery = new Delivery<Span>({
    transport: {
      name: "server",
      encode: (span) => span,
      size: () => 1,
      send: async (batch) => {
        spans.push(...batch);
        return batch.map(() => ({ kind: "delivered" as const }));
      },
    },
    faults: new Faults(({ message }) => told.push(message)),
    options: { journal: folder },
  });
  const report = counts(await delivery.close());
  return { spans, told, report, left: segmentsIn(folder) };
}

describe("one bit that is another one", () => {
  const TEXT = "+1 -2; {x} 3 \u00e9\n";

  it("wherever it is, loses what it hits and alters nothing", async () => {
    const folder = newFolder();
    const whole = readFileSync(await leftSegment(folder, 8));
    const original = new Map((await recoveredSpans(folder)).spans.map((span) => [span.spanName, json(span)]));
    expect(original.size).toBe(8);
    const check = async (bit: number) => {
      writeFileSync(join(folder, LEFT), flipped(whole, bit));
      const { spans, report, left } = await recoveredSpans(folder);
      for (const span of spans) expect(json(span)).toBe(original.get(span.spanName));
      expect(new Set(spans.map(({ spanName }) => spanName)).size).toBe(spans.length);
      expect(report).toEqual({ written: spans.length, pending: 0, dropped: 0, failed: 8 - spans.length });
      expect(left).toEqual([]);
    };
    // Where lines end and begin a bit makes two of one, or one of two.
    const ends = [...whole.keys()].filter((at) => whole[at] === 10);
    for (const at of ends)
      for (const byte of [at, at + 1]) await check(Math.min(byte, whole.length - 1) * 8 + (at & 7));
    await fc.assert(fc.asyncProperty(fc.nat(whole.length * 8 - 1), check), { numRuns: runs(300) });
  });

  it("in an acknowledgement acknowledges nothing that was not delivered", async () => {
    const folder = newFolder();
    const { delivery, server } = downDelivery(folder, 30, { maxBatchSpans: 5, maxConcurrency: 1 });
    server.answer = (name) => (Number(name.slice(5)) < 20 ? "delivered" : "reject");
    await delivery.flush(100);
    await delivery.close(0);
    const [path = ""] = segmentsIn(folder);
    const whole = readFileSync(path);
    rmSync(path);
    const begin = whole.indexOf("\n-") + 1;
    expect(begin).toBeGreaterThan(0);
    const end = whole.indexOf("\n", begin);
    const waiting = namesOf("span", 30).filter((name) => !server.received.includes(name));
    expect(waiting.length).toBeGreaterThan(0);
    for (let bit = begin * 8; bit < end * 8; bit++) {
      writeFileSync(join(folder, LEFT), flipped(whole, bit));
      const { spans, report, told } = await recoveredSpans(folder);
      const names = spans.map(({ spanName }) => spanName);
      expect(names).toEqual(expect.arrayContaining(waiting));
      expect([report.failed, told.length]).toEqual([0, 1]);
    }
  });

  it("in what is on disk only, while the process runs, loses what it hits, counted", async () => {
    const folder = newFolder();
    const { delivery, server, told } = downDelivery(folder, 2000, { maxQueuedSpans: 100 });
    await delivery.flush(0);
    const [path = ""] = segmentsIn(folder);
    const bytes = readFileSync(path);
    // In lines that are not in memory.
    for (const share of [0.5, 0.7, 0.9]) {
      const at = Math.floor(bytes.length * share);
      bytes[at] = (bytes[at] ?? 0) ^ 4;
    }
    writeFileSync(path, bytes);
    server.answer = () => "delivered";
    const { written, failed, ...rest } = counts(await delivery.flush(30_000));
    expect(rest).toEqual({ pending: 0, dropped: 0 });
    expect(written + failed).toBe(2000);
    expect([1, 2, 3]).toContain(failed);
    expect(server.received.length).toBe(written);
    expect(told.map(({ message }) => message)).toContainEqual(
      expect.stringContaining(`${failed} of its spans are lost`),
    );
  });

  it("a text that looks like lines is none", async () => {
    const folder = newFolder();
    const { delivery } = downDelivery(folder, 0);
    for (const span of endedSpans(5, "span", TEXT.repeat(100))) delivery.add(span);
    await delivery.close(0);
    const { spans, report } = await recoveredSpans(folder);
    expect(report).toEqual({ written: 5, pending: 0, dropped: 0, failed: 0 });
    expect(spans.map(({ attributes }) => attributes["text"])).toEqual(Array(5).fill(TEXT.repeat(100)));
  });
});

const LEFT = "tracelight-v2.b3eacd33433b.free.0123456789-1.journal";

function json(span: Span): string {
  return JSON.stringify(span);
}

function flipped(whole: Buffer, bit: number): Buffer {
  const bytes = Buffer.from(whole);
  bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
  return bytes;
}

describe("a segment that is cut while the process runs", () => {
  it.each([0, 0.01, 0.3, 0.77])("loses what is gone, counted and told: to %d of it", async (share) => {
    const folder = newFolder();
    const clock = steadyClock();
    const { delivery, server, told } = downDelivery(folder, 2000, { maxQueuedSpans: 100 });
    await delivery.flush(0);
    const [path = ""] = segmentsIn(folder);
    truncateSync(path, Math.floor(statSync(path).size * share));
    clock.pass(2000);
    for (const span of endedSpans(200, "later")) delivery.add(span);
    server.answer = () => "delivered";
    const { written, failed, ...rest } = counts(await delivery.flush(30_000));
    expect(rest).toEqual({ pending: 0, dropped: 0 });
    expect(written + failed).toBe(2200);
    expect(failed).toBeGreaterThan(0);
    expect(failed).toBeLessThan(2000 * (1 - share) + 1);
    expect(server.received.length).toBe(written);
    expect(new Set(server.received).size).toBe(written);
    expect(server.received.filter((name) => name.startsWith("later"))).toHaveLength(200);
    expect(told.map(({ message }) => message)).toContainEqual(
      expect.stringContaining(`${failed} of its spans are lost`),
    );
  });

  it("and is written to before anybody looks: what comes after is read all the same", async () => {
    const folder = newFolder();
    const { delivery, server } = downDelivery(folder, 1000, { maxQueuedSpans: 100 });
    await delivery.flush(0);
    const [path = ""] = segmentsIn(folder);
    truncateSync(path, Math.floor(statSync(path).size / 2));
    for (const span of endedSpans(500, "later")) delivery.add(span);
    server.answer = () => "delivered";
    const { written, failed, ...rest } = counts(await delivery.flush(30_000));
    expect(rest).toEqual({ pending: 0, dropped: 0 });
    expect(written + failed).toBe(1500);
    // The first of those that came later stands on the torn line.
    expect(server.received.filter((name) => name.startsWith("later")).length).toBeGreaterThanOrEqual(499);
    expect(server.received.length).toBe(written);
  });

  it("numbers go on when it was emptied, so that a gap is seen", async () => {
    const folder = newFolder();
    const { delivery, server } = downDelivery(folder, 0);
    server.answer = () => "delivered";
    for (const span of endedSpans(10, "first")) delivery.add(span);
    await delivery.flush(30_000);
    server.answer = () => "reject";
    for (const span of endedSpans(10)) delivery.add(span);
    await delivery.close(0);
    const [path = ""] = segmentsIn(folder);
    const lines = readFileSync(path, "latin1").split("\n");
    const first = lines.findIndex((line) => line.startsWith("+"));
    writeFileSync(path, lines.toSpliced(first, 2).join("\n"), "latin1");
    const { report } = await recoveredSpans(folder);
    expect(report).toEqual({ written: 8, pending: 0, dropped: 0, failed: 2 });
  });
});

describe("what is no file among the segments", () => {
  it("is never opened, never waited for, told of once, and hides nothing", async () => {
    const folder = newFolder();
    await leftSegment(folder, 5);
    const name = (instance: string) => join(folder, LEFT.replace("0123456789", instance));
    for (let i = 0; i < 8; i++) execFileSync("mkfifo", [name(`pipe${i}`)]);
    mkdirSync(name("folder"));
    symlinkSync("/dev/zero", name("zero"));
    symlinkSync(folder, name("loop"));
    const before = segmentsIn(folder).length;
    const { spans, report, told } = await recoveredSpans(folder);
    expect(report).toEqual({ written: 5, pending: 0, dropped: 0, failed: 0 });
    expect(spans).toHaveLength(5);
    expect(told.length).toBeGreaterThan(0);
    expect(told.every((message) => message.includes("is no file and is left alone"))).toBe(true);
    expect(segmentsIn(folder)).toHaveLength(before - 1);
  });
});

describe("a journal of the first version", () => {
  /** As it was written until 0.1.0: without checksums. */
  function firstVersion(records: readonly object[], more: readonly string[] = []): string {
    const header = { tracelight_journal: 1, destination: "server", owner: {}, created_at: new Date(0) };
    const lines = records.map((record, i) => `+${i + 1} ${JSON.stringify(record)}`);
    return [JSON.stringify(header), ...lines, ...more, ""].join("\n");
  }

  it("is read, acknowledged in its own form, and forgotten", async () => {
    const folder = newFolder();
    const spans = endedSpans(10);
    const path = join(folder, LEFT.replace("-v2.", "-v1."));
    writeFileSync(
      path,
      firstVersion(
        spans.map((span) => span.toJSON()),
        ["-1-3,5;"],
      ),
    );
    const { spans: read, report, left } = await recoveredSpans(folder);
    expect(report).toEqual({ written: 6, pending: 0, dropped: 0, failed: 0 });
    expect(read.map(json).sort()).toEqual([3, 5, 6, 7, 8, 9].map((i) => json(spans[i] ?? endedOne())).sort());
    expect(left).toEqual([]);
  });

  it("stays one when it is taken over, and left again", async () => {
    const folder = newFolder();
    const spans = endedSpans(30);
    writeFileSync(
      join(folder, LEFT.replace("-v2.", "-v1.")),
      firstVersion(spans.map((span) => span.toJSON())),
    );
    const server = new Server();
    server.answer = (name) => (Number(name.slice(5)) < 20 ? "delivered" : "reject");
    const { delivery } = deliveryTo(server, { journal: folder, maxBatchSpans: 5, maxConcurrency: 1 });
    void delivery.flush(30_000);
    await until(() => server.received.length === 20);
    await delivery.close(0);
    const [path = ""] = segmentsIn(folder);
    expect(path).toContain("tracelight-v1.");
    expect(readFileSync(path, "latin1")).toMatch(/^-\d[\d,-]*;$/m);
    const rest = await recovered(folder);
    expect([...server.received, ...rest].sort()).toEqual(namesOf("span", 30));
  });

  it("has its torn lines left out, counted and told", async () => {
    const folder = newFolder();
    const text = firstVersion(endedSpans(5).map((span) => span.toJSON()));
    writeFileSync(join(folder, LEFT.replace("-v2.", "-v1.")), text.slice(0, -20));
    const { report, told } = await recoveredSpans(folder);
    expect(report).toEqual({ written: 4, pending: 0, dropped: 0, failed: 1 });
    expect(told).toHaveLength(1);
  });
});

function endedOne(): Span {
  const [span] = endedSpans(1);
  if (span === undefined) throw new Error("no span");
  return span;
}
