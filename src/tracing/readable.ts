// Every way to read a store: its own where it has one, else the slow one. Here each query is checked, and what waits handed over.
import type { SpanOutline } from "../conventions/facts.ts";
import type { TallyReport } from "../conventions/tally.ts";
import { defined } from "../model/defined.ts";
import { checkFields, checkQuery, type QueryFields, queryFields, type TraceQuery } from "../model/query.ts";
import type { Awaitable, FlushOptions } from "./sink.ts";
import type { Looks } from "./slow-ways.ts";
import type { Span } from "./span.ts";
import type {
  Changes,
  FoundId,
  OutlineQuery,
  ReadableStore,
  SearchOptions,
  SearchPage,
  Store,
  SummaryPage,
  SummaryQuery,
  TallyQuery,
} from "./store.ts";
import { checkSummaryQuery, listOutlined, outlined, spanConditions } from "./summaries.ts";

/** How a tracer is read. The same symbol in every copy of the package. */
export const READER: unique symbol = Symbol.for("tracelight.reader.v1");

/** What a reader does beside reading. */
export interface ReaderSetup {
  /** Done before each reading: hands over what waits. */
  readonly prepare?: (() => Promise<unknown>) | undefined;
  /** What a reading rejects with, as those who read are told. */
  readonly explain?: ((error: unknown) => unknown) | undefined;
}

/** What can be read with more than a store: a tracer, which hands over first what waits. */
export interface HasReader {
  /** @internal */
  [READER](): StoreReader;
}

/** A capability of a store. */
export type Capability = Exclude<
  keyof ReadableStore,
  "name" | "find" | "notes" | "leftOut" | "position" | "close"
>;

/**
 * Every way to read a store, or what a tracer has stored.
 *
 * @example
 * ```ts
 * const myStore: Store = { name: "mine", write: () => undefined, find: () => [] };
 * const { rows } = await readable(myStore).summaries({ by: "conversation" });
 * ```
 */
export function readable(of: ReadableStore | HasReader): StoreReader {
  if (READER in of) return of[READER]();
  return of instanceof StoreReader ? of : new StoreReader(of);
}

/**
 * Reads a store in every way. All methods reject with a TracelightError: `INVALID_QUERY` for what cannot be meant, or what the
 * store says.
 */
export class StoreReader implements ReadableStore {
  /** The store's. */
  readonly name: string;
  /** Brings in spans of elsewhere; undefined where the store takes none. */
  readonly importSpans: ReadableStore["importSpans"];
  /** Removes whole traces, the oldest first; undefined where the store cannot. */
  readonly prune: ReadableStore["prune"];
  /** Changes spans where they are; undefined where the store cannot. */
  readonly rewrite: ReadableStore["rewrite"];
  /** How much of a stream has been read; undefined where the store is none. */
  readonly position: ReadableStore["position"];
  readonly #store: ReadableStore;
  readonly #setup: ReaderSetup;
  #looks: Looks | undefined;

