// What is kept outside of a span's row: message lists, once a conversation, and large values in pieces.

import { conversationOf } from "../conventions/conversation.ts";
import { MESSAGE_LISTS } from "../conventions/vocabularies/recognised.ts";
import { compress } from "../delivery/compression.ts";
import { knownAttributes } from "../delivery/known-attributes.ts";
import {
  type HashedList,
  hashedMessages,
  hashList,
  hashListNow,
  seedHash,
} from "../delivery/message-chains.ts";
import { BinaryEncoder, Properties } from "../model/binary-encoder.ts";
import { conversationKey } from "../model/conversation.ts";
import { defined } from "../model/defined.ts";
import { MANY_KEYS } from "../model/many-keys.ts";
import { setOwn } from "../model/own-property.ts";
import { fieldsWith, plainFields, type SpanFields } from "../model/span-fields.ts";
import type { Turns } from "../model/turns.ts";
import { attributesIn, hasManyAttributes } from "../tracing/many-attributes.ts";
import type { Span } from "../tracing/span.ts";
import { weighValue } from "../tracing/weight.ts";
import { detailsOf, type Stored, type StoredList, type StoredPieces } from "./rows.ts";

/** Lists of about fewer bytes stay in the row. */
const MIN_LIST_BYTES = 1024;
/** Values, and new messages of a list, of about more bytes are handled in slices and stored in pieces. */
export const MAX_ROW_BYTES: number = 256 * 1024;

/** A list on its way into the store. */
export interface PreparedList {
  readonly key: string;
  readonly hashed: HashedList;
  readonly scope: string;
}

/** A span with what is to be stored beside its row. */
export interface PreparedSpan {
  /** Of very many attributes it has those that the row needs. */
  readonly span: SpanFields;
  readonly lists: readonly PreparedList[];
  readonly stored: Stored | undefined;
  /** Its details as JSON, where they are large. */
  readonly details?: string | null;
  /** The claims on its values in pieces, which are written before the row: see `ContentWriter.claim`. */
  readonly claims: readonly number[];
}

/** Where the message lists of a span's conversation, or else trace, lie. Lists of two scopes share nothing. */
export function scopeOf(traceId: string, conversation: string | null | undefined): string {
  return conversation === null || conversation === undefined
    ? `trace ${traceId}`
    : `conversation ${conversation}`;
}

/** How the owners of a span's pieces begin. */
export function spanPrefix({ traceId, spanId }: Pick<SpanFields, "traceId" | "spanId">): string {
  return `${traceId}/${spanId}`;
}

/** How the owners of a node's pieces begin. */
export function nodePrefix(hash: string): string {
  return `node/${hash}`;
}

/** Whose pieces these are. */
export function piecesOwner(prefix: string, number: number): string {
  return `${prefix}/${number}`;
}

/** Where the messages of a large node are; `place` stands in the node instead of them. */
export function largeNodePlace(
  hash: string,
  place: unknown,
): { readonly owner: string; readonly bytes: number } {
  const { bytes, number }: { bytes?: unknown; number?: unknown } = Object(place);
  const prefix = nodePrefix(hash);
  return {
    // The first layout had no numbers.
    owner: typeof number === "number" ? piecesOwner(prefix, number) : prefix,
    bytes: typeof bytes === "number" ? bytes : 0,
  };
}

/** True for a span with so much that is new that it is prepared in slices: see `prepareInSlices`. */
export function isLarge(span: SpanFields): boolean {
  return newBytes(span) > MAX_ROW_BYTES;
}

function newBytes(span: SpanFields): number {
  const { attributes, events, links, spanName, statusMessage = "" } = span;
  let bytes = spanName.length + statusMessage.length;
  if (events.length > 0) bytes += weighValue(events);
  if (links.length > 0) bytes += weighValue(links);
  for (const key of Object.keys(attributes)) {
    const value = attributes[key];
    bytes += isLongList(key, value)
      ? weighMessages(value, hashedMessages(value, seedHash(scopeOfSpan(span))))
      : weighValue(value);
  }
  return bytes;
}

/** Bytes of the messages from one on, about. Each is weighed by itself: a sample of the list might miss the one that is large. */
export function weighMessages(messages: readonly object[], from: number): number {
  return messages.slice(from).reduce((bytes, message) => bytes + weighValue(message), 0);
}

function scopeOfSpan({ traceId, attributes }: SpanFields): string {
  return scopeOf(traceId, conversationKey(conversationOf(attributes)));
}

/**
 * Thrown where a span is to be prepared in slices, maybe again: a list has too much that the file lacks for one turn of the
 * event loop, or the file is not the one that its values were written to.
 */
export class Unprepared extends Error {}

