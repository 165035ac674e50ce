// Rule 3: each span has the parent that the code's nesting says.
import { EventEmitter } from "node:events";
import fc from "fast-check";
import { InMemoryTracer, NoopTracer, Tracer } from "tracelight";
import { describe, expect, it } from "vitest";
import { runs } from "../sizes.ts";
import { activeName, parentNames, sleep, spanNamed } from "./reading.ts";

describe("the active span", () => {
  it("is the parent of what starts inside, and is gone outside", () => {
    const tracer = new InMemoryTracer();
    tracer.trace("outer", () => {
      tracer.trace("inner", () => expect(activeName(tracer)).toBe("inner"));
      tracer.startSpan("by hand").end();
      expect(activeName(tracer)).toBe("outer");
    });
    expect(tracer.currentSpan).toBeUndefined();
    expect(parentNames(tracer.getTraces())).toEqual({ outer: "-", inner: "outer", "by hand": "outer" });
  });

  it("follows await, also where calls overlap", async () => {
    const tracer = new InMemoryTracer();
    const turn = (name: string) =>
      tracer.trace(name, async () => {
        await sleep(1);
        await tracer.trace(`${name}.model`, () => sleep(1));
        expect(activeName(tracer)).toBe(name);
      });
    await Promise.all([turn("a"), turn("b")]);
    expect(parentNames(tracer.getTraces())).toEqual({ a: "-", b: "-", "a.model": "a", "b.model": "b" });
  });

  it("keeps 100 parallel tools apart, each with nested work of its own", async () => {
    const tracer = new InMemoryTracer();
    const tool = (i: number) =>
      tracer.trace(`tool ${i}`, async () => {
        await sleep(i % 5);
        await tracer.trace(`fetch ${i}`, async () => {
          await null;
          tracer.trace(`parse ${i}`, () => undefined);
        });
      });
    await tracer.trace("turn", () => Promise.all(Array.from({ length: 100 }, (_, i) => tool(i))));

    const spans = tracer.getTraces();
    const parents = parentNames(spans);
    expect(spans).toHaveLength(301);
    expect(new Set(spans.map((span) => span.traceId)).size).toBe(1);
    for (let i = 0; i < 100; i++) {
      expect(parents[`tool ${i}`]).toBe("turn");
      expect(parents[`fetch ${i}`]).toBe(`tool ${i}`);
      expect(parents[`parse ${i}`]).toBe(`fetch ${i}`);
    }
  });

  it("reaches timers, immediates, microtasks and next ticks that the code starts", async () => {
    const tracer = new InMemoryTracer();
    const schedulers: Record<string, (fn: () => void) => void> = {
      timeout: (fn) => setTimeout(fn, 1),
      immediate: (fn) => setImmediate(fn),
      microtask: (fn) => queueMicrotask(fn),
      tick: (fn) => process.nextTick(fn),
    };
    const done: Promise<void>[] = [];
    tracer.trace("outer", () => {
      for (const [name, schedule] of Object.entries(schedulers)) {
        done.push(new Promise((resolve) => schedule(() => resolve(tracer.trace(name, () => undefined)))));
      }
    });
    await Promise.all(done);
    const { outer: _, ...rest } = parentNames(tracer.getTraces());
    expect(new Set(Object.values(rest))).toEqual(new Set(["outer"]));
    expect(Object.keys(rest)).toHaveLength(4);
  });

  it("in a listener is that of the code that emits, unless the listener was bound", () => {
    const tracer = new InMemoryTracer();
    const emitter = new EventEmitter();
    tracer.trace("subscriber", () => {
      emitter.on("data", () => tracer.startSpan("plain").end());
      emitter.on(
        "data",
        tracer.bind(() => tracer.startSpan("bound").end()),
      );
    });
    tracer.trace("publisher", () => emitter.emit("data"));
    const { plain, bound } = parentNames(tracer.getTraces());
    expect({ plain, bound }).toEqual({ plain: "publisher", bound: "subscriber" });
  });

  it("is shared by all tracers", () => {
    const a = new InMemoryTracer();
    const b = new InMemoryTracer();
    a.trace("of a", () => b.trace("of b", () => a.startSpan("of a again").end()));
    expect(parentNames([...a.getTraces(), ...b.getTraces()])).toEqual({
      "of a": "-",
      "of b": "of a",
      "of a again": "of b",
    });
  });

  it("stays the active one inside a NoopTracer", () => {
    const tracer = new InMemoryTracer();
    const noop = new NoopTracer();
    tracer.trace("outer", () => {
      noop.trace("skipped", (skipped) => {
        tracer.startSpan("inside").end();
        tracer.startSpan("below", { parentSpan: skipped }).end();
        tracer.run(skipped, () => tracer.startSpan("run below").end());
      });
    });
    const { inside, below, "run below": run } = parentNames(tracer.getTraces());
    expect([inside, below, run]).toEqual(["outer", "outer", "outer"]);
  });

  it("is the parent also after its end, for work it left behind", async () => {
    const tracer = new InMemoryTracer();
    let late: Promise<void> | undefined;
    tracer.trace("outer", () => {
      late = sleep(2).then(() => tracer.trace("late", () => undefined));
    });
    await late;
    expect(parentNames(tracer.getTraces())).toEqual({ outer: "-", late: "outer" });
  });
});

