// A query means the same in every store: which spans match, in which order they come, how many.
import fc from "fast-check";
import { InMemoryTracer, matches, TracelightError, type TraceQuery } from "tracelight";
import { describe, expect, it } from "vitest";
import { select } from "../../src/conventions/matches.ts";
import { equalValues } from "../../src/model/attributes.ts";
import { arrange, checkQuery, inStartOrder } from "../../src/model/query.ts";
import type { SpanFields } from "../../src/model/span-fields.ts";
import { parentsOf } from "../../src/model/tree.ts";
import { runs, sized } from "../sizes.ts";
import { anyMaker, fewAttributes, spanFields, spanLists } from "./arbitraries.ts";

const MS = 1000;

function idsOf(spans: readonly SpanFields[]): string[] {
  return spans.map((span) => span.spanId);
}

function withAttributes(attributes: Record<string, unknown>): SpanFields {
  return spanFields({ attributes });
}

const queries: fc.Arbitrary<TraceQuery> = fc.record(
  {
    traceId: fc.constantFrom("1".repeat(32), "2".repeat(32)),
    attributeFilter: fewAttributes,
    spanName: fc.constantFrom("plan", "act", "other"),
    spanStatus: fc.constantFrom("UNSET" as const, "OK" as const, "ERROR" as const),
    since: fc.integer({ min: 999, max: 1005 }).map((ms) => new Date(ms)),
    until: fc.integer({ min: 999, max: 1005 }).map((ms) => new Date(ms)),
    order: fc.constantFrom("asc" as const, "desc" as const),
    limit: fc.nat(5),
  },
  { requiredKeys: [] },
);

/** The meaning of a query, written as plainly as it can be. */
function naive(span: SpanFields, query: TraceQuery): boolean {
  const { traceId, spanName, spanStatus, since, until, attributeFilter = {} } = query;
  const attributesHold = Object.entries(attributeFilter).every(([key, wanted]) => {
    const has = Object.keys(span.attributes).includes(key) && span.attributes[key] !== null;
    return wanted === null ? !has : has && same(span.attributes[key], wanted);
  });
  return (
    attributesHold &&
    (!traceId || span.traceId === traceId) &&
    (!spanName || span.spanName === spanName) &&
    (!spanStatus || span.spanStatus === spanStatus) &&
    (!since || span.startedAtMicros >= since.getTime() * MS) &&
    (!until || span.startedAtMicros < until.getTime() * MS)
  );
}

/** Equality of the few values that the arbitraries draw from. */
function same(a: unknown, b: unknown): boolean {
  const text = (value: unknown): string =>
    `${typeof value} ${typeof value === "object" ? JSON.stringify(value) : String(value)}`;
  return text(a) === text(b);
}

