// Rows of the table `spans` as spans. A file may say anything: what is damaged is named, and the rest is read.

import type { SpanOutline } from "../conventions/facts.ts";
import { parseJsonText } from "../conventions/json-text.ts";
import { decodeFacts } from "../conventions/stored-facts.ts";
import { noteMissing } from "../delivery/missing.ts";
import { defined } from "../model/defined.ts";
import { messageOf } from "../model/errors.ts";
import { isSpanId, isTraceId } from "../model/ids.ts";
import { decodeDetails } from "../model/otlp-details.ts";
import { setOwn } from "../model/own-property.ts";
import { decodeEvent, decodeLink } from "../model/record-decoder.ts";
import { isObject } from "../model/record-reader.ts";
import {
  isSpanKind,
  isSpanStatus,
  type Scope,
  type SpanFields,
  type SpanState,
} from "../model/span-fields.ts";
import { decodeValue, mapProperties } from "../model/values.ts";
import type { Row, SqlValue } from "./connection.ts";
import { COLUMNS, type Stored, type StoredList, type StoredPieces } from "./rows.ts";
import { readableNumber, timeIn } from "./times.ts";

/** A column of numbers under its own name: see `readableNumber`. It hides the table's own from ORDER BY. */
export function exactly(column: string): string {
  return `${readableNumber(column)} AS ${column}`;
}

function readable(column: string): string {
  return ["id", "started_at", "ended_at", "writer"].includes(column) ? exactly(column) : column;
}

/** The columns of a row that is to be decoded. They hide the table's own from ORDER BY, but for `spans.started_at`. */
export const READ_COLUMNS: string = ["id", ...COLUMNS].map(readable).join(", ");

/** The columns of an outline. */
export const OUTLINE_NAMES = [
  "trace_id",
  "span_id",
  "parent_span_id",
  "span_kind",
  "started_at",
  "ended_at",
  "writer",
  "conversation",
  "facts",
  "span_name",
  "id",
  "details",
] as const;

/** Where the column cannot hold the name, `details` has it. */
const ODD_NAME = "CASE WHEN instr(span_name, char(65533)) > 0 THEN details END";

/** All rows of a group in one text, see `outlineTable`; and row by row as columns that any library can read. */
export const OUTLINE_TABLE: string = `'[' || ${OUTLINE_NAMES.map(
  (name) => `json_group_array(${name === "details" ? ODD_NAME : name})`,
).join(" || ',' || ")} || ']'`;
export const READ_OUTLINE: string = OUTLINE_NAMES.map((name) =>
  name === "details" ? `${ODD_NAME} AS details` : readable(name),
).join(", ");

/** Tells the state of a span that did not end by its writer. */
export type StateOf = (writer: unknown) => SpanState;

/** What rows have, column by column in the order of `OUTLINE_NAMES`, as JSON has it. */
export type OutlineTable = readonly (readonly unknown[])[];

/** The rows in a text of `OUTLINE_TABLE`: by columns, for which SQLite takes three quarters of the time, and parsing half. */
export function outlineTable(json: string): OutlineTable {
  const columns: unknown = JSON.parse(json);
  return Array.isArray(columns) ? columns.filter((column) => Array.isArray(column)) : [];
}

/** How many rows there are. */
export function rowsIn([first = []]: OutlineTable): number {
  return first.length;
}

/** An outline as its row has it. */
export interface ReadOutline {
  /** The row's number. */
  readonly id: number;
  readonly outline: SpanOutline;
  /** True where its facts are an older release's: see `decodeFacts`. */
  readonly isOld: boolean;
}

/**
 * A span without its payload, of the row at that index.
 * @throws RangeError for a row that cannot be a span's
 */
