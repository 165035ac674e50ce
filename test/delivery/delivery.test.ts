// Delivery without a journal: batches, retries, bounds, and counts that always add up.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { runs } from "../sizes.ts";
import { counts, deliveryTo, endedSpans, historySpans, Server, until } from "./support.ts";

const NAMES = (count: number) => Array.from({ length: count }, (_, i) => `span-${i}`);

/** Resolves when it is released. */
function held(): Promise<void> & { release(): void } {
  let release = (): void => undefined;
  const promise = new Promise<void>((resolve) => (release = resolve));
  return Object.assign(promise, { release });
}

/** So many turns of the event loop, in which all is done that waits for nothing else. */
async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
}

describe("batches", () => {
  it("a tight loop of 10,000 spans at default settings arrives whole, in order, in batches of the back end's size", async () => {
    const server = new Server();
    const { delivery, told } = deliveryTo(server, { maxConcurrency: 1 });
    for (const span of endedSpans(10_000)) delivery.add(span);
    expect(server.batches).toEqual([]);
    expect(counts(await delivery.flush(30_000))).toEqual({
      written: 10_000,
      pending: 0,
      dropped: 0,
      failed: 0,
    });
    expect(server.received).toEqual(NAMES(10_000));
    expect(Math.max(...server.batches.map((batch) => batch.length))).toBe(25);
    expect(server.batches.length).toBe(400);
    expect(told).toEqual([]);
  });

  it("a few spans go together when the oldest has waited long enough, without a flush", async () => {
    const server = new Server();
    const { delivery } = deliveryTo(server, { maxBatchAgeMs: 20 });
    for (const span of endedSpans(3)) delivery.add(span);
    await until(() => server.received.length === 3);
    expect(server.batches).toEqual([NAMES(3)]);
  });

  it("are bounded in bytes as well, and a span larger than that goes alone", async () => {
    const server = new Server();
    const { delivery } = deliveryTo(server, { maxBatchBytes: 20 });
    for (const span of [...endedSpans(3, "longer-name"), ...endedSpans(1, "x".repeat(40)), ...endedSpans(3)])
      delivery.add(span);
    expect((await delivery.flush(30_000)).written).toBe(7);
    for (const batch of server.batches)
      if (batch.length > 1) expect(batch.join("").length).toBeLessThanOrEqual(20);
    expect(new Set(server.received).size).toBe(7);
  });

  it("go out at once up to maxConcurrency", async () => {
    const server = new Server();
    server.before = () => new Promise((resolve) => setTimeout(resolve, 5));
    const { delivery } = deliveryTo(server, { maxConcurrency: 3 });
    for (const span of endedSpans(500)) delivery.add(span);
    await delivery.flush(30_000);
    expect(server.mostAtOnce).toBe(3);
  });

  /** Puts requests together before it sends them, and says in which order it does. */
  class PreparingServer extends Server {
    readonly steps: string[] = [];
    readonly answers: (() => void)[] = [];

    constructor() {
      super();
      this.before = () => new Promise((resolve) => this.answers.push(resolve));
    }

    async prepare(names: readonly string[]) {
      if (names.some((name) => name.startsWith("odd"))) throw new TypeError("no such form");
      this.steps.push(`prepare ${names[0]}`);
      return () => {
        this.steps.push(`send ${names[0]}`);
        return this.send(names);
      };
    }
  }

  const preparedBy = ({ steps }: PreparingServer) =>
    steps.filter((step) => step.startsWith("prepare")).length;

  it.each([1, 2])(
    "are put together one ahead, where a back end can, and sent %d at a time in their order",
    async (maxConcurrency) => {
      const server = new PreparingServer();
      const { delivery } = deliveryTo(server, { maxConcurrency });
      for (const span of endedSpans(100)) delivery.add(span);
      const flushed = delivery.flush(30_000);
      while (server.received.length < 100) {
        await until(() => server.answers.length > 0 || server.received.length === 100);
        // The next is put together before the answer is there, and no more than that.
        const answered = server.batches.length - server.answers.length;
        const prepared = Math.min(answered + maxConcurrency + 1, 4);
        await until(() => preparedBy(server) >= prepared);
        expect(preparedBy(server)).toBe(prepared);
        server.answers.shift()?.();
      }
      expect((await flushed).written).toBe(100);
      expect(server.mostAtOnce).toBe(maxConcurrency);
      const sent = server.steps.filter((step) => step.startsWith("send"));
      expect(sent).toEqual(["send span-0", "send span-25", "send span-50", "send span-75"]);
    },
  );

  it("hold the spans that stand together, and are sent in their order, however long one takes to encode", async () => {
    const server = new PreparingServer();
    server.before = () => undefined;
    const encoded = held();
    server.encode = (span) => (span.spanName === "span-3" ? encoded.then(() => "span-3") : span.spanName);
    const { delivery } = deliveryTo(server, { maxConcurrency: 1 });
    for (const span of endedSpans(100)) delivery.add(span);
    const flushed = delivery.flush(30_000);
    await turns(50);
    encoded.release();
    expect((await flushed).written).toBe(100);
    expect(server.batches.map(([first]) => first)).toEqual(["span-0", "span-25", "span-50", "span-75"]);
    expect(server.received).toEqual(NAMES(100));
  });

  it("are sent in their order, however long one takes to put together", async () => {
    const server = new PreparingServer();
    server.before = () => undefined;
    const first = held();
    const prepare = server.prepare.bind(server);
    server.prepare = async (names) => {
      const send = await prepare(names);
      if (names[0] === "span-0") await first;
      return send;
    };
    const { delivery } = deliveryTo(server, { maxConcurrency: 1 });
    for (const span of endedSpans(100)) delivery.add(span);
    const flushed = delivery.flush(30_000);
    await until(() => preparedBy(server) >= 2);
    await turns(50);
    first.release();
    expect((await flushed).written).toBe(100);
    expect(server.received).toEqual(NAMES(100));
  });

  it("one that was put together is not sent to a server that refused the one before for now", async () => {
    const server = new PreparingServer();
    server.answer = () => "retry";
    server.afterMs = 3_600_000;
    const { delivery } = deliveryTo(server, { maxConcurrency: 1 });
    for (const span of endedSpans(50)) delivery.add(span);
    await until(() => server.steps.includes("prepare span-25") && server.answers.length === 1);
    server.answers.shift()?.();
    await turns(50);
    expect(server.batches).toHaveLength(1);
    expect(delivery.pending).toBe(50);
    server.answer = () => "delivered";
    server.before = () => undefined;
    expect(counts(await delivery.flush(30_000))).toEqual({ written: 50, pending: 0, dropped: 0, failed: 0 });
    expect(new Set(server.received).size).toBe(50);
  });

  it("one that cannot be put together holds up no other", async () => {
    const server = new PreparingServer();
    server.before = () => undefined;
    const { delivery } = deliveryTo(server, { maxConcurrency: 1, maxBatchSpans: 5 });
    for (const span of [...endedSpans(1, "odd"), ...endedSpans(20)]) delivery.add(span);
    await until(() => server.received.length === 20);
    const { pending, failed } = delivery.report();
    expect(pending + failed).toBe(1);
  });

  it("encoding may take time, and one span that cannot be encoded fails alone", async () => {
    const server = new Server();
    const { delivery, told } = deliveryTo(server);
    for (const span of [...endedSpans(2, "slow"), ...endedSpans(1, "bad"), ...endedSpans(2)])
      delivery.add(span);
    expect(counts(await delivery.flush(30_000))).toEqual({ written: 4, pending: 0, dropped: 0, failed: 1 });
    expect(server.batches).toHaveLength(1);
    expect(told.map(({ message }) => message)).toEqual([
      'The span "bad-0" could not be encoded for server: no such letter',
    ]);
  });
});

