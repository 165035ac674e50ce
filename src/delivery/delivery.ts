// Delivery: takes spans, sends them in batches in the background, tries again, and counts what became of each.
import { asTracelightError, messageOf, TracelightError } from "../model/errors.ts";
import { clearTimeout, setImmediate, setTimeout, steadyNow } from "../model/timers.ts";
import { runQuietly } from "../tracing/context.ts";
import type { Faults } from "../tracing/faults.ts";
import type { DeliveryReport } from "../tracing/sink.ts";
import type { Span } from "../tracing/span.ts";
import { Journal } from "./journal.ts";
import type { JournalPosition } from "./journal-segment.ts";
import { type Epoch, Ledger } from "./ledger.ts";
import { finished, unfinished } from "./lifecycle.ts";
import { type DeliveryOptions, type DeliverySettings, deliverySettings } from "./options.ts";
import { Queue } from "./queue.ts";
import { Rarely } from "./rarely.ts";
import { Backoff, fullJitter, MAX_FLUSH_DELAY_MS, Retries } from "./retry.ts";
import { Suspicion, type Trial } from "./suspicion.ts";
import type { Outcome, Transport } from "./transport.ts";
import { Turns } from "./turns.ts";
import { weigh } from "./weight.ts";

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

/** A span on its way. */
interface Entry<P> {
  readonly span: Span;
  readonly weight: number;
  readonly epoch: Epoch;
  /** Where the journal holds it. */
  readonly place: JournalPosition | undefined;
  ready: Ready<P> | undefined;
  /** Of one that was sent and not taken. */
  trial: Trial | undefined;
}

/** A span as it is sent. */
interface Ready<P> {
  readonly entry: Entry<P>;
  readonly parcel: P;
  readonly size: number;
}

const CLOSE_TIMEOUT_MS = 30_000;
/** Failures in a row that are worth telling; fewer are a server's ordinary day. */
const TELLING_FAILURES = 3;

/**
 * Sends spans to one back end in the background. Nothing here throws or rejects, and nothing keeps an idle process alive.
 * A sink gives it each span by `add` in its `write`, and waits for it by `flush` in its own.
 */
export class Delivery<P> {
  readonly #transport: Transport<P>;
  readonly #faults: Faults;
  readonly #settings: DeliverySettings;
  readonly #queue: Queue<Entry<P>>;
  readonly #retries = new Retries<Entry<P>>();
  readonly #backoff: Backoff;
  readonly #turns = new Turns();
  readonly #rarely = new Rarely();
  readonly #suspicion = new Suspicion();
  readonly #ledger: Ledger = new Ledger(() => this.#journal === undefined || this.#journal.isRest);
  readonly #journal: Journal | undefined;
  #lanes = 0;
  #flushes = 0;
  /** So many of the queue have waited long enough for others to share their request. */
  #aged = 0;
  #isScheduled = false;
  #isStopped = false;
  #isUnfinished = false;
  #ageTimer: NodeJS.Timeout | undefined;
  #wakeTimer: NodeJS.Timeout | undefined;
  #closing: Promise<DeliveryReport> | undefined;
  #lastError: TracelightError | undefined;

