// registerTracer: OpenTelemetry's API on a Tracelight tracer, and both sides nested in each other.
import { EventEmitter } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import {
  context,
  createContextKey,
  createTraceState,
  INVALID_SPAN_CONTEXT,
  propagation,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
} from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { isTracingSuppressed, suppressTracing } from "@opentelemetry/core";
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from "@opentelemetry/sdk-trace-base";
import { type DeliveryReport, InMemoryTracer, NoopTracer, type Span, TeeTracer, Tracer } from "tracelight";
import { registerTracer } from "tracelight/otel";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { plainFields } from "../../src/model/span-fields.ts";
import { disableAll, treeOf } from "./support.ts";

const REMOTE = { traceId: "0af7651916cd43dd8448eb211c80319c", spanId: "b7ad6b7169203331", traceFlags: 1 };

let tracer: InMemoryTracer;
let undo: () => void;

beforeEach(() => {
  tracer = new InMemoryTracer();
  undo = registerTracer(tracer);
});
afterEach(() => {
  undo();
  disableAll();
});

const library = () => trace.getTracer("a library", "1.2.3");
const only = (): Span => {
  const spans = tracer.getTraces();
  expect(spans).toHaveLength(1);
  return spans[0] ?? expect.fail("no span");
};
const named = (name: string): Span =>
  tracer.getTraces().find((span) => span.spanName === name) ?? expect.fail(`no span ${name}`);

describe("spans of both sides nest", () => {
  it("theirs below ours below theirs, across await", async () => {
    await tracer.trace("turn", async () => {
      await sleep(1);
      await library().startActiveSpan("request", async (request) => {
        await sleep(1);
        tracer.trace("ours inside", () => library().startSpan("innermost").end());
        request.end();
      });
    });
    expect(treeOf(tracer.getTraces())).toEqual({
      turn: "-",
      request: "turn",
      "ours inside": "request",
      innermost: "ours inside",
    });
    expect(new Set(tracer.getTraces().map(({ traceId }) => traceId)).size).toBe(1);
  });

  it("with what is inheritable and what withContext says", () => {
    tracer.withContext({ resourceAttributes: { "service.name": "MyAgent" } }, () => {
      tracer.trace("turn", (turn) => {
        turn.addAttribute("ai.conversation.id", "c-1", { inheritable: true });
        library().startActiveSpan("request", (request) => {
          context.with(context.active().setValue(createContextKey("a key"), 1), () =>
            tracer.trace("inside", () => undefined),
          );
          request.end();
        });
        context.with(ROOT_CONTEXT, () => library().startSpan("alone").end());
      });
    });
    for (const name of ["request", "inside"])
      expect(named(name).attributes["ai.conversation.id"]).toBe("c-1");
    expect(named("alone").parentSpanId).toBeUndefined();
    for (const span of tracer.getTraces())
      expect(span.resourceAttributes).toEqual({ "service.name": "MyAgent" });
  });

  it("in every step of a generator that is traced, and not between the steps", () => {
    const steps = tracer.trace("stream", function* () {
      library().startSpan("first").end();
      yield 1;
      library().startSpan("second").end();
    });
    steps.next();
    library().startSpan("between").end();
    steps.next();
    expect(treeOf(tracer.getTraces())).toEqual({
      stream: "-",
      first: "stream",
      second: "stream",
      between: "-",
    });
  });

  it("the active span of one is the active span of the other", () => {
    tracer.trace("ours", (ours) => {
      const active = trace.getActiveSpan();
      expect(active?.spanContext()).toEqual({ traceId: ours.traceId, spanId: ours.spanId, traceFlags: 1 });
      active?.setAttribute("from", "their API");
      expect(ours.attributes["from"]).toBe("their API");
      expect(trace.getActiveSpan()).toBe(active);
    });
    library().startActiveSpan("theirs", (theirs) => {
      expect(tracer.currentSpan?.spanId).toBe(theirs.spanContext().spanId);
      expect(trace.getActiveSpan()).toBe(theirs);
      theirs.end();
    });
    expect(context.active()).toBe(ROOT_CONTEXT);
  });

  it("run, bind and null mean the same to both", () => {
    const span = tracer.startSpan("by hand");
    tracer.run(span, () => library().startSpan("below").end());
    tracer.run(span, () => tracer.run(null, () => library().startSpan("alone").end()));
    const bound = tracer.run(span, () => tracer.bind(() => library().startSpan("bound").end()));
    bound();
    span.end();
    expect(treeOf(tracer.getTraces())).toEqual({
      "by hand": "-",
      below: "by hand",
      alone: "-",
      bound: "by hand",
    });
  });

  it("values of their context go through our spans", () => {
    const key = createContextKey("a library's own");
    context.with(context.active().setValue(key, "kept"), () =>
      tracer.trace("ours", () => {
        expect(context.active().getValue(key)).toBe("kept");
        expect(context.active().deleteValue(key).getValue(key)).toBeUndefined();
        tracer.run(null, () => expect(context.active().getValue(key)).toBe("kept"));
        tracer.withContext({}, () => expect(context.active().getValue(key)).toBe("kept"));
      }),
    );
  });
});

