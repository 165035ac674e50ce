// What can be read: the one description of a store, for tracers, the command line, pages and tests.
import type { PriceTable } from "../conventions/cost.ts";
import type { SpanOutline } from "../conventions/facts.ts";
import type { Summary, SummarySubject } from "../conventions/summary.ts";
import type { TallyOptions, TallyReport } from "../conventions/tally.ts";
import type { TraceQuery } from "../model/query.ts";
import type { Awaitable, DeliveryReport, FlushOptions, Sink } from "./sink.ts";
import type { Span } from "./span.ts";

/**
 * Spans that can be read. Only `name` and `find` are needed; the presence of another method is the capability. Where one is
 * absent, `readable` has a slow way, but to bring spans in or to remove them.
 */
export interface ReadableStore {
  /** Names the store in errors. */
  readonly name: string;
  /** The spans that the query asks for; every store means the same by it, see `matches`. */
  find(query: TraceQuery): Awaitable<readonly Span[]>;
  /** The same one by one, without holding all; by start where the store can. Spans need not know their `parentSpan`. */
  iterate?(query: TraceQuery): AsyncIterable<Span>;
  /** Traces or conversations as rows, newest first, by cursor. */
  summaries?(query: SummaryQuery): Awaitable<SummaryPage>;
  /** The spans of a trace or conversation without their payload, in start order. */
  outlines?(query: OutlineQuery): Awaitable<readonly SpanOutline[]>;
  /** Traces and conversations whose id, as text, begins so; one that is equal comes first, or alone. At most `limit`. */
  idsByPrefix?(prefix: string, limit: number): Awaitable<readonly FoundId[]>;
  /** Spans that have the words, newest first. */
  search?(text: string, options: SearchOptions): Awaitable<SearchPage>;
  /** Spans that began, were seen anew, ended or were interrupted since the cursor; without one, those that run now. */
  changes?(cursor: string | undefined): Awaitable<Changes>;
  /** Calls, errors, times and tokens: of all spans that the query asks for, and by what it says. */
  tally?(query: TallyQuery): Awaitable<TallyReport>;
  /** Names of attributes that spans have: of the latest at least. */
  attributeNames?(): Awaitable<readonly string[]>;
  /** Values of the attribute that spans have, each once, the latest first. At most `limit`. */
  attributeValues?(name: string, limit: number): Awaitable<readonly unknown[]>;
  /** Brings in spans of elsewhere; those that are there already stay as they are. */
  readonly importSpans?:
    | ((spans: AsyncIterable<Span>, progress?: ImportProgress) => Promise<Imported>)
    | undefined;
  /** Removes whole traces, the oldest first. */
  readonly prune?: ((limits: PruneLimits) => Awaitable<Removed>) | undefined;
  /** Puts other spans in the place of those of which `change` gives another; what they were goes from the store. */
  readonly rewrite?: ((change: ChangeSpan, progress?: RewriteProgress) => Promise<Rewritten>) | undefined;
  /** What the reader should know; what could not be read is among it. Grows while the store is read. */
  readonly notes?: readonly string[] | undefined;
  /** How many spans could not be read so far, at most, and were left out. */
  readonly leftOut?: number | undefined;
  /** How much of a stream has been read. */
  readonly position?: (() => StreamPosition) | undefined;
  /** Lets go of what it holds, within the time. */
  close?(options: FlushOptions): Promise<unknown>;
}

/** How far the reading of a stream is. */
export interface StreamPosition {
  /** So many were read. */
  readonly bytes: number;
  /** Of so many; undefined where nobody knows, as of a pipe. */
  readonly of: number | undefined;
}

/** A sink that can be read. */
export interface Store extends Sink, ReadableStore {
  /** Names the store in errors and reports. */
  readonly name: string;
  /** Flushes, then lets go of what it holds, within the time. Called once. */
  close?(options: FlushOptions): Promise<DeliveryReport>;
}

/** Where a sink that hands on to others has what can be read of them; the same symbol in every copy of the package. */
export const BEHIND: unique symbol = Symbol.for("tracelight.behind.v1");

/** A sink that hands on to others. */
export interface Relay extends Sink {
  [BEHIND](): ReadableStore | undefined;
}

/** What can be read of a sink: the sink itself, or the store that stands behind it. */
export function storeBehind(sink: Sink): ReadableStore | undefined {
  if (isStore(sink)) return sink;
  return isRelay(sink) ? sink[BEHIND]() : undefined;
}

function isRelay(sink: Sink): sink is Relay {
  return BEHIND in sink;
}

