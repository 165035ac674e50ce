// Deep and wide: no stack overflow, no quadratic time (which these sizes would make visible as a test that times out).
import { InMemoryTracer, type Span } from "tracelight";
import { describe, expect, it } from "vitest";
import { sized } from "../sizes.ts";

const DEEP = 10_000;
const WIDE = sized(100_000, 20_000);
const DOWN = { inheritable: true } as const;

/** A chain of open spans, made inside each other; gives them from the top down. */
function openChain(tracer: InMemoryTracer, length: number): Span[] {
  const chain: Span[] = [];
  for (let i = 0; i < length; i++) {
    chain.push(tracer.run(chain.at(-1) ?? null, () => tracer.startSpan(`level ${i}`)));
  }
  return chain;
}

describe("a chain of 10,000 nested spans", () => {
  it("ends from the bottom up, and is read back whole, from either end", () => {
    const tracer = new InMemoryTracer({ memorySize: DEEP });
    const chain = openChain(tracer, DEEP);
    for (const span of [...chain].reverse()) span.end();
    for (const order of ["asc", "desc"] as const) {
      const spans = tracer.getTraces({ order });
      expect(spans).toHaveLength(DEEP);
      const names = spans.map((span) => span.spanName);
      expect(order === "asc" ? names : names.reverse()).toEqual(chain.map((span) => span.spanName));
    }
    let depth = 0;
    for (let at: Span | undefined = tracer.getTraces().at(-1); at !== undefined; at = at.parentSpan) depth++;
    expect(depth).toBe(DEEP);
  });

  it("ends from the top down", () => {
    const tracer = new InMemoryTracer({ memorySize: DEEP });
    for (const span of openChain(tracer, DEEP)) span.end();
    expect(tracer.getTraces()).toHaveLength(DEEP);
    expect(tracer.openSpans()).toEqual([]);
  });

  it("passes down what each level adds, early and late", () => {
    const tracer = new InMemoryTracer({ memorySize: DEEP });
    const chain = openChain(tracer, DEEP);
    for (const [i, span] of chain.entries()) if (i % 100 === 0) span.addAttribute("level", i, DOWN);
    chain[0]?.addAttribute("top", true, DOWN);
    expect(chain.at(-1)?.attributes).toEqual({ level: DEEP - 100, top: true });
    for (const span of chain) span.end();
    for (const [i, span] of tracer.getTraces().entries()) {
      expect(span.attributes["level"]).toBe(i - (i % 100));
    }
  });

  it("may be made by trace, where the work waits in between", async () => {
    const tracer = new InMemoryTracer({ memorySize: DEEP });
    const nest = (level: number): Promise<number> =>
      tracer.trace(`level ${level}`, async () => {
        await null;
        return level === DEEP - 1 ? level : nest(level + 1);
      });
    expect(await nest(0)).toBe(DEEP - 1);
    const spans = tracer.getTraces();
    expect(spans).toHaveLength(DEEP);
    for (const [i, span] of spans.entries()) expect(span.parentSpanId).toBe(spans[i - 1]?.spanId);
  });
});

describe("trace inside trace inside trace", () => {
  it("goes as deep as the stack does; the overflow is the app's own, and leaves the tracer in order", () => {
    const tracer = new InMemoryTracer({ memorySize: 100_000 });
    const nest = (level: number): number => tracer.trace("level", () => nest(level + 1));
    expect(() => nest(0)).toThrow(RangeError);
    expect(tracer.currentSpan).toBeUndefined();
    const before = tracer.getTraces().length;
    expect(before).toBeGreaterThan(1000);
    tracer.trace("afterwards", () => undefined);
    expect(tracer.getTraces({ spanName: "afterwards" })).toHaveLength(1);
  });

  it("takes a thousand levels of recursion in its stride", () => {
    const tracer = new InMemoryTracer();
    const nest = (level: number): number =>
      tracer.trace("level", () => (level === 1000 ? level : nest(level + 1)));
    expect(nest(1)).toBe(1000);
    expect(tracer.getTraces()).toHaveLength(1000);
  });
});

describe(`a parent with ${WIDE} children`, () => {
  it("that end at once", () => {
    const tracer = new InMemoryTracer({ memorySize: WIDE + 1 });
    tracer.trace("parent", (parent) => {
      parent.addAttribute("x", 1, DOWN);
      for (let i = 0; i < WIDE; i++) tracer.trace("child", () => undefined);
    });
    const spans = tracer.getTraces({ attributeFilter: { x: 1 } });
    expect(spans).toHaveLength(WIDE + 1);
    expect(spans.at(-1)?.parentSpan).toBe(spans[0]);
  });

  it("that all run at the same time, while the parent goes on adding", () => {
    const tracer = new InMemoryTracer({ memorySize: WIDE + 1 });
    tracer.trace("parent", (parent) => {
      const children: Span[] = [];
      for (let i = 0; i < WIDE; i++) {
        children.push(tracer.startSpan("child"));
        if (i % 10 === 0) parent.addAttribute("i", i, DOWN);
      }
      expect(tracer.openSpans()).toHaveLength(WIDE + 1);
      for (const child of children) child.end();
    });
    for (const span of tracer.getTraces({ spanName: "child" })) expect(span.attributes["i"]).toBe(WIDE - 10);
  });

  it("and may have as many attributes", () => {
    const tracer = new InMemoryTracer();
    tracer.trace("parent", (parent) => {
      for (let i = 0; i < WIDE; i++) parent.addAttribute(`key ${i}`, i);
      for (let i = 0; i < WIDE; i++) parent.addAttribute(`key ${i}`, -i);
    });
    expect(Object.keys(tracer.getTraces()[0]?.attributes ?? {})).toHaveLength(WIDE);
  });
});
