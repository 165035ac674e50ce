// Two sequences and two texts side by side: whatever they are, what is told of them is true of them.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { align, type Stretch } from "../../src/conventions/compare/alignment.ts";
import { wordDiff } from "../../src/conventions/compare/words.ts";
import { runs } from "../sizes.ts";

const sequences = fc.array(fc.integer({ min: 0, max: 6 }), { maxLength: 60 });

/** The second, put together from the first and what is not the same. */
function applied<T>(a: readonly T[], b: readonly T[], stretches: readonly Stretch[]): T[] {
  return stretches.flatMap((one) => (one.isSame ? a.slice(...one.a) : b.slice(...one.b)));
}

function checkTrue<T>(a: readonly T[], b: readonly T[]): readonly Stretch[] {
  const stretches = align(a, b);
  expect(applied(a, b, stretches)).toEqual(b);
  let [aAt, bAt] = [0, 0];
  for (const {
    isSame,
    a: [aFrom, aTo],
    b: [bFrom, bTo],
  } of stretches) {
    expect([aFrom, bFrom]).toEqual([aAt, bAt]);
    expect(aTo - aFrom + bTo - bFrom).toBeGreaterThan(0);
    if (isSame) expect(a.slice(aFrom, aTo)).toEqual(b.slice(bFrom, bTo));
    [aAt, bAt] = [aTo, bTo];
  }
  expect([aAt, bAt]).toEqual([a.length, b.length]);
  return stretches;
}

/** The longest that both have in order, the plain way. */
function longestCommon<T>(a: readonly T[], b: readonly T[]): number {
  const rows = Array.from({ length: a.length + 1 }, () => new Array<number>(b.length + 1).fill(0));
  for (let i = a.length - 1; i >= 0; i--)
    for (let j = b.length - 1; j >= 0; j--)
      (rows[i] ?? [])[j] =
        a[i] === b[j]
          ? (rows[i + 1]?.[j + 1] ?? 0) + 1
          : Math.max(rows[i + 1]?.[j] ?? 0, rows[i]?.[j + 1] ?? 0);
  return rows[0]?.[0] ?? 0;
}

describe("an alignment", () => {
  test("rises in both, leaves nothing out, makes the second of the first, and has as much in common as there can be", () => {
    fc.assert(
      fc.property(sequences, sequences, (a, b) => {
        const same = checkTrue(a, b).reduce((sum, one) => sum + (one.isSame ? one.a[1] - one.a[0] : 0), 0);
        expect(same).toBe(longestCommon(a, b));
      }),
      { numRuns: runs(1000) },
    );
  });

  test("of what is equal is one stretch, of nothing none", () => {
    fc.assert(
      fc.property(sequences, (a) => {
        expect(align(a, [...a])).toEqual(
          a.length === 0 ? [] : [{ isSame: true, a: [0, a.length], b: [0, a.length] }],
        );
      }),
    );
  });

  test("is true of sequences that are long and have little in common, too", () => {
    const numbers = (length: number, of: (i: number) => number): number[] =>
      Array.from({ length }, (_, i) => of(i));
    const random =
      (seed: number) =>
      (i: number): number =>
        Math.imul(i * 2654435761 + seed, 0x9e3779b1) >>> 20;
    const cases: [number[], number[]][] = [
      [numbers(5000, (i) => i), numbers(5000, (i) => -i - 1)],
      [numbers(5000, () => 1), numbers(4000, (i) => i % 2)],
      [numbers(5000, random(1)), numbers(5000, random(2))],
      [numbers(5000, (i) => i), numbers(5000, (i) => 4999 - i)],
      [numbers(20_000, (i) => i % 3), numbers(20_000, (i) => (i % 3) + (i % 7 === 0 ? 3 : 0))],
    ];
    for (const [a, b] of cases) checkTrue(a, b);
    // Where all is there once, what is in one order is found however much there is.
    const [a, b] = [numbers(5000, (i) => i), numbers(5000, (i) => (i % 2 === 0 ? i : -i))];
    expect(checkTrue(a, b).filter(({ isSame }) => isSame)).toHaveLength(2500);
  });
});

describe("a difference by words", () => {
  const texts = fc.oneof(
    fc.string({ unit: "grapheme", maxLength: 200 }),
    fc
      .array(fc.constantFrom("rain", "sun", "12", ", ", " ", "\n", "é", "雨", "😀", "-"), { maxLength: 60 })
      .map((parts) => parts.join("")),
  );
  const partsOf = (a: string, b: string, where: "a" | "b"): string =>
    wordDiff(a, b)
      .filter((piece) => piece.in === "both" || piece.in === where)
      .map(({ text }) => text)
      .join("");

  test("is the first text without what is in the second alone, and the other way round", () => {
    fc.assert(
      fc.property(texts, texts, (a, b) => {
        expect(partsOf(a, b, "a")).toBe(a);
        expect(partsOf(a, b, "b")).toBe(b);
        for (const { text } of wordDiff(a, b)) expect(text).not.toBe("");
      }),
      { numRuns: runs(1000) },
    );
  });

  test("of equal texts has no change", () => {
    fc.assert(
      fc.property(texts, (a) => {
        expect(wordDiff(a, a)).toEqual(a === "" ? [] : [{ in: "both", text: a }]);
      }),
    );
  });

  test("has whole words", () => {
    expect(wordDiff("fare 379.8 EUR", "fare 412.2 EUR")).toEqual([
      { in: "both", text: "fare " },
      { in: "a", text: "379.8" },
      { in: "b", text: "412.2" },
      { in: "both", text: " EUR" },
    ]);
    expect(wordDiff("a sunny day", "a sun day")).toEqual([
      { in: "both", text: "a " },
      { in: "a", text: "sunny" },
      { in: "b", text: "sun" },
      { in: "both", text: " day" },
    ]);
    expect(wordDiff("😀", "😁")).toEqual([
      { in: "a", text: "😀" },
      { in: "b", text: "😁" },
    ]);
  });

  test("of large and hostile texts is still true", () => {
    const long = "rain and sun, ".repeat(100_000);
    const cases: [string, string][] = [
      [long, `${long}tail`],
      [`x${long}`, `y${long.slice(5)}z`],
      ["a".repeat(1_000_000), "b".repeat(1_000_000)],
      ["a b ".repeat(40_000), "b a c ".repeat(30_000)],
      ["\ud800", "\ud801\udc00"],
    ];
    for (const [a, b] of cases) {
      expect(partsOf(a, b, "a") === a).toBe(true);
      expect(partsOf(a, b, "b") === b).toBe(true);
    }
  });
});
