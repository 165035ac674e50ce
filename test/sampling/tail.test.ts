// Tail sampling: whole traces, once it is known how they went; bounded, counted, and never split.
import fc from "fast-check";
import {
  InMemoryTracer,
  loadPrices,
  type Process,
  type Sink,
  type Span,
  type Store,
  TeeTracer,
  type TracelightError,
  Tracer,
} from "tracelight";
import { otlpReceiver } from "tracelight/otlp";
import {
  costsMore,
  failed,
  type Keep,
  slowerThan,
  type TailOptions,
  tailSampling,
  where,
} from "tracelight/sampling";
import { afterEach, describe, expect, it } from "vitest";
import { adjustedCountOf } from "../../src/model/probability.ts";
import { steadyClock } from "../../src/model/timers.ts";

const realClock = steadyClock.now;
afterEach(() => {
  steadyClock.now = realClock;
});

/** A tracer with tail sampling, and what came through. */
function sampling(options: TailOptions, more: Partial<Sink> = {}) {
  const written: Span[] = [];
  const errors: TracelightError[] = [];
  const sink: Sink = { name: "kept", write: (span) => void written.push(span), ...more };
  const tracer = new Tracer(tailSampling(sink, options), { onError: (error) => errors.push(error) });
  return { tracer, written, errors, names: () => written.map(({ spanName }) => spanName) };
}

const fail = (span: Span) => void span.setStatus("ERROR");
const at = (ms: number) => new Date(Date.UTC(2026, 0, 1) + ms);

describe("a trace that is done", () => {
  it("goes on whole where a condition holds for one of its spans, else not at all", () => {
    const { tracer, names } = sampling({ keep: [failed] });
    tracer.trace("fine", () => tracer.trace("child", () => undefined));
    tracer.trace("faulty", () => {
      tracer.trace("before", () => undefined);
      tracer.trace("child", fail);
      tracer.trace("after", () => undefined);
    });
    expect(names()).toEqual(["before", "child", "after", "faulty"]);
  });

  it("waits for spans that outlive its root", () => {
    const { tracer, names } = sampling({ keep: [failed] });
    const late = tracer.trace("root", () => tracer.startSpan("late"));
    tracer.trace("other", () => undefined);
    expect(names()).toEqual([]);
    fail(late);
    late.end();
    expect(names()).toEqual(["root", "late"]);
  });

  it("is kept as one of the share, by its id, and its spans say so", async () => {
    const { tracer, written } = sampling({ keep: [failed], share: 0.25 });
    for (let i = 0; i < 2000; i++)
      tracer.trace("turn", () => tracer.trace("child", (span) => void (i % 100 === 0 && fail(span))));
    const counted = written.map(({ traceId, traceState }) => adjustedCountOf(traceId, traceState));
    expect(new Set(counted)).toEqual(new Set([1, 4]));
    expect(counted.filter((count) => count === 1)).toHaveLength(40);
    const sum = counted.reduce((all, count) => all + count, 0);
    expect(sum).toBeGreaterThan(2800);
    expect(sum).toBeLessThan(5200);
    const report = await tracer.flush();
    expect(report.written).toBe(written.length);
    expect(report.unsampled).toEqual({ share: 4000 - written.length });
  });

  it("has the share of both, where its head was sampled too", async () => {
    const store = new InMemoryTracer({ maxSpans: 100_000 });
    const tracer = new Tracer(tailSampling(store, { share: 0.5 }), { sample: 0.5 });
    for (let i = 0; i < 2000; i++) tracer.trace("turn", () => undefined);
    const spans = store.getTraces();
    expect(new Set(spans.map(({ traceState }) => traceState))).toEqual(new Set(["ot=th:c"]));
    const { total } = await store.tally();
    expect(total.spans).toBe(spans.length * 4);
    expect(total.kept).toEqual({ spans: spans.length, traces: spans.length });
  });

  it("leaves the span of others as it was", () => {
    const [all, some] = [new InMemoryTracer(), new InMemoryTracer()];
    const tee = new TeeTracer()
      .addTracer(new Tracer(tailSampling(some, { share: 1 / 2 ** 10 })))
      .addTracer(all);
    for (let i = 0; i < 1000; i++) tee.trace("turn", () => undefined);
    expect(all.getTraces().every(({ traceState }) => traceState === undefined)).toBe(true);
  });
});