describe("run", () => {
  it("makes a span active for a call and all it awaits, and does not end it", async () => {
    const tracer = new InMemoryTracer();
    const span = tracer.startSpan("stream");
    await tracer.run(span, async () => {
      await sleep(1);
      tracer.startSpan("chunk").end();
    });
    expect(span.state).toBe("running");
    expect(tracer.currentSpan).toBeUndefined();
    span.end();
    expect(parentNames(tracer.getTraces())).toEqual({ stream: "-", chunk: "stream" });
  });

  it("with null makes none active", () => {
    const tracer = new InMemoryTracer();
    tracer.trace("outer", () =>
      tracer.run(null, () => {
        expect(tracer.currentSpan).toBeUndefined();
        tracer.startSpan("root").end();
      }),
    );
    expect(parentNames(tracer.getTraces())["root"]).toBe("-");
  });

  it("gives what the function gives, and throws what it throws", () => {
    const tracer = new InMemoryTracer();
    const error = new Error("mine");
    expect(tracer.run(null, () => 42)).toBe(42);
    const fail = (): never => {
      throw error;
    };
    expect(() => tracer.run(null, fail)).toThrow(error);
  });
});

describe("bind", () => {
  it("keeps this, the arguments and the result", () => {
    const tracer = new InMemoryTracer();
    const account = {
      balance: 40,
      add: tracer.bind(function (this: { balance: number }, a: number, b: number) {
        return this.balance + a + b;
      }),
    };
    expect(account.add(1, 1)).toBe(42);
  });

  it("brings the context of then: the span, and what withContext set", () => {
    const tracer = new InMemoryTracer();
    const bound = tracer.trace("outer", () =>
      tracer.withContext({ spanAttributes: { tenant: "acme" } }, () =>
        tracer.bind(() => tracer.startSpan("later").end()),
      ),
    );
    tracer.trace("caller", bound);
    const later = spanNamed(tracer.getTraces(), "later");
    expect(later.parentSpan?.spanName).toBe("outer");
    expect(later.attributes).toEqual({ tenant: "acme" });
  });

  it("outside any span brings just that: no span", () => {
    const tracer = new InMemoryTracer();
    const bound = tracer.bind(() => tracer.currentSpan);
    expect(tracer.trace("caller", bound)).toBeUndefined();
  });
});

