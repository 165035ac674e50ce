// The index of words of a file. It is made and brought up to date by those who search, never by the agent's process:
// so its tables are no part of the layout in schema.ts. A file may have them or not, and they may be dropped at any time.
import { delay, steadyNow } from "../model/timers.ts";
import { WORD_BREAK } from "../model/words.ts";
import type { Connection, Row, SqlValue, Statement } from "./connection.ts";
import { explainSqlite, isBusy } from "./driver.ts";
import { pragma } from "./schema.ts";
import { RowTexts, TEXT_COLUMNS } from "./search-text.ts";
import { inTransaction } from "./transactions.ts";

/** How the index is brought up to date. */
export interface IndexOptions {
  /** The file's path, for messages. */
  readonly path: string;
  /** Called after each slice. */
  readonly onProgress?: (progress: IndexProgress) => void;
  /** How long a slice waits for the lock of others, in milliseconds; 10,000 unless told. */
  readonly patienceMs?: number;
  /** Stops behind the slice that is being written. */
  readonly signal?: AbortSignal;
}

/** How far the index is. */
interface IndexProgress {
  /** Spans that this call has indexed. */
  readonly indexed: number;
  /** About how many are left. */
  readonly left: number;
}

/**
 * Brings the index up to date with what is in the file now, in slices of some milliseconds between which writers have their turn.
 * Several may do it at once, and each may be killed at any point: a slice is written whole or not at all. A span that
 * runs is indexed when it has ended or was interrupted.
 * @returns how many spans this call indexed
 * @throws (rejects) TracelightError `STORE_LOCKED` where others held the lock all the time, `STORE_READ_ONLY`, or what else
 * SQLite says. `searchSpans` finds what is not indexed too, slowly.
 */
export async function bringUpToDate(connection: Connection, options: IndexOptions): Promise<number> {
  try {
    return isUpToDate(connection) ? 0 : await new Indexer(connection, options).run();
  } catch (error) {
    throw explainSqlite(error, options.path);
  }
}

/** True where there is nothing to index, as before most searches. Looks only, and takes no lock. */
export function isUpToDate(connection: Connection): boolean {
  const upTo = indexedUpTo(connection);
  if (upTo === undefined) return false;
  const isNewer = connection.prepare("SELECT 1 FROM spans WHERE id > ? LIMIT 1").get(upTo) !== undefined;
  return !isNewer && connection.prepare(`${ENDED_MEANWHILE} LIMIT 1`).get() === undefined;
}

/** The last span that was looked at; undefined where there is no index, or one of another release. */
export function indexedUpTo(connection: Connection): number | undefined {
  if (connection.prepare("SELECT 1 FROM sqlite_master WHERE name = 'search_state'").get() === undefined)
    return undefined;
  const state = connection.prepare("SELECT version, up_to FROM search_state").get();
  return state?.["version"] === INDEX_VERSION ? Number(state["up_to"]) : undefined;
}

/** What one transaction did so far. */
interface Slice {
  readonly began: number;
  indexed: number;
  /** Of the spans that had ended meanwhile: so many were looked at. */
  ended: number;
  newLeft: number;
}

class Indexer {
  readonly #connection: Connection;
  readonly #options: IndexOptions;
  /** Spans up to this id are indexed; later ones are for the next call, or it might never end. */
  #until = 0;
  /** Spans that had ended meanwhile when this call began. */
  #ended: readonly SqlValue[] = [];
  /** Rises when another connection has written. */
  #restedVersion = 0;
  #restedAt = 0;

  constructor(connection: Connection, options: IndexOptions) {
    this.#connection = connection;
    this.#options = options;
  }

