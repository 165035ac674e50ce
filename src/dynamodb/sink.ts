// The DynamoDB store: one item a span, written in the background, read by trace, by conversation or by scan.
import { Background } from "../delivery/background.ts";
import { asTracelightError } from "../model/errors.ts";
import { matches, type TraceQuery } from "../model/query.ts";
import { Faults } from "../tracing/faults.ts";
import { arrangeSpans } from "../tracing/select.ts";
import type { DeliveryReport, FlushOptions, Store } from "../tracing/sink.ts";
import { type Span, spanFrom } from "../tracing/span.ts";
import type { TracerOptions } from "../tracing/tracer.ts";
import { type Connection, type ConnectionOptions, connect } from "./client.ts";
import { explain } from "./errors.ts";
import { fromItem, type Item, type StoredSpan, toItem } from "./item.ts";
import { type ReadRequest, readRequest } from "./requests.ts";

/** What the store needs to know. */
export interface DynamoDbStoreOptions extends ConnectionOptions, Pick<TracerOptions, "onError"> {
  readonly tableName: string;
  readonly identifier?: string;
  readonly conversationIdGsiName: string;
  readonly ttlSeconds: number;
}

const MAX_CONCURRENCY = 16;
const MAX_QUEUED_SPANS = 10_000;
const CLOSE_TIMEOUT_MS = 30_000;

/** Spans in a DynamoDB table. */
export class DynamoDbStore implements Store {
  readonly name = "dynamodb";
  readonly #options: DynamoDbStoreOptions;
  readonly #faults: Faults;
  readonly #background: Background;
  #connection: Promise<Connection> | undefined;

  constructor(options: DynamoDbStoreOptions) {
    this.#options = options;
    this.#faults = new Faults(options.onError);
    this.#background = new Background({
      send: (span) => this.#put(span),
      faults: this.#faults,
      maxConcurrency: MAX_CONCURRENCY,
      maxQueuedSpans: MAX_QUEUED_SPANS,
    });
  }

  write(span: Span): void {
    this.#background.add(span);
  }

  async find(query: TraceQuery): Promise<readonly Span[]> {
    const own = this.#options.identifier;
    const asked = query.identifier === undefined && own !== undefined ? { ...query, identifier: own } : query;
    const found: Span[] = [];
    for await (const item of this.#items(asked)) {
      const stored = this.#read(item);
      if (stored !== undefined && matches(stored.fields, asked, stored.identifier))
        found.push(spanFrom(stored.fields));
    }
    return arrangeSpans(found, asked);
  }

  flush({ timeoutMs }: FlushOptions): Promise<DeliveryReport> {
    return this.#background.flush(timeoutMs);
  }

  async close(): Promise<DeliveryReport> {
    const report = await this.flush({ timeoutMs: CLOSE_TIMEOUT_MS });
    const connection = await this.#connection?.catch(() => undefined);
    connection?.close();
    this.#connection = undefined;
    return report;
  }

  async #put(span: Span): Promise<void> {
    await this.#request(async ({ sdk, client }) => {
      const Item = toItem(span, this.#options);
      await client.send(new sdk.PutItemCommand({ TableName: this.#options.tableName, Item }));
    });
  }

  async *#items(query: TraceQuery): AsyncGenerator<Item> {
    const { tableName, conversationIdGsiName: indexName } = this.#options;
    const request = readRequest(query, { tableName, indexName });
    let from: Item | undefined;
    do {
      const page = await this.#page(request, from);
      yield* page.Items ?? [];
      from = page.LastEvaluatedKey;
    } while (from !== undefined);
  }

  #page(request: ReadRequest, from: Item | undefined) {
    const start = from === undefined ? {} : { ExclusiveStartKey: from };
    return this.#request(({ sdk, client }) =>
      request.kind === "query"
        ? client.send(new sdk.QueryCommand({ ...request.input, ...start }))
        : client.send(new sdk.ScanCommand({ ...request.input, ...start })),
    );
  }

  /** An item that cannot be read is reported and left out; the others are still found. */
  #read(item: Item): StoredSpan | undefined {
    try {
      return fromItem(item);
    } catch (error) {
      const where = `The item ${item["pk"]?.S} ${item["sk"]?.S}`;
      this.#faults.report(asTracelightError(error, "INVALID_RECORD", `${where} could not be read`));
      return undefined;
    }
  }

  async #request<T>(work: (connection: Connection) => Promise<T>): Promise<T> {
    try {
      this.#connection ??= connect(this.#options);
      return await work(await this.#connection);
    } catch (error) {
      throw explain(error, this.#options.tableName);
    }
  }
}
