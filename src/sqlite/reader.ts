// Reads spans by query: which rows come into question is SQL's part, what a query means is `matches`'.

import { matches } from "../conventions/matches.ts";
import type { TraceQuery } from "../model/query.ts";
import type { SpanFields } from "../model/span-fields.ts";
import { arrangeFields } from "../tracing/select.ts";
import { type Span, spanFrom } from "../tracing/span.ts";
import { type Driver, type Row, type SqlValue, textIn } from "./connection.ts";
import { isBadValue, isCorrupt, type OnDamage } from "./damage.ts";
import type { Database, Reading, Snapshot } from "./database.ts";
import { READ_COLUMNS, type StateOf } from "./decoded-rows.ts";
import type { Keep } from "./keeping.ts";
import { MessageNodes } from "./message-nodes.ts";
import { salvagedRows } from "./salvage.ts";
import type { SqlCondition } from "./sql-conditions.ts";
import { States } from "./states.ts";
import { type ReadSpan, RowReader, type RowReading } from "./stored.ts";
import { NO_NUMBER } from "./times.ts";
import { conversationToSql, queryToSql } from "./where-sql.ts";

/** So many rows are read at a time, and fewer where they are long. */
const ROWS_AT_ONCE = 500;
const FIRST_ROWS = 100;
const LEAST_ROWS = 20;
/** Characters of the rows that are read at a time, about. */
const PAGE_CHARACTERS = 4 * 1024 * 1024;

/** What a reader needs to know. */
export interface ReaderSetup {
  readonly driver: Driver;
  readonly path: string;
  /** Told of what cannot be read. */
  readonly onDamage: OnDamage;
  /** Writes what was made of spans, for the next time. */
  readonly keep: Keep;
}

/** Reads one file; each read sees it as it was at one moment. Rejects with what SQLite says. */
export class SqliteReader {
  readonly database: Database;
  readonly states: States;

  readonly #setup: ReaderSetup;
  readonly #nodes = new MessageNodes();

  constructor(database: Database, setup: ReaderSetup) {
    this.database = database;
    this.states = new States(database, setup.driver, setup.path);
    this.#setup = setup;
  }

