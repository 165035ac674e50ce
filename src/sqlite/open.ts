// How a file is opened by those who may wait: the command line and the page.
import { statSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { TracelightError } from "../model/errors.ts";
import type { Connection, Driver } from "./connection.ts";
import { remembering } from "./direct-database.ts";
import { SQLITE, sqliteCode } from "./driver.ts";
import { fileKind, prepareFile } from "./schema.ts";

/** How long a reader waits for the lock of others, in milliseconds. */
export const PATIENCE_MS = 5000;
const SHORT_MS = 200;

/** An open file. */
export interface Opened {
  readonly connection: Connection;
  readonly kind: "tracelight" | "toolkit" | "empty";
  /** Another connection, to read. */
  readonly again: () => Connection;
}

/** Opens a file that is there. Throws TracelightError `NOT_A_DATABASE`, `STORE_NEWER`, or what SQLite says. */
export function openToRead(driver: Driver, path: string): Opened {
  const attempt = (name: string): Opened => {
    const again = () => reading(driver, name);
    const connection = again();
    return checked(connection, () => {
      const kind = fileKind(connection, path);
      if (kind === "other")
        throw new TracelightError(
          "NOT_A_DATABASE",
          `${path} is an SQLite database, but not one of Tracelight's.`,
        );
      return { connection, kind, again };
    });
  };
  try {
    return attempt(path);
  } catch (error) {
    const code = sqliteCode(error);
    const isFolderReadOnly = code === SQLITE.cannotOpen || code === SQLITE.readOnly;
    // Without a log there is nothing that a reader would have to write.
    if (!isFolderReadOnly || hasLog(path)) throw error;
    return attempt(`${pathToFileURL(path).href}?immutable=1`);
  }
}

/** A connection that reads. */
function reading(driver: Driver, name: string): Connection {
  const connection = remembering(driver.open(name, { readOnly: true }));
  // The first to open a file, and the last to close it, hold it for a moment.
  return checked(connection, () => {
    // Of a file that was cut SQLite reads nothing else, not even what is left of it. Source: lockBtree in its btree.c.
    connection.exec(`PRAGMA busy_timeout = ${PATIENCE_MS}; PRAGMA writable_schema = ON`);
    return connection;
  });
}

function hasLog(path: string): boolean {
  return (statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0) > 0;
}

/** Opens a file, which is made where it is missing. Throws as `openToRead` does. */
export function openToWrite(driver: Driver, path: string): Opened {
  const connection = remembering(driver.open(path));
  return checked(connection, () => {
    connection.exec(`PRAGMA busy_timeout = ${PATIENCE_MS}`);
    prepareFile(connection, path);
    // What waits longer is tried again: a checkpoint that waits for readers keeps writers waiting.
    connection.exec(
      `PRAGMA synchronous = NORMAL; PRAGMA secure_delete = ON; PRAGMA busy_timeout = ${SHORT_MS}`,
    );
    return { connection, kind: "tracelight", again: () => reading(driver, path) };
  });
}

/** A connection that cannot be used is closed. */
function checked<T>(connection: Connection, work: () => T): T {
  try {
    return work();
  } catch (error) {
    connection.close();
    throw error;
  }
}
