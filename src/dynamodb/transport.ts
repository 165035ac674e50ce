// Sends packed spans to DynamoDB: BatchWriteItem, what a span needs before the span itself, an outcome for each.

import type { AttributeValue } from "@aws-sdk/client-dynamodb";
import type { Outcome, Transport } from "../delivery/transport.ts";
import { TracelightError } from "../model/errors.ts";
import type { Span } from "../tracing/span.ts";
import type { Connection } from "./connection.ts";
import { blameOf, explain, permanenceOf } from "./errors.ts";
import type { Item } from "./items.ts";
import { batchWrite } from "./wire.ts";

/** A span as it is sent: `before` must be acknowledged before `main` is written, since batches are not atomic. */
export interface Parcel {
  readonly before: readonly Item[];
  readonly main: Item;
}

/** What the transport needs of the store. */
export interface TransportOptions {
  readonly tableName: string;
  readonly connect: () => Promise<Connection>;
  readonly pack: (span: Span) => Promise<Parcel> | Parcel;
  /** Told of items that the table has taken. */
  readonly written: (items: readonly Item[]) => void;
  readonly close: () => Promise<void>;
}

/** DynamoDB's limits for a BatchWriteItem. */
const MAX_BATCH_ITEMS = 25;
const MAX_BATCH_BYTES = 16 * 1024 * 1024;

/** The delivery layer's door to one table. */
export class DynamoDbTransport implements Transport<Parcel> {
  readonly name = "dynamodb";
  readonly maxBatchSpans: number = MAX_BATCH_ITEMS;
  readonly maxBatchBytes: number = MAX_BATCH_BYTES;
  readonly #options: TransportOptions;

  constructor(options: TransportOptions) {
    this.#options = options;
  }

  encode(span: Span): Promise<Parcel> | Parcel {
    return this.#options.pack(span);
  }

  size({ before, main }: Parcel): number {
    return before.reduce((bytes, item) => bytes + roughSize(item), roughSize(main));
  }

  async send(batch: readonly Parcel[]): Promise<readonly Outcome[]> {
    const failures = await this.#write(batch.flatMap(({ before }) => before));
    const ready = failures.size === 0 ? batch : batch.filter((parcel) => !isHeldUp(parcel, failures));
    const mains = await this.#write(ready.map(({ main }) => main));
    if (failures.size === 0 && mains.size === 0) return batch.map(() => DELIVERED);
    return batch.map((parcel) => outcomeOf(parcel, failures, mains));
  }

  close(): Promise<void> {
    return this.#options.close();
  }

  /**
   * Writes items, each once; says what became of those that were not written. Those further on may build on those before,
   * so the first request that leaves something undone is the last.
   */
  async #write(items: readonly Item[]): Promise<Failures> {
    const failures: Failures = new Map();
    const distinct = distinctItems(items);
    for (let from = 0; from < distinct.length; from += MAX_BATCH_ITEMS) {
      const batch = distinct.slice(from, from + MAX_BATCH_ITEMS);
      if (failures.size > 0) for (const item of batch) failures.set(keyOf(item), retry(undefined));
      else await this.#writeBatch(batch, failures);
    }
    this.#options.written(
      failures.size === 0 ? distinct : distinct.filter((item) => !failures.has(keyOf(item))),
    );
    return failures;
  }

  async #writeBatch(items: readonly Item[], failures: Failures): Promise<void> {
    try {
      for (const key of await this.#request(items)) failures.set(key, retry(undefined));
    } catch (error) {
      await this.#afterError(items, explain(error, this.#options.tableName), failures);
    }
  }

  /** One item that DynamoDB will not take makes it refuse the whole batch: then each is sent alone. */
  async #afterError(items: readonly Item[], error: TracelightError, failures: Failures): Promise<void> {
    const permanence = permanenceOf(error);
    if (permanence === "passing") for (const item of items) failures.set(keyOf(item), retry(error));
    else if (items.length === 1 || permanence === "lasting")
      for (const item of items) failures.set(keyOf(item), { kind: "failed", error });
    else for (const item of items) await this.#writeBatch([item], failures);
  }

  /** Sends one request; the keys of the items that DynamoDB put off. */
  async #request(items: readonly Item[]): Promise<string[]> {
    const { tableName, connect } = this.#options;
    const { UnprocessedItems = {} } = await batchWrite(await connect(), tableName, items);
    return Object.values(UnprocessedItems)
      .flat()
      .flatMap(({ PutRequest }) => (PutRequest?.Item === undefined ? [] : [keyOf(PutRequest.Item)]));
  }
}

type Failures = Map<string, Exclude<Outcome, { readonly kind: "delivered" }>>;

function retry(error: TracelightError | undefined): Exclude<Outcome, { readonly kind: "delivered" }> {
  if (error !== undefined) return { kind: "retry", error, blame: blameOf(error) };
  const putOff = new TracelightError("DYNAMODB_FAILED", "DynamoDB put an item off; it is sent again.");
  return { kind: "retry", error: putOff, blame: "server" };
}

const DELIVERED: Outcome = { kind: "delivered" };

function isHeldUp({ before }: Parcel, failures: Failures): boolean {
  return before.some((item) => failures.has(keyOf(item)));
}

/** Two items of one key would make DynamoDB refuse the request: the later one counts. */
function distinctItems(items: readonly Item[]): readonly Item[] {
  // Nearly always so, and cheaper to see by the sort keys alone, which hold the spans' ids.
  if (new Set(items.map(({ sk }) => sk?.S)).size === items.length) return items;
  return [...new Map(items.map((item) => [keyOf(item), item])).values()];
}

function outcomeOf({ before, main }: Parcel, failures: Failures, mains: Failures): Outcome {
  const failed = before.map((item) => failures.get(keyOf(item))).find((failure) => failure !== undefined);
  return failed ?? mains.get(keyOf(main)) ?? { kind: "delivered" };
}

/** An item's primary key: what tells two items apart. */
function keyOf(item: Item): string {
  return `${item["pk"]?.S}\n${item["sk"]?.S}`;
}

/** About the bytes of an item in a request: exact for texts and binaries, a guess for the rest. */
function roughSize(map: Readonly<Record<string, AttributeValue>>): number {
  let bytes = 16;
  for (const key in map) {
    const value = map[key];
    if (value !== undefined) bytes += key.length + valueSize(value);
  }
  return bytes;
}

function valueSize(value: AttributeValue): number {
  if (value.S !== undefined) return 16 + value.S.length;
  if (value.M !== undefined) return roughSize(value.M);
  if (value.B !== undefined) return 16 + value.B.length * 1.34;
  return value.L === undefined ? 32 : value.L.reduce((bytes, inner) => bytes + valueSize(inner), 16);
}
