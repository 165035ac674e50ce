// Rule 6: inheritable attributes reach what is below, later and still running; the nearest wins; ended spans never change.
import fc from "fast-check";
import { InMemoryTracer, type Span, type Tracer } from "tracelight";
import { describe, expect, it } from "vitest";
import { runs } from "../sizes.ts";
import { sleep, spanNamed } from "./reading.ts";

const DOWN = { inheritable: true } as const;

describe("an inheritable attribute", () => {
  it("is seen on the span itself and on all below it, at any depth; others are the span's own", () => {
    const tracer = new InMemoryTracer();
    tracer.trace("parent", (parent) => {
      parent.addAttribute("foo", "bar").addAttribute("inherited.foo", "bar", DOWN);
      tracer.trace("child", () => tracer.trace("grandchild", () => undefined));
    });
    const attributes = (name: string) => spanNamed(tracer.getTraces(), name).attributes;
    expect(attributes("parent")).toEqual({ foo: "bar", "inherited.foo": "bar" });
    expect(attributes("child")).toEqual({ "inherited.foo": "bar" });
    expect(attributes("grandchild")).toEqual({ "inherited.foo": "bar" });
  });

  it("reaches spans that run already, however deep", () => {
    const tracer = new InMemoryTracer();
    tracer.trace("turn", (turn) =>
      tracer.trace("cycle", () =>
        tracer.trace("tool", (tool) => {
          expect(tool.attributes).toEqual({});
          turn.addAttribute("ai.conversation.id", 7, DOWN);
          expect(tool.attributes).toEqual({ "ai.conversation.id": 7 });
        }),
      ),
    );
    for (const span of tracer.getTraces()) expect(span.attributes).toEqual({ "ai.conversation.id": 7 });
  });

  it("does not reach an ended span, nor a sibling, nor a parent", () => {
    const tracer = new InMemoryTracer();
    tracer.trace("parent", (parent) => {
      tracer.trace("early", () => undefined);
      const sibling = tracer.startSpan("sibling");
      tracer.trace("child", (child) => child.addAttribute("of", "child", DOWN));
      sibling.end();
      parent.addAttribute("of", "parent", DOWN);
    });
    const of = Object.fromEntries(tracer.getTraces().map((span) => [span.spanName, span.attributes["of"]]));
    expect(of).toEqual({ parent: "parent", early: undefined, sibling: undefined, child: "child" });
  });

  it("gives way to the nearest: an own one, then the closest above", () => {
    const tracer = new InMemoryTracer();
    tracer.trace("a", (a) => {
      a.addAttribute("x", "a", DOWN);
      tracer.trace("b", (b) => {
        b.addAttribute("x", "b", DOWN);
        tracer.trace("c", (c) => {
          expect(c.attributes["x"]).toBe("b");
          c.addAttribute("x", "own");
          a.addAttribute("x", "late a", DOWN);
          expect(c.attributes["x"]).toBe("own");
          tracer.trace("d", (d) => expect(d.attributes["x"]).toBe("b"));
        });
      });
      tracer.trace("e", (e) => expect(e.attributes["x"]).toBe("late a"));
    });
  });

  it("replaces its earlier value for those below, whether they started before or after", () => {
    const tracer = new InMemoryTracer();
    tracer.trace("parent", (parent) => {
      parent.addAttribute("x", 1, DOWN);
      const before = tracer.startSpan("before");
      parent.addAttribute("x", 2, DOWN);
      const after = tracer.startSpan("after");
      expect([before.attributes["x"], after.attributes["x"]]).toEqual([2, 2]);
      before.end();
      parent.addAttribute("x", 3, DOWN);
      expect([before.attributes["x"], after.attributes["x"]]).toEqual([2, 3]);
    });
  });

  it("reaches through a span that has ended, to those that still run below it", async () => {
    const tracer = new InMemoryTracer();
    const turn = tracer.startSpan("turn");
    let child: Promise<void> | undefined;
    const step = tracer.startSpan("step", { parentSpan: turn });
    step.addAttribute("step", 1, DOWN);
    tracer.run(step, () => {
      child = tracer.trace("child", async () => {
        await sleep(2);
        tracer.trace("grandchild", () => undefined);
      });
    });
    step.end();
    turn.addAttribute("late", true, DOWN).addAttribute("step", "too far", DOWN);
    await child;
    turn.end();
    const attributes = (name: string) => spanNamed(tracer.getTraces(), name).attributes;
    expect(attributes("step")).toEqual({ step: 1 });
    expect(attributes("child")).toEqual({ step: 1, late: true });
    expect(attributes("grandchild")).toEqual({ step: 1, late: true });
  });

  it("is still passed to what starts below a span that has ended", () => {
    const tracer = new InMemoryTracer();
    const parent = tracer.startSpan("parent").addAttribute("x", 1, DOWN);
    parent.end();
    expect(tracer.startSpan("late", { parentSpan: parent }).attributes).toEqual({ x: 1 });
  });

  it("crosses tracers", () => {
    const [a, b] = [new InMemoryTracer(), new InMemoryTracer()];
    a.trace("of a", (span) => {
      span.addAttribute("x", 1, DOWN);
      b.trace("of b", (inner) => {
        span.addAttribute("y", 2, DOWN);
        expect(inner.attributes).toEqual({ x: 1, y: 2 });
      });
    });
  });

  it("of many at once, by addAttributes, and of the options of trace only by request", () => {
    const tracer = new InMemoryTracer();
    tracer.trace("parent", { attributes: { own: 1 } }, (parent) => {
      parent.addAttributes({ a: 1, b: { deep: true } }, DOWN);
      expect(tracer.startSpan("child").attributes).toEqual({ a: 1, b: { deep: true } });
    });
  });

  it("may be a history of messages: each span sees it as it was when given", () => {
    const tracer = new InMemoryTracer();
    const messages = [{ role: "user", text: "1" }];
    tracer.trace("parent", (parent) => {
      parent.addAttribute("messages", messages, DOWN);
      messages.push({ role: "assistant", text: "2" });
      const child = tracer.startSpan("child");
      expect(child.attributes["messages"]).toEqual([{ role: "user", text: "1" }]);
      parent.addAttribute("messages", messages, DOWN);
      expect(child.attributes["messages"]).toEqual(messages);
    });
  });

  it("of the context is not one: setContext reaches this tracer's spans only, each as its own", () => {
    const [a, b] = [new InMemoryTracer(), new InMemoryTracer()];
    a.setContext({ spanAttributes: { tenant: "acme" } });
    a.trace("of a", () => expect(b.startSpan("of b").attributes).toEqual({}));
  });
});

