// Captured values as JSON and back: tags for what JSON lacks (lossless), or text in their place (lossy).
import { decodeBase85, encodeBase85 } from "./base85.ts";
import { isoMicros } from "./clock.ts";
import type { JsonValue } from "./json-value.ts";
import { setOwn } from "./own-property.ts";
import { hasParts, SCALAR_READERS, scalarOf, withOffset } from "./scalars.ts";
import { sealed } from "./sealed.ts";

export type { JsonValue } from "./json-value.ts";

/** An object whose only key is one of these is a tag; a real object that looks so is wrapped in `__escaped__`. */
const TAGS = new Set([
  ...Object.keys(SCALAR_READERS),
  "__bytes__",
  "__bigint__",
  "__number__",
  "__map__",
  "__set__",
  "__escaped__",
]);
/** Bytes that unpack to more than this are left packed. */
const MAX_UNPACKED_BYTES = 1 << 30;
/** Nesting that a reader follows: twice what capture lets through, since a tag takes a level or two. */
const MAX_READ_DEPTH = 1000;

/**
 * A captured value as JSON that `decodeValue` reads back exactly. Tags: `__bytes__` (Ascii85 of zlib, as the Python toolkit
 * writes it), `__datetime__` (ISO 8601), and Tracelight's own `__bigint__`, `__number__` (NaN, Infinity, -Infinity, -0),
 * `__map__` (a list of pairs) and `__set__`.
 */
export function encodeValue(value: unknown): JsonValue {
  return typeof value === "object" && value !== null ? encoded.of(value) : encode(value);
}

/** What was made of the containers of one large value: parts of it may come again and again, and are made once. */
class Made {
  readonly #make: (value: object) => JsonValue;
  #depth = 0;
  #count = 0;
  #known: Map<object, JsonValue> | undefined;

  constructor(make: (value: object) => JsonValue) {
    this.#make = make;
  }

