// Which of OTLP's kinds of value stands for a captured value.

import { wellFormedJson } from "../model/json-strings.ts";
import { entriesIn } from "../model/many-keys.ts";
import { setOwn } from "../model/own-property.ts";
import { hasParts, scalarOf } from "../model/scalars.ts";
import { keysUpTo } from "./keys.ts";

/**
 * How values that are no primitive are sent. `"rich"`: as OTLP's arrays and maps. `"json"`: lists of primitives of one kind
 * stay lists, bytes become base64 and all else JSON text, for back ends that refuse nested values.
 */
export type OtlpValues = "rich" | "json";

const MIN_INT64 = -(2n ** 63n);
const MAX_INT64 = 2n ** 63n - 1n;

/** True for numbers that go as integers: those that a receiver gives back as the same number. */
export function isInteger(value: number): boolean {
  return Number.isSafeInteger(value) && !Object.is(value, -0);
}

/** True for bigints that OTLP can say; others go as text. */
export function fitsInt64(value: bigint): boolean {
  return value >= MIN_INT64 && value <= MAX_INT64;
}

/**
 * What stands for an object that OTLP has no kind for: a date's ISO text, a set's list, a list of pairs for a map of which
 * some key is no text. Anything else stands for itself.
 */
export function plainForm(value: object): object | string {
  const scalar = scalarOf(value);
  if (scalar !== undefined) return scalar.shortText;
  if (value instanceof Set) return [...value];
  if (!(value instanceof Map)) return value;
  const entries = [...value];
  return entries.every(isNamed) ? value : entries;
}

/** The entries of a plain object, or of a map of which all keys are text. */
export function entriesOf(form: object): readonly (readonly [string, unknown])[] {
  return form instanceof Map ? [...form].filter(isNamed) : Object.entries(form);
}

/** True for an entry whose key is text. */
export function isNamed(entry: readonly [unknown, unknown]): entry is [string, unknown] {
  return typeof entry[0] === "string";
}

function objectOf(entries: readonly (readonly [string, unknown])[]): object {
  const source: Record<string, unknown> = {};
  for (const [key, value] of entries) setOwn(source, key, value);
  return source;
}

/** What stands for an object where values are `"json"`. */
export function flatForm(value: object): readonly unknown[] | string {
  const plain = plainForm(value);
  if (typeof plain === "string") return plain;
  if (plain instanceof Uint8Array) return base64(plain);
  if (Array.isArray(plain) && isOfOneKind(plain)) return plain;
  return wellFormedJson(JSON.stringify(jsonForm(plain)));
}

/** True for what stays a list where values are `"json"`. */
export function keepsKind(value: object): boolean {
  if (!Array.isArray(value) && !(value instanceof Set)) return false;
  let kind: string | undefined;
  for (const item of value) {
    kind ??= typeof item;
    if (kind === "object" || typeof item !== kind) return false;
  }
  return true;
}

/** The JSON text of a value as `flatForm` gives it, in pieces of about so many values. */
export function* jsonTextInPieces(value: unknown, most: number): Generator<string, void> {
  if (typeof value !== "object" || !isLong(value, most))
    return yield wellFormedJson(JSON.stringify(jsonForm(value)));
  if (Array.isArray(value) || value instanceof Set) return yield* listText(value, most);
  if (!(value instanceof Map)) return yield* objectText(entriesIn(value ?? {}), most);
  let isAllNamed = true;
  for (const key of value.keys()) isAllNamed &&= typeof key === "string";
  return yield* isAllNamed ? objectText(value, most) : listText(value, most);
}

function* listText(items: Iterable<unknown>, most: number): Generator<string, void> {
  let before = "[";
  for (const item of items) {
    yield before;
    yield* jsonTextInPieces(item, most);
    before = ",";
  }
  yield before === "[" ? "[]" : "]";
}

function* objectText(entries: Iterable<readonly [unknown, unknown]>, most: number): Generator<string, void> {
  let before = "{";
  for (const [key, inner] of entries) {
    yield `${before}${wellFormedJson(JSON.stringify(key))}:`;
    yield* jsonTextInPieces(inner, most);
    before = ",";
  }
  yield before === "{" ? "{}" : "}";
}

/** True where a value has more parts than `most`; a text counts by its length. */
export function isLong(value: unknown, most: number): boolean {
  return partsLeft(value, most) < 0;
}

function partsLeft(value: unknown, most: number): number {
  if (typeof value === "string") return most - 1 - value.length / 64;
  if (!hasParts(value)) return most - 1;
  const isIterable = Array.isArray(value) || value instanceof Set || value instanceof Map;
  const parts: Iterable<unknown> | undefined = isIterable ? value : keysUpTo(most, value);
  if (parts === undefined) return -1;
  let left = most - 1;
  for (const part of parts) {
    left = partsLeft(isIterable ? part : Reflect.get(value, String(part)), left);
    if (left < 0) break;
  }
  return left;
}

function isOfOneKind(items: readonly unknown[]): boolean {
  const kind = typeof items[0];
  return items.length === 0 || (kind !== "object" && items.every((item) => typeof item === kind));
}

/** A value as JSON for people: what JSON lacks is text. */
function jsonForm(value: unknown): unknown {
  if (typeof value === "bigint") return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  if (typeof value === "number") return Number.isFinite(value) ? value : String(value);
  if (typeof value !== "object" || value === null) return value;
  const plain = plainForm(value);
  if (typeof plain === "string") return plain;
  if (plain instanceof Uint8Array) return base64(plain);
  if (Array.isArray(plain)) return plain.map(jsonForm);
  return objectOf(entriesOf(plain).map(([key, inner]) => [key, jsonForm(inner)]));
}

/** Bytes as base64. */
export function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
}
