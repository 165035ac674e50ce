// A map of the latest: what was used longest ago is forgotten.

/** Holds so many entries at most. */
export class RecentMap<K, V> {
  readonly #limit: number;
  readonly #entries = new Map<K, V>();
  /** Goes on behind what was forgotten: a new one would step over all that each time, which takes 50 µs of 100,000 entries. */
  #oldest: Iterator<K> = this.#entries.keys();

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** The value, which then counts as the latest. */
  get(key: K): V | undefined {
    const value = this.#entries.get(key);
    if (value === undefined) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, value);
    return value;
  }

  set(key: K, value: V): void {
    this.#entries.delete(key);
    this.#entries.set(key, value);
    if (this.#entries.size <= this.#limit) return;
    const oldest = this.#oldest.next();
    if (oldest.done !== true) this.#entries.delete(oldest.value);
  }

  delete(key: K): void {
    this.#entries.delete(key);
  }

  clear(): void {
    this.#entries.clear();
    this.#oldest = this.#entries.keys();
  }
}
