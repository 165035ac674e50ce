// Makes the JSON of rows, counts and hits: for the command and the viewer.
import { isoDate, isoMicros } from "../model/clock.ts";
import type { SpanFields } from "../model/span-fields.ts";
import { encodeValue } from "../model/values.ts";
import { conversationOf } from "./conversation.ts";
import type { CountJson, HitJson, SummaryJson, TotalJson, UseJson } from "./json-forms.ts";
import { type SearchQuery, searchTexts } from "./search.ts";
import { snippets } from "./snippets.ts";
import type { Summary } from "./summary.ts";
import type { TallyRow, TallyTotal, TallyUse } from "./tally.ts";

/** A row of a listing. */
export function summaryJson(row: Summary): SummaryJson {
  return {
    by: row.by,
    id: encodeValue(row.id),
    title: row.title ?? null,
    name: row.name,
    agent: row.agent ?? null,
    user: row.user ?? null,
    started_at: isoDate(row.startedAt),
    ended_at: row.endedAt === undefined ? null : isoDate(row.endedAt),
    latest_at: isoDate(row.latestAt),
    duration_ms: row.durationMs,
    traces: row.traces,
    spans: row.spans,
    model_calls: row.modelCalls,
    tool_calls: row.toolCalls,
    errors: row.errors,
    aborted: row.aborted,
    tools: row.tools,
    models: row.models,
    ...useJson(row),
    time_to_first_token_ms: row.timeToFirstTokenMs ?? null,
    finish_reasons: row.finishReasons,
    state: row.state,
  };
}

/** What a count came to. */
export function totalJson(total: TallyTotal): TotalJson {
  return {
    by: "total",
    ...{ spans: total.spans, traces: total.traces, kept: total.kept ?? null },
    ...{ model_calls: total.modelCalls, tool_calls: total.toolCalls },
    ...{ turns: total.turns, errors: total.errors },
    ...{ p50_ms: total.p50Ms ?? null, p95_ms: total.p95Ms ?? null },
    ...useJson(total),
    first_started_at: timeJson(total.firstStartedAtMicros),
    last_started_at: timeJson(total.lastStartedAtMicros),
  };
}

/** One line of a count. */
export function countJson(row: TallyRow): CountJson {
  const { by, name, calls, kept = null, errors, p50Ms, p95Ms, topError, ...use } = row;
  return {
    ...{ by, name, calls, kept, errors, p50_ms: p50Ms ?? null, p95_ms: p95Ms ?? null },
    top_error: topError ?? null,
    ...useJson(use),
  };
}

/** A span that a search found. */
export function hitJson(span: SpanFields, query: SearchQuery): HitJson {
  return {
    trace_id: span.traceId,
    span_id: span.spanId,
    span_name: span.spanName,
    started_at: isoMicros(span.startedAtMicros),
    conversation_id: encodeValue(conversationOf(span.attributes) ?? null),
    snippets: snippets(searchTexts(span), query, { count: SNIPPETS_A_SPAN }).map(({ label, parts }) => ({
      label,
      text: parts.map(({ text }) => text).join(""),
      hits: parts.flatMap(({ text, isHit }) => (isHit ? [text] : [])),
    })),
  };
}

/** Of each span that was found, as many are shown. */
export const SNIPPETS_A_SPAN = 3;

/** What models used. */
export function useJson(use: TallyUse): UseJson {
  return {
    ...{ input_tokens: use.inputTokens, output_tokens: use.outputTokens },
    ...{ cached_read_tokens: use.cachedReadTokens, cached_write_tokens: use.cachedWriteTokens },
    reasoning_tokens: use.reasoningTokens,
    ...{ cost_usd: use.costUsd ?? null, unpriced_calls: use.unpricedCalls },
  };
}

function timeJson(micros: number | undefined): string | null {
  return micros === undefined ? null : isoMicros(micros);
}
