// A clock for a week of work that is done in seconds: time goes on only when all wait for it.
import { setImmediate } from "node:timers/promises";

export class VirtualClock {
  #now = 0;
  #sleepers: { readonly at: number; readonly wake: () => void }[] = [];

  /** Waits in the time of this clock. */
  readonly pause = (ms: number, signal?: AbortSignal): Promise<void> =>
    new Promise((resolve, reject) => {
      signal?.addEventListener("abort", () => reject(signal.reason), { once: true });
      this.#sleepers.push({ at: this.#now + ms, wake: resolve });
    });

  /** Does some work that begins at `start`, in milliseconds since the epoch. Until it is done, this is the time of the whole process. */
  async run(start: number, work: () => Promise<void>): Promise<void> {
    const realNow = Date.now;
    Date.now = () => Math.round(this.#now);
    this.#now = start;
    let isDone = false;
    const done = work().finally(() => {
      isDone = true;
    });
    try {
      await Promise.race([done, this.#goOn(() => isDone)]);
      await done;
    } finally {
      Date.now = realNow;
      this.#sleepers = [];
    }
  }

  /** Promises that follow from each other are through when the event loop has come round. */
  async #goOn(isDone: () => boolean): Promise<void> {
    while (!isDone()) {
      for (let round = 0; round < ROUNDS; round++) await setImmediate();
      this.#wakeNext();
    }
  }

  #wakeNext(): void {
    const next = this.#sleepers.sort((a, b) => a.at - b.at).shift();
    if (next === undefined) return;
    this.#now = Math.max(this.#now, next.at);
    next.wake();
  }
}

const ROUNDS = 3;
