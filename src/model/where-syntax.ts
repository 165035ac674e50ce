// The filter language's grammar (docs/where.md): a text becomes a tree.
import type { TracelightError } from "./errors.ts";
import { closest } from "./spelling.ts";
import { DURATION_FORMS, dateOf, durationOf, TIME_FORMS, timeOf } from "./times.ts";
import { FIELD_NAMES, FIELDS, type Field, type FieldType, fieldNamed } from "./where-fields.ts";
import { isSearch, isSign, type Operator } from "./where-operators.ts";
import { slipOf } from "./where-slips.ts";
import { problem, shown, type Token, tokensOf } from "./where-tokens.ts";
import { numberOf } from "./where-values.ts";

/** A filter, read. What the language can say in two ways is one here: `!=` is `not` `=`, `in` an `or` of `=`. */
export type Where =
  | { readonly kind: "and" | "or"; readonly parts: readonly Where[] }
  | { readonly kind: "not"; readonly part: Where }
  | Comparison;

/** A name compared with a value. */
export interface Comparison {
  readonly kind: "compare";
  readonly name: Name;
  readonly operator: Operator;
  readonly value: Literal;
}

/** A value as the filter has it. Where a field is a time or the duration, it is a number of microseconds. */
export type Literal = string | number | bigint | boolean | null | Date;

/** What is compared: a field of the span, or the first of these that there is among its attributes. */
export type Name =
  | { readonly kind: "field"; readonly field: Field }
  | { readonly kind: "attribute" | "resource"; readonly places: readonly AttributePath[] };

/** An attribute's name, then the keys and indexes of the path within its value. */
export type AttributePath = readonly [string, ...(string | number)[]];

const KEYWORDS = new Set(["and", "or", "not", "in", "contains", "starts", "with", "exists", "ago"]);
const ROOTS = ["attributes", "resource"] as const;
const MAX_DEPTH = 100;
const MAX_NAME_PARTS = 20;
const MAX_INDEX = 999_999_999;

/**
 * Reads a filter. `now` is what times such as `2h ago` count from; the present unless told.
 *
 * @example
 * ```ts
 * const where = parseWhere('ai.tool.name = "get_weather" and duration > 2s');
 * ```
 *
 * @throws TracelightError `INVALID_QUERY`, showing the place, what was expected, and what was probably meant
 */
export function parseWhere(text: string, now: Date = new Date()): Where {
  return new Parser(text, now.getTime() * 1000).filter();
}

/** What a name is: where to look it up, and how to call it in an error. */
interface Named {
  readonly name: Name;
  readonly text: string;
  readonly at: number;
}

class Parser {
  readonly #text: string;
  readonly #nowMicros: number;
  readonly #tokens: readonly Token[];
  #next = 0;
  #depth = 0;

  constructor(text: string, nowMicros: number) {
    this.#text = text;
    this.#nowMicros = nowMicros;
    this.#tokens = tokensOf(text);
  }

