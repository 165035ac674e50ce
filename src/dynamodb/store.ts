// The DynamoDB store: spans packed and delivered in batches, read by trace, by conversation or by scan.
import { Delivery } from "../delivery/delivery.ts";
import type { DeliveryOptions } from "../delivery/options.ts";
import { NO_IDENTIFIER } from "../model/identifier.ts";
import { readUnder, type TraceQuery } from "../model/query.ts";
import { plainFields, type SpanFields } from "../model/span-fields.ts";
import { SinkFaults } from "../tracing/faults.ts";
import type { DeliveryReport, FaultReporter, FlushOptions } from "../tracing/sink.ts";
import { deliver, importBatches } from "../tracing/slow-ways.ts";
import type { Span } from "../tracing/span.ts";
import type {
  FoundId,
  Imported,
  ImportProgress,
  Store,
  SummaryPage,
  SummaryQuery,
} from "../tracing/store.ts";
import { type ConnectionOptions, connect } from "./client.ts";
import type { Connection } from "./connection.ts";
import { explain } from "./errors.ts";
import { foundIds, NEWEST_ONLY } from "./ids.ts";
import { expiry, toItem } from "./item.ts";
import type { Item } from "./items.ts";
import { JustWritten } from "./just-written.ts";
import type { KeyLayout } from "./layout.ts";
import { Listing } from "./listing.ts";
import { isSurelyLarge, Packer } from "./packing.ts";
import { TableReader } from "./reader.ts";
import { dayOf, markedDay, markerItem, RECENT_ATTRIBUTE } from "./recent-index.ts";
import { TableItems } from "./table-items.ts";
import { DynamoDbTransport, type Parcel } from "./transport.ts";

/** What the store needs to know. */
export interface DynamoDbStoreOptions extends ConnectionOptions, DeliveryOptions {
  readonly tableName: string;
  readonly identifier?: string | undefined;
  readonly conversationIdGsiName: string;
  readonly ttlSeconds: number;
  readonly keyLayout: KeyLayout;
  /** True where the user said which layout it is. */
  readonly isLayoutGiven: boolean;
  readonly dedupe: boolean;
  /** The recent index's name; undefined where there is none. */
  readonly recentIndex: string | undefined;
}

const MAX_MARKED_DAYS = 100;

/** Spans in a DynamoDB table. */
export class DynamoDbStore implements Store {
  readonly name = "dynamodb";
  readonly #options: DynamoDbStoreOptions;
  readonly #faults: SinkFaults = new SinkFaults();
  readonly #delivery: Delivery<Parcel>;
  readonly #packer: Packer;
  readonly #justWritten: JustWritten = new JustWritten();
  /** The keys of the items that say: on this day this identifier wrote. */
  readonly #marked = new Set<string>();
  readonly #reader: TableReader;
  readonly #listing: Listing;
  readonly #notes = new Set<string>();
  #connection: Promise<Connection> | undefined;

