// The body of an ExportTraceServiceRequest, protobuf, as spans. Field numbers: opentelemetry-proto, trace/v1/trace.proto.
import type { Attributes } from "../model/attributes.ts";
import type { OtlpPartDetails } from "../model/otlp-details.ts";
import type { Scope, SpanEvent, SpanLink } from "../model/span-fields.ts";
import {
  Budget,
  Collected,
  type DecodedRequest,
  type DecodeLimits,
  type Mutable,
  malformed,
  partDetails,
  scopeOf,
  sharedDetails,
} from "./decoded.ts";
import { type Builder, MANY_FROM, Many } from "./many.ts";
import { ProtobufReader, WireFault } from "./protobuf-reader.ts";
import { ProtobufValues } from "./protobuf-values.ts";
import { RequestPath } from "./request-path.ts";
import { type Around, eventOf, linkOf, SpanParts } from "./span-reading.ts";

/**
 * Reads the body of an ExportTraceServiceRequest, protobuf.
 * @throws TracelightError `INVALID_RECORD` where the body is malformed.
 */
export function decodeProtobufRequest(bytes: Uint8Array, limits?: DecodeLimits): DecodedRequest {
  const decoder = new ProtobufRequestDecoder(bytes, limits);
  for (const _ of decoder.request());
  return decoder.collected;
}

/** A span whose long parts may not be read yet. */
interface Draft {
  /** Where what is around it ends. */
  readonly outer: number;
  readonly parts: SpanParts;
  attributes: Builder | Many;
  /** How many attributes there were, names that came twice counted twice. */
  count: number;
}

/** Reads a request in steps: what is between two `next` of the generator is a short time. */
export class ProtobufRequestDecoder {
  readonly collected: Collected = new Collected();
  readonly #in: ProtobufReader;
  readonly #budget: Budget;
  readonly #values: ProtobufValues;
  readonly #manyFrom: number;
  readonly #place = new RequestPath();

  /** About `most` values are read in one step. Default: all. */
  constructor(bytes: Uint8Array, limits: DecodeLimits | undefined, most: number = Number.POSITIVE_INFINITY) {
    this.#in = new ProtobufReader(bytes);
    this.#budget = new Budget(limits, most);
    this.#values = new ProtobufValues(this.#in, this.#budget, most);
    this.#manyFrom = Number.isFinite(most) ? MANY_FROM : most;
  }

  /** Throws `INVALID_RECORD` where the request is malformed. */
  *request(): Generator<void, void> {
    try {
      yield* this.#request();
    } catch (error) {
      throw error instanceof WireFault ? malformed(`${this.#place.to()}: ${error.message}`) : error;
    }
  }

  *#request(): Generator<void, void> {
    const read = this.#in;
    this.#place.enter("resourceSpans");
    while (read.at < read.end) {
      const tag = read.uint32();
      if (tag === 0x0a) yield* this.#resourceSpans();
      else read.skip(tag, FIELDS.request);
      if (this.#budget.isDue()) yield;
    }
  }