describe("parents that are not ours", () => {
  it.each([
    ["their API", () => library().startSpan("child").end()],
    ["ours", () => tracer.trace("child", () => undefined)],
  ])("a span of another process, for spans by %s", (_name, start) => {
    const traceState = createTraceState("vendor=1");
    context.with(trace.setSpanContext(ROOT_CONTEXT, { ...REMOTE, traceState, isRemote: true }), () => {
      expect(tracer.currentSpan).toBeUndefined();
      start();
    });
    expect(plainFields(only())).toMatchObject({
      traceId: REMOTE.traceId,
      parentSpanId: REMOTE.spanId,
      traceState: "vendor=1",
    });
  });

  it("also one that was not sampled, which is passed on; the trace state goes on", () => {
    const traceState = createTraceState("vendor=1");
    const above = trace.setSpan(
      ROOT_CONTEXT,
      trace.wrapSpanContext({ ...REMOTE, traceFlags: 0, traceState }),
    );
    const span = library().startSpan("child", {}, above);
    expect(span.isRecording()).toBe(true);
    expect(span.spanContext()).toMatchObject({ traceId: REMOTE.traceId, traceFlags: 0 });
    expect(span.spanContext().traceState?.serialize()).toBe("vendor=1");
    expect(span.spanContext().traceState?.get("vendor")).toBe("1");
  });

  it("one without valid ids is none", () => {
    library()
      .startSpan("root", {}, trace.setSpan(ROOT_CONTEXT, trace.wrapSpanContext(INVALID_SPAN_CONTEXT)))
      .end();
    expect(only().parentSpanId).toBeUndefined();
  });
});

it("a filter by scope keeps all of ours and none of a library's, wherever they nest", () => {
  tracer.setContext({ scope: { name: "my-agent", version: "2" } });
  tracer.trace("turn", () =>
    library().startActiveSpan("request", (request) => {
      tracer.trace("parse", (parse) => parse.addAttribute("chunks", 3, { inheritable: true }));
      request.setAttribute("theirs", true);
      tracer.startSpan("retry").end();
      request.end();
    }),
  );
  const namesOf = (where: string) => tracer.getTraces({ where }).map((span) => span.spanName);
  expect(namesOf('scope.name = "my-agent"')).toEqual(["turn", "parse", "retry"]);
  expect(namesOf('scope.name = "a library"')).toEqual(["request"]);
  expect(named("parse").scope).toEqual({ name: "my-agent", version: "2" });
});

