// Texts that stand encoded within a text: Base64, Base64url and hex digits.
import { Buffer, isUtf8 } from "node:buffer";
import type { Pace, Steps } from "../model/steps.ts";
import { whole } from "./text.ts";

/** How what is encoded is redacted. */
export interface EncodedRedactor {
  /** A text that was encoded; of a long one, the steps to it. */
  readonly text: (text: string) => string | Steps<string>;
  /** How far a step goes. */
  readonly pace: Pace;
}

/** Shorter ones hold nothing that a rule finds. */
const RUN = /[A-Za-z0-9+/_-]{16,}={0,2}/g;
const HEX = /^(?:[0-9A-Fa-f]{2})+$/;
/** What no text has; of bytes by chance one in nine is such, or makes it no UTF-8. */
const NO_TEXT = /[\0-\x08\x0b\x0c\x0e-\x1f\x7f]/;
/** So many characters are looked at first: most runs are no text by then. */
const FIRST = 16;
/** What a run counts besides what is in it. */
const RUN_UNITS = 64;

/** The steps to the text with what is encoded in it redacted, and encoded again in the same way. */
export function* redactEncoded(text: string, redactor: EncodedRedactor): Steps<string> {
  let out = "";
  let copied = 0;
  for (const { 0: run, index } of text.matchAll(RUN)) {
    if (redactor.pace.isOver(RUN_UNITS)) yield;
    for (const [encoding, held] of heldBy(run)) {
      const made = yield* whole(redactor.text(held));
      if (made === held) continue;
      out += text.slice(copied, index) + encoded(made, encoding, run);
      copied = index + run.length;
      break;
    }
  }
  return copied === 0 ? text : out + text.slice(copied);
}

/** The texts that are encoded in a text. */
export function* encodedIn(text: string): Generator<string> {
  for (const [run] of text.matchAll(RUN)) for (const [, held] of heldBy(run)) yield held;
}

type Encoding = "base64" | "base64url" | "hex";

function encodingsOf(run: string): readonly Encoding[] {
  const base64 = /[-_]/.test(run) ? "base64url" : "base64";
  return HEX.test(run) ? ["hex", base64] : [base64];
}

/** Each way to read it as a text. */
function* heldBy(run: string): Generator<readonly [Encoding, string]> {
  for (const encoding of encodingsOf(run)) {
    const held = heldIn(run, encoding);
    if (held !== undefined) yield [encoding, held];
  }
}

/** Undefined where it is no text. */
function heldIn(run: string, encoding: Encoding): string | undefined {
  if (!mayBeginText(run, encoding === "hex" ? 4 : 6)) return undefined;
  const bytes = Buffer.from(run, encoding);
  if (!isUtf8(bytes)) return undefined;
  const text = bytes.toString();
  return NO_TEXT.test(text) ? undefined : text;
}

/** A look at the first bytes, which costs a hundredth of decoding them: the bytes of a text in UTF-8 follow one another as no others do. */
function mayBeginText(run: string, bitsEach: 4 | 6): boolean {
  let [bits, held, left] = [0, 0, 0];
  for (let i = 0; i < FIRST; i++) {
    held = (held << bitsEach) | (VALUES[bitsEach][run.charCodeAt(i)] ?? 0);
    bits += bitsEach;
    if (bits < 8) continue;
    bits -= 8;
    const byte = held >> bits;
    held &= (1 << bits) - 1;
    const isNext = byte >> 6 === 2;
    if (isNext !== left > 0 || byte < 9 || (byte > 13 && byte < 32)) return false;
    if (isNext) left--;
    else if (byte >= 0xc0) left = byte >= 0xf0 ? 3 : byte >= 0xe0 ? 2 : 1;
  }
  return true;
}

/** What each digit stands for. */
const VALUES = {
  4: valuesOf("0123456789abcdef", "0123456789ABCDEF"),
  6: valuesOf(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_",
  ),
};

function valuesOf(...alphabets: readonly string[]): Uint8Array {
  const values = new Uint8Array(128);
  for (const alphabet of alphabets)
    for (let i = 0; i < alphabet.length; i++) values[alphabet.charCodeAt(i)] = i;
  return values;
}

function encoded(text: string, encoding: Encoding, run: string): string {
  const made = Buffer.from(text).toString(encoding);
  if (encoding === "hex") return /[A-F]/.test(run) ? made.toUpperCase() : made;
  return run.length % 4 === 0 ? made : made.replaceAll("=", "");
}
