// `tracelight ls`: recent conversations or traces, one row each.
import { summaryJson } from "../../conventions/as-json.ts";
import type { PriceTable } from "../../conventions/cost.ts";
import type { Summary, SummarySubject } from "../../conventions/summary.ts";
import { defined } from "../../model/defined.ts";
import type { Color } from "../../render/color.ts";
import { subjectOf } from "../../tracing/cursors.ts";
import type { StoreReader } from "../../tracing/readable.ts";
import type { SummaryPage, SummaryQuery } from "../../tracing/store.ts";
import type { Context } from "../context.ts";
import { age, compact, cost, duration, idText, tokens, words } from "../format.ts";
import { idTexts } from "../ids.ts";
import { type Column, table } from "../table.ts";
import { EXIT, type ExitCode } from "../world.ts";
import { type FilterOptions, filterOf, jsonLine, nothingFound } from "./filter.ts";

/** Options of `ls`. */
export interface LsOptions extends FilterOptions {
  readonly by?: SummarySubject;
  readonly errors?: boolean;
  readonly limit?: number;
  readonly cursor?: string;
  readonly prices?: string;
  readonly json?: boolean;
}

const MIN_ID = 8;
/** Ids that are not longer are shown whole. */
const SHORT_ID = 12;
const WIDE = 140;

/** Lists the store's conversations, or its traces where it has none. */
export async function ls(context: Context, name: string | undefined, options: LsOptions): Promise<ExitCode> {
  const store = await context.open(name);
  const { output } = context;
  const { by, rows, cursor, notes } = await listed(store, options, await context.prices(options));
  for (const note of notes) await output.say(note, "yellow");
  if (rows.length === 0 && cursor === undefined) return nothingListed(by, context, store, options);
  if (options.json) for (const row of rows) await output.line(jsonLine(summaryJson(row)));
  else if (rows.length > 0) for (const line of tableOf(rows, context)) await output.line(line);
  for (const line of footer(by, cursor, options)) {
    if (output.isWatched || cursor !== undefined) await output.say(line, "grey");
  }
  return rows.length === 0 ? EXIT.nothingFound : EXIT.ok;
}

type Listed = SummaryPage & { readonly by: SummarySubject };

async function listed(store: StoreReader, options: LsOptions, prices: PriceTable): Promise<Listed> {
  const { limit, cursor } = options;
  // A listing goes on as it began, also where it fell back to traces.
  const { by = subjectOf(cursor) ?? "conversation" } = options;
  const query: SummaryQuery = {
    ...{ by, prices, ...filterOf(options) },
    ...defined({ failed: options.errors === true ? true : undefined, limit, cursor }),
  };
  const page = await store.summaries(query);
  if (page.rows.length > 0 || options.by !== undefined || cursor !== undefined) return { ...page, by };
  return { ...(await store.summaries({ ...query, by: "trace" })), by: "trace" };
}

function nothingListed(
  by: SummarySubject,
  context: Context,
  store: StoreReader,
  options: LsOptions,
): Promise<ExitCode> {
  const what = by === "conversation" ? "No conversations" : "No traces";
  return nothingFound(context, store, options, `${what}${options.errors ? " with errors" : ""}`);
}

function footer(by: SummarySubject, cursor: string | undefined, { by: wanted }: LsOptions): string[] {
  const more = cursor === undefined ? [] : [`More: --cursor ${cursor}`];
  const others = by === "conversation" && wanted === undefined && cursor === undefined;
  return others ? [...more, "Traces, those without a conversation too: --by trace"] : more;
}

function tableOf(rows: readonly Summary[], { output }: Context): string[] {
  const now = new Date();
  const { width, paint } = output;
  const ids = shortIds(rows.map(({ id }) => id));
  const idOf = new Map(rows.map((row, i) => [row, ids[i] ?? ""]));
  const columns: readonly Column<Summary>[] = [
    { title: "when", cell: ({ latestAt }) => age(latestAt, now), color: () => "grey" },
    {
      title: "id",
      cell: (row) => words(idOf.get(row) ?? "", 40),
      color: () => "blue",
      max: Math.max(MIN_ID, Math.floor(width / 4)),
    },
    { title: "agent", cell: ({ agent = "" }) => words(agent, 20), color: () => "cyan", max: 20, goes: 3 },
    { title: "user", cell: ({ user = "" }) => words(user, 16), max: 16, goes: 2 },
    {
      title: "first words",
      cell: ({ title, name }) => words(title ?? name, 200),
      color: ({ title }) => (title === undefined ? "grey" : undefined),
      flexible: true,
    },
    { title: "time", cell: timeOf, align: "right", goes: 6 },
    { title: "spans", cell: ({ spans }) => compact(spans), align: "right", goes: 4 },
    ...toolColumns(width),
    {
      title: "tokens",
      cell: ({ inputTokens, outputTokens }) => tokens(inputTokens, outputTokens),
      ...{ align: "right", goes: 5 },
    },
    ...(rows.some(({ costUsd }) => costUsd !== undefined) ? COST : []),
    {
      title: "err",
      cell: ({ errors }) => (errors === 0 ? "" : compact(errors)),
      ...{ color: () => "red", align: "right", goes: 8 },
    },
    { title: "", cell: stateText, color: stateColor, goes: 9 },
  ];
  return table(rows, columns, { width, paint });
}

/** Not there where no row has a cost: without prices it would say nothing. */
const COST: readonly Column<Summary>[] = [{ title: "cost", cell: cost, align: "right", goes: 7 }];

function toolColumns(width: number): Column<Summary>[] {
  if (width < WIDE) {
    const cell = ({ toolCalls }: Summary): string => (toolCalls === 0 ? "" : compact(toolCalls));
    return [{ title: "tools", cell, align: "right", goes: 1 }];
  }
  return [{ title: "tools", cell: ({ tools }) => words(tools.join(", "), 32), max: 32, goes: 1 }];
}

function timeOf({ durationMs, state }: Summary): string {
  return state !== "ended" && durationMs === 0 ? "" : duration(durationMs);
}

/** A row that ended is none that ended well where work of it was called off. */
function stateText({ state, aborted }: Summary): string {
  if (state !== "ended") return state;
  return aborted === 0 ? "" : "aborted";
}

function stateColor({ state }: Summary): Color {
  return state === "running" ? "green" : "yellow";
}

/** As much of each id as tells it from the others, so that `show` finds it; in quotes where another reads the same. */
function shortIds(ids: readonly unknown[]): string[] {
  const texts = ids.map(idText);
  const sorted = [...new Set(texts)].sort();
  const short = new Map(
    sorted.map((id, i) => {
      const common = Math.max(commonStart(id, sorted[i - 1]), commonStart(id, sorted[i + 1]));
      return [id, id.length <= SHORT_ID ? id : id.slice(0, Math.max(MIN_ID, common + 1))];
    }),
  );
  const isDouble = (text: string): boolean => texts.indexOf(text) !== texts.lastIndexOf(text);
  return idTexts(ids).map((whole, i) => {
    const text = texts[i] ?? whole;
    return isDouble(text) ? whole : (short.get(text) ?? whole);
  });
}

function commonStart(a: string, b: string | undefined): number {
  let at = 0;
  while (b !== undefined && at < a.length && a[at] === b[at]) at++;
  return at;
}
