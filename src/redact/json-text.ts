// JSON inside a text: what is secret goes, and the rest stays as it was written, to the digit and the blank. Cut JSON is read as far as
// it goes.
import { endOfJsonString } from "../model/json-strings.ts";

/** What is done with what stands in the JSON. */
export interface JsonRedactor {
  /** A text that stands as a value, or as a name. */
  readonly text: (text: string) => string;
  /** True for a name whose value must go. */
  readonly isSecret: (name: string) => boolean;
  /** What stands in the place of a value under such a name. */
  readonly secret: (value: string) => string;
}

/** An object or a list that the scan is in. */
interface Level {
  readonly isObject: boolean;
  /** All values in it must go. */
  readonly isSecret: boolean;
  /** The name that the next value has. */
  name: string | undefined;
}

/** Of more levels the rest is read as text. */
const MAX_LEVELS = 200;

/** True for a text that looks like an object or a list. */
export function looksLikeJson(text: string): boolean {
  return /^\s{0,20}[[{]\s{0,20}["[{\]}\d]/.test(text);
}

/** The JSON with its secrets replaced. */
export function redactJson(json: string, redactor: JsonRedactor): string {
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

  run(): string {
    let at = 0;
    while (at < this.#json.length) {
      const next = this.#step(at);
      if (next === undefined) break;
      at = next;
    }
    this.#copy(at);
    return this.#out + this.#rest(at);
  }

  /** What is cut off, or no JSON, is text; under a name that says so it is part of a secret. */
  #rest(at: number): string {
    const rest = this.#json.slice(at);
    if (rest === "") return rest;
    return this.#isSecretHere() ? this.#redactor.secret(rest) : this.#redactor.text(rest);
  }

  /** Where the next token begins; undefined where there is none that can be read. */
  #step(at: number): number | undefined {
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

  #string(at: number): number | undefined {
    const end = endOfJsonString(this.#json, at);
    const text = end === undefined ? undefined : parsed(this.#json.slice(at, end));
    if (end === undefined || text === undefined) return undefined;
    const level = this.#levels.at(-1);
    const isName = level?.isObject === true && level.name === undefined;
    const isSecret = !isName && text !== "" && this.#isSecretHere();
    const made = isSecret ? this.#redactor.secret(text) : this.#redactor.text(text);
    if (isName) level.name = text;
    if (made !== text) this.#put(at, end, JSON.stringify(made));
    return end;
  }

  /** Blanks, colons, numbers and words. */
  #other(at: number): number | undefined {
    TOKEN.lastIndex = at;
    const token = TOKEN.exec(this.#json)?.[0];
    if (token === undefined) return undefined;
    const end = at + token.length;
    const isBlank = /^[\s:]/.test(token);
    if (!isBlank && !BEHIND_WORD.test(this.#json.charAt(end))) return undefined;
    if (/^[-\d]/.test(token)) {
      const made = this.#isSecretHere() ? this.#redactor.secret(token) : this.#redactor.text(token);
      if (made !== token) this.#put(at, end, JSON.stringify(made));
    }
    return end;
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