  async run(): Promise<number> {
    await this.#inTransaction(() => this.#prepare());
    this.#restedAt = steadyNow();
    const statements = new IndexStatements(this.#connection);
    for (let indexed = 0; ; ) {
      const slice = await this.#inTransaction(() => this.#slice(statements));
      indexed += slice.indexed;
      this.#ended = this.#ended.slice(slice.ended);
      const left = slice.newLeft + this.#ended.length;
      this.#options.onProgress?.({ indexed, left });
      if (left === 0 || this.#options.signal?.aborted) return indexed;
      await delay(this.#pause());
    }
  }

  #prepare(): void {
    if (indexedUpTo(this.#connection) === undefined) for (const sql of CREATE) this.#connection.exec(sql);
    this.#until = Number(
      this.#connection
        .prepare(`SELECT max(id) AS id FROM spans WHERE id < ${Number.MAX_SAFE_INTEGER}`)
        .get()?.["id"] ?? 0,
    );
    this.#ended = this.#connection
      .prepare(ENDED_MEANWHILE)
      .all()
      .map(({ id }) => id ?? null);
  }

  /** Indexes spans until the slice's time is over. */
  #slice(statements: IndexStatements): Slice {
    const slice: Slice = { began: steadyNow(), indexed: 0, ended: 0, newLeft: 0 };
    const upTo = this.#indexNew(statements, slice);
    slice.newLeft = Math.max(0, this.#until - upTo);
    for (const id of this.#ended) {
      if (isOver(slice)) break;
      statements.addEnded(id, slice);
      slice.ended++;
    }
    return slice;
  }

  #indexNew(statements: IndexStatements, slice: Slice): number {
    const before = statements.upTo();
    let upTo = before;
    while (upTo < this.#until && !isOver(slice)) {
      const rows = statements.after(upTo, this.#until);
      for (const row of rows) statements.add(row, slice);
      upTo = Number(rows[rows.length - 1]?.["id"] ?? this.#until);
    }
    if (upTo !== before) statements.setUpTo(upTo);
    return upTo;
  }

  /**
   * Who waits for the lock asks for it again after 25 ms at most, as SQLite does: only in a longer pause he surely gets it. It
   * comes seldom where nobody seems to write.
   */
  #pause(): number {
    const now = steadyNow();
    const version = pragma(this.#connection, "data_version");
    const restEvery = version === this.#restedVersion ? REST_EVERY_MS : REST_OFTEN_MS;
    if (now - this.#restedAt < restEvery) return PAUSE_MS;
    this.#restedAt = now + REST_MS;
    this.#restedVersion = version;
    return REST_MS;
  }

  async #inTransaction<T>(work: () => T): Promise<T> {
    const { patienceMs = 10_000 } = this.#options;
    for (const since = steadyNow(); ; ) {
      try {
        return inTransaction(this.#connection, work);
      } catch (error) {
        if (!isBusy(error) || steadyNow() - since >= patienceMs) throw error;
      }
      await delay(RETRY_MS);
    }
  }
}

function isOver({ began, indexed }: Slice): boolean {
  return indexed >= SLICE_SPANS || steadyNow() - began >= SLICE_MS;
}

/** What a slice does. */
class IndexStatements {
  readonly #texts: RowTexts;
  readonly #upTo: Statement;
  readonly #setUpTo: Statement;
  readonly #after: Statement;
  readonly #one: Statement;
  readonly #insert: Statement;
  readonly #wait: Statement;
  readonly #waitNoMore: Statement;

  constructor(connection: Connection) {
    const columns = `${TEXT_COLUMNS}, ${RUNS} AS runs`;
    this.#texts = new RowTexts(connection);
    this.#upTo = connection.prepare("SELECT up_to FROM search_state");
    this.#setUpTo = connection.prepare("UPDATE search_state SET up_to = ?");
    this.#after = connection.prepare(
      `SELECT ${columns} FROM spans WHERE id > ? AND id <= ? ORDER BY id LIMIT ${AT_ONCE}`,
    );
    this.#one = connection.prepare(`SELECT ${columns} FROM spans WHERE id = ?`);
    this.#insert = connection.prepare("INSERT INTO search (rowid, text) VALUES (?, ?)");
    this.#wait = connection.prepare("INSERT INTO search_waiting (id) VALUES (?)");
    this.#waitNoMore = connection.prepare("DELETE FROM search_waiting WHERE id = ?");
  }

  upTo(): number {
    return Number(this.#upTo.get()?.["up_to"] ?? 0);
  }

  setUpTo(id: number): void {
    this.#setUpTo.run(id);
  }

  after(upTo: number, until: number): readonly Row[] {
    return this.#after.all(upTo, until);
  }

  add(row: Row, slice: Slice): void {
    const id = row["id"] ?? null;
    if (row["runs"] === 1) {
      this.#wait.run(id);
    } else {
      this.#insert.run(id, this.#texts.joined(row));
      slice.indexed++;
    }
  }

  /** Another indexer may have been here before, or retention. */
  addEnded(id: SqlValue, slice: Slice): void {
    const row = this.#one.get(id);
    if (Number(this.#waitNoMore.run(id).changes) > 0 && row !== undefined) this.add(row, slice);
  }
}

/** Rows are read so many at once: they are in memory together. */
export const AT_ONCE = 32;
const SLICE_MS = 25;
const SLICE_SPANS = 1000;
const PAUSE_MS = 1;
const REST_MS = 26;
const REST_OFTEN_MS = 100;
const REST_EVERY_MS = 400;
const RETRY_MS = 2;

const RUNS = "(spans.ended_at IS NULL AND spans.writer IS NOT NULL)";
const ENDED_MEANWHILE = `SELECT search_waiting.id AS id FROM search_waiting CROSS JOIN spans ON spans.id = search_waiting.id
  WHERE NOT ${RUNS}`;

/** Rises with the words that the index is made of: an index of another version is made anew. */
export const INDEX_VERSION = 3;
export const DROP_INDEX: readonly string[] = [
  "DROP TABLE IF EXISTS search",
  "DROP TABLE IF EXISTS search_state",
  "DROP TABLE IF EXISTS search_waiting",
];
/**
 * The index keeps no texts. Which spans are in it: those up to `up_to` but the ones in `search_waiting`, which ran. `stale`
 * rises with each removal of spans whose words are still to be taken out: see forgetting.ts.
 */
const CREATE: readonly string[] = [
  ...DROP_INDEX,
  `CREATE VIRTUAL TABLE search USING fts5 (
    text, content = '', contentless_delete = 1, tokenize = "ascii tokenchars '${WORD_BREAK}'"
  )`,
  "CREATE TABLE search_state (version INTEGER NOT NULL, up_to INTEGER NOT NULL, stale INTEGER NOT NULL)",
  `INSERT INTO search_state VALUES (${INDEX_VERSION}, 0, 0)`,
  "CREATE TABLE search_waiting (id INTEGER PRIMARY KEY)",
];
