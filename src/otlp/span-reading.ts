// From the parts that a decoder read to a span, an event, a link: what is kept, what is refused. The same for both encodings.
import type { Attributes } from "../model/attributes.ts";
import { idsOf, isSpanId, isTraceId } from "../model/ids.ts";
import type { OtlpDetails } from "../model/otlp-details.ts";
import { type Scope, type SpanEvent, type SpanLink, STATE_ATTRIBUTE } from "../model/span-fields.ts";
import { isTime, nearestTime, TIME_RANGE } from "../model/times.ts";
import { type Mutable, type ReceivedSpan, spanDetails } from "./decoded.ts";
import { KINDS, STATUSES } from "./enums.ts";
import { Many } from "./many.ts";

/** What the spans of a scope have in common. */
export interface Around {
  readonly resourceAttributes: Attributes;
  readonly scope: Scope;
  readonly details: OtlpDetails | undefined;
}

/** A field that makes a span none, and why. */
export interface SpanFault {
  readonly field: string;
  readonly why: string;
}

function fault(field: string, why: string): SpanFault {
  return { field, why };
}

/** Encoders of protobuf's own JSON write bytes as base64, and so ids. */
function hexHint(id: string): string {
  return id !== "" && !/^[0-9a-f]*$/i.test(id) ? " (ids are in hex, not in base64)" : "";
}

/** A span as it was read: what was not there is empty or 0. */
export class SpanParts {
  traceId: string = "";
  spanId: string = "";
  parentSpanId: string = "";
  traceState: string = "";
  name: string = "";
  kind: number = 0;
  startedAtMicros: number = 0;
  endedAtMicros: number = 0;
  status: number = 0;
  statusMessage: string = "";
  flags: number = 0;
  droppedAttributes: number = 0;
  droppedEvents: number = 0;
  droppedLinks: number = 0;
  readonly events: SpanEvent[] = [];
  readonly links: SpanLink[] = [];
  #lostLinks = 0;

  /** A link without ids is left out, and counted as dropped. */
  addLink(link: SpanLink | undefined): void {
    if (link === undefined) this.#lostLinks++;
    else this.links.push(link);
  }

  /** Ids are lower-case; a sender may have them otherwise. */
  lowerCase(): void {
    this.traceId = this.traceId.toLowerCase();
    this.spanId = this.spanId.toLowerCase();
    this.parentSpanId = this.parentSpanId.toLowerCase();
  }

  /** What makes this no span; undefined where it is one. */
  fault(): SpanFault | undefined {
    if (!isTraceId(this.traceId))
      return fault("traceId", `its trace id is not 16 bytes, or all zero${hexHint(this.traceId)}`);
    if (!isSpanId(this.spanId))
      return fault("spanId", `its span id is not 8 bytes, or all zero${hexHint(this.spanId)}`);
    if (!isRoot(this.parentSpanId) && !isSpanId(this.parentSpanId))
      return fault("parentSpanId", `its parent span id is not 8 bytes${hexHint(this.parentSpanId)}`);
    if (!isGiven(this.startedAtMicros))
      return fault("startTimeUnixNano", `it has no start time ${TIME_RANGE}`);
    if (!isGiven(this.endedAtMicros)) return fault("endTimeUnixNano", `it has no end time ${TIME_RANGE}`);
    return undefined;
  }

  /** The span. To be called where there is no fault. */
  fields(all: Attributes | Many, around: Around): ReceivedSpan {
    if (!(all instanceof Many)) return this.#fields(all, around);
    const few = Object.fromEntries([[STATE_ATTRIBUTE, all.get(STATE_ATTRIBUTE)]]);
    const fields = this.#fields(few, around);
    if (fields.state === "interrupted") all.delete(STATE_ATTRIBUTE);
    // Whoever knows of `flat` never makes the object.
    Object.defineProperty(fields, "attributes", { get: () => all.object, enumerable: true });
    fields.flat = all.flat;
    return fields;
  }

  #fields(all: Attributes, { resourceAttributes, scope, details }: Around): Mutable<ReceivedSpan> {
    const isInterrupted = all[STATE_ATTRIBUTE] === "interrupted";
    const { [STATE_ATTRIBUTE]: _, ...attributes } = isInterrupted ? all : NONE;
    const fields: Mutable<ReceivedSpan> = {
      spanName: this.name,
      spanKind: KINDS[this.kind] ?? "INTERNAL",
      traceId: this.traceId,
      spanId: this.spanId,
      parentSpanId: isRoot(this.parentSpanId) ? undefined : this.parentSpanId,
      startedAtMicros: this.startedAtMicros,
      endedAtMicros: isInterrupted ? undefined : this.endedAtMicros,
      state: isInterrupted ? "interrupted" : "ended",
      spanStatus: STATUSES[this.status] ?? "UNSET",
      statusMessage: this.statusMessage === "" ? undefined : this.statusMessage,
      attributes: Object.freeze(isInterrupted ? attributes : all),
      resourceAttributes,
      scope,
      events: this.events,
      links: this.links,
    };
    if (this.traceState !== "") fields.traceState = this.traceState;
    const otlp = spanDetails(details, {
      flags: this.flags,
      attributes: this.droppedAttributes,
      events: this.droppedEvents,
      links: this.droppedLinks + this.#lostLinks,
    });
    if (otlp !== undefined) fields.otlp = otlp;
    return fields;
  }
}

const NONE: Attributes = Object.freeze({});

/** Some senders write zeros where there is no parent. */
function isRoot(parentSpanId: string): boolean {
  return parentSpanId === "" || parentSpanId === "0000000000000000";
}

/** 0 stands for a time that was not given. */
function isGiven(micros: number): boolean {
  return micros !== 0 && isTime(micros);
}

/** An event; an empty count says nothing. A time that none can be becomes the nearest that may. */
export function eventOf(
  name: string,
  given: number,
  attributes: Attributes | undefined,
  dropped: number,
): SpanEvent {
  const micros = nearestTime(given);
  const event: Mutable<SpanEvent> = { name, at: new Date(Math.floor(micros / 1000)) };
  if (micros % 1000 !== 0) event.atMicros = micros;
  if (attributes !== undefined) event.attributes = attributes;
  if (dropped !== 0) event.droppedAttributesCount = dropped;
  return Object.freeze(event);
}

/** What a link was read to be. */
export interface LinkParts {
  readonly traceId: string;
  readonly spanId: string;
  readonly traceState: string;
  readonly attributes: Attributes | undefined;
  readonly dropped: number;
  readonly flags: number;
}

/** A link; undefined where its ids are none. */
export function linkOf(parts: LinkParts): SpanLink | undefined {
  const { traceState, attributes, dropped, flags } = parts;
  const link: Mutable<SpanLink> | undefined = idsOf(parts.traceId, parts.spanId);
  if (link === undefined) return undefined;
  if (attributes !== undefined) link.attributes = attributes;
  if (traceState !== "") link.traceState = traceState;
  if (flags !== 0) link.flags = flags;
  if (dropped !== 0) link.droppedAttributesCount = dropped;
  return Object.freeze(link);
}