/** A span of ordinary size: its lists are hashed at once. */
export function prepareNow(span: SpanFields): PreparedSpan {
  const lists = listsOf(span).map(([key, messages]) => {
    const scope = scopeOfSpan(span);
    return { key, scope, hashed: hashListNow(messages, seedHash(scope)) };
  });
  return { span, lists, stored: storedOf(lists), claims: [] };
}

/** Stores compressed bytes in pieces; resolves with the number of the claim on them. */
export type StorePieces = (prefix: string, chunks: readonly Uint8Array[]) => Promise<number>;

/** A large span: lists are hashed and values compressed in slices, partly on other threads, and stored. */
export async function prepareInSlices(given: Span, turns: Turns, store: StorePieces): Promise<PreparedSpan> {
  const isMany = hasManyAttributes(given);
  const span = isMany ? fieldsWith(await knownAttributes(given, turns), given) : plainFields(given);
  const lists: PreparedList[] = [];
  const scope = scopeOfSpan(span);
  for (const [key, messages] of listsOf(span)) {
    lists.push({ key, scope, hashed: await hashList(messages, seedHash(scope), turns) });
  }
  const places: Record<string, StoredPieces> = {};
  const claims: number[] = [];
  const put = async (value: unknown, weight: number): Promise<StoredPieces> => {
    const { chunks, bytes } = await compress(new BinaryEncoder(value), weight, turns);
    const number = await store(spanPrefix(span), chunks);
    claims.push(number);
    return { number, bytes };
  };
  const listed = new Set(lists.map(({ key }) => key));
  const others: unknown[] = [];
  let otherBytes = 0;
  for (const [key, value] of isMany ? attributesIn(given) : Object.entries(span.attributes)) {
    if (listed.has(key)) continue;
    const weight = weighValue(value);
    if (weight > MAX_ROW_BYTES / 4) setOwn(places, key, await put(value, weight));
    else {
      others.push(key, value);
      otherBytes += weight + key.length;
    }
    if (others.length % LOOKED_AT_ONCE === 0 && turns.over) await turns.next();
  }
  const isRest = isMany || otherBytes > MAX_ROW_BYTES;
  const rest = isRest ? await put(new Properties(others), otherBytes) : undefined;
  const putLarge = async (list: readonly object[]): Promise<StoredPieces | undefined> => {
    const weight = weighValue(list);
    return weight > MAX_ROW_BYTES / 4 ? await put(list, weight) : undefined;
  };
  const [events, links] = [await putLarge(span.events), await putLarge(span.links)];
  const stored = storedOf(lists, { pieces: places, events, links, rest });
  const details = detailsOf(span, stored);
  // The row is written in a turn of its own.
  if ((details?.length ?? 0) > MAX_ROW_BYTES) await turns.next();
  return { span, lists, stored, details, claims };
}

/** What the row of a running span is made from: of very many attributes, the first. */
export function shownFields(span: Span): SpanFields {
  if (!hasManyAttributes(span)) return plainFields(span);
  const shown: Record<string, unknown> = {};
  let left = MANY_KEYS;
  for (const [key, value] of attributesIn(span)) {
    if (left-- === 0) break;
    setOwn(shown, key, value);
  }
  return fieldsWith(Object.freeze(shown), span);
}

/** Attributes between two looks at the clock. */
const LOOKED_AT_ONCE = 64;

/** What of a span is in pieces. */
type InPieces = { readonly [K in "pieces" | "events" | "links" | "rest"]?: Stored[K] | undefined };

function storedOf(
  lists: readonly PreparedList[],
  { pieces = {}, events, links, rest }: InPieces = {},
): Stored | undefined {
  const stored = defined({
    lists: lists.length === 0 ? undefined : Object.fromEntries(lists.map(listEntry)),
    pieces: Object.keys(pieces).length === 0 ? undefined : pieces,
    ...{ events, links, rest },
  });
  return Object.keys(stored).length === 0 ? undefined : stored;
}

function listEntry({ key, hashed: { hashes, messages } }: PreparedList): [string, StoredList] {
  return [key, { hash: hashes[messages.length] ?? "", length: messages.length }];
}

function listsOf({ attributes }: SpanFields): [string, readonly object[]][] {
  const lists: [string, readonly object[]][] = [];
  for (const key of Object.keys(attributes)) {
    const value = attributes[key];
    if (isLongList(key, value)) lists.push([key, value]);
  }
  return lists;
}

function isLongList(key: string, value: unknown): value is readonly object[] {
  return (
    MESSAGE_LISTS.has(key) &&
    Array.isArray(value) &&
    value.length > 0 &&
    value.every((item) => typeof item === "object" && item !== null) &&
    weighValue(value) >= MIN_LIST_BYTES
  );
}
