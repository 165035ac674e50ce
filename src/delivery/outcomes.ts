// What becomes of the spans of a batch that was sent: counted, sent again after a pause, or given up and told.
import { messageOf, TracelightError } from "../model/errors.ts";
import { steadyNow } from "../model/timers.ts";
import type { Faults } from "../tracing/faults.ts";
import type { Entry, Settle } from "./entry.ts";
import type { DeliverySettings } from "./options.ts";
import { Rarely } from "./rarely.ts";
import { type Backoff, fullJitter, MAX_FLUSH_DELAY_MS } from "./retry.ts";
import type { Suspicion, Trial } from "./suspicion.ts";
import type { Outcome } from "./transport.ts";
import type { Waiting } from "./waiting.ts";

/** What outcomes have a say in. */
export interface OutcomesSetup<P> {
  /** The back end's, in errors. */
  readonly name: string;
  readonly settings: DeliverySettings;
  readonly waiting: Waiting<P>;
  readonly backoff: Backoff;
  readonly suspicion: Suspicion;
  readonly faults: Faults;
  readonly settle: Settle<P>;
}

/** The spans of a batch by what the server said of them. */
interface Sorted<P> {
  readonly again: Entry<P>[];
  /** Those among them that may be why the server failed. */
  readonly suspects: Entry<P>[];
  /** Why others were refused for good. */
  readonly refusals: Set<TracelightError>;
  /** The time that the server asked for. */
  afterMs: number;
  isAnswered: boolean;
}

/** How a batch, or a part of it, was refused for now. */
interface Refusal {
  readonly sentAt: number;
  readonly afterMs: number;
  readonly isWhole: boolean;
}

/** Failures in a row that are worth telling; fewer are a server's ordinary day. */
const TELLING_FAILURES = 3;

/** Draws the conclusions of one delivery. */
export class Outcomes<P> {
  readonly #setup: OutcomesSetup<P>;
  readonly #rarely = new Rarely();
  #lastError: TracelightError | undefined;

  constructor(setup: OutcomesSetup<P>) {
    this.#setup = setup;
  }

  /** These were sent together at `sentAt`, and that is what became of each. */
  conclude(entries: readonly Entry<P>[], outcomes: readonly Outcome[], sentAt: number): void {
    const { faults, suspicion } = this.#setup;
    const { again, suspects, refusals, afterMs, isAnswered } = this.#sort(entries, outcomes);
    for (const error of refusals) faults.reportRarely(error);
    const isWhole = again.length === entries.length;
    if (!isWhole) suspicion.delivered();
    const [refused] = suspects;
    const trials = suspects.map((entry) => this.#trialOf(entry));
    const isGivenUp = suspicion.failed(trials, isAnswered);
    if (isGivenUp && refused !== undefined) this.#giveUp(refused);
    const left = isGivenUp ? again.filter((entry) => entry !== refused) : again;
    this.#sendAgain(left, { sentAt, afterMs, isWhole });
  }

  /** Tells why spans wait, now and then: retries are no faults, an outage is. */
  tellTrouble(): void {
    const error = this.#lastError;
    if (error !== undefined && this.#rarely.isTime("TROUBLE")) this.#setup.faults.report(error);
  }

  #sort(entries: readonly Entry<P>[], outcomes: readonly Outcome[]): Sorted<P> {
    const { settle } = this.#setup;
    const sorted: Sorted<P> = {
      ...{ again: [], suspects: [], refusals: new Set() },
      ...{ afterMs: 0, isAnswered: true },
    };
    for (let i = 0; i < entries.length; i++) {
      const [entry, outcome] = [entries[i], outcomes[i]];
      if (entry === undefined || outcome === undefined) continue;
      if (outcome.kind === "delivered") settle(entry, "written");
      if (outcome.kind === "failed") settle(entry, "failed");
      if (outcome.kind === "failed") sorted.refusals.add(outcome.error);
      if (outcome.kind === "retry") this.#putOff(sorted, entry, outcome);
    }
    return sorted;
  }

  #putOff(sorted: Sorted<P>, entry: Entry<P>, outcome: Outcome & { readonly kind: "retry" }): void {
    sorted.again.push(entry);
    if (outcome.blame !== "server") sorted.suspects.push(entry);
    sorted.isAnswered &&= outcome.blame === "spans";
    sorted.afterMs = Math.max(sorted.afterMs, outcome.afterMs ?? 0);
    this.#lastError = outcome.error;
  }

  #trialOf(entry: Entry<P>): Trial {
    entry.trial ??= this.#setup.suspicion.trial(this.#setup.settings.maxBatchSpans);
    return entry.trial;
  }

  /** What a server refused for ever is told, and holds up nobody. */
  #giveUp(entry: Entry<P>): void {
    const { name, settle, faults } = this.#setup;
    settle(entry, "failed");
    const tried = `${name} took others, and failed each time with this one`;
    const message = `The span "${entry.span.spanName}" is given up: ${tried}: ${messageOf(this.#lastError)}`;
    faults.report(new TracelightError("SPAN_REFUSED", message, { cause: this.#lastError }));
  }

  #sendAgain(again: readonly Entry<P>[], { sentAt, afterMs, isWhole }: Refusal): void {
    const { settings, waiting, backoff } = this.#setup;
    if (!isWhole) backoff.succeeded();
    if (again.length === 0) return;
    const trials = again.map((entry) => this.#trialOf(entry));
    const isSplit = trials.every(({ company, attempts }) => company === 1 && attempts === 0);
    const attempt = trials.reduce((most, { attempts }) => Math.max(most, attempts), 0);
    for (const trial of trials) trial.attempts++;
    if (isSplit) return waiting.again(again, Number.NEGATIVE_INFINITY);
    const { isHurried } = waiting;
    if (isWhole) backoff.failed(sentAt, { afterMs, isHurried });
    else backoff.wait(afterMs);
    const delay = fullJitter(attempt, settings);
    waiting.again(again, steadyNow() + (isHurried ? Math.min(delay, MAX_FLUSH_DELAY_MS) : delay));
    if (backoff.failures >= TELLING_FAILURES) this.tellTrouble();
  }
}
