// The `process` option: the last change to a span before any sink sees it. It fails closed.
import type { Attributes } from "../model/attributes.ts";
import { capture } from "../model/capture.ts";
import { isCaptured } from "../model/captured.ts";
import { type Defined, defined } from "../model/defined.ts";
import { asTracelightError, TracelightError } from "../model/errors.ts";
import { sharedList } from "../model/history.ts";
import { isSpanId, isTraceId } from "../model/ids.ts";
import type { OtlpDetails, OtlpPartDetails } from "../model/otlp-details.ts";
import { setOwn } from "../model/own-property.ts";
import { isNumber } from "../model/record-reader.ts";
import {
  eventExtras,
  isSpanStatus,
  linkExtras,
  type Scope,
  type SpanEvent,
  type SpanFields,
  type SpanKind,
  type SpanLink,
  type SpanState,
  type SpanStatus,
} from "../model/span-fields.ts";
import type { Steps } from "../model/steps.ts";
import { type Span, spanFrom } from "./span.ts";
import { NODE } from "./span-node.ts";

/** The same object with fields that can be assigned, attributes too. */
export type Changeable<T> = {
  -readonly [K in keyof T]: T[K] extends Attributes | undefined ? Record<string, unknown> | undefined : T[K];
};

/** A scope as a draft shows it: who made the span. */
export interface DraftScope extends Changeable<Scope>, Changeable<OtlpPartDetails> {}

/** What else came with a span over OTLP, or from an OpenTelemetry library, as a draft shows it. */
export interface DraftDetails extends Changeable<Omit<OtlpDetails, "scope" | "resource">> {
  /** What else came with its resource. */
  resource?: Changeable<OtlpPartDetails> | undefined;
}

/**
 * A span on its way to the sinks, for `TracerOptions.process` to change: all that a sink can see of it. The objects are
 * copies, to be changed in place or replaced; values of attributes are frozen, give new ones. What names the span and its
 * place cannot be changed.
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
  /** What is known of it, inherited attributes included. */
  attributes: Record<string, unknown>;
  /** What describes the program: `service.name` and the like. */
  resourceAttributes: Record<string, unknown>;
  /** Who made it, with attributes and schema URL where it came over OTLP or from an OpenTelemetry library. */
  scope: DraftScope;
  /** What happened in it. */
  events: Changeable<SpanEvent>[];
  /** Spans elsewhere that it has to do with. */
  links: Changeable<SpanLink>[];
  /** W3C trace state, as it came with the span or its remote parent. */
  traceState: string | undefined;
  /** What else came with it over OTLP or from an OpenTelemetry library: flags, counts of what was left out, the resource's schema URL. */
  otlp: DraftDetails | undefined;
}

/** Changes a draft in place; false keeps the span from every sink. */
export interface Process {
  (span: SpanDraft): void | false;
  /**
   * Does the same in steps, each of a millisecond or so: what is not done with the first goes on in later turns of the event loop, and
   * spans that come meanwhile wait behind it. Default: the function itself is called.
   */
  readonly steps?: ((span: SpanDraft) => Iterator<void, void | false>) | undefined;
  /** Changes what is said of faults, which may quote the name of a span: warnings, and what `onError` is told. Default: nothing is changed. */
  readonly text?: ((text: string) => string) | undefined;
}

/** The span as `process` leaves it; undefined where it returned false. Throws `PROCESS_FAILED` where it failed. */
export function processed(span: Span, process: Process): Span | undefined {
  const before = beforeOf(span);
  const draft = draftOf(span, before);
  const verdict = tried(() => process(draft));
  return concluded(span, { draft, before, verdict });
}

/** The same in the steps of the process; in one where it has no such. */
export function* processedInSteps(span: Span, process: Process): Steps<Span | undefined> {
  const { steps } = process;
  if (steps === undefined) return processed(span, process);
  const before = beforeOf(span);
  const draft = draftOf(span, before);
  const work = tried(() => steps(draft));
  for (let step = tried(() => work.next()); ; step = tried(() => work.next())) {
    if (step.done === true) return concluded(span, { draft, before, verdict: step.value });
    yield;
  }
}

interface Concluded {
  readonly draft: SpanDraft;
  readonly before: Before;
  readonly verdict: unknown;
}

function concluded(span: Span, { draft, before, verdict }: Concluded): Span | undefined {
  if (typeof verdict === "object" && verdict !== null) {
    Promise.resolve(verdict).catch(() => undefined);
    throw new TracelightError(
      "PROCESS_FAILED",
      "The process option must change the span at once; it returned a promise or object, so the span was dropped.",
    );
  }
  if (verdict === false) return undefined;
  try {
    return rebuilt(span, draft, before);
  } catch (error) {
    const what = "The process option left what is not a span, so the span was dropped";
    throw asTracelightError(error, "PROCESS_FAILED", what);
  }
}

function tried<T>(step: () => T): T {
  try {
    return step();
  } catch (error) {
    throw asTracelightError(error, "PROCESS_FAILED", "The process option threw, so the span was dropped");
  }
}

interface Before {
  readonly attributes: Attributes;
  readonly resourceAttributes: Attributes;
}

