// The journal: what was not delivered outlives its process, and is delivered by exactly one of those who may.
import { mkdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { entryText } from "../../src/delivery/journal-entry.ts";
import { sized } from "../sizes.ts";
import { nameServer, startChild } from "./processes.ts";
import {
  counts,
  deliveryTo,
  downDelivery,
  endedSpans,
  namesOf,
  newFolder,
  recovered,
  Server,
  segmentsIn,
  until,
} from "./support.ts";

const NAMES = namesOf;

describe("the journal of a process that is gone", () => {
  it("1000 spans in one tick, then SIGKILL: the next start delivers 1000, and leaves nothing", async () => {
    const folder = newFolder();
    const child = startChild({ journal: folder, name: "killed", spans: 1000, finish: "kill" });
    expect(await child.ended).toBe("SIGKILL");
    expect(await recovered(folder)).toEqual(NAMES("killed", 1000));
    expect(segmentsIn(folder)).toEqual([]);
  });

  it("process.exit loses nothing either", async () => {
    const folder = newFolder();
    const child = startChild({ journal: folder, name: "exited", spans: 50, finish: "exit" });
    expect(await child.ended).toBe(3);
    expect(await recovered(folder)).toEqual(NAMES("exited", 50));
  });

  it("of what was delivered before, only batches in flight are repeated", async () => {
    const folder = newFolder();
    const { url, received } = await nameServer();
    const child = startChild({ journal: folder, url, name: "part", spans: 2000, finish: "stay" });
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
    const killed = startChild({ journal: folder, name: "a", spans: 100, finish: "kill" });
    await killed.ended;
    const other = startChild({ journal: folder, url, name: "b", spans: 100, finish: "flush" });
    expect(await other.ended).toBe(0);
    expect([...received].sort()).toEqual([...NAMES("a", 100), ...NAMES("b", 100)].sort());
  });

  it("several that start at once share it: each entry is delivered by exactly one", async () => {
    const folder = newFolder();
    const { url, received } = await nameServer();
    const dead = Array.from({ length: sized(6, 3) }, (_, i) =>
      startChild({ journal: folder, name: `dead${i}`, spans: 100, finish: "kill" }),
    );
    await Promise.all(dead.map((child) => child.ended));
    const heirs = Array.from({ length: sized(4, 3) }, (_, i) =>
      startChild({ journal: folder, url, name: `heir${i}`, spans: 10, finish: "flush" }),
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
      const text = entryText(12, span);
      expect(text.slice(0, 4)).toBe("+12 ");
      expect(JSON.parse(text.slice(4))).toEqual(JSON.parse(JSON.stringify(span)));
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
