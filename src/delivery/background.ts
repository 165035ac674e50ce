// Sends spans in the background: so many at once, the rest in a bounded queue, the outcome counted.
import { asTracelightError, TracelightError } from "../model/errors.ts";
import type { Faults } from "../tracing/faults.ts";
import type { DeliveryReport } from "../tracing/sink.ts";
import type { Span } from "../tracing/span.ts";

/** How a back end sends, and how much may wait. */
export interface BackgroundOptions {
  /** Sends one span; rejects with a TracelightError where that failed for good. */
  readonly send: (span: Span) => Promise<void>;
  readonly faults: Faults;
  /** Requests at once. */
  readonly maxConcurrency: number;
  /** Spans that may wait; beyond that the oldest are dropped, counted and reported. */
  readonly maxQueuedSpans: number;
}

/** A queue with workers that live only while there is work: an idle one keeps no process alive. */
export class Background {
  readonly #options: BackgroundOptions;
  /** In order; a set, since its oldest is dropped in no time. */
  readonly #queue = new Set<Span>();
  #inFlight = 0;
  #written = 0;
  #failed = 0;
  #dropped = 0;
  #whenIdle: (() => void)[] = [];

  constructor(options: BackgroundOptions) {
    this.#options = options;
  }

  /** Takes a span; it is sent after the caller's own code has run. */
  add(span: Span): void {
    if (this.#queue.size >= this.#options.maxQueuedSpans) this.#dropOldest();
    this.#queue.add(span);
    if (this.#inFlight < this.#options.maxConcurrency) {
      this.#inFlight++;
      queueMicrotask(() => void this.#work());
    }
  }

  /** Resolves when nothing waits, or the time is over. */
  async flush(timeoutMs: number): Promise<DeliveryReport> {
    if (this.#inFlight > 0) await this.#idle(timeoutMs);
    const pending = this.#queue.size + this.#inFlight;
    const errors = this.#options.faults.all;
    return { written: this.#written, pending, dropped: this.#dropped, failed: this.#failed, errors };
  }

  async #work(): Promise<void> {
    for (let span = this.#take(); span !== undefined; span = this.#take()) await this.#send(span);
    this.#inFlight--;
    if (this.#inFlight === 0) for (const resolve of this.#whenIdle.splice(0)) resolve();
  }

  #take(): Span | undefined {
    const span = this.#queue.values().next().value;
    if (span !== undefined) this.#queue.delete(span);
    return span;
  }

  async #send(span: Span): Promise<void> {
    try {
      await this.#options.send(span);
      this.#written++;
    } catch (error) {
      this.#failed++;
      this.#options.faults.report(asTracelightError(error, "SINK_FAILED", "A span could not be sent"));
    }
  }

  #dropOldest(): void {
    this.#take();
    this.#dropped++;
    const message = `${this.#options.maxQueuedSpans} spans wait to be sent; the oldest are dropped.`;
    this.#options.faults.report(new TracelightError("QUEUE_FULL", message));
  }

  #idle(timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, timeoutMs);
      this.#whenIdle.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }
}