describe("parentSpan", () => {
  it("names another parent than the active span; null starts a new trace", () => {
    const tracer = new InMemoryTracer();
    const other = tracer.startSpan("other");
    tracer.trace("active", (active) => {
      const child = tracer.startSpan("child", { parentSpan: other });
      const root = tracer.startSpan("root", { parentSpan: null });
      expect([child.parentSpanId, child.traceId]).toEqual([other.spanId, other.traceId]);
      expect(root.parentSpanId).toBeUndefined();
      expect(root.traceId).not.toBe(active.traceId);
    });
  });

  it("may be a span of another process, known by its ids", () => {
    const tracer = new InMemoryTracer();
    const remote = { traceId: "0af7651916cd43dd8448eb211c80319c", spanId: "b7ad6b7169203331" };
    tracer.trace("handler", { parentSpan: remote, spanKind: "SERVER" }, () => tracer.startSpan("work").end());
    const handler = spanNamed(tracer.getTraces(), "handler");
    expect([handler.traceId, handler.parentSpanId]).toEqual([remote.traceId, remote.spanId]);
    expect(handler.parentSpan).toBeUndefined();
    expect(spanNamed(tracer.getTraces(), "work").traceId).toBe(remote.traceId);
  });

  it("may be a span that was read back from its record", () => {
    const tracer = new InMemoryTracer();
    tracer.trace("first", () => undefined);
    const stored = tracer.getTraces()[0];
    if (stored === undefined) throw new Error("nothing was kept");
    const next = tracer.startSpan("next", { parentSpan: stored });
    expect([next.traceId, next.parentSpanId]).toEqual([stored.traceId, stored.spanId]);
    expect(next.parentSpan?.spanName).toBe("first");
  });
});

describe("setContext", () => {
  it("gives its settings to all later spans, not to earlier ones", () => {
    const tracer = new InMemoryTracer();
    const early = tracer.startSpan("early");
    tracer.setContext({
      resourceAttributes: { "service.name": "MyAgent" },
      spanAttributes: { team: "blue" },
      scope: { name: "agent", version: "2" },
    });
    const late = tracer.startSpan("late");
    expect([early.resourceAttributes, early.attributes]).toEqual([{}, {}]);
    expect(early.scope.name).toBe("tracelight");
    expect(late.resourceAttributes).toEqual({ "service.name": "MyAgent" });
    expect(late.attributes).toEqual({ team: "blue" });
    expect(late.scope).toEqual({ name: "agent", version: "2" });
  });

  it("says who makes the spans: a span has its own tracer's scope, whoever made the span above", () => {
    const [a, b] = [new InMemoryTracer(), new InMemoryTracer()];
    a.setContext({ scope: { name: "a" } });
    const named = { scope: { name: "a part of a" } };
    a.trace("of a", () => {
      a.trace("of a part", named, (part) => {
        expect(part.scope).toEqual({ name: "a part of a" });
        expect([a, b].map((tracer) => tracer.startSpan("below").scope.name)).toEqual(["a", "tracelight"]);
        b.withContext({ scope: { name: "b" } }, () => expect(b.startSpan("below").scope.name).toBe("b"));
      });
    });
  });

  it("belongs to its tracer", () => {
    const a = new InMemoryTracer();
    const b = new InMemoryTracer();
    a.setContext({ resourceAttributes: { "service.name": "A" }, spanAttributes: { a: 1 } });
    const child = a.trace("of a", () => b.startSpan("of b"));
    expect([child.resourceAttributes, child.attributes]).toEqual([{}, {}]);
  });

  it("replaces the fields it names, and leaves the others", () => {
    const tracer = new InMemoryTracer();
    tracer.setContext({ resourceAttributes: { a: 1 }, spanAttributes: { b: 1, c: 1 } });
    tracer.setContext({ spanAttributes: { b: 2 } });
    expect(tracer.context).toEqual({ resourceAttributes: { a: 1 }, spanAttributes: { b: 2 } });
  });

  it("captures what it is given", () => {
    const tracer = new InMemoryTracer();
    const resource = { tags: ["a"] };
    tracer.setContext({ resourceAttributes: resource });
    resource.tags.push("b");
    expect(tracer.startSpan("s").resourceAttributes).toEqual({ tags: ["a"] });
  });

  it("each undo removes its own layer, in any order, once", () => {
    const names = fc.array(fc.constantFrom("red", "green", "blue", "black"), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(names, fc.array(fc.nat(7), { maxLength: 12 }), (layers, undone) => {
        const tracer = new Tracer({ name: "none", write: () => undefined });
        const undos = layers.map((team) => tracer.setContext({ spanAttributes: { team } }));
        const left = new Set(layers.keys());
        for (const i of undone) {
          undos[i]?.();
          left.delete(i);
          const top = [...left].at(-1);
          expect(tracer.startSpan("s").attributes).toEqual(top === undefined ? {} : { team: layers[top] });
        }
      }),
    );
  });
});

