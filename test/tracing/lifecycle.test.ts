// How a span begins and ends, how a tracer does, and rule 11: ids and times.
import { InMemoryTracer, type Sink, type Span, TeeTracer, type TracelightError, Tracer } from "tracelight";
import { describe, expect, it } from "vitest";
import { sleep, spanNamed } from "./reading.ts";

const micros = (span: Span) => [span.startedAtMicros, span.endedAtMicros ?? Number.NaN] as const;

describe("a span", () => {
  it("runs, ends once, and is then frozen", () => {
    const errors: TracelightError[] = [];
    const tracer = new InMemoryTracer({ onError: (error) => errors.push(error) });
    const span = tracer.startSpan("work").addAttribute("kept", 1);
    expect([span.state, span.endedAt, span.durationMs]).toEqual(["running", undefined, undefined]);
    span.end();
    expect(span.state).toBe("ended");
    const before = JSON.stringify(span);

    span
      .addAttribute("late", 1)
      .addAttributes({ late: 2 }, { inheritable: true })
      .addEvent("late")
      .addLink({ traceId: span.traceId, spanId: span.spanId })
      .updateName("late")
      .setStatus("ERROR", "late")
      .recordException(new Error("late"));
    span.emitSnapshot();
    span.end(new Date(0));

    expect(JSON.stringify(span)).toBe(before);
    expect(tracer.getTraces()).toHaveLength(1);
    expect(new Set(errors.map((error) => error.code))).toEqual(new Set(["SPAN_ENDED"]));
    expect(errors.map((error) => error.message.split(" ")[0])).toEqual([
      ...[
        "addAttribute",
        "addAttribute",
        "addEvent",
        "addLink",
        "updateName",
        "setStatus",
        "recordException",
      ],
    ]);
  });

  it("carries name, kind, events, links, status and scope as given", () => {
    const tracer = new InMemoryTracer();
    const other = tracer.startSpan("other");
    const link = { traceId: other.traceId, spanId: other.spanId, attributes: { why: "retry" } };
    const span = tracer.startSpan("work", {
      ...{ spanKind: "CLIENT", attributes: { a: 1 }, links: [link] },
      ...{ scope: { name: "mine", version: "3" }, resourceAttributes: { "service.name": "S" } },
    });
    span.updateName("better").addEvent("retry", { attempt: 2 }, new Date(5000)).setStatus("OK", "fine");
    expect(span).toMatchObject({
      ...{ spanName: "better", spanKind: "CLIENT", attributes: { a: 1 }, links: [link] },
      ...{ scope: { name: "mine", version: "3" }, resourceAttributes: { "service.name": "S" } },
      events: [{ name: "retry", at: new Date(5000), attributes: { attempt: 2 } }],
      ...{ spanStatus: "OK", statusMessage: "fine" },
    });
  });

  it("captures its scope, so that a later change does not reach it", () => {
    const scope = { name: "before" };
    const span = new InMemoryTracer().startSpan("work", { scope });
    scope.name = "after";
    expect(span.scope).toEqual({ name: "before" });
  });

  it("has a snapshot: a frozen copy of how it is now", () => {
    const tracer = new InMemoryTracer();
    const span = tracer.startSpan("work").addAttribute("n", 1);
    const snapshot = span.snapshot();
    span.addAttribute("n", 2).end();
    snapshot.addAttribute("n", 3).end();
    expect([snapshot.state, snapshot.attributes["n"], snapshot.spanId]).toEqual(["running", 1, span.spanId]);
    expect([span.state, span.attributes["n"]]).toEqual(["ended", 2]);
    expect(tracer.getTraces()).toHaveLength(1);
  });

  it("ends by using", () => {
    const tracer = new InMemoryTracer();
    {
      using span = tracer.startSpan("work");
      expect(span.state).toBe("running");
    }
    expect(spanNamed(tracer.getTraces(), "work").state).toBe("ended");
  });

  it("is among the open ones until it ends, in start order", async () => {
    const tracer = new InMemoryTracer();
    const [a, b, c] = [tracer.startSpan("a"), tracer.startSpan("b"), tracer.startSpan("c")];
    const open = () => tracer.openSpans().map((span) => span.spanName);
    expect(open()).toEqual(["a", "b", "c"]);
    b.end();
    b.end();
    expect(open()).toEqual(["a", "c"]);
    c.end();
    const done = tracer.trace("d", () => sleep(1));
    expect(open()).toEqual(["a", "d"]);
    await done;
    a.end();
    expect(open()).toEqual([]);
  });
});