describe("retries", () => {
  it("what is sent again keeps its order, however often", async () => {
    const server = new Server();
    server.answer = () => (server.batches.length <= 3 ? "reject" : "delivered");
    const { delivery } = deliveryTo(server, { baseRetryDelayMs: 1 });
    for (const span of endedSpans(20)) delivery.add(span);
    expect((await delivery.flush(30_000)).written).toBe(20);
    expect(server.batches).toEqual(Array.from({ length: 4 }, () => NAMES(20)));
  });

  it("what is refused for now, or rejected, is sent again until it is delivered", async () => {
    const server = new Server();
    const seen = new Map<string, number>();
    server.answer = (name) => {
      const time = (seen.get(name) ?? 0) + 1;
      seen.set(name, time);
      return time === 1 ? "retry" : time === 2 ? "reject" : "delivered";
    };
    const { delivery, told } = deliveryTo(server);
    for (const span of endedSpans(10)) delivery.add(span);
    expect(counts(await delivery.flush(30_000))).toEqual({ written: 10, pending: 0, dropped: 0, failed: 0 });
    expect([...server.received].sort()).toEqual(NAMES(10));
    expect(told).toEqual([]);
  });

  it("go on without a flush", async () => {
    const server = new Server();
    let isDown = true;
    server.answer = () => (isDown ? "reject" : "delivered");
    const { delivery } = deliveryTo(server, { maxBatchAgeMs: 1 });
    for (const span of endedSpans(30)) delivery.add(span);
    await until(() => server.batches.length > 5);
    isDown = false;
    await until(() => server.received.length === 30);
  });

  it("a server in trouble is left in peace: new spans wait for the same pause", async () => {
    const server = new Server();
    server.answer = () => "retry";
    server.afterMs = 3_600_000;
    const { delivery } = deliveryTo(server, { maxConcurrency: 1, maxBatchAgeMs: 0 });
    for (const span of endedSpans(25)) delivery.add(span);
    await until(() => server.batches.length === 1);
    for (const span of endedSpans(1000, "later")) delivery.add(span);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(server.batches).toHaveLength(1);
    server.answer = () => "delivered";
    expect((await delivery.flush(30_000)).written).toBe(1025);
  });

  it("an outage is told, in the report as well", async () => {
    const server = new Server();
    server.answer = () => "reject";
    const { delivery, told } = deliveryTo(server);
    for (const span of endedSpans(3)) delivery.add(span);
    const report = await delivery.flush(200);
    expect(counts(report)).toEqual({ written: 0, pending: 3, dropped: 0, failed: 0 });
    expect(report.errors.map(({ code, message }) => [code, message])).toEqual([
      ["SINK_FAILED", "server could not be sent spans: connection reset"],
    ]);
    expect(told).toEqual(report.errors);
  });

  it("what is refused for good is the transport's word: a rejection, whatever its code, is sent again", async () => {
    const { TracelightError } = await import("tracelight");
    const server = new Server();
    server.answer = (name) => (name === "span-1" ? "failed" : "delivered");
    server.before = () => {
      if (server.batches.length === 1) throw new TracelightError("TABLE_NOT_FOUND", "there is no table");
    };
    const { delivery, told } = deliveryTo(server);
    for (const span of endedSpans(3)) delivery.add(span);
    expect(counts(await delivery.flush(30_000))).toEqual({ written: 2, pending: 0, dropped: 0, failed: 1 });
    expect(told.map(({ code }) => code)).toEqual(["SERVER"]);
  });
});

