// The connections of the other thread: one to ask and write, and one for each snapshot.
import { statSync } from "node:fs";
import type { Connection, Driver } from "./connection.ts";
import { IDLE_CONNECTIONS } from "./snapshots.ts";
import { rollBack } from "./transactions.ts";

/** The connection of a snapshot, and to which file. */
interface Reader {
  readonly connection: Connection;
  readonly inode: number | undefined;
}

/** Opened when they are needed. All throw what SQLite says. */
export class ThreadConnections {
  readonly #open: Driver["open"];
  readonly #path: string;
  readonly #snapshots = new Map<number, Reader>();
  readonly #idle: Connection[] = [];
  #connection: Connection | undefined;
  #inode: number | undefined;

  constructor(open: Driver["open"], path: string) {
    this.#open = open;
    this.#path = path;
  }

  /** To the file that is there now: one that was removed and made anew is another one. */
  current(): Connection {
    const now = statSync(this.#path, { throwIfNoEntry: false })?.ino;
    if (this.#connection !== undefined && now !== undefined && now !== this.#inode) this.#closeIdle();
    this.#connection ??= this.#opened();
    this.#inode = now ?? statSync(this.#path).ino;
    return this.#connection;
  }

  /** The one that `current` gave last; undefined where that was closed. */
  get latest(): Connection | undefined {
    return this.#connection;
  }

  /** The snapshot's, which is begun at its first question. */
  toRead(snapshot: number | undefined): Connection {
    if (snapshot === undefined) return this.current();
    return (this.#snapshots.get(snapshot) ?? this.#begin(snapshot)).connection;
  }

  /** A transaction that only reads shows the file as it was at its first question. */
  #begin(snapshot: number): Reader {
    this.current();
    const reader = { connection: this.#idle.pop() ?? this.#opened(), inode: this.#inode };
    this.#snapshots.set(snapshot, reader);
    reader.connection.exec("BEGIN");
    return reader;
  }

  /** Lets go of a snapshot. */
  end(snapshot: number): void {
    const reader = this.#snapshots.get(snapshot);
    if (reader === undefined) return;
    this.#snapshots.delete(snapshot);
    rollBack(reader.connection);
    if (reader.inode === this.#inode && this.#idle.length < IDLE_CONNECTIONS)
      this.#idle.push(reader.connection);
    else reader.connection.close();
  }

  /** Ends all snapshots, too. */
  close(): void {
    for (const snapshot of [...this.#snapshots.keys()]) this.end(snapshot);
    this.#closeIdle();
  }

  #closeIdle(): void {
    for (const one of [this.#connection, ...this.#idle.splice(0)]) one?.close();
    this.#connection = undefined;
  }

  #opened(): Connection {
    const opened = this.#open(this.#path);
    opened.exec("PRAGMA busy_timeout = 200");
    opened.exec("PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 0; PRAGMA secure_delete = ON");
    return opened;
  }
}
