// Spans that run: which have no row yet, and which have changed since theirs was written.
import type { Span } from "../tracing/span.ts";
import { hasChanged } from "../tracing/views.ts";

/** A span between its start and its end, as the writer knows it. */
export interface RunningSpan {
  /** The live span, or a view of it: `snapshot()` is how it is now. */
  readonly span: Span;
  /** Its row. */
  id: number | undefined;
  /** How it was when the row was written. */
  written: Span | undefined;
}

/** Looking for changes takes time for each, and what never ends must not pile up. */
const MAX_RUNNING = 10_000;

/** The running spans of one writer; of more than 10,000 the oldest are looked at no more, as if their start had not been seen. */
export class RunningSpans {
  readonly #all = new Map<string, RunningSpan>();
  readonly #fresh = new Set<RunningSpan>();
  readonly #changed = new Set<RunningSpan>();
  #hasForgotten = false;

  /** True where a span may have a row that is not known here any more. */
  get hasForgotten(): boolean {
    return this.#hasForgotten;
  }

  /** Spans that have a row and may have changed. */
  get size(): number {
    return this.#all.size;
  }

  /** True where a row is to be written. */
  get isWaiting(): boolean {
    return this.#fresh.size > 0 || this.#changed.size > 0;
  }

  began(span: Span): void {
    const running: RunningSpan = { span, id: undefined, written: undefined };
    this.#all.set(span.spanId, running);
    this.#fresh.add(running);
  }

  /** Takes out a span that ended; undefined where its start was not seen. */
  ended({ spanId, traceId }: Span): RunningSpan | undefined {
    const running = this.#all.get(spanId);
    if (running === undefined || running.span.traceId !== traceId) return undefined;
    this.#all.delete(spanId);
    this.#fresh.delete(running);
    this.#changed.delete(running);
    return running;
  }

  /** The span's row is to be brought up to date. */
  shown({ spanId }: Span): void {
    const running = this.#all.get(spanId);
    if (running?.id !== undefined) this.#changed.add(running);
  }

  /** Looks which of the spans with a row have changed. */
  look(): void {
    for (const running of this.#all.values()) {
      if (running.id !== undefined && hasRowChanged(running)) this.#changed.add(running);
    }
  }

  /** Up to `count` whose row is to be written. They stay until `wrote`. */
  next(count: number): RunningSpan[] {
    const next: RunningSpan[] = [];
    for (const set of [this.#fresh, this.#changed]) {
      for (const running of set) {
        if (next.length >= count) return next;
        next.push(running);
      }
    }
    return next;
  }

  /** The row was written with the span as it was in `written`. */
  wrote(running: RunningSpan, id: number, written: Span): void {
    running.id = id;
    running.written = written;
    this.#fresh.delete(running);
    this.#changed.delete(running);
    if (this.#all.size > MAX_RUNNING) this.#forgetOldest();
  }

  /** One that has its row. */
  #forgetOldest(): void {
    this.#hasForgotten = true;
    for (const running of this.#all.values()) {
      if (running.id !== undefined) return this.giveUp(running);
    }
  }

  /** Rows that were written are gone with their file. */
  forgetRows(): void {
    for (const running of this.#all.values()) {
      running.id = undefined;
      this.#fresh.add(running);
    }
    this.#changed.clear();
  }

  /** Leaves out a span: one whose row cannot be written, or that is one too many. */
  giveUp(running: RunningSpan): void {
    this.ended(running.span);
  }
}

function hasRowChanged({ span, written }: RunningSpan): boolean {
  return written === undefined || hasChanged(span.snapshot(), written);
}
