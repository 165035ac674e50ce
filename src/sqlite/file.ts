// One SQLite file, opened by those who read it: the command line and the page. Not the way of an agent's process.
import { existsSync } from "node:fs";
import { basename } from "node:path";
import { parseSearch } from "../conventions/search.ts";
import { TracelightError } from "../model/errors.ts";
import { NO_IDENTIFIER } from "../model/identifier.ts";
import type { TraceQuery } from "../model/query.ts";
import { Faults } from "../tracing/faults.ts";
import type { Span } from "../tracing/span.ts";
import type { SummaryPage, SummaryQuery } from "../tracing/store.ts";
import { checkSummaryQuery } from "../tracing/summaries.ts";
import { type Changes, changesSince } from "./changes.ts";
import { DamageNotes } from "./damage.ts";
import { directDatabase } from "./database.ts";
import { decodeJson } from "./decoded-rows.ts";
import { type Connection, type Driver, explainSqlite, sqliteDriver } from "./driver.ts";
import { foundSpans } from "./found.ts";
import { type Opened, openToRead, openToWrite, PATIENCE_MS } from "./open.ts";
import { SqliteReader } from "./reader.ts";
import { type Removed, Retention, retentionBounds } from "./retention.ts";
import { FIND_SPAN, keyValues } from "./rows.ts";
import { checkAtSight, fileKind } from "./schema.ts";
import { bringUpToDate, type IndexProgress, isUpToDate } from "./search.ts";
import { readsOf, SharedReader } from "./shared.ts";
import { SnapshotPool } from "./snapshots.ts";
import { ToolkitFile } from "./toolkit-file.ts";
import { Writer } from "./writer.ts";

/** How a file is opened. */
export interface SqliteFileOptions {
  /** Changes nothing. Default true; false makes a file that is not there. */
  readonly readOnly?: boolean | undefined;
  /** Where spans that cannot be written are told. */
  readonly onError?: ((error: TracelightError) => void) | undefined;
}

/** What to search for beside words. */
export interface FileSearchOptions {
  /** Spans that started at this time or later. */
  readonly since?: Date | undefined;
  /** Spans that started before this time. */
  readonly until?: Date | undefined;
  /** Spans for which this filter holds too. */
  readonly where?: string | undefined;
  /** Default 20. */
  readonly limit?: number | undefined;
  /** Told how far the index has come. */
  readonly onProgress?: ((progress: IndexProgress) => void) | undefined;
}

/** A file that can be read. All methods reject with a TracelightError that names the file. */
export interface SqliteFile {
  /** Names the file in errors and reports. */
  readonly name: string;
  /** What the reader should know; what could not be read is among it. */
  readonly notes: readonly string[];
  /** How many spans could not be read, at most, and were left out. */
  readonly leftOut: number;
  /** The spans that the query asks for, in start order. */
  find(query: TraceQuery): Promise<readonly Span[]>;
  /** The same, a few at a time, for results of any size. */
  iterate(query: TraceQuery): AsyncGenerator<Span>;
  /** Traces or conversations as rows, newest first, by cursor. */
  summaries(query: SummaryQuery): Promise<SummaryPage>;
  /** Traces and conversations whose id begins so; one that is equal comes first. */
  idsByPrefix(prefix: string, limit: number): Promise<readonly FoundId[]>;
  /** The names of attributes in its latest spans, each once. */
  attributeNames?(): Promise<readonly string[]>;
  /** Spans in whose texts the words stand. */
  search?(text: string, options?: FileSearchOptions): Promise<FileSearchPage>;
  /** What is new or has changed since a cursor. */
  changes?(after: string | undefined): Promise<Changes>;
  /** Writes spans of elsewhere, each once. */
  importSpans?(spans: AsyncIterable<Span>, progress?: (done: number) => void): Promise<Imported>;
  /** Removes whole traces, the oldest first, until the file is within the bounds. */
  prune?(limits: { readonly maxAgeMs?: number; readonly maxBytes?: number }): Promise<Removed>;
  /** Lets go of the file. */
  close(): Promise<void>;
}

/** An id that was looked for by its beginning. */
export interface FoundId {
  /** Whether it is the id of a trace or of a conversation. */
  readonly by: "trace" | "conversation";
  /** The id. */
  readonly id: unknown;
}

/** Spans that a search found, newest first; `more` where there may be others. */
export interface FileSearchPage {
  /** The spans that were found, newest first. */
  readonly spans: readonly Span[];
  /** True where there may be others. */
  readonly more: boolean;
}

/** What became of imported spans: those that were there already are not written again. */
export interface Imported {
  /** Spans that are new in the file. */
  readonly added: number;
  /** Spans that were there already. */
  readonly known: number;
}

const IMPORTED_AT_ONCE = 500;
const SAMPLED_SPANS = 1000;
/** How a number beyond 2^53 stands in the column. */
const BIGINT_START = '{"__bigint__":"';

