// How many traces a second are kept: as a share of those that come, so that what is kept still says how many there were.
import { is, type OptionRules } from "../model/options.ts";
import { steadyNow } from "../model/timers.ts";
import { isShare } from "../tracing/sampler.ts";

/** How many are kept. Where both are given, the smaller counts. */
export interface Share {
  /** From 0, none, to 1, all. */
  readonly share?: number | undefined;
  /**
   * About so many traces a second. The share is chosen by how many came in this second and the one before; the first second of a burst may
   * keep a few times as many.
   */
  readonly perSecond?: number | undefined;
}

/** The check of a share. */
export function shareCheck(value: unknown): string | undefined {
  return isShare(value) ? undefined : "a number from 0 to 1";
}

/** The checks of `Share`. */
export const SHARE_CHECKS: OptionRules["checks"] = {
  share: shareCheck,
  perSecond: is.amount(0),
};

const SECOND_MS = 1000;

/** Says the share for each trace that comes. It never looks at the trace, so that the share is the likelihood that it is kept. */
export class Limiter {
  readonly #share: number;
  readonly #perSecond: number;
  #second = Number.NEGATIVE_INFINITY;
  #count = 0;
  #before = 0;

  constructor({ share = 1, perSecond = Number.POSITIVE_INFINITY }: Share) {
    this.#share = share;
    this.#perSecond = perSecond;
  }

  /** One more came: the share for it. */
  next(): number {
    if (this.#perSecond === Number.POSITIVE_INFINITY) return this.#share;
    this.#turn(Math.floor(steadyNow() / SECOND_MS));
    this.#count++;
    return Math.min(this.#share, this.#perSecond / Math.max(this.#count, this.#before));
  }

  #turn(second: number): void {
    if (second === this.#second) return;
    this.#before = second === this.#second + 1 ? this.#count : 0;
    this.#count = 0;
    this.#second = second;
  }
}
