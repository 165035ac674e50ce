// The way out of what has been decided: at once where that is little, else in slices, so that the app has its turns.
import { setImmediate, turn } from "../model/timers.ts";
import type { Span } from "../tracing/span.ts";

/** So many spans go in one turn of the event loop. */
const SLICE = 256;

/** A span whose trace has been decided. */
export interface Decided {
  readonly span: Span;
  /** The share that was kept; undefined where it goes nowhere. */
  readonly share: number | undefined;
}

/** Spans on their way out, in their order. */
export class Outgoing {
  readonly #send: (decided: Decided) => void;
  #queue: Decided[] = [];
  #next = 0;
  #isScheduled = false;

  constructor(send: (decided: Decided) => void) {
    this.#send = send;
  }

  /** Spans that are still here. */
  get size(): number {
    return this.#queue.length - this.#next;
  }

  /** Sends them behind all others. */
  add(spans: readonly Span[], share: number | undefined): void {
    if (this.size === 0 && spans.length <= SLICE) {
      for (const span of spans) this.#send({ span, share });
      return;
    }
    for (const span of spans) this.#queue.push({ span, share });
    this.#schedule();
  }

  /** Sends all, now. */
  drain(): void {
    while (this.size > 0) this.slice();
  }

  /** Resolves when all have gone, in slices. */
  async settled(): Promise<void> {
    while (this.size > 0) await turn();
  }

  /** Sends so many of them, now. */
  slice(most: number = SLICE): void {
    const end = Math.min(this.#next + most, this.#queue.length);
    while (this.#next < end) {
      const decided = this.#queue[this.#next++];
      if (decided !== undefined) this.#send(decided);
    }
    if (this.#next * 2 >= this.#queue.length) this.#cut();
  }

  /** What has gone is held no longer. */
  #cut(): void {
    this.#queue = this.#queue.slice(this.#next);
    this.#next = 0;
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.slice();
      if (this.size > 0) this.#schedule();
    });
  }
}
