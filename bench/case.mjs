// One case of the benchmark in one process: `node --expose-gc bench/case.mjs w1:drop` prints its figures as JSON.
import { AsyncLocalStorage } from "node:async_hooks";
import { execFileSync } from "node:child_process";
import { randomFillSync } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const UNITS = 200_000;
const WARM_UP = 50_000;
const BATCHES = 5;

const [kind, name] = process.argv[2].split(":");
const kinds = { w1: timeSync, w1a: timeAsync, heap: heapBytes, history: timeHistory, import: timeImport };
console.log(JSON.stringify(await kinds[kind](name)));

/**
 * Microseconds a unit: the best of a few batches, so that a busy neighbour does not count. Every 500 units the event loop
 * has a turn, as in any real program: OpenTelemetry's simple processor keeps all spans until then.
 */
async function timeSync(name) {
  const unit = await unitOf(name, false);
  const times = [];
  for (let batch = 0; batch < BATCHES + 1; batch++) {
    let time = 0;
    for (let done = 0; done < UNITS; done += 500) {
      const start = performance.now();
      for (let i = 0; i < 500; i++) unit();
      time += performance.now() - start;
      await new Promise((resolve) => setImmediate(resolve));
    }
    if (batch > 0) times.push((time * 1000) / UNITS);
  }
  return { value: Math.min(...times) };
}

async function timeAsync(name) {
  const unit = await unitOf(name, true);
  for (let i = 0; i < WARM_UP; i++) await unit();
  const times = [];
  for (let batch = 0; batch < BATCHES; batch++) {
    const start = performance.now();
    for (let i = 0; i < UNITS; i++) await unit();
    times.push(((performance.now() - start) * 1000) / UNITS);
  }
  return { value: Math.min(...times) };
}

/** Bytes that one unit allocates, with the collector kept from running in between as far as the young space goes. */
async function heapBytes(name) {
  const unit = await unitOf(name, false);
  for (let i = 0; i < WARM_UP; i++) unit();
  const samples = [];
  for (let batch = 0; batch < 200; batch++) {
    if (batch % 20 === 0) globalThis.gc();
    const before = process.memoryUsage().heapUsed;
    for (let i = 0; i < 200; i++) unit();
    const grown = process.memoryUsage().heapUsed - before;
    if (grown > 0) samples.push(grown / 200);
  }
  samples.sort((a, b) => a - b);
  return { value: samples[Math.floor(samples.length / 2)] };
}

/** W1: an active SERVER parent with 2 string attributes and an active child with 3. W1a: with an await in both. */
async function unitOf(name, isAsync) {
  if (name === "floor") return floorUnit(isAsync);
  if (name.startsWith("otel")) return otelUnit(await otelTracer(name), isAsync);
  const { InMemoryTracer, NoopTracer, Tracer } = await import("tracelight");
  const tracers = {
    drop: () => new Tracer({ name: "drop", write() {} }),
    memory: () => new InMemoryTracer({ memorySize: 1000 }),
    noop: () => new NoopTracer(),
    "noop-run": () => runningNoop(new NoopTracer()),
    unsampled: () => new Tracer({ name: "drop", write() {} }, { sample: 0 }),
  };
  const tracer = tracers[name]();
  const options = { spanKind: "SERVER" };
  const inheritable = { inheritable: true };
  const inParent = (span) => {
    span.addAttribute("ai.conversation.id", "conversation-1", inheritable);
    span.addAttribute("ai.auth.context", "user123", inheritable);
  };
  const inChild = (span) => {
    span.addAttribute("ai.trace.type", "tool-invocation");
    span.addAttribute("ai.tool.input", "Hello, world!");
    span.addAttribute("ai.tool.output", "World, hello!");
  };
  if (!isAsync) {
    return () =>
      tracer.trace("parent", options, (parent) => {
        inParent(parent);
        tracer.trace("child", inChild);
      });
  }
  return () =>
    tracer.trace("parent", options, async (parent) => {
      inParent(parent);
      await null;
      await tracer.trace("child", async (child) => {
        inChild(child);
        await null;
      });
    });
}

/** What a tracer must do that records nothing and lets what is below know: one AsyncLocalStorage.run a trace. */
function runningNoop(noop) {
  const storage = new AsyncLocalStorage();
  return {
    trace: (name, options, fn) =>
      fn === undefined
        ? noop.trace(name, options)
        : storage.run({ name }, () => noop.trace(name, options, fn)),
  };
}

/** What any tracer must do: two AsyncLocalStorage.run, ids, clock and two objects. */
async function floorUnit(isAsync) {
  const newId = idsFromPool();
  const storage = new AsyncLocalStorage();
  const root = () => ({ traceId: newId(32), spanId: newId(16), startedAt: performance.now(), endedAt: 0 });
  const below = (span) => ({
    traceId: span.traceId,
    spanId: newId(16),
    startedAt: performance.now(),
    endedAt: 0,
  });
  const end = (span) => {
    span.endedAt = performance.now();
  };
  if (!isAsync) {
    return () => {
      const parent = root();
      storage.run(parent, () => {
        const child = below(parent);
        storage.run(child, () => undefined);
        end(child);
      });
      end(parent);
    };
  }
  return async () => {
    const parent = root();
    await storage.run(parent, async () => {
      await null;
      const child = below(parent);
      await storage.run(child, async () => {
        await null;
      });
      end(child);
    });
    end(parent);
  };
}

