// A span as plain data, and as a record: one JSON object, snake_case keys, lossless. The form in files, HTTP and tests.
import type { Attributes } from "./attributes.ts";
import { isoDate, isoMicros, parseIsoDate, parseIsoMicros } from "./clock.ts";
import { messageOf } from "./errors.ts";
import { isSpanId, isTraceId } from "./ids.ts";
import { decodeDetails, encodeDetails, type OtlpDetails, type OtlpDetailsRecord } from "./otlp-details.ts";
import { invalid, isList, isNumber, isObject, isString, RecordReader } from "./record-reader.ts";
import {
  decodeValue,
  encodeValue,
  isoOffset,
  type JsonValue,
  lossyValue,
  mapProperties,
  parsePythonJson,
} from "./values.ts";

/** What role a span plays between services, as OpenTelemetry has it. */
export type SpanKind = "INTERNAL" | "SERVER" | "CLIENT" | "PRODUCER" | "CONSUMER";
/** How the work went, as OpenTelemetry has it. */
export type SpanStatus = "UNSET" | "OK" | "ERROR";
/** `interrupted`: the span never ended, and its process is gone or its tracer closed. */
export type SpanState = "running" | "ended" | "interrupted";

/** Says `interrupted` in the attributes of a span, where a format has no state and none but ended spans: OpenTelemetry's. */
export const STATE_ATTRIBUTE = "tracelight.state";

/** The latest time that is known of a span: its end, or of one that never ended its start or last event. */
export function lastKnownMicros(span: SpanFields): number {
  // The events of a span are copied when they are asked for.
  return span.endedAtMicros ?? span.events.reduce(laterOf, span.startedAtMicros);
}

function laterOf(micros: number, event: SpanEvent): number {
  return Math.max(micros, eventMicros(event));
}

/** The name of the scope of spans that say no other. */
export const OWN_SCOPE = "tracelight";

/** Who made a span: the instrumentation's or library's name and version. */
export interface Scope {
  /** Of the instrumentation or library. */
  readonly name: string;
  /** Its version, where that is known. */
  readonly version?: string | undefined;
}

/** Something that happened at one moment of a span. */
export interface SpanEvent {
  /** What happened. */
  readonly name: string;
  /** When, to the millisecond. */
  readonly at: Date;
  /** `at` in whole microseconds since the epoch, where it is known so exactly; of no effect where it is another moment. */
  readonly atMicros?: number | undefined;
  /** What is known of it. */
  readonly attributes?: Attributes | undefined;
  /** How many attributes whoever sent it had to leave out. */
  readonly droppedAttributesCount?: number | undefined;
}

/** A span elsewhere that this one has to do with. */
export interface SpanLink {
  /** That span's trace: 32 lower-case hex digits. */
  readonly traceId: string;
  /** That span's id: 16 lower-case hex digits. */
  readonly spanId: string;
  /** What the two have to do with each other. */
  readonly attributes?: Attributes | undefined;
  /** W3C trace state of that span. */
  readonly traceState?: string | undefined;
  /** W3C trace flags of that span, and OpenTelemetry's own above them. */
  readonly flags?: number | undefined;
  /** How many attributes whoever sent it had to leave out. */
  readonly droppedAttributesCount?: number | undefined;
}

/** All that a span holds, as plain data. A `Span` is one. Times are whole microseconds since the epoch. */
export interface SpanFields {
  /** What was done. */
  readonly spanName: string;
  /** Its role between services. */
  readonly spanKind: SpanKind;
  /** 32 lower-case hex digits. */
  readonly traceId: string;
  /** 16 lower-case hex digits. */
  readonly spanId: string;
  /** The id of the span above; undefined for a root. */
  readonly parentSpanId: string | undefined;
  /** When it began. */
  readonly startedAtMicros: number;
  /** When it ended; undefined where it has not. */
  readonly endedAtMicros: number | undefined;
  /** Whether it runs, has ended, or never will. */
  readonly state: SpanState;
  /** How the work went. */
  readonly spanStatus: SpanStatus;
  /** Why the status is what it is, where somebody said so. */
  readonly statusMessage: string | undefined;
  /** What is known of it, inherited attributes included. */
  readonly attributes: Attributes;
  /** What describes the program: `service.name` and the like. */
  readonly resourceAttributes: Attributes;
  /** Who made it. */
  readonly scope: Scope;
  /** What happened in it, in the order it was noted. */
  readonly events: readonly SpanEvent[];
  /** Spans elsewhere that it has to do with. */
  readonly links: readonly SpanLink[];
  /** W3C trace state, as it came with the span or its remote parent. */
  readonly traceState?: string | undefined;
  /** What else came with the span over OTLP. */
  readonly otlp?: OtlpDetails | undefined;
}

