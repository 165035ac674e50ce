// A file asked in this thread, where nothing else waits: the command line and the page.
import { RecentMap } from "../model/recent-map.ts";
import type { Connection, Statement } from "./connection.ts";
import type { Database } from "./database.ts";
import { patiently } from "./patience.ts";
import type { SnapshotPool } from "./snapshots.ts";
import { runAll } from "./transactions.ts";

/** Statements that are kept for the next time. */
const PREPARED = 50;

/** Runs each statement at once, in this thread. Closing it leaves the connection open. */
export function directDatabase(connection: Connection, snapshots: SnapshotPool): Database {
  return {
    all: async (sql, values = []) => connection.prepare(sql).all(...values),
    write: (statements) => patiently(async () => runAll(connection, statements)),
    snapshot: () => snapshots.begin(),
    close: async () => undefined,
  };
}

/** The connection, which prepares a statement once: those of readers come again and again. */
export function remembering(connection: Connection): Connection {
  const prepared = new RecentMap<string, Statement>(PREPARED);
  return {
    prepareNumbers: (sql) => connection.prepareNumbers(sql),
    prepare: (sql) => {
      const statement = prepared.get(sql) ?? connection.prepare(sql);
      prepared.set(sql, statement);
      return statement;
    },
    exec: (sql) => connection.exec(sql),
    close: () => {
      // libsql keeps the file open as long as there are statements.
      prepared.clear();
      connection.close();
    },
  };
}
