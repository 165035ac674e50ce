// Which span of a batch a server cannot take, where the server does not say so: what fails is halved until one stands alone.

/** What is known of a span that was sent and not taken. */
export interface Trial {
  /** Failures since the last split: how long the next wait is. */
  attempts: number;
  /** With at most so many in one request, itself included. */
  company: number;
  failures: number;
  failuresAlone: number;
  /** Failures since which, or rather since the one before, the server took others. */
  proofs: number;
  /** `Suspicion`'s count when it failed last. */
  deliveries: number;
}

/** A batch that fails so often is split. */
const SPLIT_AFTER = 4;
/** Nobody is given up for less: a server in trouble may fail many times in a row. */
const FAILURES_ALONE = 8;
const PROOFS = 2;

/** Judges by what failed and what was taken meanwhile. */
export class Suspicion {
  #deliveries = 0;

  /** The server took a request, or a part of one. */
  delivered(): void {
    this.#deliveries++;
  }

  /** With how many a span may be sent now: what failed during an outage is no suspect when it is over. */
  companyOf({ company, proofs, deliveries }: Trial): number {
    return proofs === 0 && deliveries !== this.#deliveries ? Number.POSITIVE_INFINITY : company;
  }

  /** A span that has not failed yet. */
  trial(company: number): Trial {
    const deliveries = this.#deliveries;
    return { attempts: 0, company, failures: 0, failuresAlone: 0, proofs: 0, deliveries };
  }

  /**
   * These were sent together and failed. True where it is one that the server will never take: it failed alone time and
   * again, and the server took others meanwhile. Where the server did not even answer, it must have done so since the last
   * failure: an outage, however long, is nobody's fault.
   */
  failed(trials: readonly Trial[], isAnswered: boolean): boolean {
    const [first] = trials;
    const isProven = first !== undefined && first.deliveries !== this.#deliveries;
    for (const trial of trials) this.#note(trial, trials.length);
    return (
      first !== undefined &&
      trials.length === 1 &&
      first.failuresAlone >= FAILURES_ALONE &&
      first.proofs >= PROOFS &&
      (isAnswered || isProven)
    );
  }

  #note(trial: Trial, together: number): void {
    trial.failures++;
    if (trial.deliveries !== this.#deliveries) trial.proofs++;
    trial.deliveries = this.#deliveries;
    if (together === 1) trial.failuresAlone++;
    if (together === 1 || trial.failures < SPLIT_AFTER) return;
    trial.company = Math.ceil(together / 2);
    // A half may be fine: it does not wait for long.
    trial.attempts = 0;
  }
}