describe("conditions", () => {
  it("slowerThan: the trace took longer than that", () => {
    const { tracer, names } = sampling({ keep: [slowerThan("5s"), slowerThan(60_000)] });
    for (const ms of [4999, 5000, 5001]) tracer.startSpan(`${ms}`, { startedAt: at(0) }).end(at(ms));
    expect(names()).toEqual(["5001"]);
    for (const bad of ["5", "soon", -1, Number.NaN])
      expect(() => slowerThan(bad)).toThrow(expect.objectContaining({ code: "INVALID_OPTION" }));
  });

  it("where: a filter as of `ls --where`", () => {
    const { tracer, names } = sampling({ keep: [where('ai.tool.name = "pay" and duration >= 0s')] });
    tracer.trace("a", () => tracer.trace("pay", { attributes: { "ai.tool.name": "pay" } }, () => undefined));
    tracer.trace("b", { attributes: { "ai.tool.name": "look" } }, () => undefined);
    expect(names()).toEqual(["pay", "a"]);
    expect(() => where("ai.tool.name =")).toThrow(expect.objectContaining({ code: "INVALID_QUERY" }));
  });

  it("costsMore: what its calls cost together, each once", () => {
    const prices = loadPrices({ models: { m: { input: 10, output: 10 } } });
    const { tracer, names } = sampling({ keep: [costsMore(0.1, { prices })] });
    const call = (name: string, inputTokens: number, inside: () => void = () => undefined) =>
      tracer.trace(
        name,
        {
          attributes: {
            "gen_ai.operation.name": "chat",
            "gen_ai.request.model": "m",
            "gen_ai.usage.input_tokens": inputTokens,
          },
        },
        inside,
      );
    tracer.trace("cheap", () => call("one", 9000));
    tracer.trace("twice", () => call("library", 9000, () => call("client", 9000)));
    tracer.trace("dear", () => {
      call("first", 6000);
      call("second", 6000);
    });
    expect(names()).toEqual(["first", "second", "dear"]);
    expect(() => costsMore(-1, { prices })).toThrow(/at least 0/);
  });

  it("that hold for some of the traces only: the largest share counts", () => {
    const never: Keep = () => false;
    const { tracer, written } = sampling({
      keep: [never, { when: failed, share: 0.5 }, { when: where('name = "b"'), share: 0.25 }],
    });
    for (let i = 0; i < 500; i++) {
      tracer.trace("a", fail);
      tracer.trace("b", () => undefined);
      tracer.trace("b", fail);
      tracer.trace("c", () => undefined);
    }
    const states = (name: string, status: string) => [
      ...new Set(
        written
          .filter(({ spanName, spanStatus }) => spanName === name && spanStatus === status)
          .map(({ traceState }) => traceState),
      ),
    ];
    expect(states("a", "ERROR")).toEqual(["ot=th:8"]);
    expect(states("b", "ERROR")).toEqual(["ot=th:8"]);
    expect(states("b", "UNSET")).toEqual(["ot=th:c"]);
    expect(states("c", "UNSET")).toEqual([]);
  });

  it("that fail keep the trace, and are told", () => {
    const { tracer, names, errors } = sampling({
      keep: [
        () => {
          throw new Error("no");
        },
      ],
    });
    tracer.trace("work", () => undefined);
    expect(names()).toEqual(["work"]);
    expect(errors.map(({ code }) => code)).toEqual(["SAMPLE_FAILED"]);
  });

  it("a rate keeps about so many a second", () => {
    let now = 1e6;
    steadyClock.now = () => now;
    const { tracer, written } = sampling({ perSecond: 10 });
    for (let i = 0; i < 20_000; i++, now++) tracer.trace("turn", () => undefined);
    expect(written.length).toBeLessThan(800);
    expect(written.length).toBeGreaterThan(80);
  });
});

