// The tree of a trace as the page lays it out, against plain ways to say the same.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { TraceJson, WorkKind } from "../../src/viewer/api.ts";
import { layOut, selfParts } from "../../web/trace/layout.ts";
import { childrenOf, idAt, indexOfId, placeIn, type TraceModel } from "../../web/trace/model.ts";
import { orderOf } from "../../web/trace/order.ts";
import { pathOf } from "../../web/trace/path.ts";
import { scaleOf, WHOLE } from "../../web/trace/scale.ts";
import { foldedAtFirst, nextError, rowAt, rowOf, shownRows } from "../../web/trace/tree.ts";
import { START, traceOf } from "./trace-json.ts";

interface Given {
  readonly parent: number;
  readonly start: number;
  readonly took: number | null;
  readonly kind?: WorkKind;
}

/** A trace of these spans, in start order as the API has them. */
function trace(given: readonly Given[], marks: Partial<TraceJson> = {}): TraceJson {
  const kinds = given.map(({ kind = "other" }) => kind);
  const texts = ["work", ...new Set<string>(kinds)];
  return {
    ...traceOf({ spans: given.length }),
    texts,
    spans: {
      parent: given.map(({ parent }) => parent),
      name: given.map(() => 0),
      kind: kinds.map((kind) => texts.indexOf(kind)),
      start_us: given.map(({ start }) => start * 1000),
      duration_us: given.map(({ took }) => (took === null ? null : took * 1000)),
    },
    ...marks,
  };
}

const NOW = Date.parse(START) + 60_000;

/** Spans in start order; each lies below one before it, or below none. */
const trees = fc
  .array(
    fc.record({
      above: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      after: fc.nat(50),
      took: fc.nat(200),
    }),
    {
      minLength: 1,
      maxLength: 60,
    },
  )
  .map((spans) => {
    let start = 0;
    return spans.map(({ above, after, took }, i): Given => {
      start += i === 0 ? 0 : after;
      return { parent: i === 0 ? -1 : Math.floor(above * (i + 1)) - 1, start, took };
    });
  });

/** How many circles there are: a span that is its own parent is one. */
function circlesIn(parents: readonly number[]): number {
  const starts = new Set<number>();
  for (let i = 0; i < parents.length; i++) {
    const seen = new Set<number>();
    let at = i;
    for (; at >= 0 && !seen.has(at); at = parents[at] ?? -1) seen.add(at);
    const circle: number[] = [];
    for (let one = at; one >= 0 && !circle.includes(one); one = parents[one] ?? -1) circle.push(one);
    if (at >= 0) starts.add(Math.min(...circle));
  }
  return starts.size;
}

function model(given: readonly Given[], marks?: Partial<TraceJson>): TraceModel {
  return layOut(trace(given, marks), NOW);
}

