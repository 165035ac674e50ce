// The API of the viewer: where things are, and what all JSON of it is. No code but paths: the page takes its types from here.
import type {
  CountJson,
  HitJson,
  JsonValue,
  StateJson,
  SummaryJson,
  TotalJson,
  UseJson,
} from "../conventions/json-forms.ts";
import type { WorkKind } from "../conventions/work-kind.ts";

export type {
  CountJson,
  HitJson,
  JsonValue,
  SnippetJson,
  StateJson,
  SummaryJson,
  TotalJson,
  UseJson,
} from "../conventions/json-forms.ts";
export type { WorkKind } from "../conventions/work-kind.ts";

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
  /** Server-sent events: see `LiveEvents`. */
  readonly live: string;
  /** Spans as records, one a line; takes `ExportParams`. */
  readonly export: string;
  /** `ConversationJson`. The key is that of a row. */
  readonly conversation: (key: string) => string;
  /** `TurnTalkJson`, by the number of the turn: 1, 2 and so on. */
  readonly turn: (key: string, number: number) => string;
  /** `TraceJson`. */
  readonly trace: (traceId: string) => string;
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
  live: "api/live",
  export: "api/export",
  conversation: (key) => `api/conversations/${encodeURIComponent(key)}`,
  turn: (key, number) => `api/conversations/${encodeURIComponent(key)}/turns/${number}`,
  trace: (traceId) => `api/traces/${traceId}`,
  glances: (traceId, spanIds) => `api/traces/${traceId}/glances?spans=${spanIds.join(",")}`,
  span: (traceId, spanId) => `api/traces/${traceId}/spans/${spanId}`,
  value: (traceId, spanId, path) =>
    `api/traces/${traceId}/spans/${spanId}/value?path=${encodeURIComponent(path)}`,
  media: (traceId, spanId, path) =>
    `api/traces/${traceId}/spans/${spanId}/media?path=${encodeURIComponent(path)}`,
};

/** What is wrong with a request: `application/problem+json`. */
export interface ProblemJson {
  /** The status once more. */
  readonly status: number;
  /** The status in words. */
  readonly title: string;
  /** What is wrong, and how to mend it. */
  readonly detail: string;
  /** One of `TracelightErrorCode`, or `NOT_FOUND`, `FORBIDDEN`, `UNAUTHORIZED`, `BUSY`, `TIMEOUT`, `TOO_LARGE`, `UNEXPECTED`. */
  readonly code: string;
  /** Which parameter it is. */
  readonly parameter?: string;
  /** Of a filter that cannot be read: where. */
  readonly place?: {
    /** The first character at fault, in UTF-16 units from 0. */
    readonly at: number;
    /** So many units are at fault; 0 at the end, where something is missing. */
    readonly length: number;
    /** What is wrong, without the place. */
    readonly message: string;
    /** What to put there instead, where that is known. */
    readonly mend?: string;
  };
}

/** What is looked at. */
export interface StoreJson {
  /** The store's name, such as `traces.db`. */
  readonly name: string;
  /** What it is, such as `sqlite`, `dynamodb`, `jsonl`, `in-memory`, `toolkit`. */
  readonly kind: string;
  /** The release of Tracelight. */
  readonly version: string;
  /** True where no spans are taken and none removed. */
  readonly read_only: boolean;
  /** True where it has no span yet. */
  readonly is_empty: boolean;
  /** What the store has a way of its own for; the slow ways stand in for the others, but for `live`. */
  readonly can: {
    /** False where changes do not come by themselves: the page is to be loaded again. */
    readonly live: boolean;
    readonly search: boolean;
    readonly tally: boolean;
    readonly summaries: boolean;
    readonly prune: boolean;
  };
  /** Whether there are prices of models. */
  readonly has_prices: boolean;
  /** Where OTLP is sent, as `http://127.0.0.1:4318`; null where none is taken. */
  readonly otlp_url: string | null;
  /** Only this person's spans are shown; null where all are. */
  readonly principal: string | null;
  /** True where a token was asked for: there is a way to sign out. */
  readonly has_token: boolean;
  /** The server's clock, ISO 8601. */
  readonly now: string;
  /** What the reader should know; what could not be read is among it. */
  readonly notes: readonly string[];
}