describe("a full queue", () => {
  it("starts sending at once, drops the oldest, counts them and tells of it once", async () => {
    const server = new Server();
    const { delivery, told } = deliveryTo(server, { maxQueuedSpans: 10, maxBatchAgeMs: 3_600_000 });
    for (const span of endedSpans(30)) delivery.add(span);
    await until(() => server.received.length > 0);
    const report = await delivery.flush(30_000);
    expect(counts(report)).toEqual({ written: 10, pending: 0, dropped: 20, failed: 0 });
    expect(server.received).toEqual(NAMES(30).slice(20));
    expect(told.map(({ code }) => code)).toEqual(["QUEUE_FULL"]);
  });

  it("is full by bytes too", async () => {
    const server = new Server();
    const { delivery } = deliveryTo(server, { maxQueuedBytes: 100_000 });
    for (const span of endedSpans(100, "span", "x".repeat(10_000))) delivery.add(span);
    const { written, dropped } = await delivery.flush(30_000);
    expect(written + dropped).toBe(100);
    expect(written).toBeGreaterThanOrEqual(5);
    expect(written).toBeLessThanOrEqual(10);
  });

  it("counts a history that each span gives once, as it is in memory once, until all of them have left", async () => {
    const server = new Server();
    const { delivery } = deliveryTo(server, { maxQueuedBytes: 200_000, maxBatchAgeMs: 3_600_000 });
    for (let round = 0; round < 3; round++) {
      for (const span of historySpans(50)) delivery.add(span);
      expect(counts(await delivery.flush(30_000))).toMatchObject({ written: 50 * (round + 1), dropped: 0 });
    }
    for (const span of endedSpans(100, "span", "x".repeat(10_000))) delivery.add(span);
    const { written, dropped } = await delivery.flush(30_000);
    expect(written + dropped).toBe(250);
    expect(written).toBeLessThanOrEqual(170);
  });
});

