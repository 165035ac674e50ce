// Traces or conversations as rows, newest first, by cursor, from what is kept beside the spans: no payload is read.
import { matches } from "../conventions/matches.ts";
import { type SummarySubject, summarizeOutlines } from "../conventions/summary.ts";
import { boundOf } from "../model/clock.ts";
import type { TraceQuery } from "../model/query.ts";
import { readWhere } from "../model/where.ts";
import { placeAfter, type RowPosition } from "../tracing/cursors.ts";
import type { SummaryPage, SummaryQuery } from "../tracing/store.ts";
import { byPlace, type Row as ListedRow, limitOf, pageOf, spanConditions } from "../tracing/summaries.ts";
import type { Row } from "./connection.ts";
import { isBadValue } from "./damage.ts";
import type { ReadOutline } from "./decoded-rows.ts";
import { groupedOutlines, tellOf } from "./outline-rows.ts";
import type { View } from "./reader.ts";
import { both, type SqlCondition, TRUE } from "./sql-conditions.ts";
import { readableNumber, timeIn } from "./times.ts";
import { FAILED, queryToSql, whereToSql } from "./where-sql.ts";

/** Spans in the first window, and in the largest. */
const FIRST_WINDOW = 250;
const LARGEST_WINDOW = 8000;

/** How each kind of row is found: the column of its key, and the index by that. */
const KEYS = {
  trace: { column: "trace_id", index: "spans_by_trace" },
  conversation: { column: "conversation", index: "spans_by_conversation" },
} as const;

/** Starts of spans in microseconds: from `from` on, before `before`. */
interface Window {
  readonly from: number;
  readonly before: number;
}

/**
 * One page of a listing. Time is walked back in windows; a row comes in the window in which its latest turn began. A span of
 * the row is in that window, so none is missed; and windows do not overlap, so rows come in order.
 */
export async function listPage(view: View, query: SummaryQuery): Promise<SummaryPage> {
  const listing = new Listing(view, query);
  const rows: ListedRow[] = [];
  const limit = limitOf(query);
  let size = FIRST_WINDOW;
  for (
    let window = await listing.first(size);
    window !== undefined;
    window = await listing.next(window, size)
  ) {
    const found = await listing.rowsIn(window);
    rows.push(...found.sort(byPlace));
    if (rows.length > limit) break;
    size = nextSize(size, found.length, limit + 1 - rows.length);
  }
  const page = rows.slice(0, limit);
  return pageOf(page, query, { last: rows.length > limit ? page.at(-1)?.place : undefined });
}

/** As many spans as the wanted rows will have, if they are like those found. */
function nextSize(size: number, found: number, wanted: number): number {
  const next = found === 0 ? size * 2 : Math.ceil((wanted * size * 1.1) / found);
  return Math.min(Math.max(next, FIRST_WINDOW), size * 4, LARGEST_WINDOW);
}

class Listing {
  readonly #view: View;
  readonly #query: SummaryQuery;
  readonly #by: SummarySubject;
  readonly #after: RowPosition | undefined;
  readonly #filter: TraceQuery;
  /** Rows that were read, until their window comes; undefined for those that need not be looked at again. */
  readonly #known = new Map<string, ListedRow | undefined>();

  constructor(view: View, query: SummaryQuery) {
    this.#view = view;
    this.#query = query;
    this.#by = query.by ?? "trace";
    this.#after = placeAfter(query);
    this.#filter = spanConditions(query);
  }

  /** The newest window. */
  first(size: number): Promise<Window | undefined> {
    const { until } = this.#query;
    const newest = until === undefined ? Number.POSITIVE_INFINITY : boundOf(until);
    return this.#windowBefore(
      Math.min(newest, this.#after === undefined ? newest : this.#after.at + 1),
      size,
    );
  }

  /** The one before; undefined where there is nothing older. */
  next({ from }: Window, size: number): Promise<Window | undefined> {
    return this.#windowBefore(from, size);
  }

