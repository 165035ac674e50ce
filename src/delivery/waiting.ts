// What waits to be sent: new spans in a queue, and those to be sent again, which go first.
import { steadyNow } from "../model/timers.ts";
import type { Entry } from "./entry.ts";
import type { DeliverySettings } from "./options.ts";
import { Queue } from "./queue.ts";
import { Retries } from "./retry.ts";

/** Spans that wait, and when there is a batch of them. */
export class Waiting<P> {
  readonly #settings: DeliverySettings;
  readonly #maxRetries: number;
  readonly #queue: Queue<Entry<P>>;
  readonly #retries = new Retries<Entry<P>>();
  /** So many of the queue have waited long enough for others to share their request. */
  #aged = 0;
  #flushes = 0;

  /** With `maxRetries` spans to be sent again, what is new has to wait. */
  constructor(settings: DeliverySettings, maxRetries: number) {
    this.#settings = settings;
    this.#maxRetries = maxRetries;
    this.#queue = new Queue(settings);
  }

  /** True while there is room in memory for what was left on disk. */
  get hasRoom(): boolean {
    return this.#queue.hasRoom;
  }

  /** True while somebody waits for a flush. */
  get isHurried(): boolean {
    return this.#flushes > 0;
  }

  /** True where the queue holds a whole request; one that takes no more need not wait for company: none will come. */
  get isBatchFull(): boolean {
    const { size, bytes } = this.#queue;
    const { maxBatchSpans, maxBatchBytes } = this.#settings;
    return size >= maxBatchSpans || bytes >= maxBatchBytes || this.#queue.isFullFor(0);
  }

  /** True where one more of that weight would pass a bound. */
  isFullFor(weight: number): boolean {
    return this.#queue.isFullFor(weight);
  }

  /** Drops the oldest until there is room for one of that weight. */
  makeRoomFor(weight: number, dropped: (entry: Entry<P>) => void): void {
    this.#queue.makeRoomFor(weight, dropped);
  }

  push(entry: Entry<P>): void {
    this.#queue.push(entry);
  }

  /** What waits now has waited long enough. */
  age(): void {
    this.#aged = this.#queue.size;
  }

  /** While `work` lasts nothing waits for company, nor for its time to be sent again. */
  async hurry(work: () => Promise<void>): Promise<void> {
    this.#flushes++;
    this.#retries.hurry();
    await work();
    this.#flushes--;
  }

  /** Those are sent again, in their order, no sooner than `notBefore`. */
  again(entries: readonly Entry<P>[], notBefore: number): void {
    this.#retries.add(entries, notBefore);
  }

  /** When there is a batch to send; Infinity where nobody knows yet. */
  readyAt(now: number): number {
    return this.#hasFreshBatch() ? now : this.#retries.dueAt;
  }

  /** With many retries waiting, what is new has to wait as well. */
  #hasFreshBatch(): boolean {
    if (this.#queue.size === 0 || this.#retries.size >= this.#maxRetries) return false;
    return this.#flushes > 0 || this.#aged > 0 || this.isBatchFull;
  }

  /** The next to be sent; what was sent before goes first. */
  take(): Entry<P> | undefined {
    if (this.#retries.size > 0) {
      const again = this.#retries.take(steadyNow());
      if (again !== undefined || this.#retries.size >= this.#maxRetries) return again;
    }
    if (this.#aged > 0) this.#aged--;
    return this.#queue.shift();
  }
}
