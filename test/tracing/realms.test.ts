// biome-ignore-all lint/suspicious/noThenProperty: the subject of these tests
// Rule 4 where promises are not those of the module's own realm, or somebody changed what all share.
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import vm from "node:vm";
import { build } from "esbuild";
import { InMemoryTracer, type TracelightError, traced } from "tracelight";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { PackageCopy } from "./package-copy.ts";
import { parentNames, spanNamed } from "./reading.ts";

/** A tracer and what it reported. */
function watched() {
  const errors: TracelightError[] = [];
  return { tracer: new InMemoryTracer({ onError: (error) => errors.push(error) }), errors };
}

/** Runs a script in a realm of its own. */
function elsewhere(script: string, globals: Record<string, unknown> = {}): unknown {
  return vm.runInNewContext(script, globals);
}

/** Runs an expression that gives a promise. */
function promiseElsewhere(script: string): Promise<unknown> {
  const made = elsewhere(script, { setTimeout });
  if (typeof made === "object" && made !== null && "then" in made) return cast(made);
  throw new TypeError("no promise");
}

function cast(value: object): Promise<unknown> {
  return Object.assign(value);
}

const LATER = "new Promise((resolve) => setTimeout(resolve, 20, 42))";
const FAILS = "new Promise((_, reject) => setTimeout(reject, 20, new RangeError('over there')))";

describe("a promise of another realm", () => {
  it("is followed, and what comes back is of its class", async () => {
    const { tracer, errors } = watched();
    const given = promiseElsewhere(LATER);
    const got = tracer.trace("work", () => given);
    expect(tracer.openSpans()).toHaveLength(1);
    expect(Object.getPrototypeOf(got)).toBe(Object.getPrototypeOf(given));
    expect(await got).toBe(42);
    expect(tracer.openSpans()).toEqual([]);
    expect(errors).toEqual([]);
  });

  it("that rejects is an error of the span, the same one for the app", async () => {
    const { tracer } = watched();
    const failure = await tracer
      .trace("work", () => promiseElsewhere(FAILS))
      .catch((error: unknown) => error);
    expect(failure).toHaveProperty("message", "over there");
    const span = spanNamed(tracer.getTraces(), "work");
    expect([span.spanStatus, span.statusMessage]).toEqual(["ERROR", "over there"]);
  });

  it("made by an async function or a method of a decorated class there is followed too", async () => {
    const { tracer } = watched();
    const wait: unknown = elsewhere(
      "(async function wait(ms) { await new Promise((r) => setTimeout(r, ms)); return ms; })",
      {
        setTimeout,
      },
    );
    if (typeof wait !== "function") throw new TypeError("no function");
    const call = traced("wait", { tracer })((ms: number): unknown => wait(ms));
    const promise = call(20);
    expect(tracer.openSpans()).toHaveLength(1);
    expect(await promise).toBe(20);
    expect(tracer.openSpans()).toEqual([]);
  });

  it("with properties of its own, or of a subclass there, is the same object still", async () => {
    const { tracer, errors } = watched();
    for (const script of [
      "Object.assign(Promise.resolve(1), { cancel() {} })",
      "class Query extends Promise {} Query.resolve(1)",
      "Object.defineProperty(Promise.resolve(1), 'then', { value: Promise.prototype.then })",
      "Object.setPrototypeOf(Promise.resolve(1), { then(done) { done(1) } })",
    ]) {
      const given = promiseElsewhere(script);
      expect(
        Object.is(
          tracer.trace("again", () => given),
          given,
        ),
      ).toBe(true);
      expect(tracer.openSpans()).toEqual([]);
    }
    expect(new Set(errors.map((error) => error.code))).toEqual(new Set(["NOT_FOLLOWED"]));
  });
});

describe("a generator of another realm", () => {
  it("is followed, its inner spans nest, and a promise of it is followed too", async () => {
    const { tracer } = watched();
    const make: unknown = elsewhere("(async function* (inner) { inner(); yield 1; inner(); yield 2; })");
    if (typeof make !== "function") throw new TypeError("no function");
    const inner = () => tracer.startSpan("inner").end();
    const steps: unknown = await tracer.trace("work", async () => make(inner));
    const seen: unknown[] = [];
    for await (const step of asyncIterable(steps)) seen.push(step);
    expect(seen).toEqual([1, 2]);
    expect(parentNames(tracer.getTraces())).toEqual({ work: "-", inner: "work" });
    expect(tracer.openSpans()).toEqual([]);
  });
});

function asyncIterable(value: unknown): AsyncIterable<unknown> {
  if (typeof value === "object" && value !== null && Symbol.asyncIterator in value)
    return Object.assign(value);
  throw new TypeError("no async iterable");
}

