// Rule 4: what `trace(fn)` does with each kind of result.
import { type InMemoryOptions, InMemoryTracer, type Span } from "tracelight";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { PackageCopy } from "./package-copy.ts";
import { activeName, parentNames, sleep, spanNamed } from "./reading.ts";

/** A tracer whose faults fail the test that makes them. */
function makeTracer(options: InMemoryOptions = {}): InMemoryTracer {
  return new InMemoryTracer({
    onError: (error) => {
      throw error;
    },
    ...options,
  });
}

/** The span of the only traced call. */
function onlySpan(tracer: InMemoryTracer): Span {
  const spans = tracer.getTraces();
  expect(spans).toHaveLength(1);
  return spanNamed(spans, "work");
}

describe("a plain value", () => {
  it("comes back as it is, and the span has ended", () => {
    const tracer = makeTracer();
    const list = [1];
    for (const value of [42, "text", null, undefined, list, () => 1, Symbol.iterator, 10n, new Map()]) {
      expect(tracer.trace("work", () => value)).toBe(value);
    }
    expect(tracer.getTraces()).toHaveLength(9);
    expect(tracer.openSpans()).toEqual([]);
  });

  it("is not looked into: getters, proxies and look-alikes stay untouched", () => {
    const tracer = makeTracer();
    const touched: PropertyKey[] = [];
    const trap = (_: object, key: PropertyKey): never => {
      touched.push(key);
      throw new Error("do not touch");
    };
    const revoked = Proxy.revocable({}, {});
    revoked.revoke();
    const values = [
      new Proxy(
        {},
        { get: trap, has: trap, getOwnPropertyDescriptor: trap, getPrototypeOf: () => trap({}, "") },
      ),
      revoked.proxy,
      Object.create(Promise.prototype),
      Object.defineProperty({}, Symbol.toStringTag, { get: () => trap({}, "tag") }),
      Object.defineProperty({}, "next", { get: () => trap({}, "next") }),
      { [Symbol.toStringTag]: "Generator" },
    ];
    for (const value of values)
      expect(
        Object.is(
          tracer.trace("work", () => value),
          value,
        ),
      ).toBe(true);
    expect(touched.filter((key) => key !== "tag")).toEqual([]);
    expect(tracer.openSpans()).toEqual([]);
  });
});

describe("a function that throws", () => {
  const frozen = Object.freeze(new Error("frozen"));
  const hostile = Object.defineProperties(new Error("hostile"), {
    stack: { get: () => raise("stack") },
    message: { get: () => raise("message") },
    name: { get: () => raise("name") },
    cause: { get: () => raise("cause") },
  });
  function raise(what: string): never {
    throw new TypeError(`the ${what} of an error threw`);
  }
  const proxied = new Proxy(new Error("proxied"), {
    get: () => raise("proxy"),
    getPrototypeOf: () => raise("p"),
  });
  const thrown: Record<string, unknown> = {
    ...{
      undefined: undefined,
      null: null,
      string: "text",
      number: 0,
      symbol: Symbol("s"),
      nothing: Object.create(null),
    },
    ...{ frozen, hostile, proxied },
  };

  for (const [name, error] of Object.entries(thrown)) {
    it(`throws on the same thing, and its span says ERROR: ${name}`, () => {
      const tracer = makeTracer();
      let caught: unknown = "nothing";
      try {
        tracer.trace("work", () => {
          throw error;
        });
      } catch (failure) {
        caught = failure;
      }
      expect(Object.is(caught, error)).toBe(true);
      const span = onlySpan(tracer);
      expect(span.spanStatus).toBe("ERROR");
      expect(span.attributes).toHaveProperty(["exception.type"]);
      expect(typeof span.attributes["exception.message"]).toBe("string");
    });
  }

  it("leaves type, message and stack on the span, causes included", () => {
    const tracer = makeTracer();
    class RateLimitError extends Error {}
    const error = new RateLimitError("slow down", { cause: new TypeError("429") });
    expect(() =>
      tracer.trace("work", (span) => {
        span.addAttribute("kept", true);
        throw error;
      }),
    ).toThrow(error);
    const { attributes, statusMessage } = onlySpan(tracer);
    expect(attributes).toMatchObject({
      kept: true,
      "exception.type": "RateLimitError",
      "exception.message": "slow down",
    });
    expect(attributes["exception.stacktrace"]).toMatch(/slow down[\s\S]*Caused by: TypeError: 429/);
    expect(statusMessage).toBe("slow down");
  });

  it("and had ended its span itself leaves that as it was, without a complaint", () => {
    const tracer = makeTracer();
    const error = new Error("afterwards");
    expect(() =>
      tracer.trace("work", (span) => {
        span.setStatus("OK").end();
        throw error;
      }),
    ).toThrow(error);
    expect(onlySpan(tracer).spanStatus).toBe("OK");
  });
});