describe("flush and close", () => {
  it("a flush waits for what came before it, not for what comes after", async () => {
    const server = new Server();
    server.answer = (name) => (name.startsWith("later") ? "retry" : "delivered");
    const { delivery } = deliveryTo(server);
    for (const span of endedSpans(100)) delivery.add(span);
    const flushed = delivery.flush(3_600_000);
    for (const span of endedSpans(5, "later")) delivery.add(span);
    expect(counts(await flushed)).toEqual({ written: 100, pending: 5, dropped: 0, failed: 0 });
  });

  it("concurrent flushes all come back, those without time at once", async () => {
    const server = new Server();
    const { delivery } = deliveryTo(server);
    for (const span of endedSpans(100)) delivery.add(span);
    const reports = await Promise.all([delivery.flush(0), delivery.flush(30_000), delivery.flush(30_000)]);
    expect(reports.slice(1).map(({ written }) => written)).toEqual([100, 100]);
  });

  it("joins a request in flight", async () => {
    const server = new Server();
    let answer: () => void = () => undefined;
    server.before = () => new Promise((resolve) => (answer = resolve));
    const { delivery } = deliveryTo(server, { maxBatchAgeMs: 0 });
    for (const span of endedSpans(1)) delivery.add(span);
    await until(() => server.batches.length === 1);
    setTimeout(() => answer(), 20);
    expect((await delivery.flush(30_000)).written).toBe(1);
    expect(server.batches).toHaveLength(1);
  });

  it("close delivers, closes the back end, gives the same report again, and drops what comes after", async () => {
    const server = new Server();
    const { delivery } = deliveryTo(server);
    const [first, late] = endedSpans(2);
    if (first !== undefined) delivery.add(first);
    const report = await delivery.close();
    expect(counts(report)).toEqual({ written: 1, pending: 0, dropped: 0, failed: 0 });
    expect(server.isClosed).toBe(true);
    expect(await delivery.close()).toBe(report);
    if (late !== undefined) delivery.add(late);
    expect(counts(await delivery.flush(10))).toEqual({ written: 1, pending: 0, dropped: 1, failed: 0 });
  });
});

