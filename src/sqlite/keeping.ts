// What was derived from spans, kept in their file for the next time. Best effort: where it cannot be kept, it is made anew.
import { statSync } from "node:fs";
import type { Connection, Driver } from "./connection.ts";
import type { Database, SqlStatement } from "./database.ts";
import { isBusy } from "./driver.ts";
import { runAll } from "./transactions.ts";

/** Writes the statements in one short transaction, now or in a moment, or not at all: then it gives false. Never throws or rejects. */
export type Keep = (statements: readonly SqlStatement[]) => Promise<boolean>;

/** So many wait at most; what is one too many is made anew the next time. */
const MOST_WAITING = 100;

/** Through a database that writes on another thread, one after the other; `mayWrite` says whether it still may. */
export function keepingThrough(database: Pick<Database, "write">, mayWrite: () => boolean): Keep {
  let latest: Promise<unknown> = Promise.resolve();
  let waiting = 0;
  const keep = async (statements: readonly SqlStatement[]): Promise<boolean> => {
    // A lock of others is waited for by one at a time, so that reads come in between.
    await latest;
    try {
      if (!mayWrite()) return false;
      await database.write(statements);
      return true;
    } catch {
      // It is made anew the next time.
      return false;
    } finally {
      waiting--;
    }
  };
  return async (statements) => {
    if (waiting >= MOST_WAITING) return false;
    waiting++;
    const kept = keep(statements);
    latest = kept;
    return kept;
  };
}

/** Through a connection of its own, in this thread, opened when first needed. A lock is not waited for. */
export class Keeping {
  readonly #driver: Driver;
  readonly #path: string;
  #connection: Connection | undefined;
  #isOver = false;

  constructor(driver: Driver, path: string) {
    this.#driver = driver;
    this.#path = path;
  }

  /** Writes them at once, or not at all: then it gives false. */
  keep(statements: readonly SqlStatement[]): boolean {
    if (this.#isOver) return false;
    try {
      this.#connection ??= this.#open();
      runAll(this.#connection, statements);
      return true;
    } catch (error) {
      // A file that others write to may be free the next time; what else is wrong with it stays.
      if (!isBusy(error)) this.close();
      return false;
    }
  }

  /** Keeps nothing from now on. */
  close(): void {
    this.#isOver = true;
    this.#connection?.close();
    this.#connection = undefined;
  }

  #open(): Connection {
    // Who may do everything is not stopped by the rights of a file, which are meant.
    if ((statSync(this.#path).mode & ANYONE_WRITES) === 0) throw new Error("it is read only");
    const connection = this.#driver.open(this.#path);
    connection.exec("PRAGMA busy_timeout = 0; PRAGMA synchronous = NORMAL; PRAGMA secure_delete = ON");
    return connection;
  }
}

const ANYONE_WRITES = 0o222;