  /** Does the reading in one snapshot: by default one of the reader's own. */
  async look<T>(
    work: (view: View) => Promise<T>,
    begin: () => Snapshot = () => this.database.snapshot(),
  ): Promise<T> {
    const stateOf = await this.states.now();
    const snapshot = begin();
    try {
      return await work(this.#view(snapshot, stateOf));
    } finally {
      snapshot.end();
    }
  }

  /** The spans that the query asks for. */
  async find(query: TraceQuery): Promise<readonly Span[]> {
    return query.limit === 0 ? [] : this.look((view) => view.find(query));
  }

  /** The same one by one, by start, without holding all in memory. Spans know their `parentSpanId`, not their `parentSpan`. */
  async *iterate(query: TraceQuery): AsyncGenerator<Span, void, undefined> {
    if (query.limit === 0) return;
    const stateOf = await this.states.now();
    const snapshot = this.database.snapshot();
    try {
      yield* this.#view(snapshot, stateOf).iterate(query);
    } finally {
      snapshot.end();
    }
  }

  #view(database: Reading, stateOf: StateOf): View {
    const { onDamage, keep } = this.#setup;
    return new View({ database, stateOf, onDamage, nodes: this.#nodes }, keep);
  }
}

/** A file as it is in one snapshot. */
export class View {
  readonly database: Reading;
  readonly stateOf: StateOf;
  readonly onDamage: OnDamage;
  readonly keep: Keep;
  readonly #rows: RowReader;

  constructor(reading: RowReading, keep: Keep) {
    this.keep = keep;
    this.database = reading.database;
    this.stateOf = reading.stateOf;
    this.onDamage = reading.onDamage;
    this.#rows = new RowReader(reading);
  }

  /** The spans that the query asks for. */
  async find(query: TraceQuery): Promise<readonly Span[]> {
    const { limit = Number.POSITIVE_INFINITY } = query;
    const found: ReadSpan[] = [];
    for await (const page of this.#read(query)) {
      found.push(...page);
      // Where times tie, it takes all of them to tell which come first.
      if (startOf(found[limit - 1]) !== startOf(found[found.length - 1]) && found.length > limit) break;
    }
    found.sort((a, b) => a.id - b.id);
    return arrangeFields(
      found.map(({ fields }) => fields),
      query,
    );
  }

  /** The same one by one, by start. */
  async *iterate(query: TraceQuery): AsyncGenerator<Span, void, undefined> {
    const { limit = Number.POSITIVE_INFINITY } = query;
    let count = 0;
    for await (const page of this.#read(query)) {
      for (const { fields } of page) {
        yield spanFrom(fields);
        if (++count >= limit) return;
      }
    }
  }

  /** The spans of these rows, in this order; ids without a row are left out. */
  async byIds(ids: readonly number[]): Promise<readonly { readonly id: number; readonly span: Span }[]> {
    const read = await this.#rows.decode(await this.#rowsOf(ids));
    const byId = new Map(read.map(({ id, fields }) => [id, fields]));
    return ids.flatMap((id) => {
      const fields = byId.get(id);
      return fields === undefined ? [] : [{ id, span: spanFrom(fields) }];
    });
  }

  /** The spans with these ids, each with what its row has in `column`, some at a time. */
  async *keyed(
    ids: readonly number[],
    column: string,
  ): AsyncGenerator<{ readonly id: number; readonly key: string; readonly fields: SpanFields }> {
    for (let from = 0; from < ids.length; from += ROWS_AT_ONCE) {
      const rows = await this.#rowsOf(ids.slice(from, from + ROWS_AT_ONCE));
      for (const { id, row, fields } of await this.#rows.decode(rows))
        yield { id, key: String(row[column]), fields };
    }
  }

  /** Matching spans by start, in the query's direction, some at a time. */
  async *#read(query: TraceQuery): AsyncGenerator<readonly ReadSpan[]> {
    for await (const rows of this.#pages(query))
      for await (const some of this.#rows.some(rows))
        yield some.filter(({ fields, identifier }) => matches(fields, query, identifier));
  }

  /** Where pages of the file are damaged, what is left is read by the numbers of rows. */
  async *#pages(query: TraceQuery): AsyncGenerator<readonly Row[]> {
    let last: Row | undefined;
    try {
      for await (const rows of this.#sought(query)) {
        last = rows.at(-1) ?? last;
        yield rows;
      }
    } catch (error) {
      if (!isCorrupt(error)) throw error;
      yield* this.#salvaged(query, last, error);
    }
  }

  /** What SQL can tell of the filter; where it fails at a damaged value, all rows. */
  async *#sought(query: TraceQuery): AsyncGenerator<readonly Row[]> {
    let last: Row | undefined;
    try {
      for await (const rows of this.#ordered(query, { ...queryToSql(query), index: indexFor(query) })) {
        last = rows.at(-1) ?? last;
        yield rows;
      }
    } catch (error) {
      if (!isBadValue(error)) throw error;
      yield* this.#ordered(query, ALL, last);
    }
  }

  /** Through an index that ends with the start, page by page: the next begins behind the last row of the one before. */
  async *#ordered(
    { order, limit = 0 }: Pick<TraceQuery, "order" | "limit">,
    { sql, values, index }: Sought,
    from?: Row,
  ): AsyncGenerator<readonly Row[]> {
    const [direction, behind] = order === "desc" ? ["DESC", "<"] : ["ASC", ">"];
    let size = Math.min(ROWS_AT_ONCE, Math.max(FIRST_ROWS, limit + 1));
    for (let last = from; ; ) {
      const place = last === undefined ? [] : placeOf(last);
      const after = last === undefined ? "" : `AND (started_at, id) ${behind} (?, ?)`;
      const rows = await this.database.all(
        `SELECT ${READ_COLUMNS} FROM spans INDEXED BY ${index} WHERE (${sql}) ${after}
         ORDER BY spans.started_at ${direction}, spans.id ${direction} LIMIT ?`,
        [...values, ...place, size],
      );
      yield rows;
      last = rows.at(-1);
      const isOver = direction === "ASC" && last?.["started_at"] === NO_NUMBER;
      if (last === undefined || rows.length < size || isOver) return;
      size = sizeAfter(rows);
    }
  }

  /** Those that were not read before the damage was met. */
  async *#salvaged(
    { order }: TraceQuery,
    last: Row | undefined,
    error: unknown,
  ): AsyncGenerator<readonly Row[]> {
    const sign = order === "desc" ? -1 : 1;
    const isNew = (row: Row): boolean => last === undefined || comparePlaces(row, last) * sign > 0;
    let found = 0;
    for await (const rows of salvagedRows(this.database, this.onDamage)) {
      found += rows.length;
      yield rows.filter(isNew);
    }
    if (found === 0) throw error;
  }

  #rowsOf(ids: readonly number[]): Promise<readonly Row[]> {
    return this.database.all(
      `SELECT ${READ_COLUMNS} FROM spans WHERE spans.id IN (SELECT value FROM json_each(?))`,
      [JSON.stringify(ids)],
    );
  }
}

/** What is no number comes behind all numbers. */
function placeOf({ started_at: start = null, id = null }: Row): [SqlValue, SqlValue] {
  return [start === NO_NUMBER ? Number.POSITIVE_INFINITY : start, id];
}

/** How many rows the next page has. */
function sizeAfter(rows: readonly Row[]): number {
  const characters = rows.reduce((sum, { attributes }) => sum + (textIn(attributes)?.length ?? 0), 1);
  const fitting = Math.floor((rows.length * PAGE_CHARACTERS) / characters);
  return Math.max(LEAST_ROWS, Math.min(ROWS_AT_ONCE, fitting));
}

/** What to look for through which index. */
interface Sought extends SqlCondition {
  readonly index: string;
}

const ALL: Sought = { sql: "1", values: [], index: "spans_by_start" };

function comparePlaces(a: Row, b: Row): number {
  return Number(a["started_at"]) - Number(b["started_at"]) || Number(a["id"]) - Number(b["id"]);
}

function startOf(read: ReadSpan | undefined): number | undefined {
  return read?.fields.startedAtMicros;
}

/** The index through which a query is answered. */
export function indexFor(query: TraceQuery): string {
  if (query.traceId !== undefined) return "spans_by_trace";
  return conversationToSql(query) === undefined ? "spans_by_start" : "spans_by_conversation";
}
