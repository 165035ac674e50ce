// The lines of a journal segment: a header, entries (a span's record each), and acknowledgements of entries delivered.
import type { Attributes } from "../model/attributes.ts";
import { isoMicros } from "../model/clock.ts";
import { encodeDetails } from "../model/otlp-details.ts";
import { encodeEvent, encodeLink, RECORD_VERSION, type SpanFields } from "../model/record.ts";
import { encodeValue } from "../model/values.ts";
import { JOURNAL_VERSION, type Owner } from "./journal-owner.ts";
import { weighValue } from "./weight.ts";

/** What a line says. */
export type Line =
  | { readonly kind: "header"; readonly version: number }
  | { readonly kind: "entry"; readonly number: number; readonly record: string }
  | { readonly kind: "acknowledged"; readonly ranges: readonly (readonly [first: number, last: number])[] }
  /** Torn, or nothing that this format knows; `isEntry` where it began as an entry. */
  | { readonly kind: "broken"; readonly isEntry: boolean };

const BROKEN: Line = { kind: "broken", isEntry: false };

/** The first line: who began the segment, and for which destination. */
export function headerLine(owner: Owner, destination: string): string {
  const header = { tracelight_journal: JOURNAL_VERSION, destination, owner, created_at: new Date() };
  return `${JSON.stringify(header)}\n`;
}

/** The line of entries that are delivered. The semicolon tells a whole line from a torn one, whose last number may lack digits. */
export function acknowledgementLine(numbers: readonly number[]): string {
  const sorted = [...numbers].sort((a, b) => a - b);
  const ranges: [number, number][] = [];
  for (const number of sorted) {
    const last = ranges.at(-1);
    if (last !== undefined && number === last[1] + 1) last[1] = number;
    else ranges.push([number, number]);
  }
  const texts = ranges.map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`));
  return `-${texts.join(",")};\n`;
}

/** Reads a line. The record of an entry is left as text. */
export function parseLine(line: string): Line {
  if (line.startsWith("+")) return parseEntry(line);
  if (line.startsWith("-")) return parseAcknowledgement(line);
  try {
    const version: unknown = Reflect.get(JSON.parse(line), "tracelight_journal");
    return typeof version === "number" ? { kind: "header", version } : BROKEN;
  } catch {
    return BROKEN;
  }
}

function parseEntry(line: string): Line {
  const space = line.indexOf(" ");
  const number = Number(line.slice(1, space));
  if (space < 2 || !Number.isSafeInteger(number)) return { kind: "broken", isEntry: true };
  return { kind: "entry", number, record: line.slice(space + 1) };
}

function parseAcknowledgement(line: string): Line {
  if (!/^-\d+(-\d+)?(,\d+(-\d+)?)*;$/.test(line)) return BROKEN;
  const ranges = line
    .slice(1, -1)
    .split(",")
    .map((range): [number, number] => {
      const [first = "", last = first] = range.split("-");
      return [Number(first), Number(last)];
    });
  return { kind: "acknowledged", ranges };
}

/**
 * The line of an entry: its number and the JSON of the span's record, put together by hand, since that takes 1.4 µs for a
 * span of 1 KB where `JSON.stringify(span)` takes 3.6 µs. A test compares the two. Undefined for a span of about `maxBytes`
 * or more, which is not even encoded.
 */
export function entryLine(number: number, span: SpanFields, maxBytes: number): string | undefined {
  const { attributes, startedAtMicros: start, endedAtMicros: end, parentSpanId, events, links } = span;
  if (isOver(maxBytes, attributes, events)) return undefined;
  const parent = parentSpanId === undefined ? "null" : JSON.stringify(parentSpanId);
  const ended = end === undefined ? "null" : `"${timeText(end)}"`;
  const duration = end === undefined ? "null" : Math.round((end - start) / 1000);
  return (
    `+${number} {"record_version":${RECORD_VERSION},"span_name":${JSON.stringify(span.spanName)},` +
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
    `${span.otlp === undefined ? "" : `,"otlp":${JSON.stringify(encodeDetails(span.otlp))}`}}\n`
  );
}

function isOver(maxBytes: number, attributes: Attributes, events: readonly unknown[]): boolean {
  let bytes = events.length === 0 ? 0 : weighValue(events);
  for (const key in attributes) {
    const value = attributes[key];
    bytes += typeof value === "string" ? value.length : weighValue(value);
  }
  return bytes > maxBytes;
}

function attributesText(attributes: Attributes): string {
  let text = "{";
  // Captured attributes are plain: all their enumerable properties are their own, unless somebody changed Object.prototype.
  for (const key in attributes) {
    if (!Object.hasOwn(attributes, key)) continue;
    const value = attributes[key];
    if (text.length > 1) text += ",";
    text += keyText(key) + JSON.stringify(typeof value === "string" ? value : encodeValue(value));
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
