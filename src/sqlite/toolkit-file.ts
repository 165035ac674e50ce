// The Python toolkit's own file, as the command line and the page see it.
import { basename } from "node:path";
import type { TraceQuery } from "../model/query.ts";
import type { Span } from "../tracing/span.ts";
import type { ReadableStore } from "../tracing/store.ts";
import type { Connection } from "./connection.ts";
import { ToolkitReader } from "./toolkit.ts";

/** Read only, whole, by its one table. */
export class ToolkitFile implements ReadableStore {
  readonly name: string;
  readonly #connection: Connection;
  readonly #reader: ToolkitReader;

  constructor(connection: Connection, path: string) {
    this.name = basename(path);
    this.#connection = connection;
    this.#reader = new ToolkitReader({
      all: async (sql, values = []) => connection.prepare(sql).all(...values),
    });
  }

  get notes(): readonly string[] {
    return this.#reader.notes;
  }

  find(query: TraceQuery): Promise<readonly Span[]> {
    return this.#reader.find(query);
  }

  async close(): Promise<void> {
    this.#connection.close();
  }
}
