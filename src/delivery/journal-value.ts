// A large span as one captured value and back, for the binary form: JSON of it would be much work at once.
import type { Attributes } from "../model/attributes.ts";
import { isPlain } from "../model/plain.ts";
import { encodeRecord } from "../model/record.ts";
import { decodeRecord } from "../model/record-decoder.ts";
import { isObject, isString } from "../model/record-reader.ts";
import {
  eventExtras,
  linkExtras,
  type SpanEvent,
  type SpanFields,
  type SpanLink,
} from "../model/span-fields.ts";
import { type Span, spanFrom } from "../tracing/span.ts";

/** A span that is to be written. */
export interface LargeSpan {
  readonly fields: SpanFields;
  /** Its attributes one by one, where they are very many: those of `fields` are not looked at then. */
  readonly attributes?: Iterable<readonly [string, unknown]>;
  /** About what it takes in memory. */
  readonly bytes: number;
}

/**
 * A span as a value for `BinaryEncoder`: its record for all that is small, and what may be large as it was captured. Very
 * many attributes are a list, key, value, key, value …, which takes less to make and to read than an object. Each `next` is a short time.
 */
export function* plainSpan({ fields, attributes: many }: LargeSpan): Generator<void, object> {
  const { resourceAttributes, events, links } = fields;
  const record = encodeRecord({ ...fields, attributes: {}, resourceAttributes: {}, events: [], links: [] });
  const attributes = many === undefined ? fields.attributes : yield* flat(many);
  return { record, attributes, resourceAttributes, events, links };
}

function* flat(entries: Iterable<readonly [string, unknown]>): Generator<void, readonly unknown[]> {
  const list: unknown[] = [];
  for (const [key, value] of entries) {
    list.push(key, value);
    if (list.length % GATHERED_AT_ONCE === 0) yield;
  }
  return list;
}

const GATHERED_AT_ONCE = 5000;

/**
 * The span of a large entry.
 * @throws TracelightError `INVALID_RECORD`, or TypeError, where it is none.
 */
export function spanOfLarge(value: unknown): Span {
  const attributes = partOf(value, "attributes");
  const own = Array.isArray(attributes) ? keysAndValues(attributes) : undefined;
  const fields = {
    ...decodeRecord(partOf(value, "record")),
    attributes: own === undefined ? keyed(attributes) : NO_ATTRIBUTES,
    resourceAttributes: keyed(partOf(value, "resourceAttributes")),
    events: listed(partOf(value, "events")).map(eventOf),
    links: listed(partOf(value, "links")).map(linkOf),
  };
  return spanFrom(fields, undefined, own);
}

function keysAndValues(list: unknown[]): unknown[] {
  for (let i = 0; i < list.length; i += 2) {
    if (typeof list[i] !== "string") throw new TypeError("An attribute has no name.");
  }
  if (list.length % 2 === 1) throw new TypeError("An attribute has no value.");
  return list;
}

const NO_ATTRIBUTES: Attributes = Object.freeze({});

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
