// The kinds of work as the page shows them: a number for arrays, a glyph, a word.
import type { KindGlyph } from "../parts/glyphs.ts";

/** What the page tells apart, in the order of the legend. */
export const SHOWN_KINDS = [
  "model",
  "tool",
  "retrieval",
  "agent",
  "turn",
  "cycle",
  "other",
] as const satisfies readonly KindGlyph[];

/** A kind as the page shows it. */
export type ShownKind = (typeof SHOWN_KINDS)[number];

/** What each is called, one and many. */
export const KIND_WORDS: Readonly<Record<ShownKind, readonly [one: string, many: string]>> = {
  model: ["model call", "model calls"],
  tool: ["tool call", "tool calls"],
  retrieval: ["retrieval", "retrievals"],
  agent: ["agent", "agents"],
  turn: ["turn", "turns"],
  cycle: ["cycle", "cycles"],
  other: ["other", "other"],
};

/** The kind that is shown for a kind of work, as the API names it. */
export function shownKind(kind: string): ShownKind {
  switch (kind) {
    case "model-call":
      return "model";
    case "tool-call":
      return "tool";
    case "turn":
    case "agent":
    case "cycle":
    case "retrieval":
      return kind;
    case "chain":
      return "cycle";
    default:
      return "other";
  }
}

/** Structure is drawn thin, work full. */
export function isStructure(kind: ShownKind): boolean {
  return kind === "turn" || kind === "cycle";
}
