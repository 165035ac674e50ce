// Listings: the newest traces or conversations, found in the recent index or else by a bounded scan, and read in full.
import { nowMicros } from "../model/clock.ts";
import { defined } from "../model/defined.ts";
import { TracelightError } from "../model/errors.ts";
import { readUnder, type TraceQuery } from "../model/query.ts";
import type { Faults } from "../tracing/faults.ts";
import { batches } from "../tracing/slow-ways.ts";
import type { SummaryPage, SummaryQuery } from "../tracing/store.ts";
import { byPlace, limitOf, pageOf, type Row, rowsOf } from "../tracing/summaries.ts";
import {
  addToGroup,
  type Candidate,
  candidateOf,
  daysBack,
  distinct,
  each,
  MAX_DAYS,
  newestFirst,
  rangeOf,
  type Shard,
  shardQuery,
} from "./candidates.ts";
import { sortKeyPrefix } from "./item.ts";
import type { JustWritten } from "./just-written.ts";
import type { TableReader } from "./reader.ts";
import { markedIdentifier, markersQuery, SHARDS } from "./recent-index.ts";
import { conversationRequest, outlineScan } from "./requests.ts";

/** What a listing needs. */
export interface ListingOptions {
  readonly reader: TableReader;
  readonly justWritten: JustWritten;
  readonly faults: Faults;
  readonly identifier: string | undefined;
  readonly ttlSeconds: number;
  /** The recent index's name; undefined where there is none. */
  readonly recentIndex: string | undefined;
}

/** Rows are read so many at once. */
const AT_ONCE = 8;
/** A page reads at most so many candidates; where filters leave few of them, its cursor goes on from there. */
const MAX_CANDIDATES = 400;
/** A scan reads a megabyte a page. */
const MAX_SCAN_PAGES = 32;
const DAY_SECONDS = 24 * 60 * 60;
const DAY_MICROS = DAY_SECONDS * 1e6;
const FIRST_DAYS = 2;
/** After every key of the same time. */
const BEFORE_ALL = "\uffff";

/** What to do about a scan, at the end of what is said of it. */
export const SCAN_MEND = "the tracer's option recentIndex: true uses one, and that of ensureTable makes it";

/** Lists one table. */
export class Listing {
  readonly #options: ListingOptions;

  constructor(options: ListingOptions) {
    this.#options = options;
  }

