// One file that is open to be read, with all that its reads share.
import type { Connection, Driver } from "./connection.ts";
import { DamageNotes } from "./damage.ts";
import { directDatabase } from "./direct-database.ts";
import { Keeping } from "./keeping.ts";
import type { Opened } from "./open.ts";
import { SqliteReader } from "./reader.ts";
import { fileKind } from "./schema.ts";
import { readsOf, SharedReader } from "./shared.ts";
import { SnapshotPool } from "./snapshots.ts";

/** What it needs beside its connection. */
export interface ReadFileOptions {
  readonly driver: Driver;
  readonly path: string;
}

/** The file. */
export class ReadFile {
  readonly connection: Connection;
  readonly snapshots: SnapshotPool;
  readonly reader: SqliteReader;
  readonly shared: SharedReader;
  readonly damage: DamageNotes = new DamageNotes();
  readonly #keeping: Keeping;
  readonly #path: string;
  #wasEmpty: boolean;

  constructor({ connection, kind, again }: Opened, { driver, path }: ReadFileOptions) {
    this.connection = connection;
    this.#path = path;
    this.#wasEmpty = kind === "empty";
    this.snapshots = new SnapshotPool(again);
    this.#keeping = new Keeping(driver, path);
    this.reader = new SqliteReader(directDatabase(connection, this.snapshots), {
      ...{ driver, path },
      onDamage: (damage) => this.damage.add(damage),
      keep: async (statements) => this.#keeping.keep(statements),
    });
    this.shared = new SharedReader(readsOf(this.reader), {
      all: async (sql, values = []) => connection.prepare(sql).all(...values),
    });
  }

  /** True until a tracer has made the tables. */
  get isEmpty(): boolean {
    this.#wasEmpty &&= fileKind(this.connection, this.#path) === "empty";
    return this.#wasEmpty;
  }

  close(): void {
    this.#keeping.close();
    this.snapshots.close();
    this.connection.close();
  }
}
