// The SQLite library: node:sqlite where this Node has it, else the package libsql; as one small interface over both.
import { randomBytes } from "node:crypto";
import { rmSync } from "node:fs";
import { requireInstalled } from "../delivery/installed.ts";
import type { TracelightErrorCode } from "../model/error-codes.ts";
import { messageOf, TracelightError } from "../model/errors.ts";
import { RecentMap } from "../model/recent-map.ts";
import type { Connection, Driver } from "./connection.ts";
import { libraryIn } from "./library.ts";

let chosen: Driver | undefined;

/**
 * The library that this process uses.
 * @throws TracelightError `MISSING_DEPENDENCY` where there is none, naming what to install.
 */
export function sqliteDriver(): Driver {
  chosen ??= builtIn() ?? installed();
  return chosen;
}

/** node:sqlite, from Node 22.13 on. Its warning is left out where this is the first to load it. */
function builtIn(): Driver | undefined {
  const warn = process.emitWarning;
  process.emitWarning = () => undefined;
  try {
    const name = "node:sqlite";
    return { name, module: name, open: libraryIn(name, process.getBuiltinModule(name)) };
  } catch {
    return undefined;
  } finally {
    process.emitWarning = warn;
  }
}

function installed(): Driver {
  try {
    const { path, module } = requireInstalled("libsql");
    return { name: "libsql", module: path, open: libraryIn("libsql", module) };
  } catch (error) {
    const mend = `npm install libsql, or use Node 22.13 or newer, which brings SQLite (this is ${process.version})`;
    throw new TracelightError(
      "MISSING_DEPENDENCY",
      `SQLite needs a library: ${mend}. Loading libsql said: ${messageOf(error)}`,
      { cause: error },
    );
  }
}

/** SQLite's result codes that Tracelight acts upon. Source: https://sqlite.org/rescode.html */
export const SQLITE = {
  error: 1,
  busy: 5,
  locked: 6,
  readOnly: 8,
  ioError: 10,
  corrupt: 11,
  full: 13,
  cannotOpen: 14,
  tooBig: 18,
  notADatabase: 26,
} as const;

/** The primary result code of what either library threw; undefined where it is no error of SQLite. */
export function sqliteCode(error: unknown): number | undefined {
  if (typeof error !== "object" || error === null) return undefined;
  for (const name of ["errcode", "rawCode"]) {
    const code: unknown = Reflect.get(error, name);
    if (typeof code === "number") return code & 0xff;
  }
  // libsql gives errors of opening a file a name at best, or its number at the end of the message.
  const code: unknown = Reflect.get(error, "code");
  const named = typeof code === "string" ? NAMED.get(code.split("_").slice(0, 2).join("_")) : undefined;
  const [, number] = /^ConnectionFailed\(.*: (\d+)"\)$/s.exec(messageOf(error)) ?? [];
  return named ?? (number === undefined ? undefined : Number(number) & 0xff);
}

const NAMED: ReadonlyMap<string, number> = new Map([
  ["SQLITE_BUSY", SQLITE.busy],
  ["SQLITE_CANTOPEN", SQLITE.cannotOpen],
  ["SQLITE_NOTADB", SQLITE.notADatabase],
  ["SQLITE_CORRUPT", SQLITE.corrupt],
  ["SQLITE_READONLY", SQLITE.readOnly],
  ["SQLITE_FULL", SQLITE.full],
  ["SQLITE_IOERR", SQLITE.ioError],
]);

/** True where the file is held by another connection, and the same may succeed a moment later. */
export function isBusy(error: unknown): boolean {
  const code = sqliteCode(error);
  return code === SQLITE.busy || code === SQLITE.locked;
}

/** What SQLite said, as an error that names the file and the mend. */
export function explainSqlite(error: unknown, path: string): TracelightError {
  if (error instanceof TracelightError) return error;
  if (isBusy(error) && givesNoLocks(path)) return noLocks(error, path);
  const [code, text]: readonly [TracelightErrorCode, string] = EXPLANATIONS.get(sqliteCode(error) ?? -1) ?? [
    "SQLITE_FAILED",
    "could not be used",
  ];
  return new TracelightError(code, `${path} ${text} (SQLite says: ${messageOf(error)})`, { cause: error });
}

/** NFS without its lock service, and some network drives, answer that a lock is held where there are none: SQLite cannot tell. */
function givesNoLocks(path: string): boolean {
  const known = withoutLocks.get(path);
  if (known !== undefined) return known;
  const isWithout = !canLock(`${path}-live-${randomBytes(8).toString("hex")}`);
  withoutLocks.set(path, isWithout);
  return isWithout;
}

/** Whether a file that nobody else knows can be locked. What fails otherwise says nothing about locks. */
function canLock(probe: string): boolean {
  let connection: Connection | undefined;
  try {
    connection = sqliteDriver().open(probe);
    connection.exec("PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE");
    return true;
  } catch (error) {
    return !isBusy(error);
  } finally {
    connection?.close();
    rmSync(probe, { force: true });
  }
}

const withoutLocks = new RecentMap<string, boolean>(100);

function noLocks(error: unknown, path: string): TracelightError {
  const message = `${path} cannot be locked: its file system has no locks, as some network drives; choose a path on a disk of this machine (SQLite says: ${messageOf(error)})`;
  return new TracelightError("STORE_UNREADABLE", message, { cause: error });
}

const EXPLANATIONS: ReadonlyMap<number, readonly [TracelightErrorCode, string]> = new Map([
  [SQLITE.busy, ["STORE_LOCKED", "is locked by another process; try again when that has finished"]],
  [SQLITE.locked, ["STORE_LOCKED", "is locked by another connection; try again when that has finished"]],
  [SQLITE.readOnly, ["STORE_READ_ONLY", "cannot be written to; check the rights of the file and its folder"]],
  [SQLITE.ioError, ["SQLITE_FAILED", "could not be read or written; check the disk"]],
  [
    SQLITE.corrupt,
    [
      "STORE_CORRUPT",
      "is damaged; keep a copy, save what can be read with `tracelight export FILE`, and import that into a new file",
    ],
  ],
  [SQLITE.full, ["STORE_FULL", "cannot grow: the disk is full; free some space"]],
  [
    SQLITE.cannotOpen,
    ["STORE_UNREADABLE", "cannot be opened; check that its folder exists and may be written to"],
  ],
  [SQLITE.notADatabase, ["NOT_A_DATABASE", "is not an SQLite database"]],
]);
