// A span as a DynamoDB item and back. The layout is shared with the Python Generative AI Toolkit: see docs/dynamodb.md.
import { conversationOf } from "../conventions/conversation.ts";
import { mayBeginTurn } from "../conventions/turns.ts";
import { NO_IDENTIFIER } from "../model/identifier.ts";
import { encodeDetails } from "../model/otlp-details.ts";
import { encodeEvent, encodeLink } from "../model/record.ts";
import { decodeRecord } from "../model/record-decoder.ts";
import type { SpanFields } from "../model/span-fields.ts";
import type { Item } from "./items.ts";
import { type KeyLayout, LAYOUTS } from "./layout.ts";
import { recentKey } from "./recent-index.ts";
import { fromMap, toAttributeValue, toMap } from "./values.ts";

/** Where and how long a span is stored. */
export interface ItemOptions {
  readonly identifier?: string | undefined;
  /** Seconds from now until DynamoDB may delete the item. */
  readonly ttlSeconds: number;
  /** Default `"conversation"`. */
  readonly keyLayout?: KeyLayout | undefined;
  /** Whether spans that begin a turn go into the recent index too. */
  readonly recent?: boolean | undefined;
}

const SPAN_PREFIX = "SPAN#";

/** The partition of a trace. */
export function tracePartition(traceId: string): string {
  return `TRACE#${traceId}`;
}

/** What the sort keys of all spans begin with, of those under one identifier where one is given. */
export function sortKeyPrefix(identifier: string | undefined): string {
  return identifier === undefined ? SPAN_PREFIX : `${SPAN_PREFIX}${identifier}#`;
}

/** The identifier in a sort key, which may hold the separator; undefined where the key is no span's. */
export function keyIdentifier(item: Item | undefined): string | undefined {
  return /^SPAN#(.*)#[0-9a-f]{17}#[0-9a-f]{16}$/s.exec(item?.["sk"]?.S ?? "")?.[1];
}

/** A start time as sort keys hold it. In order for all times since 1970. */
export function startKey(micros: number): string {
  return micros.toString(16).padStart(17, "0");
}

/** A span's item. */
export function toItem(span: SpanFields, options: ItemOptions): Item {
  const { identifier = NO_IDENTIFIER, ttlSeconds, keyLayout = "conversation" } = options;
  const layout = LAYOUTS[keyLayout];
  const { startedAtMicros: start, endedAtMicros: end, attributes } = span;
  const conversation = layout.indexKey(conversationOf(attributes), attributes);
  // One literal and a few assignments: spreads would double the time, and this is done for each span.
  const item: Item = {
    pk: { S: tracePartition(span.traceId) },
    sk: { S: `${sortKeyPrefix(identifier)}${startKey(start)}#${span.spanId}` },
    identifier: options.identifier === undefined ? layout.noIdentifier : { S: identifier },
    expire_at: { N: String(expiry(ttlSeconds)) },
    trace_id: { S: span.traceId },
    span_id: { S: span.spanId },
    parent_span_id: span.parentSpanId === undefined ? { NULL: true } : { S: span.parentSpanId },
    span_name: { S: span.spanName.toWellFormed() },
    span_kind: { S: span.spanKind },
    started_at: { S: layout.time(start) },
    scope_name: { S: span.scope.name.toWellFormed() },
    scope_version:
      span.scope.version === undefined ? { NULL: true } : { S: span.scope.version.toWellFormed() },
    resource_attributes: { M: toMap(span.resourceAttributes, 0, layout.forms) },
    attributes: { M: toMap(attributes, 0, layout.forms) },
  };
  if (layout.hasStatus(span)) item["span_status"] = { S: span.spanStatus };
  if (conversation !== undefined) item["conversation_id"] = { S: conversation };
  const principal = layout.authContext?.(attributes);
  if (principal !== undefined) item["auth_context"] = { S: principal };
  if (options.recent && mayBeginTurn(span)) Object.assign(item, recentKey(span, identifier, conversation));
  if (end !== undefined) {
    item["ended_at"] = { S: layout.time(end) };
    item["duration_ms"] = { N: String(Math.round((end - start) / 1000)) };
  }
  addOwnFields(item, span);
  return item;
}

/** When DynamoDB may delete what is written now, in seconds since the epoch. */
export function expiry(ttlSeconds: number): number {
  return Math.floor(Date.now() / 1000) + ttlSeconds;
}

/** What the toolkit does not know, only where it says something; events and links as in the record. */
function addOwnFields(
  item: Item,
  { statusMessage, events, links, traceState, otlp, state }: SpanFields,
): void {
  if (state === "interrupted") item["state"] = { S: state };
  if (statusMessage !== undefined) item["status_message"] = { S: statusMessage.toWellFormed() };
  if (events.length > 0) item["events"] = toAttributeValue(events.map(encodeEvent));
  if (links.length > 0) item["links"] = toAttributeValue(links.map(encodeLink));
  if (traceState !== undefined) item["trace_state"] = { S: traceState.toWellFormed() };
  if (otlp !== undefined) item["otlp"] = toAttributeValue(encodeDetails(otlp));
}

/** A stored span, with the identifier it was written under. */
export interface StoredSpan {
  readonly fields: SpanFields;
  readonly identifier: string;
}

/**
 * Reads an item, of any version of the toolkit or of Tracelight; undefined for items that are not spans.
 * @throws TracelightError `INVALID_RECORD` where a span's item is broken.
 */
export function fromItem(item: Item, keyLayout: KeyLayout = "conversation"): StoredSpan | undefined {
  if (!item["sk"]?.S?.startsWith(SPAN_PREFIX)) return undefined;
  const { attributes, resource_attributes, ...rest } = item;
  const record = fromMap(rest);
  const { readText } = LAYOUTS[keyLayout];
  const scope = { name: record["scope_name"], version: record["scope_version"] };
  return {
    fields: {
      ...decodeRecord({ ...record, scope }),
      attributes: fromMap(attributes?.M ?? {}, readText),
      resourceAttributes: fromMap(resource_attributes?.M ?? {}, readText),
    },
    identifier: item["identifier"]?.S ?? NO_IDENTIFIER,
  };
}
