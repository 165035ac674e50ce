// Message lists in DynamoDB: the chain's nodes as items of the conversation's partition, each written once.
import type { AttributeValue } from "@aws-sdk/client-dynamodb";
import { conversationOf } from "../conventions/conversation.ts";
import { compress, isSmall, packSmall } from "../delivery/compression.ts";
import {
  type HashedList,
  hashList,
  lifetime,
  longestAlive,
  NodeEncoder,
  neededUntil,
  probeRounds,
  seedHash,
} from "../delivery/message-chains.ts";
import { setOwn } from "../model/own-property.ts";
import { RecentMap } from "../model/recent-map.ts";
import type { SpanFields } from "../model/span-fields.ts";
import type { Turns } from "../model/turns.ts";
import { tracePartition } from "./item.ts";
import { valueBytes } from "./item-size.ts";
import { countOf, type Item, type ItemKey, type ItemReader } from "./items.ts";
import { LAYOUTS } from "./layout.ts";
import {
  type ListReference,
  MAX_LENGTH,
  nodeKey,
  referencesAttribute,
  referenceText,
} from "./list-references.ts";
import { partItems, partsAttributes } from "./parts.ts";
import { previewOf } from "./preview.ts";

/** Lists of fewer bytes are stored as given. */
const MIN_LIST_BYTES = 1024;
/** A node of more compressed bytes is stored in parts. */
const MAX_INLINE_BYTES = 300_000;
const REMEMBERED_NODES = 20_000;
const WAITING_NODES = 256;

/** What is asked of a node when all that matters is whether it is there, and how long. */
const PROBED = ["pk", "sk", "alive_until", "list_from", "list_previous"];

/** DynamoDB's partition keys have 2048 bytes at most; a conversation's key alone may have them all. */
const MAX_PARTITION_BYTES = 2048;
const CONTENT_PREFIX = "CONTENT#";

/** Where a span's lists are stored: with its conversation, else with its trace. */
function contentPartition(span: SpanFields): string {
  const conversation = LAYOUTS.conversation.indexKey(conversationOf(span.attributes), span.attributes);
  if (conversation === undefined) return tracePartition(span.traceId);
  const pk = `${CONTENT_PREFIX}${conversation}`;
  return Buffer.byteLength(pk) <= MAX_PARTITION_BYTES
    ? pk
    : `${CONTENT_PREFIX}sha256:${seedHash(conversation)}`;
}

/** True for a value that is worth a chain. */
export function isLongList(value: unknown): value is readonly object[] {
  return (
    Array.isArray(value) &&
    value.length > 0 &&
    value.length <= MAX_LENGTH &&
    value.every((item) => typeof item === "object" && item !== null) &&
    valueBytes(value, MIN_LIST_BYTES, "exact") >= MIN_LIST_BYTES
  );
}

/** A node that was handed out to be written, until it is acknowledged. */
interface Waiting {
  readonly items: readonly Item[];
  readonly unacknowledged: Set<Item>;
  readonly previous: string;
  readonly aliveUntil: number;
}

/** What `ListPacker` needs. */
export interface ListPackerOptions {
  readonly ttlSeconds: number;
  readonly reader: ItemReader;
  readonly turns: Turns;
  /** Seconds since the epoch. */
  readonly now: () => number;
}

/** Lists of one span as chains. */
export interface PackedLists {
  /** The nodes that the table may lack, older ones first. */
  readonly before: readonly Item[];
  /** What stands in the attributes for those who do not follow the reference. */
  readonly previews: Readonly<Record<string, unknown>>;
  /** What the main item has to say. */
  readonly top: Item;
}

/** Stores message lists as chains, and remembers which nodes the table has. */
export class ListPacker {
  readonly #options: ListPackerOptions;
  /** Nodes that the table has, and until when they and all before them live. */
  readonly #stored = new RecentMap<string, number>(REMEMBERED_NODES);
  readonly #waiting = new RecentMap<string, Waiting>(WAITING_NODES);
  readonly #owners = new WeakMap<Item, string>();
  /** One list at a time for each partition: two spans with the same list would both write it. */
  readonly #busy = new Map<string, Promise<unknown>>();

