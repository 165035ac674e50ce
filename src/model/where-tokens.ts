// The words of the filter language, and its errors, which point at the column.
import { TracelightError } from "./errors.ts";
import { replaceUnsafe } from "./escape.ts";
import { madeWhenUsed } from "./patterns.ts";

/** `atom` begins with a digit or a sign: a number, duration or time. `text` is a quoted text, read. */
export interface Token {
  readonly kind: "word" | "atom" | "text" | "symbol" | "end";
  readonly text: string;
  /** Where it begins, in UTF-16 units. */
  readonly at: number;
}

/** Longer filters are refused. */
const MAX_LENGTH = 10_000;
/** So much of a filter is shown on each side of what is wrong. */
const SHOWN_BEFORE = 60;
const SHOWN_AFTER = 40;

const SPACE = /\s/;
const wordStart = madeWhenUsed(() => "[\\p{L}_$@.]", "u");
const wordPart = madeWhenUsed(() => "[\\p{L}\\p{M}\\p{N}_$@./:-]", "u");
const ATOM_PART = /[0-9A-Za-z_.:+-]/;
const DIGIT = /\d/;
/** Longest first. Those that the language lacks are read whole, so that the error can name them. */
const SYMBOLS = ["===", "!==", "&&", "||", "==", "=~", "!=", "<>", "<=", ">=", ..."=<>()[],!~&|"];
const ESCAPES: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "\r", b: "\b", f: "\f" };

/** Why a filter cannot be read: the cause of its `INVALID_QUERY`, for who shows the place in another way than the message does. */
export class FilterFault extends SyntaxError {
  override readonly name: string = "FilterFault";
  /** Where what is wrong begins, in UTF-16 units. */
  readonly at: number;
  /** So many units are wrong; 0 where something is missing. */
  readonly length: number;
  /** What to write in their place, where that is known. */
  readonly mend: string | undefined;

  constructor(message: string, { at, length, mend }: Pick<FilterFault, "at" | "length" | "mend">) {
    super(message);
    this.at = at;
    this.length = length;
    this.mend = mend;
  }
}

/** An `INVALID_QUERY` that shows the filter with a caret under the place. `mend` is what to write there, where that is known. */
export function problem(text: string, at: number, what: string, mend?: string): TracelightError {
  const from = Math.max(0, at - SHOWN_BEFORE);
  const before = (from > 0 ? "…" : "") + shown(text.slice(from, at));
  const after = shown(text.slice(at, at + SHOWN_AFTER)) + (at + SHOWN_AFTER < text.length ? "…" : "");
  const column = [...text.slice(0, at)].length + 1;
  const caret = " ".repeat([...before].length);
  const [wrong = ""] = WRONG.exec(text.slice(at)) ?? [];
  return new TracelightError("INVALID_QUERY", `The filter cannot be read at column ${column}: ${what}`, {
    lines: [`  ${before}${after}`, `  ${caret}^`],
    cause: new FilterFault(what, { at, length: wrong.length, mend }),
  });
}

/** A text in quotes, a word, or signs: as much as is wrong at a place. */
const WRONG = /^(?:"[^"]*"?|'[^']*'?|[\w$@./:-]+|[^\s\w"']+)/;

/** On one line, a column for each character; not all of what is long. */
export function shown(text: string): string {
  return replaceUnsafe(text.slice(0, SHOWN_BEFORE), () => " ");
}

/**
 * The tokens of a filter; the last is its end. Takes time in proportion to its length.
 * @throws TracelightError `INVALID_QUERY`
 */
export function tokensOf(text: string): Token[] {
  if (text.length > MAX_LENGTH) {
    throw new TracelightError("INVALID_QUERY", `The filter is longer than ${MAX_LENGTH} characters.`);
  }
  const tokens: Token[] = [];
  for (let at = 0; at < text.length; ) {
    const end = SPACE.test(text.charAt(at)) ? at + 1 : add(tokens, text, at);
    at = end;
  }
  tokens.push({ kind: "end", text: "", at: text.length });
  return tokens;
}

/** Adds the token that begins there, and says where it ends. */
function add(tokens: Token[], text: string, at: number): number {
  const first = text.charAt(at);
  if (first === '"' || first === "'") return addText(tokens, text, at);
  const isAtom = DIGIT.test(first) || (/[+-]/.test(first) && DIGIT.test(text.charAt(at + 1)));
  if (isAtom) return addRun(tokens, "atom", { text, at, part: ATOM_PART });
  if (wordStart().test(first)) return addRun(tokens, "word", { text, at, part: wordPart() });
  const symbol = SYMBOLS.find((candidate) => text.startsWith(candidate, at));
  if (symbol === undefined) {
    const character = shown(String.fromCodePoint(text.codePointAt(at) ?? 0));
    throw problem(text, at, `"${character}" has no meaning here; such a name is written attributes["NAME"].`);
  }
  tokens.push({ kind: "symbol", text: symbol, at });
  return at + symbol.length;
}

function addRun(
  tokens: Token[],
  kind: "word" | "atom",
  { text, at, part }: { readonly text: string; readonly at: number; readonly part: RegExp },
): number {
  let end = at + 1;
  while (end < text.length && part.test(text.charAt(end))) end++;
  tokens.push({ kind, text: text.slice(at, end), at });
  return end;
}

function addText(tokens: Token[], text: string, at: number): number {
  const quote = text.charAt(at);
  let read = "";
  for (let next = at + 1; next < text.length; ) {
    const character = text.charAt(next);
    if (character === quote) {
      tokens.push({ kind: "text", text: read, at });
      return next + 1;
    }
    const [part, length] = character === "\\" ? escaped(text, next) : [character, 1];
    read += part;
    next += length;
  }
  throw problem(text, at, `the text that begins here has no closing ${quote}.`);
}

/** What an escape stands for, and its length. */
function escaped(text: string, at: number): readonly [string, number] {
  const letter = text.charAt(at + 1);
  if (/["'\\/]/.test(letter)) return [letter, 2];
  const control = Object.hasOwn(ESCAPES, letter) ? ESCAPES[letter] : undefined;
  if (control !== undefined) return [control, 2];
  const digits = text.slice(at + 2, at + 6);
  if (letter === "u" && /^[0-9a-fA-F]{4}$/.test(digits)) {
    return [String.fromCharCode(Number.parseInt(digits, 16)), 6];
  }
  throw problem(
    text,
    at,
    "unknown escape; there are \\\" \\' \\\\ \\/ \\n \\t \\r \\b \\f and \\u with four digits.",
  );
}
