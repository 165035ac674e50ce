// What people write in filters out of habit or by a slip, and what was meant.
import { closest } from "./spelling.ts";
import type { Token } from "./where-tokens.ts";

/** What people write out of habit, and what the language has for it. */
const SLIPS: Readonly<Record<string, string>> = {
  "==": "=",
  "===": "=",
  "!==": "!=",
  "<>": "!=",
  "=~": "contains",
  "~": "contains",
  "&": "and",
  "&&": "and",
  "|": "or",
  "||": "or",
  "!": "not",
  adn: "and",
  is: "=",
  eq: "=",
  equals: "=",
  like: "contains",
  ilike: "contains",
  matches: "contains",
  includes: "contains",
  has: "contains",
  startswith: "starts with",
  between: ">= and <=",
};

/** What was probably meant, if the words would do. */
export function slipOf({ kind, text }: Token, words: readonly string[]): string | undefined {
  const slip = text.toLowerCase();
  if (kind !== "text" && Object.hasOwn(SLIPS, slip)) return SLIPS[slip];
  return kind === "word" ? closest(slip, words) : undefined;
}
