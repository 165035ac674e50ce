// A first-in, first-out queue that is bounded in count and in bytes.
import { Held } from "../tracing/held.ts";
import type { Span } from "../tracing/span.ts";

/** How much may wait. */
export interface QueueBounds {
  readonly maxQueuedSpans: number;
  readonly maxQueuedBytes: number;
}

/** What has left is cut off the front once it is so much, and half of all. */
const CUT_AFTER = 1024;

/** A queue of spans, each with its weight in bytes. The bounds are asked about, not enforced: what is too much is the owner's decision. */
export class Queue<T extends { readonly span: Span; readonly weight: number }> {
  readonly #bounds: QueueBounds;
  readonly #held = new Held();
  readonly #isAsItIs: (item: T) => boolean;
  #items: (T | undefined)[] = [];
  #head = 0;
  #bytes = 0;
  /** Of those that are not as they are: each has its own. */
  #made = 0;

  /** What spans share that wait as they are counts once against the bound. */
  constructor(bounds: QueueBounds, isAsItIs: (item: T) => boolean = () => true) {
    this.#bounds = bounds;
    this.#isAsItIs = isAsItIs;
  }

  get size(): number {
    return this.#items.length - this.#head;
  }

  /** The sum of the weights. */
  get bytes(): number {
    return this.#bytes;
  }

  get #inMemory(): number {
    return this.#made + this.#held.bytes;
  }

  /** True where one more of that weight would pass a bound. An empty queue takes anything. */
  isFullFor(weight: number): boolean {
    if (this.size === 0) return false;
    return this.size >= this.#bounds.maxQueuedSpans || this.#inMemory + weight > this.#bounds.maxQueuedBytes;
  }

  /** True while less than half of what may wait does: room for what was put aside. */
  get hasRoom(): boolean {
    if (this.size === 0) return true;
    return this.size < this.#bounds.maxQueuedSpans / 2 && this.#inMemory < this.#bounds.maxQueuedBytes / 2;
  }

  /** Takes out the oldest until there is room for one of that weight. */
  makeRoomFor(weight: number, dropped: (item: T) => void): void {
    while (this.isFullFor(weight)) {
      const oldest = this.shift();
      if (oldest === undefined) return;
      dropped(oldest);
    }
  }

  push(item: T): void {
    this.#items.push(item);
    this.#entered(item);
  }

  /** Puts back what was taken last, in its order. */
  unshift(items: readonly T[]): void {
    this.#items = [...items, ...this.#items.slice(this.#head)];
    this.#head = 0;
    for (const item of items) this.#entered(item);
  }

  /** Takes the oldest. */
  shift(): T | undefined {
    const item = this.#items[this.#head];
    if (item === undefined) return undefined;
    this.#items[this.#head++] = undefined;
    this.#bytes -= item.weight;
    if (this.#isAsItIs(item)) this.#held.remove(item.span, item.weight);
    else this.#made -= item.weight;
    if (this.#head >= CUT_AFTER && this.#head * 2 >= this.#items.length) this.#cut();
    return item;
  }

  #entered(item: T): void {
    this.#bytes += item.weight;
    if (this.#isAsItIs(item)) this.#held.add(item.span, item.weight);
    else this.#made += item.weight;
  }

  #cut(): void {
    this.#items = this.#items.slice(this.#head);
    this.#head = 0;
  }
}
