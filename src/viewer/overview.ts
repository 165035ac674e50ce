// The facts above the list, and the histogram of turns: of the rows that the list would have, the newest first.
import type { Summary } from "../conventions/summary.ts";
import { isoDate, isoMicros } from "../model/clock.ts";
import { defined } from "../model/defined.ts";
import { steadyNow } from "../model/timers.ts";
import type { SummaryQuery } from "../tracing/store.ts";
import type { HistogramJson, OverviewJson } from "./api.ts";
import type { Asked } from "./asked.ts";
import { ROWS_PARAMS, rowsQuery } from "./rows.ts";

/** `GET /api/overview` */
export async function overview(asked: Asked): Promise<OverviewJson> {
  const params = asked.params(...ROWS_PARAMS, "buckets");
  const query = rowsQuery(params);
  const count = params.count("buckets", { most: 500, or: 96 });
  const listed = await allRows({ ...query, prices: asked.prices }, asked);
  // A trace is mostly a turn; a conversation has its place by its latest alone.
  const turns = query.by === "trace" ? listed : await allRows({ ...query, by: "trace" }, asked);
  return {
    by: query.by,
    ...factsOf(listed.rows),
    is_whole: listed.isWhole && turns.isWhole,
    looked_from: listed.isWhole ? null : lastOf(listed.rows),
    histogram: histogramOf(turns.rows, query, count),
  };
}

interface Listed {
  readonly rows: readonly Summary[];
  readonly isWhole: boolean;
}

/** Page by page, no longer than a reader waits. */
async function allRows(query: SummaryQuery, { reader, signal }: Asked): Promise<Listed> {
  const rows: Summary[] = [];
  const deadline = steadyNow() + MAX_MS;
  let cursor: string | undefined;
  do {
    const page = await reader.summaries({
      ...query,
      limit: PAGE,
      ...defined({ cursor }),
    });
    rows.push(...page.rows);
    cursor = page.cursor;
    signal.throwIfAborted();
  } while (cursor !== undefined && rows.length < MAX_ROWS && steadyNow() < deadline);
  return { rows, isWhole: cursor === undefined };
}

function factsOf(
  rows: readonly Summary[],
): Omit<OverviewJson, "by" | "is_whole" | "looked_from" | "histogram"> {
  const sum = (of: (row: Summary) => number): number => rows.reduce((all, row) => all + of(row), 0);
  const isPriced = rows.some(({ costUsd }) => costUsd !== undefined);
  return {
    count: rows.length,
    with_errors: sum(({ errors }) => (errors > 0 ? 1 : 0)),
    running: sum(({ state }) => (state === "running" ? 1 : 0)),
    interrupted: sum(({ state }) => (state === "interrupted" ? 1 : 0)),
    input_tokens: sum(({ inputTokens }) => inputTokens),
    output_tokens: sum(({ outputTokens }) => outputTokens),
    cost_usd: isPriced ? sum(({ costUsd = 0 }) => costUsd) : null,
    unpriced_calls: sum(({ unpricedCalls }) => unpricedCalls),
  };
}

function lastOf(rows: readonly Summary[]): string | null {
  const last = rows.at(-1);
  return last === undefined ? null : isoDate(last.latestAt);
}

function histogramOf(rows: readonly Summary[], { since, until }: SummaryQuery, count: number): HistogramJson {
  const range = rangeOf({ since, until, firstMs: rows.at(-1)?.latestAt.getTime() });
  const bucketMs = Math.max(1, (range.to - range.from) / count);
  const lists = { ended: zeros(count), failed: zeros(count), running: zeros(count) };
  for (const { latestAt, state, errors } of rows) {
    const list = state === "running" ? lists.running : errors > 0 ? lists.failed : lists.ended;
    const at = Math.min(count - 1, Math.max(0, Math.floor((latestAt.getTime() - range.from) / bucketMs)));
    list[at] = (list[at] ?? 0) + 1;
  }
  return { since: isoMicros(Math.round(range.from * 1000)), bucket_ms: bucketMs, ...lists };
}

/** From when to when, in milliseconds; where nobody said, from the first that there is until now. */
export function rangeOf({
  since,
  until,
  firstMs,
}: {
  readonly since?: Date | undefined;
  readonly until?: Date | undefined;
  readonly firstMs: number | undefined;
}): { readonly from: number; readonly to: number } {
  const to = until?.getTime() ?? Date.now();
  const from = since?.getTime() ?? Math.min(firstMs ?? to - HOUR, to - 1);
  return { from: Math.min(from, to - 1), to };
}

/** So many zeros. */
function zeros(count: number): number[] {
  return new Array<number>(count).fill(0);
}

const PAGE = 1000;
const MAX_ROWS = 20_000;
const MAX_MS = 2000;
const HOUR = 3_600_000;
