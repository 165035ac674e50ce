// Values in filters: what may be written for each type of field, and for attributes.
import type { TracelightError } from "./errors.ts";
import { closest } from "./spelling.ts";
import { DURATION_FORMS, dateOf, durationOf, TIME_FORMS, timeOf } from "./times.ts";
import type { Cursor } from "./where-cursor.ts";
import type { FieldType } from "./where-fields.ts";
import { flagUse, type Named } from "./where-names.ts";
import type { Operator } from "./where-operators.ts";
import { shown, type Token } from "./where-tokens.ts";
import type { Literal } from "./where-tree.ts";
import { numberOf } from "./where-values.ts";

/** Reads the values of one filter. */
export class LiteralReader {
  readonly #cursor: Cursor;
  readonly #nowMicros: number;

  /** Times such as `2h ago` count from `nowMicros`. */
  constructor(cursor: Cursor, nowMicros: number) {
    this.#cursor = cursor;
    this.#nowMicros = nowMicros;
  }

  /** The value that comes next, for a name of that type; undefined is an attribute's. */
  value(named: Named, operator: Operator, type: FieldType | undefined): Literal {
    const token = this.#cursor.peek();
    if (token.kind === "word" && token.text.toLowerCase() === "null") return this.#cursor.taken(null);
    const is = `${shown(named.text)} is compared with a`;
    switch (type) {
      case undefined:
        return this.#any(named, token);
      case "text":
        if (token.kind === "text") return this.#cursor.taken(token.text);
        throw this.#cursor.problem(
          token,
          `${is} text in quotes, as in "${shown(token.text)}".`,
          JSON.stringify(token.text),
        );
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
    throw this.#cursor.problem(token, what);
  }

  /** Quotes may be left out, and letter case does not matter. */
  #oneOf(named: Named, operator: Operator, words: readonly string[]): string {
    const token = this.#cursor.peek();
    const word = words.find((candidate) => candidate.toLowerCase() === token.text.toLowerCase());
    const isText = token.kind === "text" || token.kind === "word";
    if (isText && word !== undefined) return this.#cursor.taken(word);
    if (token.kind === "text" && operator !== "=") return this.#cursor.taken(token.text);
    const near = isText ? closest(token.text, words) : undefined;
    const mend = near === undefined ? "" : `; did you mean ${near}?`;
    throw this.#cursor.problem(token, `${named.text} is one of ${words.join(", ")}${mend}`, near);
  }

  #any(named: Named, token: Token): Literal {
    if (token.kind === "text") return this.#cursor.taken(token.text);
    if (token.kind === "word") return this.#bareWord(token);
    const micros = this.#time(token);
    if (micros !== undefined) return new Date(Math.floor(micros / 1000));
    const number = token.kind === "atom" ? numberOf(token.text) : undefined;
    if (number !== undefined) return this.#cursor.taken(number);
    if (this.#duration(token) === undefined) throw this.#noValue(token);
    const near = closest(named.text, ["duration"]);
    const mend = near === undefined ? "write a plain number for an attribute" : `did you mean "${near}"?`;
    throw this.#cursor.problem(token, `only the field duration is compared with a duration; ${mend}`);
  }

  #bareWord(token: Token): boolean {
    const word = token.text.toLowerCase();
    if (word === "true" || word === "false") return this.#cursor.taken(word === "true");
    throw this.#noValue(token);
  }

  #noValue(token: Token): TracelightError {
    const text = shown(token.text);
    if (token.kind !== "word" && token.kind !== "atom")
      return this.#cursor.unexpected(token, 'a value such as "text", 5 or true');
    return this.#cursor.problem(
      token,
      `${text} is no number, time, true, false or null; a text needs quotes: "${text}"`,
      JSON.stringify(token.text),
    );
  }

  /** A time of one word or two: `today`, `2026-11-22 10:00`, `2h ago`; where only a time can be meant, also `2h`. */
  #time(token: Token, isExpected = false): number | undefined {
    if (token.kind !== "atom" && !isExpected) return undefined;
    const { kind, text } = this.#cursor.peek(1);
    const isLonger = (kind === "word" && /^ago$/i.test(text)) || (kind === "atom" && text.includes(":"));
    if (isLonger) {
      const micros = timeOf(`${token.text} ${text}`, this.#nowMicros);
      return micros === undefined ? undefined : this.#cursor.taken(micros, 2);
    }
    const micros = isExpected ? timeOf(token.text, this.#nowMicros) : dateOf(token.text);
    return micros === undefined ? undefined : this.#cursor.taken(micros);
  }

  #duration(token: Token): number | undefined {
    const micros = token.kind === "atom" ? durationOf(token.text) : undefined;
    return micros === undefined ? undefined : this.#cursor.taken(micros);
  }
}
