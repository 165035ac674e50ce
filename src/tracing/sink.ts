// What takes spans: every back end is a sink. What gives them back as well is in store.ts.
import type { TracelightError } from "../model/errors.ts";
import type { Span } from "./span.ts";

/** A value, or a promise of it. */
export type Awaitable<T> = T | Promise<T>;

/**
 * Takes spans. Only `name` and `write` are needed; the presence of another method is the capability.
 *
 * @example
 * ```ts
 * const sink: Sink = { name: "mine", write: (span) => console.log(span.spanName) };
 * new Tracer(sink).trace("converse", () => "Hello"); // converse
 * ```
 */
export interface Sink {
  /** Names the sink in errors and reports. */
  readonly name: string;
  /**
   * Takes a span that is frozen: it has ended, or is `interrupted`, as those are that have not ended when their tracer is
   * closed. What it throws is counted, reported, and never reaches the app.
   */
  write(span: Span): void;
  /**
   * Called by the tracer that is given the sink, before any span, with where the sink may say what goes wrong: what cannot be
   * delivered later, say. What `write` and the others throw is reported without that. Called again where another tracer is
   * given it: the last counts.
   */
  attach?(to: FaultReporter): void;
  /**
   * Sees spans that still run: `start` comes with the span that began, `snapshot` with a frozen copy of one. Call
   * `span.snapshot()` for a copy of how it is now.
   */
  readonly observe?: ((span: Span, what: "start" | "snapshot") => void) | undefined;
  /**
   * A span that `observe` saw begin will not be written: the `process` option says no, or failed. Of `span` there are only
   * ids, kind, status and times.
   */
  discard?(span: Span): void;
  /** Delivers all that waits, within the time; resolves with what is true then. */
  flush?(options: FlushOptions): Promise<DeliveryReport>;
  /** Flushes, then lets go of what it holds, within the time. Called once. */
  close?(options: FlushOptions): Promise<DeliveryReport>;
  /** What became of the spans until now, at once. Asked where `flush` or `close` did not come back in time. */
  report?(): DeliveryReport;
}

/** Where faults are told: to the `onError` of the tracer, else as one process warning per distinct fault. */
export interface FaultReporter {
  /** Takes note of a fault and tells the app. Needs no `this`. What is no TracelightError is told as the cause of a `SINK_FAILED`. Never throws. */
  readonly report: (fault: unknown) => void;
}

/** How long a flush may take. */
export interface FlushOptions {
  /** How long it may take, in milliseconds. */
  readonly timeoutMs: number;
  /** True where somebody is about to read, or hands over more: what is not ready to go on, as a trace of which not all is known, may wait. */
  readonly isRead?: boolean | undefined;
}

/** Spans that tail sampling dropped. */
export interface Unsampled {
  /** Their trace was done, and is not of the share that is kept. */
  readonly share?: number;
  /** The same of a trace that was decided early: it had waited for too long. */
  readonly old?: number;
  /** It was decided early to make room. */
  readonly long?: number;
  /** It was decided early by a flush, a close or the end of the process. */
  readonly flush?: number;
  /** They came when their trace had been dropped. */
  readonly late?: number;
}

/** The same, for who leaves the time to the tracer: 30 s. */
export type FlushWish = { readonly [K in keyof FlushOptions]?: FlushOptions[K] | undefined };

/** What became of the spans since the start. */
export interface DeliveryReport {
  /** Delivered. */
  readonly written: number;
  /** Not delivered yet. */
  readonly pending: number;
  /** Of `pending`, spans whose trace tail sampling has not decided yet. Absent where there are none. */
  readonly undecided?: number;
  /** Discarded for room or age. */
  readonly dropped: number;
  /** Refused for good. */
  readonly failed: number;
  /**
   * Of these, spans that never ended: the close of their tracer handed them over as `interrupted`. Absent where there are
   * none.
   */
  readonly interrupted?: number;
  /** Spans that tail sampling dropped, as it was told to, by reason. Absent where there are none. */
  readonly unsampled?: Unsampled;
  /** The latest distinct errors, at most 100. */
  readonly errors: readonly TracelightError[];
}
