// Captured values as DynamoDB's attribute values and back, with the record's tags for what DynamoDB lacks.

import type { AttributeValue } from "@aws-sdk/client-dynamodb";
import { setOwn } from "../model/own-property.ts";
import { SCALAR_READERS, scalarOf } from "../model/scalars.ts";
import { sealed } from "../model/sealed.ts";
import { decodeValue, encodeValue } from "../model/values.ts";

/** DynamoDB takes 32 levels; an item's attributes and a value's tag take some. Deeper values are JSON text. */
const MAX_LEVELS = 26;
/** DynamoDB's numbers: magnitude below 1e126 and from 1e-130. Doubles need 17 of its 38 digits. */
const MAX_NUMBER = 1e125;
const MIN_NUMBER = 1e-129;
const MAX_DIGITS = 38;
/** Keys that DynamoDB or a JSON library would not carry, and those that look like one of the escaped. */
const KEY_ESCAPE = "__key__:";
/** Behind that, a key that UTF-8 cannot hold, as JSON text. */
const JSON_KEY = "json:";

/** The form that a key layout has for a number or an object in place of the usual one; undefined for the usual one. */
export type ValueForms = (value: number | bigint | object) => AttributeValue | undefined;

/** What a text stands for in a key layout. */
export type TextReader = (text: string) => unknown;

/** A captured value as DynamoDB stores it; `fromAttributeValue` gives it back exactly. */
export function toAttributeValue(value: unknown, level = 0, forms?: ValueForms): AttributeValue {
  if (typeof value === "string") return toText(value);
  if (typeof value === "boolean") return { BOOL: value };
  if (typeof value === "number") return forms?.(value) ?? toNumber(value);
  if (typeof value === "bigint") return forms?.(value) ?? toBigint(value);
  if (typeof value !== "object" || value === null) return { NULL: true };
  return forms?.(value) ?? toContainer(value, level, forms);
}

/** UTF-8 has no halves of surrogate pairs; JSON has escapes for them. */
function toText(value: string): AttributeValue {
  return value.isWellFormed() ? { S: value } : tag("__json__", { S: JSON.stringify(value) });
}

function toNumber(value: number): AttributeValue {
  const size = Math.abs(value);
  const fits = value === 0 ? !Object.is(value, -0) : size >= MIN_NUMBER && size < MAX_NUMBER;
  // Large integers without the tag are bigints.
  const isPlain = fits && (!Number.isInteger(value) || Number.isSafeInteger(value));
  return isPlain
    ? { N: String(value) }
    : tag("__number__", { S: Object.is(value, -0) ? "-0" : String(value) });
}

/** An integer that no double holds is read back as a bigint; any other needs the tag. */
function toBigint(value: bigint): AttributeValue {
  const text = String(value);
  const isUnmistaken = text.length <= MAX_DIGITS && !Number.isSafeInteger(Number(value));
  return isUnmistaken ? { N: text } : tag("__bigint__", { S: text });
}

function toContainer(value: object, level: number, forms: ValueForms | undefined): AttributeValue {
  if (value instanceof Uint8Array) return { B: value };
  const scalar = scalarOf(value);
  if (scalar !== undefined) return tag(scalar.tag, { S: scalar.text });
  if (level >= MAX_LEVELS) return tag("__json__", { S: JSON.stringify(encodeValue(value)) });
  if (Array.isArray(value)) return { L: value.map((item) => toAttributeValue(item, level + 1, forms)) };
  if (value instanceof Set) return toSet([...value], level, forms);
  if (value instanceof Map) return tag("__map__", toAttributeValue([...value], level + 1, forms));
  const map = { M: toMap(value, level + 1, forms) };
  return tagIn(map.M) === undefined ? map : tag("__escaped__", map);
}

function toSet(items: readonly unknown[], level: number, forms: ValueForms | undefined): AttributeValue {
  const strings = items.filter((item): item is string => typeof item === "string" && item.isWellFormed());
  if (items.length > 0 && strings.length === items.length) return { SS: strings };
  return tag("__set__", toAttributeValue(items, level + 1, forms));
}

/** An object's properties, each as DynamoDB stores it. */
export function toMap(source: object, level = 0, forms?: ValueForms): Record<string, AttributeValue> {
  const map: Record<string, AttributeValue> = {};
  for (const key of Object.keys(source)) {
    map[escapeKey(key)] = toAttributeValue(Reflect.get(source, key), level, forms);
  }
  return map;
}

