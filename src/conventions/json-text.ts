// JSON in attributes, which OpenTelemetry's SDKs can only hold as text: parsed within bounds.

import { wellFormedJson } from "../model/json-strings.ts";
import { lossyValue } from "../model/values.ts";

/** Longer texts stay texts: parsing them would hold up who only looks. */
const MAX_JSON_TEXT: number = 2 ** 23;
/** Nesting that whoever walks the value can follow. */
const MAX_DEPTH = 200;
/** Characters that are looked at for the first items of a list. */
const MAX_LEADING = 2 ** 16;

/** The value of JSON text; undefined where it is none, is too long or nests too deep. Never throws. */
export function parseJsonText(text: string): unknown {
  if (text.length > MAX_JSON_TEXT || nestsTooDeep(text)) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A value; where it is JSON text of a list or an object, that. */
export function structured(value: unknown): unknown {
  if (typeof value !== "string" || !/^\s*[[{]/.test(value)) return value;
  return parseJsonText(value) ?? value;
}

/** A list or an object as JSON text; anything else as it is. Undefined for an empty list. */
export function jsonOf(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  return Array.isArray(value) && value.length === 0
    ? undefined
    : wellFormedJson(JSON.stringify(lossyValue(value)));
}

/**
 * The items of a list, which may be JSON text: then those that lie within its first 64 Ki characters, parsed one by one, so that
 * the first of them cost little in however long a text.
 */
export function* leadingItems(list: unknown): Iterable<unknown> {
  if (Array.isArray(list)) yield* list;
  if (typeof list !== "string") return;
  for (const item of leadingTexts(list)) {
    const value = parseJsonText(item);
    if (value !== undefined) yield value;
  }
}

/** The texts of the objects in a list. */
function* leadingTexts(text: string): Iterable<string> {
  let depth = 0;
  let from = 0;
  for (const { at, opens } of brackets(text.slice(0, MAX_LEADING))) {
    if (depth === 0 && text[at] !== "[") return;
    if (opens && depth === 1) from = at;
    depth += opens ? 1 : -1;
    if (!opens && depth === 1) yield text.slice(from, at + 1);
    if (depth <= 0 || depth > MAX_DEPTH) return;
  }
}

function nestsTooDeep(text: string): boolean {
  // A text with so few characters cannot.
  if (text.length <= 2 * MAX_DEPTH) return false;
  let depth = 0;
  for (const { opens } of brackets(text)) {
    depth += opens ? 1 : -1;
    if (depth > MAX_DEPTH) return true;
  }
  return false;
}

/** The brackets of lists and objects that are not in strings. */
function* brackets(text: string): Iterable<{ readonly at: number; readonly opens: boolean }> {
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) at = endOfString(text, at);
    else if (code === OPEN_LIST || code === OPEN_OBJECT) yield { at, opens: true };
    else if (code === CLOSE_LIST || code === CLOSE_OBJECT) yield { at, opens: false };
  }
}

/** Where the string that begins here ends. */
function endOfString(text: string, from: number): number {
  let at = from;
  do {
    at = text.indexOf('"', at + 1);
    if (at < 0) return text.length;
  } while (isEscaped(text, at));
  return at;
}

function isEscaped(text: string, at: number): boolean {
  let slashes = 0;
  while (text[at - 1 - slashes] === "\\") slashes++;
  return slashes % 2 === 1;
}

const QUOTE = 0x22;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
