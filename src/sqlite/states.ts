// The state of spans that did not end: running while their writer lives, interrupted when it does not.
import type { Database } from "./database.ts";
import type { Driver, Row } from "./driver.ts";
import { isHeld } from "./liveness.ts";
import type { StateOf } from "./rows.ts";

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
   * The rows with a state for each. A writer that died may have ended its last spans after they were read: those are read
   * again, with `reread`, so that an ended span is not called interrupted.
   */
  async settle(
    rows: readonly Row[],
    reread: (ids: readonly number[]) => Promise<readonly Row[]>,
  ): Promise<{ readonly rows: readonly Row[]; readonly stateOf: StateOf }> {
    const dead = await this.deadAmong(
      rows.filter(({ ended_at }) => ended_at === null).map(({ writer }) => writer),
    );
    const doubtful = rows.filter(({ ended_at, writer }) => ended_at === null && dead.has(Number(writer)));
    if (doubtful.length === 0) return { rows, stateOf: stateByWriter(dead) };
    const again = new Map(
      (await reread(doubtful.map(({ id }) => Number(id)))).map((row) => [row["id"], row]),
    );
    return { rows: rows.map((row) => again.get(row["id"] ?? null) ?? row), stateOf: stateByWriter(dead) };
  }

  /** Those of the writers, as rows have them, that live no more. */
  async deadAmong(writers: readonly unknown[]): Promise<ReadonlySet<number>> {
    const dead = new Set(writers.map(Number).filter((writer) => writer > UNKNOWN_WRITER));
    if (dead.size === 0) return dead;
    for (const { id, lock } of await this.#database.all("SELECT id, lock FROM writers")) {
      if (dead.has(Number(id)) && isHeld(this.#driver, this.#path, String(lock))) dead.delete(Number(id));
    }
    return dead;
  }
}

/** The state of a span that has not ended. Whose writer is not among the dead, runs. */
export function stateByWriter(dead: ReadonlySet<number>): StateOf {
  return (writer) => (typeof writer === "number" && !dead.has(writer) ? "running" : "interrupted");
}
