// What OTLP says of a span beyond the model's own fields: kept for spans that came that way, so that nothing is lost.
import type { Attributes } from "./attributes.ts";
import { isNumber, isObject, isString, RecordReader } from "./record-reader.ts";
import { decodeValue, encodeValue, type JsonValue, mapProperties } from "./values.ts";

/** Each field only where it says something. */
export interface OtlpDetails {
  /** W3C trace flags, and OpenTelemetry's own above them. */
  readonly flags?: number | undefined;
  /** How much whoever sent the span had to leave out. */
  readonly droppedAttributesCount?: number | undefined;
  /** How many events whoever sent it had to leave out. */
  readonly droppedEventsCount?: number | undefined;
  /** How many links whoever sent it had to leave out. */
  readonly droppedLinksCount?: number | undefined;
  /** What else came with its resource. */
  readonly resource?: OtlpPartDetails | undefined;
  /** What else came with its scope. */
  readonly scope?: OtlpPartDetails | undefined;
}

/** The same of a resource or scope. */
export interface OtlpPartDetails {
  /** Which version of the conventions its attributes follow. */
  readonly schemaUrl?: string | undefined;
  /** A scope's; a resource's are the span's `resourceAttributes`. */
  readonly attributes?: Attributes | undefined;
  /** How many attributes whoever sent it had to leave out. */
  readonly droppedAttributesCount?: number | undefined;
}

/** As a record holds them. */
export interface OtlpDetailsRecord {
  /** W3C trace flags, and OpenTelemetry's own above them. */
  readonly flags?: number;
  /** How many attributes whoever sent it had to leave out. */
  readonly dropped_attributes_count?: number;
  /** How many events whoever sent it had to leave out. */
  readonly dropped_events_count?: number;
  /** How many links whoever sent it had to leave out. */
  readonly dropped_links_count?: number;
  /** What else came with its resource. */
  readonly resource?: OtlpPartRecord;
  /** What else came with its scope. */
  readonly scope?: OtlpPartRecord;
}

/** As a record holds those of a resource or scope. */
export interface OtlpPartRecord {
  /** Which version of the conventions its attributes follow. */
  readonly schema_url?: string;
  /** Attributes of a scope. */
  readonly attributes?: Readonly<Record<string, JsonValue>>;
  /** How many attributes whoever sent it had to leave out. */
  readonly dropped_attributes_count?: number;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** The details as a record holds them. */
export function encodeDetails(details: OtlpDetails): OtlpDetailsRecord {
  const json: Mutable<OtlpDetailsRecord> = {};
  const { flags, resource, scope } = details;
  const {
    droppedAttributesCount: attributes,
    droppedEventsCount: events,
    droppedLinksCount: links,
  } = details;
  if (flags !== undefined) json.flags = flags;
  if (attributes !== undefined) json.dropped_attributes_count = attributes;
  if (events !== undefined) json.dropped_events_count = events;
  if (links !== undefined) json.dropped_links_count = links;
  if (resource !== undefined) json.resource = encodePart(resource);
  if (scope !== undefined) json.scope = encodePart(scope);
  return json;
}

function encodePart({
  schemaUrl,
  attributes,
  droppedAttributesCount: dropped,
}: OtlpPartDetails): OtlpPartRecord {
  const json: Mutable<OtlpPartRecord> = {};
  if (schemaUrl !== undefined) json.schema_url = schemaUrl;
  if (attributes !== undefined) json.attributes = mapProperties(attributes, encodeValue);
  if (dropped !== undefined) json.dropped_attributes_count = dropped;
  return json;
}

/** The details of a record. Throws `INVALID_RECORD` where a field is of another type. */
export function decodeDetails(json: object): OtlpDetails {
  const read = new RecordReader(json);
  const details: Mutable<OtlpDetails> = {};
  const count = (field: string): number | undefined => read.optional(field, isNumber, "a number");
  const part = (field: string): object | undefined => read.optional(field, isObject, "an object");
  const [flags, resource, scope] = [count("flags"), part("resource"), part("scope")];
  const attributes = count("dropped_attributes_count");
  const events = count("dropped_events_count");
  const links = count("dropped_links_count");
  if (flags !== undefined) details.flags = flags;
  if (attributes !== undefined) details.droppedAttributesCount = attributes;
  if (events !== undefined) details.droppedEventsCount = events;
  if (links !== undefined) details.droppedLinksCount = links;
  if (resource !== undefined) details.resource = decodePart(resource);
  if (scope !== undefined) details.scope = decodePart(scope);
  return Object.freeze(details);
}

function decodePart(json: object): OtlpPartDetails {
  const read = new RecordReader(json);
  const part: Mutable<OtlpPartDetails> = {};
  const schemaUrl = read.optional("schema_url", isString, "a string");
  const attributes = read.optional("attributes", isObject, "an object");
  const dropped = read.optional("dropped_attributes_count", isNumber, "a number");
  if (schemaUrl !== undefined) part.schemaUrl = schemaUrl;
  if (attributes !== undefined) {
    part.attributes = Object.freeze(mapProperties(attributes, (value) => decodeValue(value)));
  }
  if (dropped !== undefined) part.droppedAttributesCount = dropped;
  return Object.freeze(part);
}
