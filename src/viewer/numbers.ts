// Counts by model, tool, agent or user, and how they went over time.
import { countJson, totalJson } from "../conventions/as-json.ts";
import type { TallyCourse, TallyPart, TallyRow } from "../conventions/tally.ts";
import { boundOf, isoDate, PreciseDate } from "../model/clock.ts";
import type { NumbersJson, NumbersRowJson, SeriesJson } from "./api.ts";
import type { Asked } from "./asked.ts";
import { rangeOf } from "./overview.ts";
import type { Filter } from "./params.ts";

/** `GET /api/numbers` */
export async function numbers(asked: Asked): Promise<NumbersJson> {
  const params = asked.params("by", "where", "since", "until", "buckets", "bucket_s");
  const by = params.choice("by", ["model", "tool", "agent", "user"]) ?? "model";
  const filter = params.filter();
  const time = await timeOf(filter, asked.reader);
  const course = courseOf(time, {
    parts: params.count("buckets", { most: MAX_PARTS, or: 42 }),
    seconds: params.count("bucket_s", { most: 1e9, or: 0 }),
  });
  const { reader, counting, prices, request } = asked;
  const counted = by === "model" ? [by] : (["model", by] as const);
  const {
    total,
    rows,
    course: parts,
  } = await counting.tally(new URL(request.url).search, {
    ...filter,
    ...{ by: counted, prices, course },
  });
  // There may be thousands of names in each of hundreds of parts.
  const over = parts.map((part) => new Map(part.rows.map((row) => [`${row.by} ${row.name}`, row])));
  return {
    by,
    total: totalJson(total),
    rows: rows
      .filter((row) => row.by === by)
      .slice(0, MAX_ROWS)
      .map((row) => rowJson(row, over)),
    series: seriesOf(course, parts),
    notes: reader.notes,
  };
}

/** Where nobody said since when, from the first span on. */
async function timeOf(filter: Filter, reader: Asked["reader"]): Promise<Time> {
  const { since, until } = filter;
  const [first] = since === undefined ? await reader.find({ ...filter, limit: 1 }) : [];
  const { from, to } = rangeOf({ since, until, firstMs: first?.startedAt.getTime() });
  return { since: new PreciseDate(Math.round(from * 1000)), until: new PreciseDate(Math.round(to * 1000)) };
}

type Time = Omit<TallyCourse, "parts">;

/** Parts of so many seconds, counted back from the end: the first may reach beyond the time. Where they would be too many, as many as there are without. */
function courseOf(
  time: Time,
  { parts, seconds }: { readonly parts: number; readonly seconds: number },
): TallyCourse {
  const [from, to] = [boundOf(time.since), boundOf(time.until)];
  const each = seconds * 1e6;
  const fitting = Math.ceil((to - from) / each - MOMENT);
  if (seconds === 0 || fitting > MAX_PARTS) return { ...time, parts };
  return { since: new PreciseDate(to - fitting * each), until: time.until, parts: fitting };
}

function rowJson(row: TallyRow, parts: readonly ReadonlyMap<string, TallyRow>[]): NumbersRowJson {
  const over = parts.map((part) => part.get(`${row.by} ${row.name}`));
  return {
    ...countJson(row),
    calls_over_time: over.map((part) => part?.calls ?? 0),
    errors_over_time: over.map((part) => part?.errors ?? 0),
    p95_ms_over_time: over.map((part) => part?.p95Ms ?? null),
    cost_usd_over_time: over.map((part) => part?.costUsd ?? null),
  };
}

function seriesOf({ since, until, parts: count }: TallyCourse, parts: readonly TallyPart[]): SeriesJson {
  const totals = parts.map(({ total }) => total);
  return {
    since: isoDate(since),
    bucket_ms: (boundOf(until) - boundOf(since)) / 1000 / count,
    model_calls: totals.map(({ modelCalls }) => modelCalls),
    tool_calls: totals.map(({ toolCalls }) => toolCalls),
    errors: totals.map(({ errors }) => errors),
    p50_ms: totals.map(({ p50Ms }) => p50Ms ?? null),
    p95_ms: totals.map(({ p95Ms }) => p95Ms ?? null),
    input_tokens: totals.map(({ inputTokens }) => inputTokens),
    cached_read_tokens: totals.map(({ cachedReadTokens }) => cachedReadTokens),
    output_tokens: totals.map(({ outputTokens }) => outputTokens),
    cost_usd: totals.map(({ costUsd }) => costUsd ?? null),
    cost_by_model: costByModel(parts),
    turns: totals.map(({ turns }) => turns),
  };
}

function costByModel(parts: readonly TallyPart[]): SeriesJson["cost_by_model"] {
  const costs = new Map<string, (number | null)[]>();
  for (const [i, { rows }] of parts.entries()) {
    for (const { by, name, costUsd } of rows) {
      if (by !== "model" || costUsd === undefined) continue;
      const known = costs.get(name) ?? new Array<number | null>(parts.length).fill(null);
      known[i] = costUsd;
      costs.set(name, known);
    }
  }
  const sumOf = (list: readonly (number | null)[]): number =>
    list.reduce<number>((sum, cost) => sum + (cost ?? 0), 0);
  return [...costs]
    .sort(([, a], [, b]) => sumOf(b) - sumOf(a))
    .slice(0, MAX_MODELS)
    .map(([name, cost_usd]) => ({ name, cost_usd }));
}

const MAX_PARTS = 200;
/** Of a part: "24 hours ago" and "now" are read one after the other. */
const MOMENT = 0.01;
const MAX_ROWS = 200;
const MAX_MODELS = 5;
