// The SQLite store: spans written in this thread, at the end of each tick; all that may take long, on another.
import { statSync } from "node:fs";
import type { SpanOutline } from "../conventions/facts.ts";
import type { TallyReport } from "../conventions/tally.ts";
import { TracelightError } from "../model/errors.ts";
import { NO_IDENTIFIER } from "../model/identifier.ts";
import { readUnder, type TraceQuery } from "../model/query.ts";
import { clearTimeout, setTimeout, systemNow } from "../model/timers.ts";
import { SinkFaults } from "../tracing/faults.ts";
import type { DeliveryReport, FaultReporter, FlushOptions } from "../tracing/sink.ts";
import type { Span } from "../tracing/span.ts";
import type {
  Changes,
  FoundId,
  OutlineQuery,
  Store,
  SummaryPage,
  SummaryQuery,
  TallyQuery,
} from "../tracing/store.ts";
import { changesSince } from "./changes.ts";
import type { Driver } from "./connection.ts";
import type { Database } from "./database.ts";
import { explainSqlite, isBusy } from "./driver.ts";
import { latestAttributeNames } from "./ids.ts";
import { keepingThrough } from "./keeping.ts";
import { SqliteReader } from "./reader.ts";
import { Retention, type RetentionBounds, type RetentionOptions, retentionBounds } from "./retention.ts";
import { readsOf, SharedReader } from "./shared.ts";
import { States } from "./states.ts";
import { ThreadedDatabase } from "./threaded-database.ts";
import { type Durability, Writer } from "./writer.ts";
import type { WriterFile } from "./writer-file.ts";

/** What the store needs to know. */
export interface SqliteStoreOptions {
  readonly driver: Driver;
  readonly path: string;
  readonly identifier: string | undefined;
  readonly retention: RetentionOptions | false;
  readonly durability: Durability;
  readonly recordStarts: boolean;
  readonly maxQueuedSpans: number;
  readonly maxQueuedBytes: number;
}

/** After so many bytes it is time to look at the log. */
const LOOK_AT_LOG_AFTER = 2 * 1024 * 1024;
/** A log of so many bytes is brought into the file. */
const CHECKPOINT_FROM = 4 * 1024 * 1024;
/** A log that has grown to so many bytes is emptied, for which writers wait a moment. */
const RESTART_FROM = 64 * 1024 * 1024;
/** What of the time to close goes into waiting for a lock or for room: the rest is for closing the file. */
const CLOSING_SHARE = 0.9;
/** Between two looks at what retention has to do. */
const RETENTION_EVERY_MS = 60 * 60 * 1000;

