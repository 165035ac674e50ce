// A file in which the Python toolkit writes as well: its table beside ours, read as one.
import { conversationOf } from "../conventions/conversation.ts";
import { outlineOf, type SpanOutline } from "../conventions/facts.ts";
import { matchesSearch, type SearchQuery, searchTexts } from "../conventions/search.ts";
import { summaryKey } from "../conventions/summary.ts";
import type { TallyReport } from "../conventions/tally.ts";
import { conversationKey } from "../model/conversation.ts";
import { defined } from "../model/defined.ts";
import { inStartOrder, type TraceQuery } from "../model/query.ts";
import { arrangeSpans } from "../tracing/select.ts";
import { countedBy, DEFAULT_FOUND, exactFirst, idsIn, tallyOf } from "../tracing/slow-ways.ts";
import type { Span } from "../tracing/span.ts";
import type {
  FoundId,
  OutlineQuery,
  SearchOptions,
  SearchPage,
  SummaryPage,
  SummaryQuery,
  TallyQuery,
} from "../tracing/store.ts";
import { byPlace, groupsOf, limitOf, pageOf, type Row, rowsOf } from "../tracing/summaries.ts";
import type { Reading } from "./database.ts";
import { type Beginning, idsBeginning } from "./ids.ts";
import { listPage } from "./listing.ts";
import { outlinesOf } from "./outline-rows.ts";
import type { SqliteReader } from "./reader.ts";
import { TOOLKIT_COLUMNS } from "./schema.ts";
import { tallyFile } from "./tally.ts";
import { ToolkitReader } from "./toolkit.ts";

/** What is read of a file. */
export interface FileReads {
  find(query: TraceQuery): Promise<readonly Span[]>;
  iterate(query: TraceQuery): AsyncGenerator<Span>;
  summaries(query: SummaryQuery): Promise<SummaryPage>;
  outlines(query: OutlineQuery): Promise<readonly SpanOutline[]>;
  tally(query: TallyQuery): Promise<TallyReport>;
  idsByPrefix(asked: Beginning): Promise<readonly FoundId[]>;
}

/** What we wrote. */
export function readsOf(reader: SqliteReader): FileReads {
  return {
    find: (query) => reader.find(query),
    iterate: (query) => reader.iterate(query),
    summaries: (query) => reader.look((view) => listPage(view, query)),
    outlines: (query) => reader.look((view) => outlinesOf(view, query)),
    tally: (query) => tallyFile(reader, query),
    idsByPrefix: (asked) => idsBeginning(reader.database, asked),
  };
}

/** Reads what we wrote, and what the toolkit wrote where it did; its spans are held in memory. Rejects as either does. */
export class SharedReader implements FileReads {
  readonly #own: FileReads;
  readonly #database: Reading;
  readonly #toolkit: ToolkitReader;

  constructor(own: FileReads, database: Reading) {
    this.#own = own;
    this.#database = database;
    this.#toolkit = new ToolkitReader(database);
  }

  /** What of the toolkit's was left out. */
  get notes(): readonly string[] {
    return this.#toolkit.notes;
  }

  /** True where the toolkit has written to the file. */
  async isShared(): Promise<boolean> {
    const names = TOOLKIT_COLUMNS.map((name) => `'${name}'`).join(", ");
    const sql = `SELECT count(*) AS n FROM pragma_table_info('traces') WHERE name IN (${names})`;
    const [row] = await this.#database.all(sql);
    return Number(row?.["n"]) === TOOLKIT_COLUMNS.length;
  }

