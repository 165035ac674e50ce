// A store of which only redacted spans can be seen, whatever it holds.
import { matches } from "../conventions/matches.ts";
import { type Summary, summarizeOutlines } from "../conventions/summary.ts";
import { idKey, idText } from "../model/conversation.ts";
import { defined } from "../model/defined.ts";
import type { TraceQuery } from "../model/query.ts";
import { type Process, processed } from "../tracing/draft.ts";
import { queryOf } from "../tracing/found.ts";
import { StoreReader } from "../tracing/readable.ts";
import { arrangeSpans } from "../tracing/select.ts";
import { exactFirst, idsIn, outlinesIn } from "../tracing/slow-ways.ts";
import type { Span } from "../tracing/span.ts";
import type { Changes, FoundId, ReadableStore, SummaryPage, SummaryQuery } from "../tracing/store.ts";
import { listOutlined, outlined, spanConditions } from "../tracing/summaries.ts";
import { type RedactOptions, redact } from "./redact.ts";

/**
 * The reader, but for what the options of `redact` take out: of spans, listings, counts, and of what a filter or a search can be asked
 * about. What a query says of texts is asked of the redacted ones, so all spans within its trace, conversation or time are read for it.
 * Nothing is brought in through it, and nothing removed.
 *
 * @throws TracelightError `INVALID_OPTION`
 */
export function redactedStore(reader: StoreReader, options: RedactOptions): StoreReader {
  const process = redact(options);
  if (process === undefined) return reader;
  const of = { reader, process, canMake: makes(options) };
  return new StoreReader(reader.has("changes") ? new RedactedLiveStore(of) : new RedactedStore(of));
}

/** True for an id that may have been another before: all that is put in the place of something begins with a bracket. */
function makes({ value }: RedactOptions): (id: unknown) => boolean {
  return (id) => value !== undefined || idText(id).includes("[");
}

interface Redacted {
  readonly reader: StoreReader;
  readonly process: Process;
  readonly canMake: (id: unknown) => boolean;
}

/** What has no method here is read the slow way: through `iterate`. */
class RedactedStore implements ReadableStore {
  readonly name: string;
  /** Where the store has a way to a trace's spans, this has it too. */
  readonly outlines?: NonNullable<ReadableStore["outlines"]>;
  readonly position: ReadableStore["position"];
  protected readonly of: Redacted;

  constructor(of: Redacted) {
    this.name = of.reader.name;
    this.of = of;
    this.position = of.reader.position;
    if (of.reader.has("outlines")) this.outlines = (query) => outlinesIn(this.iterate(query));
  }

  get notes(): readonly string[] {
    return this.of.reader.notes;
  }

  get leftOut(): number {
    return this.of.reader.leftOut;
  }

  async find(query: TraceQuery): Promise<readonly Span[]> {
    const { order, limit, ...filter } = query;
    const asked = this.#asked(filter);
    if (asked.isAll) {
      const found = await this.of.reader.find({ ...asked.query, ...defined({ order, limit }) });
      return arrangeSpans(this.redacted(found), query);
    }
    const found: Span[] = [];
    for await (const span of this.iterate(filter)) found.push(span);
    return arrangeSpans(found, query);
  }

  async *iterate({ order, limit = Number.POSITIVE_INFINITY, ...filter }: TraceQuery): AsyncGenerator<Span> {
    const { query } = this.#asked(filter);
    const { identifier: _, ...wanted } = filter;
    let left = limit;
    for await (const span of this.of.reader.iterate({ ...query, ...defined({ order }) })) {
      if (left <= 0) return;
      for (const one of this.redacted([span])) {
        if (!matches(one, wanted)) continue;
        left--;
        yield one;
      }
    }
  }

  /** What the store itself may be asked: nothing of texts. `isAll` where that is all that is asked. */
  #asked({ traceId, since, until, identifier, spanStatus, conversation, ...texts }: TraceQuery) {
    const isKnown = conversation !== undefined && !this.of.canMake(conversation);
    const query = defined({
      ...{ traceId, since, until, identifier, spanStatus },
      conversation: isKnown ? conversation : undefined,
    });
    const rest = defined({ ...texts, conversation });
    return { query, isAll: Object.keys(rest).length === 0 };
  }

  /** The spans, redacted. */
  protected redacted(spans: readonly Span[]): Span[] {
    return spans.flatMap((span) => processed(span, this.of.process) ?? []);
  }

  /** Rows are made anew of their redacted spans; where an id becomes another, rows may become one, so all are. */
  async summaries(query: SummaryQuery): Promise<SummaryPage> {
    const { spanName, failed, attributeFilter, where, ...plain } = query;
    if ([spanName, failed, attributeFilter, where].every((one) => one === undefined)) {
      const page = await this.of.reader.summaries(plain);
      const rows = await Promise.all(page.rows.map((row) => this.#rowOf(row, query)));
      const own = rows.filter((row) => row !== undefined);
      if (own.length === rows.length) return { ...page, rows: own };
    }
    const spans = this.iterate(defined({ identifier: query.identifier }));
    return listOutlined(await outlined(spans, spanConditions(query)), query);
  }

  /** Undefined where its id is not to be seen. */
  async #rowOf(row: Summary, { prices }: SummaryQuery): Promise<Summary | undefined> {
    if (row.by === "conversation" && this.of.canMake(row.id)) return undefined;
    const spans = this.iterate(queryOf(row));
    const made = summarizeOutlines(await outlinesIn(spans), row.by, prices);
    return made !== undefined && idKey(made.id) === idKey(row.id) ? made : undefined;
  }

  async idsByPrefix(prefix: string, limit: number): Promise<readonly FoundId[]> {
    if (this.of.canMake(prefix)) return idsIn(this.iterate({}), prefix, limit);
    const found = await this.of.reader.idsByPrefix(prefix, limit);
    const seen = await Promise.all(found.map((one) => this.#isSeen(one)));
    return exactFirst(
      found.filter((_, i) => seen[i]),
      prefix,
    );
  }

  async #isSeen(found: FoundId): Promise<boolean> {
    for await (const _ of this.iterate({ ...queryOf(found), limit: 1 })) return true;
    return false;
  }
}

/** Of a store that tells of changes itself. */
class RedactedLiveStore extends RedactedStore {
  async changes(after: string | undefined): Promise<Changes> {
    const { spans, cursor } = await this.of.reader.changes(after);
    return { spans: this.redacted(spans), cursor };
  }
}