/** Random hex, one call of the generator for a whole pool. */
function idsFromPool() {
  const bytes = Buffer.alloc(2048);
  let hex = "";
  let next = 0;
  return (digits) => {
    if (next + digits > hex.length) {
      hex = randomFillSync(bytes).toString("hex");
      next = 0;
    }
    next += digits;
    return hex.slice(next - digits, next);
  };
}

/** A tracer of OpenTelemetry's API: its own SDK's, or for `otel-bridge` Tracelight's. */
async function otelTracer(name) {
  const api = await import("@opentelemetry/api");
  if (name === "otel-bridge") {
    const { Tracer } = await import("tracelight");
    const { registerTracer } = await import("tracelight/otel");
    registerTracer(new Tracer({ name: "drop", write() {} }));
    return api.trace.getTracer("bench");
  }
  const sdk = await import("@opentelemetry/sdk-trace-base");
  const { AsyncLocalStorageContextManager } = await import("@opentelemetry/context-async-hooks");
  api.context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  const ring = new Array(1000);
  let next = 0;
  const keep = {
    export(spans, done) {
      for (const span of spans) {
        ring[next] = span;
        next = (next + 1) % ring.length;
      }
      done({ code: 0 });
    },
    shutdown: async () => {},
    forceFlush: async () => {},
  };
  const forget = { onStart() {}, onEnd() {}, shutdown: async () => {}, forceFlush: async () => {} };
  const processor = name === "otel-memory" ? new sdk.SimpleSpanProcessor(keep) : forget;
  return new sdk.BasicTracerProvider({ spanProcessors: [processor] }).getTracer("bench");
}

async function otelUnit(tracer, isAsync) {
  const { SpanKind } = await import("@opentelemetry/api");
  const options = { kind: SpanKind.SERVER };
  const inParent = (span) => {
    span.setAttribute("ai.conversation.id", "conversation-1");
    span.setAttribute("ai.auth.context", "user123");
  };
  const inChild = (span) => {
    span.setAttribute("ai.trace.type", "tool-invocation");
    span.setAttribute("ai.tool.input", "Hello, world!");
    span.setAttribute("ai.tool.output", "World, hello!");
  };
  if (!isAsync) {
    return () =>
      tracer.startActiveSpan("parent", options, (parent) => {
        inParent(parent);
        tracer.startActiveSpan("child", (child) => {
          inChild(child);
          child.end();
        });
        parent.end();
      });
  }
  return () =>
    tracer.startActiveSpan("parent", options, async (parent) => {
      inParent(parent);
      await null;
      await tracer.startActiveSpan("child", async (child) => {
        inChild(child);
        await null;
        child.end();
      });
      parent.end();
    });
}

/** 1000 turns; each model call gives the whole history so far, in a new array. Time of all, and what stays in memory. */
async function timeHistory(name) {
  const { InMemoryTracer } = await import("tracelight");
  const tracer = new InMemoryTracer({ memorySize: 1000 });
  const kept = [];
  const keep =
    name === "copy"
      ? (messages) => kept.push(deepCopy(messages))
      : (messages) => tracer.trace("llm", (span) => span.addAttribute("ai.llm.request.messages", messages));
  const text = "It will be sunny in Amsterdam, with a light wind from the west. ".repeat(4);
  globalThis.gc();
  const before = process.memoryUsage().heapUsed;
  let history = [];
  let time = 0;
  for (let turn = 0; turn < 1000; turn++) {
    const user = { role: "user", content: [{ text: `${turn}: ${text}` }] };
    const assistant = { role: "assistant", content: [{ text: `${turn} answer: ${text}` }] };
    history = [...history, user];
    const start = performance.now();
    keep(history);
    time += performance.now() - start;
    history = [...history, assistant];
  }
  globalThis.gc();
  const memory = process.memoryUsage().heapUsed - before;
  return { time, memory, check: name === "copy" ? kept.length : tracer.getTraces().length };
}

/** A plain deep copy: no cycles, no other types, as fast as such code gets. */
function deepCopy(value) {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(deepCopy);
  const copy = {};
  for (const key of Object.keys(value)) copy[key] = deepCopy(value[key]);
  return copy;
}

/** Milliseconds of a whole process that imports the package, another that has nothing in it, or nothing: the median of a few. */
async function timeImport(name) {
  const root = name === "empty" ? emptyPackage() : new URL("..", import.meta.url);
  const code = { tracelight: 'import "tracelight"', empty: 'import "empty"', nothing: "" }[name];
  const times = [];
  for (let i = 0; i < 7; i++) {
    const start = performance.now();
    execFileSync(process.execPath, ["--input-type=module", "-e", code], { cwd: root });
    times.push(performance.now() - start);
  }
  return { value: times.sort((a, b) => a - b)[3] };
}

/** A folder where `import "empty"` finds a package: what Node itself takes to load one. */
function emptyPackage() {
  const folder = mkdtempSync(join(tmpdir(), "tracelight-bench-"));
  process.on("exit", () => rmSync(folder, { recursive: true }));
  const home = join(folder, "node_modules/empty");
  mkdirSync(home, { recursive: true });
  writeFileSync(join(home, "package.json"), '{ "type": "module", "exports": "./index.js" }\n');
  writeFileSync(join(home, "index.js"), "");
  return folder;
}
