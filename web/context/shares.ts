// A prompt as a bar: its parts in order, what of it was cached, what was read again and what is new.
import type { ContextCallJson, ContextPartsJson, SegmentJson } from "../../src/viewer/api.ts";
import type { KindGlyph } from "../parts/glyphs.ts";

/** A part of a prompt. */
export type PartName = keyof ContextPartsJson;

/** The parts in the order of a prompt. */
export const PARTS: readonly PartName[] = ["tools", "system", "history", "results", "new", "unrecorded"];

/** What they are called. */
export const PART_WORDS: Readonly<Record<PartName, string>> = {
  tools: "tools offered",
  system: "system",
  history: "earlier messages",
  results: "tool results",
  new: "new",
  unrecorded: "not recorded",
};

/** A piece of the bar. */
export interface BarPiece {
  readonly part: PartName;
  readonly tokens: number;
  readonly isCached: boolean;
  /** What it is, in words. */
  readonly words: string;
}

type Piece = Pick<SegmentJson, "part" | "tokens"> & { readonly words: string };

/**
 * The bar of a call; without its segments, of its parts as a whole. Tools are one piece, and so are pieces beside each other that are
 * too thin to be seen. */
export function barOf(call: ContextCallJson, segments: readonly SegmentJson[] | undefined): BarPiece[] {
  const all: readonly Piece[] =
    segments !== undefined && segments.length > 0
      ? segments.map((one) => ({ ...one, words: wordsOf(one) }))
      : PARTS.map((part) => ({ part, words: PART_WORDS[part], tokens: call.parts[part] }));
  return merged(withFates(all, call.fates?.cached ?? 0), inputOf(call) * THINNEST);
}

const THINNEST = 1 / 450;

/** Tokens that went in: reported, or else estimated. */
export function inputOf({ input_tokens: input, parts }: ContextCallJson): number {
  return input ?? Object.values(parts).reduce((sum, tokens) => sum + tokens, 0);
}

/** What was cached is the beginning: a piece in which it ends is two. */
function withFates(pieces: readonly Piece[], cached: number): BarPiece[] {
  let left = cached;
  return pieces.flatMap(({ part, tokens, words }) => {
    const own = Math.min(tokens, left);
    left -= own;
    const both = [
      { part, words, tokens: own, isCached: true },
      { part, words, tokens: tokens - own, isCached: false },
    ];
    return both.filter((piece) => piece.tokens > 0);
  });
}

function merged(pieces: readonly BarPiece[], thinnest: number): BarPiece[] {
  const bar: BarPiece[] = [];
  for (const piece of pieces) {
    const last = bar.at(-1);
    const isOne = piece.part === "tools" || (last?.tokens ?? 0) < thinnest || piece.tokens < thinnest;
    if (last !== undefined && isOne && last.part === piece.part && last.isCached === piece.isCached)
      bar[bar.length - 1] = { ...last, words: PART_WORDS[piece.part], tokens: last.tokens + piece.tokens };
    else bar.push(piece);
  }
  return bar;
}

/** Tokens of each part that were cached. */
export function cachedOf(bar: readonly BarPiece[]): Readonly<Partial<Record<PartName, number>>> {
  const cached: Partial<Record<PartName, number>> = {};
  for (const { part, tokens, isCached } of bar) if (isCached) cached[part] = (cached[part] ?? 0) + tokens;
  return cached;
}

/** What a piece is. */
export function wordsOf({ kind, name, role }: Pick<SegmentJson, "kind" | "name" | "role">): string {
  if (kind === "result") return `${name ?? "a tool"}, result`;
  if (kind === "tool") return `tool ${name ?? ""}`.trim();
  return kind === "system" ? "system" : role;
}

/** The glyph of a piece of a prompt: a tool's, or that of who said it. */
export function glyphOfPiece({ kind, role }: Pick<SegmentJson, "kind" | "role">): KindGlyph {
  if (kind === "result" || kind === "tool") return "tool";
  if (role === "assistant" || role === "model") return "model";
  return role === "user" ? "user" : "other";
}
