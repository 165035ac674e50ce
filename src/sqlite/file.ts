// One SQLite file, opened by those who read it: the command line and the page. Not the way of an agent's process.
import { existsSync } from "node:fs";
import { basename } from "node:path";
import type { SpanOutline } from "../conventions/facts.ts";
import { parseSearch } from "../conventions/search.ts";
import type { TallyReport } from "../conventions/tally.ts";
import { TallySums } from "../conventions/tally-sums.ts";
import { defined } from "../model/defined.ts";
import { TracelightError } from "../model/errors.ts";
import { NO_IDENTIFIER } from "../model/identifier.ts";
import { inSlices } from "../model/in-slices.ts";
import type { TraceQuery } from "../model/query.ts";
import { Faults } from "../tracing/faults.ts";
import { StoreReader } from "../tracing/readable.ts";
import { deliver, importBatches } from "../tracing/slow-ways.ts";
import type { Span } from "../tracing/span.ts";
import type {
  ChangeSpan,
  Changes,
  FoundId,
  Imported,
  ImportProgress,
  OutlineQuery,
  PruneLimits,
  ReadableStore,
  Removed,
  RewriteProgress,
  Rewritten,
  SearchOptions,
  SearchPage,
  SummaryPage,
  SummaryQuery,
  TallyQuery,
} from "../tracing/store.ts";
import { changesSince, NOTHING_SEEN } from "./changes.ts";
import type { Connection, Driver } from "./connection.ts";
import type { OnDamage } from "./damage.ts";
import { makeDigests } from "./digests.ts";
import { explainSqlite, sqliteDriver } from "./driver.ts";
import { FollowedFile } from "./followed-file.ts";
import { foundSpans } from "./found.ts";
import { latestAttributeNames } from "./ids.ts";
import { type Opened, openToRead, openToWrite, PATIENCE_MS } from "./open.ts";
import { ReadFile } from "./read-file.ts";
import { Retention, retentionBounds } from "./retention.ts";
import { Rewriting, scour } from "./rewriting.ts";
import { FIND_SPAN, keyValues } from "./rows.ts";
import { checkAtSight } from "./schema.ts";
import { bringUpToDate, isUpToDate } from "./search-index.ts";
import { orSlowly, type Ways } from "./slowly.ts";
import { SqliteStore } from "./store.ts";
import { ToolkitFile } from "./toolkit-file.ts";
import { WriterFile } from "./writer-file.ts";

/** How a file is opened. */
export interface SqliteFileOptions {
  /** Changes nothing. Default true; false makes a file that is not there. */
  readonly readOnly?: boolean | undefined;
  /** A search brings the index of words up to date, in a file that is only read too. Default true; without, what is not indexed is found slowly. */
  readonly keepsIndex?: boolean | undefined;
  /** Reads on what takes the place of a file that is replaced, and what is left of one that is damaged. Default false. */
  readonly follows?: boolean | undefined;
  /** Where spans that cannot be written are told. */
  readonly onError?: ((error: TracelightError) => void) | undefined;
}

const IMPORTED_AT_ONCE = 500;

/**
 * Opens a file of Tracelight's, or of the Python toolkit's, which is only ever read. To be closed.
 * @throws (rejects) TracelightError: `STORE_NOT_FOUND`, `NOT_A_DATABASE`, `STORE_NEWER`, `STORE_CORRUPT`, …
 */
export async function openSqliteFile(path: string, options: SqliteFileOptions = {}): Promise<StoreReader> {
  const { readOnly = true } = options;
  const driver = sqliteDriver();
  if (readOnly && !existsSync(path)) {
    throw new TracelightError("STORE_NOT_FOUND", `There is no file ${path}.`);
  }
  checkAtSight(path);
  try {
    const opened = readOnly ? openToRead(driver, path) : openToWrite(driver, path);
    const file =
      opened.kind === "toolkit"
        ? new ToolkitFile(opened.connection, path)
        : new TracelightFile(opened, driver, path, options);
    return new StoreReader(file, { explain: (error) => explainSqlite(error, path) });
  } catch (error) {
    throw explainSqlite(error, path);
  }
}

