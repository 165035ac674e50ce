// The state of spans that did not end: running while their writer lives, interrupted when it does not.
import { Turns } from "../model/turns.ts";
import type { Driver } from "./connection.ts";
import { isCorrupt } from "./damage.ts";
import type { Database } from "./database.ts";
import type { StateOf } from "./decoded-rows.ts";
import { isHeld, removeForgottenLocks, removeLifeLock } from "./liveness.ts";

/** The writer of a span that some record says runs, without saying where. */
export const UNKNOWN_WRITER = 0;

/** Tells which writers live. */
export class States {
  readonly #database: Database;
  readonly #driver: Driver;
  readonly #path: string;

  constructor(database: Database, driver: Driver, path: string) {
    this.#database = database;
    this.#driver = driver;
    this.#path = path;
  }

  /**
   * The state of spans that have not ended in what is read from now on. Writers are looked at first: who is dead now writes
   * no more, so a span of his that has not ended later never will. One who dies meanwhile is taken for alive.
   */
  async now(): Promise<StateOf> {
    const dead = new Set<number>();
    try {
      for (const { id } of await this.#dead(WRITERS_OF_OPEN)) dead.add(id);
    } catch (error) {
      // Of a damaged file it is not known who writes to it; nobody can.
      if (!isCorrupt(error)) throw error;
      return () => "interrupted";
    }
    return (writer) => (typeof writer === "number" && !dead.has(writer) ? "running" : "interrupted");
  }

  /** What dead writers left: their spans stay interrupted; their locks, names, and values that no row refers to go. */
  async bury(): Promise<void> {
    for (const { id, lock } of await this.#dead("SELECT id, lock FROM writers")) {
      await this.#database.write([
        { sql: "UPDATE spans SET writer = NULL WHERE writer = ? AND ended_at IS NULL", values: [id] },
        { sql: "DELETE FROM writers WHERE id = ?", values: [id] },
      ]);
      removeLifeLock(this.#path, lock);
    }
    const [unclaimed] = await this.#database.all(`SELECT 1 FROM claims WHERE ${IS_UNCLAIMED} LIMIT 1`);
    if (unclaimed !== undefined) await this.#database.write(REMOVE_UNCLAIMED);
    await removeForgottenLocks(this.#driver, this.#path);
  }

  async #dead(sql: string): Promise<{ readonly id: number; readonly lock: string }[]> {
    const dead: { readonly id: number; readonly lock: string }[] = [];
    const turns = new Turns();
    turns.begin();
    for (const row of await this.#database.all(sql)) {
      const lock = String(row["lock"] ?? "");
      if (!isHeld(this.#driver, this.#path, lock)) dead.push({ id: Number(row["id"]), lock });
      if (turns.over) await turns.next();
    }
    return dead;
  }
}

/** A writer that is not in its table has signed off. */
const WRITERS_OF_OPEN = `SELECT CAST(open.writer AS REAL) AS id, writers.lock AS lock
  FROM (SELECT DISTINCT writer FROM spans INDEXED BY spans_open WHERE ended_at IS NULL AND writer > ${UNKNOWN_WRITER}) AS open
  LEFT JOIN writers ON writers.id = open.writer`;

const IS_UNCLAIMED = "writer NOT IN (SELECT id FROM writers)";
/** Pieces that no row refers to, and none will. */
const REMOVE_UNCLAIMED = [
  {
    sql: `DELETE FROM pieces WHERE owner IN (SELECT prefix || '/' || id FROM claims WHERE ${IS_UNCLAIMED})`,
  },
  { sql: `DELETE FROM claims WHERE ${IS_UNCLAIMED}` },
];
