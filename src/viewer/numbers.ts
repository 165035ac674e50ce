// Counts by model, tool, agent or user, and how they went over time.
import { countJson, totalJson } from "../conventions/as-json.ts";
import type { TallyReport, TallyRow } from "../conventions/tally.ts";
import { isoMicros, PreciseDate } from "../model/clock.ts";
import type { NumbersJson, NumbersRowJson, SeriesJson } from "./api.ts";
import type { Asked } from "./asked.ts";
import { rangeOf } from "./overview.ts";
import type { Filter } from "./params.ts";

/** `GET /api/numbers` */
export async function numbers(asked: Asked): Promise<NumbersJson> {
  const params = asked.params("by", "where", "since", "until", "buckets");
  const by = params.choice("by", ["model", "tool", "agent", "user"]) ?? "model";
  const filter = params.filter();
  const count = params.count("buckets", { most: 200, or: 42 });
  const { reader, prices, signal } = asked;
  const whole = await reader.tally({ ...filter, by: [by], prices, signal });
  const course = await courseOf(whole, filter, { asked, by, count });
  return {
    by,
    total: totalJson(whole.total),
    rows: whole.rows.slice(0, MAX_ROWS).map((row) => rowJson(row, course.parts)),
    series: seriesOf(course),
    notes: reader.notes,
  };
}

interface CourseSetup {
  readonly asked: Asked;
  readonly by: "model" | "tool" | "agent" | "user";
  readonly count: number;
}

/** The counts of each part of the time. */
interface Course {
  readonly fromMs: number;
  readonly bucketMs: number;
  readonly parts: readonly TallyReport[];
}

async function courseOf(
  whole: TallyReport,
  filter: Filter,
  { asked, by, count }: CourseSetup,
): Promise<Course> {
  const { reader, prices, signal } = asked;
  const first = whole.total.firstStartedAtMicros;
  const { from, to } = rangeOf({ ...filter, firstMs: first === undefined ? undefined : first / 1000 });
  const bucketMs = (to - from) / count;
  const parts: TallyReport[] = [];
  const bounds = Array.from(
    { length: count + 1 },
    (_, i) => new PreciseDate(Math.round((from + i * bucketMs) * 1000)),
  );
  for (const [i, since] of bounds.slice(0, -1).entries()) {
    signal.throwIfAborted();
    const until = bounds[i + 1] ?? since;
    parts.push(
      await reader.tally({
        ...filter,
        since,
        until,
        by: by === "model" ? ["model"] : ["model", by],
        prices,
        signal,
      }),
    );
  }
  return { fromMs: from, bucketMs, parts };
}

function rowJson(row: TallyRow, parts: readonly TallyReport[]): NumbersRowJson {
  const over = parts.map(({ rows }) => rows.find(({ by, name }) => by === row.by && name === row.name));
  return {
    ...countJson(row),
    calls_over_time: over.map((part) => part?.calls ?? 0),
    errors_over_time: over.map((part) => part?.errors ?? 0),
    p95_ms_over_time: over.map((part) => part?.p95Ms ?? null),
    cost_usd_over_time: over.map((part) => part?.costUsd ?? null),
  };
}

function seriesOf({ fromMs, bucketMs, parts }: Course): SeriesJson {
  const totals = parts.map(({ total }) => total);
  const busiest = parts.map(({ rows }) => rows.find(({ by }) => by === "model"));
  return {
    since: isoMicros(Math.round(fromMs * 1000)),
    bucket_ms: bucketMs,
    model_calls: totals.map(({ modelCalls }) => modelCalls),
    tool_calls: totals.map(({ toolCalls }) => toolCalls),
    errors: totals.map(({ errors }) => errors),
    p50_ms: busiest.map((model) => model?.p50Ms ?? null),
    p95_ms: busiest.map((model) => model?.p95Ms ?? null),
    input_tokens: totals.map(({ inputTokens }) => inputTokens),
    cached_read_tokens: totals.map(({ cachedReadTokens }) => cachedReadTokens),
    output_tokens: totals.map(({ outputTokens }) => outputTokens),
    cost_usd: totals.map(({ costUsd }) => costUsd ?? null),
    cost_by_model: costByModel(parts),
    turns: totals.map(({ traces }) => traces),
  };
}

function costByModel(parts: readonly TallyReport[]): SeriesJson["cost_by_model"] {
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

const MAX_ROWS = 200;
const MAX_MODELS = 5;
