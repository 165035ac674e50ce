// A span of ours as OpenTelemetry's exporters read one.
import type * as api from "@opentelemetry/api";
import type { Attributes } from "../model/attributes.ts";
import { defined } from "../model/defined.ts";
import {
  eventMicros,
  lastKnownMicros,
  type SpanEvent,
  type SpanFields,
  type SpanLink,
  STATE_ATTRIBUTE,
} from "../model/span-fields.ts";
import { lossyValue } from "../model/values.ts";
import { KINDS, STATUSES } from "./bridge-span.ts";
import type { OtelExportedSpan, OtelResource, OtelScope, OtelTimedEvent } from "./sdk.ts";
import { hrTimeOf } from "./times.ts";
import { traceStateOf } from "./trace-state.ts";

/** A span that has ended, as SDKs 2.x and 1.x show one. Values that OpenTelemetry has no type for become JSON text. */
export function readableOf(span: SpanFields): OtelExportedSpan {
  const { startedAtMicros, otlp, parentSpanId } = span;
  const endedAtMicros = lastKnownMicros(span);
  const own = contextOf(span, span.spanId, otlp?.flags);
  const scope = scopeOf(span);
  return {
    name: span.spanName,
    kind: Math.max(0, KINDS.indexOf(span.spanKind)),
    spanContext: () => own,
    ...(parentSpanId === undefined ? {} : { parentSpanId, parentSpanContext: parentOf(span, parentSpanId) }),
    startTime: hrTimeOf(startedAtMicros),
    endTime: hrTimeOf(endedAtMicros),
    duration: hrTimeOf(endedAtMicros - startedAtMicros),
    status: statusOf(span),
    attributes: { ...attributesOf(span.attributes), ...stateOf(span) },
    links: span.links.map(linkOf),
    events: span.events.map(eventOf),
    ended: true,
    resource: resourceOf(span),
    instrumentationScope: scope,
    instrumentationLibrary: scope,
    droppedAttributesCount: otlp?.droppedAttributesCount ?? 0,
    droppedEventsCount: otlp?.droppedEventsCount ?? 0,
    droppedLinksCount: otlp?.droppedLinksCount ?? 0,
  };
}

/** OpenTelemetry has ended spans only. */
function stateOf({ state }: SpanFields): api.Attributes {
  return state === "interrupted" ? { [STATE_ATTRIBUTE]: state } : {};
}

function contextOf(
  { traceId, traceState }: SpanFields,
  spanId: string,
  flags: number = SAMPLED,
): api.SpanContext {
  const state = traceStateOf(traceState);
  return { traceId, spanId, traceFlags: flags & 0xff, ...(state === undefined ? {} : { traceState: state }) };
}

/** Whether the parent ran elsewhere is known of spans that came that way. */
function parentOf(span: SpanFields, spanId: string): api.SpanContext {
  const isRemote = ((span.otlp?.flags ?? 0) & IS_REMOTE) !== 0;
  return { ...contextOf(span, spanId, span.otlp?.flags), ...(isRemote ? { isRemote } : {}) };
}

function statusOf({ spanStatus, statusMessage }: SpanFields): api.SpanStatus {
  const code = Math.max(0, STATUSES.indexOf(spanStatus));
  return statusMessage === undefined ? { code } : { code, message: statusMessage };
}

function scopeOf({ scope, otlp }: SpanFields): OtelScope {
  const schemaUrl = otlp?.scope?.schemaUrl;
  return defined({ name: scope.name, version: scope.version, schemaUrl });
}

function linkOf(link: SpanLink): api.Link {
  const { traceId, spanId, traceState, flags = 0, attributes, droppedAttributesCount } = link;
  const state = traceStateOf(traceState);
  return {
    context: {
      traceId,
      spanId,
      traceFlags: flags & 0xff,
      ...(state === undefined ? {} : { traceState: state }),
    },
    ...defined({ attributes: attributes && attributesOf(attributes), droppedAttributesCount }),
  };
}

function eventOf(event: SpanEvent): OtelTimedEvent {
  const { name, attributes = {}, droppedAttributesCount } = event;
  return {
    ...{ name, time: hrTimeOf(eventMicros(event)), attributes: attributesOf(attributes) },
    ...(droppedAttributesCount === undefined ? {} : { droppedAttributesCount }),
  };
}

/** One object for all spans of a resource: exporters group by it. */
function resourceOf({ resourceAttributes, otlp }: SpanFields): OtelResource {
  const schemaUrl = otlp?.resource?.schemaUrl;
  const known = resources.get(resourceAttributes);
  if (known !== undefined && known.schemaUrl === schemaUrl) return known;
  const made = new Resource(attributesOf(resourceAttributes), schemaUrl);
  resources.set(resourceAttributes, made);
  return made;
}

const resources = new WeakMap<object, OtelResource>();

class Resource implements OtelResource {
  readonly asyncAttributesPending = false;
  readonly attributes: api.Attributes;
  declare readonly schemaUrl?: string;

  constructor(attributes: api.Attributes, schemaUrl: string | undefined) {
    this.attributes = attributes;
    if (schemaUrl !== undefined) this.schemaUrl = schemaUrl;
  }

  /** As the SDK has it: the other's attributes win. */
  merge(other: OtelResource | null): OtelResource {
    if (other === null) return this;
    return new Resource({ ...this.attributes, ...other.attributes }, other.schemaUrl ?? this.schemaUrl);
  }

  getRawAttributes(): [string, api.AttributeValue | undefined][] {
    return Object.entries(this.attributes);
  }
}

function attributesOf(attributes: Attributes): api.Attributes {
  const entries = Object.entries(attributes).filter(([, value]) => value !== null);
  return Object.fromEntries(entries.map(([key, value]) => [key, anyValueOf(value)]));
}

/** OpenTelemetry has texts, numbers, booleans, and lists of one kind of them. */
function anyValueOf(value: unknown): api.AttributeValue {
  if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") return value;
  if (isListOf(value, isString)) return [...value];
  if (isListOf(value, isNumber)) return [...value];
  if (isListOf(value, isBoolean)) return [...value];
  const plain = lossyValue(value);
  return typeof plain === "string" ? plain : JSON.stringify(plain);
}

function isListOf<T>(value: unknown, is: (item: unknown) => item is T): value is readonly T[] {
  return Array.isArray(value) && value.every(is);
}

const isString = (value: unknown): value is string => typeof value === "string";
const isNumber = (value: unknown): value is number => typeof value === "number";
const isBoolean = (value: unknown): value is boolean => typeof value === "boolean";
const SAMPLED = 1;
const IS_REMOTE = 0x200;