describe("the tree", () => {
  it("has each span once, below its parent, with all that is below it behind it", () => {
    fc.assert(
      fc.property(trees, (given) => {
        const laid = model(given);
        const places = given.map((_, i) => indexOfId(laid, i.toString(16).padStart(16, "0")));
        expect(new Set(places).size).toBe(given.length);
        given.forEach(({ parent }, i) => {
          const at = places[i] ?? -1;
          expect(laid.parent[at]).toBe(parent < 0 ? -1 : places[parent]);
          expect(laid.depth[at]).toBe(parent < 0 ? 0 : (laid.depth[places[parent] ?? 0] ?? 0) + 1);
        });
        for (let i = 0; i < laid.spans; i++) {
          const below = [...laid.parent].filter((_, at) => isBelow(laid, at, i)).length;
          expect(laid.last[i]).toBe(i + 1 + below);
        }
      }),
    );
  });

  it("takes time as children cover it: self is what none of them does", () => {
    fc.assert(
      fc.property(trees, (given) => {
        const laid = model(given);
        for (let i = 0; i < laid.spans; i++) {
          const [start = 0, end = 0] = [laid.start[i], laid.end[i]];
          const alone = moments(start, end).filter(
            (at) =>
              !childrenOf(laid, i).some(
                (child) => (laid.start[child] ?? 0) <= at && at < (laid.end[child] ?? 0),
              ),
          );
          expect(laid.self[i]).toBeCloseTo(alone.length, 6);
          const parts = selfParts(laid, childrenOf(laid, i), i);
          expect(parts.reduce((sum, [from, to]) => sum + to - from, 0)).toBeCloseTo(alone.length, 6);
        }
      }),
    );
  });

  it("has a critical path that fills each root from its start to its end, once", () => {
    fc.assert(
      fc.property(trees, (given) => {
        const laid = model(given);
        const path = pathOf(laid);
        for (let i = 0; i < laid.spans; i = laid.last[i] ?? laid.spans) {
          const [from = 0, to = 0] = [path.at[i], path.at[laid.last[i] ?? 0]];
          const parts = [...path.from.subarray(from, to)]
            .map((begin, k): [number, number] => [begin, path.to[from + k] ?? 0])
            .sort(([a], [b]) => a - b);
          let at = laid.start[i] ?? 0;
          for (const [begin, end] of parts) {
            expect(begin).toBeCloseTo(at, 6);
            at = end;
          }
          expect(at).toBeCloseTo(laid.end[i] ?? 0, 6);
        }
      }),
    );
  });

  it("finds each span again in a later reading, by its id", () => {
    fc.assert(
      fc.property(trees, fc.nat(60), (given, count) => {
        const later = trace(given);
        const some = given.slice(0, Math.max(1, count % given.length));
        const earlier = layOut(trace(some), NOW);
        const whole = layOut(later, NOW);
        // Whatever came first, and whatever else there is.
        const ids = (later.ids.match(/.{16}/g) ?? []).toReversed().join("");
        const others = layOut({ ...later, ids }, NOW);
        for (let i = 0; i < earlier.spans; i++) {
          expect(placeIn(whole, earlier, i)).toBe(indexOfId(whole, idAt(earlier, i)));
          expect(idAt(others, placeIn(others, earlier, i))).toBe(idAt(earlier, i));
        }
        expect(indexOfId(whole, "f".repeat(16))).toBe(-1);
        expect(indexOfId(whole, "short")).toBe(-1);
      }),
    );
  });

  it("has each span once, below its parent, whatever parents are said to be", () => {
    // Later ones too, as where clocks differ; themselves; and those that are not there.
    const any = fc.array(fc.integer({ min: -2, max: 20 }), { minLength: 1, maxLength: 21 });
    fc.assert(
      fc.property(any, (said) => {
        const parents = said.map((parent) => (parent < said.length ? parent : -2));
        const { order, place, parent, depth, last } = orderOf(parents);
        expect([...order].sort((a, b) => a - b)).toEqual(parents.map((_, i) => i));
        let cut = 0;
        for (let at = 0; at < order.length; at++) {
          const up = parent[at] ?? -1;
          expect(place[order[at] ?? 0]).toBe(at);
          expect(depth[at]).toBe(up < 0 ? 0 : (depth[up] ?? 0) + 1);
          if (up >= 0) {
            expect(order[up]).toBe(parents[order[at] ?? 0]);
            expect(up < at && (last[at] ?? 0) <= (last[up] ?? 0)).toBe(true);
          } else if ((parents[order[at] ?? 0] ?? -1) >= 0) cut++;
        }
        expect(cut).toBe(circlesIn(parents));
        const siblings = new Map<number, number[]>();
        for (const i of order) {
          const up = parent[place[i] ?? 0] ?? -1;
          siblings.set(up, [...(siblings.get(up) ?? []), i]);
        }
        for (const of of siblings.values()) expect(of).toEqual([...of].sort((x, y) => x - y));
      }),
    );
  });

  it("sorts nothing where the spans come in the order of their tree", () => {
    const { order, place, last } = orderOf([-1, 0, 1, 1, 0, -2, 5]);
    expect(place).toBe(order);
    expect([...order]).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect([...last]).toEqual([5, 4, 3, 4, 5, 7, 7]);
    expect(orderOf([-1, 0, 0, 1]).place).toEqual(new Int32Array([0, 1, 3, 2]));
  });

  it("lets what runs reach to now, and what was interrupted as far as what is below it", () => {
    const laid = model(
      [
        { parent: -1, start: 0, took: null },
        { parent: 0, start: 10, took: null },
        { parent: 1, start: 20, took: 30 },
      ],
      { running: [0], interrupted: [1] },
    );
    expect([...laid.end]).toEqual([60_000, 50, 50]);
    expect(laid.now).toBe(60_000);
  });
});

