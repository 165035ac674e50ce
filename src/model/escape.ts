// The one place where text from models and tools is made safe for a terminal, for a line of a log and for a message.

import { madeWhenUsed } from "./patterns.ts";

/** Controls, line and paragraph separators, lone surrogates, what is invisible, and signs that have no ink. */
const SUSPECT =
  "[\\p{Cc}\\p{Zl}\\p{Zp}\\p{Cs}\\p{Cf}\\p{Default_Ignorable_Code_Point}\\u2800\\u{13441}\\u{13442}\\u{16fe4}\\u{1d159}]";

/** Format characters that are seen: signs of Arabic, Syriac and Kaithi that go round numbers and names. */
const SEEN = "[\\u0600-\\u0605\\u06dd\\u070f\\u0890\\u0891\\u08e2\\u{110bd}\\u{110cd}]";

/** Scripts whose letters join, and are written with joiners and non-joiners between them. */
const JOINED = [
  ...["Adlam", "Arabic", "Balinese", "Bengali", "Brahmi", "Chakma", "Devanagari", "Grantha", "Gujarati"],
  ...["Gurmukhi", "Hanifi_Rohingya", "Javanese", "Kaithi", "Kannada", "Khmer", "Khojki", "Khudawadi"],
  ...["Malayalam", "Mandaic", "Manichaean", "Mongolian", "Myanmar", "Newa", "Nko", "Oriya", "Phags_Pa"],
  ...["Sharada", "Siddham", "Sinhala", "Sogdian", "Syriac", "Tamil", "Telugu", "Tibetan", "Tirhuta"],
];
const JOINED_SIGN = `(?=[\\p{L}\\p{M}])(?:${JOINED.map((script) => `\\p{Script=${script}}`).join("|")})`;

/** Invisible characters where they do what they are for, each with what must stand before and after. */
const FITTING = [
  // Emoji joined into one: a family, a flag.
  "(?<=\\p{Extended_Pictographic}[\\ufe0f\\p{Emoji_Modifier}]?)\\u200d(?=\\p{Extended_Pictographic})",
  `(?<=${JOINED_SIGN})[\\u200c\\u200d](?=${JOINED_SIGN})`,
  // As an emoji or as text; a digit only as a key of a telephone.
  "(?<=[\\p{Emoji}--[0-9#*]])[\\ufe0e\\ufe0f]",
  "(?<=[0-9#*])\\ufe0f(?=\\u20e3)",
  // Another form of a character that has several.
  "(?<=[\\p{Unified_Ideograph}])[\\ufe00-\\ufe02\\u{e0100}-\\u{e01ef}]",
  "(?<=[[\\p{Math}--\\p{ASCII}]\\p{Script=Myanmar}\\p{Script=Phags_Pa}\\p{Script=Manichaean}])\\ufe00",
  "(?<=[\\p{Script=Mongolian}&&\\p{L}])[\\u180b-\\u180d\\u180f]",
  "(?<=[\\p{Script=Mongolian}&&\\p{L}])\\u180e(?=[\\p{Script=Mongolian}&&\\p{L}])",
];

/** What is suspect is looked for first: that takes a sixth of the time. */
const unsafe = madeWhenUsed(() => `(?=${SUSPECT})(?!${[SEEN, ...FITTING].join("|")})[^]`, "gv");
const ASCII = /^[\u0020-\u007e]*$/;

/** True for text of which each character is shown as it is, in one column. */
export function isShownAsItIs(text: string): boolean {
  return ASCII.test(text);
}

const SHORT: ReadonlyMap<string, string> = new Map([
  ["\n", "\\n"],
  ["\r", "\\r"],
  ["\t", "\\t"],
]);

/** Text on one line that shows what it holds: what is unsafe is an escape, such as `\n`, `\x1b` or `\u202e`. */
export function escapeText(text: string): string {
  return replaceUnsafe(text, escapeOf);
}

/** Text with something else in the place of each character that is unsafe. */
export function replaceUnsafe(text: string, replacement: (character: string) => string): string {
  return isShownAsItIs(text) ? text : text.replace(unsafe(), replacement);
}

/** The characters of a text as `escapeText` shows them, one by one; an escape is never taken apart. */
export function* escapedCharacters(text: string): Generator<string> {
  let from = 0;
  if (!isShownAsItIs(text)) {
    for (const { 0: character, index } of text.matchAll(unsafe())) {
      yield* text.slice(from, index);
      yield escapeOf(character);
      from = index + character.length;
    }
  }
  yield* text.slice(from);
}

/**
 * Text as a message may have it: escaped, and without its middle where it is longer than a message may be, since what is
 * wrong stands at a message's beginning and the mend at its end.
 */
export function messageText(text: string): string {
  if (text.length <= MESSAGE_START + MESSAGE_END) return escapeText(text);
  return `${escapeText(text.slice(0, MESSAGE_START))} … ${escapeText(text.slice(-MESSAGE_END))}`;
}

/** Characters of a message that are kept from its beginning and from its end. */
const MESSAGE_START = 1500;
const MESSAGE_END = 500;

function escapeOf(character: string): string {
  const short = SHORT.get(character);
  if (short !== undefined) return short;
  const code = character.codePointAt(0) ?? 0;
  if (code <= 0xff) return `\\x${code.toString(16).padStart(2, "0")}`;
  return code <= 0xffff ? `\\u${code.toString(16).padStart(4, "0")}` : `\\u{${code.toString(16)}}`;
}

/** JSON text in ASCII, as Python's json.dumps writes it: nothing in it can end a line or move a cursor. */
export function asciiJson(json: string): string {
  return json.replace(/[\u007f-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