class TracelightFile implements ReadableStore {
  readonly name: string;
  readonly #notes: string[] = [];
  readonly #driver: Driver;
  readonly #path: string;
  readonly #options: SqliteFileOptions;
  readonly #followed: FollowedFile<ReadFile>;

  constructor(opened: Opened, driver: Driver, path: string, options: SqliteFileOptions) {
    this.name = basename(path);
    this.#driver = driver;
    this.#path = path;
    this.#options = options;
    const read = (one: Opened): ReadFile => new ReadFile(one, { driver, path });
    this.#followed = new FollowedFile(read(opened), path, () =>
      read(ofTracelight(openToRead(driver, path), path)),
    );
  }

  /** The file as it is asked now. */
  get #file(): ReadFile {
    return this.#options.follows ? this.#followed.now() : this.#followed.current;
  }

  get notes(): readonly string[] {
    const { current, notes } = this.#followed;
    return [...this.#notes, ...notes, ...current.damage.notes, ...current.shared.notes];
  }

  get leftOut(): number {
    return this.#followed.current.damage.leftOut;
  }

  async find(query: TraceQuery): Promise<readonly Span[]> {
    const file = this.#file;
    return file.isEmpty ? [] : file.shared.find(query);
  }

  async *iterate(query: TraceQuery): AsyncGenerator<Span> {
    const file = this.#file;
    if (!file.isEmpty) yield* file.shared.iterate(query);
  }

  async summaries(query: SummaryQuery): Promise<SummaryPage> {
    const file = this.#file;
    if (file.isEmpty) return { rows: [], notes: [] };
    return this.#orSlowly(
      file,
      () => file.shared.summaries(query),
      (all) => all.summaries(query),
    );
  }

  async outlines(query: OutlineQuery): Promise<readonly SpanOutline[]> {
    const file = this.#file;
    if (file.isEmpty) return [];
    return this.#orSlowly(
      file,
      () => file.shared.outlines(query),
      (all) => all.outlines(query),
    );
  }

  async tally(query: TallyQuery): Promise<TallyReport> {
    const file = this.#file;
    if (file.isEmpty) return inSlices(new TallySums(query).report());
    return this.#orSlowly(
      file,
      () => file.shared.tally(query),
      (all) => all.tally(query),
    );
  }

  async idsByPrefix(prefix: string, limit: number): Promise<readonly FoundId[]> {
    const file = this.#file;
    if (file.isEmpty) return [];
    return this.#orSlowly(
      file,
      () => file.shared.idsByPrefix({ prefix, limit }),
      (all) => all.idsByPrefix(prefix, limit),
    );
  }

  async attributeNames(): Promise<readonly string[]> {
    const file = this.#file;
    if (file.isEmpty) return [];
    return this.#orSlowly(
      file,
      () => latestAttributeNames(file.reader.database),
      (all) => all.attributeNames(),
    );
  }

  async search(text: string, options: SearchOptions): Promise<SearchPage> {
    const file = this.#file;
    if (file.isEmpty) return { spans: [], more: false };
    return this.#orSlowly(
      file,
      () => this.#found(file, text, options),
      (all) => all.search(text, options),
    );
  }

  async #found(file: ReadFile, text: string, options: SearchOptions): Promise<SearchPage> {
    const query = parseSearch(text);
    await this.#index(file, options);
    const snapshot = file.snapshots.begin();
    const page = await file.reader.look(
      (view) => foundSpans(view, { ...options, connection: snapshot.connection, query }),
      () => snapshot,
    );
    return file.shared.withFound(page, query, options);
  }

  /** Who reads once is told of damage by an error, and exports what is left; who goes on reading goes on with that. */
  #orSlowly<T>(file: ReadFile, own: Ways<T>["own"], slow: Ways<T>["slow"]): Promise<T> {
    return this.#options.follows ? orSlowly(file, this.#path, { own, slow }) : own();
  }

  /** Searching is what brings the index up to date. A file that may not be written to is looked through without. */
  async #index(file: ReadFile, { onProgress, signal }: SearchOptions): Promise<void> {
    let connection: Connection | undefined;
    try {
      if (this.#options.keepsIndex === false || isUpToDate(file.connection)) return;
      connection = this.#driver.open(this.#path);
      connection.exec("PRAGMA busy_timeout = 0; PRAGMA synchronous = NORMAL; PRAGMA secure_delete = ON");
      await bringUpToDate(connection, {
        path: this.#path,
        onProgress: ({ indexed, left }) => onProgress?.({ done: indexed, left }),
        ...defined({ signal }),
      });
    } catch (error) {
      const { code, message } = explainSqlite(error, this.#path);
      if (code === "STORE_CORRUPT") throw error;
      this.#notes.push(
        `The index of words could not be brought up to date, so the search takes longer: ${message}`,
      );
    } finally {
      connection?.close();
    }
  }

  async changes(after: string | undefined): Promise<Changes> {
    const file = this.#file;
    const seen = this.#followed.seenIn(after);
    const { spans, cursor } = file.isEmpty
      ? { spans: [], cursor: NOTHING_SEEN }
      : await file.reader.look((view) => changesSince(view, seen));
    return { spans, cursor: this.#followed.cursorOf(cursor) };
  }

  async importSpans(spans: AsyncIterable<Span>, progress?: ImportProgress): Promise<Imported> {
    const faults = new Faults(this.#options.onError ?? (() => undefined));
    const store = new SqliteStore({
      ...{ driver: this.#driver, path: this.#path, identifier: undefined, retention: false },
      ...{ durability: "tick", recordStarts: false },
      ...{ maxQueuedSpans: Number.POSITIVE_INFINITY, maxQueuedBytes: Number.POSITIVE_INFINITY },
    });
    store.attach({ report: (fault) => faults.report(explainSqlite(fault, this.#path)) });
    const done = { added: 0, known: 0 };
    const all = (): number => done.added + done.known;
    try {
      for await (const batch of importBatches(spans, IMPORTED_AT_ONCE)) {
        const unknown = this.#unknown(batch);
        await deliver(store, unknown);
        done.added += unknown.length;
        done.known += batch.length - unknown.length;
        progress?.(all());
      }
      await makeDigests(this.#file.reader, { onProgress: (counted) => progress?.(all(), counted) });
    } finally {
      await store.close({ timeoutMs: PATIENCE_MS });
    }
    const [error] = faults.all;
    if (error !== undefined) throw error;
    return done;
  }

  /** Those of the spans that the file does not have, each once. */
  #unknown(batch: readonly Span[]): Span[] {
    const known = this.#file.connection.prepare(FIND_SPAN);
    const unknown = new Map(batch.map((span) => [span.traceId + span.spanId, span]));
    return [...unknown.values()].filter((span) => known.get(...keyValues(span)) === undefined);
  }

  async prune({
    maxAgeMs = Number.POSITIVE_INFINITY,
    maxBytes = Number.POSITIVE_INFINITY,
  }: PruneLimits): Promise<Removed> {
    const { isEmpty, reader } = this.#file;
    if (isEmpty) return { traces: 0, spans: 0, bytes: 0 };
    const bounds = { ...retentionBounds(), maxAgeMicros: maxAgeMs * 1000, maxBytes };
    return new Retention(reader.database, reader.states).run(bounds);
  }

  async rewrite(change: ChangeSpan, progress?: RewriteProgress): Promise<Rewritten> {
    const { isEmpty, reader, damage: found } = this.#file;
    if (isEmpty) return { spans: 0, changed: 0, running: 0, isClean: true };
    const { database, states } = reader;
    const file = new WriterFile(this.#driver, this.#path, NO_IDENTIFIER);
    file.waitForLocks(PATIENCE_MS);
    const onDamage: OnDamage = (damage) => found.add(damage);
    const rewriting = new Rewriting({ database, states, file, onDamage });
    const done = await rewriting.run(change, progress).finally(() => file.close());
    const left = await scour(database, states);
    if (left !== undefined) this.#notes.push(left);
    return { ...done, isClean: left === undefined };
  }

  async close(): Promise<void> {
    this.#followed.close();
  }
}

/** Throws for a file of the toolkit's: it is read in another way, from the beginning. */
function ofTracelight(opened: Opened, path: string): Opened {
  if (opened.kind !== "toolkit") return opened;
  opened.connection.close();
  throw new TracelightError("NOT_A_DATABASE", `${path} is of the Python toolkit; open it anew.`);
}