/** A span's fields as own properties: those of a Span are getters. */
export function plainFields(span: SpanFields): SpanFields {
  return fieldsWith(span.attributes, span);
}

/** The same with these attributes in place of its own, which are not looked at. */
export function fieldsWith(attributes: Attributes, span: SpanFields): SpanFields {
  // One literal: spreads would take three times as long, and this is done for each span.
  const fields: { -readonly [K in keyof SpanFields]: SpanFields[K] } = {
    spanName: span.spanName,
    spanKind: span.spanKind,
    traceId: span.traceId,
    spanId: span.spanId,
    parentSpanId: span.parentSpanId,
    startedAtMicros: span.startedAtMicros,
    endedAtMicros: span.endedAtMicros,
    state: span.state,
    spanStatus: span.spanStatus,
    statusMessage: span.statusMessage,
    attributes,
    resourceAttributes: span.resourceAttributes,
    scope: span.scope,
    events: span.events,
    links: span.links,
  };
  if (span.traceState !== undefined) fields.traceState = span.traceState;
  if (span.otlp !== undefined) fields.otlp = span.otlp;
  return fields;
}

/** The version of the record format that this release writes and the newest that it reads. */
export const RECORD_VERSION = 1;

/** Attributes as JSON. */
export type JsonAttributes = Readonly<Record<string, JsonValue>>;

/**
 * A span as one plain JSON object. The keys are the Python toolkit's; `status_message`, `events`, `links`, `state`,
 * `trace_state` and `otlp` are Tracelight's and present only where they say something. Attribute values carry tags (see docs/records.md).
 */
export interface SpanRecord {
  /** The version of the format; 1 where there is none. */
  readonly record_version?: number;
  /** What was done. */
  readonly span_name: string;
  /** Its role between services. */
  readonly span_kind: SpanKind;
  /** 32 lower-case hex digits. */
  readonly trace_id: string;
  /** 16 lower-case hex digits. */
  readonly span_id: string;
  /** The id of the span above; null for a root. */
  readonly parent_span_id: string | null;
  /** ISO 8601 in UTC with microseconds. */
  readonly started_at: string;
  /** ISO 8601 in UTC with microseconds; null where it has not ended. */
  readonly ended_at: string | null;
  /** Rounded to whole milliseconds. */
  readonly duration_ms: number | null;
  /** What is known of it, inherited attributes included. */
  readonly attributes: JsonAttributes;
  /** How the work went. */
  readonly span_status: SpanStatus;
  /** Why the status is what it is, where somebody said so. */
  readonly status_message?: string;
  /** What describes the program: `service.name` and the like. */
  readonly resource_attributes: JsonAttributes;
  /** Who made it. */
  readonly scope: Scope;
  /** What happened in it. */
  readonly events?: readonly {
    readonly name: string;
    readonly at: string;
    readonly attributes?: JsonAttributes;
    readonly dropped_attributes_count?: number;
  }[];
  /** Spans elsewhere that it has to do with. */
  readonly links?: readonly {
    readonly trace_id: string;
    readonly span_id: string;
    readonly attributes?: JsonAttributes;
    readonly trace_state?: string;
    readonly flags?: number;
    readonly dropped_attributes_count?: number;
  }[];
  /** Only for a span that never ended and never will. */
  readonly state?: "interrupted";
  /** W3C trace state, where the span or its remote parent came with one. */
  readonly trace_state?: string;
  /** What else came with the span over OTLP. */
  readonly otlp?: OtlpDetailsRecord;
}

/** A span's record: lossless, `decodeRecord` gives the same fields back. */
export function encodeRecord(span: SpanFields): SpanRecord {
  return {
    record_version: RECORD_VERSION,
    ...commonFields(span, isoMicros, encodeValue),
    ...(span.statusMessage === undefined ? {} : { status_message: span.statusMessage }),
    ...(span.events.length === 0 ? {} : { events: span.events.map(encodeEvent) }),
    ...(span.links.length === 0 ? {} : { links: span.links.map(encodeLink) }),
    ...stateOf(span),
    ...(span.traceState === undefined ? {} : { trace_state: span.traceState }),
    ...(span.otlp === undefined ? {} : { otlp: encodeDetails(span.otlp) }),
  };
}

