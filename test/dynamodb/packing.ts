// What the tests of packing share: a table on the emulator, spans written as a sink would, figures of items.

import * as sdk from "@aws-sdk/client-dynamodb";
import {
  BatchWriteItemCommand,
  DynamoDBClient,
  PutItemCommand,
  QueryCommand,
} from "@aws-sdk/client-dynamodb";
import { ensureTable, type LocalDynamoDb, startLocalDynamoDb } from "tracelight/dynamodb";
import { fromItem, type StoredSpan, toItem } from "../../src/dynamodb/item.ts";
import type { Item, ItemKey, ItemReader, KeyRange } from "../../src/dynamodb/items.ts";
import { type PackedSpan, Packer, type PackerOptions } from "../../src/dynamodb/packing.ts";
import { TableItems } from "../../src/dynamodb/table-items.ts";
import { unpack } from "../../src/dynamodb/unpacking.ts";
import type { SpanFields } from "../../src/model/span-fields.ts";

const BATCH = 25;

/** A table, and what was asked of it. */
export class TestTable {
  readonly name: string;
  readonly #client: DynamoDBClient;
  readonly #items: TableItems;
  reads: number = 0;

  constructor(client: DynamoDBClient, name: string) {
    this.#client = client;
    this.name = name;
    this.#items = new TableItems({
      tableName: name,
      request: (work) => work({ sdk, client, isOurs: false, close: () => undefined }),
    });
  }

  get reader(): ItemReader {
    const get = (keys: readonly ItemKey[], attributes?: readonly string[]) => {
      this.reads++;
      return this.#items.get(keys, attributes);
    };
    const range = (keys: KeyRange) => {
      this.reads++;
      return this.#items.range(keys);
    };
    return { get, range };
  }

  packer(options: Partial<PackerOptions> = {}): Packer {
    return new Packer({ ttlSeconds: 3600, reader: this.reader, ...options });
  }

  async write(packed: PackedSpan, packer?: Packer): Promise<void> {
    for (let i = 0; i < packed.before.length; i += BATCH) {
      const requests = packed.before.slice(i, i + BATCH).map((item) => ({ PutRequest: { Item: item } }));
      await this.#client.send(new BatchWriteItemCommand({ RequestItems: { [this.name]: requests } }));
    }
    packer?.acknowledge(packed.before);
    await this.put(packed.main);
  }

  async put(item: Item): Promise<void> {
    await this.#client.send(new PutItemCommand({ TableName: this.name, Item: item }));
  }

  async remove(item: Item): Promise<void> {
    const { pk, sk } = item;
    if (pk === undefined || sk === undefined) throw new Error("no key");
    await this.#client.send(new sdk.DeleteItemCommand({ TableName: this.name, Key: { pk, sk } }));
  }

  /** The main items of a trace. */
  async mains(traceId: string): Promise<Item[]> {
    const input = {
      TableName: this.name,
      KeyConditionExpression: "pk = :pk AND begins_with(sk, :sk)",
      ExpressionAttributeValues: { ":pk": { S: `TRACE#${traceId}` }, ":sk": { S: "SPAN#" } },
    };
    return (await this.#client.send(new QueryCommand(input))).Items ?? [];
  }

  async read(traceId: string): Promise<SpanFields[]> {
    return (await this.unpack(await this.mains(traceId))).map(({ fields }) => fields);
  }

  unpack(items: readonly Item[]): Promise<StoredSpan[]> {
    return unpack(items, {
      reader: this.reader,
      fromItem,
      onUnreadable: (error) => {
        throw error;
      },
    });
  }

  /** Writes a span and reads it back. */
  async roundTrip(span: SpanFields, packer: Packer = this.packer()): Promise<SpanFields | undefined> {
    await this.write(await packer.pack(span, plainItem), packer);
    return (await this.read(span.traceId)).find(({ spanId }) => spanId === span.spanId);
  }
}

export function plainItem(span: SpanFields): Item {
  return toItem(span, { ttlSeconds: 3600 });
}

/** An emulator, and tables on it. */
export class Emulator {
  readonly #dynamoDb: LocalDynamoDb;
  readonly #client: DynamoDBClient;
  #tables = 0;

  private constructor(dynamoDb: LocalDynamoDb, client: DynamoDBClient) {
    this.#dynamoDb = dynamoDb;
    this.#client = client;
  }

  static async start(): Promise<Emulator> {
    const dynamoDb = await startLocalDynamoDb();
    const credentials = { accessKeyId: "local", secretAccessKey: "local" };
    const client = new DynamoDBClient({ endpoint: dynamoDb.endpoint, region: "us-east-1", credentials });
    return new Emulator(dynamoDb, client);
  }

  async table(): Promise<TestTable> {
    const tableName = `Packing${this.#tables++}`;
    await ensureTable({ endpoint: this.#dynamoDb.endpoint, tableName });
    return new TestTable(this.#client, tableName);
  }

  async close(): Promise<void> {
    this.#client.destroy();
    await this.#dynamoDb.close();
  }
}

/** Bytes of an item as DynamoDB counts them. Source: its developer guide, "Item sizes and formats". */
export function bytesOf(item: Item): number {
  return Object.entries(item).reduce(
    (sum, [key, value]) => sum + Buffer.byteLength(key) + valueBytes(value),
    0,
  );
}

function valueBytes(value: sdk.AttributeValue): number {
  if (value.S !== undefined) return Buffer.byteLength(value.S);
  if (value.N !== undefined) return Math.ceil(value.N.replace(/[-.]/g, "").length / 2) + 1;
  if (value.B !== undefined) return value.B.byteLength;
  if (value.L !== undefined) return value.L.reduce((sum, inner) => sum + 1 + valueBytes(inner), 3);
  if (value.M !== undefined) return 3 + Object.keys(value.M).length + bytesOf(value.M);
  if (value.SS !== undefined) return value.SS.reduce((sum, text) => sum + Buffer.byteLength(text), 0);
  return 1;
}

/** Write units: one a begun kilobyte. */
export function unitsOf(item: Item): number {
  return Math.ceil(bytesOf(item) / 1024);
}
