// The layout of Tracelight's SQLite files: tables, version, and how a file is told from others.
import { statSync } from "node:fs";
import { TracelightError } from "../model/errors.ts";
import type { Connection } from "./connection.ts";

/** Marks a file as Tracelight's, in the header that `file(1)` and SQLite show: "TrcL". */
const APPLICATION_ID = 0x5472634c;

/** What a file holds. */
export type FileKind = "tracelight" | "toolkit" | "empty" | "other";

/**
 * The steps from each version of the layout to the next; a new file takes them all. Times are microseconds since the epoch.
 *
 * `spans`: one row a span. `conversation` is the canonical JSON of the conversation's id, see `conversationOf`; `facts` what
 * listings need, see `SpanFacts`; `attributes` a JSON object in the form of records (docs/records.md), null where `stored`
 * says that the value is kept elsewhere. A row without `ended_at` runs as long as its `writer` is alive (0: nobody knows),
 * and was interrupted where it has none.
 */
const STEPS: readonly (readonly string[])[] = [
  [
    `CREATE TABLE spans (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      trace_id TEXT NOT NULL,
      span_id TEXT NOT NULL,
      parent_span_id TEXT,
      span_name TEXT NOT NULL,
      span_kind TEXT NOT NULL,
      span_status TEXT NOT NULL,
      started_at INTEGER NOT NULL,
      ended_at INTEGER,
      writer INTEGER,
      identifier TEXT NOT NULL,
      conversation TEXT,
      facts TEXT NOT NULL,
      origin TEXT NOT NULL,
      details TEXT,
      stored TEXT,
      attributes TEXT NOT NULL
    )`,
    // In start order, and down to one span.
    "CREATE INDEX spans_by_trace ON spans (trace_id, started_at, span_id)",
    "CREATE INDEX spans_by_start ON spans (started_at)",
    "CREATE INDEX spans_by_conversation ON spans (conversation, started_at) WHERE conversation IS NOT NULL",
    "CREATE INDEX spans_open ON spans (writer) WHERE ended_at IS NULL",
    // The nodes of message lists, by content hash: each holds what is new since the one before. See delivery/content.ts.
    `CREATE TABLE message_nodes (
      hash TEXT NOT NULL PRIMARY KEY,
      previous TEXT NOT NULL,
      previous_length INTEGER NOT NULL,
      length INTEGER NOT NULL,
      scope TEXT NOT NULL,
      span_id TEXT NOT NULL,
      messages TEXT
    )`,
    "CREATE INDEX message_nodes_by_scope ON message_nodes (scope)",
    // Large values in pieces; the owner is trace/span/number, or node/hash/number.
    `CREATE TABLE pieces (
      owner TEXT NOT NULL,
      piece INTEGER NOT NULL,
      bytes BLOB NOT NULL,
      PRIMARY KEY (owner, piece)
    )`,
    // Those who write spans that run; each holds a lock on the file named, for as long as it lives.
    `CREATE TABLE writers (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      lock TEXT NOT NULL,
      pid INTEGER NOT NULL,
      started_at INTEGER NOT NULL
    )`,
    // What retention removed, and when.
    `CREATE TABLE removals (
      at INTEGER NOT NULL,
      reason TEXT NOT NULL,
      traces INTEGER NOT NULL,
      spans INTEGER NOT NULL
    )`,
  ],
  [
    // Pieces that are being written, owner by owner: `prefix/id`. The row that will refer to them is not there yet.
    `CREATE TABLE claims (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      prefix TEXT NOT NULL,
      writer INTEGER NOT NULL
    )`,
  ],
];

/** The version of the layout that this release writes, and the newest that it reads. */
const SCHEMA_VERSION: number = STEPS.length;

/** The smallest that an SQLite file with something in it can be: one page. */
const LEAST_BYTES = 512;

/**
 * Refuses what SQLite itself would take for an empty database, and write over. Looks without opening: to close a file that
 * SQLite has open elsewhere in the process would let go of its locks.
 * @throws TracelightError `NOT_A_DATABASE`
 */
