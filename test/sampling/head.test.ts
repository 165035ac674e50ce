// Head sampling: decided when a trace starts, the same in every process, and known to all that is below.
import { Readable } from "node:stream";
import fc from "fast-check";
import {
  InMemoryTracer,
  type Span,
  StructuredLogsTracer,
  TeeTracer,
  type TracelightError,
  Tracer,
} from "tracelight";
import { extract, inject } from "tracelight/otel";
import { sample } from "tracelight/sampling";
import { describe, expect, it } from "vitest";
import { adjustedCountOf, randomnessOf, thresholdOf, withThreshold } from "../../src/model/probability.ts";
import { steadyClock } from "../../src/model/timers.ts";

const remote = (traceFlags: number, traceId = "4bf92f3577b34da6a3ce929d0e0e4736") => ({
  ...{ traceId, spanId: "00f067aa0ba902b7", traceFlags },
});
const dropping = () => new InMemoryTracer({ sample: 0 });
const names = (tracer: InMemoryTracer) => tracer.getTraces().map(({ spanName }) => spanName);

describe("thresholds", () => {
  it("are those of the specification's table, four digits of them", () => {
    const table = {
      1: "0",
      2: "8",
      3: "aaab",
      5: "cccd",
      10: "e666",
      16: "f",
      100: "fd70a",
      1000: "ffbe77",
      1e5: "ffff583a",
    };
    for (const [of, th] of Object.entries(table)) expect(thresholdOf(1 / Number(of))?.th).toBe(th);
    expect(thresholdOf(0)).toBeUndefined();
  });

  it("are read as the share that they say, whatever else the trace state has", () => {
    const id = "4bf92f3577b34da6a3ffffffffffffff";
    expect(adjustedCountOf(id, "ot=th:8")).toBe(2);
    expect(adjustedCountOf(id, "a=b,ot=x:1;th:C;rv:ffffffffffffff,c=d")).toBe(4);
    expect(adjustedCountOf(id, "ot=th:0")).toBe(1);
    expect(adjustedCountOf(id, "ot=th:e666")).toBeCloseTo(9.99939, 4);
    for (const none of [undefined, "", "a=b", "ot=th:", "ot=th:xyz", "ot=th:123456789012345", "not=th:8"])
      expect(adjustedCountOf(id, none)).toBe(1);
  });

  it("that would not have kept the trace are a mistake, and count as none", () => {
    expect(adjustedCountOf("4bf92f3577b34da6a37fffffffffffff", "ot=th:8")).toBe(1);
    expect(adjustedCountOf("4bf92f3577b34da6a37fffffffffffff", "ot=th:8;rv:80000000000000")).toBe(2);
    expect(adjustedCountOf("f".repeat(32), "ot=th:ffffffffffffff")).toBe(2 ** 56);
  });

  it("take the place of those before, and leave the rest of a trace state", () => {
    expect(withThreshold(undefined, "e666")).toBe("ot=th:e666");
    expect(withThreshold("a=b,ot=th:8;rv:80000000000000", "c")).toBe("ot=th:c;rv:80000000000000,a=b");
    expect(withThreshold("ot=th:8,a=b", undefined)).toBe("a=b");
    expect(withThreshold("ot=th:8", undefined)).toBeUndefined();
  });

  it("keep at a larger share whatever they keep at a smaller", () => {
    const digits = fc.string({ unit: fc.constantFrom(..."0123456789abcdef"), minLength: 32, maxLength: 32 });
    const share = fc.double({ min: 1e-6, max: 1, noNaN: true });
    fc.assert(
      fc.property(digits, share, share, (id, a, b) => {
        const [small, large] = [Math.min(a, b), Math.max(a, b)];
        const isKept = (part: number) => randomnessOf(id, undefined) >= (thresholdOf(part)?.at ?? Number.NaN);
        return !isKept(small) || isKept(large);
      }),
    );
  });
});

