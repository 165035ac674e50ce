// A span as plain data: its fields, the words that they may hold, and what is read off them.
import type { Attributes } from "./attributes.ts";
import { defined } from "./defined.ts";
import type { OtlpDetails } from "./otlp-details.ts";
import { isNumber, isString } from "./record-reader.ts";

/** What role a span plays between services, as OpenTelemetry has it. */
export type SpanKind = "INTERNAL" | "SERVER" | "CLIENT" | "PRODUCER" | "CONSUMER";
/** How the work went, as OpenTelemetry has it. */
export type SpanStatus = "UNSET" | "OK" | "ERROR";
/** `interrupted`: the span never ended, and its process is gone or its tracer closed. */
export type SpanState = "running" | "ended" | "interrupted";

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

/** The name of the scope of spans that say no other. */
export const OWN_SCOPE = "tracelight";

/** Says `interrupted` in the attributes of a span, where a format has no state and none but ended spans: OpenTelemetry's. */
export const STATE_ATTRIBUTE = "tracelight.state";

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

/** The latest time that is known of a span: its end, or of one that never ended its start or last event. */
export function lastKnownMicros(span: SpanFields): number {
  // The events of a span are copied when they are asked for.
  return span.endedAtMicros ?? span.events.reduce(laterOf, span.startedAtMicros);
}

function laterOf(micros: number, event: SpanEvent): number {
  return Math.max(micros, eventMicros(event));
}

/** When an event happened, in whole microseconds since the epoch. */
export function eventMicros({ at, atMicros }: Omit<SpanEvent, "attributes">): number {
  const ms = at.getTime();
  return atMicros !== undefined && Math.floor(atMicros / 1000) === ms ? atMicros : ms * 1000;
}

type LinkExtras = Pick<SpanLink, "traceState" | "flags" | "droppedAttributesCount">;
type EventExtras = Pick<SpanEvent, "atMicros" | "droppedAttributesCount">;

/** What a link says beyond ids and attributes, as far as it is of the right type; nothing for most. */
export function linkExtras({ traceState, flags, droppedAttributesCount }: LinkExtras): LinkExtras {
  return defined({
    traceState: isString(traceState) ? traceState : undefined,
    flags: isNumber(flags) ? flags : undefined,
    droppedAttributesCount: isNumber(droppedAttributesCount) ? droppedAttributesCount : undefined,
  });
}

/** What an event says beyond name, time and attributes, as far as it is of the right type; nothing for most. */
export function eventExtras({ atMicros, droppedAttributesCount }: EventExtras): EventExtras {
  return {
    ...(isNumber(atMicros) ? { atMicros } : {}),
    ...(isNumber(droppedAttributesCount) ? { droppedAttributesCount } : {}),
  };
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
