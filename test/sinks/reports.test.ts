// Reports say what is true when they are made, member by member, and one fault is told once.
import { createWriteStream, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough, Writable } from "node:stream";
import {
  HumanReadableTracer,
  InMemoryTracer,
  IterableTracer,
  StructuredLogsTracer,
  TeeTracer,
  type TracelightError,
  Tracer,
  type TracerOptions,
} from "tracelight";
import { describe, expect, onTestFinished, test } from "vitest";
import { Delivery } from "../../src/delivery/delivery.ts";
import { Faults } from "../../src/tracing/faults.ts";
import { counts, endedSpans } from "../delivery/support.ts";

const NEVER = () => new Promise<never>(() => undefined);

/** A tracer of one's own that never comes back. */
function hanging(name = "hangs"): Tracer {
  return new Tracer(
    { name, write: () => undefined, flush: NEVER, close: NEVER },
    { onError: () => undefined },
  );
}

/** Over the network to a server that takes spans and then hangs when it is let go. */
function hangingAtClose(): Tracer {
  const delivery = new Delivery({
    transport: {
      name: "server",
      encode: (span) => span.spanName,
      size: (name) => name.length,
      send: async (batch) => batch.map(() => ({ kind: "delivered" as const })),
      close: NEVER,
    },
    faults: new Faults(() => undefined),
  });
  return new Tracer(
    {
      name: "server",
      write: (span) => delivery.add(span),
      flush: ({ timeoutMs }) => delivery.flush(timeoutMs),
      close: ({ timeoutMs }) => delivery.close(timeoutMs),
      report: () => delivery.report(),
    },
    { onError: () => undefined },
  );
}

function trace(tracer: Tracer, spans: number): void {
  for (let i = 0; i < spans; i++) tracer.trace(`span ${i}`, () => undefined);
}

describe("when the time is over", () => {
  test.each(["flush", "close"] as const)("%s of a tee says what each member has done", async (what) => {
    for (const timeoutMs of [0, 1, 50]) {
      const told: TracelightError[] = [];
      const stored = new InMemoryTracer();
      const tee = new TeeTracer({ onError: (error) => told.push(error) })
        .addTracer(hanging())
        .addTracer(stored);
      trace(tee, 20);
      const report = await tee[what]({ timeoutMs });
      expect(counts(report)).toEqual({ written: 20, pending: 20, dropped: 0, failed: 0 });
      expect(report.errors.map(({ code, message }) => [code, message])).toEqual([
        ["FLUSH_TIMEOUT", `The sink "hangs" did not finish within ${timeoutMs} ms.`],
      ]);
      // The tee itself came back in time.
      expect(told).toEqual([]);
    }
  });

  test("a tee in a tee is done before the outer one", async () => {
    const tee = new TeeTracer()
      .addTracer(new TeeTracer().addTracer(hanging("inner")).addTracer(new InMemoryTracer()))
      .addTracer(new InMemoryTracer());
    trace(tee, 3);
    const report = await tee.flush({ timeoutMs: 20 });
    expect(counts(report)).toEqual({ written: 6, pending: 3, dropped: 0, failed: 0 });
    expect(report.errors.map(({ message }) => message)).toEqual([
      'The sink "inner" did not finish within 20 ms.',
    ]);
  });

  test("a member that overrides flush, and hangs in it, hides nothing of the others", async () => {
    class Stuck extends InMemoryTracer {
      override flush = NEVER;
    }
    const tee = new TeeTracer({ onError: () => undefined })
      .addTracer(new Stuck())
      .addTracer(new InMemoryTracer());
    trace(tee, 4);
    const report = await tee.flush({ timeoutMs: 10 });
    expect(counts(report)).toEqual({ written: 8, pending: 0, dropped: 0, failed: 0 });
    expect(report.errors.map(({ code }) => code)).toEqual(["FLUSH_TIMEOUT"]);
  });

  test("a server that is not let go of in time has its spans all the same", async () => {
    const tracer = hangingAtClose();
    trace(tracer, 30);
    await tracer.flush();
    const report = await tracer.close({ timeoutMs: 50 });
    expect(counts(report)).toEqual({ written: 30, pending: 0, dropped: 0, failed: 0 });
    expect(report.errors.map(({ code }) => code)).toEqual(["FLUSH_TIMEOUT"]);
    expect(await tracer.close()).toBe(report);
  });

  test("what is left in a journal counts as pending, though the server is not let go of in time", async () => {
    const folder = mkdtempSync(join(tmpdir(), "tracelight-report-"));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const delivery = new Delivery<string>({
      transport: {
        name: "server",
        encode: (span) => span.spanName,
        size: () => 1,
        send: () => Promise.reject(new Error("down")),
        close: NEVER,
      },
      faults: new Faults(() => undefined),
      options: { journal: folder, maxQueuedSpans: 10, baseRetryDelayMs: 1, maxRetryDelayMs: 5 },
    });
    for (const span of endedSpans(100)) delivery.add(span);
    void delivery.close(50);
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(counts(delivery.report())).toEqual({ written: 0, pending: 100, dropped: 0, failed: 0 });
  });

  test("a sink that can say what it has done is asked, whatever stopped its flush", async () => {
    const said = { written: 2, pending: 1, dropped: 0, failed: 0, errors: [] };
    for (const flush of [NEVER, () => Promise.reject(new Error("no")), async () => Object.create(null)]) {
      const sink = { name: "s", write: () => undefined, flush, report: () => said };
      const tracer = new Tracer(sink, { onError: () => undefined });
      trace(tracer, 3);
      const report = await tracer.flush({ timeoutMs: 5 });
      expect(counts(report)).toEqual({ written: 2, pending: 1, dropped: 0, failed: 0 });
      expect(report.errors).toHaveLength(1);
    }
  });

  test("a sink whose report is none counts as one without", async () => {
    for (const report of [() => Object.create(null), () => NEVER().then() as never, fail]) {
      const tracer = new Tracer(
        { name: "s", write: () => undefined, flush: NEVER, report },
        { onError: () => undefined },
      );
      trace(tracer, 3);
      expect(counts(await tracer.flush({ timeoutMs: 5 }))).toEqual({
        ...{ written: 0, pending: 3, dropped: 0, failed: 0 },
      });
    }
  });
});

