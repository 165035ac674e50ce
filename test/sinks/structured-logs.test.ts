// The log lines: equal to the Python toolkit's for the same span, one line each whatever a span says.
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { type Attributes, StructuredLogsTracer } from "tracelight";
import { expect, test } from "vitest";
import { anyCharacter } from "../characters.ts";

function lineOf(attributes: Attributes, name = "x"): string {
  const chunks: string[] = [];
  const tracer = new StructuredLogsTracer({ stream: { write: (chunk) => chunks.push(chunk) } });
  tracer.startSpan(name).addAttributes(attributes).end();
  return chunks.join("");
}

const vectors = readFileSync(new URL("../fixtures/structured-logs.jsonl", import.meta.url), "utf8")
  .trim()
  .split("\n")
  .map((line) => JSON.parse(line));

test("a line has the keys of the Python toolkit's, in its order", () => {
  const ours = JSON.parse(lineOf({}));
  const python = vectors[0];
  expect(Object.keys(ours)).toEqual(Object.keys(python));
  expect(Object.keys(ours.trace)).toEqual(Object.keys(python.trace));
  expect(Object.keys(ours.trace.scope)).toEqual(Object.keys(python.trace.scope));
  expect({ ...ours, trace: null }).toEqual({ ...python, trace: null });
  expect(ours.trace.started_at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00$/);
});

test("values that JSON lacks have the Python toolkit's form", () => {
  const tool = vectors[1].trace.attributes;
  const ours = JSON.parse(
    lineOf({
      bytes: Uint8Array.of(0, 1, 254, 255),
      types: { dt: new Date("2025-04-15T12:34:56.789Z"), empty: "" },
    }),
  ).trace.attributes;
  expect(ours.bytes).toBe(tool.bytes);
  expect(ours.types.dt).toBe(tool.types.dt);
});

test("whatever a span says, it is one line of ASCII and valid JSON", () => {
  fc.assert(
    fc.property(
      fc.string({ unit: anyCharacter }),
      fc.anything({ withBigInt: true, withMap: true, withSet: true }),
      (text, any) => {
        const line = lineOf({ [text]: any, text }, text);
        expect(line).toMatch(/^[ -~]*\n$/);
        expect(JSON.parse(line).trace.attributes.text).toBe(text);
      },
    ),
  );
});

test("a line cannot be faked by a line break of any kind", () => {
  const fake = '\n{"logger":"TraceLogger"}\r\n\u2028\u2029\u0085';
  expect(lineOf({ fake }, fake).split(/[\n\r\u2028\u2029\u0085]/)).toHaveLength(2);
});

test("the line of a span with very many attributes says the same as that of one with few", () => {
  const few: Attributes = {
    '"attributes":{}': '"attributes":{}',
    half: "\ud800 $& é",
    "\ud800": null,
    map: new Map([[1n, Number.NaN]]),
    ["__proto__"]: "a name like any other",
  };
  const many = Object.fromEntries(Array.from({ length: 6000 }, (_, i) => [`k${i}`, i]));
  const name = '"attributes":{}';
  const traceOf = (attributes: Attributes) => JSON.parse(lineOf(attributes, name)).trace;
  const line = traceOf({ ...few, ...many });
  expect(line.span_name).toBe(name);
  expect(Object.keys(line)).toEqual(Object.keys(traceOf(few)));
  expect(line.attributes).toEqual({ ...traceOf(few).attributes, ...many });
});

test("of very many attributes each is written once, the nearest value, those of spans above among them", () => {
  const chunks: string[] = [];
  const tracer = new StructuredLogsTracer({ stream: { write: (chunk) => chunks.push(chunk) } });
  tracer.trace("above", (above) => {
    above.addAttributes({ team: "a", k1: "from above" }, { inheritable: true });
    tracer.trace("below", (span) => {
      for (let i = 0; i < 6000; i++) span.addAttribute(`k${i}`, i);
    });
  });
  const text = chunks[0] ?? "";
  expect(text.match(/"k1":/g)).toHaveLength(1);
  expect(JSON.parse(text).trace.attributes).toMatchObject({ team: "a", k0: 0, k1: 1, k5999: 5999 });
});
