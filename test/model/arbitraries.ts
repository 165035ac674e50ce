// What the property tests of the model draw from: hostile values, captured values, spans.
import { inspect } from "node:util";
import fc from "fast-check";
import type { SpanFields } from "../../src/model/span-fields.ts";
import { anyCharacter } from "../characters.ts";

/** Keys that trip up careless copies, and keys that look like the record's tags. */
export const trickyKeys: readonly string[] = [
  "__proto__",
  "constructor",
  "prototype",
  "toString",
  "hasOwnProperty",
  "then",
  "length",
  "0",
  "",
  "__bytes__",
  "__datetime__",
  "__bigint__",
  "__number__",
  "__map__",
  "__set__",
  "__escaped__",
];

const key = fc.oneof(fc.constantFrom(...trickyKeys), fc.string({ maxLength: 5 }));
const text = fc.oneof(
  fc.string({ maxLength: 8 }),
  fc.string({ unit: anyCharacter, maxLength: 8 }),
  fc.constantFrom("\ud800", "a\udfff", "\u0000", "NaN", "-0", "2025-04-15T12:34:56.789000+00:00"),
);
const primitive = fc.oneof(
  text,
  fc.double(),
  fc.constantFrom(-0, 0, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY),
  fc.integer(),
  fc.boolean(),
  fc.bigInt(),
  fc.constantFrom(null, undefined),
);
const date = fc.oneof(
  fc.date({ noInvalidDate: true }),
  fc.constantFrom(new Date(8.64e15), new Date(-8.64e15), new Date("9999-12-31T23:59:59.999Z"), new Date(-1)),
);
const bytes = fc.uint8Array({ maxLength: 20 });

function throwing(): never {
  throw new Error("hostile");
}

/** An error whose own message cannot be made into text. */
class UnspeakableError extends Error {
  override get message(): string {
    throw new Error("no message for you");
  }
}

class SymbolMessage extends Error {
  constructor() {
    super();
    Object.defineProperty(this, "message", { value: { toString: () => raise(new SymbolMessage()) } });
  }
}

function raise(error: unknown): never {
  throw error;
}

class Conversation {
  readonly id: string = "c1";
  readonly #secret: number = 1;
  get secret(): number {
    return this.#secret;
  }
}

class ReadsWell {
  readonly inner: Date = new Date(0);
  toJSON(): unknown {
    return { shown: this.inner };
  }
}

class ReturnsItself {
  readonly name: string = "self";
  toJSON(): unknown {
    return this;
  }
}

function revokedProxy(target: object): unknown {
  const { proxy, revoke } = Proxy.revocable(target, {});
  revoke();
  return proxy;
}

function cycle(): unknown {
  const loop: Record<string, unknown> = { name: "loop", list: [] };
  loop["self"] = loop;
  loop["list"] = [loop, { loop }];
  return loop;
}

