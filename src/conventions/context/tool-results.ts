// What the results of tools cost in all the calls that had them, and why a tool was called.
import type { CallName, ContextCall, Rates } from "./call.ts";
import type { Piece } from "./content.ts";
import type { Segment, Window } from "./shares.ts";

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
  add(call: ContextCall, { window, answer, rates }: Seen): void {
    let at = 0;
    for (const segment of window.segments) {
      if (segment.piece.kind === "result")
        this.#count(call, segment, rates && costOf(at, segment.tokens, rates));
      at += segment.tokens;
    }
    if (this.#wanted !== undefined && this.#story === undefined && asksFor(answer, this.#wanted)) {
      const offered = window.segments.flatMap(({ share, piece }) =>
        share === "tools" ? [piece.name ?? ""] : [],
      );
      this.#story = { asked: call, offered, answer };
    }
  }

  #count(call: ContextCall, { piece, tokens }: Segment, cost: number | undefined): void {
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
    return [...this.#costs.values()].sort((a, b) => b.allTokens - a.allTokens);
  }

  /** Of the tool call that is wanted; undefined where no model asked for it. */
  story(): ToolStory | undefined {
    if (this.#story === undefined) return undefined;
    const result = [...this.#costs.values()].find(({ callId }) => callId === this.#wanted);
    return { ...this.#story, result };
  }
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