  /** A page of rows. */
  async page(query: SummaryQuery): Promise<SummaryPage> {
    const asked = readUnder(this.#options.identifier, query);
    const notes: string[] = [];
    const candidates =
      this.#options.recentIndex === undefined
        ? this.#scanned(asked, notes)
        : this.#indexed(asked, this.#options.recentIndex);
    return this.#rows(candidates, asked, notes);
  }

  async #rows(
    candidates: AsyncIterable<Candidate>,
    query: SummaryQuery,
    notes: string[],
  ): Promise<SummaryPage> {
    const limit = limitOf(query);
    const settled: Row[] = [];
    let open: Row[] = [];
    let count = 0;
    for await (const chunk of batches(distinct(candidates), AT_ONCE)) {
      const read = await Promise.all(
        chunk.map(async ({ key }) => rowsOf(await this.#spans(key, query), query)),
      );
      for (const [i, { at }] of chunk.entries()) {
        // No candidate from here on has a row newer than this one's time.
        open.sort(byPlace);
        const newer = open.findIndex(({ place }) => place.at <= at);
        settled.push(...open.splice(0, newer < 0 ? open.length : newer));
        const last = settled[limit - 1];
        if (last !== undefined) return pageOf(settled.slice(0, limit), query, { last: last.place, notes });
        if (count++ >= MAX_CANDIDATES) {
          const note = `${MAX_CANDIDATES} were looked at for this page; its cursor goes on from there.`;
          return pageOf(settled, query, { last: { at, key: BEFORE_ALL }, notes: [...notes, note] });
        }
        open = open.concat(read[i] ?? []);
      }
    }
    const rows = settled.concat(open.sort(byPlace));
    const last = rows.length > limit ? rows[limit - 1]?.place : undefined;
    return pageOf(rows.slice(0, limit), query, { last, notes });
  }

  async #spans(key: string, { by, identifier }: SummaryQuery) {
    const { reader } = this.#options;
    const own: TraceQuery = defined({ identifier });
    const spans =
      by === "conversation"
        ? reader.spans(own, conversationRequest(key, own, reader.names))
        : reader.spans({ ...own, traceId: key });
    const found = [];
    for await (const span of spans) found.push(span);
    return found;
  }

  /** From the recent index, and what it may not show yet. */
  #indexed(query: SummaryQuery, indexName: string): AsyncIterable<Candidate> {
    const prefix = sortKeyPrefix(query.identifier);
    const range = rangeOf(query);
    const written = this.#options.justWritten
      .turns(prefix)
      .flatMap((item) => candidateOf(item, query.by) ?? [])
      .filter(({ at }) => at >= (range.since ?? 0) && at < (range.before ?? Number.POSITIVE_INFINITY))
      .sort((a, b) => b.at - a.at);
    return newestFirst([this.#days(query, indexName), each(written)]);
  }

  /** Day by day backwards, each only where somebody wrote on it. */
  async *#days(query: SummaryQuery, indexName: string): AsyncGenerator<Candidate> {
    const { since, before } = rangeOf(query);
    const newest = before ?? nowMicros() + DAY_MICROS;
    const days = daysBack(newest, since ?? newest - this.#daysKept() * DAY_MICROS);
    for (
      let from = 0, count = FIRST_DAYS;
      from < days.length;
      from += count, count = Math.min(count * 2, 32)
    ) {
      const some = days.slice(from, from + count);
      const written = await Promise.all(some.map((day) => this.#identifiersOn(day, query.identifier)));
      for (const [i, day] of some.entries()) {
        const shards = (written[i] ?? []).flatMap((identifier) =>
          Array.from({ length: SHARDS }, (_, shard) =>
            this.#shard(query, { indexName, identifier, day, shard }),
          ),
        );
        yield* newestFirst(shards);
      }
    }
  }

  /** Beyond the time to live there is nothing left, but what others keep for longer. */
  #daysKept(): number {
    return Math.min(MAX_DAYS, Math.max(32, Math.ceil(this.#options.ttlSeconds / DAY_SECONDS) + 2));
  }

  async #identifiersOn(day: string, identifier: string | undefined): Promise<string[]> {
    const { reader } = this.#options;
    const found: string[] = [];
    for await (const item of reader.items("query", markersQuery(reader.names.tableName, day, identifier))) {
      const marked = markedIdentifier(item);
      if (marked !== undefined) found.push(marked);
    }
    return found;
  }

  async *#shard(query: SummaryQuery, shard: Shard): AsyncGenerator<Candidate> {
    const { reader } = this.#options;
    const input = shardQuery(reader.names.tableName, shard, rangeOf(query));
    for await (const item of reader.items("query", input)) {
      const candidate = candidateOf(item, query.by);
      if (candidate !== undefined) yield candidate;
    }
  }

  /** Without the index: the keys of as much of the table as one listing may read. */
  async *#scanned(query: SummaryQuery, notes: string[]): AsyncGenerator<Candidate> {
    const { reader } = this.#options;
    const { identifier, since } = query;
    const spans: TraceQuery = {
      ...defined({ identifier, since }),
    };
    const before = rangeOf(query).before ?? Number.POSITIVE_INFINITY;
    const groups = new Map<string, Candidate>();
    let pages = 0;
    let isWhole = true;
    const onPage = () => {
      pages++;
      isWhole = pages < MAX_SCAN_PAGES;
      return isWhole;
    };
    for await (const item of reader.items("scan", outlineScan(spans, reader.names), onPage)) {
      addToGroup(groups, item, { by: query.by, before });
    }
    notes.push(this.#scanNote(isWhole));
    yield* [...groups.values()].sort((a, b) => b.at - a.at);
  }

  #scanNote(isWhole: boolean): string {
    if (isWhole) return `No recent index was named, so the whole table was read; ${SCAN_MEND}.`;
    const message = `No recent index was named, so only the first ${MAX_SCAN_PAGES} MB of the table were read: newer rows may be missing; ${SCAN_MEND}.`;
    this.#options.faults.report(new TracelightError("TABLE_SCAN", message));
    return message;
  }
}
