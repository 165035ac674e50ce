// A value is captured when it is given: a frozen copy that nothing later changes, of any value at all.
import { deepStrictEqual } from "node:assert";
import { createContext, runInContext } from "node:vm";
import fc from "fast-check";
import { InMemoryTracer, Span } from "tracelight";
import { describe, expect, it } from "vitest";
import { equalValues } from "../../src/model/attributes.ts";
import { capture, MAX_DEPTH, MAX_NODES } from "../../src/model/capture.ts";
import { runs } from "../sizes.ts";
import { anyMaker, hostileMakers, tagLookAlike, trickyKeys } from "./arbitraries.ts";

/** What a span holds after its attribute `value` was set. */
function attributeOf(value: unknown): unknown {
  return spanWith(value).attributes["value"];
}

function spanWith(value: unknown): Span {
  const span = new InMemoryTracer().startSpan("work");
  // What a hostile value throws may not even bear being reported, so it is not passed on.
  expect(succeeds(() => span.addAttribute("value", value))).toBe(true);
  span.end();
  return span;
}

function succeeds(act: () => void): boolean {
  try {
    act();
    return true;
  } catch {
    return false;
  }
}

function throughRecord(span: Span): Span {
  return Span.fromRecord(JSON.parse(JSON.stringify(span)));
}

/** Every container in a captured value. */
function containersOf(value: unknown): object[] {
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return [];
  const parts =
    value instanceof Map ? [...value].flat() : value instanceof Set ? [...value] : Object.values(value);
  return [value, ...parts.flatMap(containersOf)];
}

function nested(levels: number): unknown {
  let value: unknown = "bottom";
  for (let i = 0; i < levels; i++) value = i % 2 === 0 ? [value] : { below: value };
  return value;
}

function depthOf(value: unknown): number {
  let depth = 0;
  for (let at = value; typeof at === "object" && at !== null; at = Object.values(at)[0]) depth++;
  return depth;
}

function nodesIn(value: unknown): number {
  const waiting: unknown[] = [value];
  let nodes = 0;
  for (; waiting.length > 0; nodes++) {
    const at = waiting.pop();
    if (typeof at === "object" && at !== null) for (const part of Object.values(at)) waiting.push(part);
  }
  return nodes;
}

/** A tree of 2^levels leaves made of one object a level. */
function bomb(levels: number): unknown {
  let value: unknown = { leaf: true };
  for (let i = 0; i < levels; i++) value = { left: value, right: value };
  return value;
}

describe("any value at all", () => {
  it("is captured without a throw, without pollution, frozen, and comes back from the record", () => {
    fc.assert(
      fc.property(anyMaker, (make) => {
        const before = Object.getOwnPropertyNames(Object.prototype);
        const span = spanWith(make());
        const captured = span.attributes["value"];
        expect(Object.getOwnPropertyNames(Object.prototype)).toEqual(before);
        expect(Reflect.get({}, "polluted")).toBeUndefined();
        expect(containersOf(captured).filter((container) => !Object.isFrozen(container))).toEqual([]);
        deepStrictEqual(throughRecord(span).attributes, span.attributes);
        expect(equalValues(throughRecord(span).attributes, span.attributes)).toBe(true);
      }),
      { numRuns: runs(1500) },
    );
  });

  it("is left as it was found", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const copy = structuredClone(value);
        attributeOf(value);
        deepStrictEqual(value, copy);
      }),
    );
  });

  it("equals its own capture, and the capture of its capture", () => {
    fc.assert(
      fc.property(anyMaker, (make) => {
        const captured = capture(make());
        deepStrictEqual(capture(captured), captured);
        expect(equalValues(captured, capture(captured))).toBe(true);
      }),
    );
  });

  for (const [what, make] of Object.entries(hostileMakers)) {
    it(`may be ${what}, alone and inside others`, () => {
      const span = new InMemoryTracer().startSpan("work");
      span.addAttributes({
        alone: make(),
        listed: [1, make(), 2],
        kept: { before: 1, it: make(), after: 2 },
      });
      expect(span.attributes["listed"]).toMatchObject({ 0: 1, 2: 2, length: 3 });
      expect(span.attributes["kept"]).toMatchObject({ before: 1, after: 2 });
      deepStrictEqual(throughRecord(span).attributes, span.attributes);
    });
  }

  it("may look like one of the record's tags", () => {
    fc.assert(
      fc.property(tagLookAlike, (value) => {
        const span = spanWith(value);
        deepStrictEqual(span.attributes["value"] ?? undefined, value ?? undefined);
        deepStrictEqual(throughRecord(span).attributes, span.attributes);
      }),
      { numRuns: runs(1000) },
    );
  });
});

