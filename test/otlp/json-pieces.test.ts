// JSON in pieces is JSON: the same values as JSON.parse, and an error wherever it has one.
import fc from "fast-check";
import { TracelightError } from "tracelight";
import { expect, test } from "vitest";
import { parseInPieces } from "../../src/otlp/json-pieces.ts";
import { runs } from "../sizes.ts";

function parsed(text: string, pieceBytes: number, integersAsText = false): unknown {
  const steps = parseInPieces(Buffer.from(text), { maxTokens: 1e6, integersAsText, pieceBytes });
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
  }
}

function outcome(read: () => unknown): unknown {
  try {
    return { value: read() };
  } catch (error) {
    return error instanceof SyntaxError ||
      (error instanceof TracelightError && error.code === "INVALID_RECORD")
      ? "refused"
      : error;
  }
}

const anyJson = fc
  .jsonValue({ maxDepth: 6, stringUnit: fc.constantFrom(...'ab"\\\n\u0001é€\u{1f600}\ud800u') })
  .chain((json) => fc.constantFrom(0, 2).map((indent) => JSON.stringify(json, undefined, indent)))
  .chain((text) => fc.constantFrom(text, text.replace(/[^ -~\s]/g, escaped)));

function escaped(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

test("any JSON, whatever the size of the pieces", () => {
  fc.assert(
    fc.property(anyJson, fc.integer({ min: 1, max: 40 }), (text, pieceBytes) => {
      expect(parsed(text, pieceBytes)).toEqual(JSON.parse(text));
    }),
    { numRuns: runs(2000) },
  );
});

test("any text that was JSON and was changed is refused where JSON.parse refuses it", () => {
  const change = fc.tuple(fc.nat(), fc.constantFrom(...'[]{},:"\\ 1axu'), fc.nat({ max: 2 }));
  fc.assert(
    fc.property(anyJson, change, fc.integer({ min: 1, max: 20 }), (text, [at, put, cut], pieceBytes) => {
      const start = at % (text.length + 1);
      const changed = Buffer.from(text.slice(0, start) + put + text.slice(start + cut)).toString();
      expect(outcome(() => parsed(changed, pieceBytes))).toEqual(outcome(() => JSON.parse(changed)));
    }),
    { numRuns: runs(5000) },
  );
});

test("a long text is read a piece at a time, wherever it lies, unless it is a name", () => {
  const text = '"\n\u0001é\u{1f600}'.repeat(1000);
  for (const json of [[text], { text }, { a: [1, { b: [2, text, 3] }, 4] }, { [text]: text }]) {
    const body = Buffer.from(JSON.stringify(json));
    const steps = [...parseInPieces(body, { maxTokens: 100, integersAsText: false, pieceBytes: 500 })];
    expect(steps.length).toBeGreaterThan(Buffer.byteLength(JSON.stringify(text)) / 500);
    expect(parsed(body.toString(), 500)).toEqual(json);
  }
});

test.each([
  "[[1,2],]",
  "[[1,2] [3,4]]",
  '{"a":[1,2] "b":1}',
  '{"a":[1,2],}',
  "{[1,2]}",
  "[1,2}",
  "[[1,2]] x",
  "[[1,2]",
  '{"a" [1,2]}',
  "[,[1,2]]",
  '["a":[1,2]]',
  "",
  "   ",
])("%s is none", (text) => {
  for (const pieceBytes of [1, 3, 100]) expect(outcome(() => parsed(text, pieceBytes))).toBe("refused");
});

test("names stay on their own object, the last of two counts, and integers keep their digits", () => {
  const text = '{"__proto__":{"x":[1,2,3]},"a":[1],"a":[2],"n":[9223372036854775807,1]}';
  const json = parsed(text, 3, true);
  expect(Object.keys(Object(json))).toEqual(["__proto__", "a", "n"]);
  expect(json).toMatchObject({ a: [2], n: ["9223372036854775807", 1] });
  expect(Reflect.get({}, "x")).toBeUndefined();
});

test("levels without end cost no stack, and too many values are refused before they are made", () => {
  const deep = `${"[".repeat(100_000)}${"]".repeat(100_000)}`;
  expect(Array.isArray(parsed(deep, 1000))).toBe(true);
  expect(outcome(() => parsed(`[${"{},".repeat(600_000)}{}]`, 1000))).toBe("refused");
});