describe("a promise", () => {
  it("keeps the span running until it settles, then gives the same value", async () => {
    const tracer = makeTracer();
    const value = {};
    const promise = tracer.trace("work", async () => {
      await sleep(20);
      return value;
    });
    expect(tracer.openSpans().map((span) => span.spanName)).toEqual(["work"]);
    expect(await promise).toBe(value);
    expect(onlySpan(tracer).durationMs).toBeGreaterThanOrEqual(19);
  });

  it("that rejects gives the same error, and the span says so", async () => {
    const tracer = makeTracer();
    const error = new Error("no");
    await expect(tracer.trace("work", () => Promise.reject(error))).rejects.toBe(error);
    expect(onlySpan(tracer)).toMatchObject({ spanStatus: "ERROR", statusMessage: "no" });
  });

  it("has ended its span when the caller goes on", async () => {
    const tracer = makeTracer();
    await tracer.trace("work", async () => undefined);
    expect(tracer.openSpans()).toEqual([]);
  });

  it("of a subclass, or with properties of its own, comes back as it is, without a then", async () => {
    const tracer = makeTracer();
    class Query extends Promise<number> {
      thens = 0;
      // biome-ignore lint/suspicious/noThenProperty: the subject of this test
      override then: Promise<number>["then"] = (...args) => {
        this.thens++;
        return super.then(...args);
      };
    }
    const query = new Query((resolve) => resolve(42));
    const cancelable = Object.assign(Promise.resolve(1), { cancel: () => "cancelled" });
    for (const promise of [query, cancelable]) {
      expect(tracer.trace("work", () => promise)).toBe(promise);
      expect(tracer.openSpans()).toEqual([]);
    }
    expect(query.thens).toBe(0);
    expect(await query).toBe(42);
  });
});

describe("a thenable", () => {
  /** A query builder as several libraries have them: awaiting it is what runs the query. */
  class LazyQuery implements PromiseLike<string[]> {
    runs = 0;
    readonly #onRun: () => void;
    constructor(onRun: () => void) {
      this.#onRun = onRun;
    }
    // biome-ignore lint/suspicious/noThenProperty: the subject of this test
    readonly then: Promise<string[]>["then"] = (done, failed) => {
      this.runs++;
      this.#onRun();
      return Promise.resolve(["row"]).then(done, failed);
    };
  }

  it("comes back as it is and runs once, when the app awaits it", async () => {
    const tracer = makeTracer();
    const query = new LazyQuery(() => tracer.startSpan("query").end());
    const traced = tracer.trace("work", () => query);
    expect(traced).toBe(query);
    await sleep(2);
    expect(query.runs).toBe(0);
    expect(await traced).toEqual(["row"]);
    expect(query.runs).toBe(1);
  });

  it("awaited inside an async function runs once, below the span", async () => {
    const tracer = makeTracer();
    const query = new LazyQuery(() => tracer.startSpan("query").end());
    expect(await tracer.trace("work", async () => await query)).toEqual(["row"]);
    expect(await tracer.trace("again", async () => query)).toEqual(["row"]);
    expect(query.runs).toBe(2);
    expect(parentNames(tracer.getTraces().slice(0, 2))).toEqual({ work: "-", query: "work" });
  });

  it("whose then is a getter that throws does not matter to the span", () => {
    const tracer = makeTracer();
    // biome-ignore lint/suspicious/noThenProperty: the subject of this test
    const hostile = Object.defineProperty({}, "then", {
      get: () => {
        throw new Error("do not touch");
      },
    });
    expect(tracer.trace("work", () => hostile)).toBe(hostile);
    expect(onlySpan(tracer).spanStatus).toBe("UNSET");
  });
});