/** Which spans are meant. Times are what the command takes: `2h`, `today`, `2026-11-22T10:00Z`. */
export interface FilterParams {
  /** A filter, see docs/where.md. */
  readonly where?: string;
  readonly since?: string;
  readonly until?: string;
}

/** Which rows are asked for. */
export interface RowsParams extends FilterParams {
  /** Default `conversation`. */
  readonly by?: "conversation" | "trace";
  /** `1`: only rows with a span that failed, and for which `where` holds. */
  readonly failed?: "1";
  /** Only rows with a span in this state, and for which `where` holds. */
  readonly state?: StateJson;
  /** 1 to 200; default 50. */
  readonly limit?: string;
  /** Of the page before, with the same other parameters. */
  readonly cursor?: string;
}

/** Many of the same, key by key: the first of each list belong together, and so on. */
export type Columns<Row> = { readonly [Key in keyof Row]: readonly Row[Key][] };

/** What a row of the list shows. */
export interface RowJson {
  /** Names the row in `API.conversation` or `API.trace`; two conversations never have the same, also 42 and "42". */
  readonly key: string;
  /** The first words of a user, at most 120 characters; null where nobody said any. */
  readonly title: string | null;
  /** The name of the first span; null where there is a title. */
  readonly name: string | null;
  readonly agent: string | null;
  readonly user: string | null;
  /** When the latest turn began. */
  readonly latest_at: string;
  readonly duration_ms: number;
  /** The models that were called, at most 3, and how many more. */
  readonly models: readonly string[];
  readonly more_models: number;
  readonly input_tokens: number;
  readonly output_tokens: number;
  readonly cost_usd: number | null;
  readonly unpriced_calls: number;
  readonly tool_calls: number;
  readonly errors: number;
  readonly state: StateJson;
}

/** A page of rows, newest first. */
export interface RowsJson {
  readonly by: "conversation" | "trace";
  readonly rows: Columns<RowJson>;
  /** Asks for the next page; null where this is the last. */
  readonly cursor: string | null;
  readonly notes: readonly string[];
  /** Attributes of the filter that no span has, each with the name that was probably meant; only where there are no rows. */
  readonly slips: readonly { readonly name: string; readonly suggestion: string }[];
}

/** Which rows are counted. */
export interface OverviewParams extends Omit<RowsParams, "limit" | "cursor"> {
  /** So many parts of the time between `since` (or the first) and `until` (or now): 1 to 500; default 96. */
  readonly buckets?: string;
}

/** The facts of a list, and its histogram. */
export interface OverviewJson {
  readonly by: "conversation" | "trace";
  /** So many rows. */
  readonly count: number;
  readonly with_errors: number;
  readonly running: number;
  readonly interrupted: number;
  readonly input_tokens: number;
  readonly output_tokens: number;
  readonly cost_usd: number | null;
  readonly unpriced_calls: number;
  /** False where there were too many rows to look at all: what is counted is the newest, from `looked_from` on. */
  readonly is_whole: boolean;
  readonly looked_from: string | null;
  readonly histogram: HistogramJson;
}

/** Turns over time. A turn is in one list only: it runs, or else it failed, or else it ended. */
export interface HistogramJson {
  /** When the first bucket begins. */
  readonly since: string;
  readonly bucket_ms: number;
  readonly ended: readonly number[];
  readonly failed: readonly number[];
  readonly running: readonly number[];
}

/** What somebody types in a filter. */
export interface CompleteParams {
  /** The name whose values are asked for; without it names are. */
  readonly name?: string;
  /** What the name or the value begins with, or has within it. */
  readonly text?: string;
  readonly since?: string;
  readonly until?: string;
}