describe("all of the API's span", () => {
  it("name, kind, attributes, links, scope", () => {
    const link = {
      context: { ...REMOTE, traceState: createTraceState("a=b") },
      attributes: { why: "retry" },
    };
    const tracerOfLibrary = trace
      .getTracerProvider()
      .getTracer("a library", "1.2.3", { schemaUrl: "https://example.com/1" });
    const span = tracerOfLibrary.startSpan("before", {
      kind: SpanKind.CLIENT,
      attributes: { text: "a", list: [1, 2], nothing: undefined },
      links: [link],
    });
    span.updateName("after").setAttribute("flag", true).setAttributes({ number: 1.5 });
    span
      .addLink({ context: { traceId: REMOTE.traceId, spanId: "00f067aa0ba902b7", traceFlags: 0 } })
      .addLinks([]);
    span.end();
    expect(plainFields(only())).toMatchObject({
      spanName: "after",
      spanKind: "CLIENT",
      attributes: { text: "a", list: [1, 2], flag: true, number: 1.5 },
      scope: { name: "a library", version: "1.2.3" },
      otlp: { scope: { schemaUrl: "https://example.com/1" } },
      links: [
        {
          traceId: REMOTE.traceId,
          spanId: REMOTE.spanId,
          traceState: "a=b",
          flags: 1,
          attributes: { why: "retry" },
        },
        { traceId: REMOTE.traceId, spanId: "00f067aa0ba902b7", flags: 0 },
      ],
    });
    expect(only().attributes).not.toHaveProperty("nothing");
  });

  it("what is of the wrong type is left out, and never thrown back", () => {
    const wrong: unknown[] = ["span", { kind: 99, links: [{}, null], attributes: 5, startTime: undefined }];
    const span: ReturnType<ReturnType<typeof library>["startSpan"]> = Reflect.apply(
      library().startSpan,
      library(),
      wrong,
    );
    Reflect.apply(span.addLink, span, [undefined]);
    for (const links of [undefined, {}, 5]) {
      Reflect.apply(span.addLinks, span, [links]);
      expect(Reflect.apply(library().startSpan, library(), ["links", { links }])).toBeDefined();
    }
    Reflect.apply(span.setStatus, span, [undefined]);
    Reflect.apply(span.setAttributes, span, [null]);
    Reflect.apply(span.recordException, span, [undefined]);
    Reflect.apply(span.addEvent, span, ["event", null]);
    Reflect.apply(span.end, span, [null]);
    expect([only().spanKind, only().spanStatus]).toEqual(["INTERNAL", "UNSET"]);
    expect(only().links).toEqual([]);
    expect(Reflect.apply(context.with, context, [undefined, () => trace.getActiveSpan()])).toBeUndefined();
  });

  it("events, with attributes, a time, or both", () => {
    const span = library().startSpan("span");
    span
      .addEvent("plain")
      .addEvent("told", { n: 1 }, [1_700_000_000, 123_456_789])
      .addEvent("at", 1_700_000_000_500);
    span.end();
    const [plain, told, at] = only().events;
    expect(plain).toMatchObject({ name: "plain" });
    expect(told).toMatchObject({ name: "told", attributes: { n: 1 }, atMicros: 1_700_000_000_123_456 });
    expect(at?.at).toEqual(new Date(1_700_000_000_500));
  });

  it("exceptions are events, and change no status", () => {
    const span = library().startSpan("span");
    span.recordException(new RangeError("too far"));
    span.recordException("just a text");
    span.end();
    const [first, second] = only().events;
    expect(first).toMatchObject({
      name: "exception",
      attributes: { "exception.type": "RangeError", "exception.message": "too far" },
    });
    expect(first?.attributes?.["exception.stacktrace"]).toContain("RangeError: too far");
    expect(second?.attributes).toEqual({ "exception.message": "just a text" });
    expect(only().spanStatus).toBe("UNSET");
  });

  it("an exception that is an abort is no error, whether its status is set before or after", () => {
    const abort = new DOMException("stopped", "AbortError");
    const failed = { code: SpanStatusCode.ERROR, message: "stopped" };
    const before = library().startSpan("before").setStatus(failed);
    before.recordException(abort);
    before.end();
    const after = library().startSpan("after");
    after.recordException({ name: "AbortError", message: "stopped" });
    after.setStatus(failed).end();
    const later = library().startSpan("later");
    later.recordException(abort);
    later.recordException(new Error("no disk"));
    later.setStatus({ code: SpanStatusCode.ERROR, message: "no disk" }).end();
    expect(tracer.getTraces().map((span) => [span.spanName, span.spanStatus, span.events.length])).toEqual([
      ["before", "UNSET", 1],
      ["after", "UNSET", 1],
      ["later", "ERROR", 2],
    ]);
    expect(tracer.getTraces()[0]?.attributes).toEqual({ "ai.conversation.aborted": true });
  });

  it("status: an error may become OK, OK is final, UNSET is no news", () => {
    const span = library().startSpan("span");
    span
      .setStatus({ code: SpanStatusCode.ERROR, message: "broken" })
      .setStatus({ code: SpanStatusCode.UNSET });
    const current = tracer.openSpans()[0];
    expect([current?.spanStatus, current?.statusMessage]).toEqual(["ERROR", "broken"]);
    span
      .setStatus({ code: SpanStatusCode.OK, message: "left out" })
      .setStatus({ code: SpanStatusCode.ERROR });
    span.end();
    expect([only().spanStatus, only().statusMessage]).toEqual(["OK", undefined]);
  });

  it("after its end it takes nothing and is not recording; a second end changes nothing", () => {
    const span = library().startSpan("span");
    expect(span.isRecording()).toBe(true);
    span.end();
    span
      .setAttribute("late", 1)
      .addEvent("late")
      .updateName("late")
      .setStatus({ code: SpanStatusCode.ERROR })
      .end();
    expect(span.isRecording()).toBe(false);
    expect(plainFields(only())).toMatchObject({
      spanName: "span",
      attributes: {},
      events: [],
      spanStatus: "UNSET",
    });
  });

  it.each([
    ["a Date", new Date(1_700_000_000_250), 1_700_000_000_250_000],
    ["seconds and nanoseconds", [1_700_000_000, 250_999] as [number, number], 1_700_000_000_000_250],
    ["milliseconds", 1_700_000_000_250.5, 1_700_000_000_250_500],
  ])("explicit times: %s", (_name, time, micros) => {
    library().startSpan("span", { startTime: time }).end(time);
    expect([only().startedAtMicros, only().endedAtMicros]).toEqual([micros, micros]);
  });

  it("explicit times of performance.now()", () => {
    const before = Date.now();
    const steady = performance.now();
    const after = Date.now();
    library()
      .startSpan("span", { startTime: steady })
      .end(steady + 0.5);
    // The two clocks go apart in the life of a process; a minute is room for any correction of a machine's.
    expect(only().startedAtMicros / 1000).toBeGreaterThan(before - 60_000);
    expect(only().startedAtMicros / 1000).toBeLessThan(after + 60_000);
    expect(only().durationMs).toBeGreaterThanOrEqual(0);
  });

  it("a time that is none is left out and told", () => {
    const faults: string[] = [];
    undo();
    const told = new InMemoryTracer({ onError: (error) => faults.push(error.code) });
    undo = registerTracer(told);
    library()
      .startSpan("span", { startTime: new Date(Number.NaN) })
      .end(Number.NaN);
    expect(told.getTraces()).toHaveLength(1);
    expect(faults).toEqual(["INVALID_ARGUMENT", "INVALID_ARGUMENT"]);
  });

  it("startActiveSpan gives back what its function does, and throws what it throws", async () => {
    const error = new Error("theirs");
    expect(library().startActiveSpan("a", () => 1)).toBe(1);
    expect(await library().startActiveSpan("b", {}, async () => 2)).toBe(2);
    expect(library().startActiveSpan("c", {}, ROOT_CONTEXT, (span) => span.isRecording())).toBe(true);
    expect(() =>
      library().startActiveSpan("d", () => {
        throw error;
      }),
    ).toThrow(error);
    expect(tracer.openSpans().map(({ spanName }) => spanName)).toEqual(["a", "b", "c", "d"]);
  });
});

