// Why the cache was lost: the labelled pairs, which were labelled before the lens was run on them.
import { expect, test } from "vitest";
import { judgedPair } from "../fixtures/context/judged.ts";
import { PAIRS } from "../fixtures/context/pairs.ts";
import { SHAPES } from "../fixtures/context/shapes.ts";

test.each(PAIRS)("$name ($shape)", (pair) => {
  expect(judgedPair(pair)).toEqual(pair.expected);
});

test("there are 50 pairs and more, of every shape; none is wrongly put down to a cold start, a pause or another model", () => {
  expect(PAIRS.length).toBeGreaterThanOrEqual(50);
  expect(new Set(PAIRS.map(({ shape }) => shape))).toEqual(new Set(Object.keys(SHAPES)));
  const wrong = PAIRS.filter((pair) => String(judgedPair(pair)) !== String(pair.expected));
  expect(wrong.length / PAIRS.length).toBeLessThanOrEqual(0.05);
  const blamed = wrong
    .map((pair) => judgedPair(pair)[1])
    .filter((cause) => ["first", "lifetime", "model"].includes(cause ?? ""));
  expect(blamed).toEqual([]);
});
