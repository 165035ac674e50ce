// Rule 3, across copies: two copies of the package in one process share the active span and what it passes down.
import { InMemoryTracer, Tracer } from "tracelight";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { PackageCopy } from "./package-copy.ts";
import { activeName, parentNames, sleep } from "./reading.ts";

const DOWN = { inheritable: true } as const;

let copy: PackageCopy;
let required: typeof import("tracelight");

function isTracelight(module: unknown): module is typeof import("tracelight") {
  return typeof module === "object" && module !== null && "InMemoryTracer" in module;
}

beforeAll(async () => {
  copy = await PackageCopy.make();
  const module = copy.require();
  if (!isTracelight(module)) throw new Error("require gave no tracelight");
  required = module;
});
afterAll(() => copy[Symbol.dispose]());

/** A tracer of each copy, in both orders. */
function eachWay(check: (outer: InMemoryTracer, inner: InMemoryTracer) => void | Promise<void>) {
  return async () => {
    await check(new InMemoryTracer(), new required.InMemoryTracer());
    await check(new required.InMemoryTracer(), new InMemoryTracer());
  };
}

describe("two copies of the package", () => {
  it("are two: neither knows the other's classes", () => {
    expect(required.InMemoryTracer).not.toBe(InMemoryTracer);
    expect(new required.InMemoryTracer()).not.toBeInstanceOf(Tracer);
  });

  it(
    "share the active span: a span of one is the parent of the other's",
    eachWay(async (outer, inner) => {
      await outer.trace("outer", async () => {
        await sleep(1);
        await inner.trace("inner", async () => {
          await sleep(1);
          expect([activeName(outer), activeName(inner)]).toEqual(["inner", "inner"]);
          outer.startSpan("innermost").end();
        });
        expect(activeName(inner)).toBe("outer");
      });
      const spans = [...outer.getTraces(), ...inner.getTraces()];
      expect(parentNames(spans)).toEqual({ outer: "-", inner: "outer", innermost: "inner" });
      expect(new Set(spans.map((span) => span.traceId)).size).toBe(1);
    }),
  );

  it(
    "pass down inheritable attributes, early and late, also through spans that have ended",
    eachWay((outer, inner) => {
      const turn = outer.startSpan("turn").addAttribute("early", 1, DOWN);
      const step = outer.run(turn, () => inner.startSpan("step"));
      const child = inner.run(step, () => outer.startSpan("child"));
      turn.addAttribute("late", 2, DOWN);
      step.addAttribute("near", 3, DOWN).end();
      turn.addAttribute("later", 4, DOWN);
      expect(step.attributes).toEqual({ early: 1, late: 2, near: 3 });
      expect(child.attributes).toEqual({ early: 1, late: 2, near: 3, later: 4 });
    }),
  );

  it(
    "pass down values of every kind, a growing history included",
    eachWay((outer, inner) => {
      const messages = [{ role: "user", content: [{ text: "Hello" }] }];
      const values = {
        list: [1, 2],
        map: new Map([["a", 1]]),
        big: 10n,
        at: new Date(0),
        bytes: new Uint8Array([1]),
      };
      outer.trace("outer", (span) => {
        span.addAttributes(values, DOWN).addAttribute("messages", messages, DOWN);
        messages.push({ role: "assistant", content: [{ text: "World" }] });
        span.addAttribute("messages", messages, DOWN);
        const child = inner.startSpan("inner");
        expect(child.attributes).toEqual({ ...values, messages });
        child.end();
        expect(JSON.parse(JSON.stringify(child)).attributes.messages).toEqual(messages);
      });
    }),
  );

  it(
    "take each other's spans as parentSpan and in run",
    eachWay((outer, inner) => {
      const parent = outer.startSpan("parent").addAttribute("x", 1, DOWN);
      const child = inner.startSpan("child", { parentSpan: parent });
      inner.run(parent, () => expect(inner.currentSpan).toBe(parent));
      parent.addAttribute("y", 2, DOWN).end();
      child.end();
      const late = inner.startSpan("late", { parentSpan: parent });
      for (const span of [child, late]) {
        expect([span.traceId, span.parentSpanId]).toEqual([parent.traceId, parent.spanId]);
        expect(span.attributes).toEqual({ x: 1, y: 2 });
        expect(span.startedAtMicros).toBeGreaterThanOrEqual(parent.startedAtMicros);
      }
    }),
  );

  it(
    "keep what setContext and withContext set to the tracer they belong to",
    eachWay((outer, inner) => {
      outer.setContext({ spanAttributes: { a: 1 } });
      outer.withContext({ resourceAttributes: { b: 1 } }, () => {
        expect(inner.startSpan("s")).toMatchObject({ attributes: {}, resourceAttributes: {} });
        const bound = inner.bind(() => outer.startSpan("s"));
        expect(inner.run(null, bound)).toMatchObject({ attributes: { a: 1 }, resourceAttributes: { b: 1 } });
      });
    }),
  );

  it(
    "follow each other's generators",
    eachWay((outer, inner) => {
      const count = () =>
        inner.trace("inner", function* () {
          yield activeName(outer);
        });
      expect([...outer.trace("outer", count)]).toEqual(["inner"]);
      expect(outer.getTraces()[0]?.state).toBe("ended");
      expect(parentNames([...outer.getTraces(), ...inner.getTraces()])).toEqual({
        outer: "-",
        inner: "outer",
      });
    }),
  );
});
