// Rows and the days above them, as one list of which a part is on the page.
import type { Columns, RowJson } from "../../src/viewer/api.ts";
import { dayKey } from "../app/moments.ts";

/** A day, or a row below it. */
export type Item =
  | { readonly type: "day"; readonly at: number; readonly rows: number; readonly cost: number }
  | { readonly type: "row"; readonly row: RowJson; readonly index: number };

/** Rows out of columns. */
export function rowsOf(columns: Columns<RowJson>): RowJson[] {
  return columns.key.map((key, i) => ({
    key,
    title: columns.title[i] ?? null,
    name: columns.name[i] ?? null,
    agent: columns.agent[i] ?? null,
    user: columns.user[i] ?? null,
    latest_at: columns.latest_at[i] ?? "",
    duration_ms: columns.duration_ms[i] ?? 0,
    models: columns.models[i] ?? [],
    more_models: columns.more_models[i] ?? 0,
    input_tokens: columns.input_tokens[i] ?? 0,
    output_tokens: columns.output_tokens[i] ?? 0,
    cost_usd: columns.cost_usd[i] ?? null,
    unpriced_calls: columns.unpriced_calls[i] ?? 0,
    tool_calls: columns.tool_calls[i] ?? 0,
    errors: columns.errors[i] ?? 0,
    state: columns.state[i] ?? "ended",
  }));
}

/** Rows with a day above those of each, newest first. */
export function itemsOf(rows: readonly RowJson[]): Item[] {
  const items: Item[] = [];
  let from = 0;
  while (from < rows.length) {
    const at = Date.parse(rows[from]?.latest_at ?? "");
    const key = dayKey(at);
    let to = from;
    let cost = 0;
    while (to < rows.length && dayKey(Date.parse(rows[to]?.latest_at ?? "")) === key) {
      cost += rows[to++]?.cost_usd ?? 0;
    }
    items.push({ type: "day", at, rows: to - from, cost });
    for (let index = from; index < to; index++) {
      const row = rows[index];
      if (row !== undefined) items.push({ type: "row", row, index });
    }
    from = to;
  }
  return items;
}

/** The heights that rows and days have. */
export interface Heights {
  readonly row: number;
  readonly day: number;
}

/** Where each item begins, and the height of all at the end. */
export function offsetsOf(items: readonly Item[], heights: Heights): Float64Array {
  const offsets = new Float64Array(items.length + 1);
  items.forEach(({ type }, i) => {
    offsets[i + 1] = (offsets[i] ?? 0) + heights[type];
  });
  return offsets;
}

/** The item at that height. */
export function itemAt(offsets: Float64Array, y: number): number {
  let [low, high] = [0, offsets.length - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((offsets[middle] ?? 0) <= y) low = middle;
    else high = middle - 1;
  }
  return low;
}