describe("a trace that cannot be waited for", () => {
  it("is decided by what is known when it is too old, and what comes later goes the same way", () => {
    let now = 1e6;
    steadyClock.now = () => now;
    const { tracer, names } = sampling({ keep: [failed], maxWaitMs: 1000 });
    const [one, other] = [tracer.startSpan("never ends"), tracer.startSpan("will fail")];
    tracer.trace("child", { parentSpan: one }, () => undefined);
    now += 1001;
    tracer.trace("tick", () => undefined);
    fail(other);
    for (const span of [one, other]) span.end();
    tracer.trace("later", { parentSpan: other }, fail);
    expect(names()).toEqual([]);
    expect(tracer.openSpans()).toEqual([]);
  });

  it("makes room for others where it is long: it alone is decided early", async () => {
    const { tracer, names } = sampling({ keep: [failed], maxSpans: 100 });
    const [small, long] = [tracer.startSpan("small"), tracer.startSpan("long")];
    tracer.trace("child", { parentSpan: small }, () => undefined);
    for (let i = 0; i < 500; i++) tracer.trace("step", { parentSpan: long }, () => undefined);
    fail(long);
    long.end();
    fail(small);
    small.end();
    expect(names()).toEqual(["child", "small"]);
    const { unsampled } = await tracer.flush();
    expect((unsampled?.long ?? 0) + (unsampled?.late ?? 0)).toBe(501);
    expect(unsampled?.long).toBeLessThanOrEqual(100);
  });

  it("is measured in bytes too", async () => {
    const { tracer } = sampling({ maxBytes: 1_000_000 });
    const long = tracer.startSpan("long");
    for (let i = 0; i < 50; i++)
      tracer.trace("step", { parentSpan: long, attributes: { text: "x".repeat(100_000) } }, () => undefined);
    const { unsampled } = await tracer.flush();
    expect(unsampled?.long).toBeGreaterThan(0);
    expect(unsampled?.long).toBeLessThanOrEqual(11);
  });

  it("is not long for a history that each of its model calls gives: that is in memory once", async () => {
    const { tracer, names } = sampling({ keep: [failed], maxBytes: 1_000_000 });
    const turn = tracer.startSpan("turn");
    const messages: object[] = [];
    for (let i = 0; i < 100; i++) {
      messages.push({ role: "user", content: "x".repeat(2000) });
      const attributes = { "ai.llm.request.messages": messages };
      tracer.trace("call", { parentSpan: turn, attributes }, () => undefined);
    }
    fail(turn);
    turn.end();
    await tracer.flush();
    expect(names()).toHaveLength(101);
  });

  it("goes on in slices where it is kept, and in its order", async () => {
    const { tracer, written } = sampling({ keep: [where('name = "root"')] });
    const root = tracer.startSpan("root");
    for (let i = 0; i < 3000; i++) tracer.trace(`${i}`, { parentSpan: root }, () => undefined);
    root.end();
    expect(written).toHaveLength(0);
    tracer.trace("late", { parentSpan: root }, () => undefined);
    await tracer.flush();
    expect(written.map(({ spanName }) => spanName)).toEqual(
      [...Array(3000).keys(), "root", "late"].map(String),
    );
  });
});

describe("the end", () => {
  it("flush and close decide what waits; what never ended is interrupted", async () => {
    const { tracer, names, written } = sampling({ keep: [failed], share: 0 });
    const faulty = tracer.startSpan("faulty");
    tracer.trace("child", { parentSpan: faulty }, fail);
    const open = tracer.startSpan("open");
    tracer.trace("fine", { parentSpan: open }, () => undefined);
    expect(await tracer.flush()).toMatchObject({ written: 1, pending: 0, unsampled: { flush: 1 } });
    const report = await tracer.close();
    expect(report).toMatchObject({ written: 2, pending: 0, dropped: 0, failed: 0, interrupted: 2 });
    expect(report.unsampled).toEqual({ flush: 1, late: 1 });
    expect(names()).toEqual(["child", "faulty"]);
    expect(written[1]?.state).toBe("interrupted");
  });

  it("a read shows what was decided, and decides nothing", async () => {
    const tracer = new Tracer(tailSampling(new InMemoryTracer(), { keep: [failed] }));
    const open = tracer.startSpan("open");
    tracer.trace("child", { parentSpan: open }, () => undefined);
    tracer.trace("faulty", fail);
    const names = async () => (await tracer.getTraces()).map(({ spanName }) => spanName);
    expect(await names()).toEqual(["faulty"]);
    fail(open);
    open.end();
    expect(await names()).toEqual(["open", "child", "faulty"]);
    expect((await tracer.summaries()).rows).toHaveLength(2);
  });

  it("a sink that cannot be read says so", async () => {
    const { tracer } = sampling({});
    await expect(async () => tracer.getTraces()).rejects.toMatchObject({ code: "NOT_A_STORE" });
  });
});

