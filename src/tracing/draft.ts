// The `process` option: the last change to a span before any sink sees it. It fails closed.
import type { Attributes } from "../model/attributes.ts";
import { capture } from "../model/capture.ts";
import { asTracelightError, TracelightError } from "../model/errors.ts";
import { isSpanId, isTraceId } from "../model/ids.ts";
import {
  eventExtras,
  isSpanStatus,
  linkExtras,
  type Scope,
  type SpanEvent,
  type SpanKind,
  type SpanLink,
  type SpanState,
  type SpanStatus,
} from "../model/record.ts";
import { frozenSpan, NODE, type Span } from "./span.ts";

/**
 * A span on its way to the sinks, for `TracerOptions.process` to change. Assign new values; the old ones are frozen.
 * What names the span and its place cannot be changed.
 */
export interface SpanDraft {
  /** 32 lower-case hex digits. */
  readonly traceId: string;
  /** 16 lower-case hex digits. */
  readonly spanId: string;
  /** The id of the span above; undefined for a root. */
  readonly parentSpanId: string | undefined;
  /** Its role between services. */
  readonly spanKind: SpanKind;
  /** Who made it. */
  readonly scope: Scope;
  /** When it began. */
  readonly startedAt: Date;
  /** When it ended; undefined for one that runs or was interrupted. */
  readonly endedAt: Date | undefined;
  /** `running` for what shows a span that has not ended yet. */
  readonly state: SpanState;
  /** What was done. */
  spanName: string;
  /** How the work went. */
  spanStatus: SpanStatus;
  /** Why the status is what it is, where somebody said so. */
  statusMessage: string | undefined;
  /** What is known of it, inherited attributes included. Give new values; the old ones are frozen. */
  attributes: Record<string, unknown>;
  /** What describes the program: `service.name` and the like. */
  resourceAttributes: Record<string, unknown>;
  /** What happened in it. Give new events; the old ones are frozen. */
  events: SpanEvent[];
  /** Spans elsewhere that it has to do with. Give new links; the old ones are frozen. */
  links: SpanLink[];
}

/** Changes a draft in place; false keeps the span from every sink. */
export type Process = (span: SpanDraft) => void | false;

/** The span as `process` leaves it; undefined where it returned false. Throws `PROCESS_FAILED` where it failed. */
export function processed(span: Span, process: Process): Span | undefined {
  const before = { attributes: span.attributes, resourceAttributes: span.resourceAttributes };
  const draft = draftOf(span, before);
  const verdict = call(process, draft);
  if (verdict === false) return undefined;
  try {
    return rebuilt(span, draft, before);
  } catch (error) {
    const what = "The process option left what is not a span, so the span was dropped";
    throw asTracelightError(error, "PROCESS_FAILED", what);
  }
}

interface Before {
  readonly attributes: Attributes;
  readonly resourceAttributes: Attributes;
}

function draftOf(span: Span, before: Before): SpanDraft {
  const { traceId, spanId, parentSpanId, spanKind, scope, startedAt, endedAt, state } = span;
  return {
    ...{ traceId, spanId, parentSpanId, spanKind, scope, startedAt, endedAt, state },
    spanName: span.spanName,
    spanStatus: span.spanStatus,
    statusMessage: span.statusMessage,
    attributes: { ...before.attributes },
    resourceAttributes: { ...before.resourceAttributes },
    events: [...span.events],
    links: [...span.links],
  };
}

function call(process: Process, draft: SpanDraft): unknown {
  let verdict: unknown;
  try {
    verdict = process(draft);
  } catch (error) {
    throw asTracelightError(error, "PROCESS_FAILED", "The process option threw, so the span was dropped");
  }
  if (typeof verdict === "object" && verdict !== null) {
    Promise.resolve(verdict).catch(() => undefined);
    throw new TracelightError(
      "PROCESS_FAILED",
      "The process option must change the span at once; it returned a promise or object, so the span was dropped.",
    );
  }
  return verdict;
}

function rebuilt(span: Span, draft: SpanDraft, before: Before): Span {
  const node = {
    ...span[NODE],
    name: String(draft.spanName),
    status: checked(draft.spanStatus, isSpanStatus, "spanStatus"),
    resourceAttributes: recaptured(draft.resourceAttributes, before.resourceAttributes),
    ...{ parent: undefined, span: undefined, before: undefined, after: undefined },
  };
  return frozenSpan(node, {
    own: Object.entries(recaptured(draft.attributes, before.attributes)).flat(),
    inherited: undefined,
    events: draft.events.map(rebuiltEvent),
    links: draft.links.map(rebuiltLink),
    statusMessage: draft.statusMessage === undefined ? undefined : String(draft.statusMessage),
    interrupted: span.state === "interrupted",
    otlp: span.otlp,
    parentSpan: undefined,
    parentNode: undefined,
  });
}

function rebuiltEvent(event: SpanEvent): SpanEvent {
  const at = checked(event.at, isValidDate, "the time of an event");
  return { name: String(event.name), at, ...extra(event.attributes), ...eventExtras(event) };
}

function rebuiltLink(link: SpanLink): SpanLink {
  const ids = {
    traceId: checked(link.traceId, isTraceId, "traceId"),
    spanId: checked(link.spanId, isSpanId, "spanId"),
  };
  return { ...ids, ...extra(link.attributes), ...linkExtras(link) };
}

/** What `process` left has the types of a draft only as far as the compiler saw it. */
function checked<T>(value: T, holds: (value: unknown) => boolean, what: string): T {
  if (!holds(value)) throw new TypeError(`${what} is not valid`);
  return value;
}

function isValidDate(value: unknown): boolean {
  return value instanceof Date && !Number.isNaN(value.getTime());
}

/** Values that the draft still holds are frozen already; new ones are captured. */
function recaptured(changed: Attributes, before: Attributes): Attributes {
  const entries = Object.entries(changed).filter(([, value]) => value !== undefined);
  return Object.freeze(
    Object.fromEntries(entries.map(([key, value]) => [key, value === before[key] ? value : capture(value)])),
  );
}

function extra(attributes: Attributes | undefined): { attributes?: Attributes } {
  return attributes === undefined ? {} : { attributes: recaptured(attributes, {}) };
}
