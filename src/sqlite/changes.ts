// What changed in a file since the last look: for those who watch it.
import { TracelightError } from "../model/errors.ts";
import type { Changes } from "../tracing/store.ts";
import type { View } from "./reader.ts";
import { type SqlCondition, TRUE } from "./sql-conditions.ts";

/** The last row that was seen, and those that ran then. */
interface Seen {
  readonly last: number;
  readonly running: readonly number[];
}

/** The cursor of a file that has no tables yet. */
export const NOTHING_SEEN = '{"last":0,"running":[]}';

/** So many at a time; the rest comes with the next look. */
const MOST_AT_ONCE = 1000;

/**
 * What changed since `after`; without it, what runs now: of all spans, or of those under the identifier. Rows are numbered in the
 * order in which they were written.
 */
export async function changesSince(
  view: View,
  after: string | undefined,
  identifier?: string,
): Promise<Changes> {
  const own = identifier === undefined ? TRUE : { sql: "identifier = ?", values: [identifier] };
  const seen =
    after === undefined ? { last: await lastId(view), running: await openIds(view, own) } : decodeSeen(after);
  const added = after === undefined ? [] : await newIds(view, seen.last, own);
  const found = await view.byIds([...new Set([...seen.running, ...added])]);
  const running = found.filter(({ span }) => span.state === "running").map(({ id }) => id);
  const last = added.at(-1) ?? seen.last;
  return { spans: found.map(({ span }) => span), cursor: JSON.stringify({ last, running }) };
}

async function openIds({ database }: View, own: SqlCondition): Promise<number[]> {
  const rows = await database.all(
    `SELECT id FROM spans INDEXED BY spans_open WHERE writer > 0 AND ended_at IS NULL AND ${own.sql} ORDER BY id LIMIT ?`,
    [...own.values, MOST_AT_ONCE],
  );
  return rows.map(({ id }) => Number(id));
}

async function newIds({ database }: View, last: number, own: SqlCondition): Promise<number[]> {
  const rows = await database.all(
    `SELECT id FROM spans WHERE id > ? AND id < ${Number.MAX_SAFE_INTEGER} AND ${own.sql} ORDER BY id LIMIT ?`,
    [last, ...own.values, MOST_AT_ONCE],
  );
  return rows.map(({ id }) => Number(id));
}

async function lastId({ database }: View): Promise<number> {
  const [row] = await database.all(`SELECT max(id) AS id FROM spans WHERE id < ${Number.MAX_SAFE_INTEGER}`);
  return Number(row?.["id"] ?? 0);
}

function decodeSeen(cursor: string): Seen {
  const { last, running } = Object(parsedIn(cursor));
  if (!Number.isSafeInteger(last) || !Array.isArray(running)) {
    throw new TracelightError(
      "INVALID_QUERY",
      "The cursor is none of a look at changes; leave it out for the first.",
    );
  }
  return { last, running: running.map(Number) };
}

function parsedIn(cursor: string): unknown {
  try {
    return JSON.parse(cursor);
  } catch {
    return undefined;
  }
}
