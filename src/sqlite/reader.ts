// Reads spans by query: which rows come into question is SQL's part, what a query means is `matches`'.
import { matches, type TraceQuery } from "../model/query.ts";
import type { SpanFields } from "../model/record.ts";
import { arrangeFields } from "../tracing/select.ts";
import { type Span, spanFrom } from "../tracing/span.ts";
import type { Database, Reading } from "./database.ts";
import type { Driver, Row, SqlValue } from "./driver.ts";
import { READ_COLUMNS, type StateOf } from "./rows.ts";
import type { Snapshot } from "./snapshots.ts";
import { States } from "./states.ts";
import { RowReader } from "./stored.ts";
import { isOddTime } from "./times.ts";
import { conversationToSql, queryToSql } from "./where-sql.ts";

/** So many rows are read at a time. */
const ROWS_AT_ONCE = 500;
const FIRST_ROWS = 100;

/** A span with its row. */
interface ReadSpan {
  readonly id: number;
  readonly identifier: string;
  readonly fields: SpanFields;
}

/** Reads one file; each read sees it as it was at one moment. Rejects with what SQLite says. */
export class SqliteReader {
  readonly database: Database;
  readonly states: States;

  readonly #onOddTime: () => void;

  /** `onOddTime` is called where a row's time is not shown as it is stored. */
  constructor(database: Database, driver: Driver, path: string, onOddTime: () => void = () => undefined) {
    this.#onOddTime = onOddTime;
    this.database = database;
    this.states = new States(database, driver, path);
  }

  /** Does the reading in one snapshot: by default one of the reader's own. */
  async look<T>(
    work: (view: View) => Promise<T>,
    begin: () => Snapshot = () => this.database.snapshot(),
  ): Promise<T> {
    const stateOf = await this.states.now();
    const snapshot = begin();
    try {
      return await work(new View(snapshot, stateOf, this.#onOddTime));
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
      yield* new View(snapshot, stateOf, this.#onOddTime).iterate(query);
    } finally {
      snapshot.end();
    }
  }
}

/** A file as it is in one snapshot. */
export class View {
  readonly database: Reading;
  readonly stateOf: StateOf;

  readonly #onOddTime: () => void;

  constructor(database: Reading, stateOf: StateOf, onOddTime: () => void) {
    this.database = database;
    this.stateOf = stateOf;
    this.#onOddTime = onOddTime;
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
    const read = await this.#decode(await this.#rowsOf(ids));
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
  ): AsyncGenerator<{ readonly key: string; readonly fields: SpanFields }> {
    for (let from = 0; from < ids.length; from += ROWS_AT_ONCE) {
      const rows = await this.#rowsOf(ids.slice(from, from + ROWS_AT_ONCE));
      const keys = new Map(rows.map((row) => [Number(row["id"]), String(row[column])]));
      for (const { id, fields } of await this.#decode(rows)) yield { key: keys.get(id) ?? "", fields };
    }
  }

  /** Matching spans by start, in the query's direction, page by page. */
  async *#read(query: TraceQuery): AsyncGenerator<readonly ReadSpan[]> {
    for await (const rows of this.#pages(query)) {
      yield (await this.#decode(rows)).filter(({ fields, identifier }) => matches(fields, query, identifier));
    }
  }

  /** Through an index that ends with the start, page by page: the next begins behind the last row of the one before. */
  async *#pages(query: TraceQuery): AsyncGenerator<readonly Row[]> {
    const may = queryToSql(query);
    const [order, behind] = query.order === "desc" ? ["DESC", "<"] : ["ASC", ">"];
    let size = Math.min(ROWS_AT_ONCE, Math.max(FIRST_ROWS, (query.limit ?? 0) + 1));
    for (let place: readonly SqlValue[] = []; ; size = ROWS_AT_ONCE) {
      const after = place.length === 0 ? "" : `AND (started_at, id) ${behind} (?, ?)`;
      const rows = await this.database.all(
        `SELECT ${READ_COLUMNS} FROM spans INDEXED BY ${indexFor(query)} WHERE (${may.sql}) ${after}
         ORDER BY spans.started_at ${order}, id ${order} LIMIT ?`,
        [...may.values, ...place, size],
      );
      yield rows;
      const last = rows.at(-1);
      if (last === undefined || rows.length < size) return;
      place = [last["started_at"] ?? null, last["id"] ?? null];
    }
  }

  async #decode(rows: readonly Row[]): Promise<readonly ReadSpan[]> {
    const fields = await new RowReader(this.database, this.stateOf).decode(rows);
    if (rows.some((row) => isOddTime(row["started_at"]) || isOddTime(row["ended_at"]))) this.#onOddTime();
    return fields.map((span, i) => ({
      id: Number(rows[i]?.["id"]),
      identifier: String(rows[i]?.["identifier"]),
      fields: span,
    }));
  }

  #rowsOf(ids: readonly number[]): Promise<readonly Row[]> {
    return this.database.all(
      `SELECT ${READ_COLUMNS} FROM spans WHERE id IN (SELECT value FROM json_each(?))`,
      [JSON.stringify(ids)],
    );
  }
}

function startOf(read: ReadSpan | undefined): number | undefined {
  return read?.fields.startedAtMicros;
}

function indexFor(query: TraceQuery): string {
  if (query.traceId !== undefined) return "spans_by_trace";
  return conversationToSql(query) === undefined ? "spans_by_start" : "spans_by_conversation";
}
