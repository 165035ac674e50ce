// What a request from outside gives, and what both decoders of it share.
import { TracelightError } from "../model/errors.ts";
import { messageText } from "../model/escape.ts";
import type { OtlpDetails, OtlpPartDetails } from "../model/otlp-details.ts";
import type { Scope, SpanFields } from "../model/span-fields.ts";

/** What a request from outside may hold. */
export interface DecodeLimits {
  /** Attributes, list items, events, links, spans, scopes and resources, all told. More is refused. Default 2,000,000. */
  readonly maxValues?: number | undefined;
}

/** The default of `DecodeLimits.maxValues`. */
const MAX_VALUES = 2_000_000;

/** A span that was received. */
export interface ReceivedSpan extends SpanFields {
  /** Its attributes as key, value, key, value …, where they are very many: `attributes` takes long then, the first time. */
  readonly flat?: unknown[];
}

/** What a request held. */
export interface DecodedRequest {
  readonly spans: readonly ReceivedSpan[];
  /** Spans that are none, such as those without an id; `messages` says why, the first few. */
  readonly rejected: { readonly count: number; readonly messages: readonly string[] };
}

/** A scope of those: what is not said is empty. */
export function scopeOf(name: string, version: string): Scope {
  return Object.freeze(version === "" ? { name } : { name, version });
}

/** For what is being put together. */
export type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** The spans of a request as they come. */
export class Collected implements DecodedRequest {
  readonly spans: ReceivedSpan[] = [];
  readonly rejected: { count: number; readonly messages: string[] } = { count: 0, messages: [] };

  /** Counts a span that is none. */
  reject(name: string, why: string): void {
    if (++this.rejected.count <= MAX_MESSAGES)
      this.#say(`span ${JSON.stringify(name.slice(0, MAX_NAME))}: ${why}`);
  }

  /** Says what is wrong where nobody can tell how many spans it is about. */
  note(what: string): void {
    if (this.rejected.messages.length < MAX_MESSAGES) this.#say(what);
  }

  #say(message: string): void {
    this.rejected.messages.push(messageText(message));
  }

  /** Throws `INVALID_RECORD` where there is something wrong and nothing else. */
  check(): void {
    const [why] = this.rejected.messages;
    if (why !== undefined && this.spans.length === 0 && this.rejected.count === 0) throw malformed(why);
  }
}

const MAX_MESSAGES = 10;
const MAX_NAME = 100;

/** Counts what a request holds, and says when a step has read enough of it. */
export class Budget {
  readonly #most: number;
  #left: number;
  #pauseAt: number;

  /** About `most` values are read in one step. Default: all. */
  constructor(limits: DecodeLimits | undefined, most: number = Number.POSITIVE_INFINITY) {
    this.#most = most;
    this.#left = limits?.maxValues ?? MAX_VALUES;
    this.#pauseAt = this.#left - most;
  }

  /** Throws `INVALID_RECORD` where there are more than the limit. */
  take(): void {
    if (--this.#left < 0) throw malformed("it holds more values than are taken in one request");
  }

  /** True where this step has read its share. */
  get isSpent(): boolean {
    return this.#left < this.#pauseAt;
  }

  /** The same, once: asking begins the next step. */
  isDue(): boolean {
    if (!this.isSpent) return false;
    this.#pauseAt = this.#left - this.#most;
    return true;
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
