// Rule 1: tracing never breaks the app, and says what went wrong.
import { InMemoryTracer, type Sink, type Span, TracelightError, Tracer } from "tracelight";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { PackageCopy } from "./package-copy.ts";
import { activeName, sleep } from "./reading.ts";

function raise(what: string): never {
  throw new Error(`${what} failed`);
}

/** A tracer that notes its faults. */
function watched(sink: Sink) {
  const errors: TracelightError[] = [];
  return { tracer: new Tracer(sink, { onError: (error) => errors.push(error) }), errors };
}

describe("a sink that throws", () => {
  it("in write: the app goes on, each span is counted as failed, each fault reported", async () => {
    const { tracer, errors } = watched({ name: "broken", write: () => raise("disk") });
    expect(tracer.trace("a", () => 42)).toBe(42);
    expect(await tracer.trace("b", async () => 43)).toBe(43);
    expect(await tracer.flush()).toMatchObject({ written: 0, failed: 2, pending: 0, dropped: 0 });
    expect(errors.map((error) => error.code)).toEqual(["SINK_FAILED", "SINK_FAILED"]);
    expect(errors[0]).toMatchObject({ message: 'The sink "broken" could not write: disk failed' });
    expect(errors[0]?.cause).toEqual(new Error("disk failed"));
  });

  it("in write, later: an async write that rejects is no unhandled rejection", async () => {
    const { tracer, errors } = watched({ name: "async", write: async () => raise("network") });
    tracer.trace("a", () => 42);
    await sleep(1);
    expect(await tracer.flush()).toMatchObject({ written: 0, failed: 1 });
    expect(errors.map((error) => error.message)).toEqual([
      'The sink "async" could not write: network failed',
    ]);
  });

  it("in observe, at once or later: the span is written all the same", async () => {
    for (const observe of [() => raise("look"), async () => raise("look")]) {
      const written: Span[] = [];
      const { tracer, errors } = watched({ name: "s", write: (span) => written.push(span), observe });
      tracer.trace("a", (span) => span.emitSnapshot());
      await sleep(1);
      expect(written).toHaveLength(1);
      expect(errors.map((error) => error.message)).toEqual(
        Array(2).fill('The sink "s" could not observe: look failed'),
      );
      expect(await tracer.flush()).toMatchObject({ written: 1, failed: 0 });
    }
  });

  it("in flush or close, at once or later: the report carries the error", async () => {
    const broken = [() => raise("flush"), async () => raise("flush"), () => Promise.reject("flush failed")];
    for (const fail of broken) {
      const { tracer } = watched({ name: "s", write: () => undefined, flush: fail, close: fail });
      for (const report of [await tracer.flush(), await tracer.close()]) {
        expect(report.errors.map((error) => error.message)).toContain(
          'The sink "s" could not flush: flush failed',
        );
      }
      await tracer[Symbol.asyncDispose]();
    }
  });

  it("or resolves with what is no report: that is one more thing to report", async () => {
    for (const result of [undefined, null, 42, {}, { written: 1 }]) {
      const sink: Sink = { name: "s", write: () => undefined };
      Object.assign(sink, { flush: () => result, close: async () => result });
      const { tracer } = watched(sink);
      expect((await tracer.flush()).errors.map((error) => error.code)).toEqual(["SINK_FAILED"]);
      expect((await tracer.close()).errors.map((error) => error.code)).toContain("SINK_FAILED");
    }
  });

  it("with an error of its own code keeps that code", async () => {
    const full = new TracelightError("DISK_FULL", "The disk is full.");
    const { tracer, errors } = watched({
      name: "s",
      write: () => {
        throw full;
      },
    });
    tracer.startSpan("a").end();
    expect(errors).toEqual([full]);
    expect((await tracer.flush()).errors[0]).toBe(full);
  });

  it("does not disturb the context, nor other tracers", () => {
    const { tracer } = watched({ name: "s", write: () => raise("a"), observe: () => raise("b") });
    const good = new InMemoryTracer();
    good.trace("outer", () => {
      tracer.trace("broken", () => good.trace("inner", () => expect(activeName(good)).toBe("inner")));
      expect(activeName(good)).toBe("outer");
    });
    expect(good.getTraces()).toHaveLength(2);
  });
});