describe("what a value becomes", () => {
  it("keeps strings, numbers, bigints, booleans and null as they are", () => {
    for (const value of ["text", "\ud800", 1.5, -0, Number.NaN, 12n, true, null]) {
      expect(Object.is(attributeOf(value), value)).toBe(true);
    }
  });

  it("keeps dates, bytes, maps and sets as what they are", () => {
    const value = {
      at: new Date(5),
      raw: Buffer.from([1, 2]),
      map: new Map([["k", [1]]]),
      set: new Set(["x"]),
    };
    deepStrictEqual(attributeOf(value), {
      at: new Date(5),
      raw: new Uint8Array([1, 2]),
      map: new Map([["k", [1]]]),
      set: new Set(["x"]),
    });
  });

  it("takes only the bytes that a view shows", () => {
    const memory = new Uint8Array([1, 2, 3, 4]).buffer;
    deepStrictEqual(attributeOf(new Uint8Array(memory, 1, 2)), new Uint8Array([2, 3]));
    deepStrictEqual(attributeOf(new DataView(memory, 2)), new Uint8Array([3, 4]));
    deepStrictEqual(attributeOf(memory), new Uint8Array([1, 2, 3, 4]));
  });

  it("makes an embedding a list of its numbers", () => {
    deepStrictEqual(attributeOf(new Float32Array([0.5, 2])), [0.5, 2]);
  });

  it("shows an error with its causes and its own properties", () => {
    const error = Object.assign(new TypeError("outer", { cause: new Error("inner") }), { status: 429 });
    expect(attributeOf(error)).toMatchObject({
      name: "TypeError",
      message: "outer",
      status: 429,
      stack: expect.stringContaining("TypeError: outer"),
      cause: { name: "Error", message: "inner" },
    });
  });

  it("shows URLs, regular expressions, symbols and functions as text", () => {
    expect(attributeOf(new URL("https://example.com/a"))).toBe("https://example.com/a");
    expect(attributeOf(/a+/g)).toBe("/a+/g");
    expect(attributeOf(Symbol("s"))).toBe("Symbol(s)");
    expect(attributeOf(function tool(): void {})).toBe("[Function: tool]");
    expect(attributeOf(Promise.resolve(1))).toBe("[Promise]");
    expect(attributeOf(new WeakMap())).toBe("[WeakMap]");
    expect(attributeOf(new Date(Number.NaN))).toBe("Invalid Date");
  });

  it("shows a class instance as its own properties, or as what its toJSON returns", () => {
    expect(attributeOf(hostileMakers["a class instance"]?.())).toEqual({ id: "c1" });
    expect(attributeOf(hostileMakers["a class instance with toJSON"]?.())).toEqual({ shown: new Date(0) });
  });

  it("takes an object whose toJSON returns the object itself by its properties", () => {
    expect(attributeOf(hostileMakers["toJSON that returns the object itself"]?.())).toEqual({ name: "self" });
  });

  it("unpacks boxed primitives", () => {
    expect(attributeOf([Object("s"), Object(1), Object(false), Object(1n)])).toEqual(["s", 1, false, 1n]);
  });

  it("leaves undefined properties out and makes undefined items null", () => {
    deepStrictEqual(attributeOf({ a: undefined, b: [undefined, 1] }), { b: [null, 1] });
    deepStrictEqual(attributeOf([{ toJSON: () => undefined }]), [null]);
  });

  it("fills the holes of a sparse array with null", () => {
    deepStrictEqual(attributeOf(Object.assign([], { 1: "one", length: 3 })), [null, "one", null]);
  });

  it("keeps keys that name parts of Object.prototype as plain keys", () => {
    for (const key of trickyKeys) {
      const given: object = JSON.parse(`{ ${JSON.stringify(key)}: { "polluted": true } }`);
      const captured = attributeOf(given);
      expect(Object.keys(Object(captured))).toEqual([key]);
      expect(Object.getPrototypeOf(captured)).toBe(Object.prototype);
    }
    expect(Reflect.get({}, "polluted")).toBeUndefined();
  });

  it("keeps such keys as names of attributes too", () => {
    const span = new InMemoryTracer().startSpan("work");
    for (const key of trickyKeys) span.addAttribute(key, key);
    expect(Object.keys(span.attributes).sort()).toEqual([...trickyKeys].sort());
    deepStrictEqual(throughRecord(span).attributes, span.attributes);
  });

  it("takes objects of another realm for what they are", () => {
    const foreign: unknown = runInContext(
      "({ empty: {}, list: [{}], at: new Date(1), raw: new Uint8Array([1]), map: new Map([[1, {}]]) })",
      createContext(),
    );
    deepStrictEqual(attributeOf(foreign), {
      empty: {},
      list: [{}],
      at: new Date(1),
      raw: new Uint8Array([1]),
      map: new Map([[1, {}]]),
    });
  });

  it("marks only the property that cannot be read", () => {
    const value = {
      good: 1,
      get bad(): unknown {
        throw new Error("no");
      },
      other: 2,
    };
    expect(attributeOf(value)).toEqual({ good: 1, bad: "[Unreadable: no]", other: 2 });
  });

  it("marks only the function that cannot be named", () => {
    const unnamed = hostileMakers["a revoked proxy of a function"]?.();
    expect(attributeOf({ good: 1, unnamed })).toMatchObject({ good: 1, unnamed: expect.any(String) });
  });

  it("marks a cycle where it closes, and nothing that is merely used twice", () => {
    const twice = { a: 1 };
    const loop: Record<string, unknown> = { first: twice, second: twice };
    loop["self"] = loop;
    expect(attributeOf(loop)).toEqual({ first: { a: 1 }, second: { a: 1 }, self: "[Circular]" });
  });

  it("marks a cycle through the attribute's own list", () => {
    const list: unknown[] = [];
    list.push({ list });
    expect(attributeOf(list)).toEqual([{ list: "[Circular]" }]);
  });
});