/** What may come next in a filter. */
export interface CompletionJson {
  /** Where no name was given: fields of spans, then attributes by how many spans have them. */
  readonly names: readonly CompletionNameJson[];
  /** Of the name that was given: the operators that fit it. */
  readonly operators: readonly string[];
  /** Of the name that was given: values by how many spans have them, at most 50. */
  readonly values: readonly CompletionValueJson[];
  /** Shares and counts are of so many spans, the latest of the range. */
  readonly sampled: number;
}

/** A name in a filter. */
export interface CompletionNameJson {
  readonly name: string;
  /** What it holds: `text`, `number`, `time`, `duration`, `flag`, `words`, `object`, `list`, `mixed`. */
  readonly type: string;
  /** 0 to 1: of the spans that were looked at, those that have it; null for fields, which all have. */
  readonly share: number | null;
}

/** A value in a filter. */
export interface CompletionValueJson {
  /** As it is written in a filter: texts in quotes. */
  readonly literal: string;
  /** As people read it. */
  readonly text: string;
  /** Of the spans that were looked at, those that have it; null where it was found elsewhere. */
  readonly count: number | null;
}

/** A conversation and its turns. */
export interface ConversationJson {
  readonly key: string;
  readonly summary: SummaryJson;
  readonly turns: readonly TurnJson[];
  readonly notes: readonly string[];
}

/** A turn at a glance. */
export interface TurnJson extends UseJson {
  /** 1, 2 and so on, in the order in which they began. */
  readonly number: number;
  readonly trace_id: string;
  /** The topmost span; null where the turn is a trace as a whole. */
  readonly span_id: string | null;
  readonly started_at: string;
  /** Null while it runs, and where nobody knows. */
  readonly ended_at: string | null;
  readonly duration_ms: number;
  readonly state: StateJson;
  readonly errors: number;
  readonly aborted: number;
  readonly spans: number;
  readonly tool_calls: number;
  /** The number of the first model call of the turn's own agent: they are counted through the conversation. */
  readonly first_call: number;
  /** So many model calls of the turn's own agent. */
  readonly calls: number;
}

/** What was said and done in a turn. */
export interface TurnTalkJson extends TurnJson {
  /** What the user said; null where nothing was. */
  readonly user: Shown;
  /** Who the user is. */
  readonly user_name: string | null;
  readonly agent: string | null;
  /** In the order in which they began. */
  readonly entries: readonly EntryJson[];
  /** What was answered, where no model call says it. */
  readonly answer: Shown;
  /** Why the turn itself failed. */
  readonly error: string | null;
  readonly notes: readonly string[];
}

/** Something that was done in a turn. */
export type EntryJson = CallJson | ToolJson | AgentJson | MishapJson;

/** What all entries have. */
export interface TimedJson {
  readonly span_id: string;
  /** Since the turn began. */
  readonly offset_ms: number;
  /** Null while it runs, and where it was interrupted. */
  readonly duration_ms: number | null;
  readonly state: StateJson;
  /** What went wrong; null where it did not fail. */
  readonly error: string | null;
  readonly aborted: boolean;
}

/** A call of a model. */
export interface CallJson extends TimedJson {
  readonly type: "call";
  /** Through the conversation; null for calls of sub-agents. */
  readonly number: number | null;
  readonly model: string | null;
  readonly first_token_ms: number | null;
  readonly input_tokens: number;
  readonly output_tokens: number;
  readonly cached_read_tokens: number;
  readonly cached_write_tokens: number;
  readonly reasoning_tokens: number;
  readonly cost_usd: number | null;
  readonly finish_reason: string | null;
  /** What the model said; null where it said nothing, as where it only called tools. */
  readonly words: Shown;
  /** What it thought before. */
  readonly reasoning: Shown;
  /** Images and files that it made. */
  readonly media: readonly MediaJson[];
}

/** A call of a tool, or a retrieval. */
export interface ToolJson extends TimedJson {
  readonly type: "tool";
  readonly kind: WorkKind;
  readonly name: string;
  /** One line of the arguments, at most 160 characters. */
  readonly glance: string;
  readonly arguments: Shown;
  readonly result: Shown;
  /** The sub-agent that did the work, where there was one. */
  readonly agent: string | null;
  /** What was done in it. */
  readonly thread: readonly EntryJson[];
}