/** True where a sink can be read. */
function isStore(sink: Sink): sink is Store {
  return "find" in sink && typeof sink.find === "function";
}

/**
 * Which traces or conversations to list: those with a span for which `spanName`, `spanStatus`, `failed`, `attributeFilter` and `where` hold
 * together. None given means all traces.
 */
export interface SummaryQuery
  extends Pick<
    TraceQuery,
    "identifier" | "spanName" | "spanStatus" | "failed" | "attributeFilter" | "where"
  > {
  /** Rows of traces (the default) or of conversations; spans without a conversation are in none of those. */
  readonly by?: SummarySubject | undefined;
  /** Rows whose latest turn (`Summary.latestAt`) began at this time or later. */
  readonly since?: Date | undefined;
  /** Rows whose latest turn began before this time. */
  readonly until?: Date | undefined;
  /** What models cost, for `Summary.costUsd`: see `loadPrices`. Without them no row has a cost. */
  readonly prices?: PriceTable | undefined;
  /** At most so many rows. Default 50. */
  readonly limit?: number | undefined;
  /** `SummaryPage.cursor` of the page before, with the same other fields. */
  readonly cursor?: string | undefined;
}

/** One page of a listing. */
export interface SummaryPage {
  /** By `latestAt`, newest first. */
  readonly rows: readonly Summary[];
  /** Asks for the next page; there only where there may be one. */
  readonly cursor?: string;
  /** What the reader should know, such as that the store could not look at everything; mostly empty. */
  readonly notes: readonly string[];
}

/** Whose outlines to read. None given means those of all spans; `limit`: at most so many, those that began first. */
export type OutlineQuery = Pick<TraceQuery, "traceId" | "conversation" | "identifier" | "limit">;

/** An id that was looked for by its beginning. */
export interface FoundId {
  /** What it is the id of. */
  readonly by: SummarySubject;
  /** The id: a trace's is a text, a conversation's may be of any type. */
  readonly id: unknown;
}

/** Where to search beside the words, and for how many. */
export interface SearchOptions extends Pick<TraceQuery, "since" | "until" | "where"> {
  /** At most so many spans. Default 20. */
  readonly limit?: number | undefined;
  /** Told how far the search is, where that takes long. */
  readonly onProgress?: ((progress: Progress) => void) | undefined;
  /** Ends the search: it rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** How far a search or a count is. */
export interface Progress {
  /** Spans that were looked at, or indexed or counted for the next time. */
  readonly done: number;
  /** About how many are left; undefined where nobody knows. */
  readonly left: number | undefined;
}

/** The spans that a search found. */
export interface SearchPage {
  /** Newest first. */
  readonly spans: readonly Span[];
  /** True where there may be more than the limit. */
  readonly more: boolean;
}

/** Spans that changed, and where to go on. */
export interface Changes {
  /** Each as it is now. */
  readonly spans: readonly Span[];
  /** For the next look. */
  readonly cursor: string;
}

/** Which spans to count, and by what. */
export interface TallyQuery extends Omit<TraceQuery, "order" | "limit">, TallyOptions {
  /** Told how far the count is, where that takes long. */
  readonly onProgress?: ((progress: Progress) => void) | undefined;
  /** Ends the count: it rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** Told how many spans of an import are done; and, after the last, how far they are counted, so that the first tally finds it done. */
export type ImportProgress = (done: number, counted?: Progress) => void;

/** What became of imported spans. */
export interface Imported {
  /** Those that were written. */
  readonly added: number;
  /** Those that were there already, where the store can tell. */
  readonly known: number;
}

/** The span as it is to be: of the same ids and times. Undefined leaves it as it is. */
export type ChangeSpan = (span: Span) => Span | undefined;

/** Told how far a rewriting is; what it throws ends the work. */
export type RewriteProgress = (progress: { readonly done: number; readonly of: number }) => void;

/** What a rewriting did. */
export interface Rewritten {
  /** Spans that were looked at. */
  readonly spans: number;
  /** Those that are others now. */
  readonly changed: number;
  /** Spans that living processes still write: they are as they were. */
  readonly running: number;
  /** False where something that was may be in the file still, since others have it open: see `notes`. */
  readonly isClean: boolean;
}

/** What to keep. */
export interface PruneLimits {
  /** Traces that began longer ago go, in milliseconds. */
  readonly maxAgeMs?: number;
  /** The oldest go until there is no more than this. */
  readonly maxBytes?: number;
}

/** What was removed. */
export interface Removed {
  /** Whole traces. */
  readonly traces: number;
  /** The spans of these. */
  readonly spans: number;
  /** Bytes that are free now, about. */
  readonly bytes: number;
}