describe("a generator", () => {
  it("is active inside its steps and never between", () => {
    const tracer = makeTracer();
    const steps = tracer.trace("work", function* () {
      for (let i = 0; i < 3; i++) {
        tracer.startSpan(`inside ${i}`).end();
        yield activeName(tracer);
      }
    });
    tracer.trace("consumer", () => {
      for (const active of steps) {
        expect(active).toBe("work");
        expect(activeName(tracer)).toBe("consumer");
        tracer.startSpan("between").end();
      }
    });
    expect(parentNames(tracer.getTraces())).toEqual({
      ...{ work: "-", consumer: "-", between: "consumer" },
      ...{ "inside 0": "work", "inside 1": "work", "inside 2": "work" },
    });
  });

  it("passes values in and its return value out", () => {
    const tracer = makeTracer();
    const steps = tracer.trace("work", function* (): Generator<string, string, number> {
      const a = yield "first";
      const b = yield "second";
      return `sum ${a + b}`;
    });
    expect(steps.next(0)).toEqual({ done: false, value: "first" });
    expect(steps.next(40)).toEqual({ done: false, value: "second" });
    expect(tracer.openSpans()).toHaveLength(1);
    expect(steps.next(2)).toEqual({ done: true, value: "sum 42" });
    expect(onlySpan(tracer).attributes).toEqual({});
    expect(steps.next(1)).toEqual({ done: true, value: undefined });
  });

  it("abandoned half-way ends aborted, not in error, and keeps what it had", () => {
    const tracer = makeTracer();
    let cleanedUpBelow = "";
    const steps = tracer.trace("work", function* (span) {
      try {
        span.addAttribute("kept", "so far");
        yield* [1, 2, 3];
      } finally {
        cleanedUpBelow = activeName(tracer);
      }
    });
    for (const step of steps) if (step === 2) break;
    expect(cleanedUpBelow).toBe("work");
    expect(onlySpan(tracer)).toMatchObject({
      spanStatus: "UNSET",
      attributes: { kept: "so far", "ai.conversation.aborted": true },
    });
  });

  it("abandoned before its first step ends too", () => {
    const tracer = makeTracer();
    const steps = tracer.trace("work", function* () {
      yield 1;
    });
    expect(steps.return(undefined)).toEqual({ done: true, value: undefined });
    expect(onlySpan(tracer).attributes).toEqual({ "ai.conversation.aborted": true });
  });

  it("abandoned while it yields in its finally ends too: nobody may ask it for more", () => {
    const tracer = makeTracer();
    const steps = tracer.trace("work", function* () {
      try {
        yield 1;
      } finally {
        yield 2;
      }
    });
    for (const _ of steps) break;
    expect(onlySpan(tracer).attributes).toEqual({ "ai.conversation.aborted": true });
    expect([...steps]).toEqual([]);
  });

  it("thrown into may catch and go on", () => {
    const tracer = makeTracer();
    const steps = tracer.trace("work", function* () {
      try {
        yield 1;
      } catch (error) {
        yield error;
      }
    });
    steps.next();
    expect(steps.throw("thrown in")).toEqual({ done: false, value: "thrown in" });
    expect(steps.next().done).toBe(true);
    expect(onlySpan(tracer).spanStatus).toBe("UNSET");
  });

  it("thrown into and not catching throws on, the same object", () => {
    const tracer = makeTracer();
    const error = new Error("thrown in");
    const steps = tracer.trace("work", function* () {
      yield 1;
    });
    steps.next();
    expect(() => steps.throw(error)).toThrow(error);
    expect(onlySpan(tracer)).toMatchObject({ spanStatus: "ERROR", statusMessage: "thrown in" });
    // It is over: throwing into it again is no change to the span that ended.
    expect(() => steps.throw(error)).toThrow(error);
  });

  it("made of others by yield* has each in its place", () => {
    const tracer = makeTracer();
    const inner = () =>
      tracer.trace("inner", function* (): Generator<string, number> {
        yield activeName(tracer);
        return 7;
      });
    const steps = tracer.trace("work", function* () {
      yield activeName(tracer);
      const result = yield* inner();
      yield `${activeName(tracer)} after ${result}`;
    });
    expect([...steps]).toEqual(["work", "inner", "work after 7"]);
    expect(parentNames(tracer.getTraces())).toEqual({ work: "-", inner: "work" });
  });

  it("abandoned inside yield* ends the inner and the outer", () => {
    const tracer = makeTracer();
    const inner = () =>
      tracer.trace("inner", function* () {
        yield* [1, 2, 3];
      });
    const steps = tracer.trace("work", function* () {
      yield* inner();
    });
    for (const _ of steps) break;
    for (const span of tracer.getTraces()) {
      expect(span.attributes).toEqual({ "ai.conversation.aborted": true });
    }
    expect(tracer.openSpans()).toEqual([]);
  });

  it("stays a generator: iterable once, of its prototype, tagged, disposable", () => {
    const tracer = makeTracer();
    function* count() {
      yield 1;
    }
    const steps = tracer.trace("work", count);
    expect(steps[Symbol.iterator]()).toBe(steps);
    expect(steps).toBeInstanceOf(count);
    expect(Object.prototype.toString.call(steps)).toBe("[object Generator]");
    // Traced twice, both spans follow it.
    const twice = tracer.trace("outer", () => steps);
    expect([...twice]).toEqual([1]);
    expect(tracer.getTraces().map((span) => span.spanName)).toEqual(["work", "outer"]);
  });
});