  async #windowBefore(before: number, size: number): Promise<Window | undefined> {
    const { since } = this.#query;
    const oldest = since === undefined ? Number.NEGATIVE_INFINITY : boundOf(since);
    if (before <= oldest) return undefined;
    return { from: Math.max(oldest, await this.#startOf(before, size)), before };
  }

  /** When the window begins that has about `size` spans. */
  async #startOf(before: number, size: number): Promise<number> {
    const [row] = await this.#view.database.all(
      `SELECT ${readableNumber("started_at")} AS start FROM spans INDEXED BY spans_by_start
       WHERE started_at < ? ORDER BY started_at DESC LIMIT 1 OFFSET ?`,
      [before, size],
    );
    const start = timeIn(row?.["start"]) ?? 0;
    // What began before all times is shown with the first of them, so it comes in one window.
    return start > 0 ? start : Number.NEGATIVE_INFINITY;
  }

  /** The rows whose latest turn began in the window, in no order. */
  async rowsIn(window: Window): Promise<ListedRow[]> {
    const keys = await this.#keysIn(window);
    await this.#read(new Set([...keys].filter((key) => !this.#known.has(key))));
    const rows: ListedRow[] = [];
    for (const key of keys) {
      const row = this.#known.get(key);
      if (row === undefined || row.place.at < window.from) continue;
      if (row.place.at < window.before && this.#isAfter(row)) rows.push(row);
      // Windows of older spans have the key again.
      this.#known.set(key, undefined);
    }
    return rows;
  }

  /** A row is read once, however many windows have spans of it. */
  async #read(keys: ReadonlySet<string>): Promise<void> {
    for (const [key, read] of await this.#outlines(keys)) {
      const outlines = read.map(({ outline }) => outline);
      const summary = summarizeOutlines(outlines, this.#by, this.#query.prices);
      this.#known.set(key, summary && { summary, place: { at: summary.latestAtMicros, key } });
    }
  }

  #isAfter(row: ListedRow): boolean {
    return this.#after === undefined || byPlace({ ...row, place: this.#after }, row) < 0;
  }

  /** The keys of spans in the window whose rows are asked for: SQL says which may be and which surely are; the rest is read. */
  async #keysIn(window: Window): Promise<ReadonlySet<string>> {
    if (Object.keys(this.#filter).length === 0) return this.#possibleIn(window, TRUE);
    try {
      return await this.#matchingIn(window, queryToSql(this.#filter), sureIn(this.#filter));
    } catch (error) {
      // A damaged value at which SQL fails: all are read.
      if (!isBadValue(error)) throw error;
      return this.#matchingIn(window, TRUE, undefined);
    }
  }

  async #matchingIn(
    window: Window,
    may: SqlCondition,
    must: SqlCondition | undefined,
  ): Promise<ReadonlySet<string>> {
    const possible = await this.#possibleIn(window, may);
    const asked = must === undefined ? new Set<string>() : await this.#having(must, possible);
    const open = new Set([...possible].filter((key) => !asked.has(key)));
    if (open.size === 0) return asked;
    const { column } = KEYS[this.#by];
    const ids = (await this.#select("id", open, may)).map(({ id }) => Number(id));
    for await (const { key, fields } of this.#view.keyed(ids, column)) {
      if (!asked.has(key) && matches(fields, this.#filter)) asked.add(key);
    }
    return asked;
  }

  /** The keys with spans in the window of which a span, there or elsewhere, may match. */
  async #possibleIn(window: Window, may: SqlCondition): Promise<Set<string>> {
    const { column } = KEYS[this.#by];
    const own = ownIn(this.#query);
    const rows = await this.#view.database.all(
      `SELECT ${column}, max(${may.sql}) AS possible FROM spans INDEXED BY spans_by_start
       WHERE started_at >= ? AND started_at < ? AND ${column} IS NOT NULL AND ${own.sql} GROUP BY ${column}`,
      [...may.values, window.from, window.before, ...own.values],
    );
    const keyed = rows.filter((row) => typeof row[column] === "string");
    if (keyed.length < rows.length) await this.#tellOfNoKeys(window);
    const possible = new Set(keyed.filter((row) => row["possible"] === 1).map((row) => this.#keyOf(row)));
    const open = keyed.filter((row) => row["possible"] !== 1).map((row) => this.#keyOf(row));
    const outside = {
      sql: `(started_at < ? OR started_at >= ?) AND ${may.sql}`,
      values: [window.from, window.before, ...may.values],
    };
    for (const row of await this.#select(`DISTINCT ${column}`, new Set(open), outside))
      possible.add(this.#keyOf(row));
    return possible;
  }

  /** A key that is no text is that of no row. */
  async #tellOfNoKeys({ from, before }: Window): Promise<void> {
    const { column } = KEYS[this.#by];
    const own = ownIn(this.#query);
    const rows = await this.#view.database.all(
      `SELECT id, ${column} FROM spans INDEXED BY spans_by_start
       WHERE started_at >= ? AND started_at < ? AND ${column} IS NOT NULL AND ${own.sql}`,
      [from, before, ...own.values],
    );
    await tellOf(
      rows.filter((row) => typeof row[column] !== "string"),
      this.#view,
    );
  }

  /** Those of the keys of which a span is so. */
  async #having(condition: SqlCondition, keys: ReadonlySet<string>): Promise<Set<string>> {
    const rows = await this.#select(`DISTINCT ${KEYS[this.#by].column}`, keys, condition);
    return new Set(rows.map((row) => this.#keyOf(row)));
  }

  async #outlines(keys: ReadonlySet<string>): Promise<ReadonlyMap<string, readonly ReadOutline[]>> {
    if (keys.size === 0) return new Map();
    const { column, index } = KEYS[this.#by];
    const own = ownIn(this.#query);
    const sql = `spans INDEXED BY ${index} WHERE ${column} IN (SELECT value FROM json_each(?)) AND ${own.sql}`;
    const values = [JSON.stringify([...keys]), ...own.values];
    return groupedOutlines(this.#view, { key: column, sql, values });
  }

  #keyOf(row: Row): string {
    return String(row[KEYS[this.#by].column]);
  }

  #select(
    columns: string,
    keys: ReadonlySet<string>,
    { sql, values }: SqlCondition,
  ): Promise<readonly Row[]> {
    const { column, index } = KEYS[this.#by];
    const own = ownIn(this.#query);
    return this.#view.database.all(
      `SELECT ${columns} FROM spans INDEXED BY ${index}
       WHERE ${column} IN (SELECT value FROM json_each(?)) AND ${own.sql} AND (${sql})`,
      [JSON.stringify([...keys]), ...own.values, ...values],
    );
  }
}

function ownIn({ identifier }: SummaryQuery): SqlCondition {
  return identifier === undefined ? TRUE : { sql: "identifier = ?", values: [identifier] };
}

/** Where the filter is a `where` or `failed`, SQL may tell which spans surely match. */
function sureIn({ where, failed, ...rest }: TraceQuery): SqlCondition | undefined {
  if (Object.keys(rest).length > 0) return undefined;
  const { must } = where === undefined ? { must: TRUE } : whereToSql(readWhere(where));
  return failed === undefined ? must : both(FAILED, must);
}
