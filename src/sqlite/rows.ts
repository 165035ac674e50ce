// A span as a row of the table `spans`, and back.
import { parseJsonText } from "../conventions/json-text.ts";
import { factsOf, type SpanFacts, type SpanOutline } from "../conventions/summary.ts";
import { setOwn } from "../model/capture.ts";
import { conversationKey, conversationOf } from "../model/conversation.ts";
import { decodeDetails, encodeDetails } from "../model/otlp-details.ts";
import {
  decodeEvent,
  decodeLink,
  encodeEvent,
  encodeLink,
  isSpanKind,
  isSpanStatus,
  type Scope,
  type SpanFields,
  type SpanState,
} from "../model/record.ts";
import { decodeValue, encodeValue, mapProperties } from "../model/values.ts";
import type { Row, SqlValue } from "./driver.ts";
import { readableTime, timeIn } from "./times.ts";

/** The columns that a span fills, in the order of `rowValues`. */
const COLUMNS = [
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

/** What is read of a row: see `decodeRow`. */
export const READ_COLUMNS: string = ["id", ...COLUMNS]
  .map((name) => (name === "started_at" || name === "ended_at" ? `${readableTime(name)} AS ${name}` : name))
  .join(", ");

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
}

/** A message list of the content store. */
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
export interface RowPlace {
  readonly identifier: string;
  /** Who writes the span while it runs; 0 where nobody knows, null where it ended or was interrupted. */
  readonly writer: number | null;
  /** What of the span is kept elsewhere: these attributes are null in the row. */
  readonly stored?: Stored | undefined;
}

/** The values of `INSERT_SPAN`. `span` has own properties: see `plainFields`. */
export function rowValues(span: SpanFields, { identifier, writer, stored }: RowPlace): SqlValue[] {
  const { attributes } = span;
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
    JSON.stringify(factsOf(span)),
    originOf(span),
    detailsOf(span, stored),
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
  for (const key of Object.keys(attributes)) {
    if (json.length > 1) json += ",";
    json += `${JSON.stringify(key)}:${isStored(stored, key) ? "null" : valueJson(attributes[key])}`;
  }
  return `${json}}`;
}