describe("suppressed tracing", () => {
  it("makes spans that record nothing", () => {
    tracer.trace("ours", () =>
      context.with(suppressTracing(context.active()), () => {
        library().startActiveSpan("suppressed", (span) => {
          expect(span.isRecording()).toBe(false);
          expect(isTracingSuppressed(context.active())).toBe(true);
        });
      }),
    );
    expect(only().spanName).toBe("ours");
  });

  it("cuts no trace of ours: what is below such a span is below the one above it", () => {
    tracer.trace("outer", (outer) => {
      outer.addAttribute("ai.conversation.id", "c-1", { inheritable: true });
      context.with(suppressTracing(context.active()), () =>
        library().startActiveSpan("suppressed", (span) => {
          library().startActiveSpan("suppressed too", () => tracer.trace("inner", () => undefined));
          trace.getActiveSpan()?.setAttribute("of the suppressed", 1);
          span.setAttribute("of the suppressed", 1).end();
          expect(outer.state).toBe("running");
        }),
      );
    });
    expect(treeOf(tracer.getTraces())).toEqual({ outer: "-", inner: "outer" });
    expect(named("inner").attributes).toEqual({ "ai.conversation.id": "c-1" });
    expect(named("outer").attributes).toEqual({ "ai.conversation.id": "c-1" });
  });

  it("is nobody's parent where nothing is above it", () => {
    context.with(suppressTracing(ROOT_CONTEXT), () =>
      library().startActiveSpan("suppressed", () => tracer.trace("alone", () => undefined)),
    );
    expect(treeOf(tracer.getTraces())).toEqual({ alone: "-" });
  });
});

