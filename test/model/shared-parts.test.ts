// Values in which parts come again and again: captured once, compared once, and never more than a million values when written out.
import { InMemoryTracer } from "tracelight";
import { describe, expect, it } from "vitest";
import { equalValues } from "../../src/model/attributes.ts";
import { encodeBinary } from "../../src/model/binary-encoder.ts";
import { capture, MAX_DEPTH, MAX_NODES } from "../../src/model/capture.ts";
import { isCaptureOf } from "../../src/model/capture-comparison.ts";
import { captureShared, reveal } from "../../src/model/history.ts";
import { encodeValue, lossyValue } from "../../src/model/values.ts";
import { boundedJson } from "../../src/render/text.ts";
import { weighValue } from "../../src/tracing/weight.ts";

/** Each level holds the one below twice. */
function doubled(levels: number, wrap: (inner: unknown) => unknown): unknown {
  let value: unknown = { leaf: 1 };
  for (let i = 0; i < levels; i++) value = wrap(value);
  return value;
}

const SHAPES: readonly (readonly [string, (inner: unknown) => unknown])[] = [
  ["properties", (o) => ({ a: o, b: o })],
  ["items", (o) => [o, o, o]],
  [
    "a map and a set",
    (o) =>
      new Map<unknown, unknown>([
        ["a", o],
        ["b", new Set([o, [o]])],
      ]),
  ],
  ["of unequal depth", (o) => ({ a: o, b: { c: [o] } })],
  ["beside functions", (o) => Object.assign(Object.create(null), { a: o, b: o, all: SHAPES })],
];

/** Containers of a value, each counted once. */
function distinct(value: unknown): number {
  const seen = new Set<object>();
  const waiting = [value];
  for (let at = waiting.pop(); waiting.length > 0 || at !== undefined; at = waiting.pop()) {
    if (typeof at !== "object" || at === null || seen.has(at)) continue;
    seen.add(at);
    waiting.push(...(at instanceof Map ? [...at].flat() : at instanceof Set ? [...at] : Object.values(at)));
  }
  return seen.size;
}

/** Values of a value, each counted as often as there are ways to it. */
function written(value: unknown, known = new Map<object, number>()): number {
  if (typeof value !== "object" || value === null) return 1;
  const before = known.get(value);
  if (before !== undefined) return before;
  const parts =
    value instanceof Map ? [...value].flat() : value instanceof Set ? [...value] : Object.values(value);
  const count = parts.reduce((sum: number, part) => sum + written(part, known), 1);
  known.set(value, count);
  return count;
}

describe.each(SHAPES)("shared %s", (_what, wrap) => {
  for (const levels of [60, 100, 190, 400]) {
    it(`of ${levels} levels are captured in few steps, and end in a marker where they are too much`, () => {
      const source = doubled(levels, wrap);
      const copy = capture(source);
      expect(distinct(copy)).toBeLessThan(20_000);
      expect(written(copy)).toBeLessThanOrEqual(MAX_NODES + 2 * MAX_DEPTH);
      expect(boundedJson(copy, 1000).length).toBeLessThan(5000);
      const shared = captureShared(source);
      expect(written(reveal(shared))).toBeLessThanOrEqual(MAX_NODES + 2 * MAX_DEPTH);
    });
  }

  it("that are small are whole", () => {
    const source = doubled(3, wrap);
    expect(equalValues(capture(source), capture(doubled(3, wrap)))).toBe(true);
    expect(JSON.stringify(encodeValue(capture(source)))).not.toContain("Truncated");
  });
});

it("a graph that fits is whole: nothing is left out, and what is the same is the same", () => {
  const source = doubled(15, (o) => ({ a: o, b: o }));
  const copy = capture(source);
  expect(written(copy)).toBe(written(source));
  expect(JSON.stringify(copy)).toBe(JSON.stringify(source));
  expect(isCaptureOf(source, copy)).toBe(true);
  expect(JSON.stringify(encodeValue(copy))).toBe(JSON.stringify(source));
  expect(JSON.stringify(lossyValue(copy))).toBe(JSON.stringify(source));
});

it("what differs between two places is seen", () => {
  const source = { a: doubled(14, (o) => ({ a: o, b: o })), b: doubled(14, (o) => ({ a: o, b: o })) };
  const copy = capture(source);
  let deep: unknown = source.b;
  for (let i = 0; i < 14; i++) deep = Reflect.get(Object(deep), "b");
  Reflect.set(Object(deep), "leaf", 2);
  expect(isCaptureOf(source, copy)).toBe(false);
});

it("ways back to where it began are no more steps", () => {
  const root: Record<string, unknown> = {};
  root["child"] = doubled(100, (o) => ({ a: o, b: o, root }));
  const copy = capture(root);
  expect(distinct(copy)).toBeLessThan(20_000);
  expect(written(copy)).toBeLessThanOrEqual(MAX_NODES + 2 * MAX_DEPTH);
  expect(boundedJson(copy, 100_000)).toContain("[Circular]");
});

it("bytes that come again are copied once", () => {
  const bytes = new Uint8Array(100_000);
  const copy = capture(Array(1000).fill(bytes));
  expect(distinct(copy)).toBe(2);
  expect(reveal(copy)).not.toContain(bytes);
});

it("levels end where they do, wherever a part stands", () => {
  let part: unknown = "end";
  for (let i = 0; i < 150; i++) part = [part];
  let low: unknown = part;
  for (let i = 0; i < 100; i++) low = [low];
  const many = Array.from({ length: 2000 }, (_, i) => ({ i }));
  for (const order of [
    [part, low, part],
    [low, part, low, part],
  ]) {
    const text = JSON.stringify(capture([many, ...order]));
    const cut = text.match(/\[Truncated: more than 200 levels\]/g);
    expect([cut?.length, text.match(/"end"/g)?.length]).toEqual([order.length - 2, 2]);
  }
});

it("the weight of any of them takes few looks", () => {
  let looks = 0;
  const look = (target: unknown[], key: string | symbol): unknown => {
    looks++;
    return Reflect.get(target, key);
  };
  const counting = (o: unknown) => {
    const items = Array(32).fill(o);
    return new Proxy(items, { get: (target, key) => look(target, key) });
  };
  weighValue(doubled(8, counting));
  expect(looks).toBeLessThan(50_000);
});

it("maps in maps are lists in the text of the outermost, whose escapes do not double with each level", () => {
  let value: unknown = "x";
  for (let i = 0; i < 190; i++) value = new Map([["k", value]]);
  const text = lossyValue(capture(value));
  expect(String(text).length).toBeLessThan(5000);
  expect(lossyValue(new Map([["a", new Set([1, new Date(0)])]]))).toBe(
    '[["a",[1,"1970-01-01T00:00:00.000000+00:00"]]]',
  );
});

it("a span that was given one is written, read and printed", () => {
  const tracer = new InMemoryTracer();
  const source = doubled(100, (o) => ({ a: o, b: o }));
  const before = process.cpuUsage();
  for (let i = 0; i < 50; i++) tracer.startSpan("graph").addAttribute("ai.tool.input", source).end();
  // 50 times 2^20 values would be a minute.
  expect(process.cpuUsage(before).user).toBeLessThan(20e6);
  const [span] = tracer.getTraces({ limit: 1 });
  expect(span?.asHumanReadable().length).toBeLessThan(10_000);
  expect(encodeBinary(span?.attributes["ai.tool.input"]).length).toBeLessThan(20_000_000);
});
