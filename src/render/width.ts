// How many columns of a terminal a text takes, and text cut to fit.
import { isShownAsItIs } from "../model/escape.ts";

/** The columns that an escaped text takes: none for combining marks, two for wide characters and emoji. */
export function displayWidth(text: string): number {
  if (isShownAsItIs(text)) return text.length;
  let width = 0;
  for (const character of text) width += characterWidth(character);
  return width;
}

/** The columns of one character. */
export function characterWidth(character: string): number {
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x300) return 1;
  if (ZERO.test(character)) return 0;
  return isWide(code, character) ? 2 : 1;
}

/** The text, or as much of it as fits with a `…` at its end. */
export function cutToWidth(text: string, width: number): string {
  // Marks take no column: without this bound a million of them would fit.
  const bounded = text.slice(0, Math.max(0, width) * UNITS_A_COLUMN);
  if (bounded === text && displayWidth(text) <= width) return text;
  if (width < 1) return "";
  let cut = "";
  let used = 0;
  for (const character of bounded) {
    used += characterWidth(character);
    if (used > width - 1) break;
    cut += character;
  }
  return `${cut}…`;
}

/** The text with spaces up to the width. */
export function padToWidth(text: string, width: number, align: "left" | "right" = "left"): string {
  const space = " ".repeat(Math.max(0, width - displayWidth(text)));
  return align === "left" ? text + space : space + text;
}

function isWide(code: number, character: string): boolean {
  return WIDE.some(([from, to]) => code >= from && code <= to) || EMOJI.test(character);
}

const UNITS_A_COLUMN = 8;
/** Combining marks, and what is invisible where it is not escaped: joiners and variation selectors. */
const ZERO = /^(?:\p{Mn}|\p{Me}|\p{Default_Ignorable_Code_Point})$/u;
const EMOJI = /^\p{Emoji_Presentation}$/u;
/** The wide and full-width ranges of Unicode's EastAsianWidth.txt, joined where only unassigned ones lie between. */
const WIDE: readonly (readonly [number, number])[] = [
  [0x1100, 0x115f],
  [0x2e80, 0x303e],
  [0x3041, 0x33ff],
  [0x3400, 0x4dbf],
  [0x4e00, 0x9fff],
  [0xa000, 0xa4cf],
  [0xa960, 0xa97f],
  [0xac00, 0xd7a3],
  [0xf900, 0xfaff],
  [0xfe10, 0xfe19],
  [0xfe30, 0xfe6f],
  [0xff01, 0xff60],
  [0xffe0, 0xffe6],
  [0x16fe0, 0x18cff],
  [0x1b000, 0x1b2ff],
  [0x1f200, 0x1f2ff],
  [0x20000, 0x3fffd],
];
