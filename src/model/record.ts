// A span as plain data, and as a record: one JSON object, snake_case keys, lossless. The form in files, HTTP and tests.
import type { Attributes } from "./attributes.ts";
import { isoDate, isoMicros, parseIsoDate, parseIsoMicros } from "./clock.ts";
import { messageOf, TracelightError } from "./errors.ts";
import { isSpanId, isTraceId } from "./ids.ts";
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
/** `interrupted`: the process that ran the span is gone, and the span never ended. */
export type SpanState = "running" | "ended" | "interrupted";

/** Who made a span: the instrumentation's or library's name and version. */
export interface Scope {
  readonly name: string;
  readonly version?: string;
}

/** Something that happened at one moment of a span. */
export interface SpanEvent {
  readonly name: string;
  readonly at: Date;
  readonly attributes?: Attributes;
}

/** A span elsewhere that this one has to do with. */
export interface SpanLink {
  readonly traceId: string;
  readonly spanId: string;
  readonly attributes?: Attributes;
}

/** All that a span holds, as plain data. A `Span` is one. Times are whole microseconds since the epoch. */
export interface SpanFields {
  readonly spanName: string;
  readonly spanKind: SpanKind;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | undefined;
  readonly startedAtMicros: number;
  readonly endedAtMicros: number | undefined;
  readonly state: SpanState;
  readonly spanStatus: SpanStatus;
  readonly statusMessage: string | undefined;
  readonly attributes: Attributes;
  readonly resourceAttributes: Attributes;
  readonly scope: Scope;
  readonly events: readonly SpanEvent[];
  readonly links: readonly SpanLink[];
}

/** A span's fields as own properties: those of a Span are getters. */
export function plainFields(span: SpanFields): SpanFields {
  // One literal: spreads would take three times as long, and this is done for each span.
  return {
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
    attributes: span.attributes,
    resourceAttributes: span.resourceAttributes,
    scope: span.scope,
    events: span.events,
    links: span.links,
  };
}

/** The version of the record format that this release writes and the newest that it reads. */
export const RECORD_VERSION = 1;

/** Attributes as JSON. */
export type JsonAttributes = Readonly<Record<string, JsonValue>>;

/**
 * A span as one plain JSON object. The keys are the Python toolkit's; `status_message`, `events`, `links` and `state` are
 * Tracelight's and present only where they say something. Attribute values carry tags (see docs/records.md).
 */
export interface SpanRecord {
  readonly record_version?: number;
  readonly span_name: string;
  readonly span_kind: SpanKind;
  readonly trace_id: string;
  readonly span_id: string;
  readonly parent_span_id: string | null;
  /** ISO 8601 in UTC with microseconds. */
  readonly started_at: string;
  readonly ended_at: string | null;
  /** Rounded to whole milliseconds. */
  readonly duration_ms: number | null;
  readonly attributes: JsonAttributes;
  readonly span_status: SpanStatus;
  readonly status_message?: string;
  readonly resource_attributes: JsonAttributes;
  readonly scope: Scope;
  readonly events?: readonly {
    readonly name: string;
    readonly at: string;
    readonly attributes?: JsonAttributes;
  }[];
  readonly links?: readonly {
    readonly trace_id: string;
    readonly span_id: string;
    readonly attributes?: JsonAttributes;
  }[];
  readonly state?: "interrupted";
}

/** A span's record: lossless, `decodeRecord` gives the same fields back. */
export function encodeRecord(span: SpanFields): SpanRecord {
  return {
    record_version: RECORD_VERSION,
    ...commonFields(span, isoMicros, encodeValue),
    ...(span.statusMessage === undefined ? {} : { status_message: span.statusMessage }),
    ...(span.events.length === 0 ? {} : { events: span.events.map(encodeEvent) }),
    ...(span.links.length === 0 ? {} : { links: span.links.map(encodeLink) }),
    ...(span.state === "interrupted" ? { state: "interrupted" } : {}),
  };
}

/** The `trace` object of a log line: the record's keys in the Python toolkit's lossy form. */
export function encodeLogTrace(span: SpanFields): SpanRecord {
  return commonFields(span, isoOffset, lossyValue);
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
export function encodeEvent({ name, at, attributes }: SpanEvent): EncodedEvent {
  return { name, at: isoDate(at), ...encodeExtra(attributes) };
}

/** A link as a record holds it. */
export function encodeLink({ traceId, spanId, attributes }: SpanLink): EncodedLink {
  return { trace_id: traceId, span_id: spanId, ...encodeExtra(attributes) };
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
  };
}

/** Reads the fields of one object from outside, and says which one is wrong. */
class RecordReader {
  readonly #record: object;

  constructor(record: unknown) {
    if (!isObject(record)) throw invalid("A record must be an object.");
    this.#record = record;
  }

  optional<T>(field: string, test: (value: unknown) => value is T, what: string): T | undefined {
    const value: unknown = Reflect.get(this.#record, field);
    if (value === undefined || value === null) return undefined;
    if (!test(value)) throw invalid(`The record's "${field}" must be ${what}.`);
    return value;
  }

  required<T>(field: string, test: (value: unknown) => value is T, what: string): T {
    return this.optional(field, test, what) ?? this.missing(field, what);
  }

  missing(field: string, what: string): never {
    throw invalid(`The record's "${field}" must be ${what}.`);
  }

  time(field: string): number | undefined {
    const text = this.optional(field, isString, "a time");
    return text === undefined ? undefined : (parseIsoMicros(text) ?? this.missing(field, "an ISO 8601 time"));
  }

  has(field: string, value: unknown): boolean {
    return Reflect.get(this.#record, field) === value;
  }
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
  const at = parseIsoDate(read.required("at", isString, "a time")) ?? read.missing("at", "an ISO 8601 time");
  const name = read.required("name", isString, "a string");
  return { name, at, ...decodeExtra(read) };
}

/** The link of a record. Throws TracelightError `INVALID_RECORD`. */
export function decodeLink(json: unknown): SpanLink {
  const read = new RecordReader(json);
  const traceId = read.required("trace_id", isTraceId, "32 hex digits");
  return { traceId, spanId: read.required("span_id", isSpanId, "16 hex digits"), ...decodeExtra(read) };
}

function decodeExtra(read: RecordReader): { attributes?: Attributes } {
  const json = read.optional("attributes", isObject, "an object");
  return json === undefined ? {} : { attributes: decodeAttributes(json) };
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
  return typeof value === "string" && SPAN_KINDS.has(value);
}

/** True for one of the three span statuses. */
export function isSpanStatus(value: unknown): value is SpanStatus {
  return value === "UNSET" || value === "OK" || value === "ERROR";
}

function isString(value: unknown): value is string {
  return typeof value === "string";
}

function isNumber(value: unknown): value is number {
  return typeof value === "number";
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value);
}

function invalid(message: string): TracelightError {
  return new TracelightError("INVALID_RECORD", message);
}

const SPAN_KINDS: ReadonlySet<string> = new Set(["INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER"]);
