// Rows of a file with damaged pages: by their numbers, around the damage.

import type { Row } from "./connection.ts";
import { isCorrupt, type OnDamage, pageDamage } from "./damage.ts";
import type { Reading } from "./database.ts";
import { READ_COLUMNS } from "./decoded-rows.ts";

/** Numbers of rows that are asked for at a time. */
const BLOCK = 500;

/**
 * All rows that can be read, some at a time, in the order in which they were written. What lies in damaged pages is told of.
 * @throws (rejects) what SQLite says where it cannot be told which rows there are
 */
export async function* salvagedRows(database: Reading, onDamage: OnDamage): AsyncGenerator<readonly Row[]> {
  const last = await lastRow(database);
  const gaps = new Gaps(onDamage);
  for (let from = 1; from <= last; from += BLOCK) {
    yield await readable(database, from, Math.min(from + BLOCK - 1, last), gaps);
  }
  gaps.end();
}

/** In halves, down to the rows that cannot be read. */
async function readable(database: Reading, from: number, to: number, gaps: Gaps): Promise<readonly Row[]> {
  try {
    // A range looks one row further, which may be damaged.
    const rows = await (from === to ? database.all(ROW, [from]) : database.all(ROWS, [from, to]));
    gaps.end();
    return rows;
  } catch (error) {
    if (!isCorrupt(error)) throw error;
  }
  if (from === to) {
    gaps.add(from);
    return [];
  }
  const middle = Math.floor((from + to) / 2);
  return [
    ...(await readable(database, from, middle, gaps)),
    ...(await readable(database, middle + 1, to, gaps)),
  ];
}

/** By what two places say; one of them may be damaged. */
async function lastRow(database: Reading): Promise<number> {
  const found: number[] = [];
  let failure: unknown;
  for (const sql of LAST) {
    try {
      const [row] = await database.all(sql);
      if (typeof row?.["last"] === "number") found.push(row["last"]);
    } catch (error) {
      failure = error;
    }
  }
  if (found.length === 0 && failure !== undefined) throw failure;
  return Math.min(...found, Number.MAX_SAFE_INTEGER);
}

/** Rows in a row that cannot be read, told of as one. */
class Gaps {
  readonly #onDamage: OnDamage;
  #gap: { readonly first: number; last: number } | undefined;

  constructor(onDamage: OnDamage) {
    this.#onDamage = onDamage;
  }

  add(id: number): void {
    if (this.#gap === undefined) this.#gap = { first: id, last: id };
    else this.#gap.last = id;
  }

  end(): void {
    if (this.#gap !== undefined) this.#onDamage(pageDamage(this.#gap.first, this.#gap.last));
    this.#gap = undefined;
  }
}

const ROW = `SELECT ${READ_COLUMNS} FROM spans NOT INDEXED WHERE spans.id = ?`;
const ROWS = `SELECT ${READ_COLUMNS} FROM spans NOT INDEXED WHERE spans.id BETWEEN ? AND ? ORDER BY spans.id`;
const LAST = [
  "SELECT seq AS last FROM sqlite_sequence WHERE name = 'spans'",
  "SELECT max(id) AS last FROM spans NOT INDEXED",
];