describe("a query", () => {
  it("gives what a plain filter, sort and cut give", () => {
    fc.assert(
      fc.property(spanLists, queries, (spans, query) => {
        const ordered = inStartOrder(spans.filter((span) => naive(span, query)));
        const expected = query.order === "desc" ? ordered.reverse() : ordered;
        expect(idsOf(select(spans, query))).toEqual(idsOf(expected.slice(0, query.limit ?? spans.length)));
      }),
      { numRuns: runs(500) },
    );
  });

  it("agrees with `matches` on every span", () => {
    fc.assert(
      fc.property(spanLists, queries, (spans, query) => {
        for (const span of spans) expect(matches(span, query)).toBe(naive(span, query));
      }),
    );
  });

  it("leaves the spans that it was given in their order", () => {
    const spans = [spanFields({ startedAtMicros: 2 }), spanFields({ startedAtMicros: 1 })];
    arrange(spans, { order: "desc" });
    expect(spans.map((span) => span.startedAtMicros)).toEqual([2, 1]);
  });

  it("holds in all its fields together", () => {
    const tracer = new InMemoryTracer();
    tracer.trace("plan", (span) => span.addAttribute("turn", 1));
    tracer.trace("act", (span) => span.addAttribute("turn", 1));
    tracer.trace("act", (span) => span.addAttribute("turn", 2));
    const found = tracer.getTraces({ spanName: "act", attributeFilter: { turn: 1 } });
    expect(found.map((span) => [span.spanName, span.attributes["turn"]])).toEqual([["act", 1]]);
  });

  it("takes a field that is undefined as one not given", () => {
    const span = spanFields({});
    const untyped: object = {
      traceId: undefined,
      attributeFilter: undefined,
      since: undefined,
      limit: undefined,
    };
    expect(select([span], untyped)).toEqual([span]);
    expect(() => checkQuery(untyped)).not.toThrow();
  });

  it("asks by identifier for what was written under it, and `_` stands for none", () => {
    const span = spanFields({});
    expect(matches(span, { identifier: "MyAgent" }, "MyAgent")).toBe(true);
    expect(matches(span, { identifier: "MyAgent" }, "Other")).toBe(false);
    expect(matches(span, { identifier: "MyAgent" })).toBe(false);
    expect(matches(span, { identifier: "_" })).toBe(true);
    expect(matches(span, {}, "MyAgent")).toBe(true);
  });
});

describe("since and until", () => {
  const at = (ms: number, micros = 0): SpanFields => spanFields({ startedAtMicros: ms * MS + micros });

  it("take in the first moment and leave out the last", () => {
    const query = { since: new Date(10), until: new Date(20) };
    const starts = [at(9, 999), at(10), at(19, 999), at(20)];
    expect(starts.map((span) => matches(span, query))).toEqual([false, true, true, false]);
  });

  it("match nothing where they are the same, and reach before 1970", () => {
    expect(matches(at(10), { since: new Date(10), until: new Date(10) })).toBe(false);
    expect(matches(at(-10), { since: new Date(-10), until: new Date(0) })).toBe(true);
  });
});

describe("an attribute filter", () => {
  it("compares deeply and by type", () => {
    const same: readonly (readonly [unknown, unknown])[] = [
      [
        { a: [1, { b: 2 }], c: 3 },
        { c: 3, a: [1, { b: 2 }] },
      ],
      [Number.NaN, Number.NaN],
      [0, -0],
      [new Date(5), new Date(5)],
      [new Uint8Array([1, 2]), Buffer.from([1, 2])],
      [new Map([["k", [1]]]), new Map([["k", [1]]])],
      [new Set([{ a: 1 }, 2]), new Set([2, { a: 1 }])],
    ];
    const different: readonly (readonly [unknown, unknown])[] = [
      [1, "1"],
      [1, 1n],
      [true, 1],
      ["", null],
      [0, null],
      [
        [1, 2],
        [2, 1],
      ],
      [[1], { 0: 1 }],
      [{ a: 1 }, { a: 1, b: 2 }],
      [{ a: 1, b: 2 }, { a: 1 }],
      [
        { a: 1, b: 2 },
        { a: 1, c: 2 },
      ],
      [{ a: null }, {}],
      [new Date(5), 5],
      [new Date(5), new Date(6)],
      [new Set([1, 1n]), new Set([1, "1"])],
      [new Map([["k", 1]]), new Map([["k", 2]])],
      [new Uint8Array([1]), [1]],
    ];
    for (const [value, wanted] of same) {
      expect(
        matches(withAttributes({ value: withValue(value) }), { attributeFilter: { value: wanted } }),
      ).toBe(true);
    }
    for (const [value, wanted] of different) {
      expect(
        matches(withAttributes({ value: withValue(value) }), { attributeFilter: { value: wanted } }),
      ).toBe(false);
    }
  });

  it("of null matches an attribute that is null or absent", () => {
    const query = { attributeFilter: { user: null } };
    expect(matches(withAttributes({ user: null }), query)).toBe(true);
    expect(matches(withAttributes({}), query)).toBe(true);
    expect(matches(withAttributes({ user: "" }), query)).toBe(false);
    expect(matches(withAttributes({ user: 0 }), query)).toBe(false);
    expect(matches(withAttributes({ user: null }), { attributeFilter: { user: "x" } })).toBe(false);
  });

  it("does not take what Object.prototype has for an attribute", () => {
    expect(matches(withAttributes({}), { attributeFilter: { constructor: null, toString: null } })).toBe(
      true,
    );
    expect(matches(withAttributes({}), { attributeFilter: { constructor: Object } })).toBe(false);
  });

  it("sees inherited attributes", () => {
    const tracer = new InMemoryTracer();
    tracer.trace("parent", (parent) => {
      parent.addAttribute("ai.conversation.id", 42, { inheritable: true });
      tracer.trace("child", () => undefined);
    });
    tracer.trace("other", () => undefined);
    const found = tracer.getTraces({ attributeFilter: { "ai.conversation.id": 42 } });
    expect(found.map((span) => span.spanName)).toEqual(["parent", "child"]);
  });

  it("finds any value by itself", () => {
    fc.assert(
      fc.property(anyMaker, (make) => {
        const tracer = new InMemoryTracer();
        tracer.trace("work", (span) => span.addAttribute("value", make()));
        const [span] = tracer.getTraces();
        const value = span?.attributes["value"] ?? null;
        expect(tracer.getTraces({ attributeFilter: { value } })).toHaveLength(1);
      }),
    );
  });
});

