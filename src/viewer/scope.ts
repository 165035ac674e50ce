// A store of which only one person's spans can be seen: the one place that puts `ai.auth.context` into every query.

import { matches } from "../conventions/matches.ts";
import { NAMES } from "../conventions/names.ts";
import type { Summary } from "../conventions/summary.ts";
import { summarizeOutlines } from "../conventions/summary.ts";
import type { TallyReport } from "../conventions/tally.ts";
import type { TraceQuery } from "../model/query.ts";
import { readWhere } from "../model/where.ts";
import { queryOf } from "../tracing/found.ts";
import { StoreReader } from "../tracing/readable.ts";
import { outlinesIn } from "../tracing/slow-ways.ts";
import type { Span } from "../tracing/span.ts";
import type {
  Changes,
  FoundId,
  ReadableStore,
  SearchOptions,
  SearchPage,
  SummaryPage,
  SummaryQuery,
  TallyQuery,
} from "../tracing/store.ts";
import { both } from "./params.ts";

/**
 * The reader, but for the spans of others: those whose `ai.auth.context` is not the principal, nor an object with that `principal_id`.
 * Nothing is brought in through it, and nothing removed.
 */
export function scopedTo(principal: string, reader: StoreReader): StoreReader {
  const isLive = reader.has("changes");
  return new StoreReader(new (isLive ? ScopedLiveStore : ScopedStore)(principal, reader));
}

/** What has no method here is read the slow way: through `iterate`. */
class ScopedStore implements ReadableStore {
  readonly name: string;
  /** Where the store has a way to a trace's spans, this has it too. */
  readonly outlines?: NonNullable<ReadableStore["outlines"]>;
  readonly #reader: StoreReader;
  /** The filter that holds for what may be seen. */
  protected readonly own: string;

  constructor(principal: string, reader: StoreReader) {
    this.name = reader.name;
    this.#reader = reader;
    const context = `attributes["${NAMES.authContext}"]`;
    const id = JSON.stringify(principal);
    if (reader.has("outlines")) this.outlines = (query) => outlinesIn(this.iterate(query));
    this.own = `${context} = ${id} or ${context}["principal_id"] = ${id}`;
  }

  get notes(): readonly string[] {
    return this.#reader.notes;
  }

  find(query: TraceQuery): Promise<readonly Span[]> {
    return this.#reader.find(this.#within(query));
  }

  iterate(query: TraceQuery): AsyncIterable<Span> {
    return this.#reader.iterate(this.#within(query));
  }

  search(text: string, options: SearchOptions): Promise<SearchPage> {
    return this.#reader.search(text, this.#within(options));
  }

  tally(query: TallyQuery): Promise<TallyReport> {
    return this.#reader.tally(this.#within(query));
  }

  /** A row may have spans of others too: it is made anew of those that may be seen. */
  async summaries(query: SummaryQuery): Promise<SummaryPage> {
    const page = await this.#reader.summaries(this.#within(query));
    const rows = await Promise.all(page.rows.map((row) => this.#ownRow(row, query)));
    return { ...page, rows: rows.filter((row) => row !== undefined) };
  }

  async #ownRow(row: Summary, { prices }: SummaryQuery): Promise<Summary | undefined> {
    return summarizeOutlines(await new StoreReader(this).outlines(queryOf(row)), row.by, prices);
  }

  async idsByPrefix(prefix: string, limit: number): Promise<readonly FoundId[]> {
    const found = await this.#reader.idsByPrefix(prefix, limit);
    const own = await Promise.all(found.map((one) => this.#isOwn(one)));
    return found.filter((_, i) => own[i]);
  }

  async #isOwn(found: FoundId): Promise<boolean> {
    return (await this.find({ ...queryOf(found), limit: 1 })).length > 0;
  }

  /** A filter is read by itself first: one that closes a parenthesis of ours would be another. */
  #within<Query extends { readonly where?: string | undefined }>(query: Query): Query & { where: string } {
    if (query.where !== undefined) readWhere(query.where);
    return { ...query, where: both(query.where, this.own) ?? this.own };
  }
}

/** Of a store that tells of changes itself. */
class ScopedLiveStore extends ScopedStore {
  readonly #whole: StoreReader;

  constructor(principal: string, reader: StoreReader) {
    super(principal, reader);
    this.#whole = reader;
  }

  async changes(cursor: string | undefined): Promise<Changes> {
    const { spans, cursor: next } = await this.#whole.changes(cursor);
    return { spans: spans.filter((span) => matches(span, { where: this.own })), cursor: next };
  }
}
