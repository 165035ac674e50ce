// The journal: what was not delivered outlives its process, and is delivered by exactly one of those who may.
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { entryLine } from "../../src/delivery/journal-line.ts";
import { Children, nameServer } from "./processes.ts";
import { counts, deliveryTo, endedSpans, newFolder, Server, until } from "./support.ts";

const children = new Children();
beforeAll(async () => void (await children.build()));
afterAll(() => children.remove());

const NAMES = (name: string, count: number) => Array.from({ length: count }, (_, i) => `${name}-${i}`).sort();
const MINUTE = 60_000;

/** Delivers what the folder holds; gives the names, sorted. */
async function recovered(folder: string): Promise<string[]> {
  const server = new Server();
  const { delivery } = deliveryTo(server, { journal: folder });
  await delivery.close();
  return [...server.received].sort();
}

/** The segments in the folder. */
function segmentsIn(folder: string): string[] {
  return readdirSync(folder).map((name) => join(folder, name));
}

/** A delivery whose server is down, with some spans in its journal. */
function downDelivery(folder: string, count: number) {
  const server = new Server();
  server.answer = () => "reject";
  const { delivery, told } = deliveryTo(server, { journal: folder });
  for (const span of endedSpans(count)) delivery.add(span);
  return { delivery, server, told };
}

/** A segment of `count` spans that was let go, so that anybody may claim it. */
async function leftSegment(folder: string, count: number): Promise<string> {
  await downDelivery(folder, count).delivery.close(0);
  const [path] = segmentsIn(folder);
  if (path === undefined) throw new Error("nothing was left");
  return path;
}

/** The same segment under another owner's name: host, process, start time and thread. */
function givenTo(path: string, owner: string): string {
  const other = path.replace(".free.", `.${owner}.`);
  renameSync(path, other);
  return other;
}

function aged(path: string, ageMs: number): void {
  const time = new Date(Date.now() - ageMs);
  utimesSync(path, time, time);
}

/** How this process signs its segments, up to the thread. */
async function ownSignature(): Promise<string> {
  const folder = newFolder();
  downDelivery(folder, 1);
  const [name = ""] = readdirSync(folder);
  return name.split(".")[2] ?? "";
}

describe("the journal of a process that is gone", () => {
  it("1000 spans in one tick, then SIGKILL: the next start delivers 1000, and leaves nothing", async () => {
    const folder = newFolder();
    const child = children.start({ journal: folder, name: "killed", spans: 1000, finish: "kill" });
    expect(await child.ended).toBe("SIGKILL");
    expect(await recovered(folder)).toEqual(NAMES("killed", 1000));
    expect(segmentsIn(folder)).toEqual([]);
  });

  it("process.exit loses nothing either", async () => {
    const folder = newFolder();
    const child = children.start({ journal: folder, name: "exited", spans: 50, finish: "exit" });
    expect(await child.ended).toBe(3);
    expect(await recovered(folder)).toEqual(NAMES("exited", 50));
  });

  it("of what was delivered before, only batches in flight are repeated", async () => {
    const folder = newFolder();
    const { url, received } = await nameServer();
    const child = children.start({ journal: folder, url, name: "part", spans: 2000, finish: "stay" });
    await until(() => received.length > 500);
    child.kill();
    await child.ended;
    const before = [...received];
    const after = await recovered(folder);
    expect([...new Set([...before, ...after])].sort()).toEqual(NAMES("part", 2000));
    // Eight requests of 25 at once.
    expect(after.filter((name) => before.includes(name)).length).toBeLessThanOrEqual(200);
  });

  it("a process that lives delivers what another one, killed meanwhile, left in the same folder", async () => {
    const folder = newFolder();
    const { url, received } = await nameServer();
    const killed = children.start({ journal: folder, name: "a", spans: 100, finish: "kill" });
    await killed.ended;
    const other = children.start({ journal: folder, url, name: "b", spans: 100, finish: "flush" });
    expect(await other.ended).toBe(0);
    expect([...received].sort()).toEqual([...NAMES("a", 100), ...NAMES("b", 100)].sort());
  });

  it("several that start at once share it: each entry is delivered by exactly one", async () => {
    const folder = newFolder();
    const { url, received } = await nameServer();
    const dead = Array.from({ length: 6 }, (_, i) =>
      children.start({ journal: folder, name: `dead${i}`, spans: 100, finish: "kill" }),
    );
    await Promise.all(dead.map((child) => child.ended));
    const heirs = Array.from({ length: 4 }, (_, i) =>
      children.start({ journal: folder, url, name: `heir${i}`, spans: 10, finish: "flush" }),
    );
    for (const heir of heirs) expect(await heir.ended).toBe(0);
    // An heir may have flushed while another still delivered what it had claimed; both have ended now.
    expect([...received].sort()).toEqual(
      [
        ...dead.flatMap((_, i) => NAMES(`dead${i}`, 100)),
        ...heirs.flatMap((_, i) => NAMES(`heir${i}`, 10)),
      ].sort(),
    );
    expect(await recovered(folder)).toEqual([]);
  });
});

