// Ended spans that wait to be written: in their order, bounded, prepared for their transaction; what is large is prepared beside the others.
import type { Account } from "../delivery/account.ts";
import { Queue, type QueueBounds } from "../delivery/queue.ts";
import { asTracelightError } from "../model/errors.ts";
import { plainFields } from "../model/span-fields.ts";
import type { Turns } from "../model/turns.ts";
import type { Faults } from "../tracing/faults.ts";
import { hasManyAttributes } from "../tracing/many-attributes.ts";
import type { Span } from "../tracing/span.ts";
import { weigh } from "../tracing/weight.ts";
import { BATCH_BYTES, BATCH_SPANS, type Entry } from "./batch.ts";
import { LargeSpans } from "./large-spans.ts";
import { isLarge, type PreparedSpan, prepareNow, Unprepared } from "./message-chains.ts";
import type { RunningSpan } from "./running.ts";
import type { WriterFile } from "./writer-file.ts";

/** Where spans wait. */
export interface WaitingSpansSetup {
  readonly bounds: QueueBounds;
  readonly path: string;
  readonly account: Account;
  readonly faults: Faults;
  readonly turns: Turns;
  /** Does the work in one transaction, as soon as there can be one. */
  readonly patiently: <T>(work: (file: WriterFile) => T) => Promise<T>;
  /** A large one can be written now. */
  readonly ready: () => void;
  /** A span will not be written, which has been seen to begin. */
  readonly lost: (running: RunningSpan) => void;
}

/** The spans that wait in one writer; it counts what becomes of each. */
export class WaitingSpans {
  readonly #setup: WaitingSpansSetup;
  readonly #queue: Queue<Entry>;
  readonly #large: LargeSpans<Entry>;
  #isLast = false;

  constructor(setup: WaitingSpansSetup) {
    this.#setup = setup;
    this.#queue = new Queue(setup.bounds, ({ prepared }) => prepared === undefined);
    this.#large = new LargeSpans({
      turns: setup.turns,
      patiently: setup.patiently,
      prepared: (entry, prepared) => this.#putBack(entry, prepared),
      failed: (entry, error) => {
        this.#failed(entry, error);
        setup.account.check();
      },
    });
  }

  /** Spans for the next transactions: those that are being prepared are not among them. */
  get size(): number {
    return this.#queue.size;
  }

  /** True where there is enough for a transaction. */
  get isBatchFull(): boolean {
    const { size, bytes } = this.#queue;
    return size >= BATCH_SPANS || bytes >= BATCH_BYTES;
  }

  /** Takes a span, in place of the oldest where there is no room. */
  push(span: Span, running: RunningSpan | undefined): void {
    const weight = weigh(span);
    if (this.#queue.isFullFor(weight + this.#large.bytes)) this.#dropOldest(weight);
    this.#queue.push({
      span,
      weight,
      running,
      epoch: this.#setup.account.ledger.accept(),
      prepared: undefined,
    });
  }

  #dropOldest(weight: number): void {
    const { account } = this.#setup;
    this.#queue.makeRoomFor(weight + this.#large.bytes, (oldest) => this.#lost(oldest, "dropped"));
    account.tellFull(
      "raise maxQueuedSpans and maxQueuedBytes, or find what keeps the file from being written",
    );
  }

  /** Entries for one transaction. Those that are large go a way of their own. */
  take(): Entry[] {
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

  /** Nothing of what was taken was written. */
  untake(batch: readonly Entry[]): void {
    this.#queue.unshift(batch);
  }

  /** All but those that were `refused` are written; these are lost, or prepared again. */
  wrote(batch: readonly Entry[], refused: ReadonlyMap<Entry, unknown>): void {
    const { ledger } = this.#setup.account;
    for (const [entry, error] of refused) {
      if (error instanceof Unprepared && entry.prepared !== undefined) this.#large.add(entry);
      else this.#failed(entry, error);
    }
    for (const entry of batch) if (!refused.has(entry)) ledger.settle(entry.epoch, "written");
  }

  /** The process ends: from now on nothing is prepared beside the others. */
  last(): void {
    this.#isLast = true;
    this.#queue.unshift(this.#large.entries);
  }

  /** None will be written. */
  failAll(): void {
    const { ledger } = this.#setup.account;
    for (let entry = this.#queue.shift(); entry !== undefined; entry = this.#queue.shift()) {
      ledger.settle(entry.epoch, "failed");
    }
  }

  /** False for an entry that cannot be prepared, or that comes back later. */
  #isPrepared(entry: Entry): boolean {
    if (entry.prepared !== undefined) return true;
    try {
      if (!this.#isLast && hasManyAttributes(entry.span)) return this.#prepareLater(entry);
      const fields = plainFields(entry.span);
      if (!this.#isLast && isLarge(fields)) return this.#prepareLater(entry);
      entry.prepared = prepareNow(fields);
      return true;
    } catch (error) {
      this.#failed(entry, error);
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
    this.#setup.ready();
  }

  #failed(entry: Entry, error: unknown): void {
    this.#lost(entry, "failed");
    const message = `The span "${entry.span.spanName}" could not be written to ${this.#setup.path}`;
    this.#setup.faults.reportRarely(asTracelightError(error, "SQLITE_FAILED", message));
  }

  #lost({ epoch, running }: Entry, as: "failed" | "dropped"): void {
    this.#setup.account.ledger.settle(epoch, as);
    if (running !== undefined) this.#setup.lost(running);
  }
}