function beforeOf(span: Span): Before {
  return { attributes: span.attributes, resourceAttributes: span.resourceAttributes };
}

function draftOf(span: Span, before: Before): SpanDraft {
  const { otlp } = span;
  // One literal: spreads would take ten times as long, and this is done for each span.
  return {
    traceId: span.traceId,
    spanId: span.spanId,
    parentSpanId: span.parentSpanId,
    spanKind: span.spanKind,
    startedAt: span.startedAt,
    endedAt: span.endedAt,
    state: span.state,
    spanName: span.spanName,
    spanStatus: span.spanStatus,
    statusMessage: span.statusMessage,
    attributes: { ...before.attributes },
    resourceAttributes: { ...before.resourceAttributes },
    scope: otlp?.scope === undefined ? { ...span.scope } : { ...span.scope, ...changeable(otlp.scope) },
    events: span.events.map(changeable),
    links: span.links.map(changeable),
    traceState: span.traceState,
    otlp: otlp && draftDetails(otlp),
  };
}

function draftDetails({ scope: _, resource, ...details }: OtlpDetails): DraftDetails {
  return resource === undefined ? details : { ...details, resource: changeable(resource) };
}

/** A copy that can be changed. */
function changeable<T extends { readonly attributes?: Attributes | undefined }>(
  from: T,
): Omit<T, "attributes"> & { attributes?: Record<string, unknown> } {
  const { attributes, ...rest } = from;
  return attributes === undefined ? rest : { ...rest, attributes: { ...attributes } };
}

function rebuilt(span: Span, draft: SpanDraft, before: Before): Span {
  const { traceId, spanId, parentSpanId, kind, startedAtMicros, endedAtMicros } = span[NODE];
  const fields: SpanFields = {
    traceId,
    spanId,
    parentSpanId,
    spanKind: kind,
    startedAtMicros,
    endedAtMicros,
    state: span.state,
    spanName: String(draft.spanName),
    spanStatus: checked(draft.spanStatus, isSpanStatus, "spanStatus"),
    statusMessage: optionalText(draft.statusMessage),
    attributes: before.attributes,
    resourceAttributes: recaptured(draft.resourceAttributes, before.resourceAttributes),
    scope: rebuiltScope(draft.scope),
    events: draft.events.map(rebuiltEvent),
    links: draft.links.map(rebuiltLink),
    traceState: optionalText(draft.traceState),
    otlp: rebuiltDetails(draft),
  };
  return spanFrom(fields, undefined, rebuiltOwn(draft.attributes, before.attributes));
}

/** Attributes as a span keeps them: what shares with other spans goes on to do so. */
function rebuiltOwn(changed: Attributes, before: Attributes): unknown[] {
  const own: unknown[] = [];
  for (const key of Object.keys(changed)) {
    const value = changed[key];
    if (value !== undefined) own.push(key, sharedList(value) ?? recapturedValue(value, before[key]));
  }
  return own;
}

function optionalText(text: string | undefined): string | undefined {
  return text === undefined ? undefined : String(text);
}

function rebuiltScope({ name, version }: DraftScope): Scope {
  return Object.freeze(
    version === undefined ? { name: String(name) } : { name: String(name), version: String(version) },
  );
}

function rebuiltDetails({ scope, otlp = {} }: SpanDraft): OtlpDetails | undefined {
  return saying({
    flags: numeric(otlp.flags),
    droppedAttributesCount: numeric(otlp.droppedAttributesCount),
    droppedEventsCount: numeric(otlp.droppedEventsCount),
    droppedLinksCount: numeric(otlp.droppedLinksCount),
    resource: otlp.resource && rebuiltPart(otlp.resource),
    scope: rebuiltPart(scope),
  });
}

function rebuiltPart({
  schemaUrl,
  attributes,
  droppedAttributesCount,
}: OtlpPartDetails): OtlpPartDetails | undefined {
  return saying({
    schemaUrl: optionalText(schemaUrl),
    attributes: attributes && recaptured(attributes, {}),
    droppedAttributesCount: numeric(droppedAttributesCount),
  });
}

/** What is defined of it; undefined where nothing is. */
function saying<T extends object>(fields: T): Readonly<Defined<T>> | undefined {
  const said = Object.freeze(defined(fields));
  return Object.keys(said).length === 0 ? undefined : said;
}

function numeric(value: unknown): number | undefined {
  return isNumber(value) ? value : undefined;
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

function recaptured(changed: Attributes, before: Attributes): Attributes {
  const made: Record<string, unknown> = {};
  for (const key of Object.keys(changed)) {
    const value = changed[key];
    if (value !== undefined) setOwn(made, key, recapturedValue(value, before[key]));
  }
  return Object.freeze(made);
}

/** Values that the draft still holds are frozen already; new ones are captured. */
function recapturedValue(value: unknown, before: unknown): unknown {
  return value === before || isCaptured(value) ? value : capture(value);
}

function extra(attributes: Attributes | undefined): { attributes?: Attributes } {
  return attributes === undefined ? {} : { attributes: recaptured(attributes, {}) };
}
