// A span as the text of a journal's entry, where that is little work; what is more goes to the journal in slices.

import type { Attributes } from "../model/attributes.ts";
import { isoMicros } from "../model/clock.ts";
import { jsonString } from "../model/json-strings.ts";
import { hasManyKeys } from "../model/many-keys.ts";
import { encodeDetails } from "../model/otlp-details.ts";
import { encodeEvent, encodeLink, RECORD_VERSION } from "../model/record.ts";
import { hasParts } from "../model/scalars.ts";
import type { SpanFields } from "../model/span-fields.ts";
import { encodeValue } from "../model/values.ts";

/** True where encoding the span at once, or reading its text, could hold the event loop for more than some milliseconds. */
export function isHeavy({ attributes, resourceAttributes, events, links, otlp }: SpanFields): boolean {
  let left = spend(attributes, AT_ONCE);
  if (events.length > 0) left = spend(events, left);
  if (links.length > 0) left = spend(links, left);
  if (otlp !== undefined) left = spend(otlp, left);
  return spend(resourceAttributes, left) < 0;
}

/** Values that are encoded at once: each takes up to half a microsecond to write, and to read. */
const AT_ONCE = 10_000;
/** So many characters count as one value; so do so many bytes, which are packed. */
const CHARACTERS = 32;
const BYTES = 8;
/** What others count as: they become objects, texts, or what nobody can change. */
const OBJECT_VALUES = 3;
const BIGINT_VALUES = 10;
const SCALAR_VALUES = 30;
const HUGE = 1n << 65_536n;

/** What of `left` the value leaves; below zero where it takes more, and then not all of it was looked at. */
function spend(value: unknown, left: number): number {
  if (typeof value === "string") return left - 1 - value.length / CHARACTERS;
  if (typeof value === "bigint") return value < HUGE && value > -HUGE ? left - BIGINT_VALUES : -1;
  if (typeof value !== "object" || value === null) return left - 1;
  if (value instanceof Uint8Array) return left - OBJECT_VALUES - value.byteLength / BYTES;
  if (!hasParts(value)) return left - SCALAR_VALUES;
  const rest = left - OBJECT_VALUES;
  if (Array.isArray(value)) return value.length > rest ? -1 : spendAll(value, rest);
  if (value instanceof Map)
    return value.size > rest ? -1 : spendAll(value.values(), spendAll(value.keys(), rest));
  if (value instanceof Set) return value.size > rest ? -1 : spendAll(value, rest);
  return spendProperties(value, rest);
}

function spendAll(parts: Iterable<unknown>, left: number): number {
  let rest = left;
  for (const part of parts) {
    if (rest < 0) return rest;
    rest = spend(part, rest);
  }
  return rest;
}

function spendProperties(value: object, left: number): number {
  if (hasManyKeys(value)) return -1;
  let rest = left;
  for (const key in value) {
    if (rest < 0) return rest;
    rest = spend(Reflect.get(value, key), rest - key.length / CHARACTERS);
  }
  return rest;
}

/**
 * The text of an entry: its number and the JSON of the span's record, put together by hand, since that takes 1.4 µs for a
 * span of 1 KB where `JSON.stringify(span)` takes 3.6 µs. A test compares the two.
 */
export function entryText(number: number, span: SpanFields): string {
  const { attributes, startedAtMicros: start, endedAtMicros: end, parentSpanId, events, links } = span;
  const parent = parentSpanId === undefined ? "null" : JSON.stringify(parentSpanId);
  const ended = end === undefined ? "null" : `"${timeText(end)}"`;
  const duration = end === undefined ? "null" : Math.round((end - start) / 1000);
  return (
    `+${number} {"record_version":${RECORD_VERSION},"span_name":${jsonString(span.spanName)},` +
    `"span_kind":"${span.spanKind}","trace_id":"${span.traceId}","span_id":"${span.spanId}",` +
    `"parent_span_id":${parent},"started_at":"${timeText(start)}","ended_at":${ended},"duration_ms":${duration},` +
    `"attributes":${attributesText(attributes)},"span_status":"${span.spanStatus}",` +
    `"resource_attributes":${sharedText(span.resourceAttributes, attributesText)},` +
    `"scope":${sharedText(span.scope, JSON.stringify)}` +
    `${span.statusMessage === undefined ? "" : `,"status_message":${JSON.stringify(span.statusMessage)}`}` +
    `${events.length === 0 ? "" : `,"events":${JSON.stringify(events.map(encodeEvent))}`}` +
    `${links.length === 0 ? "" : `,"links":${JSON.stringify(links.map(encodeLink))}`}` +
    `${span.state === "interrupted" ? ',"state":"interrupted"' : ""}` +
    `${span.traceState === undefined ? "" : `,"trace_state":${JSON.stringify(span.traceState)}`}` +
    `${span.otlp === undefined ? "" : `,"otlp":${JSON.stringify(encodeDetails(span.otlp))}`}}`
  );
}

function attributesText(attributes: Attributes): string {
  let text = "{";
  // Captured attributes are plain: all their enumerable properties are their own, unless somebody changed Object.prototype.
  for (const key in attributes) {
    if (!Object.hasOwn(attributes, key)) continue;
    const value = attributes[key];
    if (text.length > 1) text += ",";
    text += `${keyText(key)}${typeof value === "string" ? jsonString(value) : JSON.stringify(encodeValue(value))}`;
  }
  return `${text}}`;
}

/** Names come again and again. */
function keyText(key: string): string {
  const known = keyTexts.get(key);
  if (known !== undefined) return known;
  const text = `${JSON.stringify(key)}:`;
  if (keyTexts.size < MAX_KEYS) keyTexts.set(key, text);
  return text;
}

const keyTexts = new Map<string, string>();
const MAX_KEYS = 1000;

/** The text of what is frozen and shared by many spans. */
function sharedText<T extends object>(shared: T, write: (shared: T) => string): string {
  const known = texts.get(shared);
  if (known !== undefined) return known;
  const text = write(shared);
  texts.set(shared, text);
  return text;
}

const texts = new WeakMap<object, string>();

/** As `isoMicros`; most spans of a burst begin and end in the same second. */
function timeText(micros: number): string {
  const second = Math.floor(micros / 1_000_000);
  if (second !== lastSecond) {
    lastSecond = second;
    lastText = isoMicros(second * 1_000_000).slice(0, -7);
  }
  return `${lastText}${String(micros - second * 1_000_000).padStart(6, "0")}Z`;
}

let lastSecond = Number.NaN;
let lastText = "";
