// Reads items of one table by key and by range, in as few requests as DynamoDB allows.
import type { KeysAndAttributes } from "@aws-sdk/client-dynamodb";
import { Gate } from "../delivery/gate.ts";
import { TracelightError } from "../model/errors.ts";
import { setTimeout } from "../model/timers.ts";
import { type ItemBatch, type ItemPage, readBatch, readPage } from "./answers.ts";
import type { Connection } from "./connection.ts";
import type { Item, ItemKey, ItemReader, KeyRange } from "./items.ts";

/** DynamoDB's limit for a BatchGetItem. */
const MAX_BATCH_KEYS = 100;
const CONCURRENCY = 8;
/** Requests in a row that brought nothing before a read is given up. */
const MAX_EMPTY = 8;
const FIRST_PAUSE_MS = 50;

/** What reading needs. `request` is where errors are explained. */
export interface TableItemsOptions {
  readonly tableName: string;
  readonly request: <T>(work: (connection: Connection) => Promise<T>) => Promise<T>;
}

/** Consistent reads: what was acknowledged is seen. */
export class TableItems implements ItemReader {
  readonly #options: TableItemsOptions;
  readonly #gate: Gate = new Gate(CONCURRENCY);

  constructor(options: TableItemsOptions) {
    this.#options = options;
  }

  async get(keys: readonly ItemKey[], attributes?: readonly string[]): Promise<readonly Item[]> {
    const distinct = [...new Map(keys.map((key) => [`${key.pk}\n${key.sk}`, key])).values()];
    const batches: ItemKey[][] = [];
    for (let i = 0; i < distinct.length; i += MAX_BATCH_KEYS)
      batches.push(distinct.slice(i, i + MAX_BATCH_KEYS));
    const found = await Promise.all(
      batches.map((batch) => this.#gate.pass(() => this.#getBatch(batch, attributes))),
    );
    return found.flat();
  }

  /** A response ends at 16 MB: the keys it names as not processed are asked for again. */
  async #getBatch(keys: readonly ItemKey[], attributes: readonly string[] | undefined): Promise<Item[]> {
    const found: Item[] = [];
    let request: KeysAndAttributes | undefined = {
      Keys: keys.map(keyOf),
      ConsistentRead: true,
      ...only(attributes),
    };
    for (let empty = 0; request !== undefined && (request.Keys?.length ?? 0) > 0; ) {
      const page: ItemBatch = await this.#getPage(request);
      found.push(...page.items);
      request = page.rest;
      empty = page.items.length > 0 ? 0 : empty + 1;
      if (empty > 0 && request !== undefined) await this.#pause(empty);
    }
    return found;
  }

  #getPage(request: KeysAndAttributes): Promise<ItemBatch> {
    const { tableName } = this.#options;
    return this.#options.request((connection) => readBatch(connection, tableName, request));
  }

  async #pause(times: number): Promise<void> {
    if (times > MAX_EMPTY) {
      throw new TracelightError("DYNAMODB_FAILED", "DynamoDB put off reading items again and again.");
    }
    const ms = Math.random() * FIRST_PAUSE_MS * 2 ** times;
    await new Promise((resolve) => setTimeout(resolve, ms));
  }

  range(range: KeyRange): Promise<readonly Item[]> {
    return this.#gate.pass(() => this.#range(range));
  }

  async #range({ pk, from, to }: KeyRange): Promise<readonly Item[]> {
    const { tableName } = this.#options;
    const input = {
      TableName: tableName,
      ConsistentRead: true,
      KeyConditionExpression: "pk = :pk AND sk BETWEEN :from AND :to",
      ExpressionAttributeValues: { ":pk": { S: pk }, ":from": { S: from }, ":to": { S: to } },
    };
    const found: Item[] = [];
    let start: Item | undefined;
    do {
      const after: { ExclusiveStartKey?: Item } = start === undefined ? {} : { ExclusiveStartKey: start };
      const page: ItemPage = await this.#options.request((connection) =>
        readPage(connection, "query", { ...input, ...after }),
      );
      found.push(...page.items);
      start = page.next;
    } while (start !== undefined);
    return found;
  }
}

function keyOf({ pk, sk }: ItemKey): Item {
  return { pk: { S: pk }, sk: { S: sk } };
}

/** Names may be words that DynamoDB keeps for itself. */
function only(attributes: readonly string[] | undefined): object {
  if (attributes === undefined) return {};
  return {
    ProjectionExpression: attributes.map((_, i) => `#a${i}`).join(", "),
    ExpressionAttributeNames: Object.fromEntries(attributes.map((name, i) => [`#a${i}`, name])),
  };
}
