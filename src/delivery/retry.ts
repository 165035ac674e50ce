// What is sent again, and when: exponential back-off with full jitter, shared by all requests to one server.
import { steadyNow } from "../model/timers.ts";

/** How long retries wait. */
export interface RetryDelays {
  readonly baseRetryDelayMs: number;
  readonly maxRetryDelayMs: number;
}

/** The longest back-off while somebody waits for a flush, so that a server that is back is noticed. */
export const MAX_FLUSH_DELAY_MS = 1000;

/** A wait of anything up to `base` doubled `attempt` times, or `max` where that is less. */
export function fullJitter(attempt: number, { baseRetryDelayMs, maxRetryDelayMs }: RetryDelays): number {
  return Math.random() * Math.min(maxRetryDelayMs, baseRetryDelayMs * 2 ** Math.min(attempt, MAX_DOUBLINGS));
}

/** More would pass what a number holds. */
const MAX_DOUBLINGS = 40;

/** The pause that a server in trouble gets from all requests. */
export class Backoff {
  readonly #delays: RetryDelays;
  #failures = 0;
  #pausedAt = Number.NEGATIVE_INFINITY;
  #until = Number.NEGATIVE_INFINITY;
  #askedUntil = Number.NEGATIVE_INFINITY;

  constructor(delays: RetryDelays) {
    this.#delays = delays;
  }

  /** Rounds of requests in a row of which none succeeded. */
  get failures(): number {
    return this.#failures;
  }

  /** When requests may be sent again, as `performance.now()` has it. */
  get until(): number {
    return Math.max(this.#until, this.#askedUntil);
  }

  /**
   * A request sent at `sentAt` failed as a whole. Requests that were under way together are one failure, or a few of them
   * would make the pause a long one at once.
   */
  failed(sentAt: number, { afterMs, isHurried }: { afterMs: number; isHurried: boolean }): void {
    const now = steadyNow();
    if (sentAt >= this.#pausedAt) {
      const delay = fullJitter(this.#failures++, this.#delays);
      this.#pausedAt = now;
      this.#until = now + (isHurried ? Math.min(delay, MAX_FLUSH_DELAY_MS) : delay);
    }
    this.wait(afterMs);
  }

  /** The server asked for that much time. */
  wait(afterMs: number): void {
    if (afterMs > 0) this.#askedUntil = Math.max(this.#askedUntil, steadyNow() + afterMs);
  }

  /** The server took something: the pause is over, but for what it asked for. */
  succeeded(): void {
    this.#failures = 0;
    this.#until = Number.NEGATIVE_INFINITY;
  }

  /** Tries at once, whatever the pause. */
  skip(): void {
    this.#until = Number.NEGATIVE_INFINITY;
    this.#askedUntil = Number.NEGATIVE_INFINITY;
  }
}

/** Things to be sent again, each not before its time. */
export class Retries<T> {
  /** The first of a group stands last. */
  #groups: { readonly items: T[]; notBefore: number }[] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** `items`, for no sooner than `notBefore`, in their order. */
  add(items: readonly T[], notBefore: number): void {
    if (items.length > 0) this.#groups.push({ items: items.toReversed(), notBefore });
    this.#size += items.length;
  }

  /** One that is due. */
  take(now: number): T | undefined {
    const at = this.#groups.findIndex((group) => group.notBefore <= now);
    const group = this.#groups[at];
    if (group === undefined) return undefined;
    const item = group.items.pop();
    if (group.items.length === 0) this.#groups.splice(at, 1);
    this.#size--;
    return item;
  }

  /** When the next is due; Infinity where there is none. */
  get dueAt(): number {
    return this.#groups.reduce(
      (first, { notBefore }) => Math.min(first, notBefore),
      Number.POSITIVE_INFINITY,
    );
  }

  /** All are due now. */
  hurry(): void {
    for (const group of this.#groups) group.notBefore = Number.NEGATIVE_INFINITY;
  }
}
