// SQLite as both libraries have it: one small interface over node:sqlite and libsql.

/** What SQLite stores. */
export type SqlValue = string | number | bigint | Uint8Array | null;

/** A row, by column name. */
export type Row = Readonly<Record<string, SqlValue>>;

/** A prepared statement. */
export interface Statement {
  run(...values: SqlValue[]): {
    readonly changes: number | bigint;
    readonly lastInsertRowid: number | bigint;
  };
  all(...values: SqlValue[]): readonly Row[];
  get(...values: SqlValue[]): Row | undefined;
}

/** A connection to one file. All its methods are synchronous and may throw what SQLite says: see `explainSqlite`. */
export interface Connection {
  /** Texts that are no UTF-8 come as their bytes. */
  prepare(sql: string): Statement;
  /** The same for a statement that gives no texts, without a look at them. */
  prepareNumbers(sql: string): Statement;
  exec(sql: string): unknown;
  close(): unknown;
}

/** A library that opens SQLite files. */
export interface Driver {
  readonly name: "node:sqlite" | "libsql";
  /** What `require` takes in a thread of this process. */
  readonly module: string;
  open(path: string, options?: OpenOptions): Connection;
}

/** How a file is opened. */
interface OpenOptions {
  readonly readOnly?: boolean;
}

/** The text that a row has in a column; undefined for what is none. */
export function textIn(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

/** The bytes that a row has in a column; none for what are none. */
export function bytesIn(value: unknown): Uint8Array {
  return value instanceof Uint8Array ? value : new Uint8Array();
}
