// A span as a row of the table `spans`.

import { conversationOf } from "../conventions/conversation.ts";
import { factsOf } from "../conventions/facts.ts";
import { encodeFacts } from "../conventions/stored-facts.ts";
import { conversationKey } from "../model/conversation.ts";
import { jsonString } from "../model/json-strings.ts";
import { encodeDetails } from "../model/otlp-details.ts";
import { encodeEvent, encodeLink } from "../model/record.ts";
import type { SpanFields } from "../model/span-fields.ts";
import { encodeValue, mapProperties } from "../model/values.ts";
import type { SqlValue } from "./connection.ts";

/** The columns that a span fills, in the order of `rowValues`. */
export const COLUMNS = [
  "trace_id",
  "span_id",
  "parent_span_id",
  "span_name",
  "span_kind",
  "span_status",
  "started_at",
  "ended_at",
  "writer",
  "identifier",
  "conversation",
  "facts",
  "origin",
  "details",
  "stored",
  "attributes",
] as const;

/** Adds a row. */
export const INSERT_SPAN: string = `INSERT INTO spans (${COLUMNS.join(", ")}) VALUES (${COLUMNS.map(() => "?").join(", ")})`;

/** Those that change while a span runs. */
const CHANGING: readonly string[] = COLUMNS.slice(COLUMNS.indexOf("span_name")).filter(
  (name) => !["started_at", "identifier"].includes(name),
);

/** Brings a row up to date; the last values say which. The id alone would do, were it not for files that are replaced. */
export const UPDATE_SPAN: string = `UPDATE spans SET ${CHANGING.map((name) => `${name} = ?`).join(", ")} WHERE id = ? AND trace_id = ? AND span_id = ?`;

/** What a span is known by: two that say the same are one. */
export type SpanKey = Pick<SpanFields, "traceId" | "spanId" | "startedAtMicros">;

/** The row of a span, by `keyValues`. By the start too, so that it is a look into an index and not at each span of the trace. */
export const FIND_SPAN =
  "SELECT id, ended_at IS NULL AS is_open FROM spans INDEXED BY spans_by_trace WHERE trace_id = ? AND started_at = ? AND span_id = ?";

/** The values of `FIND_SPAN`. */
export function keyValues({ traceId, startedAtMicros, spanId }: SpanKey): SqlValue[] {
  return [traceId, startedAtMicros, spanId];
}

/** Values of a span that are kept outside of its row. */
export interface Stored {
  /** Attributes whose value is the first `length` messages of the list `hash`. */
  readonly lists?: Readonly<Record<string, StoredList>>;
  /** Attributes whose value is in pieces. */
  readonly pieces?: Readonly<Record<string, StoredPieces>>;
  /** The same for all events. */
  readonly events?: StoredPieces;
  /** The same for all links. */
  readonly links?: StoredPieces;
  /** All other attributes, as one object: together they are too much for a row, which then does not have their names either. */
  readonly rest?: StoredPieces;
}

/** A message list that is stored as a chain. */
export interface StoredList {
  readonly hash: string;
  readonly length: number;
}

/** A value in pieces: the number that its owner's name ends with, and its bytes when unpacked. */
export interface StoredPieces {
  readonly number: number;
  readonly bytes: number;
}

/** What a row says beside the span itself. */
export interface BesideSpan {
  readonly identifier: string;
  /** Who writes the span while it runs; 0 where nobody knows, null where it ended or was interrupted. */
  readonly writer: number | null;
  /** What of the span is kept elsewhere: these attributes are null in the row. */
  readonly stored?: Stored | undefined;
  /** What `detailsOf` gave, where that was made already. */
  readonly details?: string | null | undefined;
}