describe("a flush that hangs", () => {
  it("resolves after its time, with what is pending", async () => {
    const { tracer, errors } = watched({
      name: "stuck",
      write: () => undefined,
      flush: () => new Promise(() => undefined),
    });
    tracer.startSpan("a").end();
    const report = await tracer.flush({ timeoutMs: 5 });
    expect(report.pending).toBe(1);
    expect(report.errors.map((error) => error.code)).toEqual(["FLUSH_TIMEOUT"]);
    expect(errors[0]?.message).toBe('The sink "stuck" did not finish within 5 ms.');
  });
});

describe("an onError that fails", () => {
  it("at once or later: the app goes on, and one warning says both", async () => {
    const warn = vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
    try {
      for (const onError of [() => raise("onError"), async () => raise("onError")]) {
        warn.mockClear();
        const tracer = new Tracer({ name: "s", write: () => raise("disk") }, { onError });
        tracer.trace("a", () => tracer.trace("b", () => 42));
        await sleep(1);
        expect(warn).toHaveBeenCalledTimes(1);
        expect(warn.mock.calls[0]?.[0]).toMatch(/disk failed \(and onError failed: onError failed\)/);
      }
    } finally {
      warn.mockRestore();
    }
  });

  it("because it traces with the tracer that fails: it is not told of its own faults", () => {
    let told = 0;
    const tracer: Tracer = new Tracer(
      { name: "s", write: () => raise("disk") },
      {
        onError: () => {
          told++;
          tracer.trace("handle error", () => undefined);
        },
      },
    );
    tracer.trace("a", () => undefined);
    expect(told).toBe(1);
    tracer.trace("b", () => undefined);
    expect(told).toBe(2);
  });
});

/** Calls as JavaScript without types may make them. */
function callAs(target: object, method: string, ...args: unknown[]): unknown {
  return Reflect.apply(Reflect.get(target, method), target, args);
}

const unprintable = Object.freeze(Object.create(null));
const throwing = new Proxy(
  {},
  { get: () => raise("get"), has: () => raise("has"), ownKeys: () => raise("keys") },
);

