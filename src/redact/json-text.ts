// JSON inside a text: what is secret goes, and the rest stays as it was written, to the digit and the blank. Cut JSON is read as far as
// it goes.
import { endOfJsonString } from "../model/json-strings.ts";
import type { Pace, Steps } from "../model/steps.ts";

/** What is done with what stands in the JSON. */
export interface JsonRedactor {
  /** A text that stands as a value, or as a name; of a long one, the steps to it. */
  readonly text: (text: string) => string | Steps<string>;
  /** True for a name whose value must go. */
  readonly isSecret: (name: string) => boolean;
  /** What stands in the place of a value under such a name. */
  readonly secret: (value: string) => string;
  /** How far a step goes. */
  readonly pace: Pace;
}

/** An object or a list that the scan is in. */
interface Level {
  readonly isObject: boolean;
  /** All values in it must go. */
  readonly isSecret: boolean;
  /** The name that the next value has. */
  name: string | undefined;
}

/** A text or a number in the JSON. */
interface Token {
  readonly at: number;
  readonly end: number;
  readonly text: string;
}

/** What a token counts besides its length. */
const TOKEN_UNITS = 16;
/** Of more levels the rest is read as text. */
const MAX_LEVELS = 200;

/** True for a text that looks like an object or a list. */
export function looksLikeJson(text: string): boolean {
  return /^\s{0,20}[[{]\s{0,20}["[{\]}\d]/.test(text);
}

/** The steps to the JSON with its secrets replaced. */
export function redactJson(json: string, redactor: JsonRedactor): Steps<string> {
  return new Scan(json, redactor).run();
}

class Scan {
  readonly #json: string;
  readonly #redactor: JsonRedactor;
  readonly #levels: Level[] = [];
  #out = "";
  /** Up to here all is in `#out`. */
  #copied = 0;

  constructor(json: string, redactor: JsonRedactor) {
    this.#json = json;
    this.#redactor = redactor;
  }

  *run(): Steps<string> {
    let at = 0;
    while (at < this.#json.length) {
      const step = this.#step(at);
      const next = typeof step === "object" ? yield* step : step;
      if (next === undefined) break;
      if (this.#redactor.pace.isOver(next - at + TOKEN_UNITS)) yield;
      at = next;
    }
    this.#copy(at);
    return this.#out + (yield* this.#rest(at));
  }

  /** What is cut off, or no JSON, is text; under a name that says so it is part of a secret. */
  *#rest(at: number): Steps<string> {
    const rest = this.#json.slice(at);
    if (rest === "") return rest;
    if (this.#isSecretHere()) return this.#redactor.secret(rest);
    const made = this.#redactor.text(rest);
    return typeof made === "string" ? made : yield* made;
  }

  /** Where the next token begins, or the steps to it; undefined where there is none that can be read. */
  #step(at: number): number | undefined | Steps<number> {
    const character = this.#json.charAt(at);
    switch (character) {
      case "{":
      case "[":
        return this.#open(character === "{") ? at + 1 : undefined;
      case "}":
      case "]":
        this.#levels.pop();
        return at + 1;
      case '"':
        return this.#string(at);
      case ",":
        this.#forgetName();
        return at + 1;
      default:
        return this.#other(at);
    }
  }

  #open(isObject: boolean): boolean {
    if (this.#levels.length >= MAX_LEVELS) return false;
    this.#levels.push({ isObject, isSecret: this.#isSecretHere(), name: undefined });
    return true;
  }

  #string(at: number): number | undefined | Steps<number> {
    const end = endOfJsonString(this.#json, at);
    const text = end === undefined ? undefined : parsed(this.#json.slice(at, end));
    if (end === undefined || text === undefined) return undefined;
    const level = this.#levels.at(-1);
    const isName = level?.isObject === true && level.name === undefined;
    const isSecret = !isName && text !== "" && this.#isSecretHere();
    if (isName) level.name = text;
    return this.#redacted({ at, end, text }, isSecret);
  }

  #redacted(token: Token, isSecret: boolean): number | Steps<number> {
    const made = isSecret ? this.#redactor.secret(token.text) : this.#redactor.text(token.text);
    return typeof made === "string" ? this.#replaced(token, made) : this.#replacedInSteps(token, made);
  }

  *#replacedInSteps(token: Token, steps: Steps<string>): Steps<number> {
    return this.#replaced(token, yield* steps);
  }

  #replaced({ at, end, text }: Token, made: string): number {
    if (made !== text) this.#put(at, end, JSON.stringify(made));
    return end;
  }

  /** Blanks, colons, numbers and words. */
  #other(at: number): number | undefined | Steps<number> {
    TOKEN.lastIndex = at;
    const token = TOKEN.exec(this.#json)?.[0];
    if (token === undefined) return undefined;
    const end = at + token.length;
    const isBlank = /^[\s:]/.test(token);
    if (!isBlank && !BEHIND_WORD.test(this.#json.charAt(end))) return undefined;
    if (!/^[-\d]/.test(token)) return end;
    return this.#redacted({ at, end, text: token }, this.#isSecretHere());
  }

  #isSecretHere(): boolean {
    const level = this.#levels.at(-1);
    if (level === undefined) return false;
    return level.isSecret || (level.name !== undefined && this.#redactor.isSecret(level.name));
  }

  #forgetName(): void {
    const level = this.#levels.at(-1);
    if (level !== undefined) level.name = undefined;
  }

  #put(start: number, end: number, text: string): void {
    this.#copy(start);
    this.#out += text;
    this.#copied = end;
  }

  #copy(until: number): void {
    this.#out += this.#json.slice(this.#copied, until);
    this.#copied = Math.max(this.#copied, until);
  }
}

const TOKEN = /[\s:]+|-?\d[\d.eE+-]*|true|false|null/y;
const BEHIND_WORD = /^[\s,\]}]?$/;

function parsed(literal: string): string | undefined {
  if (!literal.includes("\\")) return literal.slice(1, -1);
  try {
    return JSON.parse(literal);
  } catch {
    return undefined;
  }
}