/** The makers of single hostile values, each by its name. A maker gives a fresh value every time. */
export const hostileMakers: Readonly<Record<string, () => unknown>> = {
  "a getter that throws": () => Object.defineProperty({ a: 1 }, "bad", { get: throwing, enumerable: true }),
  "a getter that throws a symbol": () => ({
    get bad(): unknown {
      return raise(Symbol("no"));
    },
  }),
  "a getter that throws an error without a readable message": () => ({
    get bad(): unknown {
      return raise(new UnspeakableError());
    },
  }),
  "a getter that throws an error whose message throws": () => ({
    get bad(): unknown {
      return raise(new SymbolMessage());
    },
  }),
  "keys that throw an error whose message throws": () =>
    new Proxy({}, { ownKeys: () => raise(new SymbolMessage()) }),
  "a proxy that shows another object": () => new Proxy({ a: { b: 1 } }, {}),
  "a proxy of which every trap throws": () =>
    new Proxy({ a: 1 }, { get: throwing, ownKeys: throwing, getPrototypeOf: throwing, has: throwing }),
  "a proxy of a date": () => new Proxy(new Date(0), {}),
  "a proxy of bytes": () => new Proxy(new Uint8Array(3), {}),
  "a proxy of a map": () => new Proxy(new Map([[1, 2]]), {}),
  "a list that lies about its length": () =>
    new Proxy([1, 2], { get: (list, name) => (name === "length" ? 5 : Reflect.get(list, name)) }),
  "a list whose length is no number": () =>
    new Proxy([], { get: (list, name) => (name === "length" ? Symbol("n") : Reflect.get(list, name)) }),
  "a revoked proxy": () => revokedProxy({}),
  "a revoked proxy of a list": () => revokedProxy([]),
  "a revoked proxy of a function": () => revokedProxy(() => 1),
  "a cycle": cycle,
  "a map that holds itself": () => {
    const map = new Map<unknown, unknown>();
    return map.set(map, map).set("set", new Set([map]));
  },
  "a __proto__ key": () => JSON.parse('{"__proto__": {"polluted": true}, "a": {"__proto__": 1}}'),
  "a constructor key": () => JSON.parse('{"constructor": {"prototype": {"polluted": true}}}'),
  "an object without a prototype": () => Object.assign(Object.create(null), { a: 1 }),
  "a symbol": () => Symbol("s"),
  "symbol keys": () => ({ [Symbol("hidden")]: 1, [inspect.custom]: throwing }),
  "a function": () => function named(): void {},
  "a function without a name": () =>
    (
      () => () =>
        1
    )(),
  "a class whose name throws": () => Object.defineProperty(class {}, "name", { get: throwing }),
  "a class instance": () => new Conversation(),
  "a class instance with toJSON": () => new ReadsWell(),
  "toJSON that returns the object itself": () => new ReturnsItself(),
  "toJSON that throws": () => ({ toJSON: throwing, a: 1 }),
  "toJSON that cannot be read": () => Object.defineProperty({ a: 1 }, "toJSON", { get: throwing }),
  "toJSON without a result": () => ({ toJSON: (): unknown => undefined }),
  "toJSON without an end": () => {
    const again = (): unknown => ({ toJSON: again });
    return again();
  },
  "a map": () =>
    new Map<unknown, unknown>([
      ["k", { v: 1 }],
      [{ key: 1 }, new Date(0)],
      [Number.NaN, -0],
    ]),
  "a set": () => new Set<unknown>([1, "1", 1n, { a: 1 }, new Set([2])]),
  "a weak map": () => new WeakMap(),
  "a date": () => new Date(1),
  "an invalid date": () => new Date(Number.NaN),
  "a date that lies": () => Object.assign(new Date(1), { getTime: () => 2, toISOString: throwing }),
  "a regular expression": () => /a+/gi,
  "a URL": () => new URL("https://example.com/a?b=c"),
  "search parameters": () => new URLSearchParams("a=1&b=2"),
  floats: () => new Float32Array([0.5, -0]),
  "big integers in an array": () => new BigInt64Array([1n, -1n]),
  "a buffer": () => Buffer.from("bytes"),
  "a part of a buffer": () => new Uint8Array(new Uint8Array([1, 2, 3, 4]).buffer, 1, 2),
  "a data view": () => new DataView(new Uint8Array([1, 2, 3]).buffer, 1),
  "shared memory": () => new SharedArrayBuffer(4),
  "a view of shared memory": () => new Uint8Array(new SharedArrayBuffer(4)),
  "a detached buffer": () => {
    const view = new Uint8Array(4);
    structuredClone(view.buffer, { transfer: [view.buffer] });
    return view;
  },
  "an error with causes": () => new TypeError("outer", { cause: new Error("inner", { cause: "root" }) }),
  "an error that caused itself": () => {
    const error = new Error("me");
    error.cause = error;
    return error;
  },
  "several errors in one": () => new AggregateError([new Error("one"), "two"], "many"),
  "an error without a readable message": () => new UnspeakableError(),
  "boxed primitives": () => [Object("s"), Object(1), Object(true), Object(1n), Object(Symbol("boxed"))],
  "a boxed string that lies": () => Object.assign(Object("s"), { valueOf: throwing }),
  "a promise": () => Promise.resolve(1),
  "a generator": () =>
    (function* (): Generator<number> {
      yield 1;
    })(),
  "the global object's JSON": () => JSON,
  "a sparse array": () => Object.assign([], { 2: "two", length: 5 }),
  "an array with an iterator of its own": () =>
    Object.assign([1, { a: 1 }], { [Symbol.iterator]: throwing, extra: 1 }),
};

