// The hits of a search in their context, as short lines. The text is as the span has it: who shows it escapes it.
import { type Word, wordsOf } from "../model/words.ts";
import type { SearchLabel, SearchQuery, SearchTerm, SearchText } from "./search.ts";

/** A part of a snippet: what was asked for, or what stands around it. */
interface SnippetPart {
  readonly text: string;
  readonly isHit: boolean;
}

/** A line with at least one hit. */
export interface Snippet {
  readonly label: SearchLabel;
  readonly parts: readonly SnippetPart[];
}

/** How much is shown. */
export interface SnippetOptions {
  /** About so many characters a snippet; 80 unless told. */
  readonly width?: number;
  /** At most so many snippets; 3 unless told. */
  readonly count?: number;
}

/**
 * The hits in context, each line once, in the order of the texts. White space is made one space; what is cut off is cut between words where it
 * can be, and shown by `…`.
 */
export function snippets(
  texts: readonly SearchText[],
  query: SearchQuery,
  { width = 80, count = 3 }: SnippetOptions = {},
): readonly Snippet[] {
  const found = new Map<string, Snippet>();
  let left = MOST_LINES;
  for (const { label, text } of texts) {
    const normal = text.normalize("NFC");
    let hits = hitsIn(normal, query.all);
    while (hits.length > 0 && found.size < count && left-- > 0) {
      const { parts, shown } = cutOut(normal, hits, width);
      const line = parts.map((part) => part.text).join("");
      if (!found.has(line)) found.set(line, { label, parts });
      hits = hits.slice(shown);
    }
    if (found.size >= count || left <= 0) break;
  }
  return [...found.values()];
}

/** So many lines are made: what says the same again and again has no others. */
const MOST_LINES = 100;

/** A part of a text, in code units. */
interface Range {
  readonly from: number;
  readonly to: number;
}

/** Where terms are found, none overlapping another. */
function hitsIn(text: string, terms: readonly SearchTerm[]): readonly Range[] {
  const words = wordsOf(text);
  const hits: Range[] = [];
  for (let at = 0; at < words.length && hits.length < MAX_HITS; ) {
    const length = Math.max(0, ...terms.map((term) => (startsAt(words, at, term) ? term.words.length : 0)));
    const [first, last] = [words[at], words[at + length - 1]];
    if (length > 0 && first !== undefined && last !== undefined) hits.push({ from: first.from, to: last.to });
    at += Math.max(1, length);
  }
  return hits;
}

const MAX_HITS = 1000;

function startsAt(words: readonly Word[], at: number, { words: wanted, isPrefix }: SearchTerm): boolean {
  const last = wanted.length - 1;
  return wanted.every((word, i) => {
    const there = words[at + i]?.word;
    return i === last && isPrefix ? there?.startsWith(word) : there === word;
  });
}

/** One snippet: the first hit, a third of the room before it, and as many others behind it as there is room for. */
function cutOut(
  text: string,
  hits: readonly Range[],
  width: number,
): { parts: SnippetPart[]; shown: number } {
  const parts: SnippetPart[] = [];
  let room = width;
  const put = (part: string, isHit: boolean): void => {
    if (part !== "") parts.push({ text: part, isHit });
    room -= lengthOf(part);
  };
  const first = hits[0] ?? { from: 0, to: 0 };
  put(endOf(text, first.from, Math.floor(width / 3)), false);
  let shown = 0;
  let at = first.from;
  for (const { from, to } of hits) {
    const between = oneSpaced(text.slice(at, Math.min(from, at + reach(width))));
    const hit = oneSpaced(text.slice(from, Math.min(to, from + reach(width))));
    if (shown > 0 && (from > at + reach(width) || lengthOf(between) + lengthOf(hit) > room)) break;
    put(between, false);
    put(lengthOf(hit) <= width ? hit : `${[...hit].slice(0, width - 1).join("")}…`, true);
    shown++;
    at = to;
  }
  put(beginningOf(text, at, Math.max(room, 0)), false);
  return { parts, shown };
}

/** White space may be long; so many code units are looked at for so many characters. */
function reach(characters: number): number {
  return 4 * characters + 16;
}

/** What stands before a place. */
function endOf(text: string, at: number, room: number): string {
  const from = Math.max(0, at - reach(room));
  const near = oneSpaced(text.slice(from, at)).trimStart();
  const characters = [...near];
  if (from === 0 && characters.length <= room) return near;
  const kept = characters.slice(Math.max(0, characters.length - Math.max(0, room - 1))).join("");
  const space = kept.indexOf(" ");
  return `…${(space < 0 || space === kept.length - 1 ? kept : kept.slice(space + 1)).replace(/^[\udc00-\udfff]/, "")}`;
}

/** What stands behind a place. */
function beginningOf(text: string, at: number, room: number): string {
  const to = at + reach(room);
  const near = oneSpaced(text.slice(at, to)).trimEnd();
  const characters = [...near];
  if (to >= text.length && characters.length <= room) return near;
  const kept = characters.slice(0, Math.max(0, room - 1)).join("");
  const space = kept.lastIndexOf(" ");
  return `${(space <= 0 ? kept : kept.slice(0, space)).replace(/[\ud800-\udbff]$/, "")}…`;
}

function oneSpaced(text: string): string {
  return text.replace(/\s+/g, " ");
}

function lengthOf(text: string): number {
  return [...text].length;
}
