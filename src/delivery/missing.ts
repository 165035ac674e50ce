// Values that a store has lost: their span says so in an attribute, whatever the store.

import type { Attributes } from "../model/attributes.ts";
import { setOwn } from "../model/own-property.ts";

/** A list of texts, each the name of what is missing of a span and why. */
const MISSING_ATTRIBUTE = "tracelight.missing";

/** Attributes with one more entry in `tracelight.missing`. */
export function noteMissing(attributes: Attributes, what: string): Attributes {
  const noted: Record<string, unknown> = {};
  for (const key of Object.keys(attributes)) setOwn(noted, key, attributes[key]);
  noted[MISSING_ATTRIBUTE] = Object.freeze([...missingIn(attributes), what]);
  return Object.freeze(noted);
}

/** What `noteMissing` noted. */
export function missingIn(attributes: Attributes): readonly unknown[] {
  const noted = attributes[MISSING_ATTRIBUTE];
  return Array.isArray(noted) ? noted : [];
}
