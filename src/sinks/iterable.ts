// Spans as they come, for a loop: one turn of an agent, shown while it runs.
import type { TracelightErrorCode } from "../model/error-codes.ts";
import { TracelightError } from "../model/errors.ts";
import { checkOptions, is } from "../model/options.ts";
import { setImmediate } from "../model/timers.ts";
import { SinkFaults } from "../tracing/faults.ts";
import type { DeliveryReport, FaultReporter, Sink } from "../tracing/sink.ts";
import type { Span } from "../tracing/span.ts";
import { Tracer } from "../tracing/tracer.ts";
import { TRACER_OPTION_CHECKS, type TracerOptions } from "../tracing/tracer-options.ts";

/** Options of `IterableTracer`. */
export interface IterableOptions extends TracerOptions {
  /** So many spans wait for the loop; beyond that the oldest go, are counted and reported. Default 10,000. */
  readonly maxQueuedSpans?: number | undefined;
}

/**
 * An async iterable of snapshots (`emitSnapshot`) and ended spans, as they come. A snapshot that the loop has not seen
 * yet gives way to a newer one of the same span. `close` ends the loop after what waits.
 *
 * @example
 * ```ts
 * const tracer = new IterableTracer();
 * const work = async () => tracer.trace("converse", () => "Hello");
 * const turn = work().finally(() => tracer.close());
 * for await (const span of tracer) console.log(span.spanName); // converse
 * console.log(await turn); // Hello
 * ```
 *
 * @throws TracelightError `INVALID_OPTION`
 */
export class IterableTracer extends Tracer implements AsyncIterable<Span> {
  readonly #sink: IterableSink;

  constructor(options: IterableOptions = {}) {
    checkOptions(options, {
      owner: "IterableTracer",
      checks: { ...TRACER_OPTION_CHECKS, maxQueuedSpans: is.count(1) },
    });
    const { maxQueuedSpans = 10_000, ...rest } = options;
    const sink = new IterableSink(maxQueuedSpans);
    super(sink, rest);
    this.#sink = sink;
  }

  /**
   * Ends the loop once it has seen what waits. Spans that come later are dropped and counted. The Python toolkit's name: `close`
   * does the same, and resolves with the report.
   */
  shutdown(): void {
    this.#sink.shutdown();
  }

  /** Spans as they come. Several loops share them: each span goes to one. */
  [Symbol.asyncIterator](): AsyncIterator<Span, undefined> {
    return {
      next: () => this.#sink.next(),
      return: async () => ({ done: true, value: undefined }),
    };
  }
}

type Next = IteratorResult<Span, undefined>;

const END: Next = { done: true, value: undefined };

class IterableSink implements Sink {
  readonly name = "iterable";
  readonly #size: number;
  readonly #faults: SinkFaults = new SinkFaults();
  /** In order; by span for snapshots, so that a newer one takes the place of an older one. */
  readonly #waiting = new Map<object, Span>();
  readonly #snapshotKeys = new Map<string, object>();
  readonly #readers: ((next: Next) => void)[] = [];
  #isOver = false;
  #written = 0;
  #dropped = 0;

  constructor(size: number) {
    this.#size = size;
  }

  attach(to: FaultReporter): void {
    this.#faults.attach(to);
  }

  write(span: Span): void {
    this.#snapshotKeys.delete(span.spanId);
    this.#offer({}, span);
  }

  observe(span: Span, what: "start" | "snapshot"): void {
    if (what === "start") return;
    const key = this.#snapshotKeys.get(span.spanId) ?? {};
    this.#snapshotKeys.set(span.spanId, key);
    this.#offer(key, span);
  }

  next(): Promise<Next> {
    const first = this.#waiting.entries().next().value;
    if (first !== undefined) return Promise.resolve(this.#take(...first));
    if (this.#isOver) return Promise.resolve(END);
    return new Promise((resolve) => this.#readers.push(resolve));
  }

  shutdown(): void {
    this.#isOver = true;
    for (const reader of this.#readers.splice(0)) reader(END);
  }

  /** Gives the loop its turns while it takes spans; what it has not taken when it rests is pending. */
  async flush(): Promise<DeliveryReport> {
    for (let before = -1; this.#written !== before; ) {
      before = this.#written;
      await new Promise((resolve) => setImmediate(resolve));
    }
    return this.report();
  }

  report(): DeliveryReport {
    const pending = [...this.#waiting.values()].filter((span) => span.state !== "running").length;
    return { written: this.#written, pending, dropped: this.#dropped, failed: 0, errors: this.#faults.all };
  }

  /** A loop that nobody runs any more would hold its spans for good. */
  async close(): Promise<DeliveryReport> {
    this.shutdown();
    return this.flush();
  }

  #offer(key: object, span: Span): void {
    if (this.#isOver) return this.#drop(span, "TRACER_CLOSED", "came after the end");
    const reader = this.#readers.shift();
    if (reader !== undefined) return reader(this.#seen(span));
    this.#waiting.set(key, span);
    if (this.#waiting.size > this.#size) this.#dropOldest();
  }

  #take(key: object, span: Span): Next {
    this.#waiting.delete(key);
    return this.#seen(span);
  }

  #seen(span: Span): Next {
    if (span.state !== "running") this.#written++;
    else this.#snapshotKeys.delete(span.spanId);
    return { done: false, value: span };
  }

  #dropOldest(): void {
    const oldest = this.#waiting.entries().next().value;
    if (oldest === undefined) return;
    this.#waiting.delete(oldest[0]);
    this.#drop(oldest[1], "QUEUE_FULL", `found ${this.#size} waiting for the loop`);
  }

  /** A snapshot does not count: it is a look at what comes whole later. */
  #drop(span: Span, code: TracelightErrorCode, why: string): void {
    if (span.state === "running") return;
    this.#dropped++;
    this.#faults.reportRarely(
      new TracelightError(code, `A span of the IterableTracer ${why} and was dropped.`),
    );
  }
}
