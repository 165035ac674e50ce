// What of very many attributes a row, an item or a translation is made from.
import { isKnownName } from "../conventions/known-names.ts";
import type { Attributes } from "../model/attributes.ts";
import { MANY_KEYS } from "../model/many-keys.ts";
import { setOwn } from "../model/own-property.ts";
import type { Turns } from "../model/turns.ts";
import { attributesIn } from "../tracing/many-attributes.ts";
import type { Span } from "../tracing/span.ts";

/** Those that readings know, of which there may be too many as well: then the first. */
export async function knownAttributes(span: Span, turns: Turns): Promise<Attributes> {
  const known: Record<string, unknown> = {};
  let [seen, found] = [0, 0];
  for (const [key, value] of attributesIn(span)) {
    if (isKnownName(key) && ++found <= MANY_KEYS) setOwn(known, key, value);
    if (++seen % LOOKED_AT_ONCE === 0 && turns.over) await turns.next();
  }
  return Object.freeze(known);
}

/** Attributes between two looks at the clock. */
const LOOKED_AT_ONCE = 64;
