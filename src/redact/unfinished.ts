// What may become a secret: the end of a text that a running span shows, of which more may come.
import { isAnObject } from "../conventions/values.ts";
import { asCaptured } from "../model/captured.ts";
import { entriesIn } from "../model/many-keys.ts";
import { setOwn } from "../model/own-property.ts";
import type { RuleName } from "./rules/index.ts";

/** What stands in its place until the span shows more. */
const MARK = "[UNFINISHED]";
/** So much of a text's end is looked at, and so deep in a value. */
const TAIL = 300;
const MOST_LEVELS = 8;

/** By the rule that finds the whole, each at the end of a text, or of a text in JSON there. */
const BEGINNINGS: { readonly [Name in RuleName]?: string } = {
  // A mail address without its top level.
  email: "[\\w.+%-]{1,64}@[\\w.-]{0,80}",
  "api-key":
    "(?<![A-Za-z0-9_-])(?:sk-|[sr]k_|gh[opsur]_|github_pat_|glpat-|AKIA|ASIA|AIza|xox[a-z]-|npm_|pypi-|hf_|gsk_)[\\w.-]{1,280}|(?:password|passwd|passphrase|secret|token|api[_-]?key)[\"']?[ \\t]{0,4}[:=][ \\t]{0,4}[\"']?[^\\s\"']{1,200}",
  jwt: "(?<![\\w-])eyJ[\\w.-]{1,280}",
  authorization: "\\b(?:[Bb]earer|[Bb]asic|[Aa]uthorization:)[ \\t]{1,4}[\\w.~+/=-]{1,280}",
  iban: "(?<![A-Za-z0-9])[A-Z]{2}\\d{2}(?:[ -]?[A-Z0-9]){2,30}",
  card: "(?<![\\w.,+-])[3-6]\\d{3}(?:[ -]?\\d){2,14}[ -]?",
  phone: "(?<![\\w.,])\\+\\d[\\d ()./-]{3,20}",
};

/** Finds what may become what these rules find. */
export function beginningsOf(rules: readonly unknown[]): readonly RegExp[] {
  return Object.entries(BEGINNINGS)
    .filter(([name]) => rules.includes(name))
    .map(([, beginning]) => new RegExp(`(?:${beginning})(?=["'\\]}]{0,16}$)`));
}

/** The attributes of a running span without what may be the beginning of a secret; in lists, the last item may grow. */
export function withoutUnfinished(
  attributes: Record<string, unknown>,
  beginnings: readonly RegExp[],
): Record<string, unknown> {
  const made: Record<string, unknown> = {};
  for (const [name, value] of entriesIn(attributes)) setOwn(made, name, cutIn(value, beginnings));
  return made;
}

function cutIn(value: unknown, beginnings: readonly RegExp[], level = 0): unknown {
  if (typeof value === "string") return cut(value, beginnings);
  if (level > MOST_LEVELS || !isAnObject(value)) return value;
  if (Array.isArray(value)) return cutInList(value, beginnings, level);
  const isPlain = !(
    value instanceof Map ||
    value instanceof Set ||
    value instanceof Date ||
    value instanceof Uint8Array
  );
  return isPlain ? cutInObject(value, beginnings, level) : value;
}

function cutInList(items: readonly unknown[], beginnings: readonly RegExp[], level: number): unknown {
  const last = items.at(-1);
  const made = cutIn(last, beginnings, level + 1);
  return made === last ? items : asCaptured(Object.freeze([...items.slice(0, -1), made]));
}

function cutInObject(object: object, beginnings: readonly RegExp[], level: number): unknown {
  let copy: Record<string, unknown> | undefined;
  for (const [name, value] of entriesIn(object)) {
    const made = cutIn(value, beginnings, level + 1);
    if (made === value) continue;
    copy ??= { ...object };
    setOwn(copy, name, made);
  }
  return copy === undefined ? object : asCaptured(Object.freeze(copy));
}

function cut(text: string, beginnings: readonly RegExp[]): string {
  const start = Math.max(0, text.length - TAIL);
  const tail = text.slice(start);
  for (const beginning of beginnings) {
    const found = beginning.exec(tail);
    if (found !== null)
      return text.slice(0, start + found.index) + MARK + tail.slice(found.index + found[0].length);
  }
  return text;
}