  constructor(options: ListPackerOptions) {
    this.#options = options;
  }

  /** The lists under these names. */
  async pack(span: SpanFields, names: readonly string[]): Promise<PackedLists> {
    const pk = contentPartition(span);
    return this.#alone(pk, () => this.#packAll(span, names, pk));
  }

  /** Call it for items that were written: from then on lists lean on them without writing them again. */
  acknowledge(items: readonly Item[]): void {
    for (const item of items) {
      const hash = this.#owners.get(item);
      const waiting = hash === undefined ? undefined : this.#waiting.get(hash);
      waiting?.unacknowledged.delete(item);
      if (hash === undefined || waiting === undefined || waiting.unacknowledged.size > 0) continue;
      this.#waiting.delete(hash);
      this.#stored.set(hash, waiting.aliveUntil);
    }
  }

  async #alone<T>(pk: string, work: () => Promise<T>): Promise<T> {
    const mine = (this.#busy.get(pk) ?? Promise.resolve()).then(work, work);
    this.#busy.set(pk, mine);
    try {
      return await mine;
    } finally {
      if (this.#busy.get(pk) === mine) this.#busy.delete(pk);
    }
  }

  async #packAll(span: SpanFields, names: readonly string[], pk: string): Promise<PackedLists> {
    const before = new Set<Item>();
    const previews: Record<string, unknown> = {};
    const lists: Record<string, AttributeValue> = {};
    for (const name of names) {
      const value = span.attributes[name];
      if (!isLongList(value)) continue;
      const { reference, items } = await this.#packList(value, pk);
      for (const item of items) before.add(item);
      setOwn(previews, name, previewOf(value));
      lists[name] = { S: referenceText(reference) };
    }
    return { before: [...before], previews, top: referencesAttribute(pk, lists) };
  }

  async #packList(
    messages: readonly object[],
    pk: string,
  ): Promise<{ reference: ListReference; items: readonly Item[] }> {
    const { ttlSeconds, turns, now } = this.#options;
    // Spans of other lifetimes have chains of their own, so that nobody shortens the life of another's nodes.
    const list = await hashList(messages, seedHash(`${pk}\n${ttlSeconds}`), turns);
    const reference = referenceTo(list, list.messages.length, pk);
    const from = await this.#longestStored(list, pk, neededUntil(now(), ttlSeconds));
    if (from < reference.length) await this.#makeNode(list, from, pk);
    return { reference, items: this.#waitingFor(reference.hash) };
  }

  /** How many messages, from the start, are in the table or on their way there, and live long enough. */
  async #longestStored(list: HashedList, pk: string, until: number): Promise<number> {
    const known = longestAlive(list, until, (hash) => this.#aliveUntil(hash));
    if (known > 0 || list.messages.length === 1) return known;
    // A table that cannot be read now costs a few bytes more, not the span.
    await this.#probe(list, pk).catch(() => undefined);
    return longestAlive(list, until, (hash) => this.#aliveUntil(hash));
  }

  #aliveUntil(hash: string): number | undefined {
    return this.#stored.get(hash) ?? this.#waiting.get(hash)?.aliveUntil;
  }

  /** Asks the table for the prefixes that an earlier process would have written. */
  async #probe(list: HashedList, pk: string): Promise<void> {
    for (const lengths of probeRounds(list.messages.length)) {
      const references = lengths.map((length) => referenceTo(list, length, pk));
      const items = await this.#options.reader.get(references.map(nodeKey), PROBED);
      const found = trusted(references, items);
      for (const [hash, aliveUntil] of found) this.#stored.set(hash, aliveUntil);
      if (found.size > 0) return;
    }
  }

  async #makeNode(list: HashedList, from: number, pk: string): Promise<void> {
    const { ttlSeconds, now, turns } = this.#options;
    const reference = referenceTo(list, list.messages.length, pk);
    const previous = list.hashes[from] ?? "";
    const before = from === 0 ? Number.POSITIVE_INFINITY : (this.#aliveUntil(previous) ?? 0);
    const { expiresAt, aliveUntil } = lifetime(now(), ttlSeconds, before);
    const fields: Item = {
      pk: { S: pk },
      sk: { S: nodeKey(reference).sk },
      expire_at: { N: String(expiresAt) },
      alive_until: { N: String(aliveUntil) },
      list_from: { N: String(from) },
      list_previous: { S: previous },
    };
    const items = await nodeItems(fields, list, { from, turns });
    for (const item of items) this.#owners.set(item, reference.hash);
    this.#waiting.set(reference.hash, { items, unacknowledged: new Set(items), previous, aliveUntil });
  }

  /** The items of the nodes up to `hash` that are not acknowledged yet: whoever refers to them must see them written. */
  #waitingFor(hash: string): readonly Item[] {
    const chain: Waiting[] = [];
    for (let at = this.#waiting.get(hash); at !== undefined; at = this.#waiting.get(at.previous))
      chain.push(at);
    return chain.reverse().flatMap(({ items }) => items);
  }
}