describe("whatever the back end answers", () => {
  it("no span is lost or delivered twice, and the counts add up", async () => {
    const answers = fc.array(fc.constantFrom("delivered", "retry", "failed", "reject"), { maxLength: 200 });
    const options = fc.record({
      maxBatchSpans: fc.integer({ min: 1, max: 30 }),
      maxConcurrency: fc.integer({ min: 1, max: 4 }),
      maxQueuedSpans: fc.integer({ min: 1, max: 100 }),
      maxBatchBytes: fc.integer({ min: 1, max: 100 }),
    });
    const bursts = fc.array(fc.integer({ min: 0, max: 60 }), { maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(answers, options, bursts, async (given, chosen, sizes) => {
        const server = new Server();
        server.answer = () => given.pop() ?? "delivered";
        const { delivery } = deliveryTo(server, { ...chosen, baseRetryDelayMs: 0 });
        let added = 0;
        for (const [burst, size] of sizes.entries()) {
          for (const span of endedSpans(size, `burst-${burst}`)) delivery.add(span);
          added += size;
          await new Promise((resolve) => setImmediate(resolve));
          const { written, pending, dropped, failed } = await delivery.flush(0);
          expect(written + pending + dropped + failed).toBe(added);
        }
        const report = await delivery.close();
        expect(report.written + report.dropped + report.failed).toBe(added);
        expect(report.pending).toBe(0);
        expect(server.received.length).toBe(report.written);
        expect(new Set(server.received).size).toBe(report.written);
        expect(new Set(server.refused).size).toBe(report.failed);
        expect(server.received.filter((name) => server.refused.includes(name))).toEqual([]);
      }),
      { numRuns: runs(150) },
    );
  });
});

describe("a span that a server can never take, and does not say so", () => {
  /** Fails with the whole request as long as one of the bad is in it. */
  const failingWith = (bad: (name: string) => boolean, kind: "reject" | "retry"): Server => {
    const server = new Server();
    let batch: readonly string[] = [];
    server.before = () => {
      batch = server.batches.at(-1) ?? [];
    };
    server.answer = () => (batch.some(bad) ? kind : "delivered");
    return server;
  };

  it("stands alone at last, is counted and told", async () => {
    const server = failingWith((name) => name === "span-40" || name === "span-41", "retry");
    const { delivery, told } = deliveryTo(server, { maxConcurrency: 1 });
    for (const span of endedSpans(100)) delivery.add(span);
    const report = await delivery.flush(30_000);
    expect(counts(report)).toEqual({ written: 98, pending: 0, dropped: 0, failed: 2 });
    expect(new Set(server.received).size).toBe(98);
    const refused = told.filter(({ code }) => code === "SPAN_REFUSED");
    const names = refused.map(({ message }) => /"(span-\d+)"/.exec(message)?.[1]);
    expect(names.sort()).toEqual(["span-40", "span-41"]);
    expect(refused[0]?.cause).toBeInstanceOf(Error);
  });

  it.each(["reject", "retry"] as const)("does not hold up those behind it: %s", async (kind) => {
    const server = failingWith((name) => name === "span-0", kind);
    const { delivery } = deliveryTo(server, { maxConcurrency: 1, maxBatchAgeMs: 1 });
    for (const span of endedSpans(50)) delivery.add(span);
    await until(() => server.received.length === 49);
    let later = 0;
    // Where there is no answer, it takes others to tell it from an outage.
    while (delivery.pending > 0) {
      for (const span of endedSpans(1, `later-${later++}`)) delivery.add(span);
      await until(() => server.received.length === 49 + later);
    }
    const report = counts(await delivery.flush(30_000));
    expect(report).toEqual({ written: 49 + later, pending: 0, dropped: 0, failed: 1 });
  });

  it("is not given up where the server cannot be reached, however often that fails", async () => {
    const server = failingWith(() => true, "reject");
    const { delivery, told } = deliveryTo(server, { maxConcurrency: 2 });
    for (const span of endedSpans(60)) delivery.add(span);
    void delivery.flush(30_000);
    await until(() => server.batches.length > 200);
    server.answer = () => "delivered";
    expect(counts(await delivery.flush(30_000))).toEqual({ written: 60, pending: 0, dropped: 0, failed: 0 });
    expect(told.map(({ code }) => code)).not.toContain("SPAN_REFUSED");
  });

  it("is not looked for where the server is throttled", async () => {
    const server = new Server();
    server.blame = "server";
    server.answer = () => (server.batches.length % 12 === 0 ? "delivered" : "retry");
    const { delivery } = deliveryTo(server, { maxConcurrency: 1 });
    for (const span of endedSpans(200)) delivery.add(span);
    expect(counts(await delivery.flush(30_000))).toEqual({ written: 200, pending: 0, dropped: 0, failed: 0 });
    expect(server.batches.every(({ length }) => length === 25)).toBe(true);
  });
});
