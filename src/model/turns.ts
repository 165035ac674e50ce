// Long work in slices: after so many milliseconds the event loop has a turn, so that the app is never held up.
import { setImmediate, steadyNow } from "./timers.ts";

/** What delivery may take of one turn of the event loop, in milliseconds. */
const SLICE_MS = 8;

/** The slices of one delivery. */
export class Turns {
  #began = Number.NEGATIVE_INFINITY;
  #next: Promise<void> | undefined;

  /** A new turn of the event loop has begun. */
  begin(): void {
    this.#began = steadyNow();
  }

  /** True when this turn's slice is used up: await `next()`. */
  get over(): boolean {
    return steadyNow() - this.#began > SLICE_MS;
  }

  /** The next turn of the event loop; one for all who wait. */
  next(): Promise<void> {
    this.#next ??= new Promise((resolve) => {
      setImmediate(() => {
        this.#next = undefined;
        this.begin();
        resolve();
      });
    });
    return this.#next;
  }
}
