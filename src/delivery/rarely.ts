// Faults that come with every span are told once a minute.
import { steadyNow } from "../model/timers.ts";

const EVERY_MS = 60_000;

/** Remembers when what was told last. No timer: a fault that no longer occurs is not told again. */
export class Rarely {
  readonly #toldAt = new Map<string, number>();

  /** True the first time, and then once a minute. */
  isTime(what: string): boolean {
    const now = steadyNow();
    const before = this.#toldAt.get(what);
    if (before !== undefined && now - before < EVERY_MS) return false;
    this.#toldAt.set(what, now);
    return true;
  }
}