/**
 * Opens a file of Tracelight's, or of the Python toolkit's, which is only ever read.
 * @throws (rejects) TracelightError: `STORE_NOT_FOUND`, `NOT_A_DATABASE`, `STORE_NEWER`, `STORE_CORRUPT`, …
 */
export async function openSqliteFile(path: string, options: SqliteFileOptions = {}): Promise<SqliteFile> {
  const { readOnly = true } = options;
  const driver = sqliteDriver();
  if (readOnly && !existsSync(path)) {
    throw new TracelightError("STORE_NOT_FOUND", `There is no file ${path}.`);
  }
  checkAtSight(path);
  try {
    const opened = readOnly ? openToRead(driver, path) : openToWrite(driver, path);
    return opened.kind === "toolkit"
      ? new ToolkitFile(opened.connection, path)
      : new TracelightFile(opened, driver, path, options);
  } catch (error) {
    throw explainSqlite(error, path);
  }
}

class TracelightFile implements SqliteFile {
  readonly name: string;
  readonly #notes: string[] = [];
  readonly #damage = new DamageNotes();
  readonly #connection: Connection;
  readonly #driver: Driver;
  readonly #path: string;
  #wasEmpty: boolean;
  readonly #options: SqliteFileOptions;
  readonly #snapshots: SnapshotPool;
  readonly #reader: SqliteReader;
  readonly #shared: SharedReader;

