// The Python toolkit's own file, as the command line and the page see it.
import { basename } from "node:path";
import type { TraceQuery } from "../model/query.ts";
import type { Span } from "../tracing/span.ts";
import type { SummaryPage, SummaryQuery } from "../tracing/store.ts";
import { type Connection, explainSqlite } from "./driver.ts";
import type { FoundId, SqliteFile } from "./file.ts";
import { ToolkitReader } from "./toolkit.ts";

/** Read only, whole, by its one table. */
export class ToolkitFile implements SqliteFile {
  readonly name: string;
  readonly leftOut: number = 0;
  readonly #connection: Connection;
  readonly #path: string;
  readonly #reader: ToolkitReader;

  constructor(connection: Connection, path: string) {
    this.name = basename(path);
    this.#connection = connection;
    this.#path = path;
    this.#reader = new ToolkitReader({
      all: async (sql, values = []) => connection.prepare(sql).all(...values),
    });
  }

  get notes(): readonly string[] {
    return this.#reader.notes;
  }

  find(query: TraceQuery): Promise<readonly Span[]> {
    return this.#explained(this.#reader.find(query));
  }

  async *iterate(query: TraceQuery): AsyncGenerator<Span> {
    yield* await this.find(query);
  }

  summaries(query: SummaryQuery): Promise<SummaryPage> {
    return this.#explained(this.#reader.summaries(query));
  }

  async idsByPrefix(prefix: string, limit: number): Promise<readonly FoundId[]> {
    const found: FoundId[] = [];
    for (const by of ["trace", "conversation"] as const) {
      for (let cursor: string | undefined, first = true; first || cursor !== undefined; first = false) {
        const page = await this.summaries({ by, ...(cursor === undefined ? {} : { cursor }) });
        found.push(
          ...page.rows.filter(({ id }) => String(id).startsWith(prefix)).map(({ id }) => ({ by, id })),
        );
        cursor = page.cursor;
      }
    }
    return found
      .sort((a, b) => Number(String(b.id) === prefix) - Number(String(a.id) === prefix))
      .slice(0, limit);
  }

  async close(): Promise<void> {
    this.#connection.close();
  }

  async #explained<T>(work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      throw explainSqlite(error, this.#path);
    }
  }
}