/** A value as a span holds it. */
function withValue(value: unknown): unknown {
  const tracer = new InMemoryTracer();
  return tracer.startSpan("work").addAttribute("value", value).attributes["value"];
}

describe("equality", () => {
  it("goes both ways", () => {
    fc.assert(
      fc.property(anyMaker, anyMaker, (left, right) => {
        const [a, b] = [withValue(left()), withValue(right())];
        expect(equalValues(a, b)).toBe(equalValues(b, a));
      }),
    );
  });
});

describe("the order of spans", () => {
  const MANY = sized(200_000, 130_000);

  it("is by start, with every parent before its children where times tie", () => {
    fc.assert(
      fc.property(spanLists, (spans) => {
        const ordered = inStartOrder(spans);
        expect(idsOf(ordered).sort()).toEqual(idsOf(spans).sort());
        const starts = ordered.map((span) => span.startedAtMicros);
        expect(starts).toEqual([...starts].sort((a, b) => a - b));
        for (const [child, parent] of parentsOf(ordered)) {
          const tied = child.startedAtMicros === parent.startedAtMicros;
          if (tied && !isInLoop(child, ordered)) {
            expect(ordered.indexOf(parent)).toBeLessThan(ordered.indexOf(child));
          }
        }
      }),
      { numRuns: runs(500) },
    );
  });

  it("is the order given where nothing else decides", () => {
    const span = (trace: string, id: string): SpanFields =>
      spanFields({ traceId: trace.repeat(32), spanId: id.repeat(16) });
    const spans = [span("2", "a"), span("1", "b"), span("1", "a")];
    expect(inStartOrder(spans)).toEqual(spans);
  });

  it("is reversed as a whole by desc, and cut after that", () => {
    const spans = [1, 2, 3].map((n) => spanFields({ startedAtMicros: n, spanId: `${n}`.repeat(16) }));
    expect(select(spans, { order: "desc", limit: 2 }).map((span) => span.startedAtMicros)).toEqual([3, 2]);
    expect(select(spans, { limit: 0 })).toEqual([]);
  });

  it("puts a chain of 10,000 spans of one moment in order", () => {
    const chain = Array.from({ length: 10_000 }, (_, i) => i).map((i) =>
      spanFields({ spanId: hexId(10_000 - i), parentSpanId: i === 0 ? undefined : hexId(10_001 - i) }),
    );
    expect(idsOf(inStartOrder([...chain].reverse()))).toEqual(idsOf(chain));
  });

  it(`puts ${MANY} spans of one moment in order`, () => {
    const root = hexId(0xffffffff);
    const children = Array.from({ length: MANY }, (_, i) =>
      spanFields({ spanId: hexId(i + 1), parentSpanId: root }),
    );
    const ordered = inStartOrder([...children, spanFields({ spanId: root })]);
    expect(ordered).toHaveLength(MANY + 1);
    expect(ordered[0]?.spanId).toBe(root);
  });

  it("keeps every span where parents run in a loop", () => {
    const loop = [1, 2, 3].map((n) => spanFields({ spanId: hexId(n), parentSpanId: hexId((n % 3) + 1) }));
    expect(inStartOrder(loop)).toHaveLength(3);
    expect(inStartOrder([spanFields({ spanId: hexId(1), parentSpanId: hexId(1) })])).toHaveLength(1);
  });
});