const hostileMaker = fc.constantFrom(...Object.values(hostileMakers));

/**
 * Makers of any value at all: hostile ones nested in plain ones. A maker gives the same value afresh each time, so that a
 * test may change what it got.
 */
export const anyMaker: fc.Arbitrary<() => unknown> = fc.letrec<{ maker: () => unknown }>((tie) => ({
  maker: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    primitive.map((value) => () => value),
    hostileMaker,
    date.map((value) => () => new Date(value)),
    bytes.map((value) => () => Uint8Array.from(value)),
    fc.array(tie("maker"), { maxLength: 5 }).map((makers) => () => makers.map((make) => make())),
    fc.array(fc.tuple(key, tie("maker")), { maxLength: 5 }).map((entries) => () => objectOf(entries)),
    fc
      .array(fc.tuple(tie("maker"), tie("maker")), { maxLength: 3 })
      .map((pairs) => () => new Map(pairs.map(([k, v]) => [k(), v()]))),
    fc.array(tie("maker"), { maxLength: 3 }).map((makers) => () => new Set(makers.map((make) => make()))),
  ),
})).maker;

function objectOf(entries: readonly (readonly [string, () => unknown])[]): object {
  return Object.fromEntries(entries.map(([name, make]) => [name, make()]));
}

/** Objects shaped like the record's tags, right and broken, in any nesting. */
export const tagLookAlike: fc.Arbitrary<unknown> = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 6 },
    fc.constantFrom<unknown>(
      "",
      "12",
      "NaN",
      "Gar8Or:_95!s/N'",
      "2025-04-15T12:34:56+00:00",
      5,
      null,
      [],
      [["k", "v"]],
    ),
    fc.tuple(fc.constantFrom(...trickyKeys), tie("value")).map((entry) => Object.fromEntries([entry])),
    fc.array(tie("value"), { maxLength: 3 }),
  ),
})).value;

const hex = (digits: number) =>
  fc
    .string({ unit: fc.constantFrom(..."0123456789abcdef"), minLength: digits, maxLength: digits })
    .filter((id) => !/^0+$/.test(id));
const attributeKey = fc.constantFrom("a", "b", "c");
const attributeValue = fc.constantFrom<unknown>(1, "1", 1n, null, true, Number.NaN, [1], { x: 1 });

/** Attributes and filters with few keys and values, so that many match. */
export const fewAttributes: fc.Arbitrary<Record<string, unknown>> = fc.dictionary(
  attributeKey,
  attributeValue,
  {
    maxKeys: 3,
    noNullPrototype: true,
  },
);

/** A span as data, of which the test says what it cares about. */
export function spanFields(fields: Partial<SpanFields>): SpanFields {
  return {
    spanName: "work",
    spanKind: "INTERNAL",
    traceId: "a".repeat(32),
    spanId: "b".repeat(16),
    parentSpanId: undefined,
    startedAtMicros: 1_000_000,
    endedAtMicros: 2_000_000,
    state: "ended",
    spanStatus: "UNSET",
    statusMessage: undefined,
    attributes: {},
    resourceAttributes: {},
    scope: { name: "test" },
    events: [],
    links: [],
    ...fields,
  };
}

/** Spans of a few traces that often start at the same time and often have each other as parents. */
export const spanLists: fc.Arbitrary<SpanFields[]> = fc
  .uniqueArray(hex(16), { maxLength: 25 })
  .chain((ids) => fc.tuple(...ids.map((id) => spanWithId(id, ids))));

function spanWithId(spanId: string, ids: readonly string[]): fc.Arbitrary<SpanFields> {
  return fc
    .record({
      spanId: fc.constant(spanId),
      traceId: fc.constantFrom("1".repeat(32), "2".repeat(32)),
      parentSpanId: fc.option(fc.constantFrom(...ids), { nil: undefined }),
      startedAtMicros: fc.integer({ min: 1000, max: 1003 }).map((ms) => ms * 1000),
      spanName: fc.constantFrom("plan", "act"),
      spanStatus: fc.constantFrom("UNSET" as const, "OK" as const, "ERROR" as const),
      attributes: fewAttributes,
    })
    .map(spanFields);
}