  /** The resource and the schema may come after the spans, so the message is gone through twice. */
  *#resourceSpans(): Generator<void, void> {
    const read = this.#in;
    this.#place.next();
    this.#budget.take();
    const outer = read.enter();
    const start = read.at;
    const attributes: Builder = {};
    const part: Mutable<OtlpPartDetails> = {};
    while (read.at < read.end) {
      const tag = read.uint32();
      if (tag === 0x0a) this.#resource(attributes, part);
      else if (tag === 0x12 || tag === OLD_SCOPE_SPANS) read.over();
      else if (tag === 0x1a) part.schemaUrl = read.text();
      else read.skip(tag, FIELDS.resourceSpans);
    }
    yield* this.#values.catchUp();
    const resourceAttributes = Object.freeze(attributes);
    const details = partDetails(part);
    read.at = start;
    this.#place.enter("scopeSpans");
    while (read.at < read.end) {
      const tag = read.uint32();
      if (tag === 0x12 || tag === OLD_SCOPE_SPANS) yield* this.#scopeSpans(resourceAttributes, details);
      else read.skip(tag, NONE);
    }
    this.#place.leave();
    read.leave(outer);
  }

  #resource(attributes: Builder, part: Mutable<OtlpPartDetails>): void {
    const read = this.#in;
    const outer = read.enter();
    while (read.at < read.end) {
      const tag = read.uint32();
      if (tag === 0x0a) this.#values.keyValue(attributes, 0);
      else if (tag === 0x10) part.droppedAttributesCount = read.uint32();
      else read.skip(tag, FIELDS.resource);
    }
    read.leave(outer);
  }

  *#scopeSpans(resourceAttributes: Attributes, resource: OtlpPartDetails | undefined): Generator<void, void> {
    const read = this.#in;
    this.#place.next();
    this.#budget.take();
    const outer = read.enter();
    const start = read.at;
    const part: Mutable<OtlpPartDetails> = {};
    let scope: Scope = NO_SCOPE;
    let count = 0;
    while (read.at < read.end) {
      const tag = read.uint32();
      if (tag === 0x0a) scope = this.#scope(part);
      else if (tag === 0x12) read.over();
      else if (tag === 0x1a) part.schemaUrl = read.text();
      else read.skip(tag, FIELDS.scopeSpans);
      if (++count % SKIPPED_IN_A_STEP === 0) yield;
    }
    yield* this.#values.catchUp();
    const around = { resourceAttributes, scope, details: sharedDetails(resource, partDetails(part)) };
    read.at = start;
    this.#place.enter("spans");
    while (read.at < read.end) {
      const tag = read.uint32();
      if (tag !== 0x12) {
        read.skip(tag, NONE);
        continue;
      }
      const draft = this.#begunSpan();
      if (read.at < read.end || this.#values.isBehind) yield* this.#rest(draft);
      read.leave(draft.outer);
      this.#collect(draft, around);
      if (this.#budget.isDue()) yield;
    }
    this.#place.leave();
    read.leave(outer);
  }

  /** All of a span mostly: a generator for each would be a tenth of the work. */
  #begunSpan(): Draft {
    this.#place.next();
    this.#budget.take();
    const draft: Draft = { outer: this.#in.enter(), parts: new SpanParts(), attributes: {}, count: 0 };
    this.#fields(draft);
    return draft;
  }

  *#rest(draft: Draft): Generator<void, void> {
    const read = this.#in;
    while (read.at < read.end) {
      if (this.#budget.isDue()) yield;
      this.#fields(draft);
    }
    yield* this.#values.catchUp();
  }

  #scope(part: Mutable<OtlpPartDetails>): Scope {
    const read = this.#in;
    const outer = read.enter();
    let name = "";
    let version = "";
    let attributes: Builder | undefined;
    while (read.at < read.end) {
      const tag = read.uint32();
      if (tag === 0x0a) name = read.text();
      else if (tag === 0x12) version = read.text();
      else if (tag === 0x1a) attributes = this.#values.keyValue(attributes ?? {}, 0);
      else if (tag === 0x20) part.droppedAttributesCount = read.uint32();
      else read.skip(tag, FIELDS.scope);
    }
    read.leave(outer);
    if (attributes !== undefined) part.attributes = Object.freeze(attributes);
    return scopeOf(name, version);
  }

  /** Fields of a span, as many as belong to this step. */
  #fields(draft: Draft): void {
    const read = this.#in;
    const { parts } = draft;
    while (read.at < read.end && !this.#budget.isSpent) {
      const tag = read.uint32();
      switch (tag) {
        case 0x0a:
          parts.traceId = read.hex();
          break;
        case 0x12:
          parts.spanId = read.hex();
          break;
        case 0x1a:
          parts.traceState = read.text();
          break;
        case 0x22:
          parts.parentSpanId = read.hex();
          break;
        case 0x2a:
          parts.name = read.text();
          break;
        case 0x30:
          parts.kind = read.enumeration();
          break;
        case 0x39:
          parts.startedAtMicros = read.micros();
          break;
        case 0x41:
          parts.endedAtMicros = read.micros();
          break;
        case 0x4a:
          this.#spanAttribute(draft);
          break;
        case 0x50:
          parts.droppedAttributes = read.uint32();
          break;
        case 0x5a:
          parts.events.push(this.#event());
          break;
        case 0x60:
          parts.droppedEvents = read.uint32();
          break;
        case 0x6a:
          parts.addLink(this.#link());
          break;
        case 0x70:
          parts.droppedLinks = read.uint32();
          break;
        case 0x7a:
          this.#status(parts);
          break;
        case 0x85:
          parts.flags = read.fixed32();
          break;
        default:
          read.skip(tag, FIELDS.span);
      }
    }
  }

  #spanAttribute(draft: Draft): void {
    const { attributes } = draft;
    const isMany = ++draft.count === this.#manyFrom && !(attributes instanceof Many);
    if (isMany) draft.attributes = new Many(attributes);
    this.#values.keyValue(draft.attributes, 0);
  }

  #collect({ parts, attributes }: Draft, around: Around): void {
    const fault = parts.fault();
    if (fault === undefined) this.collected.spans.push(parts.fields(attributes, around));
    else this.collected.reject(parts.name, `${fault.why} (${this.#place.to(fault.field)})`);
  }

  #event(): SpanEvent {
    const read = this.#in;
    const outer = read.enter();
    this.#budget.take();
    const { at: from, end } = read;
    let [micros, name, dropped] = [0, "", 0];
    let attributes: Builder | undefined;
    while (read.at < read.end) {
      const tag = read.uint32();
      if (tag === 0x09) micros = read.micros();
      else if (tag === 0x12) name = read.text();
      else if (tag === 0x1a) attributes = this.#attribute(attributes, tag, from);
      else if (tag === 0x20) dropped = read.uint32();
      else read.skip(tag, FIELDS.event);
    }
    read.leave(outer);
    if (!this.#values.isLong(end - from)) Object.freeze(attributes);
    return eventOf(name, micros, attributes, dropped);
  }

  #link(): SpanLink | undefined {
    const read = this.#in;
    const outer = read.enter();
    this.#budget.take();
    const { at: from, end } = read;
    let [traceId, spanId, traceState, dropped, flags] = ["", "", "", 0, 0];
    let attributes: Builder | undefined;
    while (read.at < read.end) {
      const tag = read.uint32();
      if (tag === 0x0a) traceId = read.hex();
      else if (tag === 0x12) spanId = read.hex();
      else if (tag === 0x1a) traceState = read.text();
      else if (tag === 0x22) attributes = this.#attribute(attributes, tag, from);
      else if (tag === 0x28) dropped = read.uint32();
      else if (tag === 0x35) flags = read.fixed32();
      else read.skip(tag, FIELDS.link);
    }
    read.leave(outer);
    if (!this.#values.isLong(end - from)) Object.freeze(attributes);
    return linkOf({ traceId, spanId, traceState, attributes, dropped, flags });
  }

  /** An attribute of an event or link that begins at `from`; of a long one all are read later. */
  #attribute(attributes: Builder | undefined, tag: number, from: number): Builder {
    const read = this.#in;
    if (!this.#values.isLong(read.end - from)) return this.#values.keyValue(attributes ?? {}, 0);
    read.over();
    if (attributes !== undefined) return attributes;
    const later: Builder = {};
    this.#values.putOff(later, tag, from);
    return later;
  }

  #status(parts: SpanParts): void {
    const read = this.#in;
    const outer = read.enter();
    while (read.at < read.end) {
      const tag = read.uint32();
      if (tag === 0x12) parts.statusMessage = read.text();
      else if (tag === 0x18) parts.status = read.enumeration();
      else read.skip(tag, FIELDS.status);
    }
    read.leave(outer);
  }
}

const NO_SCOPE: Scope = Object.freeze({ name: "" });

/** The fields of each message; in another form than OTLP's they are an error, any others are skipped. */
const FIELDS = {
  request: [1],
  resourceSpans: [1, 2, 3],
  resource: [1, 2],
  scopeSpans: [1, 2, 3],
  scope: [1, 2, 3, 4],
  span: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16],
  event: [1, 2, 3, 4],
  link: [1, 2, 3, 4, 5, 6],
  status: [2, 3],
} as const;

const NONE: readonly number[] = [];
/** Field 1000, a message: what scopes were called before OTLP 1.0. It has the fields of a scope's spans. */
const OLD_SCOPE_SPANS = 8002;
const SKIPPED_IN_A_STEP = 10_000;
