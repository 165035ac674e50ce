// A span as a DynamoDB item and back. The layout is shared with the Python Generative AI Toolkit: see docs/dynamodb.md.
import { createHash } from "node:crypto";
import type { AttributeValue } from "@aws-sdk/client-dynamodb";
import { NAMES } from "../conventions/names.ts";
import { isoMicros } from "../model/clock.ts";
import { NO_IDENTIFIER } from "../model/query.ts";
import { decodeRecord, encodeEvent, encodeLink, type SpanFields } from "../model/record.ts";
import { encodeValue } from "../model/values.ts";
import { fromMap, toAttributeValue, toMap } from "./values.ts";

/** One stored item. */
export type Item = Record<string, AttributeValue>;

/** Where and how long a span is stored. */
export interface ItemOptions {
  readonly identifier?: string | undefined;
  /** Seconds from now until DynamoDB may delete the item. */
  readonly ttlSeconds: number;
}

/** DynamoDB's limit for the partition key of an index, in bytes. */
const MAX_KEY_BYTES = 2048;
const SPAN_PREFIX = "SPAN#";

/** The partition of a trace. */
export function tracePartition(traceId: string): string {
  return `TRACE#${traceId}`;
}

/** What the sort keys of all spans begin with, of those under one identifier where one is given. */
export function sortKeyPrefix(identifier: string | undefined): string {
  return identifier === undefined ? SPAN_PREFIX : `${SPAN_PREFIX}${identifier}#`;
}

/**
 * The index key of a conversation: its id as text. Undefined for none. An id that is too long for a key is named by its
 * hash.
 */
export function conversationKey(conversationId: unknown): string | undefined {
  if (conversationId === undefined || conversationId === null || conversationId === "") return undefined;
  const text = typeof conversationId === "object" ? canonicalJson(conversationId) : String(conversationId);
  if (Buffer.byteLength(text) <= MAX_KEY_BYTES) return text;
  return `sha256:${createHash("sha256").update(text).digest("hex")}`;
}

/** The same text for values that are equal, whatever the order of their keys. */
function canonicalJson(value: object): string {
  return JSON.stringify(encodeValue(value), (_key, inner: unknown) =>
    typeof inner === "object" && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}

/** A span's item. */
export function toItem(span: SpanFields, { identifier = NO_IDENTIFIER, ttlSeconds }: ItemOptions): Item {
  const { startedAtMicros: start, endedAtMicros: end } = span;
  const conversation = conversationKey(span.attributes[NAMES.conversationId]);
  const startKey = start.toString(16).padStart(17, "0");
  return {
    pk: { S: tracePartition(span.traceId) },
    sk: { S: `${sortKeyPrefix(identifier)}${startKey}#${span.spanId}` },
    identifier: { S: identifier },
    expire_at: { N: String(Math.floor(Date.now() / 1000) + ttlSeconds) },
    ...(conversation === undefined ? {} : { conversation_id: { S: conversation } }),
    trace_id: { S: span.traceId },
    span_id: { S: span.spanId },
    parent_span_id: span.parentSpanId === undefined ? { NULL: true } : { S: span.parentSpanId },
    span_name: { S: span.spanName },
    span_kind: { S: span.spanKind },
    span_status: { S: span.spanStatus },
    started_at: { S: isoMicros(start) },
    ...(end === undefined ? {} : endFields(start, end)),
    scope_name: { S: span.scope.name },
    scope_version: span.scope.version === undefined ? { NULL: true } : { S: span.scope.version },
    resource_attributes: { M: toMap(span.resourceAttributes) },
    attributes: { M: toMap(span.attributes) },
    ...ownFields(span),
  };
}

function endFields(start: number, end: number): Item {
  return { ended_at: { S: isoMicros(end) }, duration_ms: { N: String(Math.round((end - start) / 1000)) } };
}

/** What the toolkit does not know, only where it says something; events and links as in the record. */
function ownFields({ statusMessage, events, links }: SpanFields): Item {
  return {
    ...(statusMessage === undefined ? {} : { status_message: { S: statusMessage } }),
    ...(events.length === 0 ? {} : { events: toAttributeValue(events.map(encodeEvent)) }),
    ...(links.length === 0 ? {} : { links: toAttributeValue(links.map(encodeLink)) }),
  };
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
export function fromItem(item: Item): StoredSpan | undefined {
  if (!item["sk"]?.S?.startsWith(SPAN_PREFIX)) return undefined;
  const { attributes, resource_attributes, ...rest } = item;
  const record = fromMap(rest);
  const scope = { name: record["scope_name"], version: record["scope_version"] };
  return {
    fields: {
      ...decodeRecord({ ...record, scope }),
      attributes: fromMap(attributes?.M ?? {}),
      resourceAttributes: fromMap(resource_attributes?.M ?? {}),
    },
    identifier: item["identifier"]?.S ?? NO_IDENTIFIER,
  };
}
