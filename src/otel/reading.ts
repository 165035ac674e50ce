// A span of OpenTelemetry's SDK as a span of ours.
import type * as api from "@opentelemetry/api";
import { nowMicros } from "../model/clock.ts";
import { defined } from "../model/defined.ts";
import { idsOf, isSpanId, isTraceId } from "../model/ids.ts";
import type { OtlpDetails, OtlpPartDetails } from "../model/otlp-details.ts";
import type { SpanEvent, SpanFields, SpanLink } from "../model/span-fields.ts";
import { captureAttributes } from "../tracing/given.ts";
import { KINDS, linkOf, STATUSES } from "./bridge-span.ts";
import type { OtelReadableSpan, OtelScope, OtelTimedEvent } from "./sdk.ts";
import { microsOfTime } from "./times.ts";

/** The fields of an SDK's span as it is now. One that still runs has no end. Throws where it is no such span. */
export function fieldsOf(span: OtelReadableSpan): SpanFields {
  const { traceId, spanId, traceState } = span.spanContext();
  if (!isTraceId(traceId) || !isSpanId(spanId)) throw new TypeError("its ids are not valid");
  const startedAtMicros = microsOfTime(span.startTime) ?? nowMicros();
  const endedAtMicros = span.ended
    ? Math.max(microsOfTime(span.endTime) ?? startedAtMicros, startedAtMicros)
    : undefined;
  const state = traceState?.serialize();
  const { name, version } = scopeOf(span);
  const parentSpanId = span.parentSpanContext?.spanId ?? span.parentSpanId;
  const links = span.links.flatMap(usableLink);
  return {
    ...{ traceId, spanId, startedAtMicros, endedAtMicros },
    spanName: String(span.name),
    spanKind: KINDS[span.kind] ?? "INTERNAL",
    parentSpanId: isSpanId(parentSpanId) ? parentSpanId : undefined,
    state: endedAtMicros === undefined ? "running" : "ended",
    spanStatus: STATUSES[span.status.code] ?? "UNSET",
    statusMessage: span.status.message || undefined,
    attributes: captureAttributes(span.attributes),
    resourceAttributes: resourceOf(span),
    scope: Object.freeze(version ? { name, version } : { name }),
    events: span.events.map(eventOf),
    links,
    ...(state ? { traceState: state } : {}),
    otlp: detailsOf(span, span.links.length - links.length),
  };
}

/** One copy for all spans of a resource; attributes that are still being found are not settled yet. */
function resourceOf({ resource }: OtelReadableSpan): SpanFields["resourceAttributes"] {
  const known = resources.get(resource);
  if (known !== undefined) return known;
  const attributes = captureAttributes(resource.attributes);
  if (resource.asyncAttributesPending !== true) resources.set(resource, attributes);
  return attributes;
}

const resources = new WeakMap<object, SpanFields["resourceAttributes"]>();

/** The SDK 1.x calls it a library. */
function scopeOf({ instrumentationScope, instrumentationLibrary }: OtelReadableSpan): OtelScope {
  return instrumentationScope ?? instrumentationLibrary ?? NO_SCOPE;
}

function eventOf({ name, time, attributes, droppedAttributesCount }: OtelTimedEvent): SpanEvent {
  const micros = microsOfTime(time) ?? nowMicros();
  return captured({
    ...{ name, at: new Date(Math.floor(micros / 1000)) },
    ...defined({
      atMicros: micros % 1000 === 0 ? undefined : micros,
      attributes,
      droppedAttributesCount: droppedAttributesCount || undefined,
    }),
  });
}

function captured<T extends { readonly attributes?: SpanFields["attributes"] | undefined }>(part: T): T {
  if (part.attributes === undefined) return Object.freeze(part);
  return Object.freeze({ ...part, attributes: captureAttributes(part.attributes) });
}

/** A link without ids is left out, and counted as dropped. */
function usableLink(link: api.Link): SpanLink[] {
  const ids = idsOf(link.context?.traceId, link.context?.spanId);
  return ids === undefined ? [] : [captured({ ...linkOf(link), ...ids })];
}

/** What OTLP says of a span besides; its flags are those of W3C, and above them whether the parent ran elsewhere. */
function detailsOf(span: OtelReadableSpan, leftOut: number): OtlpDetails {
  const resource = partOf(span.resource.schemaUrl);
  const scope = partOf(scopeOf(span).schemaUrl);
  const { droppedAttributesCount, droppedEventsCount } = span;
  const droppedLinksCount = (span.droppedLinksCount ?? 0) + leftOut;
  const details = defined({
    flags: flagsOf(span),
    droppedAttributesCount: droppedAttributesCount || undefined,
    droppedEventsCount: droppedEventsCount || undefined,
    droppedLinksCount: droppedLinksCount || undefined,
    resource,
    scope,
  });
  return Object.freeze(details);
}

function flagsOf(span: OtelReadableSpan): number {
  const parent = span.parentSpanContext;
  // The SDK 1.x has the id of a parent only, not where that ran.
  const isKnown = parent !== undefined || span.parentSpanId === undefined;
  const remote = (isKnown ? HAS_IS_REMOTE : 0) | (parent?.isRemote === true ? IS_REMOTE : 0);
  return (span.spanContext().traceFlags & 0xff) | remote;
}

function partOf(schemaUrl: string | undefined): OtlpPartDetails | undefined {
  return schemaUrl ? Object.freeze({ schemaUrl }) : undefined;
}

const NO_SCOPE: OtelScope = Object.freeze({ name: "" });
const HAS_IS_REMOTE = 0x100;
const IS_REMOTE = 0x200;