describe("ids and times", () => {
  it("are lower-case hex that is never all zero, and whole microseconds", () => {
    const tracer = new InMemoryTracer({ memorySize: 10_000 });
    for (let i = 0; i < 2000; i++) tracer.trace("s", () => tracer.startSpan("c").end());
    const spans = tracer.getTraces();
    expect(new Set(spans.map((span) => span.spanId)).size).toBe(4000);
    for (const span of spans) {
      expect(span.traceId).toMatch(/^(?!0+$)[0-9a-f]{32}$/);
      expect(span.spanId).toMatch(/^(?!0+$)[0-9a-f]{16}$/);
      expect(micros(span).every(Number.isSafeInteger)).toBe(true);
      expect(span.startedAt.getTime()).toBe(Math.floor(span.startedAtMicros / 1000));
    }
  });

  it("never have a child start before its parent, whatever was asked for", () => {
    const tracer = new InMemoryTracer();
    const parent = tracer.startSpan("parent", { startedAt: new Date(2_000_000) });
    const asked = tracer.startSpan("child", { parentSpan: parent, startedAt: new Date(1_000_000) });
    const later = tracer.startSpan("later", { parentSpan: parent, startedAt: new Date(3_000_000) });
    expect(asked.startedAtMicros).toBe(parent.startedAtMicros);
    expect(later.startedAtMicros).toBe(3_000_000_000);
    tracer.trace("outer", (outer) => {
      for (let i = 0; i < 1000; i++) {
        const inner = tracer.startSpan("inner");
        expect(inner.startedAtMicros).toBeGreaterThanOrEqual(outer.startedAtMicros);
      }
    });
  });

  it("never have a span end before its start, whatever was asked for", () => {
    const tracer = new InMemoryTracer();
    const span = tracer.startSpan("work", { startedAt: new Date(2000) });
    span.end(new Date(1000));
    expect([span.durationMs, span.endedAtMicros]).toEqual([0, 2_000_000]);
    const given = tracer.startSpan("given", { startedAt: new Date(0) });
    given.end(new Date(1500));
    expect([given.startedAtMicros, given.durationMs]).toEqual([0, 1500]);
  });
});

