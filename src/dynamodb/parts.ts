// Compressed bytes over several items of one partition, each under DynamoDB's limit, and back.
import type { AttributeValue } from "@aws-sdk/client-dynamodb";
import { type Blob, blobHash, decompress, MAX_BLOB_BYTES } from "../delivery/compression.ts";
import type { Turns } from "../model/turns.ts";
import { countOf, type Item, type ItemKey, type ItemsByKey } from "./items.ts";

/** Bytes of one part: DynamoDB's 400 KB with room for keys, and for what requests hold besides. */
const PART_BYTES = 350_000;
const MAX_PARTS: number = Math.ceil(MAX_BLOB_BYTES / PART_BYTES) + 1;
const HASH = /^[0-9a-f]{32}$/;
const VERSION = 1;

/** Where parts are stored: their sort keys are `<prefix>#<hash>#<number>`. */
export interface PartsKey {
  readonly pk: string;
  readonly prefix: string;
}

/** What an item says of its parts. */
export interface PartsList {
  readonly hash: string;
  readonly parts: number;
  /** Bytes before compression. */
  readonly bytes: number;
}

/** The items of the parts. A repeat writes the same items, since their keys hold the hash of their bytes. */
export function partItems(blob: Blob, { pk, prefix }: PartsKey, expireAt: AttributeValue): Item[] {
  return cut(blob.chunks, PART_BYTES).map((data, i) => ({
    pk: { S: pk },
    sk: { S: partSortKey(prefix, blob.hash, i) },
    expire_at: expireAt,
    data: { B: data },
  }));
}

function partSortKey(prefix: string, hash: string, i: number): string {
  return `${prefix}#${hash}#${String(i).padStart(5, "0")}`;
}

function cut(chunks: readonly Buffer[], bytes: number): Buffer[] {
  const pieces: Buffer[] = [];
  let waiting: Buffer[] = [];
  let room = bytes;
  for (const chunk of chunks) {
    for (let at = 0; at < chunk.length; ) {
      const piece = chunk.subarray(at, at + room);
      waiting.push(piece);
      at += piece.length;
      room -= piece.length;
      if (room > 0) continue;
      pieces.push(Buffer.concat(waiting));
      waiting = [];
      room = bytes;
    }
  }
  return waiting.length === 0 ? pieces : [...pieces, Buffer.concat(waiting)];
}

/** What the main item has to say of the parts. */
export function partsAttributes({ hash, stored, bytes }: Blob): Item {
  return {
    version: { N: String(VERSION) },
    hash: { S: hash },
    parts: { N: String(Math.ceil(stored / PART_BYTES)) },
    bytes: { N: String(bytes) },
  };
}

/** Reads what `partsAttributes` said; undefined where it cannot be true. */
export function readPartsList(item: Item): PartsList | undefined {
  const hash = item["hash"]?.S;
  const parts = countOf(item, "parts", MAX_PARTS);
  const bytes = countOf(item, "bytes", MAX_BLOB_BYTES);
  if (hash === undefined || !HASH.test(hash) || parts === undefined || bytes === undefined) return undefined;
  return countOf(item, "version", VERSION) === VERSION ? { hash, parts, bytes } : undefined;
}

/** The keys of all parts. */
export function partKeys({ hash, parts }: PartsList, { pk, prefix }: PartsKey): ItemKey[] {
  return Array.from({ length: parts }, (_, i) => ({ pk, sk: partSortKey(prefix, hash, i) }));
}

/**
 * The bytes that were split.
 * @throws (rejects) Error saying which part is missing, or that they are damaged.
 */
export async function joinParts(
  list: PartsList,
  place: PartsKey,
  { found, turns }: { readonly found: ItemsByKey; readonly turns: Turns },
): Promise<Buffer> {
  const chunks = partKeys(list, place).map((key, i) => {
    const data = found.get(key)?.["data"]?.B;
    if (data === undefined) throw new Error(`part ${i + 1} of ${list.parts} is missing`);
    return data;
  });
  if ((await blobHash(chunks, turns)) !== list.hash) throw new Error("its parts are damaged");
  return decompress(chunks, list.bytes);
}
