// JSON as the page lays it out, and what a filter wants at the cursor.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { conditionsIn, cursorIn, piecesOf as filterPieces } from "../../web/filter/filter-text.ts";
import { apart, lineOf, stacked } from "../../web/numbers/series.ts";
import { piecesOf, prettyLines } from "../../web/value/pretty.ts";

describe("pretty JSON", () => {
  it("is the value, whatever the width, and every piece of it is shown", () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6 }), fc.integer({ min: 20, max: 120 }), (value, width) => {
        const lines = prettyLines(value, width);
        expect(JSON.parse(lines.join("\n"))).toEqual(JSON.parse(JSON.stringify(value)));
        for (const line of lines)
          expect(
            piecesOf(line)
              .map(({ text }) => text)
              .join(""),
          ).toBe(line);
      }),
    );
  });

  it("puts what fits on a line, and fills lines with plain values", () => {
    expect(prettyLines({ minutes: 14, metres: 1120 }, 60)).toEqual(['{"minutes": 14, "metres": 1120}']);
    const search = { city: "Utrecht", genre: "jazz", from: "2026-11-27", family: true };
    expect(prettyLines(search, 50)).toEqual([
      '{"city": "Utrecht", "genre": "jazz",',
      ' "from": "2026-11-27", "family": true}',
    ]);
    const lines = prettyLines({ words: Array.from({ length: 12 }, (_, i) => `word ${i}`) }, 40);
    expect(lines[0]).toBe("{");
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(44);
    expect(lines.length).toBeLessThan(9);
  });

  it("tells keys, texts, numbers and words apart", () => {
    const kinds = piecesOf('{"a": "b: 1", "c": -2.5e3, "d": null}').map(({ text, kind }) => [text, kind]);
    expect(kinds).toContainEqual(['"a"', "jk"]);
    expect(kinds).toContainEqual(['"b: 1"', "js"]);
    expect(kinds).toContainEqual(["-2.5e3", "jn"]);
    expect(kinds).toContainEqual(["null", "jl"]);
  });
});

describe("a filter as it is typed", () => {
  it.each([
    ["", { wants: "name", text: "" }],
    ["sta", { wants: "name", text: "sta" }],
    ["status ", { wants: "operator", name: "status", text: "" }],
    ["status =", { wants: "value", name: "status", text: "" }],
    ["status = ER", { wants: "value", name: "status", text: "ER" }],
    ['ai.tool.name = "get_w', { wants: "value", name: "ai.tool.name", text: "get_w" }],
    ['ai.tool.name contains "x" and du', { wants: "name", text: "du" }],
    ["duration > 2s and ", { wants: "name", text: "" }],
    ["name in (", { wants: "name", text: "" }],
  ] as const)("%j", (text, wanted) => {
    expect(cursorIn(text, text.length)).toMatchObject(wanted);
  });

  it.each([
    ["status = ERROR", []],
    ["a = 1 or b = 2 and c = 3", []],
    [
      'status = ERROR and name = "a and b"',
      [
        ["status = ERROR", 'name = "a and b"'],
        ['name = "a and b"', "status = ERROR"],
      ],
    ],
    [
      "(a = 1 and b = 2) AND c in (1, 2)",
      [
        ["(a = 1 and b = 2)", "c in (1, 2)"],
        ["c in (1, 2)", "(a = 1 and b = 2)"],
      ],
    ],
  ])("%j has its conditions, each with what is left without it", (text, wanted) => {
    expect(conditionsIn(text).map((one) => [one.text, one.without])).toEqual(wanted);
  });

  it("is shown letter by letter, what is at fault as well", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", maxLength: 60 }), fc.nat(60), (text, at) => {
        const pieces = filterPieces(text, { at, length: 2 });
        expect(pieces.map((piece) => piece.text).join("")).toBe(text);
      }),
    );
    const [bad] = filterPieces("status == ERROR", { at: 7, length: 2 }).filter(({ kind }) => kind === "bad");
    expect(bad?.text).toBe("==");
  });
});

describe("charts", () => {
  it("stack bars to their sum", () => {
    const box = { most: 10, width: 30, height: 100, gap: 0 };
    const [below = [], above = []] = stacked(
      [
        [1, 4, null],
        [2, 6, 3],
      ],
      box,
    );
    expect(below.map(({ y }) => y)).toEqual([90, 60]);
    expect(above.map(({ y }) => y)).toEqual([70, 0, 70]);
  });

  it("leave gaps in lines, and show a number that stands alone", () => {
    expect(lineOf([1, null, 2, 2], { most: 2, width: 40, height: 10 })).toBe(
      "M5.0 5.0h.01M25.0 0.0h.01L35.0 0.0",
    );
  });

  it("move labels apart, none beyond the bottom", () => {
    expect(apart([10, 12, 80], 30, 80)).toEqual([10, 40, 80]);
    expect(apart([70, 75], 30, 80)).toEqual([50, 80]);
  });
});
