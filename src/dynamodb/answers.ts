// Reads whose items come from JSON.parse: the SDK's own reading takes several times that, and copies all of it once more for a log that
// nobody keeps. The SDK still signs, sends, tries again, and reads every error and what else an answer says.

import type {
  AttributeValue,
  BatchGetItemCommandOutput,
  KeysAndAttributes,
  QueryCommandInput,
  QueryCommandOutput,
  ScanCommandInput,
} from "@aws-sdk/client-dynamodb";
import { isObject } from "../model/record-reader.ts";
import type { Connection } from "./connection.ts";
import type { Item } from "./items.ts";
import { JSON_PROTOCOL } from "./wire.ts";

/** A page of a query or scan. */
export interface ItemPage {
  readonly items: readonly Item[];
  /** Where the next begins; undefined for the last. */
  readonly next: Item | undefined;
}

/** What came of keys that were asked for. */
export interface ItemBatch {
  readonly items: readonly Item[];
  /** What was not processed. */
  readonly rest: KeysAndAttributes | undefined;
}

/** One page. */
export async function readPage(
  { sdk, client }: Connection,
  kind: "query" | "scan",
  asked: QueryCommandInput | ScanCommandInput,
): Promise<ItemPage> {
  const input = { ...asked };
  wanted.add(input);
  const given: QueryCommandOutput =
    kind === "query"
      ? await client.send(new sdk.QueryCommand(input))
      : await client.send(new sdk.ScanCommand(input));
  return { items: taken.get(input) ?? given.Items ?? [], next: given.LastEvaluatedKey };
}

/** The items of these keys; at most 100. */
export async function readBatch(
  { sdk, client }: Connection,
  tableName: string,
  request: KeysAndAttributes,
): Promise<ItemBatch> {
  const input = { RequestItems: { [tableName]: request } };
  wanted.add(input);
  const given: BatchGetItemCommandOutput = await client.send(new sdk.BatchGetItemCommand(input));
  const items = taken.get(input) ?? given.Responses?.[tableName] ?? [];
  return { items, rest: given.UnprocessedKeys?.[tableName] };
}

/** The inputs of reads, and what came for them. */
const wanted = new WeakSet<object>();
const taken = new WeakMap<object, readonly Item[]>();

/** Where in a chain of middleware it stands: below the SDK's own reading. */
export const NEXT_TO_THE_WIRE = { step: "deserialize", priority: "low", name: "tracelightItems" } as const;

/**
 * Takes the items out of the answer to a read, so that the SDK reads the rest. For a client of our own: with a caller's there may be others that look at
 * what the SDK read.
 */
export function takeItems<A extends { readonly input: object }, R extends { readonly response: unknown }>(
  next: (args: A) => Promise<R>,
): (args: A) => Promise<R> {
  return async (args) => {
    const result = await next(args);
    const { response } = result;
    if (wanted.has(args.input) && isJsonAnswer(response) && isStream(response.body)) {
      const body = await bytesOf(response.body);
      const found = withoutItems(body);
      if (found !== undefined) taken.set(args.input, found.items);
      response.body = found?.rest ?? body;
    }
    return result;
  };
}

/** An answer whose body is JSON; errors are the SDK's business. */
interface JsonAnswer {
  body: unknown;
}

function isJsonAnswer(response: unknown): response is JsonAnswer {
  if (!isObject(response) || response["statusCode"] !== 200) return false;
  const { headers } = response;
  return isObject(headers) && headers["content-type"] === JSON_PROTOCOL;
}

/** What has not been read yet. */
function isStream(body: unknown): body is AsyncIterable<Uint8Array> {
  return typeof body === "object" && body !== null && Symbol.asyncIterator in body;
}

async function bytesOf(body: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** The items, and the answer without them; undefined where it is another than was expected. */
function withoutItems(body: Buffer): { readonly items: readonly Item[]; readonly rest: Buffer } | undefined {
  const answer = parsed(body);
  if (!isObject(answer)) return undefined;
  const { Items, Responses, ...rest } = answer;
  const items = isObject(Responses) ? Object.values(Responses).flat() : (Items ?? []);
  return isItems(items) ? { items, rest: Buffer.from(JSON.stringify(rest)) } : undefined;
}

function parsed(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString());
  } catch {
    return undefined;
  }
}

function isItems(values: unknown): values is readonly Item[] {
  return (
    Array.isArray(values) && values.every((value) => isObject(value) && Object.values(value).every(isValue))
  );
}

/** What came as JSON is a value as the SDK has it, once bytes stand where their base64 did. */
function isValue(value: unknown): value is AttributeValue {
  if (!isObject(value)) return false;
  const { B, BS, L, M } = value;
  if (typeof B === "string") value["B"] = bytesIn(B);
  else if (Array.isArray(BS)) value["BS"] = BS.map((text) => bytesIn(String(text)));
  else if (Array.isArray(L)) return L.every(isValue);
  else if (isObject(M)) return Object.values(M).every(isValue);
  return true;
}

function bytesIn(base64: string): Uint8Array {
  const { buffer, byteOffset, byteLength } = Buffer.from(base64, "base64");
  return new Uint8Array(buffer, byteOffset, byteLength);
}
