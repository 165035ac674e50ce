// What a word of a text is, for those that search: one definition for the index of a store and for a plain look.
import { madeWhenUsed } from "./patterns.ts";

/** A word as it is compared, and where in the text it stands, in code units. */
export interface Word {
  readonly word: string;
  readonly from: number;
  readonly to: number;
}

/**
 * The words of a text in order. A word is a run of letters and digits in lower case and without diacritics; a character of
 * a script that is written without spaces (Chinese, Japanese, Thai and others) is a word by itself.
 * The text must be in the normal form NFC.
 */
export function wordsOf(text: string): readonly Word[] {
  const words: Word[] = [];
  let open: { word: string; from: number; to: number } | undefined;
  for (let at = 0, next = 0; at < text.length; at = next) {
    const code = text.codePointAt(at) ?? 0;
    next = at + (code > 0xffff ? 2 : 1);
    const folded = foldCharacter(code);
    if (folded === "") continue;
    if (folded.startsWith(" ")) {
      open = undefined;
      if (folded !== " ") words.push({ word: folded.trim(), from: at, to: next });
    } else if (open === undefined) {
      open = { word: folded, from: at, to: next };
      words.push(open);
    } else {
      open.word += folded;
      open.to = next;
    }
  }
  return words;
}

/** The words of a text with a space before, between and after them: a phrase is found in it as a part of the text. */
export function spacedWords(text: string): string {
  return ` ${asciiBetweenWords(text).toLowerCase().replace(ASCII_GAPS, " ").trim()} `;
}

/**
 * A text that has the same words where only ASCII letters and digits, compared without case, and everything beyond ASCII
 * belong to words: so FTS5's tokenizer `ascii` sees it. ASCII is given back as it is; `WORD_BREAK` is never in it.
 */
export function asciiBetweenWords(text: string): string {
  return PLAIN.test(text) ? text : text.normalize("NFC").replace(NOT_PLAIN, foldRun);
}

/** Never in what `asciiBetweenWords` gives, so it can be a word that nobody can ask for. */
export const WORD_BREAK = "\x1f";

const PLAIN = /^[\x01-\x1e\x20-\x7f]*$/;
const NOT_PLAIN = /[^\x01-\x1e\x20-\x7f]+/g;
const ASCII_GAPS = /[\0-/:-`{-\x7f]+/g;

function foldRun(run: string): string {
  let folded = "";
  for (let at = 0; at < run.length; at++) {
    const code = run.codePointAt(at) ?? 0;
    if (code > 0xffff) at++;
    folded += foldCharacter(code);
  }
  return folded;
}

/** Remembered by code: to fold a character takes a microsecond, and to look it up some nanoseconds. */
const remembered: string[] = [];

/**
 * What a character adds to a word: nothing, itself folded, a space where it stands between words; with spaces around it
 * where it is a word by itself.
 */
function foldCharacter(code: number): string {
  if (code > 0xffff) return computeFold(code);
  remembered[code] ??= computeFold(code);
  return remembered[code] ?? " ";
}

function computeFold(code: number): string {
  const character = String.fromCodePoint(code);
  if (ignored().test(character)) return "";
  if (!inWords().test(character)) return " ";
  const plain = character.toLowerCase().normalize("NFD").replace(allIgnored(), "").normalize("NFC");
  const word = plain.replace("ς", "σ");
  return alone().test(character) ? ` ${word} ` : word;
}

/** Marks that search looks past: accents, vowel points of Hebrew and Arabic, and what nobody sees: joiners, selectors, fillers, tags. */
const MARKS =
  "\\u0300-\\u036f\\u0591-\\u05bd\\u05bf\\u05c1\\u05c2\\u05c4\\u05c5\\u05c7\\u064b-\\u065f\\u0670\\u1ab0-\\u1aff" +
  "\\u1dc0-\\u1dff\\u20d0-\\u20ff\\ufe00-\\ufe0f\\ufe20-\\ufe2f\\p{Default_Ignorable_Code_Point}";
const ignored = madeWhenUsed(() => `^[${MARKS}]$`, "u");
const allIgnored = madeWhenUsed(() => `[${MARKS}]`, "gu");
const inWords = madeWhenUsed(() => "^[\\p{L}\\p{N}\\p{M}]$", "u");
const alone = madeWhenUsed(
  () =>
    "^[\\p{sc=Han}\\p{sc=Hiragana}\\p{sc=Katakana}\\p{sc=Bopomofo}\\u30fc\\uff70\\p{sc=Thai}\\p{sc=Lao}\\p{sc=Khmer}\\p{sc=Myanmar}]$",
  "u",
);