/** Another agent's work that is no tool's. */
export interface AgentJson extends TimedJson {
  readonly type: "agent";
  readonly name: string;
  readonly input: Shown;
  readonly output: Shown;
  readonly thread: readonly EntryJson[];
}

/** A span of another kind that failed. */
export interface MishapJson extends TimedJson {
  readonly type: "mishap";
  readonly name: string;
}

/**
 * A value to be shown, as in a record; what is too large for that is a `LargeJson`, the whole or in its place within. Null where there is none.
 */
export type Shown = JsonValue;

/** Stands for a value that is too large to come along: `{"__large__": {…}}`. */
export interface LargeJson {
  readonly __large__: {
    /** For `API.value`. */
    readonly path: string;
    /** The whole has so many characters: of a text itself, of any other value as JSON. */
    readonly size: number;
    /** `text`, or `json`. */
    readonly type: "text" | "json";
    /** The first characters. */
    readonly beginning: string;
  };
}

/** An image or a file in a message. Nothing is ever loaded from elsewhere: `url` is for people. */
export interface MediaJson {
  readonly type: "image" | "file";
  readonly media_type?: string;
  readonly name?: string;
  /** Where it is elsewhere. */
  readonly url?: string;
  readonly file_id?: string;
  /** Bytes, where it is here. */
  readonly size?: number;
  /** For `API.media`, where it is an image that is here. */
  readonly path?: string;
}

/** A trace without its payloads. */
export interface TraceJson {
  readonly summary: SummaryJson;
  /** Where it belongs; null where it is of no conversation. */
  readonly conversation: TraceTurnJson | null;
  /** The offsets of the spans count from here. */
  readonly started_at: string;
  /** Texts that columns name by their index. */
  readonly texts: readonly string[];
  /** Each span, in start order, parents first where times tie. */
  readonly spans: Columns<OutlineJson>;
  /** What model calls have besides. */
  readonly calls: Columns<OutlineCallJson>;
  /** The tools of tool calls, and the agents of spans that name one: indexes of `spans`, and of `texts`. */
  readonly tools: Columns<OutlineTextJson>;
  readonly agents: Columns<OutlineTextJson>;
  /** Indexes of the spans that failed, that were aborted, that run, that were interrupted. */
  readonly failed: readonly number[];
  readonly aborted: readonly number[];
  readonly running: readonly number[];
  readonly interrupted: readonly number[];
  readonly notes: readonly string[];
}

/** A trace among the turns of its conversation. */
export interface TraceTurnJson {
  readonly key: string;
  /** The number of the trace's first turn. */
  readonly turn: number;
  readonly turns: number;
  /** The trace of the turn before the trace's first; null where there is none. */
  readonly previous_trace_id: string | null;
  /** The trace of the turn behind the trace's last. */
  readonly next_trace_id: string | null;
}

/** A span in a trace. */
export interface OutlineJson {
  readonly span_id: string;
  /** The index of its parent; -1 where it has none, -2 where that is not there. */
  readonly parent: number;
  /** Its name, in `texts`. */
  readonly name: number;
  readonly kind: WorkKind;
  /** Microseconds since the trace began. */
  readonly start_us: number;
  /** Microseconds; null where it has not ended. */
  readonly duration_us: number | null;
}

/** What a model call has besides. */
export interface OutlineCallJson {
  /** The index of the span. */
  readonly span: number;
  /** In `texts`; -1 where it is not known. */
  readonly model: number;
  readonly input_tokens: number;
  readonly output_tokens: number;
  readonly first_token_ms: number | null;
  readonly cost_usd: number | null;
}

/** A text of a span. */
export interface OutlineTextJson {
  /** The index of the span. */
  readonly span: number;
  /** The index of the text. */
  readonly text: number;
}

/** One line for each span that was asked for; those that are not there are left out. */
export interface GlancesJson {
  readonly glances: { readonly [spanId: string]: GlanceJson };
}