  constructor({ transport, faults, options = {}, destination = transport.name }: DeliverySetup<P>) {
    const settings = deliverySettings(options, transport);
    this.#transport = transport;
    this.#faults = faults;
    this.#settings = settings;
    this.#queue = new Queue(settings);
    this.#backoff = new Backoff(settings);
    if (settings.journal === undefined) return;
    this.#journal = new Journal({
      folder: settings.journal,
      maxBytes: settings.journalMaxBytes,
      maxQueuedBytes: settings.maxQueuedBytes,
      destination,
      faults,
      turns: this.#turns,
      hasRoom: () => this.#queue.hasRoom,
      take: (span, place) =>
        this.#push(span, place, { weight: place.weight, epoch: this.#ledger.acceptOld() }),
      lost: (spans) => {
        this.#ledger.failed += spans;
      },
      changed: () => this.#changed(),
    });
  }

  /** Spans taken, or found in the journal, that are not delivered yet. */
  get pending(): number {
    return this.#ledger.open + (this.#journal?.unread ?? 0);
  }

  /** Takes a span that has ended. It is sent after the caller's own code has run. */
  add(span: Span): void {
    if (this.#isStopped) return void this.#ledger.dropped++;
    if (!this.#isUnfinished) this.#begin();
    const place = this.#journal?.append(span);
    if (place instanceof Promise) void this.#addLater(span, place);
    else this.#enter(span, place, undefined);
  }

  /** A large span is on its way into the journal, and goes on when it is there. */
  async #addLater(span: Span, writing: Promise<JournalPosition | undefined>): Promise<void> {
    const epoch = this.#ledger.accept();
    const place = await writing;
    if (!this.#isStopped) this.#enter(span, place, epoch);
  }

  /** Takes its place in the queue, or on disk; with an epoch where it was accepted before. */
  #enter(span: Span, place: JournalPosition | undefined, accepted: Epoch | undefined): void {
    const weight = place?.weight ?? weigh(span);
    if (this.#isOverflowing(place, weight)) {
      if (accepted !== undefined) this.#ledger.putAside(accepted);
      return this.#overflow(place);
    }
    if (this.#queue.isFullFor(weight)) this.#dropOldest(weight);
    this.#push(span, place, { weight, epoch: accepted ?? this.#ledger.accept() });
  }

  /** Delivers all that was taken until now, within the time; resolves with what is true then. */
  async flush(timeoutMs: number): Promise<DeliveryReport> {
    this.#journal?.recover();
    if (this.pending === 0 && this.#journal?.isRest !== false) return this.report();
    this.#flushes++;
    this.#backoff.skip();
    this.#retries.hurry();
    this.#schedule();
    await this.#ledger.settled(timeoutMs);
    this.#flushes--;
    if (this.pending > 0) this.#tellTrouble();
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
    finished(this);
    clearTimeout(this.#ageTimer);
    clearTimeout(this.#wakeTimer);
    this.#journal?.close();
    try {
      await this.#transport.close?.();
    } catch (error) {
      this.#faults.report(
        asTracelightError(error, "SINK_FAILED", `${this.#transport.name} could not be closed`),
      );
    }
    return { ...report, errors: this.#faults.all };
  }

  /** What became of the spans until now. */
  report(): DeliveryReport {
    const { written, dropped, failed } = this.#ledger;
    return { written, pending: this.pending, dropped, failed, errors: this.#faults.all };
  }

  /** From now on there is work, which the end of the process waits for. */
  #begin(): void {
    this.#isUnfinished = true;
    unfinished(this);
  }

  #changed(): void {
    if (this.pending > 0 && !this.#isUnfinished && !this.#isStopped) this.#begin();
    if (this.pending === 0 && this.#isUnfinished) {
      this.#isUnfinished = false;
      finished(this);
    }
    this.#ledger.check();
    this.#schedule();
  }

  /** Once spans are left on disk, later ones are left there too, so that they keep their order. */
  #isOverflowing(place: JournalPosition | undefined, weight: number): place is JournalPosition {
    if (place === undefined || this.#journal === undefined) return false;
    return this.#journal.isOverflowing || this.#queue.isFullFor(weight);
  }

  #overflow(place: JournalPosition): void {
    this.#journal?.leave(place);
    this.#schedule();
  }

  #push(
    span: Span,
    place: JournalPosition | undefined,
    { weight, epoch }: { weight: number; epoch: Epoch },
  ): void {
    this.#queue.push({ span, weight, epoch, place, ready: undefined, trial: undefined });
    // Also where a look is due: it sends no more than what has aged until then.
    if (this.#ageTimer === undefined) this.#startAgeTimer();
    if (!this.#isScheduled && (this.#flushes > 0 || this.#isBatchFull())) this.#schedule();
  }

  #startAgeTimer(): void {
    this.#ageTimer = setTimeout(() => {
      this.#ageTimer = undefined;
      this.#aged = this.#queue.size;
      this.#schedule();
    }, this.#settings.maxBatchAgeMs).unref();
  }

  #dropOldest(weight: number): void {
    while (this.#queue.isFullFor(weight)) {
      const oldest = this.#queue.shift();
      if (oldest === undefined) break;
      this.#settle(oldest, "dropped");
    }
    this.#schedule();
    if (!this.#rarely.isTime("QUEUE_FULL")) return;
    const mend = "raise maxQueuedSpans and maxQueuedBytes, or give a journal";
    const message = `The queue of ${this.#transport.name} is full; the oldest spans are dropped: ${mend}.`;
    this.#faults.report(new TracelightError("QUEUE_FULL", message));
  }

  /** Looks for work in the next turn of the event loop. */
  #schedule(): void {
    if (this.#isScheduled || this.#isStopped) return;
    this.#isScheduled = true;
    runQuietly(() => setImmediate(() => this.#look()));
  }

  #look(): void {
    this.#isScheduled = false;
    this.#turns.begin();
    this.#journal?.readBack();
    this.#work();
  }

  /** Starts one batch; the next is another turn's, since sending takes processor time as well. */
  #work(): void {
    if (this.#isStopped || this.#lanes >= this.#settings.maxConcurrency) return;
    const now = steadyNow();
    const isFresh = this.#hasFreshBatch();
    const readyAt = Math.max(this.#backoff.until, isFresh ? now : this.#retries.dueAt);
    if (readyAt > now) return this.#wakeAt(readyAt, now);
    void this.#sendBatch();
    this.#schedule();
  }

  #wakeAt(at: number, now: number): void {
    clearTimeout(this.#wakeTimer);
    if (at === Number.POSITIVE_INFINITY) return;
    // A millisecond more: timers may fire a little early.
    this.#wakeTimer = setTimeout(() => this.#schedule(), Math.min(at - now + 1, MAX_WAKE_MS)).unref();
  }

  /** True where the queue has a batch to send now. With many retries waiting, what is new has to wait as well. */
  #hasFreshBatch(): boolean {
    if (this.#queue.size === 0 || this.#retries.size >= this.#maxRetries) return false;
    return this.#flushes > 0 || this.#aged > 0 || this.#isBatchFull();
  }

  #isBatchFull(): boolean {
    const { size, bytes } = this.#queue;
    const { maxBatchSpans, maxBatchBytes } = this.#settings;
    // A queue that takes no more need not wait for company: none will come.
    return size >= maxBatchSpans || bytes >= maxBatchBytes || this.#queue.isFullFor(0);
  }

  get #maxRetries(): number {
    return this.#settings.maxConcurrency * this.#settings.maxBatchSpans;
  }

  async #sendBatch(): Promise<void> {
    this.#lanes++;
    try {
      const batch = await this.#fill();
      if (batch.length > 0 && !this.#isStopped) await this.#send(batch);
    } catch (error) {
      // Not a transport's doing, which is caught: tell it rather than hide it.
      this.#faults.report(
        asTracelightError(error, "SINK_FAILED", `${this.#transport.name} could not deliver`),
      );
    }
    this.#lanes--;
    this.#journal?.acknowledge();
    this.#changed();
  }

  /** The next batch, encoded. A span that cannot be encoded fails alone. */
  async #fill(): Promise<Ready<P>[]> {
    const { maxBatchSpans, maxBatchBytes } = this.#settings;
    const batch: Ready<P>[] = [];
    let most = maxBatchSpans;
    let bytes = 0;
    let taken = 0;
    for (let entry = this.#take(); entry !== undefined; entry = this.#take()) {
      // Asking for the time takes as long as some spans.
      if (++taken % SPANS_A_LOOK === 0 || entry.weight > HEAVY_BYTES) {
        while (this.#turns.over) await this.#turns.next();
      }
      const encoded = this.#encode(entry);
      const ready = encoded instanceof Promise ? await encoded : encoded;
      if (ready === undefined) continue;
      if (entry.trial !== undefined) most = Math.min(most, this.#suspicion.companyOf(entry.trial));
      if (batch.length > 0 && (batch.length >= most || bytes + ready.size > maxBatchBytes)) {
        this.#retries.add([entry], Number.NEGATIVE_INFINITY);
        return batch;
      }
      batch.push(ready);
      bytes += ready.size;
      if (batch.length >= most) return batch;
    }
    return batch;
  }

  /** The next to be sent; what was sent before goes first. */
  #take(): Entry<P> | undefined {
    if (this.#retries.size > 0) {
      const again = this.#retries.take(steadyNow());
      if (again !== undefined || this.#retries.size >= this.#maxRetries) return again;
    }
    if (this.#aged > 0) this.#aged--;
    return this.#queue.shift();
  }

  /** Awaits only where the transport does: most encode at once, and a promise a span costs more than it. */
  #encode(entry: Entry<P>): Ready<P> | undefined | Promise<Ready<P> | undefined> {
    if (entry.ready !== undefined) return entry.ready;
    try {
      const parcel = this.#transport.encode(entry.span);
      if (parcel instanceof Promise) {
        return parcel.then(
          (settled) => this.#keep(entry, settled),
          (error) => this.#notEncoded(entry, error),
        );
      }
      return this.#keep(entry, parcel);
    } catch (error) {
      return this.#notEncoded(entry, error);
    }
  }

  #keep(entry: Entry<P>, parcel: P): Ready<P> | undefined {
    try {
      entry.ready = { entry, parcel, size: this.#transport.size(parcel) };
    } catch (error) {
      return this.#notEncoded(entry, error);
    }
    return entry.ready;
  }

  #notEncoded(entry: Entry<P>, error: unknown): undefined {
    this.#settle(entry, "failed");
    const message = `The span "${entry.span.spanName}" could not be encoded for ${this.#transport.name}`;
    this.#faults.reportRarely(asTracelightError(error, "SINK_FAILED", message));
  }

  async #send(batch: readonly Ready<P>[]): Promise<void> {
    const entries = batch.map(({ entry }) => entry);
    const sentAt = steadyNow();
    try {
      const outcomes: unknown = await this.#transport.send(batch.map(({ parcel }) => parcel));
      if (!isOutcomes(outcomes, batch.length))
        throw new TypeError("send must resolve with one outcome a parcel");
      this.#conclude(entries, outcomes, sentAt);
    } catch (error) {
      const fault = asTracelightError(
        error,
        "SINK_FAILED",
        `${this.#transport.name} could not be sent spans`,
      );
      this.#conclude(
        entries,
        entries.map(() => ({ kind: "retry", error: fault })),
        sentAt,
      );
    }
  }

  #trialOf(entry: Entry<P>): Trial {
    entry.trial ??= this.#suspicion.trial(this.#settings.maxBatchSpans);
    return entry.trial;
  }

  #conclude(entries: readonly Entry<P>[], outcomes: readonly Outcome[], sentAt: number): void {
    const again: Entry<P>[] = [];
    const suspects: Entry<P>[] = [];
    const refusals = new Set<TracelightError>();
    let afterMs = 0;
    let isAnswered = true;
    for (let i = 0; i < entries.length; i++) {
      const [entry, outcome] = [entries[i], outcomes[i]];
      if (entry === undefined || outcome === undefined) continue;
      if (outcome.kind === "delivered") this.#settle(entry, "written");
      if (outcome.kind === "failed") this.#settle(entry, "failed");
      if (outcome.kind === "failed") refusals.add(outcome.error);
      if (outcome.kind !== "retry") continue;
      again.push(entry);
      if (outcome.blame !== "server") suspects.push(entry);
      isAnswered &&= outcome.blame === "spans";
      this.#lastError = outcome.error;
      afterMs = Math.max(afterMs, outcome.afterMs ?? 0);
    }
    for (const error of refusals) this.#faults.reportRarely(error);
    if (again.length < entries.length) this.#suspicion.delivered();
    const [refused] = suspects;
    const trials = suspects.map((entry) => this.#trialOf(entry));
    const isGivenUp = this.#suspicion.failed(trials, isAnswered);
    if (isGivenUp && refused !== undefined) this.#giveUp(refused);
    this.#sendAgain(isGivenUp ? again.filter((entry) => entry !== refused) : again, {
      ...{ sentAt, afterMs },
      isWhole: again.length === entries.length,
    });
  }

  /** What a server refused for ever is told, and holds up nobody. */
  #giveUp(entry: Entry<P>): void {
    this.#settle(entry, "failed");
    const tried = `${this.#transport.name} took others, and failed each time with this one`;
    const message = `The span "${entry.span.spanName}" is given up: ${tried}: ${messageOf(this.#lastError)}`;
    this.#faults.report(new TracelightError("SPAN_REFUSED", message, { cause: this.#lastError }));
  }

  #sendAgain(again: Entry<P>[], { sentAt, afterMs, isWhole }: Refusal): void {
    if (!isWhole) this.#backoff.succeeded();
    if (again.length === 0) return;
    const trials = again.map((entry) => this.#trialOf(entry));
    const isSplit = trials.every(({ company, attempts }) => company === 1 && attempts === 0);
    const attempt = trials.reduce((most, { attempts }) => Math.max(most, attempts), 0);
    for (const trial of trials) trial.attempts++;
    if (isSplit) return this.#retries.add(again, Number.NEGATIVE_INFINITY);
    const isHurried = this.#flushes > 0;
    if (isWhole) this.#backoff.failed(sentAt, { afterMs, isHurried });
    else this.#backoff.wait(afterMs);
    const delay = fullJitter(attempt, this.#settings);
    this.#retries.add(again, steadyNow() + (isHurried ? Math.min(delay, MAX_FLUSH_DELAY_MS) : delay));
    if (this.#backoff.failures >= TELLING_FAILURES) this.#tellTrouble();
  }

  /** Tells why spans wait, now and then: retries are no faults, an outage is. */
  #tellTrouble(): void {
    if (this.#lastError !== undefined && this.#rarely.isTime("TROUBLE")) this.#faults.report(this.#lastError);
  }

  #settle({ epoch, place }: Entry<P>, as: "written" | "failed" | "dropped"): void {
    if (place !== undefined) this.#journal?.settle(place);
    this.#ledger.settle(epoch, as);
  }
}

/** How a batch, or a part of it, was refused for now. */
interface Refusal {
  readonly sentAt: number;
  readonly afterMs: number;
  readonly isWhole: boolean;
}

function isOutcomes(given: unknown, count: number): given is readonly Outcome[] {
  return Array.isArray(given) && given.length >= count;
}

/** The clock is looked at after so many light spans, or one that is heavy. */
const SPANS_A_LOOK = 8;
const HEAVY_BYTES = 16 * 1024;
const MAX_WAKE_MS = 2 ** 31 - 1;