describe("withContext", () => {
  it("holds for a call and all it awaits, for its tracer alone", async () => {
    const tracer = new InMemoryTracer();
    const other = new InMemoryTracer();
    tracer.setContext({ resourceAttributes: { "service.name": "A" } });
    await tracer.withContext({ spanAttributes: { tenant: "acme" } }, async () => {
      await sleep(1);
      tracer.startSpan("inside").end();
      other.startSpan("other").end();
    });
    tracer.startSpan("outside").end();
    const inside = spanNamed(tracer.getTraces(), "inside");
    expect(inside.attributes).toEqual({ tenant: "acme" });
    expect(inside.resourceAttributes).toEqual({ "service.name": "A" });
    expect(spanNamed(tracer.getTraces(), "outside").attributes).toEqual({});
    expect(spanNamed(other.getTraces(), "other").attributes).toEqual({});
  });

  it("keeps overlapping calls apart", async () => {
    const tracer = new InMemoryTracer();
    const request = (tenant: string) =>
      tracer.withContext({ spanAttributes: { tenant } }, () =>
        tracer.trace(tenant, async () => {
          await sleep(1);
          tracer.startSpan(`${tenant}.work`).end();
        }),
      );
    await Promise.all(["a", "b", "c"].map(request));
    for (const tenant of ["a", "b", "c"]) {
      expect(spanNamed(tracer.getTraces(), `${tenant}.work`).attributes).toEqual({ tenant });
    }
  });

  it("nests: the innermost wins field by field, and the active span stays", () => {
    const tracer = new InMemoryTracer();
    tracer.trace("outer", () =>
      tracer.withContext({ spanAttributes: { a: 1 }, scope: { name: "one" } }, () =>
        tracer.withContext({ spanAttributes: { b: 2 } }, () => {
          expect(tracer.context.spanAttributes).toEqual({ b: 2 });
          expect(tracer.context.scope).toEqual({ name: "one" });
          expect(tracer.context.span?.spanName).toBe("outer");
        }),
      ),
    );
    expect(tracer.context).toEqual({});
  });
});

/** A program: work of some kind, with work inside. */
interface Work {
  readonly kind: (typeof KINDS)[number];
  readonly tracer: number;
  readonly parallel: boolean;
  readonly inside: readonly Work[];
}

const KINDS = [
  "sync",
  "async",
  "generator",
  "async generator",
  "timer",
  "bound",
  "by hand",
  "thrown",
] as const;

const work: fc.Memo<Work> = fc.memo((depth) =>
  fc.record({
    kind: fc.constantFrom(...KINDS),
    tracer: fc.nat(1),
    parallel: fc.boolean(),
    inside: depth <= 1 ? fc.constant([]) : fc.array(work(), { maxLength: 4 }),
  }),
);

/** Runs a program; notes for each span which parent the nesting says. */
class Program {
  readonly tracers = [
    new InMemoryTracer({ memorySize: 100_000 }),
    new InMemoryTracer({ memorySize: 100_000 }),
  ];
  readonly expected: Record<string, string> = {};
  readonly #leftBehind: Promise<void>[] = [];
  #names = 0;

