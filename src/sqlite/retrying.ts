// When a file is tried again after a failure, and what is told of it: a lock soon and quietly, other faults after growing
// pauses, and some never.
import { Rarely } from "../delivery/rarely.ts";
import { Backoff } from "../delivery/retry.ts";
import type { TracelightErrorCode } from "../model/error-codes.ts";
import type { TracelightError } from "../model/errors.ts";
import { clearTimeout, setTimeout, steadyNow } from "../model/timers.ts";
import type { Faults } from "../tracing/faults.ts";
import { explainSqlite, isBusy } from "./driver.ts";

/** A lock that others hold is asked for again after so long. */
export const LOCK_RETRY_MS: number = 5;
/** A lock held for longer than this is told of. */
const LOCK_TELLING_MS = 3000;

/** Errors that writing again would meet again. */
const REFUSALS: ReadonlySet<string> = new Set<TracelightErrorCode>([
  "NOT_A_DATABASE",
  "STORE_NEWER",
  "STORE_CORRUPT",
  "MISSING_DEPENDENCY",
]);

/** What is tried again. */
export interface RetryingSetup {
  readonly path: string;
  readonly faults: Faults;
  /** It is time. */
  readonly again: () => void;
}

/** The tries of one writer. */
export class Retrying {
  readonly #setup: RetryingSetup;
  readonly #rarely = new Rarely();
  readonly #backoff = new Backoff({ baseRetryDelayMs: 50, maxRetryDelayMs: 2000 });
  #notBefore = Number.NEGATIVE_INFINITY;
  #lockedSince: number | undefined;
  #timer: NodeJS.Timeout | undefined;
  #refused: TracelightError | undefined;
  /** Why the last try failed. */
  #fault: TracelightError | undefined;

  constructor(setup: RetryingSetup) {
    this.#setup = setup;
  }

  /** Why the file cannot be used, now or later. */
  get refused(): TracelightError | undefined {
    return this.#refused;
  }

  /** False while a lock or a fault is waited for. */
  get isTime(): boolean {
    return steadyNow() >= this.#notBefore;
  }

  /** Nothing is waited for. */
  hurry(): void {
    this.#notBefore = Number.NEGATIVE_INFINITY;
  }

  succeeded(): void {
    this.#backoff.succeeded();
    this.#lockedSince = undefined;
    this.hurry();
  }

  /** A try failed: `again` is called when it is time, unless the file is `refused`. */
  failed(error: unknown): void {
    const fault = explainSqlite(error, this.#setup.path);
    this.#fault = fault;
    if (REFUSALS.has(fault.code)) {
      this.#refused = fault;
      return;
    }
    if (isBusy(error)) this.#locked(fault);
    else this.#broken(fault);
    this.#wait();
  }

  #locked(fault: TracelightError): void {
    const now = steadyNow();
    this.#lockedSince ??= now;
    this.#notBefore = now + LOCK_RETRY_MS;
    if (now - this.#lockedSince > LOCK_TELLING_MS) this.#tell(fault);
  }

  #broken(fault: TracelightError): void {
    const now = steadyNow();
    this.#backoff.failed(now, { afterMs: 0, isHurried: false });
    this.#notBefore = Math.max(this.#backoff.until, now + LOCK_RETRY_MS);
    this.#tell(fault);
  }

  #tell(fault: TracelightError): void {
    if (this.#rarely.isTime(fault.code)) this.#setup.faults.report(fault);
  }

  /** Timers count from the beginning of a turn of the event loop: after a long one they come early. */
  #wait(): void {
    clearTimeout(this.#timer);
    const again = () => (this.isTime ? this.#setup.again() : this.#wait());
    this.#timer = setTimeout(again, this.#notBefore - steadyNow() + 1).unref();
  }

  /** What is left is lost now, so why is told however soon. */
  tellLast(): void {
    if (this.#fault !== undefined) this.#setup.faults.reportRarely(this.#fault);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}
