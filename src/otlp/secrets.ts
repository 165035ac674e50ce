// What may never be shown: the values of headers and the credentials of a URL, whatever a server makes of them in what it says.
import { disguises } from "./disguises.ts";

/** The secrets of one connection. Texts are compared in lower case. */
export class Secrets {
  /** Every few characters in a row of a secret. */
  readonly #parts = new Set<string>();
  /** More in a row of its letters and digits alone. */
  readonly #pieces = new Set<string>();
  /** Secrets that are no longer than a part. */
  readonly #short = new Set<string>();

  constructor(url: URL, headers: Readonly<Record<string, string>>) {
    for (const secret of [...Object.values(headers).flatMap(secretsIn), ...credentialsOf(url)])
      this.#add(lowerCase(secret));
  }

  #add(secret: string): void {
    if (secret.length > PART) addRuns(this.#parts, secret, PART);
    else if (secret !== "") this.#short.add(secret);
    const letters = squeezed(secret);
    if (letters.length > PART) addRuns(this.#pieces, letters, Math.min(letters.length, PIECE));
  }

  /**
   * The text without any part of a secret: what it repeats as it is becomes `***`. Where it repeats one in another form, such as
   * percent-encoded, as base64 or in pieces, nothing of the text is left.
   */
  hide(text: string): string {
    const hidden = this.#starred(text);
    return disguises(hidden).some((form) => this.#isIn(form)) ? WITHHELD : hidden;
  }

  #starred(text: string): string {
    const lower = lowerCase(text);
    let shown = "";
    let end = 0;
    for (const { start, length } of this.#repeats(lower)) {
      if (start > end || shown === "") shown += `${text.slice(end, start)}***`;
      end = start + length;
    }
    return shown + text.slice(end);
  }

  /** Where the text repeats a part, in order; a short secret only where it stands by itself. */
  *#repeats(text: string): Generator<{ readonly start: number; readonly length: number }> {
    for (let start = 0; start < text.length; start++) {
      for (let length = PART; length > 0; length--) {
        const run = text.slice(start, start + length);
        const isSecret =
          (length === PART && this.#parts.has(run)) ||
          (this.#short.has(run) && isAlone(text, start, start + length));
        if (isSecret) yield { start, length: run.length };
        if (isSecret) break;
      }
    }
  }

  #isIn(form: string): boolean {
    const lower = lowerCase(form);
    return !this.#repeats(lower).next().done || this.#isInPieces(squeezed(lower));
  }

  /** As where it is broken over lines, or has a blank after each character. */
  #isInPieces(letters: string): boolean {
    for (let at = 0; at < letters.length; at++)
      for (let length = PART + 1; length <= PIECE; length++)
        if (this.#pieces.has(letters.slice(at, at + length))) return true;
    return false;
  }
}

function addRuns(runs: Set<string>, secret: string, length: number): void {
  for (let at = 0; at + length <= secret.length; at++) runs.add(secret.slice(at, at + length));
}

/** A header's value without the name of its scheme, its words, and the pair that it may be in base64. */
function secretsIn(value: string): string[] {
  const credentials = value.trim().replace(SCHEME, "");
  const words = credentials.split(/[^\w.~+/-]+/).filter((word) => word.length > 1);
  const pair = Buffer.from(credentials, "base64").toString("utf8");
  return [credentials, ...words, ...(PAIR.test(pair) ? partsOf(pair) : [])];
}

/** User, password and both, and the texts of the query. */
function credentialsOf({ username, password, searchParams }: URL): string[] {
  if (username === "" && password === "") return [...searchParams.values()];
  const pair = `${unescaped(username)}:${unescaped(password)}`;
  return [...partsOf(pair), Buffer.from(pair).toString("base64"), ...searchParams.values()];
}

function partsOf(pair: string): string[] {
  const at = pair.indexOf(":");
  return [pair, pair.slice(0, at), pair.slice(at + 1)];
}

function unescaped(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function isAlone(text: string, start: number, end: number): boolean {
  return !WORD.test(text.charAt(start - 1)) && !WORD.test(text.charAt(end));
}

function squeezed(text: string): string {
  return text.replace(/[^a-z0-9]/g, "");
}

/** Of ASCII only: no text becomes longer. */
function lowerCase(text: string): string {
  return text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

const WITHHELD = "it repeats what it was sent, which is not shown";
/** So many characters in a row are a part of a secret. */
const PART = 4;
/** So many letters and digits in a row, whatever stands between them. */
const PIECE = 8;
const WORD = /[a-z0-9]/;
/** Names of schemes are no secrets. */
const SCHEME = /^(basic|bearer|token|apikey|api-key|key|digest|negotiate|splunk|dsn|aws4-hmac-sha256)\s+/i;
/** What is no such pair becomes something else than printable text. */
const PAIR = /^[^\p{C}\ufffd]*:[^\p{C}\ufffd]*$/u;
