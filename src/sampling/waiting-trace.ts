// A trace whose spans wait until it is known whether they are kept.
import { keptShare, randomnessOf, thresholdOf } from "../model/probability.ts";
import { Held } from "../tracing/held.ts";
import type { Span } from "../tracing/span.ts";
import { weigh } from "../tracing/weight.ts";
import type { TraceSoFar } from "./keep.ts";

/** What an open span that was seen to begin takes, in bytes, about. */
const OPEN_BYTES = 256;

/** One trace that waits. */
export class WaitingTrace implements TraceSoFar {
  readonly traceId: string;
  /** When its first span was seen, by the steady clock. */
  readonly since: number;
  readonly #ended: Span[] = [];
  readonly #open = new Map<string, Span>();
  #first = Number.POSITIVE_INFINITY;
  #last = Number.NEGATIVE_INFINITY;
  readonly #held = new Held();
  #hasBegun = false;
  #hasRoot = false;
  /** Rules that are for it already. */
  readonly matched: Set<object> = new Set();
  /** The share of traces like this that is kept, as far as rules say so by now. */
  share = 0;

  constructor(traceId: string, since: number) {
    this.traceId = traceId;
    this.since = since;
  }

  get spans(): number {
    return this.#ended.length;
  }

  get durationMs(): number {
    return Math.max(0, this.#last - this.#first) / 1000;
  }

  /** Spans that have ended, in that order. */
  get ended(): readonly Span[] {
    return this.#ended;
  }

  /** Spans that were seen to begin and have not ended. */
  get open(): Iterable<Span> {
    return this.#open.values();
  }

  /** Spans that it holds, open ones too. */
  get size(): number {
    return this.#ended.length + this.#open.size;
  }

  /** What they take, about. */
  get bytes(): number {
    return this.#held.bytes + this.#open.size * OPEN_BYTES;
  }

  /** All that was seen to begin has ended; where no beginnings are seen, a root has. */
  get isDone(): boolean {
    return this.#open.size === 0 && (this.#hasBegun || this.#hasRoot);
  }

  /** A beginning was seen here. */
  get hasBegun(): boolean {
    return this.#hasBegun;
  }

  begin(span: Span): void {
    this.#hasBegun = true;
    this.#open.set(span.spanId, span);
    this.#first = Math.min(this.#first, span.startedAtMicros);
  }

  end(span: Span): void {
    const { spanId, parentSpanId, startedAtMicros, endedAtMicros = startedAtMicros } = span;
    this.#open.delete(spanId);
    this.#ended.push(span);
    this.#held.add(span, weigh(span));
    this.#hasRoot ||= parentSpanId === undefined;
    this.#first = Math.min(this.#first, startedAtMicros);
    this.#last = Math.max(this.#last, endedAtMicros);
  }

  /** It will not end: it may not be written. */
  forget(spanId: string): void {
    this.#open.delete(spanId);
  }

  /** The share that is kept by now, of what those before have kept: undefined where this trace is not among it. */
  decide(otherwise: number): number | undefined {
    const share = Math.max(this.share, otherwise);
    const [span] = this.#ended.length > 0 ? this.#ended : this.#open.values();
    if (span === undefined) return share;
    const { traceId, traceState } = span;
    const threshold = thresholdOf(share * keptShare(traceId, traceState));
    const isKept = threshold !== undefined && randomnessOf(traceId, traceState) >= threshold.at;
    return isKept ? share : undefined;
  }
}
