// What a request from outside gives, and what both decoders of it share.
import { TracelightError } from "../model/errors.ts";
import { messageText } from "../model/escape.ts";
import type { OtlpDetails, OtlpPartDetails } from "../model/otlp-details.ts";
import type { SpanFields } from "../model/record.ts";

/** What a request from outside may hold. */
export interface DecodeLimits {
  /** Attributes, list items, events, links and spans, all told. More is refused. Default 2,000,000. */
  readonly maxValues?: number | undefined;
}

/** The default of `DecodeLimits.maxValues`. */
const MAX_VALUES = 2_000_000;

/** What a request held. */
export interface DecodedRequest {
  readonly spans: readonly SpanFields[];
  /** Spans that are none, such as those without an id; `messages` says why, the first few. */
  readonly rejected: { readonly count: number; readonly messages: readonly string[] };
}

/** For what is being put together. */
export type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** The spans of a request as they come. */
export class Collected implements DecodedRequest {
  readonly spans: SpanFields[] = [];
  readonly rejected: { count: number; readonly messages: string[] } = { count: 0, messages: [] };

  reject(message: string): void {
    this.rejected.count++;
    if (this.rejected.messages.length < MAX_MESSAGES) this.rejected.messages.push(messageText(message));
  }
}

const MAX_MESSAGES = 10;

/** Counts what a request holds. */
export class Budget {
  #left: number;

  constructor(limits: DecodeLimits | undefined) {
    this.#left = limits?.maxValues ?? MAX_VALUES;
  }

  /** Throws `INVALID_RECORD` where there are more than the limit. */
  take(): void {
    if (--this.#left < 0) throw malformed("it holds more values than are taken in one request");
  }
}

/** The error for a body of which nothing is taken. */
export function malformed(why: string): TracelightError {
  return new TracelightError("INVALID_RECORD", `The body is no OTLP trace request: ${why}.`);
}

/** Whatever an encoder made of a resource or scope beyond the model's fields; undefined for nothing. */
export function partDetails(part: OtlpPartDetails): OtlpPartDetails | undefined {
  const details: Mutable<OtlpPartDetails> = {};
  if (part.schemaUrl) details.schemaUrl = part.schemaUrl;
  if (part.attributes !== undefined) details.attributes = part.attributes;
  if (part.droppedAttributesCount) details.droppedAttributesCount = part.droppedAttributesCount;
  return Object.keys(details).length === 0 ? undefined : Object.freeze(details);
}

/** What a span's resource and scope say beyond the model's fields; one object for all its spans. */
export function sharedDetails(
  resource: OtlpPartDetails | undefined,
  scope: OtlpPartDetails | undefined,
): OtlpDetails | undefined {
  if (resource === undefined && scope === undefined) return undefined;
  const details: Mutable<OtlpDetails> = {};
  if (resource !== undefined) details.resource = resource;
  if (scope !== undefined) details.scope = scope;
  return Object.freeze(details);
}

/** The numbers that a span has besides; 0 says nothing. */
export interface SpanCounts {
  readonly flags: number;
  readonly attributes: number;
  readonly events: number;
  readonly links: number;
}

/** The details of one span. */
export function spanDetails(shared: OtlpDetails | undefined, counts: SpanCounts): OtlpDetails | undefined {
  const { flags, attributes, events, links } = counts;
  if (flags === 0 && attributes === 0 && events === 0 && links === 0) return shared;
  const details: Mutable<OtlpDetails> = { ...shared };
  if (flags !== 0) details.flags = flags;
  if (attributes !== 0) details.droppedAttributesCount = attributes;
  if (events !== 0) details.droppedEventsCount = events;
  if (links !== 0) details.droppedLinksCount = links;
  return Object.freeze(details);
}
