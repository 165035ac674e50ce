// Texts that are compared, with the JSON in them laid out to a width or on one line: only blanks differ, and each word stays in its piece.
import type { WordPieceJson } from "../../src/viewer/api.ts";
import { prettyLines } from "./pretty.ts";

/** The pieces of both texts, with the JSON of one laid out so many letters wide. What is in the other alone stands on one line. */
export function laidOut(
  words: readonly WordPieceJson[],
  side: "a" | "b",
  letters: number,
): readonly WordPieceJson[] {
  return relaid(words, side, (text) => inJson(text, (json, ahead) => prettyLines(json, letters, ahead)));
}

/** The same with its JSON on one line. */
export function onOneLine(words: readonly WordPieceJson[], side: "a" | "b"): readonly WordPieceJson[] {
  return relaid(words, side, (text) => inJson(text, (json) => prettyLines(json, Number.POSITIVE_INFINITY)));
}

/** Puts what `change` makes of the text into its pieces. */
function relaid(
  words: readonly WordPieceJson[],
  side: "a" | "b",
  change: (text: string) => string,
): readonly WordPieceJson[] {
  const isOwn = (piece: WordPieceJson): boolean => piece.in === "both" || piece.in === side;
  const text = words.map((piece) => (isOwn(piece) ? piece.text : "")).join("");
  const target = change(text);
  if (target === text) return words;
  const next: { in: WordPieceJson["in"]; text: string }[] = [];
  let at = 0;
  for (const piece of words) {
    if (!isOwn(piece)) {
      next.push({ in: piece.in, text: piece.text.replace(/\n\s*/g, " ") });
      continue;
    }
    // Blanks ahead of what is marked are not marked.
    const last = next.findLast(isOwn);
    const from = at;
    if (last?.in === "both" && piece.in !== "both" && piece.text.trim() !== "") at = behindBlanks(target, at);
    if (last !== undefined) last.text += target.slice(from, at);
    const to = behind(target, at, piece.text);
    next.push({ in: piece.in, text: target.slice(at, to) });
    at = to;
  }
  const last = next.findLast(isOwn);
  if (last !== undefined) last.text += target.slice(at);
  return next;
}

/** Behind the letters of a text that stand at a place, with whatever blanks are among them. */
function behind(target: string, from: number, text: string): number {
  if (target.startsWith(text, from)) return from + text.length;
  let at = from;
  for (let i = 0; i < text.length; i++) {
    if (isBlank(text, i)) continue;
    at = behindBlanks(target, at) + 1;
  }
  return Math.min(at, target.length);
}

function behindBlanks(text: string, from: number): number {
  let at = from;
  while (at < text.length && isBlank(text, at)) at++;
  return at;
}

function isBlank(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code === 32 || (code >= 9 && code <= 13);
}

/** A line that opens JSON, alone or behind the name of a tool. */
const OPENS = /^(.{0,200} )?([[{])$/;

/** The text with each block of JSON in it written anew; `ahead` letters stand before its first line. */
function inJson(text: string, written: (json: unknown, ahead: number) => string[]): string {
  const lines = text.split("\n");
  const out: string[] = [];
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i] ?? "";
    const [, name = "", open] = OPENS.exec(line) ?? [];
    const block = open === undefined ? undefined : blockAt(lines, i, open);
    if (block === undefined) {
      out.push(line);
      continue;
    }
    const laid = name + written(block.json, name.length).join("\n");
    out.push(block.isCut ? `${laid.replace(/[\s\]}]*$/, "")} …` : laid);
    i = block.last;
  }
  return out.join("\n");
}

interface Block {
  readonly json: unknown;
  /** Its last line. */
  readonly last: number;
  /** True where the text ends before it does: its last line, of which a part is there, is left out. */
  readonly isCut: boolean;
}

/** The JSON that opens on a line, as the server writes it: one blank a level. Undefined for anything else. */
function blockAt(lines: readonly string[], first: number, open: string): Block | undefined {
  let last = first + 1;
  while (lines[last]?.startsWith(" ")) last++;
  const isCut = last >= lines.length || (last === lines.length - 1 && lines[last] === "");
  const block = [open, ...lines.slice(first + 1, isCut ? -1 : last + 1)];
  const whole = (isCut ? closed(block) : block).join("\n");
  try {
    const json: unknown = JSON.parse(whole);
    return JSON.stringify(json, undefined, 1) === whole ? { json, last, isCut } : undefined;
  } catch {
    return undefined;
  }
}

/** Lines of JSON with what is open closed; what was opened last and is empty is left out. */
function closed(lines: readonly string[]): readonly string[] {
  const whole = lines.slice(0, lines.findLastIndex((line) => !OPENED.test(line)) + 1);
  const open: string[] = [];
  for (const line of whole) {
    if (/^ *[\]}]/.test(line)) open.pop();
    if (OPENED.test(line)) open.push(" ".repeat(line.search(/\S/)) + (line.endsWith("{") ? "}" : "]"));
  }
  const last = whole.at(-1)?.replace(/,$/, "") ?? "";
  return [...whole.slice(0, -1), last, ...open.toReversed()];
}

const OPENED = /[[{]$/;
