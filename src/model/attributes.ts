// Attributes: comparing them, and passing the inheritable ones down a trace.

import { reveal } from "./history.ts";
import { setOwn } from "./own-property.ts";
import { compareScalars } from "./scalars.ts";

/** Attribute names and values, as captured: frozen, and safe to keep. */
export type Attributes = Readonly<Record<string, unknown>>;

/** One inheritable attribute, in a list from the nearest span upwards. Lists are shared and never change. */
export interface Inheritable {
  readonly key: string;
  readonly value: unknown;
  readonly next: Inheritable | undefined;
}

/**
 * The attributes that a reader sees: inherited ones from the top down, then own ones (key, value, key, value); the nearest
 * value of each.
 */
export function mergeAttributes(own: readonly unknown[], inherited: Inheritable | undefined): Attributes {
  return Object.freeze(mergedAttributes(own, inherited));
}

/** The same, for whoever lets go of them at once: to freeze them takes longer than to put them together. */
export function mergedAttributes(own: readonly unknown[], inherited: Inheritable | undefined): Attributes {
  const merged: Record<string, unknown> = {};
  const entries: Inheritable[] = [];
  for (let entry = inherited; entry !== undefined; entry = entry.next) entries.push(entry);
  for (const { key, value } of entries.reverse()) setOwn(merged, key, reveal(value));
  for (let i = 0; i < own.length; i += 2) setOwn(merged, String(own[i]), reveal(own[i + 1]));
  return merged;
}

/** `list` up to `base` with `key` added in front; an entry of the same key before `base` goes away. */
export function addInheritable(
  list: Inheritable | undefined,
  base: Inheritable | undefined,
  key: string,
  value: unknown,
): Inheritable {
  for (let entry = list; entry !== base && entry !== undefined; entry = entry.next) {
    if (entry.key === key) return { key, value, next: rebase(list, base, base, key) };
  }
  return { key, value, next: list };
}

/** The entries of `list` that stand before `base`, put in front of `newBase`; without the entry of key `except`. */
export function rebase(
  list: Inheritable | undefined,
  base: Inheritable | undefined,
  newBase: Inheritable | undefined,
  except?: string,
): Inheritable | undefined {
  const kept: Inheritable[] = [];
  for (let entry = list; entry !== base && entry !== undefined; entry = entry.next) {
    if (entry.key !== except) kept.push(entry);
  }
  return kept.reduceRight<Inheritable | undefined>((next, { key, value }) => ({ key, value, next }), newBase);
}

/**
 * Deep and typed equality of captured values: 1 is not "1", nor 1n; NaN is NaN; 0 is -0; key order does not matter; dates,
 * bytes, maps and sets by content.
 */
export function equalValues(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a === "number" && typeof b === "number") return Number.isNaN(a) && Number.isNaN(b);
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return false;
  if (Array.isArray(a) && Array.isArray(b)) return equalItems(a, b);
  const order = compareScalars(a, b);
  if (order !== undefined) return order === 0;
  if (a instanceof Uint8Array && b instanceof Uint8Array) return Buffer.compare(a, b) === 0;
  if (a instanceof Map && b instanceof Map) return equalUnordered([...a], [...b]);
  if (a instanceof Set && b instanceof Set) return equalUnordered([...a], [...b]);
  return equalProperties(a, b);
}

function equalItems(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((item, i) => equalValues(item, b[i]));
}

function equalUnordered(a: readonly unknown[], b: readonly unknown[]): boolean {
  if (a.length !== b.length) return false;
  const left = [...b];
  return a.every((item) => {
    const at = left.findIndex((other) => equalValues(item, other));
    if (at >= 0) left.splice(at, 1);
    return at >= 0;
  });
}

function equalProperties(a: object, b: object): boolean {
  const keys = Object.keys(a);
  if (keys.length !== Object.keys(b).length) return false;
  return keys.every((key) => Object.hasOwn(b, key) && equalValues(Reflect.get(a, key), Reflect.get(b, key)));
}