  of(value: object): JsonValue {
    if (this.#depth === 0) this.#count = 0;
    const isLarge = ++this.#count > REMEMBERED_FROM;
    const known = isLarge ? this.#known?.get(value) : undefined;
    if (known !== undefined) return known;
    this.#depth++;
    try {
      const made = this.#make(value);
      if (this.#count > REMEMBERED_FROM) this.#remember(value, made);
      return made;
    } finally {
      if (--this.#depth === 0) this.#known = undefined;
    }
  }

  #remember(value: object, made: JsonValue): void {
    this.#known ??= new Map();
    this.#known.set(value, made);
  }
}

/** Smaller values cost no memory of what was made of their parts. */
const REMEMBERED_FROM = 1000;

const encoded = new Made(encodeObject);
const lossy = new Made(lossyObject);

function encode(value: unknown): JsonValue {
  switch (typeof value) {
    case "string":
    case "boolean":
      return value;
    case "number":
      return Number.isFinite(value) && !Object.is(value, -0) ? value : { __number__: numberName(value) };
    case "bigint":
      return { __bigint__: String(value) };
    case "object":
      return value === null ? null : encoded.of(value);
    default:
      return null;
  }
}

/** The same text for captured values that are equal, whatever the order of their keys. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(encodeValue(value), (_key, inner: JsonValue) =>
    typeof inner === "object" && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}

function numberName(value: number): string {
  return Object.is(value, -0) ? "-0" : String(value);
}

function encodeObject(value: object): JsonValue {
  if (Array.isArray(value)) return value.map(encodeValue);
  if (value instanceof Uint8Array) return { __bytes__: encodeBase85(zlib().deflateSync(value)) };
  const scalar = scalarOf(value);
  if (scalar !== undefined) return { [scalar.tag]: scalar.toolkitText };
  if (value instanceof Map) return { __map__: [...value].map(([k, v]) => [encodeValue(k), encodeValue(v)]) };
  if (value instanceof Set) return { __set__: [...value].map(encodeValue) };
  const copy = mapProperties(value, encodeValue);
  return tagOf(copy) === undefined ? copy : { __escaped__: copy };
}

/** ISO 8601 as Python's `isoformat` writes it in UTC: with `+00:00` for the zone. */
export function isoOffset(micros: number): string {
  return withOffset(isoMicros(micros));
}

/** Own properties in order, each value changed by `change`; `__proto__` stays a property. */
export function mapProperties<T>(source: object, change: (value: unknown) => T): Record<string, T> {
  const copy: Record<string, T> = {};
  for (const [key, value] of Object.entries(source)) setOwn(copy, key, change(value));
  return copy;
}

function tagOf(value: object): string | undefined {
  const keys = Object.keys(value);
  const key = keys[0];
  return keys.length === 1 && key !== undefined && TAGS.has(key) ? key : undefined;
}

/** The value that `encodeValue` was given, or that the Python toolkit stored. A broken tag stays as it is. */
export function decodeValue(json: unknown, depth = 0): unknown {
  if (typeof json !== "object" || json === null) return json;
  if (depth > MAX_READ_DEPTH) return `[Truncated: more than ${MAX_READ_DEPTH} levels]`;
  if (Array.isArray(json)) return Object.freeze(json.map((item) => decodeValue(item, depth + 1)));
  const tag = tagOf(json);
  const decoded = tag === undefined ? undefined : decodeTag(tag, Reflect.get(json, tag), depth + 1);
  return decoded ?? Object.freeze(mapProperties(json, (value) => decodeValue(value, depth + 1)));
}

function decodeTag(tag: string, content: unknown, depth: number): unknown {
  if (typeof content === "string") return decodeText(tag, content);
  if (Array.isArray(content)) return decodeItems(tag, content, depth);
  if (tag !== "__escaped__" || typeof content !== "object" || content === null) return undefined;
  return Object.freeze(mapProperties(content, (value) => decodeValue(value, depth)));
}

function decodeText(tag: string, text: string): unknown {
  if (tag === "__bytes__") return decodeBytes(text);
  if (tag === "__bigint__") return /^-?\d+$/.test(text) ? BigInt(text) : undefined;
  if (tag === "__number__")
    return /^(NaN|-?Infinity|-?\d+(\.\d+)?(e[+-]\d+)?)$/.test(text) ? Number(text) : undefined;
  return SCALAR_READERS[tag]?.(text);
}

/** Loaded when the first bytes come: it takes a millisecond, which every program's start would pay. */
function zlib(): typeof import("node:zlib") {
  return process.getBuiltinModule("node:zlib");
}

function decodeBytes(text: string): Uint8Array | undefined {
  try {
    const packed = decodeBase85(text);
    return packed && new Uint8Array(zlib().inflateSync(packed, { maxOutputLength: MAX_UNPACKED_BYTES }));
  } catch {
    return undefined;
  }
}

/** Only a whole tag is decoded: nested broken ones that were tried first would take twice the time at each level. */
function decodeItems(tag: string, items: readonly unknown[], depth: number): unknown {
  const decode = (item: unknown): unknown => decodeValue(item, depth + 1);
  if (tag === "__set__") return sealed(new Set(items.map(decode)));
  if (tag !== "__map__" || !items.every(isPair)) return undefined;
  return sealed(new Map(items.map(([key, value]) => [decode(key), decode(value)])));
}

function isPair(value: unknown): value is readonly [unknown, unknown] {
  return Array.isArray(value) && value.length === 2;
}

/**
 * A captured value as the Python toolkit's log lines have it: bytes as base64, dates as ISO text, what else JSON lacks as
 * text. It cannot be read back exactly.
 */
export function lossyValue(value: unknown): JsonValue {
  if (typeof value === "number") return Number.isFinite(value) ? value : String(value);
  if (typeof value === "string" || typeof value === "boolean" || value === null) return value;
  if (typeof value !== "object") return value === undefined ? null : String(value);
  return lossy.of(value);
}

function lossyObject(value: object): JsonValue {
  if (Array.isArray(value)) return value.map(lossyValue);
  if (value instanceof Uint8Array)
    return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("base64");
  const scalar = scalarOf(value);
  if (scalar !== undefined) return scalar.toolkitText;
  if (value instanceof Map || value instanceof Set) return JSON.stringify(items.of(value));
  return mapProperties(value, lossyValue);
}

/** What is in a map or set, for its text; those within it are lists in that text, since text in text doubles its escapes. */
const items = new Made((value) => {
  if (value instanceof Map || value instanceof Set) return [...value].map(item);
  if (Array.isArray(value)) return value.map(item);
  return hasParts(value) ? mapProperties(value, item) : lossyValue(value);
});

function item(value: unknown): JsonValue {
  return typeof value === "object" && value !== null ? items.of(value) : lossyValue(value);
}
