// How many requests run at once: the one place that decides it, whatever the back end.

/** What passes the gate is bounded, and so is what is put together before it. */
export class Gate {
  readonly #maxConcurrency: number;
  readonly #maxInHand: number;
  readonly #waiting: (() => void)[] = [];
  #inHand = 0;
  #passing = 0;

  /** `ahead` batches more than may be sent are put together while the others are under way. */
  constructor(maxConcurrency: number, ahead = 0) {
    this.#maxConcurrency = maxConcurrency;
    this.#maxInHand = maxConcurrency + ahead;
  }

  /** True while another batch may be taken in hand. */
  get hasRoom(): boolean {
    return this.#inHand < this.#maxInHand;
  }

  /** Counts a batch as in hand while `work` is done: it is put together, waits at the gate, and is sent. */
  async hold(work: () => Promise<void>): Promise<void> {
    this.#inHand++;
    try {
      await work();
    } finally {
      this.#inHand--;
    }
  }

  /** Does `work`, a request, when few enough others are under way; first come, first served. */
  async pass<T>(work: () => Promise<T>): Promise<T> {
    if (this.#passing < this.#maxConcurrency) this.#passing++;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#passing--;
      else next();
    }
  }
}
