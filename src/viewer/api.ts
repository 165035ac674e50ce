// The API of the viewer: where things are, and what all JSON of it is. No code but paths: the page takes its types from here.

import { urlPart } from "../model/url-part.ts";
import type { TraceJson } from "./api/trace.ts";

export type {
  CallRowJson,
  ComparedCallJson,
  ComparedCallsJson,
  WordPieceJson,
} from "../conventions/compare/json-forms.ts";
export type {
  CallNameJson,
  ContextCacheJson,
  ContextCallJson,
  ContextChangeJson,
  ContextCompactionJson,
  ContextFatesJson,
  ContextFindingJson,
  ContextJson,
  ContextPartsJson,
  ContextPieceJson,
  ContextResultJson,
  ToolStoryJson,
  WasteCauseJson,
  WasteJson,
} from "../conventions/context/json-forms.ts";
export type {
  CountJson,
  JsonValue,
  SnippetJson,
  StateJson,
  SummaryJson,
  TotalJson,
  UseJson,
} from "../conventions/json-forms.ts";
export type { WorkKind } from "../conventions/work-kind.ts";
export type { ComparedColumnsJson, CompareJson, StepColumnsJson } from "./api/compare.ts";
export { STEP_STATES } from "./api/compare.ts";
export type {
  ContextAnswerJson,
  ContextParams,
  OpenedCallJson,
  SegmentJson,
  WasteAnswerJson,
  WhyJson,
} from "./api/context.ts";
export type {
  Columns,
  CompleteParams,
  CompletionJson,
  CompletionNameJson,
  CompletionValueJson,
  FilterParams,
  HistogramJson,
  OverviewJson,
  OverviewParams,
  ProblemJson,
  RowJson,
  RowsJson,
  RowsParams,
  StoreJson,
} from "./api/list.ts";
export type {
  ChangedSpanJson,
  ChangesJson,
  ExportParams,
  FoundJson,
  LiveEvents,
  NumbersJson,
  NumbersParams,
  NumbersRowJson,
  SearchJson,
  SearchParams,
  SeriesJson,
} from "./api/numbers.ts";
export type {
  BillLineJson,
  EvaluationJson,
  MessageJson,
  OfferedToolJson,
  PartJson,
  ReadingJson,
  SpanJson,
  ToolUseJson,
  UsageJson,
  ValueJson,
  ValueParams,
} from "./api/span.ts";
export type {
  AgentJson,
  CallJson,
  ConversationJson,
  EntryJson,
  MishapJson,
  TimedJson,
  ToolJson,
  TurnJson,
  TurnTalkJson,
} from "./api/talk.ts";
export type {
  CallNumberJson,
  CallNumbersJson,
  GlanceJson,
  GlancesJson,
  OutlineCallJson,
  OutlineJson,
  OutlineTextJson,
  TraceJson,
  TraceParams,
  TraceTurnJson,
} from "./api/trace.ts";
export type { LargeJson, MediaJson, Shown } from "./api/values.ts";

/** Where the API is: below the address of the page, which may be mounted under any path (`document.baseURI`). */
export const API: {
  /** `StoreJson`. */
  readonly store: string;
  /** `RowsJson`; takes `RowsParams`. */
  readonly rows: string;
  /** `OverviewJson`; takes `OverviewParams`. */
  readonly overview: string;
  /** `CompletionJson`; takes `CompleteParams`. */
  readonly complete: string;
  /** `SearchJson`; takes `SearchParams`. */
  readonly search: string;
  /** `NumbersJson`; takes `NumbersParams`. */
  readonly numbers: string;
  /** `WasteAnswerJson`, of the newest conversations; takes `FilterParams`. */
  readonly waste: string;
  /** Server-sent events: see `LiveEvents`. */
  readonly live: string;
  /** Spans as records, one a line, or in another form; takes `ExportParams`. */
  readonly export: string;
  /** `ConversationJson`. The key is that of a row. */
  readonly conversation: (key: string) => string;
  /** `TurnTalkJson`, by the number of the turn: 1, 2 and so on. */
  readonly turn: (key: string, number: number) => string;
  /** `ContextAnswerJson` of a conversation; with the span of the call to open. */
  readonly context: (key: string, call?: string) => string;
  /** `WhyJson`, by the span of a tool call. */
  readonly why: (traceId: string, spanId: string) => string;
  /** The same of a trace that belongs to no conversation. */
  readonly traceContext: (traceId: string, call?: string) => string;
  /** `CompareJson`: `TRACE`, `TRACE/SPAN`, the key of a conversation, or `KEY#7` for its seventh call. */
  readonly compare: (a: string, b: string) => string;
  /** `TraceJson`. */
  readonly trace: (traceId: string) => string;
  /** `CallNumbersJson`. */
  readonly calls: (traceId: string) => string;
  /** `GlancesJson`, of at most 200 spans. */
  readonly glances: (traceId: string, spanIds: readonly string[]) => string;
  /** `SpanJson`. */
  readonly span: (traceId: string, spanId: string) => string;
  /** `ValueJson`: a part of a large value; `path` is that of a `LargeJson`. */
  readonly value: (traceId: string, spanId: string, path: string) => string;
  /** An image; `path` is that of a `MediaJson`. */
  readonly media: (traceId: string, spanId: string, path: string) => string;
} = {
  store: "api/store",
  rows: "api/rows",
  overview: "api/overview",
  complete: "api/complete",
  search: "api/search",
  numbers: "api/numbers",
  waste: "api/waste",
  live: "api/live",
  export: "api/export",
  conversation: (key) => `api/conversations/${urlPart(key)}`,
  turn: (key, number) => `api/conversations/${urlPart(key)}/turns/${number}`,
  why: (traceId, spanId) => `api/traces/${traceId}/spans/${spanId}/why`,
  context: (key, call) => `api/conversations/${urlPart(key)}/context${opening(call)}`,
  traceContext: (traceId, call) => `api/traces/${traceId}/context${opening(call)}`,
  compare: (a, b) => `api/compare?a=${urlPart(a)}&b=${urlPart(b)}`,
  trace: (traceId) => `api/traces/${traceId}`,
  calls: (traceId) => `api/traces/${traceId}/calls`,
  glances: (traceId, spanIds) => `api/traces/${traceId}/glances?spans=${spanIds.join(",")}`,
  span: (traceId, spanId) => `api/traces/${traceId}/spans/${spanId}`,
  value: (traceId, spanId, path) => `api/traces/${traceId}/spans/${spanId}/value?path=${urlPart(path)}`,
  media: (traceId, spanId, path) => `api/traces/${traceId}/spans/${spanId}/media?path=${urlPart(path)}`,
};

/** The ids of a trace's spans, one by one. */
export function spanIdsIn({ ids, spans }: Pick<TraceJson, "ids" | "spans">): string[] {
  return spans.parent.map((_, i) => ids.slice(i * ID_LENGTH, (i + 1) * ID_LENGTH));
}

/** Where an exported file has two calls side by side, in place of `API.compare`. */
export function comparedInFile(a: SpanIds, b: SpanIds): string {
  return `api/compare/${a.trace_id}/${a.span_id}/${b.trace_id}/${b.span_id}`;
}

/** A span by its ids. */
interface SpanIds {
  readonly trace_id: string;
  readonly span_id: string;
}

const ID_LENGTH = 16;

function opening(call: string | undefined): string {
  return call === undefined ? "" : `?call=${call}`;
}