  constructor(store: ReadableStore, setup: ReaderSetup = {}) {
    this.name = store.name;
    this.#store = store;
    this.#setup = setup;
    const { importSpans, prune, rewrite } = store;
    this.importSpans = importSpans?.bind(store) ?? (isWritable(store) ? importing(store) : undefined);
    this.position = store.position?.bind(store);
    this.rewrite = rewrite && ((change, progress) => this.#ask(() => rewrite.call(store, change, progress)));
    this.prune = prune && ((limits) => this.#ask(() => prune.call(store, limits)));
  }

  /** True where the store has a way of its own to do that; false where a slow one stands in, or none. */
  has(capability: Capability): boolean {
    return this.#store[capability] !== undefined;
  }

  /** What the reader should know; what could not be read is among it. */
  get notes(): readonly string[] {
    return this.#store.notes ?? [];
  }

  /** How many spans could not be read so far, at most, and were left out. */
  get leftOut(): number {
    return this.#store.leftOut ?? 0;
  }

  /** The spans that the query asks for, in its order, each with its parent where that is among them. */
  find(query: TraceQuery = {}): Promise<readonly Span[]> {
    return this.#ask(
      () => this.#store.find(query),
      () => checkQuery(query),
    );
  }

  /** The same one by one, without holding all where the store can; by start where the store can. */
  async *iterate(query: TraceQuery = {}): AsyncGenerator<Span, void, undefined> {
    checkQuery(query);
    try {
      await this.#setup.prepare?.();
      yield* this.#each(query);
    } catch (error) {
      throw this.#explained(error);
    }
  }

  /** Traces or conversations as rows, newest first, by cursor. */
  summaries(query: SummaryQuery = {}): Promise<SummaryPage> {
    const ask = async (): Promise<SummaryPage> => {
      if (this.#store.summaries !== undefined) return this.#store.summaries(query);
      const { identifier } = query;
      const spans = this.#each(defined({ identifier }));
      return listOutlined(await outlined(spans, spanConditions(query)), query);
    };
    return this.#ask(ask, () => checkSummaryQuery(query));
  }

  /** The spans of a trace or conversation without their payload, in start order. */
  outlines(query: OutlineQuery = {}): Promise<readonly SpanOutline[]> {
    const ask = async (): Promise<readonly SpanOutline[]> => {
      if (this.#store.outlines !== undefined) return this.#store.outlines(query);
      // Which began first, a store that gives them one by one need not know.
      const spans = query.limit === undefined ? this.#each(query) : await this.#store.find(query);
      return (await slowWays()).outlinesIn(spans);
    };
    return this.#ask(
      async () => {
        const found = await ask();
        return query.limit === undefined ? found : found.slice(0, query.limit);
      },
      () => checkFields(query, OUTLINE_FIELDS),
    );
  }

  /** Traces and conversations whose id, as text, begins so; one that is equal comes first, or alone. At most `limit`, by default 10. */
  idsByPrefix(prefix: string, limit: number = 10): Promise<readonly FoundId[]> {
    return this.#ask(
      async () =>
        this.#store.idsByPrefix?.(prefix, limit) ?? (await slowWays()).idsIn(this.#each({}), prefix, limit),
    );
  }

  /** Spans that have the words, newest first. What can be asked for is on the page of the command line, under `search`. */
  async search(text: string, options: SearchOptions = {}): Promise<SearchPage> {
    const { onProgress: _onProgress, signal, limit, ...filter } = options;
    const { parseSearch } = await import("../conventions/search.ts");
    const query = parseSearch(text);
    return this.#ask(
      async () =>
        this.#store.search?.(text, options) ??
        (await slowWays()).searchIn(this.#each(filter), query, options),
      () => checkFields({ ...filter, limit }, SEARCH_FIELDS),
      signal,
    );
  }

  /**
   * Spans that began, were seen anew, ended or were interrupted since the cursor; without one, those that run now. The slow way
   * looks at all spans, and remembers which there were.
   */
  changes(cursor?: string): Promise<Changes> {
    return this.#ask(() => this.#store.changes?.(cursor) ?? this.#look(cursor));
  }

  /** Calls, errors, times and tokens: of all spans that the query asks for, and by model, tool, agent, user and day. */
  async tally(query: TallyQuery = {}): Promise<TallyReport> {
    const { checkTallyQuery, countedBy, tallyOf } = await slowWays();
    return this.#ask(
      () => this.#store.tally?.(query) ?? tallyOf(this.#each(countedBy(query)), query),
      () => checkTallyQuery(query),
      query.signal,
    );
  }

  /** Names of attributes that spans have: of the latest at least. */
  attributeNames(): Promise<readonly string[]> {
    return this.#ask(
      async () => this.#store.attributeNames?.() ?? (await slowWays()).namesOfAttributes(this.#sample()),
    );
  }

  /** Values of the attribute that spans have, each once, the latest first. At most `limit`, by default 20. */
  attributeValues(name: string, limit: number = 20): Promise<readonly unknown[]> {
    return this.#ask(
      async () =>
        this.#store.attributeValues?.(name, limit) ??
        (await slowWays()).valuesOfAttribute(this.#sample(), name, limit),
    );
  }

  /** Lets go of what the store holds, within the time. */
  async close(options: FlushOptions = { timeoutMs: CLOSE_MS }): Promise<void> {
    await this.#store.close?.(options);
  }

  async *#each(query: TraceQuery): AsyncGenerator<Span> {
    if (this.#store.iterate === undefined) yield* await this.#store.find(query);
    else yield* this.#store.iterate(query);
  }

  /** The latest, where the store's order is by start. */
  #sample(): AsyncIterable<Span> {
    return this.#each({ order: "desc", limit: SAMPLED_SPANS });
  }

  async #look(cursor: string | undefined): Promise<Changes> {
    const { Looks } = await slowWays();
    this.#looks ??= new Looks();
    return this.#looks.look(this.#each({}), cursor);
  }

  async #ask<T>(ask: () => Awaitable<T>, check?: () => void, signal?: AbortSignal): Promise<T> {
    check?.();
    try {
      await this.#setup.prepare?.();
      return await ask();
    } catch (error) {
      throw signal?.aborted && error === signal.reason ? error : this.#explained(error);
    }
  }

  #explained(error: unknown): unknown {
    return this.#setup.explain === undefined ? error : this.#setup.explain(error);
  }
}

const CLOSE_MS = 30_000;
/** So many spans are looked at for the names and values of their attributes. */
const SAMPLED_SPANS = 2000;

/** Loaded at the first read that needs them: most programs only write, and should start fast. */
function slowWays(): Promise<typeof import("./slow-ways.ts")> {
  return import("./slow-ways.ts");
}

function isWritable(store: ReadableStore): store is Store {
  return "write" in store && typeof store.write === "function";
}

function importing(store: Store): NonNullable<ReadableStore["importSpans"]> {
  return async (spans, progress) => (await slowWays()).importInto(store, spans, progress);
}

const OUTLINE_FIELDS: QueryFields = queryFields(["traceId", "conversation", "identifier", "limit"]);
const SEARCH_FIELDS: QueryFields = queryFields(["since", "until", "where", "limit"]);
