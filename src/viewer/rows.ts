// The list: rows of conversations or traces, with no more than a row shows.

import type { Summary } from "../conventions/summary.ts";
import { isoDate } from "../model/clock.ts";
import { idKey } from "../model/conversation.ts";
import { cut } from "../model/cut.ts";
import { defined } from "../model/defined.ts";
import { readWhere, suggestNames } from "../model/where.ts";
import type { SummaryQuery } from "../tracing/store.ts";
import type { Columns, RowJson, RowsJson } from "./api.ts";
import type { Asked } from "./asked.ts";
import { both, type Params } from "./params.ts";

/** The parameters that say which rows are meant. */
export const ROWS_PARAMS = ["by", "where", "since", "until", "failed", "state"] as const;

/** A page of rows. */
export async function rows(asked: Asked): Promise<RowsJson> {
  const params = asked.params(...ROWS_PARAMS, "limit", "cursor");
  const query = rowsQuery(params);
  const cursor = params.text("cursor");
  const page = await asked.reader.summaries({
    ...{ ...query, prices: asked.prices, limit: params.count("limit", { most: 200, or: 50 }) },
    ...defined({ cursor }),
  });
  const isEmpty = page.rows.length === 0 && cursor === undefined;
  return {
    by: query.by,
    rows: columnsOf(page.rows),
    cursor: page.cursor ?? null,
    notes: [...page.notes, ...asked.reader.notes],
    slips: isEmpty ? await slipsIn(params.text("where"), asked) : [],
  };
}

/** Which rows are meant. */
export function rowsQuery(params: Params): SummaryQuery & { readonly by: "conversation" | "trace" } {
  const { where, ...times } = params.filter();
  const state = params.choice("state", ["running", "ended", "interrupted"]);
  const filter = both(where, state === undefined ? undefined : `state = ${state}`);
  return {
    by: params.choice("by", ["conversation", "trace"]) ?? "conversation",
    ...times,
    ...defined({ where: filter, failed: params.choice("failed", ["1"]) && true }),
  };
}

async function slipsIn(where: string | undefined, { reader }: Asked): Promise<RowsJson["slips"]> {
  return where === undefined ? [] : suggestNames(readWhere(where), await reader.attributeNames());
}

function columnsOf(rows: readonly Summary[]): Columns<RowJson> {
  return {
    key: rows.map(({ id }) => idKey(id)),
    title: rows.map(({ title }) => (title === undefined ? null : cut(title, MAX_TITLE))),
    name: rows.map(({ title, name }) => (title === undefined ? cut(name, MAX_TITLE) : null)),
    agent: rows.map(({ agent }) => shortOrNull(agent)),
    user: rows.map(({ user }) => shortOrNull(user)),
    latest_at: rows.map(({ latestAt }) => isoDate(latestAt)),
    duration_ms: rows.map(({ durationMs }) => durationMs),
    models: rows.map(({ models }) => models.slice(0, MAX_MODELS).map((model) => cut(model, MAX_NAME))),
    more_models: rows.map(({ models }) => Math.max(0, models.length - MAX_MODELS)),
    input_tokens: rows.map(({ inputTokens }) => inputTokens),
    output_tokens: rows.map(({ outputTokens }) => outputTokens),
    cost_usd: rows.map(({ costUsd }) => costUsd ?? null),
    unpriced_calls: rows.map(({ unpricedCalls }) => unpricedCalls),
    tool_calls: rows.map(({ toolCalls }) => toolCalls),
    errors: rows.map(({ errors }) => errors),
    state: rows.map(({ state }) => state),
  };
}

function shortOrNull(name: string | undefined): string | null {
  return name === undefined ? null : cut(name, MAX_NAME);
}

const MAX_TITLE = 120;
const MAX_NAME = 60;
const MAX_MODELS = 3;