/** A sink that notes what it is asked. */
class Noting implements Sink {
  readonly name = "noting";
  readonly asked: string[] = [];
  #written = 0;
  write(span: Span): void {
    this.#written++;
    this.asked.push(`write ${span.spanName}`);
  }
  async flush({ timeoutMs }: { timeoutMs: number }) {
    this.asked.push(`flush ${timeoutMs}`);
    return { written: this.#written, pending: 0, dropped: 0, failed: 0, errors: [] };
  }
  async close() {
    this.asked.push("close");
    return { written: this.#written, pending: 0, dropped: 0, failed: 0, errors: [] };
  }
}

describe("a tracer", () => {
  it("flushes its sink within the time it is given, 30 s unless told", async () => {
    const sink = new Noting();
    const tracer = new Tracer(sink);
    tracer.startSpan("a").end();
    expect(await tracer.flush()).toEqual({ written: 1, pending: 0, dropped: 0, failed: 0, errors: [] });
    await tracer.flush({ timeoutMs: 5 });
    expect(sink.asked).toEqual(["write a", "flush 30000", "flush 5"]);
  });

  it("takes any time-out: none at all, Infinity, and what is no time", async () => {
    const sink = new Noting();
    const tracer = new Tracer(sink);
    for (const timeoutMs of [0, Number.POSITIVE_INFINITY, Number.NaN, -1]) {
      expect((await tracer.flush({ timeoutMs })).errors).toEqual([]);
    }
    expect(await Reflect.apply(tracer.flush, tracer, [null])).toMatchObject({ errors: [] });
  });

  it("closes its sink once, however often it is asked", async () => {
    const sink = new Noting();
    const tracer = new Tracer(sink);
    const [first, second] = await Promise.all([tracer.close(), tracer.close()]);
    await tracer[Symbol.asyncDispose]();
    expect(second).toEqual(first);
    expect(sink.asked).toEqual(["close"]);
  });

  it("closes by await using", async () => {
    const sink = new Noting();
    {
      await using tracer = new Tracer(sink);
      tracer.startSpan("a").end();
    }
    expect(sink.asked).toEqual(["write a", "close"]);
  });

  it("reports for sinks that need neither flush nor close", async () => {
    const tracer = new Tracer({ name: "plain", write: () => undefined });
    tracer.startSpan("a").end();
    const report = { written: 1, pending: 0, dropped: 0, failed: 0, errors: [] };
    expect(await tracer.flush()).toEqual(report);
    expect(await tracer.close()).toEqual(report);
  });

  it("drops, counts and reports what ends after it was closed, and does not show its sink what starts", async () => {
    const errors: TracelightError[] = [];
    const seen: string[] = [];
    const tracer = new Tracer(
      { name: "s", write: ({ spanName }) => seen.push(spanName), observe: (_, what) => seen.push(what) },
      { onError: (error) => errors.push(error) },
    );
    const closing = tracer.close();
    expect(tracer.trace("late", () => 42)).toBe(42);
    const later = tracer.startSpan("later");
    await closing;
    later.end();
    expect(await tracer.flush()).toMatchObject({ written: 0, dropped: 2 });
    expect(await tracer.close()).not.toHaveProperty("interrupted");
    expect(seen).toEqual([]);
    expect(errors.map((error) => error.code)).toEqual(["TRACER_CLOSED", "TRACER_CLOSED"]);
    expect(tracer.openSpans()).toEqual([]);
  });

  describe("hands over what has not ended as interrupted", () => {
    it("with what it has by then; its children keep their parent", async () => {
      const tracer = new InMemoryTracer();
      const open = tracer.startSpan("stream", { attributes: { "ai.trace.type": "llm-invocation" } });
      open
        .addAttribute("tenant", "blue", { inheritable: true })
        .addEvent("first token")
        .setStatus("ERROR", "slow");
      tracer.run(open, () => tracer.trace("child", () => undefined));
      expect(await tracer.close()).toEqual({
        ...{ written: 2, pending: 0, dropped: 0, failed: 0, interrupted: 1, errors: [] },
      });
      const [stream, child] = tracer.getTraces({ where: "state in (interrupted, ended)" });
      expect(stream).toMatchObject({ spanName: "stream", state: "interrupted", spanStatus: "ERROR" });
      expect(stream).toMatchObject({ statusMessage: "slow", endedAt: undefined, durationMs: undefined });
      expect(stream?.attributes).toEqual({ "ai.trace.type": "llm-invocation", tenant: "blue" });
      expect(stream?.events.map(({ name }) => name)).toEqual(["first token"]);
      expect([child?.spanName, child?.parentSpan]).toEqual(["child", stream]);
      expect(tracer.openSpans()).toEqual([]);
    });

    it("once: what comes later is reported and changes nothing", async () => {
      const errors: TracelightError[] = [];
      const tracer = new InMemoryTracer({ onError: (error) => errors.push(error) });
      let release = (): void => undefined;
      const work = tracer.trace("work", async (span) => {
        await new Promise<void>((resolve) => (release = resolve));
        span.addAttribute("late", 1);
        return 42;
      });
      const report = await tracer.close();
      release();
      expect(await work).toBe(42);
      expect(tracer.getTraces()).toMatchObject([{ spanName: "work", state: "interrupted", attributes: {} }]);
      expect(errors.map(({ code }) => code)).toEqual(["TRACER_CLOSED", "TRACER_CLOSED"]);
      expect(errors[1]?.message).toBe(
        'end on the span "work" came after its tracer was closed, which had handed it over as interrupted.',
      );
      expect(await tracer.close()).toBe(report);
      expect(await tracer.flush()).toMatchObject({ written: 1, dropped: 0, interrupted: 1 });
    });

    it("through process: what it changes is changed, what it drops is not there", async () => {
      const discarded: string[] = [];
      const written: Span[] = [];
      const sink = {
        name: "s",
        write: (span: Span) => void written.push(span),
        observe: () => undefined,
        discard: (span: Span) => void discarded.push(span.spanId),
      };
      const tracer = new Tracer(sink, {
        process: (draft) => {
          if (draft.state !== "interrupted") return undefined;
          draft.attributes["secret"] = "***";
          return draft.spanName === "dropped" ? false : undefined;
        },
      });
      tracer.startSpan("kept", { attributes: { secret: "password" } });
      const dropped = tracer.startSpan("dropped");
      expect(await tracer.close()).toMatchObject({ written: 1, interrupted: 1 });
      expect(written).toMatchObject([
        { spanName: "kept", state: "interrupted", attributes: { secret: "***" } },
      ]);
      expect(discarded).toEqual([dropped.spanId]);
    });

    it("to all members of a tee, with those of the members themselves", async () => {
      const [first, second] = [new InMemoryTracer(), new InMemoryTracer()];
      const tee = new TeeTracer().addTracer(first).addTracer(second);
      tee.startSpan("of the tee");
      second.startSpan("of a member");
      expect(await tee.close()).toMatchObject({ written: 3, dropped: 0, interrupted: 2 });
      expect(first.getTraces().map(({ spanName }) => spanName)).toEqual(["of the tee"]);
      expect(second.getTraces().map(({ spanName }) => spanName)).toEqual(["of the tee", "of a member"]);
    });

    it("however many: those that nobody holds any more are counted as dropped", async () => {
      const errors: TracelightError[] = [];
      const tracer = new InMemoryTracer({ memorySize: 100_000, onError: (error) => errors.push(error) });
      const held = Array.from({ length: 30_000 }, (_, i) => tracer.startSpan(`held ${i}`));
      for (let i = 0; i < 1000; i++) tracer.startSpan("ended").end();
      held[0]?.end();
      const report = await tracer.close();
      expect(report).toMatchObject({ written: 31_000, dropped: 0, interrupted: 29_999 });
      expect(errors).toEqual([]);
      expect(held.filter(({ state }) => state === "interrupted")).toHaveLength(29_999);
    });
  });

  it("reads what its store finds, after handing over what waits", async () => {
    const sink = Object.assign(new Noting(), { find: () => [] });
    expect(await new Tracer(sink).getTraces({ spanName: "a" })).toEqual([]);
    expect(sink.asked).toEqual(["flush 5000"]);
  });

  it("rejects reads only: of what is no store, and of queries it does not know", async () => {
    const plain = new Tracer({ name: "plain", write: () => undefined });
    await expect(plain.getTraces()).rejects.toMatchObject({
      code: "NOT_A_STORE",
      message: expect.stringMatching(/"plain" keeps no spans/),
    });
    const store = new Tracer({ name: "store", write: () => undefined, find: () => [] } as Sink);
    const typo: unknown = { spanname: "a" };
    await expect(Reflect.apply(store.getTraces, store, [typo])).rejects.toMatchObject({
      code: "INVALID_QUERY",
    });
  });

  it("says at construction what is wrong with its sink or options", () => {
    const sink = { name: "s", write: () => undefined };
    const make = (...args: unknown[]) => Reflect.construct(Tracer, args);
    expect(() => make()).toThrow(expect.objectContaining({ code: "INVALID_OPTION" }));
    expect(() => make({ name: "no write" })).toThrow(/sink.*write method/);
    expect(() => make(sink, { onErorr: () => undefined })).toThrow(/did you mean "onError"/);
    expect(() => make(sink, { process: "redact" })).toThrow(/"process" of Tracer must be a function/);
  });
});

describe("observing", () => {
  it("shows the sink each start, and each snapshot that the app emits", () => {
    const seen: [string, string, unknown][] = [];
    const tracer = new Tracer({
      name: "s",
      write: (span) => seen.push(["write", span.state, span.attributes["n"]]),
      observe: (span, what) => seen.push([what, span.state, span.attributes["n"]]),
    });
    tracer.trace("work", { attributes: { n: 0 } }, (span) => {
      span.addAttribute("n", 1).emitSnapshot();
      span.addAttribute("n", 2);
    });
    expect(seen).toEqual([
      ["start", "running", 0],
      ["snapshot", "running", 1],
      ["write", "ended", 2],
    ]);
  });

  it("gives at the start the span that lives: its snapshot() shows how it is later", () => {
    const started: Span[] = [];
    const tracer = new Tracer({ name: "s", write: () => undefined, observe: (span) => started.push(span) });
    const span = tracer.startSpan("work");
    span.addAttribute("n", 1);
    expect(started[0]?.snapshot().attributes).toEqual({ n: 1 });
  });
});