describe("the sink behind", () => {
  it("sees what runs, and is told of what it will not get", () => {
    const seen: string[] = [];
    const { tracer } = sampling(
      { keep: [failed] },
      {
        observe: (span, what) => void seen.push(`${what} ${span.spanName}`),
        discard: (span) => void seen.push(`discard ${span.spanId}`),
        write: (span) => void seen.push(`write ${span.spanName}`),
      },
    );
    tracer.trace("faulty", (span) => {
      span.emitSnapshot();
      fail(span);
    });
    const id = tracer.trace("fine", (span) => span.spanId);
    expect(seen).toEqual(["start faulty", "snapshot faulty", "write faulty", "start fine", `discard ${id}`]);
  });

  it("may be a tracer: its process and its faults are its own", async () => {
    const process: Process = ({ attributes }) => {
      attributes["seen"] = true;
    };
    const store = new InMemoryTracer({ process });
    const tracer = new Tracer(tailSampling(store, { share: 1 }));
    tracer.trace("work", () => undefined);
    expect(store.getTraces()[0]?.attributes).toEqual({ seen: true });
    await tracer.close();
  });

  it("that fails is counted and told to the tracer", async () => {
    const { tracer, errors } = sampling(
      { share: 1 },
      {
        write: () => {
          throw new Error("full");
        },
      },
    );
    tracer.trace("work", () => undefined);
    expect(await tracer.flush()).toMatchObject({ written: 0, failed: 1, pending: 0 });
    expect(errors.map(({ code }) => code)).toEqual(["SINK_FAILED"]);
  });

  it("what process keeps from all is no part of a trace", () => {
    const written: string[] = [];
    const sink: Sink = { name: "kept", write: ({ spanName }) => void written.push(spanName) };
    const tracer = new Tracer(tailSampling(sink, { keep: [failed] }), {
      process: ({ spanName, state }) => (spanName === "secret" && state !== "running" ? false : undefined),
    });
    tracer.trace("root", (span) => {
      tracer.trace("secret", () => undefined);
      fail(span);
    });
    tracer.trace("secret", fail);
    expect(written).toEqual(["root"]);
  });

  it("has its store's own ways, and no others", async () => {
    const spans: Span[] = [];
    const store: Store = { name: "mine", write: (span) => void spans.push(span), find: () => spans };
    const tracer = new Tracer(tailSampling(store, { share: 1 }));
    tracer.trace("work", () => undefined);
    expect((await tracer.getTraces()).map(({ spanName }) => spanName)).toEqual(["work"]);
    const tee = new TeeTracer().addTracer(tracer);
    expect(await tee.getTraces()).toHaveLength(1);
  });
});

it("behind a receiver a request decides no trace whose root has not come, and none before all of the request is read", async () => {
  const store = new InMemoryTracer();
  const receive = otlpReceiver(new Tracer(tailSampling(store, { keep: [failed] })));
  const id = (n: number, digits: number) => n.toString(16).padStart(digits, "0");
  const span = (trace: number, n: number, more: object) => ({
    ...{ traceId: id(trace, 32), spanId: id(n, 16), name: `${trace}.${n}` },
    ...{ startTimeUnixNano: "1767225600000000000", endTimeUnixNano: "1767225600000000001", ...more },
  });
  const send = async (...spans: object[]) => {
    const body = JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans }] }] });
    const headers = { "content-type": "application/json" };
    const response = await receive(
      new Request("http://localhost/v1/traces", { method: "POST", headers, body }),
    );
    expect([response.status, await response.json()]).toEqual([200, {}]);
  };
  const below = { parentSpanId: id(1, 16) };
  const faulty = { ...below, status: { code: 2 } };
  await send(span(1, 2, below), span(2, 1, {}), span(2, 2, faulty), span(3, 2, below));
  await send(span(1, 3, faulty), span(3, 1, {}), span(4, 2, below));
  await send(span(1, 1, {}), span(3, 3, faulty));
  const names = store.getTraces().map(({ spanName }) => spanName);
  expect(names.sort()).toEqual(["1.1", "1.2", "1.3", "2.1", "2.2"]);
});