/** A span on one line. */
export interface GlanceJson {
  /** Its words or arguments, at most 160 characters; null where there are none. */
  readonly text: string | null;
  /** What went wrong, at most 160 characters; null where it did not fail. */
  readonly error: string | null;
}

/** All of a span but large values. */
export interface SpanJson {
  readonly trace_id: string;
  readonly span_id: string;
  readonly started_at: string;
  readonly ended_at: string | null;
  readonly duration_ms: number | null;
  readonly state: StateJson;
  readonly reading: ReadingJson;
  /** What the call cost, part by part; null where it has no tokens or no price. */
  readonly bill: readonly BillLineJson[] | null;
  readonly cost_usd: number | null;
  /** The record, as `tracelight export` has it. */
  readonly record: Shown;
}

/** Tokens of one sort, and what they cost. */
export interface BillLineJson {
  /** `input`, `cached_read`, `cached_write`, `input_audio`, `input_image`, `output`, `reasoning`, `output_audio`, `output_image`, `call`. */
  readonly part: string;
  /** Without those that have a line of their own. */
  readonly tokens: number;
  /** US dollars for a million; of `call` for one. */
  readonly price_usd: number;
  readonly cost_usd: number;
}

/** A span in the words of agents. */
export interface ReadingJson {
  readonly kind: WorkKind;
  readonly vocabulary: string | null;
  readonly model: string | null;
  readonly provider: string | null;
  readonly agent: string | null;
  readonly user: string | null;
  readonly conversation_key: string | null;
  readonly cycle: number | null;
  readonly first_token_ms: number | null;
  readonly finish_reason: string | null;
  readonly error: string | null;
  readonly error_details: Shown;
  readonly aborted: boolean;
  readonly usage: UsageJson | null;
  readonly system_prompt: Shown;
  /** The newest at most 200; the path of `LargeJson` has them all. */
  readonly input_messages: readonly MessageJson[];
  /** So many before `input_messages` were left out. */
  readonly earlier_messages: number;
  readonly output_messages: readonly MessageJson[];
  readonly input: Shown;
  readonly output: Shown;
  readonly tool: ToolUseJson | null;
  readonly tools: readonly OfferedToolJson[];
  readonly evaluations: readonly EvaluationJson[];
}

/** Tokens as reported; what was not is absent. */
export interface UsageJson {
  readonly input?: number;
  readonly output?: number;
  readonly cached_read?: number;
  readonly cached_write?: number;
  readonly reasoning?: number;
  readonly input_audio?: number;
  readonly input_image?: number;
  readonly output_audio?: number;
  readonly output_image?: number;
}

/** A message. */
export interface MessageJson {
  readonly role: string;
  readonly parts: readonly PartJson[];
}

/** A part of a message. */
export type PartJson =
  | { readonly type: "text" | "reasoning"; readonly text: Shown }
  | {
      readonly type: "tool-call";
      readonly id?: string;
      readonly name?: string;
      readonly arguments?: Shown;
    }
  | {
      readonly type: "tool-result";
      readonly id?: string;
      readonly name?: string;
      readonly result?: Shown;
      readonly is_error?: true;
    }
  | MediaJson
  | { readonly type: "compaction"; readonly text?: Shown; readonly id?: string }
  | { readonly type: "other"; readonly value: Shown };

/** A call of a tool. */
export interface ToolUseJson {
  readonly name: string | null;
  readonly call_id: string | null;
  readonly arguments: Shown;
  readonly result: Shown;
}

/** A tool that a model may call. */
export interface OfferedToolJson {
  readonly name: string;
  readonly description: Shown;
  readonly schema: Shown;
}

/** What somebody, or some model, thought of the work. */
export interface EvaluationJson {
  readonly name: string;
  readonly score: number | null;
  readonly label: string | null;
  readonly explanation: Shown;
}

/** Which part of a large value is asked for. */
export interface ValueParams {
  readonly path: string;
  /** The first character, in UTF-16 units; default 0. */
  readonly offset?: string;
  /** At most so many; 1 to 1,000,000; default 100,000. */
  readonly length?: string;
}

