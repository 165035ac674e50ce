// What stands in the place of what is found.
import { createHmac } from "node:crypto";
import type { Rule } from "./rule.ts";

/**
 * What stands in the place of a secret: `"label"`, such as `[EMAIL]`; `"last-four"`, the label with the last four characters of what is
 * long enough for them to give nothing away; or a pseudonym, the label with ten hex digits that are the same for the same value
 * wherever the key is the same: HMAC-SHA-256 (RFC 2104), cut.
 */
export type Replacement =
  | "label"
  | "last-four"
  | {
      /** The key of the pseudonyms, at least 16 characters. Whoever has it can find out which value a pseudonym stands for. */
      readonly pseudonym: string;
    };

/** Makes what stands in the place of a piece. */
export type Replace = (piece: string, rule: Pick<Rule, "label" | "canonical">) => string;

/** The fewest characters of which four may be shown. */
const SHOWS_FOUR = 12;
const MAX_REMEMBERED = 10_000;
const DIGITS = 10;

/** How a choice is carried out. */
export function replaceBy(replacement: Replacement): Replace {
  if (replacement === "label") return (_, { label }) => `[${label}]`;
  if (replacement === "last-four") return lastFour;
  return pseudonyms(replacement.pseudonym);
}

function lastFour(piece: string, { label, canonical }: Pick<Rule, "label" | "canonical">): string {
  const whole = canonical?.(piece) ?? piece;
  return whole.length < SHOWS_FOUR ? `[${label}]` : `[${label} …${whole.slice(-4)}]`;
}

function pseudonyms(key: string): Replace {
  const known = new Map<string, string>();
  return (piece, { label, canonical }) => {
    const whole = `${label} ${canonical?.(piece) ?? piece}`;
    const found = known.get(whole);
    if (found !== undefined) return found;
    if (known.size >= MAX_REMEMBERED) known.clear();
    const made = `[${label} ${createHmac("sha256", key).update(whole).digest("hex").slice(0, DIGITS)}]`;
    known.set(whole, made);
    return made;
  };
}
