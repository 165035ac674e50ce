// What may be a row of a listing, newest first: from the recent index, and from a scan.
import type { QueryCommandInput } from "@aws-sdk/client-dynamodb";
import { conversationOf } from "../conventions/conversation.ts";
import type { SummarySubject } from "../conventions/summary.ts";
import { boundOf } from "../model/clock.ts";
import { conversationKey } from "../model/conversation.ts";
import { defined } from "../model/defined.ts";
import { placeAfter } from "../tracing/cursors.ts";
import type { SummaryQuery } from "../tracing/store.ts";
import { sortKeyPrefix, startKey } from "./item.ts";
import type { Item } from "./items.ts";
import { dayOf, RECENT_ATTRIBUTE, recentPartition } from "./recent-index.ts";
import { fromMap } from "./values.ts";

const FIRST_ENTRIES = 25;
/** So far back days are looked at. */
export const MAX_DAYS = 400;
const DAY_MICROS = 24 * 60 * 60 * 1e6;

/** A trace or conversation that may be a row. */
export interface Candidate {
  /** The time of its latest turn, or later. */
  readonly at: number;
  /** The trace id, or the key in the index by conversation. */
  readonly key: string;
}

/** A part of a day in the recent index, of one identifier. */
export interface Shard {
  readonly indexName: string;
  readonly identifier: string;
  readonly day: string;
  readonly shard: number;
}

/** Times in microseconds: from the first on, before the second. */
export interface Range {
  readonly since?: number;
  readonly before?: number;
}

/** The times between which the latest turns of a page's rows are. */
export function rangeOf(query: SummaryQuery): Range {
  const after = placeAfter(query);
  const until = query.until === undefined ? Number.POSITIVE_INFINITY : boundOf(query.until);
  const before = Math.min(until, after === undefined ? Number.POSITIVE_INFINITY : after.at + 1);
  return defined({
    since: query.since === undefined ? undefined : boundOf(query.since),
    before: before === Number.POSITIVE_INFINITY ? undefined : before,
  });
}

/** Asks for the newest of one shard. */
export function shardQuery(
  tableName: string,
  { indexName, identifier, day, shard }: Shard,
  { since, before }: Range,
): QueryCommandInput {
  const prefix = sortKeyPrefix(identifier);
  const from = prefix + (since === undefined ? "" : startKey(Math.max(0, since)));
  const to = prefix + (before === undefined ? "~" : startKey(Math.max(0, before, since ?? 0)));
  return {
    TableName: tableName,
    IndexName: indexName,
    KeyConditionExpression: "#recent = :recent AND sk BETWEEN :from AND :to",
    ExpressionAttributeNames: { "#recent": RECENT_ATTRIBUTE },
    ExpressionAttributeValues: {
      ":recent": { S: recentPartition(identifier, day, shard) },
      ":from": { S: from },
      ":to": { S: to },
    },
    ScanIndexForward: false,
    Limit: FIRST_ENTRIES,
  };
}

/** The days from the newest time back to the oldest. */
export function daysBack(newest: number, oldest: number): string[] {
  const days: string[] = [];
  const last = dayOf(Math.max(0, oldest));
  for (let at = newest; days.length < MAX_DAYS; at -= DAY_MICROS) {
    const day = dayOf(Math.max(0, at));
    if (day < last) break;
    days.push(day);
    if (day === last) break;
  }
  return days;
}

/** The candidate that an item stands for; undefined where it stands for none. */
export function candidateOf(item: Item, by: SummarySubject = "trace"): Candidate | undefined {
  const key = keyOf(item, by);
  const at = startOf(item);
  return key === undefined || at === undefined ? undefined : { key, at };
}

function keyOf(item: Item, by: SummarySubject): string | undefined {
  return by === "trace" ? item["pk"]?.S?.replace(/^TRACE#/, "") : item["conversation_id"]?.S;
}

/** A sort key's time. An identifier may hold the separator; what is behind it may not. */
function startOf(item: Item): number | undefined {
  const [, hex] = /#([0-9a-f]{17})#[0-9a-f]{16}$/.exec(item["sk"]?.S ?? "") ?? [];
  return hex === undefined ? undefined : Number.parseInt(hex, 16);
}

/** What a scan has seen of each row: the start of its latest span before a time. The row's latest turn did not begin later. */
export function addToGroup(
  groups: Map<string, Candidate>,
  item: Item,
  { by = "trace", before }: { readonly by: SummarySubject | undefined; readonly before: number },
): void {
  const candidate = candidateOf(item, by);
  if (candidate === undefined || candidate.at >= before) return;
  const { key, at } = candidate;
  // The conversations 42 and "42" share a key and are two rows.
  const row = by === "trace" ? key : `${key} ${conversationKey(conversationOf(outlined(item)))}`;
  const known = groups.get(row);
  if (known === undefined || known.at < at) groups.set(row, candidate);
}

function outlined(item: Item): Readonly<Record<string, unknown>> {
  return fromMap(item["attributes"]?.M ?? {});
}

/** They are there already. */
export async function* each(candidates: readonly Candidate[]): AsyncGenerator<Candidate> {
  yield* candidates;
}

/** Streams that come newest first, as one. */
export async function* newestFirst(streams: readonly AsyncGenerator<Candidate>[]): AsyncGenerator<Candidate> {
  const heads = await Promise.all(streams.map(async (stream) => ({ stream, head: await stream.next() })));
  for (;;) {
    let newest: { at: number; from: (typeof heads)[number]; candidate: Candidate } | undefined;
    for (const from of heads) {
      if (from.head.done) continue;
      const candidate = from.head.value;
      if (newest === undefined || candidate.at > newest.at) newest = { at: candidate.at, from, candidate };
    }
    if (newest === undefined) return;
    yield newest.candidate;
    newest.from.head = await newest.from.stream.next();
  }
}

/** The first of each key: its latest turn. */
export async function* distinct(candidates: AsyncIterable<Candidate>): AsyncGenerator<Candidate> {
  const seen = new Set<string>();
  for await (const candidate of candidates) {
    if (seen.has(candidate.key)) continue;
    seen.add(candidate.key);
    yield candidate;
  }
}