describe("whose a segment is", () => {
  it("a live process's stays its own", async () => {
    const folder = newFolder();
    const child = children.start({ journal: folder, name: "live", spans: 10, finish: "stay" });
    await child.ready;
    aged(segmentsIn(folder)[0] ?? "", 10 * MINUTE);
    expect(await recovered(folder)).toEqual([]);
    child.kill();
    await child.ended;
    expect(await recovered(folder)).toEqual(NAMES("live", 10));
  });

  it("this thread's stays its own, however long the event loop was held", async () => {
    const folder = newFolder();
    const { delivery } = downDelivery(folder, 5);
    aged(segmentsIn(folder)[0] ?? "", 10 * MINUTE);
    expect(await recovered(folder)).toEqual([]);
    await delivery.close(0);
    expect(await recovered(folder)).toEqual(NAMES("span", 5));
  });

  it("the same process id with another start time is another process, and gone", async () => {
    const folder = newFolder();
    const [machine, pid, start, thread] = (await ownSignature()).split("-");
    givenTo(await leftSegment(folder, 3), `${machine}-${pid}-${Number(start) + 1}-${thread}`);
    expect(await recovered(folder)).toEqual(NAMES("span", 3));
  });

  it("another thread of this process has a minute", async () => {
    const folder = newFolder();
    const [machine, pid, start] = (await ownSignature()).split("-");
    const path = givenTo(await leftSegment(folder, 3), `${machine}-${pid}-${start}-77`);
    aged(path, MINUTE / 2);
    expect(await recovered(folder)).toEqual([]);
    aged(path, 2 * MINUTE);
    expect(await recovered(folder)).toEqual(NAMES("span", 3));
  });

  it("a foreign host, or another container where all are process 1, has a minute", async () => {
    const folder = newFolder();
    const path = givenTo(await leftSegment(folder, 3), "0123456789ab-1-100-0");
    aged(path, MINUTE / 2);
    expect(await recovered(folder)).toEqual([]);
    expect(segmentsIn(folder)).toEqual([path]);
    aged(path, 2 * MINUTE);
    expect(await recovered(folder)).toEqual(NAMES("span", 3));
  });

  it("who was taken for dead and comes back goes on in a new segment, and loses nothing", async () => {
    const folder = newFolder();
    const { delivery, server } = downDelivery(folder, 3);
    // Its own first look around the folder is over by then: it would take the segment back.
    await new Promise((resolve) => setTimeout(resolve, 100));
    const [path = ""] = segmentsIn(folder);
    renameSync(path, path.replace(/\.[^.]*\.([^.]*)\.journal$/, ".free.$1.journal"));
    expect(await recovered(folder)).toEqual(NAMES("span", 3));
    for (const span of endedSpans(3, "more")) delivery.add(span);
    server.answer = () => "delivered";
    expect((await delivery.flush(30_000)).written).toBe(6);
  });

  it("spans for another destination are left to those who send there", async () => {
    const folder = newFolder();
    await leftSegment(folder, 3);
    const server = new Server();
    const { delivery } = deliveryTo(server, { journal: folder }, "another table");
    await delivery.close();
    expect(server.received).toEqual([]);
    expect(await recovered(folder)).toEqual(NAMES("span", 3));
  });
});

describe("damage", () => {
  it("a torn last line is left out, counted and told", async () => {
    const folder = newFolder();
    const path = await leftSegment(folder, 10);
    truncateSync(path, statSync(path).size - 20);
    const server = new Server();
    const { delivery, told } = deliveryTo(server, { journal: folder });
    expect(counts(await delivery.flush(30_000))).toEqual({ written: 9, pending: 0, dropped: 0, failed: 1 });
    expect([...server.received].sort()).toEqual(NAMES("span", 9));
    expect(told.map(({ code }) => code)).toEqual(["JOURNAL_FAILED"]);
    await delivery.close();
    expect(segmentsIn(folder)).toEqual([]);
  });

  it("a torn acknowledgement acknowledges nothing: 7 is not 72", async () => {
    const folder = newFolder();
    const path = await leftSegment(folder, 10);
    writeFileSync(path, "-7", { flag: "a" });
    expect(await recovered(folder)).toEqual(NAMES("span", 10));
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
    expect(await recovered(folder)).toEqual(NAMES("span", 5));
    expect(segmentsIn(folder)).toEqual([join(folder, "notes.txt")]);
  });

  it("a segment of a newer version is left alone and told of, by its name or its header", async () => {
    const folder = newFolder();
    const path = await leftSegment(folder, 1);
    const text = readFileSync(path, "utf8");
    writeFileSync(path, text.replace('"tracelight_journal":1', '"tracelight_journal":2'));
    writeFileSync(path.replace("-v1.", "-v2."), text);
    const before = segmentsIn(folder);
    const { delivery, told } = deliveryTo(new Server(), { journal: folder });
    expect(counts(await delivery.flush(30_000))).toEqual({ written: 0, pending: 0, dropped: 0, failed: 0 });
    expect(told.map(({ code }) => code)).toEqual(["JOURNAL_FAILED", "JOURNAL_FAILED"]);
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
    const { delivery, told } = deliveryTo(server, { journal: newFolder(), journalMaxBytes: 5000 });
    for (const span of endedSpans(100)) delivery.add(span);
    expect((await delivery.flush(30_000)).written).toBe(100);
    expect(told.map(({ message }) => message.includes("journalMaxBytes"))).toEqual([true]);
  });
});

