// What a rule is: a kind of secret or personal datum that is known by how it looks.

/** Takes a piece of a text: from `start` up to, and without, `end`. */
export type Found = (start: number, end: number) => void;

/** A kind of secret or personal datum. Pure: the same text gives the same pieces, in time linear in its length. */
export interface Rule {
  /** What stands in its place: `[EMAIL]`. */
  readonly label: string;
  /** A cheap look: where none of these is in the survey of a text, there is nothing to find. */
  readonly hints: number;
  /**
   * How many characters it looks at behind where a piece begins, so that a long text can be gone through in parts. Default 1024; infinite
   * for one that must see all of the text.
   */
  readonly reach?: number | undefined;
  /** Tells where in the text it stands, of what it comes upon from `from` up to `until`; gives where it would go on from. */
  find(text: string, found: Found, from: number, until: number): number;
  /** The same for all ways to write one value, for what is to be the same in all spans. Default: the piece as it is. */
  canonical?(piece: string): string;
}

/** A rule by a pattern, with a check of what it matches. */
export interface PatternRule extends Pick<Rule, "label" | "hints" | "reach" | "canonical"> {
  /** Global. Bounded in each repetition, and begun where nothing of it comes before, so that no text takes more than linear time. */
  readonly pattern: RegExp;
  /** False for what only looks like it. `before` is what stands before the piece, at most 24 characters. */
  accepts?(piece: string, before: string): boolean;
}

/** How many characters a rule looks at before a piece, at most. */
export const BEFORE = 256;
const CHECKED_BEFORE = 24;

/** A rule that finds what its pattern matches and its check accepts. */
export function byPattern({ pattern, accepts, ...rule }: PatternRule): Rule {
  return {
    ...rule,
    find(text, found, from, until) {
      pattern.lastIndex = from;
      for (let match = pattern.exec(text); match !== null; match = pattern.exec(text)) {
        const [piece] = match;
        const { index } = match;
        if (index >= until) break;
        // What is empty would be found again for ever.
        if (piece === "") pattern.lastIndex += (text.codePointAt(index) ?? 0) > 0xffff ? 2 : 1;
        const before = accepts === undefined ? "" : text.slice(Math.max(0, index - CHECKED_BEFORE), index);
        if (piece !== "" && (accepts?.(piece, before) ?? true)) found(index, index + piece.length);
        from = index + piece.length;
      }
      return Math.max(from, until);
    },
  };
}

/** The digits of a piece alone. */
export function digitsOf(piece: string): string {
  return piece.replace(/\D/g, "");
}