describe("an async generator", () => {
  it("is active inside its steps and never between, however slowly it is consumed", async () => {
    const tracer = makeTracer();
    const tokens = tracer.trace("work", async function* () {
      for (let i = 0; i < 3; i++) {
        await sleep(20);
        await tracer.trace(`token ${i}`, () => sleep(1));
        yield activeName(tracer);
      }
    });
    for await (const active of tokens) {
      expect(active).toBe("work");
      expect(activeName(tracer)).toBe("-");
      await sleep(5);
      expect(activeName(tracer)).toBe("-");
      tracer.startSpan("between").end();
    }
    const spans = tracer.getTraces();
    expect(parentNames(spans)).toEqual({
      ...{ work: "-", between: "-", "token 0": "work", "token 1": "work", "token 2": "work" },
    });
    // Timers may fire a millisecond early by the steady clock.
    expect(spanNamed(spans, "work").durationMs).toBeGreaterThanOrEqual(57);
  });

  it("abandoned half-way ends when its clean-up is done, aborted", async () => {
    const tracer = makeTracer();
    const tokens = tracer.trace("work", async function* (span) {
      try {
        span.addAttribute("kept", "so far");
        for (let i = 0; ; i++) yield i;
      } finally {
        await tracer.trace("clean-up", () => sleep(1));
      }
    });
    for await (const token of tokens) if (token === 2) break;
    const spans = tracer.getTraces();
    expect(parentNames(spans)).toEqual({ work: "-", "clean-up": "work" });
    expect(spanNamed(spans, "work")).toMatchObject({
      spanStatus: "UNSET",
      attributes: { kept: "so far", "ai.conversation.aborted": true },
    });
  });

  it("abandoned before its first step ends too", async () => {
    const tracer = makeTracer();
    const tokens = tracer.trace("work", async function* () {
      yield 1;
    });
    expect(await tokens.return(undefined)).toEqual({ done: true, value: undefined });
    expect(onlySpan(tracer).attributes).toEqual({ "ai.conversation.aborted": true });
  });

  it("thrown into, or throwing, rejects with the same object", async () => {
    const tracer = makeTracer();
    const error = new Error("no more");
    const thrownInto = tracer.trace("thrown into", async function* () {
      yield 1;
    });
    await thrownInto.next();
    await expect(thrownInto.throw(error)).rejects.toBe(error);
    const throwing = tracer.trace("throwing", async function* () {
      yield 1;
      throw error;
    });
    await throwing.next();
    await expect(throwing.next()).rejects.toBe(error);
    expect(tracer.getTraces().map((span) => span.statusMessage)).toEqual(["no more", "no more"]);
  });

  it("answers calls that do not wait for each other in order", async () => {
    const tracer = makeTracer();
    const steps = tracer.trace("work", async function* () {
      for (let i = 0; i < 3; i++) {
        await sleep(1);
        yield [i, activeName(tracer)];
      }
    });
    const all = await Promise.all([steps.next(), steps.next(), steps.next(), steps.next(), steps.return()]);
    expect(all.map((step) => step.value)).toEqual([
      [0, "work"],
      [1, "work"],
      [2, "work"],
      undefined,
      undefined,
    ]);
    expect(onlySpan(tracer).attributes).toEqual({});
  });

  it("may delegate to others by yield*", async () => {
    const tracer = makeTracer();
    const inner = () =>
      tracer.trace("inner", async function* () {
        await sleep(1);
        yield activeName(tracer);
      });
    const steps = tracer.trace("work", async function* () {
      yield* inner();
      yield activeName(tracer);
    });
    const seen: string[] = [];
    for await (const step of steps) seen.push(step);
    expect(seen).toEqual(["inner", "work"]);
    expect(parentNames(tracer.getTraces())).toEqual({ work: "-", inner: "work" });
  });
});

