// The file as its writer has it: opened when first needed, rows added and brought up to date in short transactions.
import { mkdirSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { nowMicros } from "../model/clock.ts";
import { messageOf, TracelightError } from "../model/errors.ts";
import type { Connection, Driver, Row, Statement } from "./connection.ts";
import { ContentWriter } from "./content-writer.ts";
import { READ_COLUMNS } from "./decoded-rows.ts";
import { type LifeLock, takeLifeLock } from "./liveness.ts";
import { type PreparedSpan, spanPrefix } from "./message-chains.ts";
import {
  changingValues,
  FIND_SPAN,
  INSERT_SPAN,
  keyValues,
  rowValues,
  type SpanKey,
  UPDATE_SPAN,
} from "./rows.ts";
import { checkAtSight, pragma, prepareFile } from "./schema.ts";
import { UNKNOWN_WRITER } from "./states.ts";
import { rollBack } from "./transactions.ts";

/** The log is cut back to so many bytes when it begins anew. */
const LOG_BYTES = 16 * 1024 * 1024;

/** What a row is for. */
export interface RowTarget {
  /** The row to bring up to date; undefined adds one. */
  readonly id: number | undefined;
  readonly isRunning: boolean;
  /** The event loop may be held: at the end of the process. */
  readonly mayTakeLong: boolean;
}

/** What is to be in the place of a row. */
export interface NewRow {
  /** As it was read, by `READ_COLUMNS`. */
  readonly row: Row;
  readonly prepared: PreparedSpan;
  /** Owners of pieces that it has no more. */
  readonly unused: readonly string[];
}

/** A row that is there. */
interface KnownRow {
  readonly id: number;
  readonly hasEnded: boolean;
}

/** An open file. All methods are synchronous, take no lock that others hold, and throw what SQLite says. */
export class WriterFile {
  readonly #connection: Connection;
  readonly #driver: Driver;
  readonly #path: string;
  readonly #identifier: string;
  readonly #inode: number;
  readonly #begin: Statement;
  readonly #commit: Statement;
  readonly #insert: Statement;
  readonly #update: Statement;
  readonly #content: ContentWriter;
  #find: Statement | undefined;
  #lock: LifeLock | undefined;
  #writer: number | undefined;
  #isClosed = false;

  constructor(driver: Driver, path: string, identifier: string) {
    const connection = openForWriting(driver, path);
    this.#connection = connection;
    this.#driver = driver;
    this.#path = path;
    this.#identifier = identifier;
    this.#inode = statSync(path).ino;
    try {
      this.#begin = connection.prepare("BEGIN IMMEDIATE");
      this.#commit = connection.prepare("COMMIT");
      this.#insert = connection.prepare(INSERT_SPAN);
      this.#update = connection.prepare(UPDATE_SPAN);
      this.#content = new ContentWriter(connection);
    } catch (error) {
      connection.close();
      throw error;
    }
  }

  /**
   * False where the file was removed or replaced, so that what is written to it is lost. Once it is closed the file that
   * came after it may have its number, and nobody can tell.
   */
  get isInPlace(): boolean {
    return !this.#isClosed && statSync(this.#path, { throwIfNoEntry: false })?.ino === this.#inode;
  }

  /** Runs `work` in one transaction. */
  transaction<T>(work: () => T): T {
    const writer = this.#writer;
    this.#begin.run();
    try {
      const result = work();
      this.#commit.run();
      return result;
    } catch (error) {
      rollBack(this.#connection);
      this.#writer = writer;
      throw error;
    }
  }

  /** Claims pieces for a span or a node: see `ContentWriter.claim`. Within a transaction. */
  claim(prefix: string): number {
    return this.#content.claim(prefix, this.#writerId());
  }

  /**
   * Writes a span's row, and what of its lists is not there; returns the row's id. Within a transaction.
   * @throws Unprepared, or what SQLite says
   */
  put(
    { span, lists, stored, details, claims }: PreparedSpan,
    { id, isRunning, mayTakeLong }: RowTarget,
  ): number {
    this.#content.release(spanPrefix(span), claims);
    for (const list of lists) this.#content.storeList(list, { spanId: span.spanId, mayTakeLong });
    // An imported record may run as well, nobody knows where.
    const writer = isRunning ? this.#writerId() : span.state === "running" ? UNKNOWN_WRITER : null;
    const values = rowValues(span, { identifier: this.#identifier, writer, stored, details });
    if (id === undefined) return Number(this.#insert.run(...values).lastInsertRowid);
    // Retention may have removed the row of a span that ran for long.
    if (Number(this.#update.run(...changingValues(values, id)).changes) > 0) return id;
    return Number(this.#insert.run(...values).lastInsertRowid);
  }

  /**
   * Brings the row up to date where it still is as it was read, and removes pieces that it has no more. Within a transaction.
   * @returns false where the row is another by now
   */
  replace({ row, prepared, unused }: NewRow): boolean {
    const id = Number(row["id"]);
    const now = this.#connection.prepare(`SELECT ${READ_COLUMNS} FROM spans WHERE spans.id = ?`).get(id);
    if (!isDeepStrictEqual(now, row)) return false;
    this.put(prepared, { id, isRunning: false, mayTakeLong: true });
    for (const owner of unused) this.#content.removePieces(owner);
    return true;
  }

  /** The row of a span that is there already. */
  rowOf(span: SpanKey): KnownRow | undefined {
    this.#find ??= this.#connection.prepareNumbers(FIND_SPAN);
    const row = this.#find.get(...keyValues(span));
    return row && { id: Number(row["id"]), hasEnded: row["is_open"] === 0 };
  }

  /** Takes a row away. */
  remove(id: number): void {
    this.#connection.prepare("DELETE FROM spans WHERE id = ?").run(id);
  }

  /** The row's span has no writer any more. */
  interrupt(id: number): void {
    this.#connection.prepare("UPDATE spans SET writer = NULL WHERE id = ? AND ended_at IS NULL").run(id);
  }

  get content(): ContentWriter {
    return this.#content;
  }

  /** Waits for the lock of others as long, from now on. */
  waitForLocks(ms: number): void {
    this.#connection.exec(`PRAGMA busy_timeout = ${ms}`);
  }

  /** True where a span began before that time: there may be something for retention to do. */
  hasSpansBefore(micros: number): boolean {
    return (
      this.#connection.prepare("SELECT 1 FROM spans WHERE started_at < ? LIMIT 1").get(micros) !== undefined
    );
  }

  /** Bytes of the pages in use. */
  get bytes(): number {
    const of = (name: string) => pragma(this.#connection, name);
    return (of("page_count") - of("freelist_count")) * of("page_size");
  }

  /** Spans of this writer that still run have been interrupted now. Lets go of the file. */
  close(): void {
    try {
      // What lies beside the path belongs to the file that is there now.
      if (!this.isInPlace) return;
      if (this.#writer !== undefined) this.transaction(() => this.#signOff());
      // libsql lets go of a file only when its statements are collected, so the last to close does not do this by itself.
      this.#connection.exec("PRAGMA busy_timeout = 0; PRAGMA wal_checkpoint(TRUNCATE)");
    } finally {
      this.#isClosed = true;
      this.#connection.close();
      this.#lock?.release();
    }
  }

  #signOff(): void {
    const writer = this.#writer ?? 0;
    this.#connection
      .prepare("UPDATE spans SET writer = NULL WHERE writer = ? AND ended_at IS NULL")
      .run(writer);
    this.#connection.prepare("DELETE FROM writers WHERE id = ?").run(writer);
  }

  /** Who we are in the table of writers. The lock comes first: a writer in the table without one is dead. */
  #writerId(): number {
    if (this.#writer !== undefined) return this.#writer;
    this.#lock ??= takeLifeLock(this.#driver, this.#path);
    const added = this.#connection
      .prepare("INSERT INTO writers (lock, pid, started_at) VALUES (?, ?, ?)")
      .run(this.#lock.name, process.pid, nowMicros());
    this.#writer = Number(added.lastInsertRowid);
    return this.#writer;
  }
}

function openForWriting(driver: Driver, path: string): Connection {
  checkAtSight(path);
  makeFolder(path);
  const connection = driver.open(path);
  try {
    // A lock that others hold is not waited for here: the event loop is the app's.
    connection.exec("PRAGMA busy_timeout = 0");
    prepareFile(connection, path);
    // In WAL mode a commit reaches the disk's cache, and survives the end of the process; checkpoints, which wait for the
    // disk, are left to another thread.
    connection.exec("PRAGMA synchronous = NORMAL");
    connection.exec("PRAGMA wal_autocheckpoint = 0");
    // What a longer row leaves behind, or a shorter one, would outlive the span.
    connection.exec("PRAGMA secure_delete = ON");
    connection.exec(`PRAGMA journal_size_limit = ${LOG_BYTES}`);
    return connection;
  } catch (error) {
    connection.close();
    throw error;
  }
}

function makeFolder(path: string): void {
  try {
    mkdirSync(dirname(path), { recursive: true });
  } catch (error) {
    throw new TracelightError(
      "STORE_READ_ONLY",
      `The folder of ${path} cannot be made: ${messageOf(error)}`,
      { cause: error },
    );
  }
}
