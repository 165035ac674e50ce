// Writes spans to the file at the end of each tick; what cannot be written now waits in memory and is tried again.
// With `Delivery` it shares the queue, the account, the back-off and the end of the process. Not how it sends, since a file is
// no server: a transaction is made in the same turn of the event loop, so nothing is ever under way; what fails goes back to the
// front, since a file takes spans in order or none; the fault is the file's, never a span's neighbour's, so there is no one to suspect;
// the file itself outlives the process, so there is no journal.
import { Account } from "../delivery/account.ts";
import { TracelightError } from "../model/errors.ts";
import { clearInterval, delay, setImmediate, setInterval, steadyNow } from "../model/timers.ts";
import { Turns } from "../model/turns.ts";
import { atExit } from "../tracing/at-exit.ts";
import type { Faults } from "../tracing/faults.ts";
import type { DeliveryReport } from "../tracing/sink.ts";
import type { Span } from "../tracing/span.ts";
import { BATCH_SPANS, type Entry, writeBatch } from "./batch.ts";
import type { Driver } from "./connection.ts";
import { explainSqlite, isBusy, sqliteCode } from "./driver.ts";
import { HeldFile } from "./held-file.ts";
import { OddRows } from "./odd-rows.ts";
import { LOCK_RETRY_MS, Retrying } from "./retrying.ts";
import { type RunningSpan, RunningSpans } from "./running.ts";
import { WaitingSpans } from "./waiting-spans.ts";
import type { WriterFile } from "./writer-file.ts";

/** When ended spans are committed: at the end of each tick of the event loop, or each at once. */
export type Durability = "tick" | "span";

/** What a writer needs to know. */
export interface WriterSetup {
  readonly driver: Driver;
  readonly path: string;
  readonly identifier: string;
  readonly durability: Durability;
  /** All spans of one's own are seen to begin: others are looked up before they are written. */
  readonly recordStarts: boolean;
  readonly maxQueuedSpans: number;
  readonly maxQueuedBytes: number;
  readonly faults: Faults;
  /** Called after a commit, with about how many bytes it wrote. */
  readonly committed: (file: WriterFile, bytes: number) => void;
}

/** How often running spans are looked at, so that what readers see is no older than 250 ms. */
const LOOK_EVERY_MS = 200;
/** At the end of the process nothing else waits, so a lock may be waited for. */
const EXIT_PATIENCE_MS = 2000;
/** Whoever reads waits so long for a file that cannot even be opened. */
const READ_PATIENCE_MS = 5000;

/** Writes the spans of one tracer to one file. Nothing here throws or rejects. */
export class Writer {
  readonly #setup: WriterSetup;
  readonly #account: Account;
  readonly #turns = new Turns();
  readonly #retrying: Retrying;
  readonly #held: HeldFile;
  readonly #waiting: WaitingSpans;
  readonly #running = new RunningSpans();
  readonly #odd = new OddRows();
  #isScheduled = false;
  #isStopped = false;
  #isExiting = false;
  #lookTimer: NodeJS.Timeout | undefined;
  #undoExit: (() => void) | undefined;

