// What a rule is: a kind of secret or personal datum that is known by how it looks.

/** Takes a piece of a text: from `start` up to, and without, `end`. */
export type Found = (start: number, end: number) => void;

/** A kind of secret or personal datum. Pure: the same text gives the same pieces, in time linear in its length. */
export interface Rule {
  /** What stands in its place: `[EMAIL]`. */
  readonly label: string;
  /** A cheap look: where none of these is in the survey of a text, there is nothing to find. */
  readonly hints: number;
  /** Tells where in the text it stands. */
  find(text: string, found: Found): void;
  /** The same for all ways to write one value, for what is to be the same in all spans. Default: the piece as it is. */
  canonical?(piece: string): string;
}

/** A rule by a pattern, with a check of what it matches. */
export interface PatternRule extends Pick<Rule, "label" | "hints" | "canonical"> {
  /** Global. Bounded in each repetition, and begun where nothing of it comes before, so that no text takes more than linear time. */
  readonly pattern: RegExp;
  /** False for what only looks like it. `before` is what stands before the piece, at most 24 characters. */
  accepts?(piece: string, before: string): boolean;
}

const BEFORE = 24;

/** A rule that finds what its pattern matches and its check accepts. */
export function byPattern({ pattern, accepts, ...rule }: PatternRule): Rule {
  return {
    ...rule,
    find(text, found) {
      for (const match of text.matchAll(pattern)) {
        const [piece] = match;
        const { index } = match;
        const before = accepts === undefined ? "" : text.slice(Math.max(0, index - BEFORE), index);
        if (piece !== "" && (accepts?.(piece, before) ?? true)) found(index, index + piece.length);
      }
    },
  };
}

/** The digits of a piece alone. */
export function digitsOf(piece: string): string {
  return piece.replace(/\D/g, "");
}
