// The pages of the list that were read, and how the latest one joins them.
import type { RowJson } from "../../src/viewer/api.ts";

/** What was read: the next page begins at the cursor. */
export interface Pages {
  readonly rows: readonly RowJson[];
  readonly cursor: string | null;
}

/** A list that is left open keeps so many rows at most: those further down are read again by who goes there. */
export const MOST_KEPT = 200;

/** The latest page above what was read; alone where that would be too much, or where rows between the two were never read. */
export function withLatest(latest: Pages, before: Pages): Pages {
  const known = new Set(before.rows.map(({ key }) => key));
  const isGap = latest.cursor !== null && !latest.rows.some(({ key }) => known.has(key));
  const rows = joined(latest.rows, before.rows);
  return isGap || rows.length > MOST_KEPT ? latest : { rows, cursor: before.cursor };
}

/** How many rows of the latest page are new, or have a new turn: with `+` where it is all of them, and there may be more. */
export function newsIn(latest: Pages, before: Pages): string {
  const known = new Map(before.rows.map(({ key, latest_at }) => [key, latest_at]));
  const count = latest.rows.filter(({ key, latest_at: at }) => known.get(key) !== at).length;
  const isAll = latest.cursor !== null && count === latest.rows.length;
  return count === 0 ? "" : `${count}${isAll ? "+" : ""}`;
}

/** These rows, and behind them those of the others that are not among them. */
export function joined(rows: readonly RowJson[], others: readonly RowJson[]): readonly RowJson[] {
  const known = new Set(rows.map(({ key }) => key));
  return [...rows, ...others.filter(({ key }) => !known.has(key))];
}
