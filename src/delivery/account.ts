// The account of what one back end was given: counts, faults, the report of both; while spans are open, the end of the process waits.
import { TracelightError } from "../model/errors.ts";
import type { Faults } from "../tracing/faults.ts";
import type { DeliveryReport } from "../tracing/sink.ts";
import { Ledger } from "./ledger.ts";
import { finished, type Unfinished, unfinished } from "./lifecycle.ts";
import { Rarely } from "./rarely.ts";

/** Whose account it is. */
export interface AccountSetup {
  /** Delivers what is open; asked at the end of the process. */
  readonly owner: Unfinished;
  /** What the spans wait for, in errors. */
  readonly name: string;
  readonly faults: Faults;
  /** Says that nothing waits elsewhere, such as in a journal. Default: nothing ever does. */
  readonly isRest?: () => boolean;
}

/** Keeps the account of one delivery. */
export class Account {
  readonly ledger: Ledger;
  readonly #setup: AccountSetup;
  readonly #rarely = new Rarely();
  #isUnfinished = false;

  constructor(setup: AccountSetup) {
    this.#setup = setup;
    this.ledger = new Ledger(setup.isRest ?? (() => true));
  }

  /** From now on there is work, which the end of the process waits for. */
  begin(): void {
    if (this.#isUnfinished) return;
    this.#isUnfinished = true;
    unfinished(this.#setup.owner);
  }

  /** Something was settled, or given up: lets those go who wait for no more. */
  check(): void {
    this.ledger.check();
    if (this.#isUnfinished && this.#setup.owner.pending === 0) this.end();
  }

  /** Whatever is open, the end of the process waits no longer. */
  end(): void {
    this.#isUnfinished = false;
    finished(this.#setup.owner);
  }

  /** Tells now and then that spans were dropped, and what helps. */
  tellFull(mend: string): void {
    if (!this.#rarely.isTime("QUEUE_FULL")) return;
    const message = `The queue of ${this.#setup.name} is full; the oldest spans are dropped: ${mend}.`;
    this.#setup.faults.report(new TracelightError("QUEUE_FULL", message));
  }

  /** What became of the spans until now. */
  report(): DeliveryReport {
    const { owner, faults } = this.#setup;
    const { written, dropped, failed } = this.ledger;
    return { written, pending: owner.pending, dropped, failed, errors: faults.all };
  }
}