  async find(query: TraceQuery): Promise<readonly Span[]> {
    if (!(await this.isShared())) return this.#own.find(query);
    return arrangeSpans([...(await this.#own.find(query)), ...(await this.#toolkit.find(query))], query);
  }

  /** By start, as both are. */
  async *iterate(query: TraceQuery): AsyncGenerator<Span> {
    if (!(await this.isShared())) return yield* this.#own.iterate(query);
    const theirs = [...(await this.#toolkit.find(query))];
    const sign = query.order === "desc" ? -1 : 1;
    let left = query.limit ?? Number.POSITIVE_INFINITY;
    for await (const span of this.#own.iterate(query)) {
      while (theirs[0] !== undefined && sign * (theirs[0].startedAtMicros - span.startedAtMicros) < 0) {
        if (left-- <= 0) return;
        const next = theirs.shift();
        if (next !== undefined) yield next;
      }
      if (left-- <= 0) return;
      yield span;
    }
    for (const span of theirs) if (left-- > 0) yield span;
  }

  async summaries(query: SummaryQuery): Promise<SummaryPage> {
    if (!(await this.isShared())) return this.#own.summaries(query);
    const { identifier, by = "trace" } = query;
    const theirs = await this.#toolkit.find(identifier === undefined ? {} : { identifier });
    const groups = groupsOf(theirs, (span) => summaryKey(span, by));
    const limit = limitOf(query);
    const rows = [...(await this.#ownRows(query, groups)), ...(await this.#theirRows(query, groups))].sort(
      byPlace,
    );
    const page = rows.slice(0, limit);
    return pageOf(page, query, { last: rows.length > limit ? page.at(-1)?.place : undefined });
  }

  async outlines(query: OutlineQuery): Promise<readonly SpanOutline[]> {
    const own = await this.#own.outlines(query);
    if (!(await this.isShared())) return own;
    return inStartOrder([...own, ...(await this.#toolkit.find(query)).map(outlineOf)]);
  }

  /** One count over both: a trace may have spans of each. */
  async tally(query: TallyQuery): Promise<TallyReport> {
    if (!(await this.isShared())) return this.#own.tally(query);
    return tallyOf(this.iterate(countedBy(query)), query);
  }

  /** A page of a search, with the toolkit's spans among them, the newest first. */
  async withFound(
    page: SearchPage,
    search: SearchQuery,
    { limit = DEFAULT_FOUND, since, until, where }: SearchOptions,
  ): Promise<SearchPage> {
    if (!(await this.isShared())) return page;
    const filter = { since, until, where };
    const theirs = (await this.#toolkit.find(filter)).filter((span) =>
      matchesSearch(searchTexts(span), search),
    );
    const spans = [...page.spans, ...theirs].sort((x, y) => y.startedAtMicros - x.startedAtMicros);
    return { spans: spans.slice(0, limit), more: page.more || spans.length > limit };
  }

  async idsByPrefix(asked: Beginning): Promise<readonly FoundId[]> {
    const own = await this.#own.idsByPrefix(asked);
    if (!(await this.isShared())) return own;
    const { prefix, limit, identifier } = asked;
    const theirs = await idsIn(
      this.#toolkit.iterate(identifier === undefined ? {} : { identifier }),
      prefix,
      limit,
    );
    const unknown = theirs.filter(({ by, id }) => !own.some((known) => known.by === by && known.id === id));
    return exactFirst([...own, ...unknown], prefix).slice(0, limit);
  }

  /** A page, and one row more where there is one, without those in which there are spans of both. */
  async #ownRows(query: SummaryQuery, without: ReadonlyMap<string, unknown>): Promise<Row[]> {
    const rows: Row[] = [];
    for (let { cursor } = query; ; ) {
      const page = await this.#own.summaries(cursor === undefined ? query : { ...query, cursor });
      for (const summary of page.rows) {
        const key = summary.by === "trace" ? String(summary.id) : (conversationKey(summary.id) ?? "");
        if (!without.has(key)) rows.push({ summary, place: { at: summary.latestAtMicros, key } });
      }
      if (page.cursor === undefined || rows.length > limitOf(query)) return rows;
      cursor = page.cursor;
    }
  }

  async #theirRows(query: SummaryQuery, groups: ReadonlyMap<string, readonly Span[]>): Promise<Row[]> {
    const { identifier, by = "trace" } = query;
    const rows: Row[] = [];
    for (const spans of groups.values()) {
      const [first] = spans;
      if (first === undefined) continue;
      const ours = await this.#own.find({
        ...(by === "trace" ? { traceId: first.traceId } : { conversation: conversationOf(first.attributes) }),
        ...defined({ identifier }),
      });
      rows.push(...rowsOf([...ours, ...spans], query));
    }
    return rows;
  }
}