/** The name under which `toMap` stores a property. */
export function escapeKey(key: string): string {
  if (!key.isWellFormed()) return `${KEY_ESCAPE}${JSON_KEY}${JSON.stringify(key)}`;
  return key === "" || key === "__proto__" || key.startsWith(KEY_ESCAPE) ? KEY_ESCAPE + key : key;
}

function unescapeKey(key: string): string {
  if (!key.startsWith(KEY_ESCAPE)) return key;
  const rest = key.slice(KEY_ESCAPE.length);
  return rest.startsWith(JSON_KEY) ? keyIn(rest.slice(JSON_KEY.length)) : rest;
}

function keyIn(json: string): string {
  try {
    return String(JSON.parse(json));
  } catch {
    return json;
  }
}

const TAGS = new Set([
  ...Object.keys(SCALAR_READERS),
  "__number__",
  "__bigint__",
  "__json__",
  "__map__",
  "__set__",
  "__escaped__",
]);

function tag(name: string, content: AttributeValue): AttributeValue {
  return { M: { [name]: content } };
}

function tagIn(map: Record<string, AttributeValue>): string | undefined {
  const keys = Object.keys(map);
  const key = keys[0];
  return keys.length === 1 && key !== undefined && TAGS.has(key) ? key : undefined;
}

/** The value that was stored, by Tracelight or by the Python toolkit. */
function fromAttributeValue(value: AttributeValue | undefined, read?: TextReader): unknown {
  if (value === undefined || value.NULL !== undefined) return null;
  if (value.S !== undefined) return read === undefined ? value.S : read(value.S);
  if (value.BOOL !== undefined) return value.BOOL;
  if (value.N !== undefined) return fromNumber(value.N);
  if (value.B !== undefined) return new Uint8Array(value.B);
  if (value.L !== undefined) return Object.freeze(value.L.map((item) => fromAttributeValue(item, read)));
  if (value.M !== undefined) return fromMapValue(value.M, read);
  const items =
    value.SS ?? value.NS?.map(fromNumber) ?? value.BS?.map((bytes) => new Uint8Array(bytes)) ?? [];
  return sealed(new Set<unknown>(items));
}

/** An integer beyond what a double holds exactly is a bigint. */
function fromNumber(text: string): number | bigint {
  const number = Number(text);
  return Number.isSafeInteger(number) || !/^-?\d+$/.test(text) ? number : BigInt(text);
}

function fromMapValue(map: Record<string, AttributeValue>, read: TextReader | undefined): unknown {
  const name = tagIn(map);
  const content = name === undefined ? undefined : map[name];
  if (name === undefined || content === undefined) return fromMap(map, read);
  if (name === "__escaped__" && content.M !== undefined) return fromMap(content.M, read);
  if (name === "__json__" && content.S !== undefined) return decodeValue(JSON.parse(content.S));
  return fromTag(name, content, read) ?? fromMap(map, read);
}

/** Only a whole tag is decoded: nested broken ones that were tried first would take twice the time at each level. */
function fromTag(name: string, content: AttributeValue, read: TextReader | undefined): unknown {
  if (content.S !== undefined) return textTagged(name, content.S);
  if (content.L === undefined) return undefined;
  if (name === "__set__") return sealed(new Set(content.L.map((item) => fromAttributeValue(item, read))));
  if (name !== "__map__" || !content.L.every(({ L }) => L?.length === 2)) return undefined;
  const pairs = content.L.map(({ L = [] }): [unknown, unknown] => [
    fromAttributeValue(L[0], read),
    fromAttributeValue(L[1], read),
  ]);
  return sealed(new Map(pairs));
}

/** The tags over text are those of the record; what is none of them stays as it is. */
function textTagged(name: string, text: string): unknown {
  const decoded = decodeValue({ [name]: text });
  return typeof decoded !== "object" || decoded === null || scalarOf(decoded) !== undefined
    ? decoded
    : undefined;
}

/** An object from its stored properties. */
export function fromMap(
  map: Record<string, AttributeValue>,
  read?: TextReader,
): Readonly<Record<string, unknown>> {
  const source: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(map)) {
    setOwn(source, unescapeKey(key), fromAttributeValue(value, read));
  }
  return Object.freeze(source);
}
