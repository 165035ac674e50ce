// What was read again although it had been cached, summed by cause.
import type { ContextCall } from "./call.ts";
import type { CacheCause } from "./verdicts.ts";

/** What one cause wasted. */
export interface WasteRow {
  readonly cause: CacheCause;
  /** Calls whose prefix was broken. */
  readonly calls: number;
  /** The conversations that they are of; a trace without one counts as one. */
  readonly conversations: number;
  /** Tokens that were read again. */
  readonly tokens: number;
  /** US dollars that they cost more than from the cache; undefined where none of the calls has a price. */
  readonly wastedUsd: number | undefined;
  /** Calls without a price. */
  readonly unpricedCalls: number;
}

/** Sums the waste of conversations. */
export class WasteSums {
  readonly #rows = new Map<CacheCause, WasteRow>();

  /** Takes the calls of a conversation. */
  add(calls: readonly ContextCall[]): void {
    const seen = new Set<CacheCause>();
    for (const call of calls) {
      const { state, cause = "unexplained" } = call.cache;
      if (state !== "broken") continue;
      this.#rows.set(cause, added(this.#rows.get(cause) ?? nothing(cause), call, !seen.has(cause)));
      seen.add(cause);
    }
  }

  /** By what they cost, then by tokens. */
  rows(): readonly WasteRow[] {
    return [...this.#rows.values()].sort(
      (a, b) => (b.wastedUsd ?? 0) - (a.wastedUsd ?? 0) || b.tokens - a.tokens,
    );
  }
}

function nothing(cause: CacheCause): WasteRow {
  return { cause, calls: 0, conversations: 0, tokens: 0, wastedUsd: undefined, unpricedCalls: 0 };
}

function added(row: WasteRow, { cache, wastedUsd }: ContextCall, isFirst: boolean): WasteRow {
  const { wastedTokens = 0 } = cache;
  return {
    ...row,
    ...{ calls: row.calls + 1, conversations: row.conversations + Number(isFirst) },
    tokens: row.tokens + wastedTokens,
    wastedUsd: wastedUsd === undefined ? row.wastedUsd : (row.wastedUsd ?? 0) + wastedUsd,
    unpricedCalls: row.unpricedCalls + Number(wastedUsd === undefined && wastedTokens > 0),
  };
}
