// JSON of the API: what a search found, counts over time, and live changes.
import type { CountJson, HitJson, StateJson, TotalJson } from "../../conventions/json-forms.ts";
import type { WorkKind } from "../../conventions/work-kind.ts";
import type { BucketsJson, FilterParams } from "./list.ts";

/** What is looked for. */
export interface SearchParams extends FilterParams {
  /** Words that must all be there, `"in a row"`, `begin*`, `-without`. */
  readonly q: string;
  /** 1 to 200; default 20. */
  readonly limit?: string;
}

/** What was found, newest first. */
export interface SearchJson {
  readonly hits: readonly FoundJson[];
  /** True where there may be more than the limit. */
  readonly more: boolean;
  readonly notes: readonly string[];
}

/** A span that was found, and what it is. */
export interface FoundJson extends HitJson {
  readonly kind: WorkKind;
  /** The model, tool or agent that it calls; null where it calls none. */
  readonly called: string | null;
  readonly user: string | null;
}

/** What is counted. */
export interface NumbersParams extends FilterParams {
  /** Default `model`. */
  readonly by?: "model" | "tool" | "agent" | "user";
  /** So many parts of the time: 1 to 200; default 42. */
  readonly buckets?: string;
  /** Parts of so many seconds instead, back from the end, where they are at most 200. */
  readonly bucket_s?: string;
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
export interface SeriesJson extends BucketsJson {
  readonly model_calls: readonly number[];
  readonly tool_calls: readonly number[];
  readonly errors: readonly number[];
  /** Of all model calls that began in each part. */
  readonly p50_ms: readonly (number | null)[];
  readonly p95_ms: readonly (number | null)[];
  readonly input_tokens: readonly number[];
  readonly cached_read_tokens: readonly number[];
  readonly output_tokens: readonly number[];
  readonly cost_usd: readonly (number | null)[];
  /** By model, the dearest first, at most 5. */
  readonly cost_by_model: readonly { readonly name: string; readonly cost_usd: readonly (number | null)[] }[];
  /** Turns that began then. */
  readonly turns: readonly number[];
}

/** Which spans to export. */
export interface ExportParams extends FilterParams {
  readonly trace?: string;
  /** The key of a conversation. */
  readonly conversation?: string;
  /**
   * The form, `records` unless told. Documents are of one conversation or trace, without a filter. HTML is the page itself, read-only;
   * Markdown cuts values of more than 4,000 characters.
   */
  readonly as?: "records" | "otlp" | "markdown" | "atif" | "html";
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
  /** The store cannot say what changed, and why; `reload` follows once it can again. */
  readonly unreadable: { readonly detail: string };
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