/** The values of `INSERT_SPAN`. `span` has own properties: see `plainFields`. */
export function rowValues(span: SpanFields, place: BesideSpan): SqlValue[] {
  const { attributes } = span;
  const { identifier, writer, stored, details = detailsOf(span, stored) } = place;
  return [
    span.traceId,
    span.spanId,
    span.parentSpanId ?? null,
    plainText(span.spanName),
    span.spanKind,
    span.spanStatus,
    span.startedAtMicros,
    span.endedAtMicros ?? null,
    writer,
    identifier,
    conversationKey(conversationOf(attributes)) ?? null,
    encodeFacts(factsOf(span)),
    originOf(span),
    details,
    stored === undefined ? null : JSON.stringify(stored),
    attributesJson(attributes, stored),
  ];
}

/** Of the values of `INSERT_SPAN`, those of `UPDATE_SPAN`. */
export function changingValues(values: readonly SqlValue[], id: number): SqlValue[] {
  const of = (name: string) => values[INDEX.get(name) ?? 0] ?? null;
  return [...CHANGING.map(of), id, of("trace_id"), of("span_id")];
}

const INDEX: ReadonlyMap<string, number> = new Map(COLUMNS.map((name, i) => [name, i]));

/** Attributes as JSON. Strings and numbers, which are most, need no copy. */
function attributesJson(attributes: SpanFields["attributes"], stored: Stored | undefined): string {
  let json = "{";
  for (const key of stored?.rest === undefined ? Object.keys(attributes) : elsewhereIn(stored)) {
    if (json.length > 1) json += ",";
    json += `${jsonString(key)}:${isStored(stored, key) ? "null" : valueJson(attributes[key])}`;
  }
  return `${json}}`;
}

function valueJson(value: unknown): string {
  return typeof value === "string" ? jsonString(value) : JSON.stringify(encodeValue(value));
}

/** Names of attributes that are kept elsewhere by themselves. */
function elsewhereIn({ lists = {}, pieces = {} }: Stored): string[] {
  return [...Object.keys(lists), ...Object.keys(pieces)];
}

function isStored({ lists, pieces }: Stored = {}, key: string): boolean {
  return (
    (lists !== undefined && Object.hasOwn(lists, key)) || (pieces !== undefined && Object.hasOwn(pieces, key))
  );
}

/** Most spans of a process share resource and scope: their JSON is made once. */
let latestOrigin: { readonly resource: object; readonly scope: object; readonly json: string } | undefined;

function originOf({ resourceAttributes: resource, scope }: SpanFields): string {
  if (latestOrigin?.resource === resource && latestOrigin.scope === scope) return latestOrigin.json;
  const json = JSON.stringify({ resource_attributes: mapProperties(resource, encodeValue), scope });
  // Only what cannot change may be remembered.
  if (Object.isFrozen(resource) && Object.isFrozen(scope)) latestOrigin = { resource, scope, json };
  return json;
}

/** What few spans have, as JSON; null for a span that has nothing of it. */
export function detailsOf(span: SpanFields, stored: Stored | undefined): string | null {
  const { statusMessage, events, links, spanName, traceState, otlp } = span;
  const isShort = statusMessage === undefined && events.length === 0 && links.length === 0;
  if (isShort && isPlainText(spanName) && traceState === undefined && otlp === undefined) return null;
  // JSON leaves out what is undefined.
  return JSON.stringify({
    span_name: isPlainText(spanName) ? undefined : spanName,
    status_message: statusMessage,
    events: events.length === 0 || stored?.events !== undefined ? undefined : events.map(encodeEvent),
    links: links.length === 0 || stored?.links !== undefined ? undefined : links.map(encodeLink),
    trace_state: traceState,
    otlp: otlp && encodeDetails(otlp),
  });
}

/** SQLite's texts cannot hold lone surrogates, and some tools stop at a NUL; `details` has such a name as it is. */
function plainText(text: string): string {
  return isPlainText(text) ? text : text.toWellFormed().replaceAll("\0", "\ufffd");
}

function isPlainText(text: string): boolean {
  return text.isWellFormed() && !text.includes("\0");
}
