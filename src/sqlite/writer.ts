// Writes spans to the file at the end of each tick; what cannot be written now waits in memory and is tried again.
// With `Delivery` it shares the queue, the account, the back-off and the end of the process. Not how it sends, since a file is
// no server: a transaction is made in the same turn of the event loop, so nothing is ever under way; what fails goes back to the
// front, since a file takes spans in order or none; the fault is the file's, never a span's neighbour's, so there is no one to suspect;
// the file itself outlives the process, so there is no journal.
import { Account } from "../delivery/account.ts";
import type { Epoch } from "../delivery/ledger.ts";
import { atExit } from "../delivery/lifecycle.ts";
import { Queue } from "../delivery/queue.ts";
import { Rarely } from "../delivery/rarely.ts";
import { Backoff } from "../delivery/retry.ts";
import { Turns } from "../delivery/turns.ts";
import { weigh, weighValue } from "../delivery/weight.ts";
import type { TracelightErrorCode } from "../model/error-codes.ts";
import { asTracelightError, TracelightError } from "../model/errors.ts";
import { plainFields, type SpanFields } from "../model/span-fields.ts";
import {
  clearInterval,
  clearTimeout,
  delay,
  setImmediate,
  setInterval,
  setTimeout,
  steadyNow,
} from "../model/timers.ts";
import { boundedJson } from "../render/text.ts";
import type { Faults } from "../tracing/faults.ts";
import { hasManyAttributes } from "../tracing/many-attributes.ts";
import type { DeliveryReport } from "../tracing/sink.ts";
import type { Span } from "../tracing/span.ts";
import type { Driver } from "./connection.ts";
import { explainSqlite, isBusy, SQLITE, sqliteCode } from "./driver.ts";
import { LargeSpans, SMALL_BYTES } from "./large-spans.ts";
import { isLarge, type PreparedSpan, prepareNow, shownFields, Unprepared } from "./message-chains.ts";
import type { SpanKey } from "./rows.ts";
import { type RunningSpan, RunningSpans } from "./running.ts";
import { WriterFile } from "./writer-file.ts";

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

/** An ended span on its way. */
interface Entry {
  readonly span: Span;
  readonly weight: number;
  readonly epoch: Epoch;
  readonly running: RunningSpan | undefined;
  /** Prepared already, in slices. */
  prepared: PreparedSpan | undefined;
}

/** One transaction writes at most so many spans, and about so many bytes: some milliseconds. */
const BATCH_SPANS = 500;
const BATCH_BYTES = 1024 * 1024;
/** How often running spans are looked at, so that what readers see is no older than 250 ms. */
const LOOK_EVERY_MS = 200;
/** A lock that others hold is asked for again after so long. */
const LOCK_RETRY_MS = 5;
/** A lock held for longer than this is told of. */
const LOCK_TELLING_MS = 3000;
/** At the end of the process nothing else waits, so a lock may be waited for. */
const EXIT_PATIENCE_MS = 2000;
/** Whoever reads waits so long for a file that cannot even be opened. */
const READ_PATIENCE_MS = 5000;

/** Errors that writing again would meet again. */
const REFUSALS: ReadonlySet<string> = new Set<TracelightErrorCode>([
  "NOT_A_DATABASE",
  "STORE_NEWER",
  "STORE_CORRUPT",
  "MISSING_DEPENDENCY",
]);

/** Writes the spans of one tracer to one file. Nothing here throws or rejects. */
export class Writer {
  readonly #setup: WriterSetup;
  readonly #queue: Queue<Entry>;
  readonly #running = new RunningSpans();
  /** Rows of spans that are not to be kept, and such spans that may have one. */
  readonly #unwanted = new Set<number | SpanKey>();
  /** Rows of spans whose end is lost. */
  readonly #abandoned = new Set<number>();
  readonly #account: Account;
  readonly #turns = new Turns();
  readonly #rarely = new Rarely();
  readonly #large: LargeSpans<Entry>;
  readonly #backoff = new Backoff({ baseRetryDelayMs: 50, maxRetryDelayMs: 2000 });
  #file: WriterFile | undefined;
  #isScheduled = false;
  #isStopped = false;
  #isExiting = false;
  #notBefore = Number.NEGATIVE_INFINITY;
  #lockedSince: number | undefined;
  #retryTimer: NodeJS.Timeout | undefined;
  #lookTimer: NodeJS.Timeout | undefined;
  #refused: TracelightError | undefined;
  /** Why the last try failed. */
  #fault: TracelightError | undefined;
  #undoExit: (() => void) | undefined;
  #checkedAt = Number.NEGATIVE_INFINITY;