describe("a later change of the source", () => {
  it("does not show, wherever it happens", () => {
    const source = {
      list: [1, { deep: "before" }],
      at: new Date(1),
      raw: new Uint8Array([1]),
      floats: new Float32Array([1]),
      map: new Map([["k", { v: 1 }]]),
      set: new Set([1]),
      error: new Error("before"),
      url: new URL("https://before.example"),
    };
    const span = spanWith(source);
    const before = JSON.stringify(span);
    source.list.push(2);
    Object.assign(Object(source.list[1]), { deep: "after" });
    source.at.setTime(2);
    source.raw[0] = 2;
    source.floats[0] = 2;
    source.map.set("k", { v: 2 }).set("new", { v: 3 });
    source.set.add(2);
    source.error.message = "after";
    source.url.host = "after.example";
    Object.assign(source, { added: true });
    expect(JSON.stringify(span)).toBe(before);
  });

  it("does not show in an attribute that was given twice", () => {
    const message = { role: "user", text: "one" };
    const list = [message];
    const [first, second] = [new InMemoryTracer().startSpan("a"), new InMemoryTracer().startSpan("b")];
    first.addAttribute("messages", list);
    message.text = "two";
    second.addAttribute("messages", list);
    message.text = "three";
    expect(first.attributes["messages"]).toEqual([{ role: "user", text: "one" }]);
    expect(second.attributes["messages"]).toEqual([{ role: "user", text: "two" }]);
  });
});

describe("bounds", () => {
  it("cuts what is nested deeper than 200 levels, and says so", () => {
    for (const value of [nested(10_000), { root: nested(10_000) }, [nested(10_000)]]) {
      const captured = attributeOf(value);
      expect(depthOf(captured)).toBe(MAX_DEPTH);
      expect(JSON.stringify(captured)).toContain("[Truncated: more than 200 levels]");
    }
  });

  it("keeps 200 levels whole, and they come back from the record", () => {
    const span = spanWith(nested(MAX_DEPTH));
    deepStrictEqual(span.attributes["value"], nested(MAX_DEPTH));
    deepStrictEqual(throughRecord(span).attributes, span.attributes);
  });

  it("brings maps of 200 levels back from the record", () => {
    let value: unknown = new Map();
    for (let i = 1; i < MAX_DEPTH; i++) value = new Map([["__escaped__", value]]);
    const span = spanWith(value);
    deepStrictEqual(throughRecord(span).attributes, span.attributes);
  });

  it("cuts a list of more than a million values, and says so", () => {
    const captured = attributeOf(new Array(MAX_NODES + 10).fill(1));
    expect(nodesIn(captured)).toBeLessThanOrEqual(MAX_NODES + 1);
    expect(Object(captured).at(-1)).toBe("[Truncated: more than 1000000 values]");
  });

  it("cuts a list that claims the largest length there is", () => {
    const captured = attributeOf(new Array(2 ** 32 - 1));
    expect(nodesIn(captured)).toBeLessThanOrEqual(MAX_NODES + 1);
    expect(Object(captured).at(-1)).toBe("[Truncated: more than 1000000 values]");
  });

  it("cuts objects, maps and sets in which the million is reached, and says so", () => {
    const most = new Array(MAX_NODES - 10).fill(1);
    const rest = Array.from({ length: 20 }, (_, i) => `k${i}`);
    const marker = "[Truncated: more than 1000000 values]";
    const keyed = Object(attributeOf({ most, ...Object.fromEntries(rest.map((key) => [key, 1])) }));
    expect(Object.keys(keyed).length).toBeLessThan(12);
    expect(Object.values(keyed).at(-1)).toBe(marker);
    const map = Object(
      attributeOf(new Map<string, unknown>([["most", most], ...rest.map((k) => [k, 1] as const)])),
    );
    expect(map.size).toBeLessThan(12);
    expect([...map].at(-1)).toEqual([marker, marker]);
    const set = Object(attributeOf(new Set<unknown>([most, ...rest])));
    expect(set.size).toBeLessThan(12);
    expect([...set].at(-1)).toBe(marker);
  });

  it("cuts an object that unfolds without end", () => {
    const captured = attributeOf(bomb(60));
    expect(nodesIn(captured)).toBeLessThanOrEqual(MAX_NODES + 2 * MAX_DEPTH);
  });

  it("counts all parts of one value together", () => {
    const captured = attributeOf([bomb(25), bomb(25), bomb(25)]);
    expect(nodesIn(captured)).toBeLessThanOrEqual(MAX_NODES + 2 * MAX_DEPTH);
  });
});