/** The `trace` object of a log line: the record's keys in the Python toolkit's lossy form. */
export function encodeLogTrace(span: SpanFields): SpanRecord {
  return { ...commonFields(span, isoOffset, lossyValue), ...stateOf(span) };
}

function stateOf(span: SpanFields): Pick<SpanRecord, "state"> {
  return span.state === "interrupted" ? { state: "interrupted" } : {};
}

function commonFields(
  span: SpanFields,
  time: (micros: number) => string,
  value: (value: unknown) => JsonValue,
): SpanRecord {
  const ended = span.endedAtMicros;
  return {
    span_name: span.spanName,
    span_kind: span.spanKind,
    trace_id: span.traceId,
    span_id: span.spanId,
    parent_span_id: span.parentSpanId ?? null,
    started_at: time(span.startedAtMicros),
    ended_at: ended === undefined ? null : time(ended),
    duration_ms: ended === undefined ? null : Math.round((ended - span.startedAtMicros) / 1000),
    attributes: mapProperties(span.attributes, value),
    span_status: span.spanStatus,
    resource_attributes: mapProperties(span.resourceAttributes, value),
    scope: { ...span.scope },
  };
}

type EncodedEvent = NonNullable<SpanRecord["events"]>[number];
type EncodedLink = NonNullable<SpanRecord["links"]>[number];

/** An event as a record holds it. */
export function encodeEvent(event: SpanEvent): EncodedEvent {
  const { name, at, droppedAttributesCount: dropped } = event;
  return {
    name,
    at: isExact(event) ? isoMicros(eventMicros(event)) : isoDate(at),
    ...encodeExtra(event.attributes),
    ...(dropped === undefined ? {} : { dropped_attributes_count: dropped }),
  };
}

/** When an event happened, in whole microseconds since the epoch. */
export function eventMicros({ at, atMicros }: Omit<SpanEvent, "attributes">): number {
  const ms = at.getTime();
  return atMicros !== undefined && Math.floor(atMicros / 1000) === ms ? atMicros : ms * 1000;
}

/** Microseconds are exact until 2255, dates far beyond. */
function isExact(event: SpanEvent): boolean {
  return event.atMicros !== undefined && eventMicros(event) === event.atMicros;
}

/** A link as a record holds it. */
export function encodeLink(link: SpanLink): EncodedLink {
  const { traceState, flags, droppedAttributesCount: dropped } = link;
  return {
    trace_id: link.traceId,
    span_id: link.spanId,
    ...encodeExtra(link.attributes),
    ...(traceState === undefined ? {} : { trace_state: traceState }),
    ...(flags === undefined ? {} : { flags }),
    ...(dropped === undefined ? {} : { dropped_attributes_count: dropped }),
  };
}

type LinkExtras = Pick<SpanLink, "traceState" | "flags" | "droppedAttributesCount">;
type EventExtras = Pick<SpanEvent, "atMicros" | "droppedAttributesCount">;

/** What a link says beyond ids and attributes, as far as it is of the right type; nothing for most. */
export function linkExtras({ traceState, flags, droppedAttributesCount }: LinkExtras): LinkExtras {
  return {
    ...(isString(traceState) ? { traceState } : {}),
    ...(isNumber(flags) ? { flags } : {}),
    ...(isNumber(droppedAttributesCount) ? { droppedAttributesCount } : {}),
  };
}

/** What an event says beyond name, time and attributes, as far as it is of the right type; nothing for most. */
export function eventExtras({ atMicros, droppedAttributesCount }: EventExtras): EventExtras {
  return {
    ...(isNumber(atMicros) ? { atMicros } : {}),
    ...(isNumber(droppedAttributesCount) ? { droppedAttributesCount } : {}),
  };
}

function encodeExtra(attributes: Attributes | undefined): { attributes?: JsonAttributes } {
  return attributes === undefined ? {} : { attributes: mapProperties(attributes, encodeValue) };
}

/**
 * Reads a record, Tracelight's or the Python toolkit's (its log lines too, as far as they go).
 * @throws TracelightError `INVALID_RECORD`, naming the field, where it is not one or is of a newer version.
 */
