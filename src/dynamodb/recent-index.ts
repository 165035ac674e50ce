// The recent index: spans that begin a turn, by identifier and day, so that the newest are listed without a scan.

import type { QueryCommandInput } from "@aws-sdk/client-dynamodb";
import { isoMicros } from "../model/clock.ts";
import type { SpanFields } from "../model/span-fields.ts";
import type { Item } from "./items.ts";

/** The index's partition key. Its sort key is the table's. */
export const RECENT_ATTRIBUTE = "recent";
/** What else the index holds: its entries stay below 1 KB, a write unit each. */
export const RECENT_PROJECTION: readonly string[] = ["conversation_id"];
/** The index's name, unless told. */
const RECENT_INDEX = "by_recent";

/** A partition takes 1000 writes a second: so many partitions share an identifier's day. */
export const SHARDS = 8;

/** The attribute that puts a span's item into the index. */
export function recentKey(span: SpanFields, identifier: string, conversation: string | undefined): Item {
  const shard = shardOf(conversation ?? span.traceId);
  return { [RECENT_ATTRIBUTE]: { S: recentPartition(identifier, dayOf(span.startedAtMicros), shard) } };
}

/** One partition of the index. */
export function recentPartition(identifier: string, day: string, shard: number): string {
  return `${identifier}#${day}#${shard}`;
}

/** The day of a time, in UTC. */
export function dayOf(micros: number): string {
  return isoMicros(micros).split("T", 1)[0] ?? "";
}

/** FNV-1a: spreads the turns of many conversations, and keeps those of one together. */
function shardOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return ((hash ^ (hash >>> 16)) >>> 0) % SHARDS;
}

/** The item that says: on this day something was written under this identifier. One a process and day. */
export function markerItem({ identifier, day, expireAt }: Marker): Item {
  return {
    pk: { S: markerPartition(day) },
    sk: { S: MARKER_PREFIX + identifier },
    expire_at: { N: String(expireAt) },
  };
}

interface Marker {
  readonly identifier: string;
  readonly day: string;
  readonly expireAt: number;
}

/** The day of a marker; undefined for other items. */
export function markedDay(item: Item): string | undefined {
  const pk = item["pk"]?.S;
  return pk?.startsWith(MARKER_PARTITION) ? pk.slice(MARKER_PARTITION.length) : undefined;
}

/** Asks which identifiers wrote on a day. */
export function markersQuery(
  tableName: string,
  day: string,
  identifier: string | undefined,
): QueryCommandInput {
  const names = { "#pk": "pk", "#sk": "sk" };
  const sk = identifier === undefined ? "begins_with(#sk, :sk)" : "#sk = :sk";
  return {
    TableName: tableName,
    ConsistentRead: true,
    KeyConditionExpression: `#pk = :pk AND ${sk}`,
    ExpressionAttributeNames: names,
    ExpressionAttributeValues: {
      ":pk": { S: markerPartition(day) },
      ":sk": { S: MARKER_PREFIX + (identifier ?? "") },
    },
  };
}

/** The identifier of a marker. */
export function markedIdentifier(item: Item): string | undefined {
  return item["sk"]?.S?.slice(MARKER_PREFIX.length);
}

const MARKER_PREFIX = "IDENTIFIER#";

const MARKER_PARTITION = "RECENT#";

function markerPartition(day: string): string {
  return MARKER_PARTITION + day;
}

/** The name of the recent index that an option means; undefined for none. */
export function recentIndexName(option: boolean | string | undefined): string | undefined {
  if (option === true) return RECENT_INDEX;
  return option === false ? undefined : option;
}

/** The check of the option `recentIndex`. */
export function isIndexOption(value: unknown): string | undefined {
  return typeof value === "boolean" || (typeof value === "string" && value !== "")
    ? undefined
    : "true, false or the name of an index";
}