describe("a new trace", () => {
  it("is recorded by its id, and says so to all of its spans and to others", () => {
    const tracer = new InMemoryTracer({ sample: sample({ ratio: 0.25 }), maxSpans: 10_000 });
    const headers = new Map<string, string>();
    for (let i = 0; i < 2000; i++)
      tracer.trace("parent", () => tracer.trace("child", (span) => inject(headers, span)));
    const spans = tracer.getTraces();
    expect(spans.length / 2).toBeGreaterThan(350);
    expect(spans.length / 2).toBeLessThan(650);
    for (const { traceId, traceState } of spans) {
      expect(traceId).toMatch(/^[0-9a-f]{32}$/);
      expect(traceState).toBe("ot=th:c");
      expect(traceId.slice(18) >= "c0000000000000").toBe(true);
    }
    expect(new Set(spans.map(({ traceId }) => traceId)).size).toBe(spans.length / 2);
  });

  it("that is recorded says that its id is random", () => {
    const tracer = new InMemoryTracer({ sample: 1 });
    const headers: Record<string, string> = {};
    tracer.trace("work", (span) => inject(headers, span));
    expect(headers["traceparent"]).toMatch(/-03$/);
    expect(headers["tracestate"]).toBe("ot=th:0");
  });

  it("is as the first rule that is for it says: by name, attributes, tenant", () => {
    const tracer = new InMemoryTracer({
      sample: sample({
        ratio: 0,
        rules: [
          { name: "GET /health*", ratio: 0 },
          { name: "GET *", attributes: { "http.route": "/a", n: 1 } },
          { tenant: ["acme", "globex"] },
        ],
      }),
    });
    tracer.trace("GET /healthz", { attributes: { "tenant.id": "acme" } }, () => undefined);
    tracer.trace("GET /a", { attributes: { "http.route": "/a", n: 1 } }, () => undefined);
    tracer.trace("GET /b", { attributes: { "http.route": "/a", n: "1" } }, () => undefined);
    tracer.trace("POST /c", { attributes: { "tenant.id": "acme" } }, () => undefined);
    tracer.trace("POST /d", { resourceAttributes: { "tenant.id": "globex" } }, () => undefined);
    tracer.withContext({ spanAttributes: { "tenant.id": "acme" } }, () => tracer.trace("e", () => undefined));
    tracer.trace("f", { attributes: { "tenant.id": "other" } }, () => undefined);
    expect(names(tracer)).toEqual(["GET /a", "POST /c", "POST /d", "e"]);
  });

  it("is limited to about so many a second, and says how many it stands for", () => {
    let now = 1e6;
    const real = steadyClock.now;
    steadyClock.now = () => now;
    try {
      const tracer = new InMemoryTracer({ sample: sample({ perSecond: 10 }), maxSpans: 100_000 });
      const perSecond = Array.from({ length: 20 }, () => {
        const before = tracer.getTraces().length;
        for (let i = 0; i < 1000; i++, now += 1) tracer.trace("work", () => undefined);
        return tracer.getTraces().length - before;
      });
      // The first second knows nothing of those to come: 10 and a few for each time that they grow by as many.
      expect(perSecond[0]).toBeLessThan(120);
      for (const kept of perSecond.slice(1)) expect(kept).toBeLessThan(40);
      const counted = tracer
        .getTraces()
        .reduce((sum, { traceId, traceState }) => sum + adjustedCountOf(traceId, traceState), 0);
      expect(counted).toBeGreaterThan(10_000);
      expect(counted).toBeLessThan(30_000);
    } finally {
      steadyClock.now = real;
    }
  });

  it("is recorded where the option fails, and the fault told", () => {
    const errors: TracelightError[] = [];
    const onError = (error: TracelightError) => errors.push(error);
    for (const bad of [
      () => Number.NaN,
      () => 2,
      () => "all" as never,
      () => {
        throw new Error("no");
      },
    ]) {
      const tracer = new InMemoryTracer({ sample: bad, onError });
      tracer.trace("work", () => undefined);
      expect(tracer.getTraces().map(({ traceState }) => traceState)).toEqual([undefined]);
    }
    expect(errors.map(({ code }) => code)).toEqual(Array.from({ length: 4 }, () => "SAMPLE_FAILED"));
  });
});

describe("a trace from elsewhere", () => {
  it("is recorded where it was there", () => {
    const [none, all] = [dropping(), new InMemoryTracer({ sample: 1 })];
    none.trace("kept", { parentSpan: remote(1) }, () => none.trace("below", () => undefined));
    all.trace("dropped", { parentSpan: remote(0) }, () => all.trace("below", () => undefined));
    expect(names(none)).toEqual(["kept", "below"]);
    expect(names(all)).toEqual([]);
  });

  it("goes on as it came: id, span, flags and trace state", () => {
    const tracer = dropping();
    for (const flags of ["00", "02"]) {
      const came = {
        traceparent: `00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-${flags}`,
        tracestate: "a=b",
      };
      const gone = tracer.trace("handle", { parentSpan: extract(came) }, () =>
        tracer.trace("call", () => inject({})),
      );
      expect(gone).toEqual(came);
    }
  });

  it("passes on that its id is random", () => {
    const tracer = new InMemoryTracer();
    const headers = tracer.trace("handle", { parentSpan: remote(3) }, () =>
      inject<Record<string, string>>({}),
    );
    expect(headers["traceparent"]).toMatch(/-03$/);
  });
});

