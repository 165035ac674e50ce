// Reads records, Tracelight's and the Python toolkit's, back into spans as plain data; names the field of what is none.
import type { Attributes } from "./attributes.ts";
import { parseIsoDate, parseIsoMicros } from "./clock.ts";
import { defined } from "./defined.ts";
import { messageOf } from "./errors.ts";
import { isSpanId, isTraceId } from "./ids.ts";
import { decodeDetails } from "./otlp-details.ts";
import { parsePythonJson } from "./python-json.ts";
import { RECORD_VERSION } from "./record.ts";
import { invalid, isList, isNumber, isObject, isString, RecordReader } from "./record-reader.ts";
import {
  isSpanKind,
  isSpanStatus,
  type Scope,
  type SpanEvent,
  type SpanFields,
  type SpanLink,
} from "./span-fields.ts";
import { decodeValue, mapProperties } from "./values.ts";

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

function decodeAttributes(json: object | undefined): Attributes {
  return Object.freeze(mapProperties(json ?? {}, (value) => decodeValue(value)));
}

function decodeScope(json: object | undefined): Scope {
  const name: unknown = json && Reflect.get(json, "name");
  const version: unknown = json && Reflect.get(json, "version");
  return { name: isString(name) ? name : "", ...(isString(version) ? { version } : {}) };
}

function decodeTraceState(read: RecordReader): { traceState?: string } {
  const traceState = read.optional("trace_state", isString, "a string");
  return traceState === undefined ? {} : { traceState };
}

function decodeExtra(read: RecordReader): { attributes?: Attributes; droppedAttributesCount?: number } {
  const json = read.optional("attributes", isObject, "an object");
  const dropped = read.optional("dropped_attributes_count", isNumber, "a number");
  return defined({ attributes: json && decodeAttributes(json), droppedAttributesCount: dropped });
}
