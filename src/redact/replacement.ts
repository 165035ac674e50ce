// What stands in the place of what is found.
import { createHmac } from "node:crypto";
import type { Rule } from "./rule.ts";

/**
 * What stands in the place of a secret: `"label"`, such as `[EMAIL]`; `"last-four"`, the label with the last four characters of what is
 * long enough for them to give nothing away; or a pseudonym, the label with twelve letters that are the same for the same value
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
/** 48 bits: of a million values two are alike in about one case of 500. */
const LETTERS = 12;
/** What stands in the place of something already. Whatever the label, there is nothing in it to find. */
const REPLACED = /\[[A-Z][A-Z_]{0,60}(?: (?:…[\s\S]{4}|[a-p]{12}))?\]/g;
const IS_REPLACED = new RegExp(`^(?:${REPLACED.source})$`);

/** True for what a redaction has made: another leaves it as it is. */
export function isReplaced(text: string): boolean {
  return text.startsWith("[") && IS_REPLACED.test(text);
}

/** Where in a text such stands: from, and up to. */
export function* replacedIn(text: string): Generator<readonly [start: number, end: number], undefined> {
  for (const { 0: made, index } of text.matchAll(REPLACED)) yield [index, index + made.length];
  return undefined;
}

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
    const made = `[${label} ${letters(createHmac("sha256", key).update(whole).digest("hex"))}]`;
    known.set(whole, made);
    return made;
  };
}

/** Hex digits as letters from a to p, which no rule takes for a number. */
function letters(hex: string): string {
  return hex.slice(0, LETTERS).replace(/./g, (digit) => String.fromCharCode(97 + Number.parseInt(digit, 16)));
}