function referenceTo({ hashes }: HashedList, length: number, pk: string): ListReference {
  return { pk, root: (hashes[1] ?? "").slice(0, 16), length, hash: hashes[length] ?? "" };
}

/**
 * The nodes that were found and can be leaned on. A process that died while it wrote may have left a node without the
 * one before it: where that was asked for too, it must have been found.
 */
function trusted(asked: readonly ListReference[], items: readonly Item[]): Map<string, number> {
  const bySortKey = new Map(items.map((item) => [item["sk"]?.S, item]));
  const isThere = ({ sk }: ItemKey): boolean => bySortKey.has(sk);
  const lengths = new Map(asked.map((reference) => [reference.length, reference]));
  const found = new Map<string, number>();
  for (const reference of asked) {
    const item = bySortKey.get(nodeKey(reference).sk);
    const aliveUntil = countOf(item, "alive_until", Number.MAX_SAFE_INTEGER);
    const previous = lengths.get(countOf(item, "list_from", MAX_LENGTH) ?? 0);
    if (aliveUntil === undefined || (previous !== undefined && !isThere(nodeKey(previous)))) continue;
    found.set(reference.hash, aliveUntil);
  }
  return found;
}

async function nodeItems(
  fields: Item,
  list: HashedList,
  { from, turns }: { readonly from: number; readonly turns: Turns },
): Promise<Item[]> {
  const expected = valueBytes(list.messages.slice(from), MEASURED_BYTES, "exact");
  if (isSmall(expected)) return [smallNode(fields, list, from)];
  const blob = await compress(new NodeEncoder(list.messages, from), expected, turns);
  if (blob.stored <= MAX_INLINE_BYTES) {
    const data = { B: Buffer.concat(blob.chunks) };
    return [{ ...fields, data, bytes: { N: String(blob.bytes) } }];
  }
  const place = { pk: fields["pk"]?.S ?? "", prefix: fields["sk"]?.S ?? "" };
  const expireAt = fields["expire_at"] ?? { NULL: true };
  return [...partItems(blob, place, expireAt), { ...fields, in_parts: { M: partsAttributes(blob) } }];
}

/** Beyond this it does not matter how large a node is. */
const MEASURED_BYTES = 1 << 20;

function smallNode(fields: Item, list: HashedList, from: number): Item {
  const encoder = new NodeEncoder(list.messages, from);
  const chunks: Buffer[] = [];
  for (let step = encoder.step(); step !== undefined; step = encoder.step()) chunks.push(...step);
  const bytes = Buffer.concat(chunks);
  const { data, isPacked } = packSmall(bytes);
  return { ...fields, data: { B: data }, ...(isPacked ? { bytes: { N: String(bytes.length) } } : {}) };
}