  constructor(options: DynamoDbStoreOptions) {
    this.#options = options;
    const faults = this.#faults;
    const {
      tableName,
      conversationIdGsiName: indexName,
      keyLayout,
      identifier,
      ttlSeconds,
      recentIndex,
    } = options;
    const send = <T>(work: (connection: Connection) => Promise<T>) => this.#request(work);
    const items = new TableItems({ tableName, request: send });
    const shared = { justWritten: this.#justWritten, faults };
    const names = { tableName, indexName, keyLayout };
    this.#packer = new Packer({ ttlSeconds, dedupe: options.dedupe, reader: items });
    this.#reader = new TableReader({
      ...{ names, send, items, ...shared },
      isLayoutGiven: options.isLayoutGiven,
    });
    this.#listing = new Listing({ reader: this.#reader, identifier, ttlSeconds, recentIndex, ...shared });
    const transport = new DynamoDbTransport({
      tableName,
      connect: () => this.#connect(),
      pack: (span) => this.#pack(span),
      written: (written) => this.#written(written),
      close: () => this.#disconnect(),
    });
    this.#delivery = new Delivery({ transport, faults, options, destination: destinationOf(options) });
  }

  attach(to: FaultReporter): void {
    this.#faults.attach(to);
  }

  write(span: Span): void {
    this.#delivery.add(span);
  }

  async find(query: TraceQuery): Promise<readonly Span[]> {
    return this.#reader.find(readUnder(this.#options.identifier, query));
  }

  /** The spans that the query asks for, in the order of the table's pages. */
  iterate(query: TraceQuery): AsyncGenerator<Span> {
    return this.#reader.iterate(readUnder(this.#options.identifier, query));
  }

  /** One that is whole is read by its key; of others only the newest can be looked at. */
  async idsByPrefix(prefix: string, limit: number): Promise<readonly FoundId[]> {
    const { ids, isAll } = await foundIds(this, prefix);
    if (!isAll) this.#notes.add(NEWEST_ONLY);
    return ids.slice(0, limit);
  }

  /** A span has one key in the table: writing it again changes nothing, so known ones are not counted apart. */
  async importSpans(spans: AsyncIterable<Span>, progress?: ImportProgress): Promise<Imported> {
    let added = 0;
    for await (const batch of importBatches(spans)) {
      await deliver(this, batch);
      added += batch.length;
      progress?.(added);
    }
    return { added, known: 0 };
  }

  /** That some reads could not look at all. */
  get notes(): readonly string[] {
    return [...this.#notes];
  }

  async summaries(query: SummaryQuery): Promise<SummaryPage> {
    return this.#listing.page(query);
  }

  flush({ timeoutMs }: FlushOptions): Promise<DeliveryReport> {
    return this.#delivery.flush(timeoutMs);
  }

  close({ timeoutMs }: FlushOptions): Promise<DeliveryReport> {
    return this.#delivery.close(timeoutMs);
  }

  report(): DeliveryReport {
    return this.#delivery.report();
  }

  #pack(span: Span): Parcel | Promise<Parcel> {
    const recent = this.#options.recentIndex !== undefined;
    const itemOf = (fields: SpanFields) => toItem(fields, { ...this.#options, recent });
    // Read once: a span puts its attributes together at each look.
    const packed = isSurelyLarge(span)
      ? this.#packer.packMany(span, itemOf)
      : this.#packer.pack(plainFields(span), itemOf);
    if (!recent) return packed;
    return packed instanceof Promise
      ? packed.then((parcel) => this.#withMarker(span, parcel))
      : this.#withMarker(span, packed);
  }

  /** Before the first entry of a day in the recent index comes the item that says there is one. */
  #withMarker(span: Span, parcel: Parcel): Parcel {
    if (parcel.main[RECENT_ATTRIBUTE] === undefined) return parcel;
    const { identifier = NO_IDENTIFIER, ttlSeconds } = this.#options;
    const day = dayOf(span.startedAtMicros);
    if (this.#marked.has(day)) return parcel;
    return {
      ...parcel,
      before: [markerItem({ identifier, day, expireAt: expiry(ttlSeconds) }), ...parcel.before],
    };
  }

  #written(items: readonly Item[]): void {
    this.#packer.acknowledge(items);
    this.#justWritten.add(items);
    if (this.#options.recentIndex !== undefined) for (const item of items) this.#mark(markedDay(item));
  }

  #mark(day: string | undefined): void {
    if (day === undefined) return;
    if (this.#marked.size >= MAX_MARKED_DAYS) this.#marked.clear();
    this.#marked.add(day);
  }

  #connect(): Promise<Connection> {
    this.#connection ??= connect(this.#options);
    return this.#connection;
  }

  async #disconnect(): Promise<void> {
    const connection = await this.#connection?.catch(() => undefined);
    connection?.close();
    this.#connection = undefined;
  }

  async #request<T>(work: (connection: Connection) => Promise<T>): Promise<T> {
    try {
      return await work(await this.#connect());
    } catch (error) {
      throw explain(error, this.#options.tableName);
    }
  }
}

/** Spans of a journal go where they were meant to go, and under the name they were meant to have. */
function destinationOf({ endpoint, region, tableName, identifier, keyLayout }: DynamoDbStoreOptions): string {
  return JSON.stringify([
    "dynamodb",
    endpoint ?? region ?? "",
    tableName,
    identifier ?? NO_IDENTIFIER,
    keyLayout,
  ]);
}