describe("a sink of one's own, whose requests go through an instrumented client,", () => {
  /** Makes a request, as such a client does, at once or some time later; `made` says whether each was to be recorded. */
  function requestingSink(made: boolean[], written: string[]) {
    const request = (): void =>
      library().startActiveSpan("request", (span) => {
        made.push(span.isRecording());
        span.end();
      });
    const later = async (): Promise<DeliveryReport> => {
      request();
      await sleep(1);
      request();
      return { written: written.length, pending: 0, dropped: 0, failed: 0, errors: [] };
    };
    return {
      name: "requesting",
      write: ({ spanName }: Span) => {
        written.push(spanName);
        void later();
      },
      observe: request,
      flush: later,
      close: later,
    };
  }

  it.each<[string, (to: Tracer) => Tracer]>([
    ["the tracer's own", (to) => to],
    ["of a tee", (to) => new TeeTracer().addTracer(to)],
  ])("makes no spans of these: %s", async (_what, registered) => {
    const [made, written]: [boolean[], string[]] = [[], []];
    const to = registered(new Tracer(requestingSink(made, written)));
    undo();
    undo = registerTracer(to);
    await to.trace("turn", async () => library().startActiveSpan("chat", (span) => span.end()));
    await to.flush();
    await to.close();
    expect(written).toEqual(["chat", "turn"]);
    // At each start; at each end, flush and close, at once and later.
    expect(made).toEqual(Array(2 + 2 * 4).fill(false));
  });
});

describe("a tracer that records nothing", () => {
  it("lets the trace of others go on", () => {
    undo();
    undo = registerTracer(new NoopTracer());
    const span = library().startSpan("nothing", {}, trace.setSpanContext(ROOT_CONTEXT, REMOTE));
    expect(span.isRecording()).toBe(false);
    expect(span.spanContext()).toEqual(REMOTE);
  });
});

describe("a bound emitter", () => {
  it("knows its listeners: each can be removed, and once is once", () => {
    const emitter = context.bind(context.active(), new EventEmitter());
    let calls = 0;
    const listener = (): void => void calls++;
    for (const add of ["on", "once", "prependListener", "prependOnceListener", "addListener"] as const) {
      emitter[add]("event", listener);
      expect(emitter.listeners("event")).toEqual([listener]);
      emitter.off("event", listener);
      expect(emitter.listenerCount("event")).toBe(0);
    }
    emitter.once("event", listener);
    emitter.emit("event");
    emitter.emit("event");
    expect(calls).toBe(1);
    expect(context.bind(ROOT_CONTEXT, emitter)).toBe(emitter);
  });

  it("calls listeners with their this and arguments, as bound functions are", () => {
    const emitter = context.bind(context.active(), new EventEmitter());
    const seen: unknown[] = [];
    emitter.on("event", function (this: unknown, ...args: unknown[]) {
      seen.push(this, ...args);
    });
    emitter.emit("event", 1, 2);
    expect(seen).toEqual([emitter, 1, 2]);
    const bound = context.bind(context.active(), function (this: unknown, a: number, b: number) {
      return [this, a + b];
    });
    expect([bound.call("it", 1, 2), bound.length]).toEqual([["it", 3], 2]);
    expect(context.with(ROOT_CONTEXT, (a: number, b: number) => a + b, undefined, 1, 2)).toBe(3);
    expect(context.bind(ROOT_CONTEXT, 5)).toBe(5);
  });
});

