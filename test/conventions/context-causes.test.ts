// Why the cache was lost: the labelled pairs, which were labelled before the lens was run on them.
import { expect, test } from "vitest";
import { contextOf } from "../../src/conventions/context.ts";
import type { SpanFields } from "../../src/model/span-fields.ts";
import { PAIRS, type Pair } from "../fixtures/context/pairs.ts";
import { type Call, SHAPES } from "../fixtures/context/shapes.ts";
import { spanFields } from "../model/arbitraries.ts";

const SECOND = 1_000_000;
const START = Date.UTC(2026, 10, 22, 12) * 1000;

function span(call: Call, shape: Pair["shape"], spanId: string, start: number): SpanFields {
  return spanFields({
    ...{ spanId: spanId.repeat(16), startedAtMicros: start, endedAtMicros: start + 2 * SECOND },
    attributes: { "ai.conversation.id": "pair", ...SHAPES[shape](call) },
  });
}

function judged({ shape, before, after, pause }: Pair): readonly [state: string, cause: string | undefined] {
  const spans = [span(before, shape, "1", START), span(after, shape, "2", START + (2 + pause) * SECOND)];
  const { calls } = contextOf(spans);
  expect(calls).toHaveLength(2);
  return [calls[1]?.cache.state ?? "", calls[1]?.cache.cause];
}

test.each(PAIRS)("$name ($shape)", (pair) => {
  expect(judged(pair)).toEqual(pair.expected);
});

test("there are 50 pairs and more, of every shape; none is wrongly put down to a cold start, a pause or another model", () => {
  expect(PAIRS.length).toBeGreaterThanOrEqual(50);
  expect(new Set(PAIRS.map(({ shape }) => shape))).toEqual(new Set(Object.keys(SHAPES)));
  const wrong = PAIRS.filter((pair) => String(judged(pair)) !== String(pair.expected));
  expect(wrong.length / PAIRS.length).toBeLessThanOrEqual(0.05);
  const blamed = wrong
    .map((pair) => judged(pair)[1])
    .filter((cause) => ["first", "lifetime", "model"].includes(cause ?? ""));
  expect(blamed).toEqual([]);
});
