// A span as a record: one JSON object, snake_case keys, lossless. The form in files, HTTP and tests.
import type { Attributes } from "./attributes.ts";
import { isoDate, isoMicros } from "./clock.ts";
import { defined } from "./defined.ts";
import { encodeDetails, type OtlpDetailsRecord } from "./otlp-details.ts";
import {
  eventMicros,
  type Scope,
  type SpanEvent,
  type SpanFields,
  type SpanKind,
  type SpanLink,
  type SpanStatus,
} from "./span-fields.ts";
import { encodeValue, isoOffset, type JsonValue, lossyValue, mapProperties } from "./values.ts";

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
    ...defined({
      status_message: span.statusMessage,
      events: span.events.length === 0 ? undefined : span.events.map(encodeEvent),
      links: span.links.length === 0 ? undefined : span.links.map(encodeLink),
      ...stateOf(span),
      trace_state: span.traceState,
      otlp: span.otlp && encodeDetails(span.otlp),
    }),
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
    ...defined({ trace_state: traceState, flags, dropped_attributes_count: dropped }),
  };
}

function encodeExtra(attributes: Attributes | undefined): { attributes?: JsonAttributes } {
  return attributes === undefined ? {} : { attributes: mapProperties(attributes, encodeValue) };
}