  constructor(setup: WriterSetup) {
    const { path, faults } = setup;
    this.#setup = setup;
    this.#account = new Account({ owner: this, name: path, faults });
    this.#retrying = new Retrying({ path, faults, again: () => this.#schedule() });
    this.#held = new HeldFile(setup, () => this.#forgetRows());
    this.#waiting = new WaitingSpans({
      ...{ bounds: setup, path, account: this.#account, faults, turns: this.#turns },
      patiently: (work) => this.#patiently(work),
      ready: () => this.#schedule(),
      lost: (running) => this.#abandon(running),
    });
  }

  /** True for a file that cannot be used, as has been told. */
  get isRefused(): boolean {
    return this.#retrying.refused !== undefined;
  }

  get pending(): number {
    return this.#account.ledger.open;
  }

  /** A span began: it gets a row at the end of the tick, unless it ends before. */
  began(span: Span): void {
    if (this.#isStopped || this.#retrying.refused !== undefined) return;
    this.#running.began(span);
    this.#hookExit();
    this.#schedule();
  }

  /** A running span is to be shown as it is now. */
  shown(span: Span): void {
    this.#running.shown(span);
    this.#schedule();
  }

  /** A span that began will not be written. */
  discard(span: Span): void {
    const { traceId, spanId, startedAtMicros } = span;
    const running = this.#running.ended(span);
    const isForgotten = running === undefined && this.#running.hasForgotten;
    const unwanted = isForgotten ? { traceId, spanId, startedAtMicros } : running?.id;
    if (unwanted === undefined) return;
    this.#odd.discard(unwanted);
    this.#schedule();
  }

  /** Takes a span that ended. */
  add(span: Span): void {
    if (this.#isStopped) return void this.#account.ledger.dropped++;
    this.#waiting.push(span, this.#running.ended(span));
    this.#account.begin();
    this.#hookExit();
    // A tight loop has no end of a tick: batches are written as they fill.
    if (this.#waiting.isBatchFull || this.#setup.durability === "span") this.#commitNow();
    this.#schedule();
  }

  /** Resolves when there is a file to read. Rejects with what is wrong with it. */
  async prepare(): Promise<void> {
    for (const since = steadyNow(); ; await delay(LOCK_RETRY_MS)) {
      try {
        if (this.#retrying.refused !== undefined) throw this.#retrying.refused;
        if (!this.#isStopped) this.#held.opened();
        return;
      } catch (error) {
        const isPatient = isBusy(error) && steadyNow() - since < READ_PATIENCE_MS;
        if (!isPatient) throw explainSqlite(error, this.#setup.path);
      }
    }
  }

  async flush(timeoutMs: number): Promise<DeliveryReport> {
    this.#retrying.hurry();
    this.#running.look();
    this.#commitNow();
    while (this.#running.isWaiting && this.#retrying.isTime && !this.#isStopped) {
      await this.#turns.next();
      this.#commitNow();
    }
    if (this.pending > 0) {
      this.#schedule();
      await this.#account.ledger.settled(timeoutMs);
    }
    return this.report();
  }

  /** Writes what can be written at once, and lets go of the file. */
  async close(): Promise<DeliveryReport> {
    await this.flush(0);
    if (this.pending > 0) this.#retrying.tellLast();
    this.#stop();
    return this.report();
  }

  /** What became of the spans until now. */
  report(): DeliveryReport {
    return this.#account.report();
  }

  #hookExit(): void {
    this.#undoExit ??= atExit("sink", () => this.#exit());
  }

  #stop(): void {
    this.#isStopped = true;
    this.#retrying.stop();
    clearInterval(this.#lookTimer);
    this.#account.end();
    this.#undoExit?.();
    this.#held.close();
  }

  /** The process ends, in whatever way but a kill: what waits is written at once. */
  #exit(): void {
    if (this.#isStopped) return;
    const until = steadyNow() + EXIT_PATIENCE_MS;
    this.#isExiting = true;
    this.#retrying.hurry();
    this.#held.waitForLocks(EXIT_PATIENCE_MS);
    this.#waiting.last();
    while (this.#hasWork && steadyNow() < until && this.#retrying.refused === undefined) this.#commitNow();
    if (this.pending > 0) this.#setup.faults.report(leftBehind(this.pending, this.#setup.path));
    this.#stop();
  }

  #schedule(): void {
    if (this.#isScheduled || this.#isStopped) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      if (this.#isStopped) return;
      this.#turns.begin();
      this.#commitNow();
      if (this.#hasWork && this.#retrying.isTime) this.#schedule();
    });
  }

  get #hasWork(): boolean {
    return this.#waiting.size > 0 || this.#running.isWaiting || !this.#odd.isEmpty;
  }

  /** Writes one batch, unless a lock or a fault is waited for. */
  #commitNow(): void {
    if (!this.#hasWork || !this.#retrying.isTime) return;
    if (this.#retrying.refused !== undefined) return this.#refuseAll(this.#retrying.refused);
    const entries = this.#waiting.take();
    try {
      if (this.#write(entries)) this.#succeeded();
      else this.#waiting.untake(entries);
    } catch (error) {
      this.#waiting.untake(entries);
      this.#failed(error);
    }
    this.#account.check();
  }

  /** False where the file was removed or replaced: what was written to it is lost with it, and goes into the next. */
  #write(entries: readonly Entry[]): boolean {
    const file = this.#held.opened();
    const { bytes, refused, rows } = writeBatch(file, {
      ...{ entries, running: this.#running.next(BATCH_SPANS), odd: this.#odd },
      ...{ recordStarts: this.#setup.recordStarts, mayTakeLong: this.#isExiting },
    });
    if (!file.isInPlace) {
      this.#held.leave();
      return false;
    }
    this.#odd.clear();
    for (const [running, id, written] of rows) this.#running.wrote(running, id, written);
    this.#waiting.wrote(entries, refused);
    this.#setup.committed(file, bytes);
    return true;
  }

  /** They are gone with their file. */
  #forgetRows(): void {
    this.#running.forgetRows();
    this.#odd.clear();
  }

  #succeeded(): void {
    this.#retrying.succeeded();
    if (this.#running.size > 0) this.#lookTimer ??= setInterval(() => this.#look(), LOOK_EVERY_MS).unref();
  }

  #look(): void {
    this.#running.look();
    if (this.#running.isWaiting) this.#schedule();
    if (this.#running.size > 0) return;
    clearInterval(this.#lookTimer);
    this.#lookTimer = undefined;
  }

  #failed(error: unknown): void {
    this.#retrying.failed(error);
    if (this.#retrying.refused !== undefined) this.#refuseAll(this.#retrying.refused);
  }

  /** A file that cannot be used, now or later: its spans are lost, and counted. */
  #refuseAll(fault: TracelightError): void {
    this.#setup.faults.reportRarely(fault);
    this.#waiting.failAll();
    for (const running of this.#running.next(Number.POSITIVE_INFINITY)) this.#running.giveUp(running);
    this.#odd.clear();
    this.#account.check();
  }

  /** A span that is lost must not be seen to run for ever. */
  #abandon({ id }: RunningSpan): void {
    if (id === undefined) return;
    this.#odd.abandon(id);
    this.#schedule();
  }

  /** One transaction, as soon as there can be one. */
  async #patiently<T>(work: (file: WriterFile) => T): Promise<T> {
    for (;;) {
      if (this.#retrying.refused !== undefined) throw this.#retrying.refused;
      if (this.#isStopped) throw new TracelightError("TRACER_CLOSED", "The tracer was closed meanwhile.");
      try {
        if (this.#retrying.isTime) {
          const file = this.#held.opened();
          return file.transaction(() => work(file));
        }
      } catch (error) {
        if (!isBusy(error) && sqliteCode(error) === undefined) throw error;
        this.#failed(error);
      }
      await delay(LOCK_RETRY_MS, undefined, { ref: false });
    }
  }
}

function leftBehind(spans: number, path: string): TracelightError {
  const message = `The process ended before ${spans} spans could be written to ${path}; they are lost.`;
  return new TracelightError("SINK_FAILED", message);
}