function hexId(n: number): string {
  return n.toString(16).padStart(16, "0");
}

function isInLoop(span: SpanFields, spans: readonly SpanFields[]): boolean {
  const parents = parentsOf(spans);
  const seen = new Set<SpanFields>();
  for (let at: SpanFields | undefined = span; at !== undefined; at = parents.get(at)) {
    if (seen.has(at)) return true;
    seen.add(at);
  }
  return false;
}

describe("parents", () => {
  it("are found by trace and parent id, never across traces", () => {
    const parent = spanFields({ traceId: "1".repeat(32), spanId: hexId(1) });
    const child = spanFields({ traceId: "1".repeat(32), spanId: hexId(2), parentSpanId: hexId(1) });
    const stranger = spanFields({ traceId: "2".repeat(32), spanId: hexId(3), parentSpanId: hexId(1) });
    expect(parentsOf([stranger, child, parent])).toEqual(new Map([[child, parent]]));
  });
});

describe("a bad query", () => {
  function problemOf(query: object | null): TracelightError {
    try {
      new InMemoryTracer().getTraces(JSON.parse("{}"));
      Reflect.apply(new InMemoryTracer().getTraces, new InMemoryTracer(), [query]);
    } catch (error) {
      if (error instanceof TracelightError) return error;
      throw error;
    }
    return expect.unreachable();
  }

  it("names the field that does not exist, and the one that was probably meant", () => {
    expect(problemOf({ trace_id: "x" })).toMatchObject({
      code: "INVALID_QUERY",
      message: 'Unknown query field "trace_id"; did you mean "traceId"?',
    });
    expect(problemOf({ Limit: 1 }).message).toContain('did you mean "limit"?');
    expect(problemOf({ attributesFilter: {} }).message).toContain('did you mean "attributeFilter"?');
    expect(problemOf({ vocabulary: "x" }).message).toContain(
      "it takes traceId, conversation, attributeFilter, identifier",
    );
    expect(problemOf({ constructor: 1 }).code).toBe("INVALID_QUERY");
  });

  it("names the field whose value cannot be meant", () => {
    const bad: readonly object[] = [
      { traceId: 5 },
      { spanName: null },
      { identifier: 1 },
      { spanStatus: "FINE" },
      { since: "2026-01-01" },
      { since: new Date(Number.NaN) },
      { until: 5 },
      { order: "up" },
      { limit: -1 },
      { limit: 1.5 },
      { limit: "3" },
      { limit: Number.NaN },
      { attributeFilter: null },
      { attributeFilter: "a=b" },
      { attributeFilter: ["a"] },
      { attributeFilter: new Map([["a", 1]]) },
    ];
    for (const query of bad) {
      const { code, message } = problemOf(query);
      expect(code).toBe("INVALID_QUERY");
      expect(message).toContain(`The query's "${Object.keys(query)[0]}" must be `);
    }
  });

  it("is also one that is no object", () => {
    expect(problemOf(null)).toMatchObject({ code: "INVALID_QUERY" });
  });
});
