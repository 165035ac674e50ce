// What changed in a file since the last look: for those who watch it.
import { TracelightError } from "../model/errors.ts";
import type { Span } from "../tracing/span.ts";
import type { View } from "./reader.ts";

/** Spans that began, changed or ended, and where to go on. */
export interface Changes {
  /** What is new or has changed, in the order of the changes. */
  readonly spans: readonly Span[];
  /** For the next call. */
  readonly cursor: string;
}

/** The last row that was seen, and those that ran then. */
interface Place {
  readonly last: number;
  readonly running: readonly number[];
}

/** So many at a time; the rest comes with the next look. */
const MOST_AT_ONCE = 1000;

/** What changed since `after`; without it, what runs now. Rows are numbered in the order in which they were written. */
export async function changesSince(view: View, after: string | undefined): Promise<Changes> {
  const place =
    after === undefined ? { last: await lastId(view), running: await openIds(view) } : decodePlace(after);
  const added = after === undefined ? [] : await newIds(view, place.last);
  const found = await view.byIds([...new Set([...place.running, ...added])]);
  const running = found.filter(({ span }) => span.state === "running").map(({ id }) => id);
  const last = added.at(-1) ?? place.last;
  return { spans: found.map(({ span }) => span), cursor: JSON.stringify({ last, running }) };
}

async function openIds({ database }: View): Promise<number[]> {
  const rows = await database.all(
    "SELECT id FROM spans INDEXED BY spans_open WHERE writer > 0 AND ended_at IS NULL ORDER BY id LIMIT ?",
    [MOST_AT_ONCE],
  );
  return rows.map(({ id }) => Number(id));
}

async function newIds({ database }: View, last: number): Promise<number[]> {
  const rows = await database.all(
    `SELECT id FROM spans WHERE id > ? AND id < ${Number.MAX_SAFE_INTEGER} ORDER BY id LIMIT ?`,
    [last, MOST_AT_ONCE],
  );
  return rows.map(({ id }) => Number(id));
}

async function lastId({ database }: View): Promise<number> {
  const [row] = await database.all(`SELECT max(id) AS id FROM spans WHERE id < ${Number.MAX_SAFE_INTEGER}`);
  return Number(row?.["id"] ?? 0);
}

function decodePlace(cursor: string): Place {
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
