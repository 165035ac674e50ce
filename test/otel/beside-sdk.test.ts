// Beside an OpenTelemetry SDK that is there already: one tree of its spans and ours; and one library's own provider.
import { EventEmitter } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { context, ROOT_CONTEXT, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from "@opentelemetry/sdk-trace-base";
import { generateText } from "ai";
import { MockLanguageModelV2 } from "ai/test";
import { type DeliveryReport, InMemoryTracer, Tracer } from "tracelight";
import { inject, otelProvider, registerTracer, TracelightSpanProcessor } from "tracelight/otel";
import { afterEach, beforeEach, describe, expect, it, test, vi } from "vitest";
import { disableAll, treeOf } from "./support.ts";

const REMOTE = { traceId: "0af7651916cd43dd8448eb211c80319c", spanId: "b7ad6b7169203331" };

afterEach(disableAll);

describe("with an SDK and a TracelightSpanProcessor", () => {
  let tracer: InMemoryTracer;
  let exporter: InMemorySpanExporter;
  let provider: BasicTracerProvider;
  const theirs = () => trace.getTracer("theirs");

  beforeEach(() => {
    tracer = new InMemoryTracer();
    exporter = new InMemorySpanExporter();
    provider = new BasicTracerProvider({
      spanProcessors: [new SimpleSpanProcessor(exporter), new TracelightSpanProcessor(tracer)],
    });
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
    trace.setGlobalTracerProvider(provider);
  });
  afterEach(() => provider.shutdown());

  it("spans nest either way, across await, timers, emitters and generators", async () => {
    await theirs().startActiveSpan("request", async (request) => {
      await sleep(1);
      await tracer.trace("turn", async (turn) => {
        turn.addAttribute("ai.conversation.id", "c-1", { inheritable: true });
        await sleep(1);
        await theirs().startActiveSpan("http", async (http) => {
          await sleep(1);
          await tracer.trace("parse", async () => {
            await new Promise((resolve) => setTimeout(resolve, 1));
            theirs().startSpan("innermost").end();
          });
          http.end();
        });
        const emitter = new EventEmitter();
        emitter.on(
          "go",
          tracer.bind(() => theirs().startSpan("heard").end()),
        );
        context.with(ROOT_CONTEXT, () => emitter.emit("go"));
        const steps = tracer.trace("steps", function* () {
          theirs().startSpan("within a step").end();
          yield 1;
        });
        for (const _ of steps) theirs().startSpan("between steps").end();
        tracer.trace("after", () => undefined);
      });
      theirs().startSpan("behind").end();
      request.end();
    });
    await provider.forceFlush();
    const spans = tracer.getTraces();
    expect(treeOf(spans)).toEqual({
      request: "-",
      turn: "request",
      http: "turn",
      parse: "http",
      innermost: "parse",
      heard: "turn",
      steps: "turn",
      "within a step": "steps",
      "between steps": "turn",
      after: "turn",
      behind: "request",
    });
    expect(new Set(spans.map(({ traceId }) => traceId)).size).toBe(1);
    // What is inheritable goes through the SDK's spans to ours.
    const own = ["turn", "parse", "steps", "after"];
    const inherits = spans.filter((span) => span.attributes["ai.conversation.id"] === "c-1");
    expect(inherits.map(({ spanName }) => spanName).sort()).toEqual([...own].sort());
    expect(exporter.getFinishedSpans()).toHaveLength(spans.length - own.length);
  });

  it("each side sees the other's active span, and a span of nobody's is below none", () => {
    theirs().startActiveSpan("request", (request) => {
      const { traceId, spanId } = request.spanContext();
      expect(inject({})).toEqual({ traceparent: `00-${traceId}-${spanId}-01` });
      tracer.trace("turn", (turn) => {
        expect(trace.getActiveSpan()?.spanContext()).toMatchObject({ traceId, spanId: turn.spanId });
        expect(tracer.currentSpan).toBe(turn);
        tracer.run(null, () => expect(trace.getActiveSpan()).toBeUndefined());
        tracer.trace("elsewhere", { parentSpan: null }, (other) => expect(other.traceId).not.toBe(traceId));
        tracer.withContext({ scope: { name: "mine" } }, () => tracer.trace("scoped", () => undefined));
      });
      // Nothing of ours is left behind.
      expect(trace.getActiveSpan()).toBe(request);
      request.end();
    });
    context.with(ROOT_CONTEXT, () => tracer.trace("alone", () => undefined));
    const [scoped] = tracer.getTraces({ spanName: "scoped" });
    expect(scoped).toMatchObject({ scope: { name: "mine" }, parentSpan: { spanName: "turn" } });
    expect(tracer.getTraces({ spanName: "alone" })[0]?.parentSpanId).toBeUndefined();
  });

  it("other tracers of the program nest as well, until the processor is shut down", async () => {
    const written: (string | undefined)[] = [];
    const other = new Tracer({ name: "other", write: (span) => void written.push(span.parentSpanId) });
    const request = theirs().startSpan("request");
    context.with(trace.setSpan(context.active(), request), () => other.trace("work", () => undefined));
    await provider.shutdown();
    context.with(trace.setSpan(context.active(), request), () => other.trace("work", () => undefined));
    expect(written).toEqual([request.spanContext().spanId, undefined]);
  });
});

describe("otelProvider", () => {
  it("is a provider for one library, which nests with ours though nothing is registered", async () => {
    const tracer = new InMemoryTracer();
    const provider = otelProvider(tracer);
    const library = provider.getTracer("a library", "1.0.0");
    await tracer.trace("turn", async () => {
      await sleep(1);
      await library.startActiveSpan("outer", async (outer) => {
        await sleep(1);
        // As instrumentations do, whoever manages contexts.
        library.startSpan("inner", {}, context.active()).end();
        tracer.trace("ours", () => undefined);
        outer.end();
      });
    });
    library.startSpan("root", { root: true }).end();
    trace.getTracer("another").startSpan("untraced").end();
    await provider.forceFlush();
    expect(treeOf(tracer.getTraces())).toEqual({
      turn: "-",
      outer: "turn",
      inner: "outer",
      ours: "outer",
      root: "-",
    });
    expect(tracer.getTraces({ spanName: "inner" })[0]?.scope).toEqual({
      name: "a library",
      version: "1.0.0",
    });
    await provider.shutdown();
    expect(await tracer.close()).toMatchObject({ written: 5 });
  });

  it("serves the Vercel AI SDK", async () => {
    const tracer = new InMemoryTracer();
    const model = new MockLanguageModelV2({
      doGenerate: async () => ({
        content: [{ type: "text", text: "Sunny." }],
        finishReason: "stop",
        usage: { inputTokens: 3, outputTokens: 2, totalTokens: 5 },
        warnings: [],
      }),
    });
    const telemetry = { isEnabled: true, tracer: otelProvider(tracer).getTracer("ai") };
    await tracer.trace("turn", () =>
      generateText({ model, prompt: "Weather?", experimental_telemetry: telemetry }),
    );
    expect(treeOf(tracer.getTraces())).toEqual({
      turn: "-",
      "ai.generateText": "turn",
      "ai.generateText.doGenerate": "ai.generateText",
    });
  });

  it("refuses what is no tracer", () => {
    expect(() => Reflect.apply(otelProvider, undefined, [{}])).toThrow("otelProvider needs a Tracer.");
  });
});

describe("a registered tracer", () => {
  test("is flushed and closed by what flushes OpenTelemetry's provider", async () => {
    const calls: string[] = [];
    const noted = (call: string): DeliveryReport => {
      calls.push(call);
      return { written: 0, pending: 0, dropped: 0, failed: 0, errors: [] };
    };
    const tracer = new Tracer({
      ...{ name: "mine", write: () => undefined },
      flush: async () => noted("flush"),
      close: async () => noted("close"),
    });
    const undo = registerTracer(tracer);
    // As OpenTelemetry's instrumentation of AWS Lambda looks for it.
    const provider = trace.getTracerProvider();
    const delegate: unknown =
      "getDelegate" in provider && typeof provider.getDelegate === "function" && provider.getDelegate();
    for (const method of ["forceFlush", "shutdown"]) {
      const fn: unknown = Reflect.get(Object(delegate), method);
      await (typeof fn === "function" ? Reflect.apply(fn, delegate, []) : expect.fail(`no ${method}`));
    }
    expect(calls).toEqual(["flush", "close"]);
    undo();
  });

  test("may be registered again, as a hot reload does; the latest undo counts", () => {
    const tracer = new InMemoryTracer();
    const first = registerTracer(tracer);
    const second = registerTracer(tracer);
    first();
    trace.getTracer("library").startSpan("one").end();
    second();
    trace.getTracer("library").startSpan("two").end();
    expect(tracer.getTraces().map(({ spanName }) => spanName)).toEqual(["one"]);
    registerTracer(new InMemoryTracer())();
  });

  test("passes on that a parent was not sampled, over all spans below it", () => {
    const tracer = new InMemoryTracer();
    const undo = registerTracer(tracer);
    const carriers: object[] = [];
    tracer.trace("ours", { parentSpan: { ...REMOTE, traceFlags: 0 } }, (span) => {
      carriers.push(inject({}), inject({}, span));
      trace.getTracer("library").startActiveSpan("theirs", (theirs) => {
        expect(theirs.spanContext().traceFlags).toBe(0);
        tracer.trace("inner", () => carriers.push(inject({})));
        theirs.end();
      });
    });
    tracer.trace("sampled", { parentSpan: { ...REMOTE, traceFlags: 1 } }, () => carriers.push(inject({})));
    tracer.trace("root", () => carriers.push(inject({})));
    const flags = carriers.map((carrier) => String(Reflect.get(carrier, "traceparent")).slice(-2));
    expect(flags).toEqual(["00", "00", "00", "01", "01"]);
    expect(tracer.getTraces()).toHaveLength(5);
    undo();
  });

  test("says so once where Sentry, set up behind it, would mix its users' scopes", async () => {
    const warn = vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
    const undo = registerTracer(new InMemoryTracer());
    // As Sentry forks a scope.
    const forked = context.active().setValue(Symbol.for("sentry_fork_isolation_scope"), true);
    context.with(forked, () => undefined);
    context.with(forked, () => undefined);
    undo();
    const warnings = warn.mock.calls
      .map(([warning]) => String(warning))
      .filter((text) => /Sentry/.test(text));
    warn.mockRestore();
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain("openTelemetrySpanProcessors");
  });
});
