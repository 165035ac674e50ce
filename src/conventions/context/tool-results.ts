// What the results of tools cost in all the calls that had them, and why a tool was called.
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

/** Why a tool was called. */
export interface ToolStory {
  /** The call of the model that asked for it. */
  readonly asked: CallName;
  /** The tools that it could choose from, by name. */
  readonly offered: readonly string[];
  /** What it said and thought with it. */
  readonly answer: readonly Piece[];
  /** What the result cost; undefined where no call had it. */
  readonly result: ResultCost | undefined;
}

/** What a call says of tools. */
interface Seen {
  readonly prompt: Prompt;
  readonly window: Window;
  readonly answer: readonly Piece[];
  readonly rates: Rates | undefined;
}

interface Counted extends ResultCost {
  calls: number;
  allTokens: number;
  costUsd: number | undefined;
}

/** Counts results over the calls of a conversation. */
export class ToolResults {
  readonly #costs = new Map<Piece, Counted>();
  readonly #wanted: string | undefined;
  #story: Omit<ToolStory, "result"> | undefined;

  /** `wanted` is the id of the tool call that is to be told of. */
  constructor(wanted: string | undefined) {
    this.#wanted = wanted;
  }

  /** Takes a call. */
  add(call: ContextCall, { prompt, window, answer, rates }: Seen): void {
    const { messages, tools } = prompt;
    let at = window.shares.tools + window.shares.system;
    // A conversation has many calls of long prompts: no object is made for a piece.
    for (let i = 0; i < messages.length; i++) {
      const piece = messages[i]?.piece;
      if (piece === undefined) continue;
      const tokens = piece.weight * (i < window.newFrom ? window.oldScale : window.freshScale);
      if (piece.kind === "result") this.#count(call, piece, tokens, rates && costOf(at, tokens, rates));
      at += tokens;
    }
    if (this.#wanted !== undefined && this.#story === undefined && asksFor(answer, this.#wanted))
      this.#story = { asked: call, offered: tools.map(({ name = "" }) => name), answer };
  }

  #count(call: ContextCall, piece: Piece, tokens: number, cost: number | undefined): void {
    const known = this.#costs.get(piece);
    if (known === undefined) {
      const { name, callId } = piece;
      this.#costs.set(piece, {
        name,
        callId,
        first: call,
        tokens,
        calls: 1,
        allTokens: tokens,
        costUsd: cost,
      });
      return;
    }
    known.calls++;
    known.allTokens += tokens;
    known.costUsd = known.costUsd === undefined || cost === undefined ? undefined : known.costUsd + cost;
  }

  /** By the tokens in all calls. */
  mostExpensive(): readonly ResultCost[] {
    return [...this.#costs.values()].map(told).sort((a, b) => b.allTokens - a.allTokens);
  }

  /** Of the tool call that is wanted; undefined where no model asked for it. */
  story(): ToolStory | undefined {
    if (this.#story === undefined) return undefined;
    const result = [...this.#costs.values()].find(({ callId }) => callId === this.#wanted);
    return { ...this.#story, result: result && told(result) };
  }
}

function told(result: ResultCost): ResultCost {
  return { ...result, tokens: Math.round(result.tokens), allTokens: Math.round(result.allTokens) };
}

/** The prompt's beginning is what was read from the cache. */
function costOf(at: number, tokens: number, { cachedTokens, cachedUsd, otherUsd }: Rates): number {
  const cached = Math.min(tokens, Math.max(0, cachedTokens - at));
  return cached * cachedUsd + (tokens - cached) * otherUsd;
}

function asksFor(answer: readonly Piece[], id: string): boolean {
  return answer.some(
    ({ content }) =>
      typeof content !== "string" &&
      !("name" in content) &&
      content.some((part) => part.type === "tool-call" && part.id === id),
  );
}
