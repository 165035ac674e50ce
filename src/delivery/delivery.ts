// Delivery: takes spans, sends them in batches in the background, tries again, and counts what became of each.
// SQLite's writer shares the queue, the account, the back-off and the end of the process with it, and no more: what it writes
// is written in the same turn, in order, and outlives the process, so it has no requests under way, no suspects and no journal.
import { asTracelightError } from "../model/errors.ts";
import { Turns } from "../model/turns.ts";
import type { Faults } from "../tracing/faults.ts";
import type { DeliveryReport } from "../tracing/sink.ts";
import type { Span } from "../tracing/span.ts";
import { weigh } from "../tracing/weight.ts";
import { Account } from "./account.ts";
import { Batches } from "./batches.ts";
import type { Entry } from "./entry.ts";
import { Gate } from "./gate.ts";
import { Journal } from "./journal.ts";
import type { JournalPosition } from "./journal-segment.ts";
import type { Epoch } from "./ledger.ts";
import { type DeliveryOptions, type DeliverySettings, deliverySettings } from "./options.ts";
import { Outcomes } from "./outcomes.ts";
import { Backoff } from "./retry.ts";
import { Sender } from "./sender.ts";
import { Suspicion } from "./suspicion.ts";
import type { Transport } from "./transport.ts";
import { Waiting } from "./waiting.ts";

/** What a back end gives to its delivery. */
export interface DeliverySetup<P> {
  readonly transport: Transport<P>;
  /** Where faults are told; its list is the `errors` of the report. */
  readonly faults: Faults;
  /** The user's options, checked already. Others in the same object are left alone. */
  readonly options?: DeliveryOptions;
  /**
   * Says where the spans go, such as a table and identifier: spans of a journal are delivered by those with the same
   * destination only. Default: the transport's name.
   */
  readonly destination?: string;
}

const CLOSE_TIMEOUT_MS = 30_000;

/**
 * Sends spans to one back end in the background. Nothing here throws or rejects, and nothing keeps an idle process alive.
 * A sink gives it each span by `add` in its `write`, and waits for it by `flush` in its own.
 */
export class Delivery<P> {
  readonly #transport: Transport<P>;
  readonly #faults: Faults;
  readonly #account: Account;
  readonly #waiting: Waiting<P>;
  readonly #backoff: Backoff;
  readonly #outcomes: Outcomes<P>;
  readonly #sender: Sender<P>;
  readonly #journal: Journal | undefined;
  #isStopped = false;
  #closing: Promise<DeliveryReport> | undefined;

