// Texts of a file that are no UTF-8, which any program can write. libsql ends the whole process over one, and node:sqlite makes another
// text of it without a word. Here both give its bytes, which no reader takes for a text.
import { isAscii, isUtf8 } from "node:buffer";
import type { Connection, Row, SqlValue, Statement } from "./connection.ts";

/** What a library has itself. */
export interface Library extends Pick<Connection, "exec" | "close"> {
  prepare(sql: string): Statement & { columns?(): readonly { readonly name: string }[] };
}

/** How the statements of a library read. */
type Reading = (library: Library, sql: string) => Statement;

/** libsql's: no text goes through the library. */
export const readPacked: Reading = (library, sql) => {
  const names =
    library
      .prepare(sql)
      .columns?.()
      .map(({ name }) => name) ?? [];
  return packed(library, sql, names);
};

/**
 * node:sqlite's: where there is a sign that stands for what is no text, the rows are read again, by their bytes. The sign may be the
 * text's own.
 */
export const readChecked: Reading = (library, sql) => {
  const plain = library.prepare(sql);
  const again = (row: Row) => packed(library, sql, Object.keys(row));
  return {
    run: (...values) => plain.run(...values),
    all: (...values) => {
      const rows = plain.all(...values);
      const doubtful = rows.find(isDoubtful);
      return doubtful === undefined ? rows : again(doubtful).all(...values);
    },
    get: (...values) => {
      const row = plain.get(...values);
      return row === undefined || !isDoubtful(row) ? row : again(row).get(...values);
    },
  };
};

/** The library's connection, of which no text is another than the file's. */
export function strict(library: Library, read: Reading): Connection {
  return {
    prepare: (sql) => (READS.test(sql) ? read(library, sql) : library.prepare(sql)),
    prepareNumbers: (sql) => library.prepare(sql),
    exec: (sql) => library.exec(sql),
    close: () => library.close(),
  };
}

const READS = /^\s*(?:SELECT|WITH)\b/i;

function isDoubtful(row: Row): boolean {
  for (const name in row) {
    const value = row[name];
    if (typeof value === "string" && value.includes("\ufffd")) return true;
  }
  return false;
}

/**
 * Each row as two columns: a list of its values, in which texts and bytes are their lengths, and these one behind the other. SQLite and
 * the library take no longer for them than for the row's own; to cut them takes 4 µs for 17 columns. Each text as a BLOB of its own
 * would take three times as long, and all of them in JSON seven times where they are JSON themselves.
 */
function packed(library: Library, sql: string, names: readonly string[]): Statement {
  const columns = names.map((_, i) => `c${i}`);
  const marks = columns.map(
    (
      c,
    ) => `CASE typeof(${c}) WHEN 'text' THEN 't' || length(CAST(${c} AS BLOB)) WHEN 'blob' THEN 'b' || length(${c})
      WHEN 'real' THEN 'r' || printf('%!.17g', ${c}) ELSE ${c} END`,
  );
  const contents = columns.map((c) => `iif(typeof(${c}) IN ('text', 'blob'), ${c}, '')`);
  const statement = library.prepare(
    `WITH packed (${columns.join(", ")}) AS (${sql})
     SELECT json_array(${marks.join(", ")}) AS marks, CAST(${contents.join(" || ")} AS BLOB) AS contents FROM packed`,
  );
  const unpack = (row: Row) => unpacked(row, names);
  return {
    run: (...values) => statement.run(...values),
    all: (...values) => statement.all(...values).map(unpack),
    get: (...values) => {
      const row = statement.get(...values);
      return row === undefined ? undefined : unpack(row);
    },
  };
}

function unpacked({ marks, contents }: Row, names: readonly string[]): Row {
  const parsed: unknown = JSON.parse(String(marks));
  const values: readonly unknown[] = Array.isArray(parsed) ? parsed : [];
  const cutter = new Cutter(contents);
  const row: Record<string, SqlValue> = {};
  for (let i = 0; i < names.length; i++) row[names[i] ?? ""] = cutter.valueOf(values[i]);
  return row;
}

/** Cuts the texts and bytes of a row from its contents, in their order. */
class Cutter {
  readonly #bytes: Buffer;
  readonly #isUtf8: boolean;
  /** Most rows are ASCII, and their texts are made in two thirds of the time. */
  readonly #encoding: "latin1" | "utf8";
  #at = 0;

  constructor(contents: unknown) {
    this.#bytes = bufferOf(contents);
    const isPlain = isAscii(this.#bytes);
    this.#isUtf8 = isPlain || isUtf8(this.#bytes);
    this.#encoding = isPlain ? "latin1" : "utf8";
  }

  valueOf(mark: unknown): SqlValue {
    if (typeof mark === "number") return mark;
    if (typeof mark !== "string") return null;
    const what = mark.slice(1);
    if (mark[0] === "r") return Number(what.replace("Inf", "Infinity"));
    return this.#cut(Number(what), mark[0] === "t");
  }

  #cut(length: number, isText: boolean): SqlValue {
    const from = this.#at;
    const to = from + length;
    this.#at = to;
    if (isText && this.#isTextUtf8(from, to)) return this.#bytes.toString(this.#encoding, from, to);
    // A copy: what goes to another thread takes all of its memory along.
    return new Uint8Array(this.#bytes.subarray(from, to));
  }

  /** Where all of it is UTF-8, a part is that ends before and begins with a character. */
  #isTextUtf8(from: number, to: number): boolean {
    if (this.#isUtf8) return this.#isCharacter(from) && this.#isCharacter(to);
    return isUtf8(this.#bytes.subarray(from, to));
  }

  #isCharacter(at: number): boolean {
    return ((this.#bytes[at] ?? 0) & 0xc0) !== 0x80;
  }
}

/** The bytes of a BLOB: node:sqlite gives an array of bytes, libsql its buffer. */
function bufferOf(value: unknown): Buffer {
  if (value instanceof ArrayBuffer) return Buffer.from(value);
  if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  return Buffer.alloc(0);
}
