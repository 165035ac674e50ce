// `tracelight stats`: calls, times, errors and tokens by model, tool and day, and what was wasted by cause.
import { countJson, totalJson } from "../../conventions/as-json.ts";
import type { TallyGrouping, TallyReport, TallyRow, TallyTotal } from "../../conventions/tally.ts";
import type { Paint } from "../../render/color.ts";
import { oneLine } from "../../render/text.ts";
import { wasteJson } from "../../render/waste-json.ts";
import { wasteIn } from "../../tracing/waste.ts";
import type { Context } from "../context.ts";
import { type Fact, factLine } from "../facts.ts";
import {
  compact,
  cost,
  costInWords,
  count,
  counted,
  duration,
  howFar,
  keptInWords,
  timestamp,
  tokensInWords,
} from "../format.ts";
import { type Column, table } from "../table.ts";
import { blocks } from "../tree.ts";
import { wasteLines } from "../waste.ts";
import { EXIT, type ExitCode } from "../world.ts";
import { type FilterOptions, filterOf, jsonLine, nothingFound } from "./filter.ts";

/** Options of `stats`. */
export interface StatsOptions extends FilterOptions {
  readonly json?: boolean;
  readonly prices?: string;
}

const GROUPINGS: readonly TallyGrouping[] = ["model", "tool", "day"];
const MAX_ROWS = 20;
const MAX_DAYS = 31;
const MAX_NAME = 60;

/** Counts the spans of a store. */
export async function stats(
  context: Context,
  name: string | undefined,
  options: StatsOptions,
): Promise<ExitCode> {
  const store = await context.open(name, { again: true });
  const { output } = context;
  const prices = await context.prices(options);
  const tally = await store.tally({
    ...filterOf(options),
    by: GROUPINGS,
    prices,
    onProgress: (progress) => output.progress(() => howFar(progress, "counted")),
    signal: context.world.signal,
  });
  if (tally.total.spans === 0) return nothingFound(context, store, options);
  for (const line of options.json ? jsonLines(tally) : textLines(tally, context)) await output.line(line);
  const waste = await wasteIn(store, { ...filterOf(options), prices, signal: context.world.signal });
  const lines = options.json ? [jsonLine(wasteJson(waste.rows, waste))] : wasteLines(waste, context);
  for (const line of lines) await output.line(line);
  return EXIT.ok;
}

function* textLines(tally: TallyReport, { output: { paint, width } }: Context): Iterable<string> {
  yield totalLine(tally.total, { width, paint });
  for (const by of GROUPINGS) {
    const all = tally.rows.filter((row) => row.by === by);
    const rows = by === "day" ? all.slice(-MAX_DAYS) : all.slice(0, MAX_ROWS);
    if (rows.length === 0) continue;
    yield "";
    yield* table(rows, columnsOf(by, rows, width), { paint, width });
    if (rows.length < all.length)
      yield paint("grey", `… and ${count(all.length - rows.length)} more: --json has them all`);
  }
}

function totalLine(total: TallyTotal, room: { readonly width: number; readonly paint: Paint }): string {
  const {
    spans,
    traces,
    kept,
    errors,
    firstStartedAtMicros: start = 0,
    lastStartedAtMicros: end = 0,
  } = total;
  const [first, last] = [start, end].map((micros) => timestamp(new Date(micros / 1000)));
  const facts: Fact[] = [
    `${kept === undefined ? "" : "about "}${counted(spans, "span")} in ${counted(traces, "trace")}`,
    kept === undefined ? "" : keptInWords(kept.spans, spans),
    errors === 0 ? "" : [counted(errors, "error"), "red"],
    tokensInWords(total),
    costInWords(total),
    `${first} to ${last}`,
  ];
  return factLine(facts, room);
}

function columnsOf(by: TallyGrouping, rows: readonly TallyRow[], width: number): Column<TallyRow>[] {
  const most = Math.max(1, ...rows.map(({ calls }) => calls));
  const barWidth = width >= 140 ? 40 : width >= 100 ? 24 : 12;
  const time = (ms: number | undefined): string => (ms === undefined ? "" : duration(ms));
  return [
    { title: by, cell: ({ name }) => oneLine(name, MAX_NAME), flexible: true },
    { title: by === "day" ? "turns" : "calls", cell: ({ calls }) => count(calls), align: "right" },
    {
      title: "",
      cell: ({ calls }) => blocks(Math.ceil((calls / most) * barWidth * 8)),
      color: () => "blue",
      goes: 1,
    },
    { title: "p50", cell: ({ p50Ms }) => time(p50Ms), align: "right", goes: 5 },
    { title: "p95", cell: ({ p95Ms }) => time(p95Ms), align: "right", goes: 4 },
    {
      title: "errors",
      cell: ({ errors }) => (errors === 0 ? "" : count(errors)),
      color: () => "red",
      align: "right",
      goes: 6,
    },
    {
      title: "tokens in",
      cell: ({ inputTokens: n }) => (n === 0 ? "" : compact(n)),
      align: "right",
      goes: 3,
    },
    { title: "out", cell: ({ outputTokens: n }) => (n === 0 ? "" : compact(n)), align: "right", goes: 2 },
    ...(rows.some(({ costUsd }) => costUsd !== undefined) ? COST : []),
  ];
}

/** Not there where no row has a cost: without prices it would say nothing. */
const COST: readonly Column<TallyRow>[] = [{ title: "cost", cell: cost, align: "right", goes: 7 }];

function* jsonLines({ total, rows }: TallyReport): Iterable<string> {
  yield jsonLine(totalJson(total));
  for (const row of rows) yield jsonLine(countJson(row));
}