function valueJson(value: unknown): string {
  return JSON.stringify(typeof value === "string" ? value : encodeValue(value));
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

function detailsOf(span: SpanFields, stored: Stored | undefined): string | null {
  const { statusMessage, events, links, spanName, traceState, otlp } = span;
  const isShort = statusMessage === undefined && events.length === 0 && links.length === 0;
  if (isShort && isPlainText(spanName) && traceState === undefined && otlp === undefined) return null;
  return JSON.stringify({
    ...(isPlainText(spanName) ? {} : { span_name: spanName }),
    ...(statusMessage === undefined ? {} : { status_message: statusMessage }),
    ...(events.length === 0 || stored?.events !== undefined ? {} : { events: events.map(encodeEvent) }),
    ...(links.length === 0 ? {} : { links: links.map(encodeLink) }),
    ...(traceState === undefined ? {} : { trace_state: traceState }),
    ...(otlp === undefined ? {} : { otlp: encodeDetails(otlp) }),
  });
}

/** SQLite's texts cannot hold lone surrogates, and some tools stop at a NUL; `details` has such a name as it is. */
export function plainText(text: string): string {
  return isPlainText(text) ? text : text.toWellFormed().replaceAll("\0", "\ufffd");
}

function isPlainText(text: string): boolean {
  return text.isWellFormed() && !text.includes("\0");
}

/** The columns of an outline, for `json_array`: see `outlineRows`. */
export const OUTLINE_COLUMNS =
  "trace_id, span_id, parent_span_id, span_kind, started_at, ended_at, writer, conversation, facts, span_name";

/** Tells the state of a span that did not end by its writer. */
export type StateOf = (writer: unknown) => SpanState;

/** One outline's columns, as JSON has them. */
export type OutlineRow = readonly unknown[];

/** The rows in a text of `json_group_array(json_array(OUTLINE_COLUMNS))`. */
export function outlineRows(json: string): readonly OutlineRow[] {
  const rows: unknown = JSON.parse(json);
  return Array.isArray(rows) ? rows.filter((row) => Array.isArray(row)) : [];
}

/** A span without its payload. */
export function decodeOutline(row: OutlineRow, stateOf: StateOf): SpanOutline {
  const [traceId, spanId, parent, kind, startedAt, endedAt, writer, conversation, facts, name] = row;
  return {
    traceId: String(traceId),
    spanId: String(spanId),
    parentSpanId: typeof parent === "string" ? parent : undefined,
    spanName: String(name),
    spanKind: isSpanKind(kind) ? kind : "INTERNAL",
    startedAtMicros: timeIn(startedAt) ?? 0,
    endedAtMicros: timeIn(endedAt),
    state: timeIn(endedAt) === undefined ? stateOf(writer) : "ended",
    conversationId: typeof conversation === "string" ? conversationId(conversation) : undefined,
    facts: factsIn(facts),
  };
}

/** The spans of a row share it. */
let latestConversation: { readonly json: string; readonly id: unknown } | undefined;

function conversationId(json: string): unknown {
  if (latestConversation?.json !== json) latestConversation = { json, id: decodeJson(json) };
  return latestConversation.id;
}

/** Values that are kept outside of the row, by attribute name. */
export interface Elsewhere {
  readonly attributes: ReadonlyMap<string, unknown>;
  readonly events?: SpanFields["events"] | undefined;
}

/** A row of all columns as a span; `elsewhere` has what its `stored` refers to. */
export function decodeRow(row: Row, stateOf: StateOf, elsewhere?: Elsewhere): SpanFields {
  const { parent_span_id: parent, span_kind: kind, span_status: status, ended_at: ended } = row;
  const { resourceAttributes, scope } = originIn(row["origin"]);
  // Spelled out: spreads would take longer than all the rest.
  const fields = {
    spanName: String(row["span_name"]),
    spanKind: isSpanKind(kind) ? kind : "INTERNAL",
    traceId: String(row["trace_id"]),
    spanId: String(row["span_id"]),
    parentSpanId: typeof parent === "string" ? parent : undefined,
    startedAtMicros: timeIn(row["started_at"]) ?? 0,
    endedAtMicros: timeIn(ended),
    state: timeIn(ended) === undefined ? stateOf(row["writer"]) : "ended",
    spanStatus: isSpanStatus(status) ? status : "UNSET",
    statusMessage: undefined,
    attributes: attributesIn(row["attributes"], elsewhere),
    resourceAttributes,
    scope,
    events: elsewhere?.events ?? NONE,
    links: NONE,
  } as const;
  return typeof row["details"] === "string" ? withDetails(fields, objectIn(row["details"])) : fields;
}

const NONE: readonly never[] = Object.freeze([]);

/** What few spans have. */
function withDetails(fields: SpanFields, details: Readonly<Record<string, unknown>>): SpanFields {
  const { span_name: name, status_message: message, events, links, trace_state: traceState, otlp } = details;
  return {
    ...fields,
    ...(typeof name === "string" ? { spanName: name } : {}),
    ...(typeof message === "string" ? { statusMessage: message } : {}),
    ...(fields.events.length > 0 ? {} : { events: listOf(events).map(decodeEvent) }),
    links: listOf(links).map(decodeLink),
    ...(typeof traceState === "string" ? { traceState } : {}),
    ...(isObject(otlp) ? { otlp: decodeDetails(otlp) } : {}),
  };
}

/** What the row says is kept elsewhere. */
export function storedIn(row: Row): Stored | undefined {
  if (typeof row["stored"] !== "string") return undefined;
  const { lists, pieces, events } = objectIn(row["stored"]);
  const all = Object.entries(objectOf(pieces));
  return {
    lists: Object.fromEntries(Object.entries(objectOf(lists)).flatMap(([key, list]) => listIn(key, list))),
    pieces: Object.fromEntries(all.flatMap(([key, place]) => piecesIn(place).map((found) => [key, found]))),
    ...Object.fromEntries(piecesIn(events).map((found) => ["events", found])),
  };
}

function listIn(key: string, list: unknown): [string, StoredList][] {
  const { hash, length } = objectOf(list);
  return typeof hash === "string" && typeof length === "number" ? [[key, { hash, length }]] : [];
}

function piecesIn(place: unknown): StoredPieces[] {
  const { number, bytes } = objectOf(place);
  return typeof number === "number" && typeof bytes === "number" ? [{ number, bytes }] : [];
}

/** What was parsed just now is nobody else's: its values are decoded in place. */
function attributesIn(
  json: SqlValue | undefined,
  elsewhere: Elsewhere | undefined,
): SpanFields["attributes"] {
  const attributes: Record<string, unknown> = parsedObject(json);
  for (const key of Object.keys(attributes)) {
    const value = attributes[key];
    if (typeof value === "object" && value !== null) setOwn(attributes, key, decodeValue(value));
  }
  for (const [key, value] of elsewhere?.attributes ?? []) setOwn(attributes, key, value);
  return Object.freeze(attributes);
}

function parsedObject(json: SqlValue | undefined): Record<string, unknown> {
  const parsed: unknown = typeof json === "string" ? JSON.parse(json) : undefined;
  return isRecord(parsed) ? parsed : {};
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Many spans of a listing have the same. */
const factsRead = new Map<string, SpanFacts>();
const MOST_READ = 500;
const LONGEST_READ = 500;

/** Written by `factsOf` alone; a file that says otherwise must not make a listing fail. */
function factsIn(json: unknown): SpanFacts {
  if (typeof json !== "string") return NO_FACTS;
  const known = factsRead.get(json);
  if (known !== undefined) return known;
  const parsed = parseJsonText(json);
  const facts = isObject(parsed) && isFacts(parsed) ? parsed : NO_FACTS;
  if (json.length > LONGEST_READ) return facts;
  if (factsRead.size >= MOST_READ) factsRead.clear();
  factsRead.set(json, facts);
  return facts;
}

const NO_FACTS: SpanFacts = { kind: "other" };

function isFacts(facts: object): facts is SpanFacts {
  if (typeof Reflect.get(facts, "kind") !== "string") return false;
  for (const name in facts) {
    const expected = FACT_TYPES.get(name);
    if (expected !== undefined && typeof Reflect.get(facts, name) !== expected) return false;
  }
  return true;
}

const FACT_TYPES: ReadonlyMap<string, string> = new Map([
  ...["title", "agent", "user", "tool", "model", "scope"].map((name): [string, string] => [name, "string"]),
  ...["inputTokens", "outputTokens"].map((name): [string, string] => [name, "number"]),
  ...["failed", "aborted"].map((name): [string, string] => [name, "boolean"]),
]);

/** Most rows of one read share it. */
let latestOriginRead: { readonly json: string; readonly origin: Origin } | undefined;

type Origin = Pick<SpanFields, "resourceAttributes" | "scope">;

function originIn(json: SqlValue | undefined): Origin {
  if (typeof json === "string" && latestOriginRead?.json === json) return latestOriginRead.origin;
  const { resource_attributes: resource, scope } = objectIn(json);
  const origin = {
    resourceAttributes: Object.freeze(mapProperties(objectOf(resource), decodeJsonValue)),
    scope: Object.freeze(scopeIn(scope)),
  };
  if (typeof json === "string") latestOriginRead = { json, origin };
  return origin;
}

function scopeIn(scope: unknown): Scope {
  const { name, version } = objectOf(scope);
  return { name: typeof name === "string" ? name : "", ...(typeof version === "string" ? { version } : {}) };
}

/** The value of its JSON. */
export function decodeJson(json: string): unknown {
  const parsed: unknown = JSON.parse(json);
  return decodeValue(parsed);
}

function decodeJsonValue(value: unknown): unknown {
  return decodeValue(value);
}

function objectIn(json: SqlValue | undefined): Readonly<Record<string, unknown>> {
  const parsed: unknown = typeof json === "string" ? JSON.parse(json) : undefined;
  return objectOf(parsed);
}

function objectOf(value: unknown): Readonly<Record<string, unknown>> {
  return isObject(value) ? value : {};
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
