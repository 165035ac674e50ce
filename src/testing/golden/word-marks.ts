// What differs between two texts, on one line, as `git diff --word-diff` has it.
import type { WordPiece } from "../../conventions/compare/words.ts";

/** As `git diff --word-diff` has them; what is the same is cut to some words around a change. */
export function inWords(pieces: readonly WordPiece[]): string {
  return pieces
    .map(({ in: side, text }, i) => {
      if (side === "a") return `[-${text.slice(0, MAX_WORDS)}-]`;
      if (side === "b") return `{+${text.slice(0, MAX_WORDS)}+}`;
      if (text.length <= 2 * AROUND) return text;
      const before = i === 0 ? "" : text.slice(0, AROUND);
      return `${before}…${i === pieces.length - 1 ? "" : text.slice(-AROUND)}`;
    })
    .join("");
}

const MAX_WORDS = 160;
const AROUND = 40;