describe("rows", () => {
  const given: Given[] = [
    { parent: -1, start: 0, took: 100, kind: "turn" },
    { parent: 0, start: 1, took: 50, kind: "cycle" },
    { parent: 1, start: 2, took: 10, kind: "model-call" },
    { parent: 1, start: 14, took: 10, kind: "tool-call" },
    { parent: 0, start: 60, took: 30, kind: "cycle" },
    { parent: 4, start: 61, took: 10, kind: "model-call" },
  ];

  it("leave out what is folded", () => {
    const laid = model(given);
    expect([...shownRows(laid, new Set([1]), new Set()).spans]).toEqual([0, 1, 4, 5]);
    expect(rowAt(laid, shownRows(laid, new Set([1]), new Set()), 1, new Set([1])).inside).toBe(2);
  });

  it("hang children of hidden kinds below the nearest that is shown, and hide nothing that failed", () => {
    const laid = model(given, { failed: [4] });
    const shown = shownRows(laid, new Set(), new Set(["cycle"]));
    expect([...shown.spans]).toEqual([0, 2, 3, 4, 5]);
    expect([...shown.depths]).toEqual([0, 1, 1, 1, 2]);
    expect(rowOf(laid, shown, 1)).toBe(0);
  });

  it("draw a line where a later row is of that level", () => {
    fc.assert(
      fc.property(trees, (some) => {
        const laid = model(some);
        const shown = shownRows(laid, new Set(), new Set());
        for (let at = 0; at < shown.spans.length; at++) {
          const row = rowAt(laid, shown, at, new Set());
          const later = [...shown.depths.subarray(at + 1)];
          const isLast = !goesOn(later, row.depth);
          expect(row.isLast).toBe(isLast);
          expect(row.guides).toEqual(row.guides.map((_, depth) => goesOn(later, depth)));
        }
      }),
    );
  });

  it("of a large trace open two levels, and the way to each error", () => {
    const many: Given[] = [{ parent: -1, start: 0, took: 10_000 }];
    for (let i = 0; i < 3000; i++)
      many.push({ parent: i % 3 === 0 ? 0 : many.length - 1, start: i + 1, took: 1 });
    const laid = model(many, { failed: [1500] });
    const folded = foldedAtFirst(laid);
    const shown = shownRows(laid, folded, new Set());
    expect([...folded].every((i) => (laid.depth[i] ?? 0) >= 2)).toBe(true);
    const failed = nextError(laid, -1, 1);
    expect(shown.spans[rowOf(laid, shown, failed)]).toBe(failed);
  });
});

describe("scales", () => {
  it("keep order, and lead back", () => {
    fc.assert(
      fc.property(trees, (given) => {
        const laid = model(given);
        for (const name of ["time", "steps"] as const) {
          const scale = scaleOf(laid, name, WHOLE, laid.total);
          const places = [...laid.start].sort((a, b) => a - b).map(scale.at);
          for (let i = 1; i < places.length; i++)
            expect(places[i]).toBeGreaterThanOrEqual((places[i - 1] ?? 0) - 1e-9);
          expect(scale.moment(scale.at(laid.total / 2))).toBeCloseTo(laid.total / 2, 6);
        }
      }),
    );
  });
});

function isBelow(laid: TraceModel, span: number, above: number): boolean {
  for (let i = laid.parent[span] ?? -1; i >= 0; i = laid.parent[i] ?? -1) if (i === above) return true;
  return false;
}

/** The whole milliseconds within. */
function moments(start: number, end: number): number[] {
  return Array.from({ length: Math.round(end - start) }, (_, i) => start + i);
}

/** True where a row of that depth comes before one that is higher. */
function goesOn(later: readonly number[], depth: number): boolean {
  const first = later.findIndex((other) => other <= depth);
  return first >= 0 && later[first] === depth;
}