describe("arguments that cannot be used", () => {
  const options: Record<string, unknown> = {
    null: null,
    "a number": 42,
    "a proxy that throws": throwing,
    "parentSpan without ids": { parentSpan: {} },
    "parentSpan with a bad trace id": { parentSpan: { traceId: "0".repeat(32), spanId: "b7ad6b7169203331" } },
    "parentSpan with a bad span id": {
      parentSpan: { traceId: "0AF7651916CD43DD8448EB211C80319C", spanId: "b7ad6b7169203331" },
    },
    "parentSpan that is a text": { parentSpan: "b7ad6b7169203331" },
    "parentSpan that throws": { parentSpan: throwing },
    "startedAt that is invalid": { startedAt: new Date("yesterday") },
    "startedAt that is a number": { startedAt: 42 },
    "startedAt that is null": { startedAt: null },
    "spanKind that is none": { spanKind: "server" },
    "scope that is a text": { scope: "agent" },
    "scope without a name": { scope: {} },
    "links that are none": { links: 42 },
    "links of nothing": { links: [null, {}, 42] },
    "links of proxies": { links: [throwing] },
    "attributes that are none": { attributes: 42 },
    "attributes that throw": { attributes: throwing },
    "resourceAttributes that throw": { resourceAttributes: throwing },
    "a getter that throws": Object.defineProperty({}, "attributes", {
      get: () => raise("get"),
      enumerable: true,
    }),
  };
  for (const [what, given] of Object.entries(options)) {
    it(`of trace and startSpan are left out, and the work is done: ${what}`, () => {
      const tracer = new InMemoryTracer({ onError: () => undefined });
      tracer.trace("outer", (outer) => {
        expect(callAs(tracer, "trace", "traced", given, () => 42)).toBe(42);
        const span = callAs(tracer, "startSpan", "by hand", given);
        expect(span).toMatchObject({ spanName: "by hand", spanKind: "INTERNAL", state: "running" });
        expect(span).toMatchObject({ traceId: outer.traceId, parentSpanId: outer.spanId, attributes: {} });
        callAs(Object(span), "end");
      });
      expect(tracer.getTraces().map((span) => span.spanName)).toEqual(["outer", "traced", "by hand"]);
      for (const span of tracer.getTraces()) expect(() => JSON.stringify(span)).not.toThrow();
      expect(tracer.openSpans()).toEqual([]);
    });
  }

  it("are named in what is reported, and do not take good ones with them", () => {
    const { tracer, errors } = watched({ name: "s", write: () => undefined });
    const span = tracer.startSpan("work", {
      startedAt: new Date(Number.NaN),
      attributes: { kept: 1 },
      spanKind: "CLIENT",
    });
    expect(span).toMatchObject({ spanKind: "CLIENT", attributes: { kept: 1 } });
    expect(errors).toMatchObject([
      { code: "INVALID_ARGUMENT", message: expect.stringMatching(/options? startedAt .*no Date from 1970/) },
    ]);
  });

  it("are shown where they are names", () => {
    const tracer = new InMemoryTracer();
    const names = [undefined, null, 42, Symbol("s"), unprintable, throwing, {}];
    for (const name of names) {
      callAs(tracer, "trace", name, (span: Span) => {
        callAs(span, "addAttribute", name, 1);
        callAs(span, "addEvent", name);
        callAs(span, "updateName", name);
        callAs(span, "setStatus", "OK", name);
      });
    }
    const spans = tracer.getTraces();
    expect(spans).toHaveLength(names.length);
    for (const span of spans) {
      expect([typeof span.spanName, typeof span.events[0]?.name]).toEqual(["string", "string"]);
      expect(() => [JSON.stringify(span), span.asHumanReadable()]).not.toThrow();
    }
  });

  it("of a span's methods are left out or shown", () => {
    const { tracer, errors } = watched({ name: "s", write: () => undefined });
    const span = tracer.startSpan("work");
    for (const bad of [undefined, null, 42, "text", unprintable, throwing, Symbol("s")]) {
      callAs(span, "addAttribute", "key", bad, null);
      callAs(span, "addAttributes", bad, 42);
      callAs(span, "addEvent", "event", bad, bad);
      callAs(span, "addLink", bad);
      callAs(span, "setStatus", bad, bad);
      callAs(span, "recordException", bad);
    }
    for (const id of ["", "0".repeat(32), "x".repeat(32), "a".repeat(31)])
      span.addLink({ traceId: id, spanId: "b".repeat(16) }).addLink({ traceId: "a".repeat(32), spanId: id });
    callAs(span, "end", "now");
    expect(span.state).toBe("ended");
    expect(() => [JSON.stringify(span), span.asHumanReadable()]).not.toThrow();
    expect(span.links).toEqual([]);
    expect(new Set(errors.map((error) => error.code))).toEqual(new Set(["INVALID_ARGUMENT"]));
  });

  it("such as an invalid end are replaced by now, and reported", () => {
    const { tracer, errors } = watched({ name: "s", write: () => undefined });
    // A minute is room for any correction of a machine's clock.
    const before = Date.now() - 60_000;
    for (const at of [new Date(Number.NaN), Date.now(), "now", {}]) {
      const span = tracer.startSpan("work");
      callAs(span, "end", at);
      expect(span.endedAt?.getTime()).toBeGreaterThanOrEqual(before);
    }
    expect(errors.map((error) => error.code)).toEqual(Array(4).fill("INVALID_ARGUMENT"));
  });

  it("such as attributes of which one cannot be read keep the others", () => {
    const tracer = new InMemoryTracer();
    const attributes = Object.defineProperty({ before: 1, after: 2 }, "bad", {
      get: () => raise("get"),
      enumerable: true,
    });
    const span = tracer.startSpan("work", { attributes });
    expect(span.attributes).toEqual({ before: 1, after: 2, bad: "[Unreadable: get failed]" });
  });

  it("and each has a budget of its own then too", () => {
    const tracer = new InMemoryTracer();
    const attributes = Object.defineProperty(
      { list: new Array(1_000_000).fill(1), short: [1], text: "hello" },
      "bad",
      { get: () => raise("get"), enumerable: true },
    );
    const span = tracer.startSpan("work").addAttributes(attributes);
    expect(span.attributes["list"]).toHaveLength(1_000_000);
    expect(span.attributes).toMatchObject({ short: [1], text: "hello", bad: "[Unreadable: get failed]" });
  });

  it("of setContext, withContext and run are left out", () => {
    const { tracer } = watched({ name: "s", write: () => undefined });
    for (const bad of [
      undefined,
      null,
      42,
      throwing,
      { scope: 42 },
      { scope: {} },
      { spanAttributes: null },
    ]) {
      const undo = callAs(tracer, "setContext", bad);
      expect(callAs(tracer, "withContext", bad, () => tracer.startSpan("s").attributes)).toEqual({});
      expect(undo).toBeTypeOf("function");
      callAs({ undo }, "undo");
    }
    expect(tracer.context).toEqual({});
    for (const bad of [undefined, {}, 42]) {
      expect(callAs(tracer, "run", bad, () => tracer.currentSpan)).toBeUndefined();
    }
  });
});

