// The words of spans that were removed go from the search index as well, and the bytes of both from the file.
import type { Database } from "./database.ts";
import { DROP_INDEX, INDEX_VERSION } from "./search-index.ts";

/** A slice of the work, between which others write. */
type Pause = () => Promise<void>;

/** Entries that one transaction takes out, and pages that one merges: some ten milliseconds on another thread. */
const SLICE_ENTRIES = 500;
const SLICE_PAGES = 64;

/** What SQLite makes of the index. */
const INDEX_TABLES = [
  ...["search_data", "search_idx", "search_docsize", "search_config"],
  ...["search_state", "search_waiting"],
];

/** The search index of one file, as retention has to do with it. */
export class Forgetting {
  readonly #database: Database;
  #ids: number[] = [];
  #isUnfinished = false;

  constructor(database: Database) {
    this.#database = database;
  }

  /** A run begins. */
  async begin(): Promise<void> {
    this.#ids = [];
    this.#isUnfinished = (await this.#stale()) > 0;
  }

  /** True where there is something to forget: of this run, or of an earlier one that did not come to its end. */
  get isDue(): boolean {
    return this.#isUnfinished || this.#ids.length > 0;
  }

  /** Bytes of the index, about: no span costs them. Reads all of it. */
  async indexBytes(): Promise<number> {
    if (!(await this.#isThere())) return 0;
    const [exact] = await this.#database.all("SELECT 1 FROM pragma_module_list WHERE name = 'dbstat'");
    if (exact === undefined) return this.#sum("SELECT sum(length(block)) AS bytes FROM search_data");
    let bytes = 0;
    for (const table of INDEX_TABLES) {
      bytes += await this.#sum(`SELECT sum(pgsize) AS bytes FROM dbstat WHERE name = '${table}'`);
    }
    return bytes;
  }

  async #sum(sql: string): Promise<number> {
    const [row] = await this.#database.all(sql);
    return Number(row?.["bytes"] ?? 0);
  }

  /** What a transaction that removes these spans says beside: should the process end, the next run knows what is left. */
  async also(ids: readonly number[]): Promise<readonly { readonly sql: string }[]> {
    for (const id of ids) this.#ids.push(id);
    return (await this.#isThere()) ? [{ sql: "UPDATE search_state SET stale = stale + 1" }] : [];
  }

  /**
   * Takes out the words of spans that were removed by this run, and by earlier ones that did not come to their end. The index
   * only notes what it is to leave out, until its parts are merged: so they are, all into one.
   */
  async forget(pause: Pause): Promise<void> {
    const stale = await this.#stale();
    if (stale === 0) return;
    for (let from = 0; from < this.#ids.length; from += SLICE_ENTRIES) {
      await this.#takeOut(this.#ids.slice(from, from + SLICE_ENTRIES));
      await pause();
    }
    if (this.#isUnfinished) await this.#takeOutAll(pause);
    while (await this.#mergeSome()) await pause();
    await this.#database.write([
      { sql: "UPDATE search_state SET stale = 0 WHERE stale = ?", values: [stale] },
    ]);
  }

  async #stale(): Promise<number> {
    if (!(await this.#isThere())) return 0;
    const [row] = await this.#database.all("SELECT stale FROM search_state");
    return Number(row?.["stale"] ?? 0);
  }

  /** Entries without a span, whoever removed it. */
  async #takeOutAll(pause: Pause): Promise<void> {
    const sql = `SELECT entry.id AS id FROM search_docsize AS entry LEFT JOIN spans ON spans.id = entry.id
      WHERE entry.id > ? AND spans.id IS NULL ORDER BY entry.id LIMIT ${SLICE_ENTRIES}`;
    for (let last = 0; ; ) {
      const ids = (await this.#database.all(sql, [last])).map(({ id }) => Number(id));
      if (ids.length === 0) return;
      await this.#takeOut(ids);
      last = ids.at(-1) ?? last;
      await pause();
    }
  }

  async #takeOut(ids: readonly number[]): Promise<void> {
    const values = [JSON.stringify(ids)];
    await this.#database.write([
      { sql: "DELETE FROM search WHERE rowid IN (SELECT value FROM json_each(?))", values },
      { sql: "DELETE FROM search_waiting WHERE id IN (SELECT value FROM json_each(?))", values },
    ]);
  }

  /** True while there is more to merge. Source of the test: sqlite.org/fts5.html, the 'merge' command. */
  async #mergeSome(): Promise<boolean> {
    const before = await this.#changes();
    await this.#database.write([
      { sql: "INSERT INTO search (search, rank) VALUES ('merge', ?)", values: [-SLICE_PAGES] },
    ]);
    return (await this.#changes()) - before >= 2;
  }

  async #changes(): Promise<number> {
    const [row] = await this.#database.all("SELECT total_changes() AS n");
    return Number(row?.["n"] ?? 0);
  }

  /** An index of another release is of no use to anybody: it is dropped. */
  async #isThere(): Promise<boolean> {
    const [table] = await this.#database.all("SELECT 1 FROM sqlite_master WHERE name = 'search_state'");
    if (table === undefined) return false;
    const [state] = await this.#database.all("SELECT version FROM search_state");
    if (state?.["version"] === INDEX_VERSION) return true;
    await this.#database.write(DROP_INDEX.map((sql) => ({ sql })));
    return false;
  }
}
