// JSON of the API: what is wrong, the store, the list, its overview, and the completion of filters.
import type { StateJson } from "../../conventions/json-forms.ts";

/** What is wrong with a request: `application/problem+json`. */
export interface ProblemJson {
  /** The status once more. */
  readonly status: number;
  /** The status in words. */
  readonly title: string;
  /** What is wrong, and how to mend it. */
  readonly detail: string;
  /** One of `TracelightErrorCode`, or `NOT_FOUND`, `FORBIDDEN`, `UNAUTHORIZED`, `BUSY`, `COUNTING`, `TIMEOUT`, `TOO_LARGE`, `UNEXPECTED`. */
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
  /** Of `COUNTING`: so many spans, and of how many; null where nobody knows. The count goes on: ask again. */
  readonly progress?: { readonly done: number; readonly of: number | null };
}

/** What is looked at. */
export interface StoreJson {
  /** The store's name, such as `traces.db`. */
  readonly name: string;
  /** What it is, such as `sqlite`, `dynamodb`, `jsonl`, `in-memory`, `toolkit`; `example` for that of a store without spans. */
  readonly kind: string;
  /** The release of Tracelight. */
  readonly version: string;
  /** True where no spans are taken. */
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
  };
  /** Whether there are prices of models. */
  readonly has_prices: boolean;
  /** Where OTLP is sent, as `http://127.0.0.1:4318`; null where none is taken. */
  readonly otlp_url: string | null;
  /** Only this person's spans are shown; null where all are. */
  readonly principal: string | null;
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

/** A time in parts of the same length. */
export interface BucketsJson {
  /** When the first bucket begins. */
  readonly since: string;
  readonly bucket_ms: number;
}

/** Turns over time. A turn is in one list only: it runs, or else it failed, or else it ended. */
export interface HistogramJson extends BucketsJson {
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
