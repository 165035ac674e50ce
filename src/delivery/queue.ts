// A first-in, first-out queue that is bounded in count and in bytes.

/** How much may wait. */
export interface QueueBounds {
  readonly maxQueuedSpans: number;
  readonly maxQueuedBytes: number;
}

/** What has left is cut off the front once it is so much, and half of all. */
const CUT_AFTER = 1024;

/** A queue of things that have a weight in bytes. The bounds are asked about, not enforced: what is too much is the owner's decision. */
export class Queue<T extends { readonly weight: number }> {
  readonly #bounds: QueueBounds;
  #items: (T | undefined)[] = [];
  #head = 0;
  #bytes = 0;

  constructor(bounds: QueueBounds) {
    this.#bounds = bounds;
  }

  get size(): number {
    return this.#items.length - this.#head;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** True where one more of that weight would pass a bound. An empty queue takes anything. */
  isFullFor(weight: number): boolean {
    if (this.size === 0) return false;
    return this.size >= this.#bounds.maxQueuedSpans || this.#bytes + weight > this.#bounds.maxQueuedBytes;
  }

  /** True while less than half of what may wait does: room for what was put aside. */
  get hasRoom(): boolean {
    if (this.size === 0) return true;
    return this.size < this.#bounds.maxQueuedSpans / 2 && this.#bytes < this.#bounds.maxQueuedBytes / 2;
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
    this.#bytes += item.weight;
  }

  /** Puts back what was taken last, in its order. */
  unshift(items: readonly T[]): void {
    this.#items = [...items, ...this.#items.slice(this.#head)];
    this.#head = 0;
    for (const { weight } of items) this.#bytes += weight;
  }

  /** Takes the oldest. */
  shift(): T | undefined {
    const item = this.#items[this.#head];
    if (item === undefined) return undefined;
    this.#items[this.#head++] = undefined;
    this.#bytes -= item.weight;
    if (this.#head >= CUT_AFTER && this.#head * 2 >= this.#items.length) this.#cut();
    return item;
  }

  #cut(): void {
    this.#items = this.#items.slice(this.#head);
    this.#head = 0;
  }
}