it("whatever comes in whatever order: no trace is split, the counts add up, and the bounds hold", async () => {
  const step = fc.tuple(
    fc.nat(7),
    fc.constantFrom("start", "end", "end", "fail", "tick", "flush", "discard"),
  );
  const steps = fc.array(step, { minLength: 20, maxLength: 200 });
  const options = fc.record({ maxSpans: fc.integer({ min: 1, max: 30 }), share: fc.constantFrom(0, 0.5, 1) });
  await fc.assert(
    fc.asyncProperty(steps, options, async (all, bounds) => {
      let now = 1e6;
      steadyClock.now = () => now;
      const written: Span[] = [];
      const sink: Sink = { name: "kept", write: (span) => void written.push(span) };
      const tail = tailSampling(sink, { keep: [failed], maxWaitMs: 1000, ...bounds });
      const tracer = new Tracer(tail, {
        process: ({ spanName, state }) => (spanName === "secret" && state === "ended" ? false : undefined),
      });
      const roots = Array.from({ length: 8 }, (_, i) => tracer.startSpan(`root ${i}`));
      const open = roots.map((root) => [root]);
      let ended = 0;
      for (const [which, what] of all) {
        const [root, own] = [roots[which], open[which]];
        if (root === undefined || own === undefined) continue;
        if (what === "start") own.push(tracer.startSpan("child", { parentSpan: root }));
        if (what === "discard") tracer.trace("secret", { parentSpan: root }, () => undefined);
        if (what === "tick") now += 300;
        if (what === "flush") await tracer.flush();
        const span = what === "end" || what === "fail" ? own.pop() : undefined;
        if (span === undefined) continue;
        if (what === "fail") fail(span);
        span.end();
        ended++;
        expect(tail.report?.().pending).toBeLessThanOrEqual(bounds.maxSpans);
      }
      const left = open.flat().length;
      const report = await tracer.close();
      const dropped = Object.values(report.unsampled ?? {}).reduce((sum, count) => sum + count, 0);
      expect(report.written).toBe(written.length);
      expect(report.written + dropped).toBe(ended + left);
      const keptTraces = new Set(written.map(({ traceId }) => traceId));
      for (const [i, root] of roots.entries()) {
        const wanted = all.filter(([which, what]) => which === i && what === "start").length + 1;
        const got = written.filter(({ traceId }) => traceId === root.traceId).length;
        expect(got).toBe(keptTraces.has(root.traceId) ? wanted : 0);
      }
    }),
  );
});

it("many spans in one turn of the event loop send a few each, and what waits to be sent keeps to the bounds", async () => {
  let written = 0;
  const sink: Sink = { name: "kept", write: () => void written++ };
  const tail = tailSampling(sink, { share: 1, maxSpans: 1000 });
  const tracer = new Tracer(tail);
  const root = tracer.startSpan("root");
  for (let i = 0; i < 5000; i++) {
    const before = written;
    tracer.trace("child", { parentSpan: root }, () => undefined);
    expect(written - before).toBeLessThanOrEqual(8);
    expect(tail.report?.().pending).toBeLessThanOrEqual(1000);
  }
  root.end();
  expect(await tracer.close()).toMatchObject({ written: 5001, pending: 0 });
  expect(written).toBe(5001);
});

it("what cannot be meant is refused, with the mend", () => {
  const sink: Sink = { name: "kept", write: () => undefined };
  const refused = (make: () => unknown, words: RegExp) => {
    expect(make).toThrow(words);
    expect(make).toThrow(expect.objectContaining({ code: "INVALID_OPTION" }));
  };
  refused(() => tailSampling({} as never), /must be a sink with a write method, or a tracer/);
  refused(() => tailSampling(sink, { share: 2 }), /a number from 0 to 1, not 2/);
  refused(() => tailSampling(sink, { keep: ["failed" as never] }), /a list of conditions/);
  refused(() => tailSampling(sink, { keep: [{ when: failed, share: -1 }] }), /a rule of tailSampling/);
  refused(() => tailSampling(sink, { keep: [{ share: 1 } as never] }), /needs the option "when"/);
  refused(() => tailSampling(sink, { maxSpan: 1 } as never), /did you mean "maxSpans"/);
});