  constructor(setup: WriterSetup) {
    this.#setup = setup;
    this.#queue = new Queue(setup);
    this.#account = new Account({ owner: this, name: setup.path, faults: setup.faults });
    this.#large = new LargeSpans({
      turns: this.#turns,
      patiently: (work) => this.#patiently(work),
      prepared: (entry, prepared) => this.#putBack(entry, prepared),
      failed: (entry, error) => {
        this.#spanFailed(entry, error);
        this.#account.check();
      },
    });
  }

  get pending(): number {
    return this.#account.ledger.open;
  }

  /** A span began: it gets a row at the end of the tick, unless it ends before. */
  began(span: Span): void {
    if (this.#isStopped || this.#refused !== undefined) return;
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
    this.#unwanted.add(unwanted);
    this.#schedule();
  }

  /** Takes a span that ended. */
  add(span: Span): void {
    if (this.#isStopped) return void this.#account.ledger.dropped++;
    const running = this.#running.ended(span);
    const weight = weigh(span);
    if (this.#isFullFor(weight)) this.#dropOldest(weight);
    this.#queue.push({ span, weight, running, epoch: this.#account.ledger.accept(), prepared: undefined });
    this.#begin();
    const { size, bytes } = this.#queue;
    // A tight loop has no end of a tick: batches are written as they fill.
    if (size >= BATCH_SPANS || bytes >= BATCH_BYTES || this.#setup.durability === "span") this.#commitNow();
    this.#schedule();
  }

  /** Resolves when there is a file to read. Rejects with what is wrong with it. */
  async prepare(): Promise<void> {
    for (const since = steadyNow(); ; await delay(LOCK_RETRY_MS)) {
      try {
        if (this.#refused !== undefined) throw this.#refused;
        if (!this.#isStopped) this.#opened();
        return;
      } catch (error) {
        const isPatient = isBusy(error) && steadyNow() - since < READ_PATIENCE_MS;
        if (!isPatient) throw explainSqlite(error, this.#setup.path);
      }
    }
  }

  async flush(timeoutMs: number): Promise<DeliveryReport> {
    this.#notBefore = Number.NEGATIVE_INFINITY;
    this.#running.look();
    this.#commitNow();
    while (this.#running.isWaiting && steadyNow() >= this.#notBefore && !this.#isStopped) {
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
    // What is left is lost now, so why is told however soon.
    if (this.pending > 0 && this.#fault !== undefined) this.#setup.faults.reportRarely(this.#fault);
    this.#stop();
    return this.report();
  }

  /** What became of the spans until now. */
  report(): DeliveryReport {
    return this.#account.report();
  }

  #begin(): void {
    this.#account.begin();
    this.#hookExit();
  }

  #hookExit(): void {
    this.#undoExit ??= atExit(() => this.#exit());
  }

  #stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#retryTimer);
    clearInterval(this.#lookTimer);
    this.#account.end();
    this.#undoExit?.();
    this.#closeFile();
  }

  #closeFile(): void {
    try {
      this.#file?.close();
    } catch (error) {
      // Without the lock on its life the writer counts as gone, so nothing is lost where it could not sign off.
      if (!isBusy(error)) this.#setup.faults.report(explainSqlite(error, this.#setup.path));
    }
    this.#file = undefined;
  }

  /** The process ends, in whatever way but a kill: what waits is written at once. */
  #exit(): void {
    if (this.#isStopped) return;
    this.#notBefore = Number.NEGATIVE_INFINITY;
    this.#file?.waitForLocks(EXIT_PATIENCE_MS);
    const until = steadyNow() + EXIT_PATIENCE_MS;
    this.#isExiting = true;
    this.#queue.unshift(this.#large.entries);
    while (this.#hasWork && steadyNow() < until && this.#refused === undefined) this.#commitNow();
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
      if (this.#hasWork && steadyNow() >= this.#notBefore) this.#schedule();
    });
  }

  get #hasWork(): boolean {
    const isTidy = this.#unwanted.size === 0 && this.#abandoned.size === 0;
    return this.#queue.size > 0 || this.#running.isWaiting || !isTidy;
  }

  /** Writes one batch, unless a lock or a fault is waited for. */
  #commitNow(): void {
    if (!this.#hasWork || steadyNow() < this.#notBefore) return;
    if (this.#refused !== undefined) return this.#refuseAll(this.#refused);
    const batch = this.#nextBatch();
    try {
      if (this.#write(batch)) this.#succeeded();
      else this.#queue.unshift(batch);
    } catch (error) {
      this.#queue.unshift(batch);
      this.#failed(error);
    }
    this.#account.check();
  }

  /** Entries for one transaction. Those that are large go a way of their own. */
  #nextBatch(): Entry[] {
    const batch: Entry[] = [];
    for (let bytes = 0; batch.length < BATCH_SPANS && bytes < BATCH_BYTES; ) {
      const entry = this.#queue.shift();
      if (entry === undefined) break;
      if (!this.#isPrepared(entry)) continue;
      bytes += entry.weight;
      batch.push(entry);
    }
    return batch;
  }

  /** False for an entry that cannot be prepared, or that comes back later. */
  #isPrepared(entry: Entry): boolean {
    if (entry.prepared !== undefined) return true;
    try {
      if (!this.#isExiting && hasManyAttributes(entry.span)) return this.#prepareLater(entry);
      const fields = plainFields(entry.span);
      if (!this.#isExiting && isLarge(fields)) return this.#prepareLater(entry);
      entry.prepared = prepareNow(fields);
      return true;
    } catch (error) {
      this.#spanFailed(entry, error);
      return false;
    }
  }

  #prepareLater(entry: Entry): false {
    this.#large.add(entry);
    return false;
  }

  #putBack(entry: Entry, prepared: PreparedSpan): void {
    entry.prepared = prepared;
    this.#queue.push(entry);
    this.#schedule();
  }

  /** False where the file was removed or replaced: what was written to it is lost with it, and goes into the next. */
  #write(batch: readonly Entry[]): boolean {
    const file = this.#opened();
    let bytes = 0;
    const rows: [RunningSpan, number, Span][] = [];
    const refused: [Entry, unknown][] = [];
    file.transaction(() => {
      for (const entry of batch) {
        bytes += entry.weight;
        const fault = attempt(() => this.#putEnded(file, entry));
        if (fault !== undefined) refused.push([entry, fault.error]);
      }
      for (const running of this.#running.next(BATCH_SPANS)) rows.push(this.#putRunning(file, running));
      for (const unwanted of this.#unwanted) remove(file, unwanted);
      for (const id of this.#abandoned) file.interrupt(id);
    });
    if (!file.isInPlace) {
      this.#leaveFile();
      return false;
    }
    this.#forgetOddRows();
    for (const [running, id, written] of rows) this.#running.wrote(running, id, written);
    for (const [entry, error] of refused) this.#notWritten(entry, error);
    const failed = new Set(refused.map(([entry]) => entry));
    for (const entry of batch) if (!failed.has(entry)) this.#account.ledger.settle(entry.epoch, "written");
    this.#setup.committed(file, bytes);
    return true;
  }

  #putEnded(file: WriterFile, { prepared, running }: Entry): void {
    if (prepared === undefined) return;
    const mayTakeLong = this.#isExiting;
    if (running !== undefined || !this.#setup.recordStarts) {
      return void file.put(prepared, { id: running?.id, isRunning: false, mayTakeLong });
    }
    // A span that was not seen to begin comes from elsewhere, and may come again.
    const known = file.rowOf(prepared.span);
    if (known?.hasEnded !== true) file.put(prepared, { id: known?.id, isRunning: false, mayTakeLong });
  }

  #notWritten(entry: Entry, error: unknown): void {
    if (error instanceof Unprepared && entry.prepared !== undefined) {
      this.#large.add(entry);
    } else {
      this.#spanFailed(entry, error);
    }
  }

  #putRunning(file: WriterFile, running: RunningSpan): [RunningSpan, number, Span] {
    const now = running.span.snapshot();
    const fields = shownFields(now);
    const target = { id: running.id, isRunning: true, mayTakeLong: false };
    try {
      return [running, file.put(prepareNow(isLarge(fields) ? shortened(fields) : fields), target), now];
    } catch (error) {
      if (!(error instanceof Unprepared)) throw error;
      return [running, file.put(prepareNow(shortened(fields)), { ...target, mayTakeLong: true }), now];
    }
  }

  /** The file, opened now where it is not; anew where it was removed or replaced. */
  #opened(): WriterFile {
    const now = steadyNow();
    if (this.#file !== undefined && now - this.#checkedAt > LOOK_EVERY_MS) {
      this.#checkedAt = now;
      if (!this.#file.isInPlace) this.#leaveFile();
    }
    const { driver, path, identifier } = this.#setup;
    this.#file ??= new WriterFile(driver, path, identifier);
    return this.#file;
  }

  #leaveFile(): void {
    this.#closeFile();
    this.#running.forgetRows();
    this.#forgetOddRows();
  }

  #succeeded(): void {
    this.#backoff.succeeded();
    this.#lockedSince = undefined;
    this.#notBefore = Number.NEGATIVE_INFINITY;
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
    const fault = explainSqlite(error, this.#setup.path);
    this.#fault = fault;
    if (REFUSALS.has(fault.code)) {
      this.#refused = fault;
      return this.#refuseAll(fault);
    }
    const now = steadyNow();
    if (isBusy(error)) {
      this.#lockedSince ??= now;
      this.#notBefore = now + LOCK_RETRY_MS;
      if (now - this.#lockedSince > LOCK_TELLING_MS) this.#tell(fault);
    } else {
      this.#backoff.failed(now, { afterMs: 0, isHurried: false });
      this.#notBefore = Math.max(this.#backoff.until, now + LOCK_RETRY_MS);
      this.#tell(fault);
    }
    this.#tryLater();
  }

  /** Timers count from the beginning of a turn of the event loop: after a long one they come early. */
  #tryLater(): void {
    clearTimeout(this.#retryTimer);
    const isEarly = () => steadyNow() < this.#notBefore;
    const again = () => (isEarly() ? this.#tryLater() : this.#schedule());
    this.#retryTimer = setTimeout(again, this.#notBefore - steadyNow() + 1).unref();
  }

  #tell(fault: TracelightError): void {
    if (this.#rarely.isTime(fault.code)) this.#setup.faults.report(fault);
  }

  /** A file that cannot be used, now or later: its spans are lost, and counted. */
  #refuseAll(fault: TracelightError): void {
    this.#setup.faults.reportRarely(fault);
    for (let entry = this.#queue.shift(); entry !== undefined; entry = this.#queue.shift()) {
      this.#account.ledger.settle(entry.epoch, "failed");
    }
    for (const running of this.#running.next(Number.POSITIVE_INFINITY)) this.#running.giveUp(running);
    this.#forgetOddRows();
    this.#account.check();
  }

  #forgetOddRows(): void {
    this.#unwanted.clear();
    this.#abandoned.clear();
  }

  #spanFailed({ epoch, span, running }: Entry, error: unknown): void {
    this.#account.ledger.settle(epoch, "failed");
    this.#abandon(running);
    const message = `The span "${span.spanName}" could not be written to ${this.#setup.path}`;
    this.#setup.faults.reportRarely(asTracelightError(error, "SQLITE_FAILED", message));
  }

  /** A span that is lost must not be seen to run for ever. */
  #abandon(running: RunningSpan | undefined): void {
    if (running?.id === undefined) return;
    this.#abandoned.add(running.id);
    this.#schedule();
  }

  #isFullFor(weight: number): boolean {
    return this.#queue.isFullFor(weight + this.#large.bytes);
  }

  #dropOldest(weight: number): void {
    this.#queue.makeRoomFor(weight + this.#large.bytes, (oldest) => {
      this.#account.ledger.settle(oldest.epoch, "dropped");
      this.#abandon(oldest.running);
    });
    this.#account.tellFull(
      "raise maxQueuedSpans and maxQueuedBytes, or find what keeps the file from being written",
    );
  }

  /** One transaction, as soon as there can be one. */
  async #patiently<T>(work: (file: WriterFile) => T): Promise<T> {
    for (;;) {
      if (this.#refused !== undefined) throw this.#refused;
      if (this.#isStopped) throw new TracelightError("TRACER_CLOSED", "The tracer was closed meanwhile.");
      try {
        if (steadyNow() >= this.#notBefore) {
          const file = this.#opened();
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

/** What a row of a running span shows: large values by their beginning, until the span ends. */
function shortened(fields: SpanFields): SpanFields {
  const shown = Object.entries(fields.attributes).map(([key, value]): [string, unknown] =>
    weighValue(value) > SMALL_BYTES ? [key, `${boundedJson(value, 1000).slice(0, 1000)}…`] : [key, value],
  );
  return { ...fields, attributes: Object.fromEntries(shown), events: [] };
}

/** What went wrong with one span alone; what is wrong with the file is thrown on. */
function attempt(work: () => void): { readonly error: unknown } | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    const code = sqliteCode(error);
    if (code !== undefined && code !== SQLITE.tooBig) throw error;
    return { error };
  }
}

function remove(file: WriterFile, unwanted: number | SpanKey): void {
  if (typeof unwanted === "number") return file.remove(unwanted);
  const row = file.rowOf(unwanted);
  if (row?.hasEnded === false) file.remove(row.id);
}
