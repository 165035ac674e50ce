// A large span as one captured value and back, for the binary form: JSON of it would be much work at once.
import { isPlain } from "../model/plain.ts";
import {
  decodeRecord,
  encodeRecord,
  eventExtras,
  linkExtras,
  type SpanEvent,
  type SpanFields,
  type SpanLink,
} from "../model/record.ts";
import { isObject, isString } from "../model/record-reader.ts";

/** A span as a value for `BinaryEncoder`: its record for all that is small, and what may be large as it was captured. */
export function plainSpan(fields: SpanFields): object {
  const { attributes, resourceAttributes, events, links } = fields;
  const record = encodeRecord({ ...fields, attributes: {}, resourceAttributes: {}, events: [], links: [] });
  return { record, attributes, resourceAttributes, events, links };
}

/**
 * The span of a large entry.
 * @throws TracelightError `INVALID_RECORD`, or TypeError, where it is none.
 */
export function fieldsOf(value: unknown): SpanFields {
  const fields = decodeRecord(partOf(value, "record"));
  return {
    ...fields,
    attributes: keyed(partOf(value, "attributes")),
    resourceAttributes: keyed(partOf(value, "resourceAttributes")),
    events: listed(partOf(value, "events")).map(eventOf),
    links: listed(partOf(value, "links")).map(linkOf),
  };
}

function partOf(value: unknown, name: string): unknown {
  if (!isObject(value)) throw new TypeError("A large entry is no object.");
  return Reflect.get(value, name);
}

function keyed(value: unknown): Readonly<Record<string, unknown>> {
  if (!isObject(value) || !isPlain(value)) throw new TypeError("Attributes are no object.");
  return value;
}

function listed(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw new TypeError("A list is none.");
  return value;
}

function eventOf(value: unknown): SpanEvent {
  const { name, at, attributes, ...extras } = keyed(value);
  if (!isString(name) || !(at instanceof Date)) throw new TypeError("An event has no name or time.");
  return Object.freeze({ name, at, ...attributesOf(attributes), ...eventExtras(extras) });
}

function linkOf(value: unknown): SpanLink {
  const { traceId, spanId, attributes, ...extras } = keyed(value);
  if (!isString(traceId) || !isString(spanId)) throw new TypeError("A link has no ids.");
  return Object.freeze({ traceId, spanId, ...attributesOf(attributes), ...linkExtras(extras) });
}

/** What was left out was written as null. */
function attributesOf(value: unknown): { attributes?: Readonly<Record<string, unknown>> } {
  return value === undefined || value === null ? {} : { attributes: keyed(value) };
}