describe("registering", () => {
  it("undo puts back what was there: nothing records, and others may register", () => {
    const held = library();
    undo();
    undo();
    expect(held.startSpan("after").isRecording()).toBe(false);
    tracer.trace("ours", () => expect(trace.getActiveSpan()).toBeUndefined());
    expect(propagation.fields()).toEqual([]);
    const exporter = new InMemorySpanExporter();
    const theirs = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
    expect(trace.setGlobalTracerProvider(theirs)).toBe(true);
    held.startActiveSpan("theirs now", (span) => span.end());
    expect(exporter.getFinishedSpans().map(({ name }) => name)).toEqual(["theirs now"]);
    undo();
    library().startSpan("still theirs").end();
    expect(exporter.getFinishedSpans()).toHaveLength(2);
  });

  it("a tracer that libraries hold goes on with the next registration", () => {
    const held = library();
    undo();
    const next = new InMemoryTracer();
    undo = registerTracer(next);
    held.startSpan("again").end();
    expect(next.getTraces()).toHaveLength(1);
  });

  it("an undo leaves alone what somebody else registered since", () => {
    trace.disable();
    const theirs = new BasicTracerProvider();
    trace.setGlobalTracerProvider(theirs);
    undo();
    expect(library().startSpan("theirs").isRecording()).toBe(true);
  });

  it("a stale undo does nothing to what was registered after it", () => {
    const stale = undo;
    trace.disable();
    const next = new InMemoryTracer();
    undo = registerTracer(next);
    stale();
    library().startActiveSpan("below", (span) => {
      tracer.trace("ours", () => expect(trace.getActiveSpan()?.isRecording()).toBe(true));
      span.end();
    });
    expect(next.getTraces()).toHaveLength(1);
    expect(only().parentSpanId).toBe(next.getTraces()[0]?.spanId);
  });

  it("says that another context manager is there", () => {
    undo();
    context.setGlobalContextManager(new AsyncLocalStorageContextManager());
    expect(() => registerTracer(tracer)).toThrow(expect.objectContaining({ code: "OTEL_MISMATCH" }));
    expect(library().startSpan("nothing").isRecording()).toBe(false);
  });

  it("says that another tracer or provider is there", () => {
    expect(() => registerTracer(new InMemoryTracer())).toThrow(
      expect.objectContaining({
        code: "OTEL_MISMATCH",
        message: expect.stringContaining("call its undo first"),
      }),
    );
    undo();
    trace.setGlobalTracerProvider(new BasicTracerProvider());
    expect(() => registerTracer(tracer)).toThrow(
      expect.objectContaining({
        code: "OTEL_MISMATCH",
        message: expect.stringContaining(
          "a TracelightSpanProcessor(tracer), which nests its spans and yours",
        ),
      }),
    );
  });

  it("says that another version of the API is in use", () => {
    undo();
    const key = Symbol.for("opentelemetry.js.api.1");
    const before: unknown = Reflect.get(globalThis, key);
    Reflect.set(globalThis, key, { version: "1.0.0" });
    try {
      expect(() => registerTracer(tracer)).toThrow(
        expect.objectContaining({ code: "OTEL_MISMATCH", message: expect.stringContaining("1.0.0") }),
      );
    } finally {
      Reflect.set(globalThis, key, before);
    }
  });

  it("says that a provider of another major is in use", () => {
    undo();
    const key = Symbol.for("opentelemetry.js.api.2");
    Reflect.set(globalThis, key, { version: "2.0.0", trace: {} });
    try {
      expect(() => registerTracer(tracer)).toThrow(expect.objectContaining({ code: "OTEL_MISMATCH" }));
    } finally {
      Reflect.deleteProperty(globalThis, key);
    }
  });

  it("needs a tracer", () => {
    undo();
    const nothing: unknown[] = [{}];
    expect(() => Reflect.apply(registerTracer, undefined, nothing)).toThrow(
      expect.objectContaining({ code: "INVALID_ARGUMENT" }),
    );
  });

  it("keeps a propagator that the program has set", () => {
    undo();
    const own = { inject: () => undefined, extract: () => ROOT_CONTEXT, fields: () => ["own"] };
    propagation.setGlobalPropagator(own);
    undo = registerTracer(tracer);
    expect(propagation.fields()).toEqual(["own"]);
    undo();
    expect(propagation.fields()).toEqual(["own"]);
  });
});

describe("a sink that looks at running spans", () => {
  it("sees theirs too", () => {
    undo();
    const seen: string[] = [];
    const observe = (span: Span, what: string) => seen.push(`${what} ${span.spanName}`);
    undo = registerTracer(
      new Tracer({ name: "looking", write: (span) => seen.push(`end ${span.spanName}`), observe }),
    );
    library().startActiveSpan("theirs", (span) => span.end());
    expect(seen).toEqual(["start theirs", "end theirs"]);
  });
});