describe("without onError", () => {
  let copy: PackageCopy;
  beforeAll(async () => {
    copy = await PackageCopy.make();
  });
  afterAll(() => copy[Symbol.dispose]());

  it("each distinct fault makes one warning, however many spans it hits", async () => {
    const { code, stdout, stderr } = await copy.run(`
      import { Tracer } from "tracelight";
      let failure = "disk full";
      const tracer = new Tracer({ name: "broken", write() { throw new Error(failure); } });
      for (let i = 0; i < 1000; i++) tracer.trace("span " + i, () => undefined);
      failure = "network down";
      for (let i = 0; i < 1000; i++) tracer.trace("span " + i, (span) => span.end());
      for (let i = 0; i < 1000; i++) {
        failure = "request " + i + " of 7f3e2a" + i + "-4c1d refused";
        tracer.startSpan("span " + i).end();
      }
      const ended = tracer.startSpan("ended");
      ended.end();
      for (let i = 0; i < 1000; i++) ended.addAttribute("late", i);
      const report = await tracer.flush();
      console.log(report.failed, report.errors.length);`);
    expect([code, stdout]).toEqual([0, "3001 4\n"]);
    const warnings = stderr.match(/\[\w+\] TracelightWarning: .*/g) ?? [];
    expect(warnings).toEqual([
      '[SINK_FAILED] TracelightWarning: The sink "broken" could not write: disk full',
      '[SINK_FAILED] TracelightWarning: The sink "broken" could not write: network down',
      expect.stringMatching(/could not write: request 0 of 7f3e2a0-4c1d refused/),
      expect.stringMatching(/addAttribute on the span "ended" came after its end/),
    ]);
  });

  it("no name, text or code of others drives the terminal, forges a line or fills the screen", async () => {
    const { code, stderr } = await copy.run(`
      import { Tracer, TracelightError, traced } from "tracelight";
      const evil = ${JSON.stringify("\u001b[2J\u202egnp\u3164\n(node:1) forged\u0000")} + "x".repeat(1_000_000);
      const failures = [new Error(evil), new TracelightError(evil, "code"), new TracelightError("CODE", evil)];
      failures.push(Object.assign(new TracelightError("OWN", "x"), { message: evil }));
      for (const failure of failures) {
        const tracer = new Tracer({ name: evil, write() { throw failure; } });
        tracer.startSpan(evil).end();
      }
      const closed = new Tracer({ name: "s", write() {} }, { onError() { throw new Error(evil); } });
      const ended = closed.startSpan(evil);
      ended.end();
      ended.addAttribute("late", 1);
      traced(evil, {})(() => 1)();`);
    expect(code).toBe(0);
    // Node's own words end with a line feed and a colour at most.
    expect(stderr).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e\u3164]/);
    expect(stderr).not.toMatch(/^\(node:1\)/m);
    expect(stderr.match(/TracelightWarning/g)).toHaveLength(6);
    expect(stderr).toContain("\\x1b[2J\\u202egnp\\u3164\\n(node:1) forged");
    expect(stderr.length).toBeLessThan(20_000);
  });

  it("an idle tracer keeps no process alive, open spans or not", async () => {
    const { code, stdout } = await copy.run(`
      import * as tracelight from "tracelight";
      const { InMemoryTracer, HumanReadableTracer, StructuredLogsTracer, TeeTracer, IterableTracer } = tracelight;
      for (const Tracer of [InMemoryTracer, HumanReadableTracer, StructuredLogsTracer, TeeTracer, IterableTracer]) {
        new Tracer().startSpan("open").emitSnapshot();
      }
      console.log("over");`);
    expect([code, stdout]).toEqual([0, "over\n"]);
  });
});