describe("overflow", () => {
  it("beyond the bounds of memory spans stay on disk, are read back in order, and all arrive once", async () => {
    const folder = newFolder();
    const server = new Server();
    server.answer = () => "reject";
    const { delivery, told } = deliveryTo(server, {
      journal: folder,
      maxQueuedSpans: 100,
      maxConcurrency: 1,
    });
    for (const span of endedSpans(5000)) delivery.add(span);
    expect(counts(await delivery.flush(50))).toEqual({ written: 0, pending: 5000, dropped: 0, failed: 0 });
    server.answer = () => "delivered";
    expect(counts(await delivery.flush(30_000))).toEqual({
      written: 5000,
      pending: 0,
      dropped: 0,
      failed: 0,
    });
    expect([...server.received].sort()).toEqual(NAMES("span", 5000));
    expect(told.every(({ code }) => code === "SINK_FAILED")).toBe(true);
    await delivery.close();
    expect(segmentsIn(folder)).toEqual([]);
  });

  it("over several segments, with spans that come while others are read back, and a kill in the middle", async () => {
    const folder = newFolder();
    const server = new Server();
    server.answer = () => "reject";
    const { delivery } = deliveryTo(server, { journal: folder, maxQueuedSpans: 50 });
    const text = "x".repeat(5000);
    for (const span of endedSpans(4000, "first", text)) delivery.add(span);
    expect(segmentsIn(folder).length).toBeGreaterThan(2);
    server.answer = () => "delivered";
    await until(() => server.received.length > 500);
    for (const span of endedSpans(1000, "second", text)) delivery.add(span);
    await until(() => server.received.length > 2000);
    await delivery.close(0);
    const before = [...server.received];
    const after = await recovered(folder);
    expect([...new Set([...before, ...after])].sort()).toEqual(
      [...NAMES("first", 4000), ...NAMES("second", 1000)].sort(),
    );
    expect(segmentsIn(folder)).toEqual([]);
  });

  it("what is delivered is forgotten at once, and the segment is used again", async () => {
    const folder = newFolder();
    const server = new Server();
    const { delivery } = deliveryTo(server, { journal: folder });
    for (const span of endedSpans(10)) delivery.add(span);
    const [path = ""] = segmentsIn(folder);
    const size = statSync(path).size;
    await delivery.flush(30_000);
    expect(statSync(path).size).toBeLessThan(size / 4);
    for (const span of endedSpans(10)) delivery.add(span);
    expect(segmentsIn(folder)).toEqual([path]);
    await delivery.flush(30_000);
  });

  it("a span too large to be written in one go is kept in memory, and that is told", async () => {
    const server = new Server();
    const { delivery, told } = deliveryTo(server, { journal: newFolder() });
    for (const span of endedSpans(1, "large", "x".repeat(5_000_000))) delivery.add(span);
    expect((await delivery.flush(30_000)).written).toBe(1);
    expect(told.map(({ message }) => message.includes("too large for the journal"))).toEqual([true]);
  });
});

describe("the lines", () => {
  it("an entry holds the record of the span, as JSON.stringify writes it", async () => {
    const { Tracer } = await import("tracelight");
    const spans: import("tracelight").Span[] = [];
    const tracer = new Tracer({ name: "collect", write: (span) => void spans.push(span) });
    tracer.setContext({ resourceAttributes: { "service.name": "é", at: new Date(0) } });
    tracer.trace('quote " and \n \ud800', { startedAt: new Date(-1) }, (span) => {
      span.addAttributes({ n: 1, nan: Number.NaN, big: 10n, none: null, list: [1, { __bytes__: "x" }] });
      span
        .addAttribute("__proto__", "kept")
        .addAttribute("7", "seven")
        .addAttribute("map", new Map([[1, "a"]]));
      span.addEvent("event", { a: 1 }).addLink({ traceId: span.traceId, spanId: span.spanId });
      span.setStatus("ERROR", "what\u2028ever");
      tracer.startSpan("child", { scope: { name: "scope" } }).end();
    });
    expect(spans).toHaveLength(2);
    for (const span of spans) {
      const line = entryLine(12, span, 1_000_000) ?? "";
      expect(line.endsWith("\n")).toBe(true);
      expect(line.slice(0, 4)).toBe("+12 ");
      expect(JSON.parse(line.slice(4))).toEqual(JSON.parse(JSON.stringify(span)));
    }
  });

  it("a folder below one that is not there is made, for its owner's eyes only", async () => {
    const folder = join(newFolder(), "a/b");
    downDelivery(folder, 1);
    const [path = ""] = segmentsIn(folder);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    mkdirSync(folder, { recursive: true });
  });
});