/** What may happen to a forest of spans. `span` counts from the latest. */
type Step =
  | { readonly do: "start"; readonly below: number | undefined; readonly by: "option" | "run" }
  | { readonly do: "add"; readonly span: number; readonly key: string; readonly inheritable: boolean }
  | { readonly do: "end"; readonly span: number };

const which = fc.nat(9);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant("start" as const),
      below: fc.option(which, { nil: undefined, freq: 8 }),
      by: fc.constantFrom("option" as const, "run" as const),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant("add" as const),
      span: which,
      key: fc.constantFrom("a", "b", "__proto__"),
      inheritable: fc.boolean(),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("end" as const), span: which }) },
);

/** The rule in its plainest form: walk up, the nearest value of each key. */
class Reference {
  readonly #own = new Map<string, unknown>();
  readonly #passed = new Map<string, unknown>();
  readonly #parent: Reference | undefined;
  #atEnd: ReadonlyMap<string, unknown> | undefined;

  constructor(parent: Reference | undefined) {
    this.#parent = parent;
  }

  add(key: string, value: unknown, inheritable: boolean): void {
    if (this.#atEnd !== undefined) return;
    this.#own.set(key, value);
    if (inheritable) this.#passed.set(key, value);
  }

  end(): void {
    this.#atEnd ??= this.attributes;
  }

  get attributes(): ReadonlyMap<string, unknown> {
    if (this.#atEnd !== undefined) return this.#atEnd;
    const seen = new Map(this.#own);
    for (let at = this.#parent; at !== undefined; at = at.#parent) {
      for (const [key, value] of at.#passed) if (!seen.has(key)) seen.set(key, value);
    }
    return seen;
  }
}

interface Pair {
  readonly span: Span;
  readonly reference: Reference;
}

function start(tracer: Tracer, parent: Pair | undefined, by: "option" | "run"): Pair {
  const above = parent?.span ?? null;
  const span =
    by === "option"
      ? tracer.startSpan("s", { parentSpan: above })
      : tracer.run(above, () => tracer.startSpan("s"));
  return { span, reference: new Reference(parent?.reference) };
}

function play(steps: readonly Step[], afterEach: (pairs: readonly Pair[]) => void): readonly Pair[] {
  const tracer = new InMemoryTracer({ memorySize: 0, onError: () => undefined });
  const pairs: Pair[] = [];
  const at = (back: number | undefined) => (back === undefined ? undefined : pairs.at(-1 - back));
  for (const [value, next] of steps.entries()) {
    if (next.do === "start") pairs.push(start(tracer, at(next.below), next.by));
    else if (next.do === "end") {
      at(next.span)?.span.end();
      at(next.span)?.reference.end();
    } else {
      at(next.span)?.span.addAttribute(next.key, value, { inheritable: next.inheritable });
      at(next.span)?.reference.add(next.key, value, next.inheritable);
    }
    afterEach(pairs);
  }
  return pairs;
}

function expectAlike(pairs: readonly Pair[]): void {
  for (const { span, reference } of pairs) {
    expect(new Map(Object.entries(span.attributes))).toEqual(reference.attributes);
  }
}

describe("any interleaving of start, add and end in any forest of spans", () => {
  it("gives each span the attributes that walking up says, at every moment", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        play(steps, expectAlike);
      }),
      { numRuns: runs(150) },
    );
  });

  it("does so too when nobody looked in between", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => expectAlike(play(steps, () => undefined))),
      { numRuns: runs(200) },
    );
  });
});
