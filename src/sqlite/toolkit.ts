// The Python toolkit's own SQLite file, read as it is: its one table holds spans with attributes as tagged JSON.

import { isUtf8 } from "node:buffer";
import { matches } from "../conventions/matches.ts";
import { asTracelightError, TracelightError } from "../model/errors.ts";
import { NO_IDENTIFIER } from "../model/identifier.ts";
import { parsePythonJson } from "../model/python-json.ts";
import type { TraceQuery } from "../model/query.ts";
import { decodeRecord } from "../model/record-decoder.ts";
import { arrangeSpans } from "../tracing/select.ts";
import { type Span, spanFrom } from "../tracing/span.ts";
import type { Row } from "./connection.ts";
import type { Reading } from "./database.ts";

const ROWS_AT_ONCE = 500;

/** Reads a file of the toolkit. Rejects with what SQLite says. A row that is no span is left out, and told of. */
export class ToolkitReader {
  readonly #database: Reading;
  /** Ids of rows. */
  readonly #leftOut = new Set<number>();
  #fault: TracelightError | undefined;

  constructor(database: Reading) {
    this.#database = database;
  }

  /** What was left out so far. */
  get notes(): readonly string[] {
    const { size } = this.#leftOut;
    if (this.#fault === undefined) return [];
    return [`${size} ${size === 1 ? "row is" : "rows are"} no span and left out: ${this.#fault.message}`];
  }

  /** The spans that the query asks for. */
  async find(query: TraceQuery): Promise<readonly Span[]> {
    const found: Span[] = [];
    for await (const span of this.#matching(query)) found.push(span);
    return arrangeSpans(found, query);
  }

  /** The same one by one, by start. */
  async *iterate(query: TraceQuery): AsyncGenerator<Span> {
    yield* await this.find(query);
  }

  async *#matching(query: TraceQuery): AsyncGenerator<Span> {
    for (let id = 0; ; ) {
      const sql = `SELECT * FROM traces WHERE id > ? ORDER BY id LIMIT ${ROWS_AT_ONCE}`;
      const rows = await this.#database.all(sql, [id]);
      for (const row of rows) {
        const span = this.#spanOf(row);
        const { identifier } = row;
        if (
          span !== undefined &&
          matches(span, query, typeof identifier === "string" ? identifier : NO_IDENTIFIER)
        )
          yield span;
      }
      const last = rows.at(-1);
      if (last === undefined) return;
      id = Number(last["id"]);
    }
  }

  #spanOf(row: Row): Span | undefined {
    try {
      return spanFrom(decodeRecord(recordOf(row)));
    } catch (error) {
      this.#leftOut.add(Number(row["id"]));
      this.#fault ??= asTracelightError(error, "INVALID_RECORD", "It could not be read");
      return undefined;
    }
  }
}

/** The row's columns are the fields of a record but for the scope, and the attributes, which are text. */
function recordOf(row: Row): object {
  const { scope_name: name, scope_version: version } = row;
  for (const [column, value] of Object.entries(row)) {
    if (value instanceof Uint8Array && !JSON_COLUMNS.has(column)) throw notUtf8(row, column);
  }
  return {
    ...row,
    attributes: jsonOf(row, "attributes"),
    resource_attributes: jsonOf(row, "resource_attributes"),
    scope: { name: name ?? "", ...(typeof version === "string" ? { version } : {}) },
  };
}

/** Its type is BLOB; what is in it is text. */
function jsonOf(row: Row, column: string): unknown {
  const value = row[column];
  if (value instanceof Uint8Array && !isUtf8(value)) throw notUtf8(row, column);
  const json = value instanceof Uint8Array ? Buffer.from(value).toString() : value;
  return typeof json === "string" && json !== "" ? parsePythonJson(json) : {};
}

const JSON_COLUMNS: ReadonlySet<string> = new Set(["attributes", "resource_attributes"]);

function notUtf8({ id }: Row, column: string): TracelightError {
  return new TracelightError("INVALID_RECORD", `The ${column} of the row ${Number(id)} is no UTF-8.`);
}