  constructor({ transport, faults, options = {}, destination = transport.name }: DeliverySetup<P>) {
    const settings = deliverySettings(options, transport);
    const { name } = transport;
    const ahead = transport.prepare === undefined ? 0 : 1;
    const isRest = () => this.#journal === undefined || this.#journal.isRest;
    const waiting = new Waiting<P>(settings, (settings.maxConcurrency + ahead) * settings.maxBatchSpans);
    const [backoff, turns] = [new Backoff(settings), new Turns()];
    const settle = (entry: Entry<P>, as: "written" | "failed" | "dropped") => this.#settle(entry, as);
    const shared = {
      transport,
      settings,
      waiting,
      backoff,
      turns,
      faults,
      settle,
      suspicion: new Suspicion(),
    };
    this.#transport = transport;
    this.#faults = faults;
    this.#account = new Account({ owner: this, name, faults, isRest });
    this.#waiting = waiting;
    this.#backoff = backoff;
    this.#outcomes = new Outcomes({ ...shared, name });
    this.#sender = new Sender({
      ...{ ...shared, outcomes: this.#outcomes, batches: new Batches(shared) },
      gate: new Gate(settings.maxConcurrency, ahead),
      looking: () => this.#journal?.readBack(),
      sent: () => this.#sent(),
    });
    this.#journal = this.#openJournal(settings, { destination, turns });
  }

  #openJournal(
    { journal, maxJournalBytes, maxQueuedBytes }: DeliverySettings,
    { destination, turns }: { readonly destination: string; readonly turns: Turns },
  ): Journal | undefined {
    if (journal === undefined) return undefined;
    const { ledger } = this.#account;
    return new Journal({
      ...{ folder: journal, maxBytes: maxJournalBytes, maxQueuedBytes },
      ...{ destination, turns, faults: this.#faults },
      hasRoom: () => this.#waiting.hasRoom,
      take: (span, place) => this.#push(span, place, { weight: place.weight, epoch: ledger.acceptOld() }),
      lost: (spans) => {
        ledger.failed += spans;
      },
      changed: () => this.#changed(),
    });
  }

  /** Spans taken, or found in the journal, that are not delivered yet. */
  get pending(): number {
    return this.#account.ledger.open + (this.#journal?.unread ?? 0);
  }

  /** Takes a span that has ended. It is sent after the caller's own code has run. */
  add(span: Span): void {
    if (this.#isStopped) return void this.#account.ledger.dropped++;
    this.#account.begin();
    const place = this.#journal?.append(span);
    if (place instanceof Promise) void this.#addLater(span, place);
    else this.#enter(span, place, undefined);
  }

  /** A large span is on its way into the journal, and goes on when it is there. */
  async #addLater(span: Span, writing: Promise<JournalPosition | undefined>): Promise<void> {
    const epoch = this.#account.ledger.accept();
    const place = await writing;
    if (!this.#isStopped) this.#enter(span, place, epoch);
  }

  /** Takes its place in the queue, or on disk; with an epoch where it was accepted before. */
  #enter(span: Span, place: JournalPosition | undefined, accepted: Epoch | undefined): void {
    const weight = place?.weight ?? weigh(span);
    const { ledger } = this.#account;
    if (this.#isOverflowing(place, weight)) {
      if (accepted !== undefined) ledger.putAside(accepted);
      return this.#overflow(place);
    }
    if (this.#waiting.isFullFor(weight)) this.#dropOldest(weight);
    this.#push(span, place, { weight, epoch: accepted ?? ledger.accept() });
  }

  /** Delivers all that was taken until now, within the time; resolves with what is true then. */
  async flush(timeoutMs: number): Promise<DeliveryReport> {
    this.#journal?.recover();
    if (this.pending === 0 && this.#journal?.isRest !== false) return this.report();
    this.#backoff.skip();
    await this.#waiting.hurry(() => {
      this.#sender.schedule();
      return this.#account.ledger.settled(timeoutMs);
    });
    if (this.pending > 0) this.#outcomes.tellTrouble();
    return this.report();
  }

  /** Flushes within 30 s, unless told, and stops. What is left in a journal may be claimed by others at once. */
  close(timeoutMs: number = CLOSE_TIMEOUT_MS): Promise<DeliveryReport> {
    this.#closing ??= this.#close(timeoutMs);
    return this.#closing;
  }

  async #close(timeoutMs: number): Promise<DeliveryReport> {
    const report = await this.flush(timeoutMs);
    this.#isStopped = true;
    this.#account.end();
    this.#sender.stop();
    this.#journal?.close();
    try {
      await this.#transport.close?.();
    } catch (error) {
      const what = `${this.#transport.name} could not be closed`;
      this.#faults.report(asTracelightError(error, "SINK_FAILED", what));
    }
    return { ...report, errors: this.#faults.all };
  }

  /** What became of the spans until now. */
  report(): DeliveryReport {
    return this.#account.report();
  }

  #sent(): void {
    this.#journal?.acknowledge();
    this.#changed();
  }

  #changed(): void {
    if (this.pending > 0 && !this.#isStopped) this.#account.begin();
    this.#account.check();
    this.#sender.schedule();
  }

  /** Once spans are left on disk, later ones are left there too, so that they keep their order. */
  #isOverflowing(place: JournalPosition | undefined, weight: number): place is JournalPosition {
    if (place === undefined || this.#journal === undefined) return false;
    return this.#journal.isOverflowing || this.#waiting.isFullFor(weight);
  }

  #overflow(place: JournalPosition): void {
    this.#journal?.leave(place);
    this.#sender.schedule();
  }

  #push(
    span: Span,
    place: JournalPosition | undefined,
    { weight, epoch }: { weight: number; epoch: Epoch },
  ): void {
    this.#waiting.push({ span, weight, epoch, place, ready: undefined, trial: undefined });
    this.#sender.added();
  }

  #dropOldest(weight: number): void {
    this.#waiting.makeRoomFor(weight, (oldest) => this.#settle(oldest, "dropped"));
    this.#sender.schedule();
    this.#account.tellFull("raise maxQueuedSpans and maxQueuedBytes, or give a journal");
  }

  #settle({ epoch, place }: Entry<P>, as: "written" | "failed" | "dropped"): void {
    if (place !== undefined) this.#journal?.settle(place);
    this.#account.ledger.settle(epoch, as);
  }
}
