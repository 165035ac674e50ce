// What a tracer reads back of what it has stored: each read first hands over what waits.
import type { SpanOutline } from "../conventions/facts.ts";
import type { TallyReport } from "../conventions/tally.ts";
import type { TraceQuery } from "../model/query.ts";
import { READER, type StoreReader } from "./readable.ts";
import type { Awaitable } from "./sink.ts";
import type { Span } from "./span.ts";
import type {
  Changes,
  FoundId,
  OutlineQuery,
  SearchOptions,
  SearchPage,
  SummaryPage,
  SummaryQuery,
  TallyQuery,
} from "./store.ts";

/**
 * The reads of a tracer. All reject with a TracelightError: `NOT_A_STORE` where the tracer keeps nothing that can be read,
 * `INVALID_QUERY`, or what the store says.
 */
export abstract class TracerReads {
  /** @internal Throws where nothing can be read. */
  abstract [READER](): StoreReader;

  /** Reads spans back, in start order, each with its parent where that is among them. */
  getTraces(query: TraceQuery = {}): Awaitable<readonly Span[]> {
    return this.#read((reader) => reader.find(query));
  }

  /**
   * The spans that the query asks for, one by one, without holding all where the store can. Spans know their `parentSpanId`, and need
   * not know their `parentSpan`.
   *
   * @example
   * ```ts
   * const tracer = new InMemoryTracer();
   * tracer.startSpan("get_weather").setStatus("ERROR", "no network").end();
   * for await (const span of tracer.iterateTraces({ spanStatus: "ERROR" })) console.log(span.spanName); // get_weather
   * ```
   */
  async *iterateTraces(query: TraceQuery = {}): AsyncGenerator<Span, void, undefined> {
    yield* this[READER]().iterate(query);
  }

  /** Traces or conversations as rows, newest first, by cursor. */
  summaries(query: SummaryQuery = {}): Awaitable<SummaryPage> {
    return this.#read((reader) => reader.summaries(query));
  }

  /** The spans of a trace or conversation without their payload, in start order. */
  outlines(query: OutlineQuery): Promise<readonly SpanOutline[]> {
    return this.#read((reader) => reader.outlines(query));
  }

  /** Traces and conversations whose id, as text, begins so; one that is equal comes first, or alone. At most `limit`, by default 10. */
  idsByPrefix(prefix: string, limit?: number): Promise<readonly FoundId[]> {
    return this.#read((reader) => reader.idsByPrefix(prefix, limit));
  }

  /** Spans that have the words, newest first. */
  search(text: string, options?: SearchOptions): Promise<SearchPage> {
    return this.#read((reader) => reader.search(text, options));
  }

  /** Spans that began, were seen anew, ended or were interrupted since the cursor; without one, those that run now. */
  changes(cursor?: string): Promise<Changes> {
    return this.#read((reader) => reader.changes(cursor));
  }

  /** Calls, errors, times and tokens: of all spans that the query asks for, and by model, tool, agent, user and day. */
  tally(query?: TallyQuery): Promise<TallyReport> {
    return this.#read((reader) => reader.tally(query));
  }

  /** Names of attributes that spans have: of the latest at least. */
  attributeNames(): Promise<readonly string[]> {
    return this.#read((reader) => reader.attributeNames());
  }

  /** Values of the attribute that spans have, each once. At most `limit`, by default 20. */
  attributeValues(name: string, limit?: number): Promise<readonly unknown[]> {
    return this.#read((reader) => reader.attributeValues(name, limit));
  }

  async #read<T>(read: (reader: StoreReader) => Promise<T>): Promise<T> {
    return read(this[READER]());
  }
}