export function checkAtSight(path: string): void {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) return;
  if (found.isDirectory())
    throw new TracelightError("NOT_A_DATABASE", `${path} is a folder; name a file in it.`);
  if (found.size > 0 && found.size < LEAST_BYTES) {
    throw new TracelightError(
      "NOT_A_DATABASE",
      `${path} is not an SQLite database: it is too short to be one. The file was not touched.`,
    );
  }
}

/**
 * Tells what a file holds. Reads only.
 * @throws TracelightError `STORE_NEWER`; or what SQLite says
 */
export function fileKind(connection: Connection, path: string): FileKind {
  const tables = connection.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").all();
  const names = new Set(tables.map(({ name }) => name));
  // After the tables, and once: another process may make the file meanwhile.
  const application = pragma(connection, "application_id");
  if (application === APPLICATION_ID) {
    const version = pragma(connection, "user_version");
    if (version > SCHEMA_VERSION) throw newer(path, version);
    return version === 0 ? "empty" : "tracelight";
  }
  // A file that some other program has marked as its own is no empty one.
  if (names.size === 0) return application === 0 ? "empty" : "other";
  return names.has("traces") && hasColumns(connection, "traces", TOOLKIT_COLUMNS) ? "toolkit" : "other";
}

/**
 * Makes the tables of a new file, and brings those of an older one up to date, in one transaction.
 * @throws TracelightError `STORE_NEWER`, `NOT_A_DATABASE` for a database that is not Tracelight's; or what SQLite says
 */
export function prepareFile(connection: Connection, path: string): void {
  const kind = fileKind(connection, path);
  if (kind === "toolkit" || kind === "other") throw notOurs(path, kind);
  if (kind === "tracelight" && pragma(connection, "user_version") === SCHEMA_VERSION) return;
  // Only before the first table is made can free pages be given back to the disk later.
  if (kind === "empty") connection.exec("PRAGMA auto_vacuum = INCREMENTAL");
  connection.exec("PRAGMA journal_mode = WAL");
  connection.exec("BEGIN IMMEDIATE");
  try {
    // Another process may have done it meanwhile.
    for (const step of STEPS.slice(versionOf(connection, path))) for (const sql of step) connection.exec(sql);
    connection.exec(`PRAGMA application_id = ${APPLICATION_ID}`);
    connection.exec(`PRAGMA user_version = ${SCHEMA_VERSION}`);
    connection.exec("COMMIT");
  } catch (error) {
    connection.exec("ROLLBACK");
    throw error;
  }
}

function versionOf(connection: Connection, path: string): number {
  const kind = fileKind(connection, path);
  if (kind === "toolkit" || kind === "other") throw notOurs(path, kind);
  return kind === "empty" ? 0 : pragma(connection, "user_version");
}

/** The number that a pragma of that name gives. */
export function pragma(connection: Connection, name: string): number {
  return Number(connection.prepare(`PRAGMA ${name}`).get()?.[name] ?? 0);
}

function hasColumns(connection: Connection, table: string, wanted: readonly string[]): boolean {
  const columns = connection
    .prepare("SELECT name FROM pragma_table_info(?)")
    .all(table)
    .map(({ name }) => name);
  return wanted.every((column) => columns.includes(column));
}

/** Some columns by which the Python toolkit's file is known. */
export const TOOLKIT_COLUMNS: readonly string[] = [
  "trace_id",
  "span_id",
  "span_name",
  "started_at",
  "attributes",
];

function newer(path: string, version: number): TracelightError {
  const message = `${path} was written by a newer release (layout ${version}; this one knows ${SCHEMA_VERSION}); update tracelight. The file was not touched.`;
  return new TracelightError("STORE_NEWER", message);
}

function notOurs(path: string, kind: "toolkit" | "other"): TracelightError {
  const what =
    kind === "toolkit"
      ? "is a file of the Python toolkit, which Tracelight reads but does not write to"
      : "is an SQLite database, but not one of Tracelight's";
  return new TracelightError(
    "NOT_A_DATABASE",
    `${path} ${what}; choose another path. The file was not touched.`,
  );
}