describe("what is below a trace that is not recorded", () => {
  it("knows, whatever the work: calls, promises, generators, streams, timers, spans by hand", async () => {
    const tracer = new InMemoryTracer({ sample: sample({ rules: [{ name: "root", ratio: 0 }] }) });
    const work = () => tracer.trace("inner", () => undefined);
    tracer.trace("root", work);
    await tracer.trace("root", async () => {
      await null;
      work();
      await new Promise((resolve) => setTimeout(resolve, 1));
      await tracer.trace("again", async () => work());
    });
    for (const _ of tracer.trace("root", function* () {
      yield 1;
      work();
    }));
    for await (const _ of tracer.trace("root", async function* () {
      await null;
      yield 1;
      work();
    }));
    for await (const _ of await tracer.trace("root", async () =>
      (function* () {
        yield 1;
        work();
      })(),
    ));
    const stream = tracer.trace("root", (span) =>
      span.follow(
        (async function* () {
          yield 1;
          work();
        })(),
      ),
    );
    for await (const _ of stream);
    const node = tracer.trace("root", (span) => span.follow(Readable.from(["a"])));
    for await (const _ of node) void 0;
    const byHand = tracer.startSpan("root");
    tracer.run(byHand, work);
    tracer.trace("inner", { parentSpan: byHand }, work);
    tracer.trace("root", () => tracer.bind(work))();
    byHand.end();
    expect(names(tracer)).toEqual([]);
    expect(tracer.openSpans()).toEqual([]);
    tracer.trace("inner", { parentSpan: null }, () => undefined);
    work();
    expect(names(tracer)).toEqual(["inner", "inner"]);
  });

  it("gives and throws what its functions do", async () => {
    const tracer = dropping();
    const error = new Error("no");
    expect(tracer.trace("a", () => 42)).toBe(42);
    expect(() =>
      tracer.trace("a", () => {
        throw error;
      }),
    ).toThrow(error);
    await expect(
      tracer.trace("a", async () => {
        throw error;
      }),
    ).rejects.toBe(error);
    expect(await tracer.trace("a", async () => 7)).toBe(7);
    const steps = tracer.trace("a", function* (): Generator<number, string, string> {
      return yield 1;
    });
    expect(steps.next()).toEqual({ value: 1, done: false });
    expect(steps.next("yes")).toEqual({ value: "yes", done: true });
  });

  it("has spans that take everything, keep nothing, and say whose trace they are", () => {
    const errors: TracelightError[] = [];
    const tracer = new InMemoryTracer({ sample: 0, onError: (error) => errors.push(error) });
    const span: Span = tracer.startSpan("a", { attributes: { a: 1 } });
    span
      .addAttribute("b", 2)
      .addEvent("c")
      .setStatus("ERROR")
      .recordException(new Error("d"))
      .updateName("e");
    span.addLink({ traceId: span.traceId, spanId: span.spanId });
    span.emitSnapshot();
    span.end();
    const { state, attributes, events, links, spanStatus, parentSpanId, durationMs } = span;
    expect({ state, attributes, events, links, spanStatus, parentSpanId, durationMs }).toEqual({
      ...{ state: "ended", attributes: {}, events: [], links: [], spanStatus: "UNSET", durationMs: 0 },
      parentSpanId: undefined,
    });
    expect(span.traceId).toMatch(/^(?!0{32})[0-9a-f]{32}$/);
    expect(inject({}, span)).toEqual({ traceparent: `00-${span.traceId}-${span.spanId}-02` });
    expect(JSON.parse(JSON.stringify(span))).toMatchObject({ trace_id: span.traceId, span_id: span.spanId });
    expect(tracer.run(span, () => tracer.currentSpan)).toBe(span);
    expect(span.snapshot()).toBe(span);
    expect(errors).toEqual([]);
  });

  it("keeps the context of its tracer", () => {
    const tracer = new InMemoryTracer({ sample: sample({ rules: [{ name: "root", ratio: 0 }] }) });
    const update = { spanAttributes: { a: 1 } };
    tracer.withContext(update, () =>
      tracer.trace("root", () => tracer.trace("other", { parentSpan: null }, () => undefined)),
    );
    expect(tracer.getTraces().map(({ attributes }) => attributes)).toEqual([{ a: 1 }]);
  });

  it("is recorded by a tracer that does not sample, which says that it is of no recorded trace", () => {
    const [sampling, other] = [dropping(), new InMemoryTracer()];
    const headers = sampling.trace("outer", () =>
      other.trace("inner", () => inject<Record<string, string>>({})),
    );
    const [span] = other.getTraces();
    expect(span?.spanName).toBe("inner");
    expect(headers["traceparent"]).toBe(`00-${span?.traceId}-${span?.spanId}-02`);
  });
});

it("every tracer takes the option; what cannot be one is refused with the mend", () => {
  for (const make of [
    () => new StructuredLogsTracer({ sample: 0 }),
    () => new TeeTracer({ sample: 0 }).addTracer(new InMemoryTracer()),
    () => new Tracer({ name: "mine", write: () => expect.unreachable() }, { sample: 0 }),
  ]) {
    make().trace("work", () => undefined);
  }
  for (const bad of [2, -0.1, Number.NaN]) {
    expect(() => new InMemoryTracer({ sample: bad })).toThrow(
      /Option "sample" of InMemoryTracer must be a share/,
    );
    expect(() => sample({ ratio: bad })).toThrow(expect.objectContaining({ code: "INVALID_OPTION" }));
    expect(() => sample({ rules: [{ name: "a", ratio: bad }] })).toThrow(
      /Option "ratio" of a rule of sample/,
    );
  }
  expect(() => sample({ perSecond: -1 })).toThrow(/perSecond/);
  expect(() => sample({ rules: [{ nam: "a" } as never] })).toThrow(/did you mean "name"/);
});
