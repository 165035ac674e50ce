// The file as it was at one moment: each read that asks more than one question asks all of them of one snapshot.

import type { Connection, Row, SqlValue } from "./connection.ts";
import type { Reading, Snapshot } from "./database.ts";

/** Connections that wait for the next snapshot. */
export const IDLE_CONNECTIONS = 2;

/** Generators that are left half-way without a word never end their snapshot: the collector does. */
const abandoned = new FinalizationRegistry<() => void>((end) => end());

/** A snapshot that is ended when it is no longer held, too. `all` and `end` must not hold it. */
export function snapshotOf(all: Reading["all"], end: () => void): Snapshot {
  const token = {};
  const snapshot = {
    all: (sql: string, values?: readonly SqlValue[]) => all(sql, values),
    end: () => {
      if (abandoned.unregister(token)) end();
    },
  };
  abandoned.register(snapshot, end, token);
  return snapshot;
}

/** A snapshot with the connection that asks it. */
export interface DirectSnapshot extends Snapshot {
  readonly connection: Connection;
}

/** Snapshots of one file, in this thread. */
export class SnapshotPool {
  readonly #open: () => Connection;
  readonly #used = new Set<Connection>();
  #idle: Connection[] = [];

  constructor(open: () => Connection) {
    this.#open = open;
  }

  /** Throws what SQLite says where the file cannot be opened. */
  begin(): DirectSnapshot {
    const connection = this.#idle.pop() ?? this.#open();
    this.#used.add(connection);
    connection.exec("BEGIN");
    const all = async (sql: string, values: readonly SqlValue[] = []): Promise<readonly Row[]> =>
      connection.prepare(sql).all(...values);
    return Object.assign(
      snapshotOf(all, () => this.#end(connection)),
      { connection },
    );
  }

  #end(connection: Connection): void {
    // Closed meanwhile.
    if (!this.#used.delete(connection)) return;
    connection.exec("ROLLBACK");
    if (this.#idle.length < IDLE_CONNECTIONS) this.#idle.push(connection);
    else connection.close();
  }

  /** Ends all snapshots, too. */
  close(): void {
    for (const connection of [...this.#used, ...this.#idle]) connection.close();
    this.#used.clear();
    this.#idle = [];
  }
}