describe("what cannot be followed", () => {
  class Lazy extends Promise<number> {}

  it("is reported once for a span's name and a class, with the mend", () => {
    const { tracer, errors } = watched();
    for (let i = 0; i < 3; i++) {
      tracer.trace("ask", () => Lazy.resolve(1));
      tracer.trace("query", () => ({ then: () => undefined }));
    }
    expect(errors.map(({ code, message }) => `${code} ${message}`)).toEqual([
      expect.stringMatching(/^NOT_FOLLOWED The span "ask" .* class Lazy.*await it inside/),
      expect.stringMatching(/^NOT_FOLLOWED The span "query" .* class Object.*await it inside/),
    ]);
  });

  it("is not said of what has no then, and nothing is run to find out", () => {
    const { tracer, errors } = watched();
    const hostile = {
      get then(): never {
        throw new Error("do not touch");
      },
    };
    const proxy = new Proxy({}, { get: () => () => undefined, has: () => true });
    for (const value of [hostile, proxy, Object.create(proxy), [], { then: "no" }, new Map()]) {
      expect(
        Object.is(
          tracer.trace("work", () => value),
          value,
        ),
      ).toBe(true);
    }
    expect(errors).toEqual([]);
  });
});

describe("in a program that changed what all share", () => {
  let copy: PackageCopy;
  beforeAll(async () => {
    copy = await PackageCopy.make();
  });
  afterAll(() => copy[Symbol.dispose]());

  const changes: Record<string, string> = {
    "Promise.prototype has something more": "Promise.prototype.tap = function () { return this; };",
    "Object.prototype has something more": "Object.prototype.extra = 1;",
    "Promise.prototype.then was replaced later": `
      const then = Promise.prototype.then;
      Promise.prototype.then = function (...args) { return then.apply(this, args); };`,
    "the global Promise was replaced": `
      const Native = Promise;
      globalThis.Promise = class Replaced {
        constructor(executor) { this.inner = new Native(executor); }
        then(...args) { return this.inner.then(...args); }
        static resolve(value) { return Native.resolve(value); }
      };`,
  };
  for (const [what, change] of Object.entries(changes)) {
    for (const order of ["before", "after"]) {
      it(`an async function is followed where ${what}, ${order} tracelight was loaded`, async () => {
        const { stdout, stderr } = await copy.run(`
          ${order === "before" ? change : ""}
          const { InMemoryTracer } = await import("tracelight");
          ${order === "after" ? change : ""}
          import { setTimeout as wait } from "node:timers/promises";
          const tracer = new InMemoryTracer();
          const caught = await tracer.trace("work", async () => { await wait(20); throw new Error("no"); }).catch((e) => e.message);
          await tracer.trace("fine", async () => { await wait(20); });
          console.log(caught, ...tracer.getTraces().map((s) => s.spanStatus + (s.durationMs > 15)));`);
        expect([stdout, stderr]).toEqual(["no ERRORtrue UNSETtrue\n", ""]);
      });
    }
  }
});

describe("in a realm as Jest makes one for a test file", () => {
  it("promises of Node's own modules, of fetch and of the test are followed", async () => {
    const errors: string[] = [];
    const module: { exports: Record<string, unknown> } = { exports: {} };
    const globals = jestGlobals();
    const wrapped = vm.runInContext(
      `(function (module, exports, require, errors, readFile) { ${await bundle()}
      const tracer = new module.exports.InMemoryTracer({ onError: (error) => errors.push(error.message) });
      return (async () => {
        await tracer.trace("file", () => readFile("/definitely/not/here")).catch(() => undefined);
        await tracer.trace("fetch", () => fetch("http://127.0.0.1:1/")).catch(() => undefined);
        await tracer.trace("own", async () => { throw new Error("own"); }).catch(() => undefined);
        return tracer.getTraces().map((span) => [span.spanName, span.spanStatus]);
      })();
    })`,
      globals,
    );
    const require = createRequire(import.meta.url);
    const spans: unknown = await wrapped(module, module.exports, require, errors, readFile);
    expect(JSON.stringify(spans)).toBe('[["file","ERROR"],["fetch","ERROR"],["own","ERROR"]]');
    expect(errors).toEqual([]);
  });

  /** Node's globals, but the language's own are the realm's. */
  function jestGlobals(): vm.Context {
    const context = vm.createContext({});
    const names = [
      "fetch",
      "process",
      "setTimeout",
      "clearTimeout",
      "URL",
      "URLSearchParams",
      "performance",
      "Buffer",
      "AbortController",
      "Uint8Array",
      "ArrayBuffer",
    ];
    for (const name of names) context[name] = Reflect.get(globalThis, name);
    return context;
  }

  async function bundle(): Promise<string> {
    const { outputFiles } = await build({
      ...{ bundle: true, platform: "node", format: "cjs", target: "node20", write: false, logLevel: "error" },
      entryPoints: [new URL("../../src/index.ts", import.meta.url).pathname],
    });
    return outputFiles[0]?.text ?? "";
  }
});
