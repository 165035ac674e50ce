// What differs between two texts, by words: for the lens and for comparing, one way for both.
import { align } from "./alignment.ts";

/** A piece of a difference: in both texts, in the first alone, or in the second alone. */
export interface WordPiece {
  readonly in: "both" | "a" | "b";
  readonly text: string;
}

/** Longer texts are compared by lines. */
const MAX_WORDS_TEXT = 200_000;
/** Longer ones are as a whole in place of one another, but for what both begin and end with. */
const MAX_TEXT = 4_000_000;
/** Between two differences, so little in common is no reason to part them: punctuation and blanks. */
const NO_WORD = /^[^\p{L}\p{N}]*$/u;

/** The difference: what is in both and in `a` is the first text, what is in both and in `b` the second. */
export function wordDiff(a: string, b: string): WordPiece[] {
  if (a === b) return a === "" ? [] : [{ in: "both", text: a }];
  const start = commonStart(a, b);
  const end = commonEnd(a, b, start);
  const [left, right] = [a.slice(start, a.length - end), b.slice(start, b.length - end)];
  const pieces: WordPiece[] = [
    { in: "both", text: a.slice(0, start) },
    ...middle(left, right),
    { in: "both", text: end === 0 ? "" : a.slice(-end) },
  ];
  return joined(pieces);
}

function middle(a: string, b: string): WordPiece[] {
  const length = Math.max(a.length, b.length);
  if (a === "" || b === "" || length > MAX_TEXT)
    return [
      { in: "a", text: a },
      { in: "b", text: b },
    ];
  const split = length > MAX_WORDS_TEXT ? /[^\n]*\n|[^\n]+$/g : WORDS;
  const [left, right] = [a.match(split) ?? [a], b.match(split) ?? [b]];
  return align(left, right).flatMap(({ isSame, a: [aFrom, aTo], b: [bFrom, bTo] }): WordPiece[] => {
    const text = left.slice(aFrom, aTo).join("");
    return isSame
      ? [{ in: "both", text }]
      : [
          { in: "a", text },
          { in: "b", text: right.slice(bFrom, bTo).join("") },
        ];
  });
}

/** Words, numbers, blanks, and every other character by itself. */
const WORDS = /\p{L}+|\p{N}+|\s+|[^\p{L}\p{N}\s]/gu;

/** Differences with no word between them are one; pieces that follow one another are joined, and empty ones left out. */
function joined(pieces: readonly WordPiece[]): WordPiece[] {
  const whole: WordPiece[] = [];
  let [a, b] = ["", ""];
  const close = (): void => {
    if (a !== "") whole.push({ in: "a", text: a });
    if (b !== "") whole.push({ in: "b", text: b });
    [a, b] = ["", ""];
  };
  const shown = pieces.filter(({ text }) => text !== "");
  for (const [i, { in: where, text }] of shown.entries()) {
    const isBetween =
      where === "both" && i > 0 && i < shown.length - 1 && NO_WORD.test(text) && text.length <= MAX_BETWEEN;
    if (where !== "both" || isBetween) {
      if (where !== "b") a += text;
      if (where !== "a") b += text;
      continue;
    }
    close();
    whole.push({ in: "both", text });
  }
  close();
  return whole;
}

const MAX_BETWEEN = 3;

/** Never within a word, so that words are seen whole. */
function commonStart(a: string, b: string): number {
  const most = Math.min(a.length, b.length);
  let at = 0;
  while (at < most && a.charCodeAt(at) === b.charCodeAt(at)) at++;
  while (at > 0 && isWithinWord(a, at, b)) at--;
  return at;
}

function commonEnd(a: string, b: string, start: number): number {
  const most = Math.min(a.length, b.length) - start;
  let at = 0;
  while (at < most && a.charCodeAt(a.length - 1 - at) === b.charCodeAt(b.length - 1 - at)) at++;
  while (at > 0 && (isWithinWord(a, a.length - at) || isWithinWord(b, b.length - at))) at--;
  return at;
}

/** Also of `b` where its own next character goes on with the word. */
function isWithinWord(a: string, at: number, b: string = a): boolean {
  return WORD_PART.test(a.charAt(at - 1)) && (WORD_PART.test(a.charAt(at)) || WORD_PART.test(b.charAt(at)));
}

/** Halves of characters too: none is cut in two. */
const WORD_PART = /[\p{L}\p{N}\ud800-\udfff]/u;