export function decodeOutline(table: OutlineTable, at: number, stateOf: StateOf): ReadOutline {
  const [
    traceIds,
    spanIds,
    parents,
    kinds,
    starts,
    ends,
    writers,
    conversations,
    facts,
    names,
    ids,
    details,
  ] = table;
  const [parent, kind, endedAt, conversation] = [parents?.[at], kinds?.[at], ends?.[at], conversations?.[at]];
  const stored = decodeFacts(facts?.[at]);
  const place = placeOf({
    traceId: traceIds?.[at],
    spanId: spanIds?.[at],
    name: nameIn(details?.[at]) ?? names?.[at],
    startedAt: starts?.[at],
    endedAt,
  });
  // Spelled out: a spread would take longer than all the rest.
  const outline: SpanOutline = {
    traceId: place.traceId,
    spanId: place.spanId,
    parentSpanId: parentIn(parent),
    spanName: place.spanName,
    spanKind: isSpanKind(kind) ? kind : "INTERNAL",
    startedAtMicros: place.startedAtMicros,
    endedAtMicros: place.endedAtMicros,
    state: endedAt === null ? stateOf(writers?.[at]) : "ended",
    conversationId: typeof conversation === "string" ? conversationId(conversation) : undefined,
    facts: stored.facts,
  };
  return { id: Number(ids?.[at]), outline, isOld: stored.isOld };
}

/** The name that a column cannot hold; undefined where nothing says it. */
function nameIn(details: unknown): string | undefined {
  if (typeof details !== "string") return undefined;
  const { span_name: name } = objectOf(parseJsonText(details));
  return typeof name === "string" ? name : undefined;
}

/** What a row must say to be a span's. */
function placeOf({ traceId, spanId, name, startedAt, endedAt }: IdentityColumns) {
  const trace = traceIn(traceId);
  if (trace === undefined) throw new RangeError("its trace_id is none");
  if (!isSpanId(spanId)) throw new RangeError("its span_id is none");
  if (typeof name !== "string") throw new RangeError("its span_name is no text");
  const startedAtMicros = timeIn(startedAt);
  if (startedAtMicros === undefined) throw new RangeError("it has no start");
  return { traceId: trace, spanId, spanName: name, startedAtMicros, endedAtMicros: timeIn(endedAt) };
}

/** Spans of one trace, and of one parent, mostly come together: they share the text of its id. */
let latestTrace: string | undefined;
let latestParent: string | undefined;

function traceIn(id: unknown): string | undefined {
  if (id !== latestTrace) latestTrace = isTraceId(id) ? id : undefined;
  return latestTrace;
}

function parentIn(id: unknown): string | undefined {
  if (id !== latestParent) latestParent = typeof id === "string" ? id : undefined;
  return latestParent;
}

interface IdentityColumns {
  readonly traceId: unknown;
  readonly spanId: unknown;
  readonly name: unknown;
  readonly startedAt: unknown;
  readonly endedAt: unknown;
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
  readonly links?: SpanFields["links"] | undefined;
}

/**
 * A row of `READ_COLUMNS` as a span; `elsewhere` has what its `stored` refers to. What cannot be read of it is named in `lost`,
 * and in the span's attributes.
 * @throws RangeError for a row that cannot be a span's
 */
export function decodeRow(
  row: Row,
  {
    stateOf,
    elsewhere,
    lost,
  }: { readonly stateOf: StateOf; readonly elsewhere?: Elsewhere | undefined; readonly lost: string[] },
): SpanFields {
  const { parent_span_id: parent, span_kind: kind, span_status: status } = row;
  const {
    trace_id: traceId,
    span_id: spanId,
    span_name: name,
    started_at: startedAt,
    ended_at: endedAt,
  } = row;
  const { startedAtMicros, endedAtMicros, ...place } = placeOf({ traceId, spanId, name, startedAt, endedAt });
  const attributes = readOr(lost, "attributes", {}, () => attributesIn(row["attributes"], elsewhere));
  const { resourceAttributes, scope } = readOr(lost, "resource attributes and scope", NO_ORIGIN, () =>
    originIn(row["origin"]),
  );
  // Spelled out: spreads would take longer than all the rest.
  const fields: SpanFields = {
    spanName: place.spanName,
    spanKind: isSpanKind(kind) ? kind : "INTERNAL",
    traceId: place.traceId,
    spanId: place.spanId,
    parentSpanId: typeof parent === "string" ? parent : undefined,
    startedAtMicros,
    endedAtMicros,
    state: endedAtMicros === undefined ? stateOf(row["writer"]) : "ended",
    spanStatus: isSpanStatus(status) ? status : "UNSET",
    statusMessage: undefined,
    attributes,
    resourceAttributes,
    scope,
    events: elsewhere?.events ?? NONE,
    links: elsewhere?.links ?? NONE,
  };
  const whole =
    row["details"] === null
      ? fields
      : readOr(lost, "status message, events and links", fields, () =>
          withDetails(fields, parsedObject(row["details"])),
        );
  return lost.length === 0 ? whole : { ...whole, attributes: lost.reduce(noteMissing, whole.attributes) };
}

