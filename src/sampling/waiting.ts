// All traces that wait, within their bounds.
import { steadyNow } from "../model/timers.ts";
import type { Span } from "../tracing/span.ts";
import { WaitingTrace } from "./waiting-trace.ts";

/** How much may wait. */
export interface WaitingBounds {
  readonly maxSpans: number;
  readonly maxBytes: number;
}

/** Where there is too much, so much is made room for, that not each span after asks again. */
const LEFT = 7 / 8;

/** The traces that are not decided, the oldest first. */
export class WaitingTraces {
  readonly #bounds: WaitingBounds;
  readonly #traces = new Map<string, WaitingTrace>();
  /** Of all: spans that have ended, open ones too, and their bytes. */
  #ended = 0;
  #size = 0;
  #bytes = 0;

  constructor(bounds: WaitingBounds) {
    this.#bounds = bounds;
  }

  /** Spans that have ended. */
  get ended(): number {
    return this.#ended;
  }

  get(traceId: string): WaitingTrace | undefined {
    return this.#traces.get(traceId);
  }

  /** The trace of that id; it waits from now on where it does not yet. */
  of(traceId: string): WaitingTrace {
    const known = this.#traces.get(traceId);
    if (known !== undefined) return known;
    const trace = new WaitingTrace(traceId, steadyNow());
    this.#traces.set(traceId, trace);
    return trace;
  }

  begin(trace: WaitingTrace, span: Span): void {
    this.#changing(trace, () => trace.begin(span));
  }

  end(trace: WaitingTrace, span: Span): void {
    this.#changing(trace, () => trace.end(span));
  }

  forget(trace: WaitingTrace, spanId: string): void {
    this.#changing(trace, () => trace.forget(spanId));
  }

  remove(trace: WaitingTrace): void {
    this.#traces.delete(trace.traceId);
    this.#add(trace, -1);
  }

  /** True where more waits than may, with so many spans more. */
  isOver(others: number): boolean {
    return this.#size + others > this.#bounds.maxSpans || this.#bytes > this.#bounds.maxBytes;
  }

  /** Those to be decided for room: the longest first, or the largest where the bytes are too many. */
  *longest(): Generator<WaitingTrace> {
    const { maxSpans, maxBytes } = this.#bounds;
    const isLong = this.#size > maxSpans;
    if (!isLong && this.#bytes <= maxBytes) return;
    const order = (a: WaitingTrace, b: WaitingTrace): number =>
      isLong ? b.size - a.size : b.bytes - a.bytes;
    for (const trace of [...this.#traces.values()].sort(order)) {
      if (this.#size <= maxSpans * LEFT && this.#bytes <= maxBytes * LEFT) return;
      yield trace;
    }
  }

  /** Those that have waited since that time or longer. */
  *old(since: number): Generator<WaitingTrace> {
    for (const trace of this.#traces.values()) {
      if (trace.since > since) return;
      yield trace;
    }
  }

  /** Since when the oldest has waited. */
  get oldest(): number | undefined {
    for (const { since } of this.#traces.values()) return since;
    return undefined;
  }

  all(): readonly WaitingTrace[] {
    return [...this.#traces.values()];
  }

  #changing(trace: WaitingTrace, change: () => void): void {
    this.#add(trace, -1);
    change();
    this.#add(trace, 1);
  }

  #add({ spans, size, bytes }: WaitingTrace, sign: 1 | -1): void {
    this.#ended += sign * spans;
    this.#size += sign * size;
    this.#bytes += sign * bytes;
  }
}