  filter(): Where {
    if (this.#peek().kind === "end") throw this.#problem(this.#peek(), "the filter is empty.");
    const where = this.#chain("or");
    const rest = this.#peek();
    if (rest.kind !== "end") throw this.#unexpected(rest, '"and", "or" or the end', ["and", "or"]);
    return where;
  }

  /** `and` binds more closely than `or`. */
  #chain(kind: "and" | "or"): Where {
    const operand = () => (kind === "or" ? this.#chain("and") : this.#operand());
    const parts = [operand()];
    while (this.#takeWord(kind)) parts.push(operand());
    return joined(kind, parts);
  }

  #operand(): Where {
    const first = this.#peek();
    if (this.#takeWord("not")) return not(this.#deeper(first, () => this.#operand()));
    if (this.#takeWord("exists")) return not(comparison(this.#name(), "=", null));
    if (!this.#takeSymbol("(")) return this.#comparison();
    const inner = this.#deeper(first, () => this.#chain("or"));
    const close = this.#peek();
    if (!this.#takeSymbol(")")) throw this.#unexpected(close, '"and", "or" or ")"', ["and", "or"]);
    return inner;
  }

  #deeper<T>(token: Token, parse: () => T): T {
    if (++this.#depth > MAX_DEPTH) throw this.#problem(token, `nested deeper than ${MAX_DEPTH} levels.`);
    const result = parse();
    this.#depth--;
    return result;
  }

  #comparison(): Where {
    const named = this.#name();
    if (isFlag(named) && this.#isTestOver()) return comparison(named, "=", true);
    const isNegated = this.#takeWord("not");
    const where = this.#wordComparison(named) ?? (isNegated ? undefined : this.#symbolComparison(named));
    if (where === undefined) throw this.#noOperator(named, isNegated);
    return isNegated ? not(where) : where;
  }

  #wordComparison(named: Named): Where | undefined {
    const operator = this.#peek();
    if (this.#takeWord("in")) return this.#in(named);
    if (this.#takeWord("contains")) return this.#compared(named, "contains", operator);
    if (!this.#takeWord("starts")) return undefined;
    if (!this.#takeWord("with")) throw this.#unexpected(this.#peek(), '"with"', ["with"]);
    return this.#compared(named, "starts with", operator);
  }

  #symbolComparison(named: Named): Where | undefined {
    const operator = this.#peek();
    if (this.#takeSymbol("!=")) return not(this.#compared(named, "=", operator));
    if (operator.kind !== "symbol" || !isSign(operator.text)) return undefined;
    this.#next++;
    return this.#compared(named, operator.text, operator);
  }

  #in(named: Named): Where {
    const open = this.#peek();
    if (!this.#takeSymbol("(")) throw this.#unexpected(open, '"(" and values, as in ("a", "b")');
    const parts = [this.#compared(named, "=", open)];
    while (this.#takeSymbol(",")) parts.push(this.#compared(named, "=", open));
    if (!this.#takeSymbol(")")) throw this.#unexpected(this.#peek(), '"," or ")"');
    return joined("or", parts);
  }

  #noOperator(named: Named, isNegated: boolean): TracelightError {
    const found = this.#peek();
    if (isFlag(named)) return this.#problem(found, flagUse(named));
    if (isNegated)
      return this.#unexpected(found, '"in", "contains" or "starts with"', ["in", "contains", "starts"]);
    if (this.#isTestOver())
      return this.#problem(found, `expected a comparison, or write: exists ${shown(named.text)}`);
    return this.#unexpected(found, "a comparison such as =, <, in or contains", ["in", "contains", "starts"]);
  }

  /** True where a name stands alone. */
  #isTestOver(): boolean {
    const { kind, text } = this.#peek();
    return (
      kind === "end" || (kind === "symbol" && text === ")") || (kind === "word" && /^(and|or)$/i.test(text))
    );
  }

  #name(): Named {
    const { kind, text, at } = this.#peek();
    if (kind !== "word" || KEYWORDS.has(text.toLowerCase()) || text.startsWith(".")) {
      throw this.#unexpected(this.#peek(), "a name such as duration or ai.tool.name", ["not", "exists"]);
    }
    this.#next++;
    const path = this.#path();
    const name = path.length === 0 ? fieldCalled(text) : undefined;
    return { name: name ?? this.#place({ text, at }, path), text, at };
  }

  /** What follows in brackets, or behind them. */
  #path(): (string | number)[] {
    const path: (string | number)[] = [];
    for (;;) {
      const token = this.#peek();
      if (this.#takeSymbol("[")) {
        path.push(this.#key());
        if (!this.#takeSymbol("]")) throw this.#unexpected(this.#peek(), '"]"');
      } else if (path.length > 0 && token.kind === "word" && token.text.startsWith(".")) {
        this.#next++;
        path.push(...this.#parts(token.text.slice(1), token.at));
      } else return path;
    }
  }

  #key(): string | number {
    const key = this.#peek();
    this.#next++;
    if (key.kind === "text") return key.text;
    const index = Number(key.text);
    if (key.kind === "atom" && Number.isInteger(index) && index >= 0 && index <= MAX_INDEX) return index;
    throw this.#problem(key, 'expected a key in quotes, as in ["city"], or an index, as in [0].');
  }

  #parts(name: string, at: number): readonly [string, ...string[]] {
    const [first = "", ...rest] = name.split(".");
    if ([first, ...rest].includes("")) throw problem(this.#text, at, "a name has a dot too many.");
    if (rest.length >= MAX_NAME_PARTS) {
      throw problem(
        this.#text,
        at,
        `a name of more than ${MAX_NAME_PARTS} parts is written attributes["NAME"].`,
      );
    }
    return [first, ...rest];
  }

  #place({ text, at }: { readonly text: string; readonly at: number }, path: (string | number)[]): Name {
    const [key, ...behind] = path;
    const root = ROOTS.find((word) => text === word || text.startsWith(`${word}.`));
    const kind = root === "resource" ? "resource" : "attribute";
    if (root === text && typeof key === "string") return { kind, places: [[key, ...behind]] };
    if (root === text) throw problem(this.#text, at, `expected a name behind it, as in ${root}["NAME"].`);
    if (root === undefined) this.#checkSpelling(text, at);
    const parts = this.#parts(root === undefined ? text : text.slice(root.length + 1), at);
    return { kind, places: placesOf(parts, path) };
  }

  /** An attribute of such a name is less likely than a field that was written in another way. */
  #checkSpelling(text: string, at: number): void {
    const near = text.startsWith("scope.")
      ? (closest(text, FIELD_NAMES) ?? "scope.name")
      : FIELD_NAMES.find((field) => plain(field) === plain(text));
    if (near === undefined) return;
    const other = `an attribute of that name is attributes["${text}"]`;
    throw problem(this.#text, at, `there is no field "${text}"; did you mean "${near}"? (${other})`);
  }

  #compared(named: Named, operator: Operator, operatorToken: Token): Comparison {
    const { name } = named;
    const type = name.kind === "field" ? FIELDS[name.field] : undefined;
    if (isSearch(operator) && (type === "time" || type === "duration")) {
      throw this.#problem(operatorToken, `${shown(named.text)} is no text; it takes =, !=, <, <=, > and >=.`);
    }
    if (type === "flag" && operator !== "=") throw this.#problem(operatorToken, flagUse(named));
    const token = this.#peek();
    const value = this.#value(named, operator, type);
    const wanted = wantedBy(operator, value);
    if (wanted !== undefined) throw this.#problem(token, `"${operator}" takes ${wanted}.`);
    return comparison(named, operator, value);
  }

  #value(named: Named, operator: Operator, type: FieldType | undefined): Literal {
    const token = this.#peek();
    if (token.kind === "word" && token.text.toLowerCase() === "null") return this.#taken(null);
    const is = `${shown(named.text)} is compared with a`;
    switch (type) {
      case undefined:
        return this.#any(named, token);
      case "text":
        if (token.kind === "text") return this.#taken(token.text);
        throw this.#problem(token, `${is} text in quotes, as in "${shown(token.text)}".`);
      case "time":
        return (
          (token.kind === "text" ? undefined : this.#time(token, true)) ??
          this.#refuse(token, `${is} time, without quotes: ${TIME_FORMS}.`)
        );
      case "flag":
        return /^(true|false)$/i.test(token.text)
          ? this.#bareWord(token)
          : this.#refuse(token, flagUse(named));
      case "duration":
        return (
          this.#duration(token) ?? this.#refuse(token, `${is} duration and its unit: ${DURATION_FORMS}.`)
        );
      default:
        return this.#oneOf(named, operator, type);
    }
  }

  #refuse(token: Token, what: string): never {
    throw this.#problem(token, what);
  }

  #taken<T>(value: T, tokens = 1): T {
    this.#next += tokens;
    return value;
  }

  /** Quotes may be left out, and letter case does not matter. */
  #oneOf(named: Named, operator: Operator, words: readonly string[]): string {
    const token = this.#peek();
    const word = words.find((candidate) => candidate.toLowerCase() === token.text.toLowerCase());
    const isText = token.kind === "text" || token.kind === "word";
    if (isText && word !== undefined) return this.#taken(word);
    if (token.kind === "text" && operator !== "=") return this.#taken(token.text);
    const near = isText ? closest(token.text, words) : undefined;
    const mend = near === undefined ? "" : `; did you mean ${near}?`;
    return this.#refuse(token, `${named.text} is one of ${words.join(", ")}${mend}`);
  }

  #any(named: Named, token: Token): Literal {
    if (token.kind === "text") return this.#taken(token.text);
    if (token.kind === "word") return this.#bareWord(token);
    const micros = this.#time(token);
    if (micros !== undefined) return new Date(Math.floor(micros / 1000));
    const number = token.kind === "atom" ? numberOf(token.text) : undefined;
    if (number !== undefined) return this.#taken(number);
    if (this.#duration(token) === undefined) throw this.#noValue(token);
    const near = closest(named.text, ["duration"]);
    const mend = near === undefined ? "write a plain number for an attribute" : `did you mean "${near}"?`;
    throw this.#problem(token, `only the field duration is compared with a duration; ${mend}`);
  }

  #bareWord(token: Token): boolean {
    const word = token.text.toLowerCase();
    if (word === "true" || word === "false") return this.#taken(word === "true");
    throw this.#noValue(token);
  }

  #noValue(token: Token): TracelightError {
    const text = shown(token.text);
    if (token.kind !== "word" && token.kind !== "atom")
      return this.#unexpected(token, 'a value such as "text", 5 or true');
    return this.#problem(
      token,
      `${text} is no number, time, true, false or null; a text needs quotes: "${text}"`,
    );
  }

  /** A time of one word or two: `today`, `2026-11-22 10:00`, `2h ago`; where only a time can be meant, also `2h`. */
  #time(token: Token, isExpected = false): number | undefined {
    if (token.kind !== "atom" && !isExpected) return undefined;
    const { kind = "end", text = "" } = this.#tokens[this.#next + 1] ?? {};
    const isLonger = (kind === "word" && /^ago$/i.test(text)) || (kind === "atom" && text.includes(":"));
    if (isLonger) {
      const micros = timeOf(`${token.text} ${text}`, this.#nowMicros);
      return micros === undefined ? undefined : this.#taken(micros, 2);
    }
    const micros = isExpected ? timeOf(token.text, this.#nowMicros) : dateOf(token.text);
    return micros === undefined ? undefined : this.#taken(micros);
  }

  #duration(token: Token): number | undefined {
    const micros = token.kind === "atom" ? durationOf(token.text) : undefined;
    return micros === undefined ? undefined : this.#taken(micros);
  }

  #peek(): Token {
    return this.#tokens[this.#next] ?? { kind: "end", text: "", at: this.#text.length };
  }

  #takeWord(word: string): boolean {
    const { kind, text } = this.#peek();
    return kind === "word" && text.toLowerCase() === word && this.#taken(true);
  }

  #takeSymbol(symbol: string): boolean {
    const { kind, text } = this.#peek();
    return kind === "symbol" && text === symbol && this.#taken(true);
  }

  #unexpected(token: Token, expected: string, words: readonly string[] = []): TracelightError {
    const mend = slipOf(token, words);
    return this.#problem(
      token,
      `expected ${expected}${mend === undefined ? "." : `; did you mean "${mend}"?`}`,
    );
  }

  #problem({ at }: Token, what: string): TracelightError {
    return problem(this.#text, at, what);
  }
}