/** One part of a row that is damaged must not hide the others. */
function readOr<T>(lost: string[], what: string, otherwise: T, read: () => T): T {
  try {
    return read();
  } catch (error) {
    lost.push(`${what}: ${messageOf(error)}`);
    return otherwise;
  }
}

const NONE: readonly never[] = Object.freeze([]);
const NO_ORIGIN: Origin = { resourceAttributes: Object.freeze({}), scope: Object.freeze({ name: "" }) };

/** What few spans have. */
function withDetails(fields: SpanFields, details: Readonly<Record<string, unknown>>): SpanFields {
  const { span_name: name, status_message: message, events, links, trace_state: traceState, otlp } = details;
  return {
    ...fields,
    ...defined({
      spanName: typeof name === "string" ? name : undefined,
      statusMessage: typeof message === "string" ? message : undefined,
      events: fields.events.length > 0 ? undefined : listOf(events).map(decodeEvent),
      links: fields.links.length > 0 ? undefined : listOf(links).map(decodeLink),
      traceState: typeof traceState === "string" ? traceState : undefined,
      otlp: isObject(otlp) ? decodeDetails(otlp) : undefined,
    }),
  };
}

/** What the row says is kept elsewhere; what cannot be true of it is named in `lost`. */
export function storedIn(row: Row, lost: string[]): Stored | undefined {
  if (row["stored"] === null) return undefined;
  const { lists, pieces, events, links, rest } = readOr(lost, "what is kept elsewhere", {}, () =>
    parsedObject(row["stored"]),
  );
  const known = <T>(places: unknown, read: (place: unknown) => T | undefined): Record<string, T> => {
    const found = Object.entries(objectOf(places)).flatMap(([key, place]): [string, T][] => {
      const value = read(place);
      if (value === undefined) lost.push(`${key}: what the row says of it cannot be true`);
      return value === undefined ? [] : [[key, value]];
    });
    return Object.fromEntries(found);
  };
  const one = (name: string, place: unknown) =>
    place === undefined ? undefined : known({ [name]: place }, piecesIn)[name];
  const [event, link, others] = [one("events", events), one("links", links), one("attributes", rest)];
  return {
    lists: known(lists, listIn),
    pieces: known(pieces, piecesIn),
    ...defined({ events: event, links: link, rest: others }),
  };
}

function listIn(list: unknown): StoredList | undefined {
  const { hash, length } = objectOf(list);
  return typeof hash === "string" && typeof length === "number" ? { hash, length } : undefined;
}

function piecesIn(place: unknown): StoredPieces | undefined {
  const { number, bytes } = objectOf(place);
  return typeof number === "number" && typeof bytes === "number" ? { number, bytes } : undefined;
}

/** What was parsed just now is nobody else's: its values are decoded in place. */
function attributesIn(
  json: SqlValue | undefined,
  elsewhere: Elsewhere | undefined,
): SpanFields["attributes"] {
  const attributes = parsedObject(json);
  for (const key of Object.keys(attributes)) {
    const value = attributes[key];
    if (typeof value === "object" && value !== null) setOwn(attributes, key, decodeValue(value));
  }
  for (const [key, value] of elsewhere?.attributes ?? []) setOwn(attributes, key, value);
  return Object.freeze(attributes);
}

function parsedObject(json: SqlValue | undefined): Record<string, unknown> {
  const parsed: unknown = typeof json === "string" ? JSON.parse(json) : undefined;
  if (!isObject(parsed)) throw new TypeError("it is no JSON of an object");
  return parsed;
}

/** Most rows of one read share it. */
let latestOriginRead: { readonly json: string; readonly origin: Origin } | undefined;

type Origin = Pick<SpanFields, "resourceAttributes" | "scope">;

function originIn(json: SqlValue | undefined): Origin {
  if (typeof json === "string" && latestOriginRead?.json === json) return latestOriginRead.origin;
  const { resource_attributes: resource, scope } = parsedObject(json);
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

function objectOf(value: unknown): Readonly<Record<string, unknown>> {
  return isObject(value) ? value : {};
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
