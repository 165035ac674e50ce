// Whether an owner that cannot be looked up still lives: it renews its segment, and others see that it does.
import { steadyNow } from "../model/timers.ts";

/** How often an owner renews its segments, in milliseconds. */
export const RENEW_MS = 15_000;
/** A segment that stays the same for so long has no owner any more. */
const LEASE_MS = 60_000;
/** Between two looks no more counts: who was suspended has not watched. */
const MAX_GAP_MS = 20_000;

/** How a segment was found, and for how long it has been watched since then. */
interface Seen {
  readonly sign: string;
  watchedMs: number;
  lookedAt: number;
}

/**
 * Watches segments of others by this thread's own steady clock. No two clocks are ever compared: what a host, a container or
 * a file server takes for the time does not matter, only that the segment changes.
 */
export class SilenceWatch {
  readonly #seen = new Map<string, Seen>();

  /** Looks again: true once the segment has borne the same sign for a whole lease of looking. */
  isSilent(path: string, sign: string): boolean {
    const now = steadyNow();
    const seen = this.#seen.get(path);
    if (seen?.sign !== sign) {
      this.#seen.set(path, { sign, watchedMs: 0, lookedAt: now });
      return false;
    }
    seen.watchedMs += Math.min(now - seen.lookedAt, MAX_GAP_MS);
    seen.lookedAt = now;
    return seen.watchedMs >= LEASE_MS;
  }

  /** Forgets all others. */
  keepOnly(paths: ReadonlySet<string>): void {
    for (const path of this.#seen.keys()) if (!paths.has(path)) this.#seen.delete(path);
  }
}