export function decodeRecord(record: unknown): SpanFields {
  const read = new RecordReader(record);
  const version = read.optional("record_version", isNumber, "a number") ?? RECORD_VERSION;
  if (version > RECORD_VERSION) {
    throw invalid(
      `The record has version ${version}; this release reads up to ${RECORD_VERSION}. Update tracelight.`,
    );
  }
  const endedAtMicros = read.time("ended_at");
  const details = read.optional("otlp", isObject, "an object");
  return {
    spanName: read.required("span_name", isString, "a string"),
    spanKind: read.optional("span_kind", isSpanKind, "a span kind") ?? "INTERNAL",
    traceId: read.required("trace_id", isTraceId, "32 hex digits"),
    spanId: read.required("span_id", isSpanId, "16 hex digits"),
    parentSpanId: read.optional("parent_span_id", isSpanId, "16 hex digits or null"),
    startedAtMicros: read.time("started_at") ?? read.missing("started_at", "a time"),
    endedAtMicros,
    state:
      endedAtMicros !== undefined ? "ended" : read.has("state", "interrupted") ? "interrupted" : "running",
    spanStatus: read.optional("span_status", isSpanStatus, "a span status") ?? "UNSET",
    statusMessage: read.optional("status_message", isString, "a string"),
    attributes: decodeAttributes(read.optional("attributes", isObject, "an object")),
    resourceAttributes: decodeAttributes(read.optional("resource_attributes", isObject, "an object")),
    scope: decodeScope(read.optional("scope", isObject, "an object")),
    events: (read.optional("events", isList, "a list") ?? []).map(decodeEvent),
    links: (read.optional("links", isList, "a list") ?? []).map(decodeLink),
    ...decodeTraceState(read),
    ...(details === undefined ? {} : { otlp: decodeDetails(details) }),
  };
}

function decodeAttributes(json: object | undefined): Attributes {
  return Object.freeze(mapProperties(json ?? {}, (value) => decodeValue(value)));
}

function decodeScope(json: object | undefined): Scope {
  const name: unknown = json && Reflect.get(json, "name");
  const version: unknown = json && Reflect.get(json, "version");
  return { name: isString(name) ? name : "", ...(isString(version) ? { version } : {}) };
}

/** The event of a record. Throws TracelightError `INVALID_RECORD`. */
export function decodeEvent(json: unknown): SpanEvent {
  const read = new RecordReader(json);
  const text = read.required("at", isString, "a time");
  const at = parseIsoDate(text) ?? read.missing("at", "an ISO 8601 time");
  const micros = parseIsoMicros(text) ?? 0;
  return {
    name: read.required("name", isString, "a string"),
    at,
    ...(micros % 1000 === 0 || !Number.isSafeInteger(micros) ? {} : { atMicros: micros }),
    ...decodeExtra(read),
  };
}

/** The link of a record. Throws TracelightError `INVALID_RECORD`. */
export function decodeLink(json: unknown): SpanLink {
  const read = new RecordReader(json);
  const flags = read.optional("flags", isNumber, "a number");
  return {
    traceId: read.required("trace_id", isTraceId, "32 hex digits"),
    spanId: read.required("span_id", isSpanId, "16 hex digits"),
    ...decodeExtra(read),
    ...decodeTraceState(read),
    ...(flags === undefined ? {} : { flags }),
  };
}

function decodeTraceState(read: RecordReader): { traceState?: string } {
  const traceState = read.optional("trace_state", isString, "a string");
  return traceState === undefined ? {} : { traceState };
}

function decodeExtra(read: RecordReader): { attributes?: Attributes; droppedAttributesCount?: number } {
  const json = read.optional("attributes", isObject, "an object");
  const dropped = read.optional("dropped_attributes_count", isNumber, "a number");
  return {
    ...(json === undefined ? {} : { attributes: decodeAttributes(json) }),
    ...(dropped === undefined ? {} : { droppedAttributesCount: dropped }),
  };
}

/** The span of one log line as `StructuredLogsTracer` or the Python toolkit writes it; undefined for other lines. */
export function decodeLogLine(line: string): SpanFields | undefined {
  let json: unknown;
  try {
    json = parsePythonJson(line);
  } catch (error) {
    throw invalid(`The line is not JSON: ${messageOf(error)}`);
  }
  return isObject(json) && "trace" in json ? decodeRecord(json.trace) : undefined;
}

/** True for one of the five span kinds. */
export function isSpanKind(value: unknown): value is SpanKind {
  // Not by a Set: this is asked for each span that starts, and takes a tenth of the time so.
  return (
    value === "INTERNAL" ||
    value === "SERVER" ||
    value === "CLIENT" ||
    value === "PRODUCER" ||
    value === "CONSUMER"
  );
}

/** True for one of the three span statuses. */
export function isSpanStatus(value: unknown): value is SpanStatus {
  return value === "UNSET" || value === "OK" || value === "ERROR";
}