  constructor({ connection, kind, again }: Opened, driver: Driver, path: string, options: SqliteFileOptions) {
    this.name = basename(path);
    this.#connection = connection;
    this.#wasEmpty = kind === "empty";
    this.#driver = driver;
    this.#path = path;
    this.#options = options;
    this.#snapshots = new SnapshotPool(again);
    this.#reader = new SqliteReader(directDatabase(connection, this.#snapshots), {
      ...{ driver, path },
      onDamage: (damage) => this.#damage.add(damage),
    });
    this.#shared = new SharedReader(readsOf(this.#reader), {
      all: async (sql, values = []) => connection.prepare(sql).all(...values),
    });
  }

  get notes(): readonly string[] {
    return [...this.#notes, ...this.#damage.notes, ...this.#shared.notes];
  }

  get leftOut(): number {
    return this.#damage.leftOut;
  }

  find(query: TraceQuery): Promise<readonly Span[]> {
    return this.#ask([], () => this.#shared.find(query));
  }

  async *iterate(query: TraceQuery): AsyncGenerator<Span> {
    try {
      if (!this.#isEmpty) yield* this.#shared.iterate(query);
    } catch (error) {
      throw explainSqlite(error, this.#path);
    }
  }

  async summaries(query: SummaryQuery): Promise<SummaryPage> {
    checkSummaryQuery(query);
    return this.#ask({ rows: [], notes: [] }, () => this.#shared.summaries(query));
  }

  idsByPrefix(prefix: string, limit: number): Promise<readonly FoundId[]> {
    return this.#ask([], async () => {
      const ids = [...this.#traces(prefix, limit), ...this.#conversations(prefix, limit)];
      const theirs = (await this.#shared.theirIds(prefix)).filter(
        ({ by, id }) => !ids.some((known) => known.by === by && known.id === id),
      );
      return [...ids, ...theirs]
        .sort((a, b) => Number(String(b.id) === prefix) - Number(String(a.id) === prefix))
        .slice(0, limit);
    });
  }

  #traces(prefix: string, limit: number): FoundId[] {
    return this.#beginning("trace_id", "spans_by_trace", prefix.toLowerCase(), limit).map((id) => ({
      by: "trace",
      id,
    }));
  }

  /** Ids are stored as JSON, so that a text is told from a number. */
  #conversations(prefix: string, limit: number): FoundId[] {
    const big = /^-?\d+$/.test(prefix) ? [BIGINT_START + prefix] : [];
    const forms = [JSON.stringify(prefix).slice(0, -1), prefix, ...big];
    const found = forms.flatMap((form) =>
      this.#beginning("conversation", "spans_by_conversation", form, limit),
    );
    return [...new Set(found)].flatMap((json) => conversationIn(json));
  }

  #beginning(column: string, index: string, prefix: string, limit: number): string[] {
    const sql = `SELECT DISTINCT ${column} AS id FROM spans INDEXED BY ${index}
      WHERE ${column} >= ? AND ${column} < ? AND ${column} IS NOT NULL LIMIT ?`;
    return this.#connection
      .prepare(sql)
      .all(prefix, `${prefix}\u{10ffff}`, limit)
      .map(({ id }) => String(id));
  }

  attributeNames(): Promise<readonly string[]> {
    return this.#ask([], async () => {
      const sql = `SELECT DISTINCT keys.key AS name
        FROM (SELECT attributes FROM spans WHERE typeof(attributes) = 'text' AND json_valid(attributes) ORDER BY id DESC LIMIT ${SAMPLED_SPANS}) AS latest,
          json_each(latest.attributes) AS keys`;
      return this.#connection
        .prepare(sql)
        .all()
        .map(({ name }) => String(name));
    });
  }

  search(text: string, options: FileSearchOptions = {}): Promise<FileSearchPage> {
    const query = parseSearch(text);
    return this.#ask({ spans: [], more: false }, async () => {
      await this.#index(options);
      const snapshot = this.#snapshots.begin();
      const page = await this.#reader.look(
        (view) => foundSpans(view, { ...options, connection: snapshot.connection, query }),
        () => snapshot,
      );
      return this.#shared.withFound(page, query, options);
    });
  }

  /** Searching is what brings the index up to date. A file that may not be written to is looked through without. */
  async #index({ onProgress }: FileSearchOptions): Promise<void> {
    let connection: Connection | undefined;
    try {
      if (isUpToDate(this.#connection)) return;
      connection = this.#driver.open(this.#path);
      connection.exec("PRAGMA busy_timeout = 0; PRAGMA synchronous = NORMAL; PRAGMA secure_delete = ON");
      await bringUpToDate(connection, {
        path: this.#path,
        ...(onProgress === undefined ? {} : { onProgress }),
      });
    } catch (error) {
      const { code, message } = explainSqlite(error, this.#path);
      if (code === "STORE_CORRUPT") throw error;
      this.#notes.push(
        `The index of words could not be brought up to date, so the search takes longer: ${message}`,
      );
    } finally {
      connection?.close();
    }
  }

  changes(after: string | undefined): Promise<Changes> {
    return this.#ask({ spans: [], cursor: '{"last":0,"running":[]}' }, () =>
      this.#reader.look((view) => changesSince(view, after)),
    );
  }

  async importSpans(
    spans: AsyncIterable<Span>,
    progress: (done: number) => void = () => undefined,
  ): Promise<Imported> {
    const faults = new Faults(this.#options.onError ?? (() => undefined));
    const writer = new Writer({
      ...{ driver: this.#driver, path: this.#path, identifier: NO_IDENTIFIER, durability: "tick", faults },
      recordStarts: false,
      ...{ maxQueuedSpans: Number.POSITIVE_INFINITY, maxQueuedBytes: Number.POSITIVE_INFINITY },
      committed: () => undefined,
    });
    const done = { added: 0, known: 0 };
    const take = async (batch: readonly Span[]): Promise<void> => {
      const unknown = this.#unknown(batch);
      for (const span of unknown) writer.add(span);
      const { pending, errors } = await writer.flush(PATIENCE_MS * 6);
      if (pending > 0)
        throw errors[0] ?? new TracelightError("STORE_LOCKED", `${this.#path} could not be written to.`);
      done.added += unknown.length;
      done.known += batch.length - unknown.length;
      progress(done.added + done.known);
    };
    try {
      for await (const batch of batches(spans)) await take(batch);
      this.#connection.exec("PRAGMA wal_checkpoint(PASSIVE)");
    } finally {
      await writer.close();
    }
    const [error] = faults.all;
    if (error !== undefined) throw error;
    return done;
  }

  /** Those of the spans that the file does not have, each once. */
  #unknown(batch: readonly Span[]): Span[] {
    const known = this.#connection.prepare(FIND_SPAN);
    const unknown = new Map(batch.map((span) => [span.traceId + span.spanId, span]));
    return [...unknown.values()].filter((span) => known.get(...keyValues(span)) === undefined);
  }

  prune({
    maxAgeMs = Number.POSITIVE_INFINITY,
    maxBytes = Number.POSITIVE_INFINITY,
  }: PruneLimits): Promise<Removed> {
    const bounds = { ...retentionBounds(), maxAgeMicros: maxAgeMs * 1000, maxBytes };
    return this.#ask({ traces: 0, spans: 0, bytes: 0 }, () =>
      new Retention(this.#reader.database, this.#reader.states).run(bounds),
    );
  }

  async close(): Promise<void> {
    this.#snapshots.close();
    this.#connection.close();
  }

  /** True until a tracer has made the tables. */
  get #isEmpty(): boolean {
    this.#wasEmpty &&= fileKind(this.#connection, this.#path) === "empty";
    return this.#wasEmpty;
  }

  async #ask<T>(ofEmpty: T, ask: () => Promise<T>): Promise<T> {
    try {
      return this.#isEmpty ? ofEmpty : await ask();
    } catch (error) {
      throw explainSqlite(error, this.#path);
    }
  }
}

/** A damaged one is nobody's. */
function conversationIn(json: string): FoundId[] {
  try {
    return [{ by: "conversation", id: decodeJson(json) }];
  } catch {
    return [];
  }
}

interface PruneLimits {
  readonly maxAgeMs?: number;
  readonly maxBytes?: number;
}

async function* batches(spans: AsyncIterable<Span>): AsyncGenerator<Span[]> {
  let batch: Span[] = [];
  for await (const span of spans) {
    batch.push(span);
    if (batch.length < IMPORTED_AT_ONCE) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}