function fail(): never {
  throw new Error("cannot say");
}

type MakeTracer = (stream: Writable | { write: (text: string) => unknown }, options: TracerOptions) => Tracer;

const STREAMS: [string, MakeTracer][] = [
  ["HumanReadableTracer", (stream, options) => new HumanReadableTracer({ ...options, stream })],
  ["StructuredLogsTracer", (stream, options) => new StructuredLogsTracer({ ...options, stream })],
];

describe.each(STREAMS)("%s tells of a fault once, however many spans it hits:", (_, make) => {
  /** Traces 100 spans over some turns; gives what was told, and the counts. */
  async function told(stream: Parameters<MakeTracer>[0], timeoutMs?: number) {
    const errors: string[] = [];
    const tracer = make(stream, { onError: ({ code }) => errors.push(code) });
    for (let turn = 0; turn < 10; turn++) {
      trace(tracer, 10);
      await new Promise((resolve) => setImmediate(resolve));
    }
    return { errors, ...counts(await tracer.flush({ timeoutMs })) };
  }

  test("a stream that breaks", async () => {
    const stream = new PassThrough();
    stream.destroy(new Error("EPIPE"));
    expect(await told(stream)).toEqual({
      errors: ["STREAM_FAILED"],
      written: 0,
      pending: 0,
      dropped: 0,
      failed: 100,
    });
  });

  test("a stream whose every write fails", async () => {
    const stream = new Writable({ write: (_chunk, _encoding, done) => done(new Error("no space left")) });
    expect(await told(stream)).toMatchObject({ errors: ["STREAM_FAILED"], written: 0, failed: 100 });
  });

  test("a file in a folder that is not there", async () => {
    const folder = mkdtempSync(join(tmpdir(), "tracelight-stream-"));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const stream = createWriteStream(join(folder, "missing", "log"));
    const { errors, failed } = await told(stream);
    expect({ errors, failed }).toEqual({ errors: ["STREAM_FAILED"], failed: 100 });
  });

  test("an object whose write throws", async () => {
    const stream = { write: fail };
    expect(await told(stream)).toMatchObject({
      errors: ["STREAM_FAILED"],
      written: 0,
      pending: 0,
      failed: 100,
    });
  });

  test("a stream that takes no more", async () => {
    const stream = new PassThrough({ highWaterMark: 1 });
    stream.write("x".repeat(65 * 1024 * 1024));
    expect(await told(stream, 20)).toMatchObject({ errors: ["QUEUE_FULL"], dropped: 100 });
  });
});

describe("other sinks tell of a fault once, however many spans it hits:", () => {
  test("a loop that does not come", async () => {
    const errors: string[] = [];
    const tracer = new IterableTracer({ maxQueuedSpans: 10, onError: ({ code }) => errors.push(code) });
    trace(tracer, 100);
    expect(await tracer.flush()).toMatchObject({ dropped: 90 });
    expect(errors).toEqual(["QUEUE_FULL"]);
    tracer.shutdown();
    trace(tracer, 100);
    expect(errors).toEqual(["QUEUE_FULL", "TRACER_CLOSED"]);
  });

  test("a server that refuses each batch, a span that cannot be encoded", async () => {
    const errors: string[] = [];
    const delivery = new Delivery<string>({
      transport: {
        name: "server",
        maxBatchSpans: 5,
        encode: (span) => (span.spanName.startsWith("bad") ? fail() : span.spanName),
        size: () => 1,
        send: async (batch) => {
          const { TracelightError } = await import("tracelight");
          return batch.map(() => ({
            kind: "failed",
            error: new TracelightError("ACCESS_DENIED", "not allowed"),
          }));
        },
      },
      faults: new Faults(({ code }) => errors.push(code)),
    });
    for (const span of [...endedSpans(50), ...endedSpans(50, "bad")]) delivery.add(span);
    expect(counts(await delivery.close())).toEqual({ written: 0, pending: 0, dropped: 0, failed: 100 });
    expect(errors.sort()).toEqual(["ACCESS_DENIED", "SINK_FAILED"]);
  });
});

test("spans that end after close are told of once", async () => {
  const errors: string[] = [];
  const tracer = new InMemoryTracer({ onError: ({ code }) => errors.push(code) });
  await tracer.close();
  trace(tracer, 100);
  expect(errors).toEqual(["TRACER_CLOSED"]);
  expect(await tracer.flush()).toMatchObject({ dropped: 100 });
});