function isFlag({ name }: Named): boolean {
  return name.kind === "field" && FIELDS[name.field] === "flag";
}

function flagUse({ text }: Named): string {
  return `${text} is true or false: write ${text}, not ${text} or ${text} = true.`;
}

/** What the operator takes, where the value is none. */
function wantedBy(operator: Operator, value: Literal): string | undefined {
  if (operator === "=") return undefined;
  if (operator === "starts with") return typeof value === "string" ? undefined : "a text in quotes";
  if (operator === "contains") return value === null ? "a text or another value" : undefined;
  return value === null || typeof value === "boolean" ? "a number, a text or a time" : undefined;
}

function joined(kind: "and" | "or", parts: readonly Where[]): Where {
  const flat = parts.flatMap((part) => (part.kind === kind ? part.parts : [part]));
  const [only] = flat;
  return flat.length === 1 && only !== undefined ? only : { kind, parts: flat };
}

function not(part: Where): Where {
  return part.kind === "not" ? part.part : { kind: "not", part };
}

function comparison({ name }: Named, operator: Operator, value: Literal): Comparison {
  return { kind: "compare", name, operator, value };
}

function fieldCalled(text: string): Name | undefined {
  const field = fieldNamed(text);
  return field && { kind: "field", field };
}

/** The whole name first, then ever shorter ones with the rest as the path within the value. */
function placesOf(
  parts: readonly [string, ...string[]],
  path: readonly (string | number)[],
): AttributePath[] {
  return parts.map((_, i): AttributePath => {
    const length = parts.length - i;
    return [parts.slice(0, length).join("."), ...parts.slice(length), ...path];
  });
}

function plain(name: string): string {
  return name.toLowerCase().replaceAll("_", "");
}
