// What filled a model's window: estimates of the pieces, scaled so that their sum is the tokens that were reported.
import type { Piece } from "./content.ts";
import type { Prompt } from "./prompts.ts";

/** Tokens of a prompt by what they are. Estimates, but for their sum. */
export interface ContextShares {
  /** The tools that were offered. */
  readonly tools: number;
  /** The system prompt. */
  readonly system: number;
  /** Messages that the call before had too, without results of tools. */
  readonly history: number;
  /** Results of tools that the call before had too. */
  readonly results: number;
  /** What the call before did not have. */
  readonly fresh: number;
  /** Where no prompt is recorded, all of it. */
  readonly unrecorded: number;
}

/** A piece of a prompt with its tokens. */
export interface Segment {
  readonly share: keyof ContextShares;
  readonly piece: Piece;
  /** Of a message, where it stands in the reading's `inputMessages`. */
  readonly message: number | undefined;
  /** Estimated. */
  readonly tokens: number;
}

/** A prompt in parts, in its order. */
export interface Window {
  readonly segments: readonly Segment[];
  readonly shares: ContextShares;
}

/** What is known beside the prompt. */
export interface WindowFacts {
  /** From this piece of the messages on all is new. */
  readonly newFrom: number;
  /** Tokens that went in; undefined where they were not reported: then the estimates are as they are. */
  readonly inputTokens: number | undefined;
  /** Where the prompt goes on from another: what went in there. What is old has so many, and the rest is new. */
  readonly oldTokens: number | undefined;
}

/** The parts of a prompt. */
export function windowOf(prompt: Prompt, { newFrom, inputTokens, oldTokens }: WindowFacts): Window {
  const segments: Omit<Segment, "tokens">[] = [];
  for (const piece of prompt.tools) segments.push({ share: "tools", piece, message: undefined });
  if (prompt.system !== undefined)
    segments.push({ share: "system", piece: prompt.system, message: undefined });
  for (const [i, { piece, message }] of prompt.messages.entries()) {
    const share = i >= newFrom ? "fresh" : piece.kind === "result" ? "results" : "history";
    segments.push({ share, piece, message });
  }
  return withTokens(segments, { inputTokens, oldTokens });
}

function withTokens(
  segments: readonly Omit<Segment, "tokens">[],
  { inputTokens, oldTokens }: Pick<WindowFacts, "inputTokens" | "oldTokens">,
): Window {
  const shares = { tools: 0, system: 0, history: 0, results: 0, fresh: 0, unrecorded: 0 };
  let [old, fresh] = [0, 0];
  for (const { share, piece } of segments) {
    if (share === "fresh") fresh += piece.weight;
    else old += piece.weight;
  }
  if (old + fresh === 0) return { segments: [], shares: { ...shares, unrecorded: inputTokens ?? 0 } };
  const [oldScale, freshScale] = scales({ old, fresh }, inputTokens, oldTokens);
  // Rounded along the sum, so that no token is lost or made up.
  let [exact, told] = [0, 0];
  const scaled = segments.map((segment) => {
    exact += segment.piece.weight * (segment.share === "fresh" ? freshScale : oldScale);
    const tokens = Math.round(exact) - told;
    told += tokens;
    shares[segment.share] += tokens;
    return { ...segment, tokens };
  });
  return { segments: scaled, shares };
}

function scales(
  { old, fresh }: { readonly old: number; readonly fresh: number },
  inputTokens: number | undefined,
  oldTokens: number | undefined,
): readonly [old: number, fresh: number] {
  if (inputTokens === undefined) return [1, 1];
  const isKnown = oldTokens !== undefined && oldTokens < inputTokens && old > 0 && fresh > 0;
  if (isKnown) return [oldTokens / old, (inputTokens - oldTokens) / fresh];
  const scale = inputTokens / (old + fresh);
  return [scale, scale];
}
