// What the results of tools cost in all the calls that had them.
import type { ToolCallPart } from "../messages.ts";
import type { CallName, ContextCall, Rates } from "./call.ts";
import type { Piece } from "./content.ts";
import type { Prompt } from "./prompts.ts";
import type { Window } from "./shares.ts";

/** What a tool's result cost in the calls that had it. */
export interface ResultCost {
  readonly name: string | undefined;
  readonly callId: string | undefined;
  /** The first call that had it. */
  readonly first: CallName;
  /** Tokens in that call, estimated. */
  readonly tokens: number;
  /** So many calls had it. */
  readonly calls: number;
  /** Tokens in all of them. */
  readonly allTokens: number;
  /** US dollars in all of them; undefined where one has no price. */
  readonly costUsd: number | undefined;
}

/** What a call says of tools. */
interface Seen {
  readonly prompt: Prompt;
  readonly window: Window;
  readonly rates: Rates | undefined;
}

interface Counted extends ResultCost {
  readonly first: ContextCall;
  last: ContextCall;
  calls: number;
  allTokens: number;
  costUsd: number | undefined;
}

/** Counts results over the calls of a conversation. */
export class ToolResults {
  readonly #costs = new Map<Piece, Counted>();

  /** Takes a call. */
  add(call: ContextCall, { prompt, window, rates }: Seen): void {
    const { messages } = prompt;
    let at = window.shares.tools + window.shares.system;
    // A conversation has many calls of long prompts: no object is made for a piece.
    for (let i = 0; i < messages.length; i++) {
      const piece = messages[i]?.piece;
      if (piece === undefined) continue;
      const tokens = piece.weight * (i < window.newFrom ? window.oldScale : window.freshScale);
      if (piece.kind === "result") this.#count(call, piece, tokens, rates && costOf(at, tokens, rates));
      at += tokens;
    }
  }

  #count(call: ContextCall, piece: Piece, tokens: number, cost: number | undefined): void {
    const known = this.#costs.get(piece);
    if (known === undefined) {
      const { name, callId } = piece;
      this.#costs.set(piece, {
        ...{ name, callId, first: call, last: call, tokens },
        ...{ calls: 1, allTokens: tokens, costUsd: cost },
      });
      return;
    }
    // Where results have no ids, two of one prompt may be the same.
    if (known.last !== call) known.calls++;
    known.last = call;
    known.allTokens += tokens;
    known.costUsd = known.costUsd === undefined || cost === undefined ? undefined : known.costUsd + cost;
  }

  /** By the tokens in all calls. */
  mostExpensive(): readonly ResultCost[] {
    return [...this.#costs.values()].map(told).sort((a, b) => b.allTokens - a.allTokens);
  }

  /** Of what was asked for; where results have no ids, the one that came so many results of that tool after the call that asked. */
  of(
    { id, name }: Pick<ToolCallPart, "id" | "name">,
    { askedAt, nth }: { readonly askedAt: ContextCall; readonly nth: number },
  ): ResultCost | undefined {
    const later = [...this.#costs.values()].filter(
      ({ first }) => first !== askedAt && first.startedAtMicros >= askedAt.startedAtMicros,
    );
    const found =
      id === undefined
        ? later.filter((result) => result.callId === undefined && result.name === name)[nth]
        : later.find(({ callId }) => callId === id);
    return found && told(found);
  }
}

function told({ name, callId, first, tokens, calls, allTokens, costUsd }: Counted): ResultCost {
  return {
    ...{ name, callId, first, calls, costUsd },
    ...{ tokens: Math.round(tokens), allTokens: Math.round(allTokens) },
  };
}

/** The prompt's beginning is what was read from the cache. */
function costOf(at: number, tokens: number, { cachedTokens, cachedUsd, otherUsd }: Rates): number {
  const cached = Math.min(tokens, Math.max(0, cachedTokens - at));
  return cached * cachedUsd + (tokens - cached) * otherUsd;
}
