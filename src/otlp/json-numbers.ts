// 64-bit numbers of OTLP's JSON: decimal text, or numbers, which JSON.parse may have rounded.

/** Thrown where a number was rounded: the text has to be parsed anew, with `withIntegersAsText`. */
export class Rounded extends Error {}

/** A 64-bit integer, a bigint where it is beyond what a number holds; undefined for anything else. */
export function int64Of(json: unknown): number | bigint | undefined {
  if (typeof json === "string") return digitsOf(json, json.length) ?? integerOf(json);
  if (typeof json !== "number" || !Number.isInteger(json)) return undefined;
  if (!Number.isSafeInteger(json)) throw new Rounded();
  return json;
}

function integerOf(text: string): number | bigint | undefined {
  if (!INTEGER.test(text)) return undefined;
  const number = Number(text);
  return Number.isSafeInteger(number) ? number : BigInt.asIntN(64, BigInt(text));
}

const INTEGER = /^-?\d{1,20}$/;

/** A number of up to 16 digits, which takes a fifth of what a pattern and `Number` take; undefined for anything else. */
function digitsOf(text: string, end: number, from: number = 0): number | undefined {
  if (end === from || end - from > MOST_DIGITS) return undefined;
  let number = 0;
  for (let i = from; i < end; i++) {
    const digit = text.charCodeAt(i) - ZERO;
    if (digit < 0 || digit > 9) return undefined;
    number = number * 10 + digit;
  }
  return Number.isSafeInteger(number) ? number : undefined;
}

const MOST_DIGITS = 16;
const ZERO = 0x30;

/** Nanoseconds as whole microseconds; undefined for anything else. */
export function microsOfNanos(json: unknown): number | undefined {
  if (typeof json === "string") {
    const micros = microsIn(json);
    if (micros !== undefined) return micros;
    if (NANOS.test(json)) return Number(json.slice(0, -3));
  }
  const nanos = int64Of(json);
  if (nanos === undefined || nanos < 0) return undefined;
  return typeof nanos === "bigint" ? Number(nanos / 1000n) : Math.floor(nanos / 1000);
}

/** Without a pattern, which takes three times as long; undefined for what is short, odd or more than a number holds exactly. */
function microsIn(text: string): number | undefined {
  const end = text.length - 3;
  if (end < SHORT_MICROS || digitsOf(text, text.length, end) === undefined) return undefined;
  return digitsOf(text, end);
}

/** Whole microseconds stand before the last three; anything short or odd is read as a number. */
const NANOS = /^\d{16,20}$/;
const SHORT_MICROS = 13;

/** A double: a number, or the text that stands for it; undefined for anything else. */
export function doubleOf(json: unknown): number | undefined {
  if (typeof json === "number") return json;
  return typeof json === "string" && DOUBLE.test(json) ? Number(json) : undefined;
}

const DOUBLE = /^(NaN|-?Infinity|-?\d+(\.\d+)?([eE][+-]?\d+)?)$/;

/** The same JSON with long integers, and large numbers of any form, as text: the digits that `JSON.parse` would round. */
export function withIntegersAsText(json: string): string {
  const pieces: string[] = [];
  for (let at = 0; at < json.length; ) {
    const quote = json.indexOf('"', at);
    const stop = quote < 0 ? json.length : quote;
    pieces.push(json.slice(at, stop).replace(NUMBER, quotedWhereLarge));
    at = quote < 0 ? json.length : endOfText(json, quote);
    pieces.push(json.slice(stop, at));
  }
  return pieces.join("");
}

const NUMBER = /-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;

function quotedWhereLarge(text: string): string {
  const number = Number(text);
  if (!Number.isInteger(number) || Number.isSafeInteger(number)) return text;
  return `"${/^-?\d+$/.test(text) ? text : BigInt(number)}"`;
}

function endOfText(json: string, quote: number): number {
  for (let at = quote + 1; ; at++) {
    at = json.indexOf('"', at);
    if (at < 0) return json.length;
    let before = at - 1;
    while (json.charCodeAt(before) === BACKSLASH) before--;
    if ((at - before) % 2 === 1) return at + 1;
  }
}

const BACKSLASH = 0x5c;