  async run(works: readonly Work[]): Promise<void> {
    await Promise.all(works.map((work) => this.#start(work, "-")));
    for (let i = 0; i < this.#leftBehind.length; i++) await this.#leftBehind[i];
  }

  #start(work: Work, parent: string): Promise<void> {
    const name = `${work.kind} ${this.#names++}`;
    const tracer = this.tracers[work.tracer] ?? new InMemoryTracer();
    this.expected[name] = parent;
    switch (work.kind) {
      case "sync":
        tracer.trace(name, () => this.#leave(work, name));
        return this.#after(parent);
      case "thrown":
        expect(() => tracer.trace(name, () => this.#fail(work, name))).toThrow("on purpose");
        return this.#after(parent);
      case "async":
        return tracer.trace(name, () => this.#inside(work, name));
      case "timer":
        return new Promise((resolve) =>
          setTimeout(() => resolve(tracer.trace(name, () => this.#inside(work, name))), this.#names % 3),
        );
      case "bound": {
        const bound = tracer.bind(() => tracer.trace(name, () => this.#inside(work, name)));
        return tracer.run(null, () => sleep(0).then(bound));
      }
      case "by hand":
        return this.#byHand(tracer, work, name);
      case "generator":
        return this.#generator(tracer, work, name, parent);
      case "async generator":
        return this.#asyncGenerator(tracer, work, name, parent);
    }
  }

  async #after(parent: string): Promise<void> {
    this.#isActive(parent);
    await null;
    this.#isActive(parent);
  }

  /** What starts now and ends after the span. */
  #leave(work: Work, name: string): void {
    for (const next of work.inside) this.#leftBehind.push(this.#start(next, name));
    this.#isActive(name);
  }

  #fail(work: Work, name: string): never {
    this.#leave(work, name);
    throw new Error("on purpose");
  }

  async #inside(work: Work, name: string): Promise<void> {
    this.#isActive(name);
    if (work.parallel) await Promise.all(work.inside.map((next) => this.#start(next, name)));
    else for (const next of work.inside) await this.#start(next, name);
    await null;
    this.#isActive(name);
  }

  async #byHand(tracer: Tracer, work: Work, name: string): Promise<void> {
    const span = tracer.startSpan(name);
    await tracer.run(span, () => this.#inside(work, name));
    span.end();
  }

  async #generator(tracer: Tracer, work: Work, name: string, parent: string): Promise<void> {
    const { inside } = work;
    const leave = (next: Work) => this.#leave({ ...work, inside: [next] }, name);
    const steps = tracer.trace(name, function* () {
      for (const next of inside) yield leave(next);
    });
    for (const _ of steps) {
      this.#isActive(parent);
      await null;
      this.#isActive(parent);
    }
  }

  async #asyncGenerator(tracer: Tracer, work: Work, name: string, parent: string): Promise<void> {
    const { inside } = work;
    const start = (next: Work) => this.#start(next, name);
    const steps = tracer.trace(name, async function* () {
      for (const next of inside) yield await start(next);
    });
    for await (const _ of steps) {
      this.#isActive(parent);
      await sleep(0);
      this.#isActive(parent);
    }
  }

  #isActive(name: string): void {
    for (const tracer of this.tracers) expect(activeName(tracer)).toBe(name);
  }
}

describe("any program of nested sync, async, generator, timer and bound work", () => {
  it("gives each span the parent that the nesting says", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(work(4), { minLength: 1, maxLength: 3 }), async (works) => {
        const program = new Program();
        await program.run(works);
        const spans = program.tracers.flatMap((tracer) => tracer.getTraces());
        expect(parentNames(spans)).toEqual(program.expected);
      }),
      { numRuns: runs(400) },
    );
  });
});