/** Spans in an SQLite file. */
export class SqliteStore implements Store {
  readonly name = "sqlite";
  readonly observe: Store["observe"];
  readonly #options: SqliteStoreOptions;
  readonly #faults: SinkFaults = new SinkFaults();
  readonly #writer: Writer;
  readonly #background: ThreadedDatabase;
  readonly #reader: SqliteReader;
  readonly #shared: SharedReader;
  /** For what is done in the background: it ends when the store is closed. */
  readonly #tidying: Database;
  #unlooked = 0;
  #isCheckpointing = false;
  /** The last that was written to. */
  #file: WriterFile | undefined;
  #tidied: Promise<void> | undefined;
  #retentionTimer: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(options: SqliteStoreOptions) {
    const { driver, path, identifier = NO_IDENTIFIER } = options;
    this.#options = options;
    this.#writer = new Writer({
      ...{ ...options, identifier, faults: this.#faults },
      committed: (file, bytes) => this.#committed(file, bytes),
    });
    this.#background = new ThreadedDatabase(driver, path);
    this.#reader = new SqliteReader(this.#background, {
      ...{ driver, path },
      onDamage: ({ error: { code, message } }) =>
        this.#faults.reportRarely(new TracelightError(code, `${path}: ${message}`)),
      keep: keepingThrough(this.#background, () => !this.#isClosed),
    });
    this.#shared = new SharedReader(readsOf(this.#reader), this.#background);
    this.#tidying = {
      all: async (sql, values) => {
        this.#goOn();
        return this.#background.all(sql, values);
      },
      write: async (statements) => {
        this.#goOn();
        return this.#background.write(statements);
      },
      snapshot: () => this.#background.snapshot(),
      close: async () => undefined,
    };
    this.observe = options.recordStarts ? (span, what) => this.#observe(span, what) : undefined;
  }

  attach(to: FaultReporter): void {
    this.#faults.attach(to);
  }

  write(span: Span): void {
    this.#writer.add(span);
  }

  discard(span: Span): void {
    this.#writer.discard(span);
  }

  async find(query: TraceQuery): Promise<readonly Span[]> {
    return this.#read(() => this.#shared.find(readUnder(this.#options.identifier, query)));
  }

  async *iterate(query: TraceQuery): AsyncGenerator<Span> {
    await this.#writer.prepare();
    try {
      yield* this.#shared.iterate(readUnder(this.#options.identifier, query));
    } catch (error) {
      throw explainSqlite(error, this.#options.path);
    }
  }

  async summaries(query: SummaryQuery): Promise<SummaryPage> {
    return this.#read(() => this.#shared.summaries(readUnder(this.#options.identifier, query)));
  }

  async outlines(query: OutlineQuery): Promise<readonly SpanOutline[]> {
    return this.#read(() => this.#shared.outlines(readUnder(this.#options.identifier, query)));
  }

  async tally(query: TallyQuery): Promise<TallyReport> {
    return this.#read(() => this.#shared.tally(readUnder(this.#options.identifier, query)), query.signal);
  }

  async idsByPrefix(prefix: string, limit: number): Promise<readonly FoundId[]> {
    const { identifier } = this.#options;
    return this.#read(() => this.#shared.idsByPrefix({ prefix, limit, identifier }));
  }

  async attributeNames(): Promise<readonly string[]> {
    return this.#read(() => latestAttributeNames(this.#background, this.#options.identifier));
  }

  async changes(after: string | undefined): Promise<Changes> {
    const { identifier } = this.#options;
    return this.#read(() => this.#reader.look((view) => changesSince(view, after, identifier)));
  }

  flush({ timeoutMs }: FlushOptions): Promise<DeliveryReport> {
    return this.#writer.flush(timeoutMs);
  }

  report(): DeliveryReport {
    return this.#writer.report();
  }

  async close({ timeoutMs }: FlushOptions): Promise<DeliveryReport> {
    this.#isClosed = true;
    clearTimeout(this.#retentionTimer);
    // Who reads on the other thread keeps the log from being emptied; its rest is waited for beside all else.
    const isAtRest = this.#background.setDigests(false);
    const { pending } = await this.#writer.flush(timeoutMs * CLOSING_SHARE);
    await isAtRest;
    // What is still in the log would be brought into the file by the last to close it, in this thread.
    const isLong = this.#logBytes() >= CHECKPOINT_FROM / 4;
    if (pending === 0 && isLong) await this.#checkpoint("TRUNCATE");
    const report = await this.#writer.close();
    await this.#background.close();
    return report;
  }

  #observe(span: Span, what: "start" | "snapshot"): void {
    if (what === "start") this.#writer.began(span);
    else this.#writer.shown(span);
  }

  async #read<T>(read: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    try {
      await this.#writer.prepare();
      const answer = await read();
      // Who reads may count next, as a page does that was opened just now.
      this.#digest();
      return answer;
    } catch (error) {
      throw signal?.aborted && error === signal.reason ? error : explainSqlite(error, this.#options.path);
    }
  }

  #committed(file: WriterFile, bytes: number): void {
    this.#file = file;
    this.#tidied ??= this.#tidy();
    this.#unlooked += bytes;
    if (this.#unlooked < LOOK_AT_LOG_AFTER || this.#isCheckpointing) return;
    this.#unlooked = 0;
    this.#digest();
    const log = this.#logBytes();
    if (log < CHECKPOINT_FROM) return;
    const isToBeEmptied = log >= RESTART_FROM && !this.#background.isHeld;
    void this.#checkpoint(isToBeEmptied ? "RESTART" : "PASSIVE");
  }

  #logBytes(): number {
    return statSync(`${this.#options.path}-wal`, { throwIfNoEntry: false })?.size ?? 0;
  }

  /** Brings the log into the file, on the other thread: it waits for the disk. */
  async #checkpoint(mode: "PASSIVE" | "RESTART" | "TRUNCATE"): Promise<void> {
    this.#isCheckpointing = true;
    await this.#beside(async () => {
      // What can be done beside writers comes first, so that they wait for what is left at most.
      if (mode !== "PASSIVE") await this.#background.all("PRAGMA wal_checkpoint(PASSIVE)");
      await this.#background.all(`PRAGMA wal_checkpoint(${mode})`);
    });
    this.#isCheckpointing = false;
  }

  /** What dead writers left behind, and what is too old. Started with the first commit; the check costs a look-up. */
  async #tidy(): Promise<void> {
    await this.#beside(() => this.#states.bury());
    await this.#retain();
    this.#digest();
  }

  /** Makes what the next count will need, as far as it is missing. */
  #digest(): void {
    if (!this.#isClosed) void this.#background.setDigests(true);
  }

  async #retain(): Promise<void> {
    const { retention } = this.#options;
    if (retention === false || this.#isClosed) return;
    const bounds = retentionBounds(retention);
    await this.#beside(async () => {
      if (!this.#isDue(bounds)) return;
      const work = new Retention(this.#tidying, this.#states, { isBackground: true });
      const removed = await work.run(bounds, () => this.#goOn());
      if (removed.traces > 0) retention.onRemoved?.(removed);
    });
    if (!this.#isClosed)
      this.#retentionTimer = setTimeout(() => void this.#retain(), RETENTION_EVERY_MS).unref();
  }

  get #states(): States {
    return new States(this.#tidying, this.#options.driver, this.#options.path);
  }

  /** A file that was removed or replaced has been let go of. */
  #isDue({ maxAgeMicros, maxBytes }: RetentionBounds): boolean {
    const file = this.#file;
    if (file === undefined || !file.isInPlace) return false;
    return file.hasSpansBefore(systemNow() * 1000 - maxAgeMicros) || file.bytes > maxBytes;
  }

  /** What is left to remove can wait for the next process. */
  #goOn(): void {
    if (this.#isClosed) throw new TracelightError("TRACER_CLOSED", "The tracer was closed meanwhile.");
  }

  /**
   * Does what is done beside the writer. Nothing is lost when it fails: that is told now and then. A file that was removed
   * or replaced meanwhile needs none of it, and what was met in its place says nothing.
   */
  async #beside(work: () => Promise<void>): Promise<void> {
    const file = this.#file;
    try {
      await work();
    } catch (error) {
      const isTold = this.#isClosed || this.#writer.isRefused;
      if (isTold || isBusy(error) || file?.isInPlace === false) return;
      // The writer may have met the same, and told of it.
      this.#faults.reportRarely(explainSqlite(error, this.#options.path));
    }
  }
}
