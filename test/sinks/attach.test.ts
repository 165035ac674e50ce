// Sinks are handed where their tracer tells faults: `attach`.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it, vi } from "vitest";
import {
  type FaultReporter,
  InMemoryTracer,
  IterableTracer,
  type Sink,
  StructuredLogsTracer,
  TeeTracer,
  TracelightError,
  Tracer,
} from "../../src/index.ts";
import { OtlpSink } from "../../src/otlp/tracer.ts";
import { SinkFaults } from "../../src/tracing/faults.ts";

/** A sink that keeps what it is handed. */
function reporting(): Sink & { to: FaultReporter[] } {
  const to: FaultReporter[] = [];
  return { name: "mine", write: () => undefined, attach: (given) => void to.push(given), to };
}

function collecting(): { onError: (error: TracelightError) => void; told: TracelightError[] } {
  const told: TracelightError[] = [];
  return { onError: (error) => void told.push(error), told };
}

function warnings(): string[] {
  const seen: string[] = [];
  vi.spyOn(process, "emitWarning").mockImplementation((warning) => void seen.push(String(warning)));
  return seen;
}

const fault = new TracelightError("QUEUE_FULL", "It is full.");

afterEach(() => vi.restoreAllMocks());

describe("a sink of one's own", () => {
  it("tells onError, and the report, by what it was handed", async () => {
    const sink = reporting();
    const { onError, told } = collecting();
    const tracer = new Tracer(sink, { onError });
    sink.to[0]?.report(fault);
    sink.to[0]?.report("a text");
    expect(told.map(({ code }) => code)).toEqual(["QUEUE_FULL", "SINK_FAILED"]);
    expect(told[0]).toBe(fault);
    expect(told[1]?.message).toContain('The sink "mine" failed: a text');
    expect((await tracer.flush()).errors).toEqual(told);
  });

  it("makes one process warning per distinct fault without onError", () => {
    const seen = warnings();
    const sink = reporting();
    new Tracer(sink);
    sink.to[0]?.report(fault);
    sink.to[0]?.report(fault);
    expect(seen).toEqual(["It is full."]);
  });

  it("may throw when it is handed it: that is a fault, and the tracer works", () => {
    const { onError, told } = collecting();
    const attach = () => {
      throw new Error("not today");
    };
    const written: string[] = [];
    const tracer = new Tracer(
      { name: "mine", attach, write: ({ spanName }) => void written.push(spanName) },
      { onError },
    );
    tracer.trace("work", () => undefined);
    expect(told.map(({ message }) => message)).toEqual(['The sink "mine" could not attach: not today']);
    expect(written).toEqual(["work"]);
  });
});

describe("a tee", () => {
  it("is told by members that have no onError, whenever they were added, until they are removed", () => {
    const seen = warnings();
    const [before, after] = [reporting(), reporting()];
    const { onError, told } = collecting();
    const tee = new TeeTracer({ onError }).addTracer(new Tracer(before));
    const late = new Tracer(after);
    tee.addTracer(late);
    before.to[0]?.report(fault);
    after.to[0]?.report(fault);
    expect(told).toEqual([fault, fault]);
    expect(seen).toEqual([]);
    tee.removeTracer(late);
    after.to[0]?.report(new TracelightError("QUEUE_FULL", "Still full."));
    expect(told).toHaveLength(2);
    expect(seen).toEqual(["Still full."]);
  });

  it("is told through a tee within it", () => {
    const sink = reporting();
    const { onError, told } = collecting();
    const inner = new TeeTracer().addTracer(new Tracer(sink));
    new TeeTracer({ onError }).addTracer(inner);
    sink.to[0]?.report(fault);
    expect(told).toEqual([fault]);
  });

  it("leaves a member's own onError its faults", () => {
    const sink = reporting();
    const [own, tees] = [collecting(), collecting()];
    new TeeTracer({ onError: tees.onError }).addTracer(new Tracer(sink, { onError: own.onError }));
    sink.to[0]?.report(fault);
    expect([own.told, tees.told]).toEqual([[fault], []]);
  });

  it("hears of what goes wrong in the queue of a member of ours", async () => {
    const { onError, told } = collecting();
    const loop = new IterableTracer({ maxQueuedSpans: 1 });
    const broken = new StructuredLogsTracer({
      stream: {
        write: () => {
          throw new Error("broken pipe");
        },
      },
    });
    const tee = new TeeTracer({ onError }).addTracer(loop).addTracer(broken).addTracer(new InMemoryTracer());
    for (let i = 0; i < 3; i++) tee.trace("work", () => undefined);
    expect(told.map(({ code }) => code).sort()).toEqual(["QUEUE_FULL", "STREAM_FAILED"]);
  });
});

describe("a sink of ours", () => {
  it("tells each fault once, through its tracer", async () => {
    const { onError, told } = collecting();
    const tracer = new IterableTracer({ maxQueuedSpans: 1, onError });
    for (let i = 0; i < 5; i++) tracer.trace("work", () => undefined);
    expect(told.map(({ code }) => code)).toEqual(["QUEUE_FULL"]);
    expect((await tracer.flush()).errors).toEqual(told);
  });

  it("without a tracer makes process warnings", async () => {
    const seen = warnings();
    const server = createServer((_, response) => response.writeHead(400).end("no"));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    const sink = new OtlpSink({ url: `http://127.0.0.1:${port}/v1/traces`, compression: "none" });
    const memory = new InMemoryTracer();
    memory.trace("work", () => undefined);
    for (const span of memory.getTraces()) sink.write(span);
    const report = await sink.flush({ timeoutMs: 5000 });
    await sink.close({ timeoutMs: 1000 });
    server.close();
    expect(report.failed).toBe(1);
    expect(seen).toHaveLength(report.errors.length);
    expect(seen.length).toBeGreaterThan(0);
  });

  it("tells its tracer also of what it found before it was given to it, as while it was made", async () => {
    const seen = warnings();
    const { onError, told } = collecting();
    const faults = new SinkFaults();
    faults.report(fault);
    new Tracer({ name: "ours", write: () => undefined, attach: (to) => faults.attach(to) }, { onError });
    await Promise.resolve();
    expect(told).toEqual([fault]);
    expect(seen).toEqual([]);
  });
});
