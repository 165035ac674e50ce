// The operators of filters: how each is written, what it takes, and when it holds. One that has no entry does not compile.
import { equalValues } from "./attributes.ts";
import { compareScalars, hasParts } from "./scalars.ts";

/** Compares by order. */
export type Order = "<" | "<=" | ">" | ">=";

/** Looks into texts and lists. Written as its words are here. */
export type Search = "contains" | "starts with";

/** How a name is compared. */
export type Operator = "=" | Order | Search;

/** On which side of the value what holds lies, and whether the value itself does. */
export const ORDERS: Readonly<Record<Order, { readonly isBelow: boolean; readonly hasEqual: boolean }>> = {
  "<": { isBelow: true, hasEqual: false },
  "<=": { isBelow: true, hasEqual: true },
  ">": { isBelow: false, hasEqual: false },
  ">=": { isBelow: false, hasEqual: true },
};

interface SearchRule {
  /** Whether it holds for a span's value and the filter's. */
  readonly holds: (value: unknown, wanted: unknown) => boolean;
  /** What the filter's value must be. */
  readonly what: string;
  readonly takes: (wanted: unknown) => boolean;
}

const SEARCHES: Readonly<Record<Search, SearchRule>> = {
  contains: { holds: contains, what: "a text or another value", takes: (wanted) => wanted !== null },
  "starts with": {
    holds: (value, wanted) => typeof value === "string" && folded(value).startsWith(folded(String(wanted))),
    what: "a text in quotes",
    takes: (wanted) => typeof wanted === "string",
  },
};

/** The operators that are words. */
export const SEARCH_NAMES: readonly Search[] = Object.keys(SEARCHES).filter(isSearch);

/** True for the operators that are words. */
export function isSearch(operator: string): operator is Search {
  return Object.hasOwn(SEARCHES, operator);
}

/** True for the operators that are signs. */
export function isSign(text: string): text is "=" | Order {
  return text === "=" || Object.hasOwn(ORDERS, text);
}

/** What the operator takes, where the filter's value is none. */
export function wantedBy(operator: Operator, value: unknown): string | undefined {
  if (operator === "=") return undefined;
  if (isSearch(operator)) return SEARCHES[operator].takes(value) ? undefined : SEARCHES[operator].what;
  return value === null || typeof value === "boolean" ? "a number, a text or a time" : undefined;
}

/** True where it holds for a span's value and the filter's. */
export function compares(value: unknown, operator: Operator, wanted: unknown): boolean {
  if (operator === "=") return equalValues(value, wanted);
  if (isSearch(operator)) return SEARCHES[operator].holds(value, wanted);
  const order = compareValues(value, wanted);
  const { isBelow, hasEqual } = ORDERS[operator];
  if (order === undefined) return false;
  return order === 0 ? hasEqual : order < 0 === isBelow;
}

/** Less than, equal to or more than 0; undefined where the two have no order. */
function compareValues(a: unknown, b: unknown): number | undefined {
  if (typeof a === "string" && typeof b === "string") return compareTexts(a, b);
  if (typeof a === "object" && typeof b === "object" && a && b) return compareScalars(a, b);
  if (!isNumeric(a) || !isNumeric(b)) return undefined;
  return a < b ? -1 : a > b ? 1 : a >= b ? 0 : undefined;
}

function isNumeric(value: unknown): value is number | bigint {
  return typeof value === "number" || typeof value === "bigint";
}

/** By code points, as databases have it: UTF-16 would put U+FFFF behind what is beyond. */
function compareTexts(a: string, b: string): number {
  const shorter = Math.min(a.length, b.length);
  let at = 0;
  while (at < shorter && a.charCodeAt(at) === b.charCodeAt(at)) at++;
  if (at === shorter) return a.length - b.length;
  return rank(a.charCodeAt(at)) - rank(b.charCodeAt(at));
}

/** Surrogates stand behind all other units. */
function rank(unit: number): number {
  return unit >= 0xd800 && unit < 0xe000 ? unit + 0x10000 : unit;
}

/** True where a text at any depth has the literal within it, or, if that is no text, a value equals it. */
function contains(value: unknown, literal: unknown): boolean {
  const wanted = typeof literal === "string" ? folded(literal) : undefined;
  const left = [value];
  while (left.length > 0) {
    const next = left.pop();
    const isHit =
      wanted === undefined
        ? equalValues(next, literal)
        : typeof next === "string" && folded(next).includes(wanted);
    if (isHit) return true;
    for (const inner of innerValues(next)) left.push(inner);
  }
  return false;
}

function innerValues(value: unknown): Iterable<unknown> {
  if (!hasParts(value)) return [];
  if (Array.isArray(value) || value instanceof Set) return value;
  return value instanceof Map ? [...value].flat() : Object.values(value);
}

/** Letter case is left out of account. */
function folded(text: string): string {
  return text.toLowerCase();
}