/** A part of a large value. */
export interface ValueJson {
  readonly path: string;
  /** `json`: the text is JSON, two spaces a level. */
  readonly type: "text" | "json";
  /** The whole has so many characters. */
  readonly size: number;
  readonly offset: number;
  readonly text: string;
  /** Where the next part begins; null where this was the last. */
  readonly next: number | null;
}

/** What is looked for. */
export interface SearchParams extends FilterParams {
  /** Words that must all be there, `"in a row"`, `begin*`, `-without`. */
  readonly q: string;
  /** 1 to 200; default 20. */
  readonly limit?: string;
}

/** What was found, newest first. */
export interface SearchJson {
  readonly hits: readonly HitJson[];
  /** True where there may be more than the limit. */
  readonly more: boolean;
  readonly notes: readonly string[];
}

/** What is counted. */
export interface NumbersParams extends FilterParams {
  /** Default `model`. */
  readonly by?: "model" | "tool" | "agent" | "user";
  /** So many parts of the time: 1 to 200; default 42. */
  readonly buckets?: string;
}

/** Counts, and how they went over time. */
export interface NumbersJson {
  readonly by: "model" | "tool" | "agent" | "user";
  readonly total: TotalJson;
  /** The most called first, at most 200. */
  readonly rows: readonly NumbersRowJson[];
  readonly series: SeriesJson;
  readonly notes: readonly string[];
}

/** A row with its course. */
export interface NumbersRowJson extends CountJson {
  /** One number a bucket. */
  readonly calls_over_time: readonly number[];
  readonly errors_over_time: readonly number[];
  readonly p95_ms_over_time: readonly (number | null)[];
  readonly cost_usd_over_time: readonly (number | null)[];
}

/** One number a bucket. */
export interface SeriesJson {
  /** When the first bucket begins. */
  readonly since: string;
  readonly bucket_ms: number;
  readonly model_calls: readonly number[];
  readonly tool_calls: readonly number[];
  readonly errors: readonly number[];
  /** Of model calls. */
  readonly p50_ms: readonly (number | null)[];
  readonly p95_ms: readonly (number | null)[];
  readonly input_tokens: readonly number[];
  readonly cached_read_tokens: readonly number[];
  readonly output_tokens: readonly number[];
  readonly cost_usd: readonly (number | null)[];
  /** By model, the dearest first, at most 5. */
  readonly cost_by_model: readonly { readonly name: string; readonly cost_usd: readonly (number | null)[] }[];
  readonly turns: readonly number[];
}

/** Which spans to export. */
export interface ExportParams extends FilterParams {
  readonly trace?: string;
  /** The key of a conversation. */
  readonly conversation?: string;
}

/**
 * Events of `API.live`. Each has the cursor as its id, so that `EventSource` resumes by itself. A comment comes every 15 seconds
 * where nothing else does.
 */
export interface LiveEvents {
  /** The stream is open: changes come from here on. */
  readonly ready: { readonly now: string };
  /** At most four times a second. */
  readonly changes: ChangesJson;
  /** Changes were missed: read again what is shown. */
  readonly reload: { readonly reason: "behind" | "unknown-cursor" | "store-replaced" };
}

/** What changed. */
export interface ChangesJson {
  readonly spans: readonly ChangedSpanJson[];
  /** Rows that changed: keys of conversations, ids of traces. */
  readonly conversations: readonly string[];
  readonly traces: readonly string[];
  readonly now: string;
}

/** A span as it is now. */
export interface ChangedSpanJson {
  readonly trace_id: string;
  readonly span_id: string;
  readonly parent_span_id: string | null;
  readonly conversation_key: string | null;
  readonly name: string;
  readonly kind: WorkKind;
  readonly started_at: string;
  readonly ended_at: string | null;
  readonly state: StateJson;
  readonly failed: boolean;
  readonly aborted: boolean;
  readonly agent: string | null;
  readonly tool: string | null;
  readonly model: string | null;
  readonly input_tokens: number;
  readonly output_tokens: number;
  readonly first_token_ms: number | null;
  readonly cost_usd: number | null;
}
