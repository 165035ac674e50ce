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

/** A prompt in parts. */
export interface Window {
  readonly shares: ContextShares;
  /** Of what is new, what users said; estimated. */
  readonly askedTokens: number;
  /** Tokens that a unit of weight stands for, in what is old and in what is new. */
  readonly oldScale: number;
  readonly freshScale: number;
  /** From this piece of the messages on all is new. */
  readonly newFrom: number;
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

/** How much of a prompt is what. A conversation has many calls of long prompts: no object is made for a piece. */
export function windowOf(prompt: Prompt, { newFrom, inputTokens, oldTokens }: WindowFacts): Window {
  const weights = weightsOf(prompt, newFrom);
  const old = weights.tools + weights.system + weights.history + weights.results;
  const all = old + weights.fresh;
  const [oldScale, freshScale] = scales({ old, fresh: weights.fresh }, inputTokens, oldTokens);
  const shares = { tools: 0, system: 0, history: 0, results: 0, fresh: 0, unrecorded: 0 };
  if (all === 0)
    return {
      ...{ shares: { ...shares, unrecorded: inputTokens ?? 0 }, askedTokens: 0 },
      ...{ oldScale, freshScale, newFrom },
    };
  const rounding = new Rounding();
  for (const share of SHARES) {
    const scale = share === "fresh" ? freshScale : oldScale;
    shares[share] = rounding.next(weights[share] * scale);
  }
  return { shares, askedTokens: Math.round(weights.asked * freshScale), oldScale, freshScale, newFrom };
}

const SHARES = ["tools", "system", "history", "results", "fresh"] as const;

function weightsOf(prompt: Prompt, newFrom: number): Record<(typeof SHARES)[number] | "asked", number> {
  const { messages } = prompt;
  const weights = {
    tools: 0,
    system: prompt.system?.weight ?? 0,
    history: 0,
    results: 0,
    fresh: 0,
    asked: 0,
  };
  for (const { weight } of prompt.tools) weights.tools += weight;
  for (let i = 0; i < messages.length; i++) {
    const piece = messages[i]?.piece;
    if (piece === undefined) continue;
    if (i >= newFrom) {
      weights.fresh += piece.weight;
      if (piece.kind === "message" && piece.role === "user") weights.asked += piece.weight;
    } else if (piece.kind === "result") weights.results += piece.weight;
    else weights.history += piece.weight;
  }
  return weights;
}

/** All pieces of a prompt with their tokens, in its order. */
export function segmentsOf(prompt: Prompt, { oldScale, freshScale, newFrom }: Window): Segment[] {
  const rounding = new Rounding();
  const old = (share: keyof ContextShares, piece: Piece, message?: number): Segment => {
    return { share, piece, message, tokens: rounding.next(piece.weight * oldScale) };
  };
  return [
    ...prompt.tools.map((piece) => old("tools", piece)),
    ...(prompt.system === undefined ? [] : [old("system", prompt.system)]),
    ...prompt.messages.map(({ piece, message }, i) =>
      i < newFrom
        ? old(piece.kind === "result" ? "results" : "history", piece, message)
        : ({ share: "fresh", piece, message, tokens: rounding.next(piece.weight * freshScale) } as const),
    ),
  ];
}

/** Rounds along the sum, so that no token is lost or made up. */
class Rounding {
  #exact = 0;
  #told = 0;

  next(exact: number): number {
    this.#exact += exact;
    const tokens = Math.round(this.#exact) - this.#told;
    this.#told += tokens;
    return tokens;
  }
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
