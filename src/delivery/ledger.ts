// What became of each span: counts that always add up, and who waits for which spans.
import { clearTimeout, setTimeout } from "../model/timers.ts";

/** Spans taken between two flushes, and how many of them are open. */
export interface Epoch {
  open: number;
}

interface Waiter {
  readonly epoch: Epoch;
  readonly resolve: () => void;
}

/** The counts of one delivery. */
export class Ledger {
  written = 0;
  failed = 0;
  dropped = 0;
  #open = 0;
  #epochs: Epoch[] = [{ open: 0 }];
  #current: Epoch = this.#epochs[0] ?? { open: 0 };
  #waiters: Waiter[] = [];
  readonly #isRest: () => boolean;

  /** `isRest` says that nothing waits elsewhere, such as in a journal. */
  constructor(isRest: () => boolean) {
    this.#isRest = isRest;
  }

  /** Spans taken and not settled. */
  get open(): number {
    return this.#open;
  }

  /** Takes a new span. Give the result to `settle`. */
  accept(): Epoch {
    this.#open++;
    this.#current.open++;
    return this.#current;
  }

  /** Takes a span that is older than all others, for which every flush waits. */
  acceptOld(): Epoch {
    const epoch = this.#epochs[0] ?? this.#current;
    this.#open++;
    epoch.open++;
    return epoch;
  }

  /** A span that was taken waits elsewhere from now on, such as in a journal. */
  putAside(epoch: Epoch): void {
    this.#open--;
    epoch.open--;
  }

  /** Counts a span as one of three. */
  settle(epoch: Epoch, as: "written" | "failed" | "dropped"): void {
    this[as]++;
    this.#open--;
    epoch.open--;
    if (epoch.open === 0) this.check();
  }

  /** Resolves when all spans taken until now are settled, or the time is over. */
  settled(timeoutMs: number): Promise<void> {
    const epoch = this.#current;
    this.#current = { open: 0 };
    this.#epochs.push(this.#current);
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.#waiters = this.#waiters.filter((waiter) => waiter.resolve !== done);
        this.#prune();
        resolve();
      };
      const timer = setTimeout(done, timeoutMs);
      this.#waiters.push({ epoch, resolve: done });
      this.check();
    });
  }

  /** Lets those go whose spans are settled. */
  check(): void {
    if (this.#waiters.length === 0 || !this.#isRest()) return;
    for (const { epoch, resolve } of [...this.#waiters]) if (this.#isSettled(epoch)) resolve();
  }

  #isSettled(epoch: Epoch): boolean {
    const upTo = this.#epochs.slice(0, this.#epochs.indexOf(epoch) + 1);
    return upTo.every(({ open }) => open === 0);
  }

  /** With nobody waiting, epochs need no telling apart. */
  #prune(): void {
    if (this.#waiters.length > 0) return;
    this.#epochs = this.#epochs.filter((epoch) => epoch.open > 0 || epoch === this.#current);
  }
}