describe("work that was called off", () => {
  const aborts: Record<string, () => Promise<unknown>> = {
    "the platform's AbortError": async () => AbortSignal.abort().throwIfAborted(),
    "Node's AbortError": async () => {
      const { setTimeout: wait } = await import("node:timers/promises");
      await wait(1, undefined, { signal: AbortSignal.abort() });
    },
    "an error of that name": async () => {
      throw Object.assign(new Error("stop"), { name: "AbortError" });
    },
  };
  for (const [name, work] of Object.entries(aborts)) {
    it(`is marked aborted and thrown on unchanged: ${name}`, async () => {
      const tracer = makeTracer();
      let thrown: unknown;
      const traced = tracer.trace("work", (span) => {
        span.addAttribute("kept", 1);
        return work().catch((error: unknown) => {
          thrown = error;
          throw error;
        });
      });
      await expect(traced).rejects.toSatisfy((error) => Object.is(error, thrown));
      expect(onlySpan(tracer)).toMatchObject({
        spanStatus: "UNSET",
        attributes: { kept: 1, "ai.conversation.aborted": true },
      });
    });
  }

  it("by a time limit is an error, not an abort", async () => {
    const tracer = makeTracer();
    const error = new DOMException("too slow", "TimeoutError");
    await expect(tracer.trace("work", () => Promise.reject(error))).rejects.toBe(error);
    expect(onlySpan(tracer)).toMatchObject({
      spanStatus: "ERROR",
      attributes: { "exception.type": "TimeoutError" },
    });
  });
});

describe("a stream", () => {
  it("is not followed: the span ends on return", async () => {
    const tracer = makeTracer();
    const stream = new ReadableStream({ start: (controller) => controller.close() });
    expect(tracer.trace("work", () => stream)).toBe(stream);
    expect(tracer.openSpans()).toEqual([]);
  });
});

describe("a rejection that nobody handles", () => {
  let copy: PackageCopy;
  beforeAll(async () => {
    copy = await PackageCopy.make();
  });
  afterAll(() => copy[Symbol.dispose]());

  const script = (call: string) => `
    import { InMemoryTracer } from "tracelight";
    const tracer = new InMemoryTracer();
    const error = new Error("nobody cares");
    const seen = [];
    process.on("unhandledRejection", (reason) => seen.push(reason === error));
    process.on("rejectionHandled", () => seen.push("handled"));
    ${call}
    await new Promise((resolve) => setTimeout(resolve, 20));
    console.log(JSON.stringify(seen));`;

  const works: Record<string, string> = {
    "async function": "async () => { await null; throw error; }",
    "rejected promise": "() => Promise.reject(error)",
    "step of an async generator": "() => (async function* () { throw error; })()",
    "promise subclass": "() => { class P extends Promise {} return P.reject(error); }",
  };
  for (const [name, work] of Object.entries(works)) {
    it(`is seen by the app once, as without tracing: ${name}`, async () => {
      const step = name.startsWith("step") ? ".next()" : "";
      const without = await copy.run(script(`(${work})()${step};`));
      const traced = await copy.run(script(`tracer.trace("work", ${work})${step};`));
      expect(without.stdout).toBe("[true]\n");
      const isFollowed = name !== "promise subclass";
      expect({ ...traced, stderr: "" }).toEqual(without);
      expect(traced.stderr.match(/NOT_FOLLOWED/g)?.length ?? 0).toBe(isFollowed ? 0 : 1);
    });
  }

  it("ends the process as without tracing, with the app's own error", async () => {
    const outcome = await copy.run(`
      import { InMemoryTracer } from "tracelight";
      new InMemoryTracer().trace("work", async () => { throw new Error("nobody cares"); });`);
    expect(outcome.code).toBe(1);
    expect(outcome.stderr).toContain("Error: nobody cares");
  });

  it("handled a little later is no more trouble than without tracing", async () => {
    const outcome = await copy.run(
      script(`const traced = tracer.trace("work", async () => { throw error; });
        await Promise.resolve();
        traced.catch(() => undefined);`),
    );
    expect(outcome.stdout).toBe("[]\n");
  });
});
