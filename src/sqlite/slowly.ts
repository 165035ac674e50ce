// What is left of a file with damaged pages: where a way of its own meets them, all spans are looked at one by one.
import { StoreReader } from "../tracing/readable.ts";
import { isCorrupt } from "./damage.ts";
import { explainSqlite } from "./driver.ts";
import type { ReadFile } from "./read-file.ts";

/** One thing in two ways: the file's own, and that of all stores. That it was the second is told. */
export interface Ways<T> {
  readonly own: () => Promise<T>;
  readonly slow: (all: StoreReader) => Promise<T>;
}

/** The quick way, or the slow one where that meets damage. Rejects with what SQLite says where nothing is left. */
export async function orSlowly<T>(file: ReadFile, path: string, { own, slow }: Ways<T>): Promise<T> {
  try {
    return await own();
  } catch (error) {
    if (!isCorrupt(error)) throw error;
    const { shared, damage } = file;
    const found = await slow(
      new StoreReader({
        name: path,
        find: (query) => shared.find(query),
        iterate: (query) => shared.iterate(query),
      }),
    );
    damage.add({ error: explainSqlite(error, path), leftOut: 0 });
    return found;
  }
}
