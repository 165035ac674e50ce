// The body of an ExportTraceServiceRequest, protobuf, as spans. Field numbers: opentelemetry-proto, trace/v1/trace.proto.
import type { Attributes } from "../model/attributes.ts";
import { MAX_DEPTH, setOwn, TOO_DEEP } from "../model/capture.ts";
import type { OtlpPartDetails } from "../model/otlp-details.ts";
import type { Scope, SpanEvent, SpanLink } from "../model/record.ts";
import {
  Budget,
  Collected,
  type DecodedRequest,
  type DecodeLimits,
  type Mutable,
  partDetails,
  sharedDetails,
} from "./decoded.ts";
import { ProtobufReader } from "./protobuf-reader.ts";
import { type Around, eventOf, linkOf, SpanParts } from "./span-reading.ts";

/**
 * Reads the body of an ExportTraceServiceRequest, protobuf.
 * @throws TracelightError `INVALID_RECORD` where the body is malformed.
 */
export function decodeProtobufRequest(bytes: Uint8Array, limits?: DecodeLimits): DecodedRequest {
  const decoder = new RequestDecoder(bytes, limits);
  decoder.request();
  return decoder.collected;
}

type Builder = Record<string, unknown>;

class RequestDecoder {
  readonly collected: Collected = new Collected();
  readonly #in: ProtobufReader;
  readonly #budget: Budget;

  constructor(bytes: Uint8Array, limits: DecodeLimits | undefined) {
    this.#in = new ProtobufReader(bytes);
    this.#budget = new Budget(limits);
  }

  request(): void {
    const read = this.#in;
    while (read.at < read.end) {
      const tag = read.uint32();
      if (tag === 0x0a) this.#resourceSpans();
      else read.skip(tag, FIELDS.request);
    }
  }

  /** The resource and the schema may come after the spans, so the message is gone through twice. */
  #resourceSpans(): void {
    const read = this.#in;
    const outer = read.enter();
    const start = read.at;
    const attributes: Builder = {};
    const part: Mutable<OtlpPartDetails> = {};
    while (read.at < read.end) {
      const tag = read.uint32();
      if (tag === 0x0a) this.#resource(attributes, part);
      else if (tag === 0x12) read.over();
      else if (tag === 0x1a) part.schemaUrl = read.text();
      else read.skip(tag, FIELDS.resourceSpans);
    }
    const resourceAttributes = Object.freeze(attributes);
    const details = partDetails(part);
    read.at = start;
    while (read.at < read.end) {
      const tag = read.uint32();
      if (tag === 0x12) this.#scopeSpans(resourceAttributes, details);
      else read.skip(tag, NONE);
    }
    read.leave(outer);
  }

  #resource(attributes: Builder, part: Mutable<OtlpPartDetails>): void {
    const read = this.#in;
    const outer = read.enter();
    while (read.at < read.end) {
      const tag = read.uint32();
      if (tag === 0x0a) this.#keyValue(attributes, 0);
      else if (tag === 0x10) part.droppedAttributesCount = read.uint32();
      else read.skip(tag, FIELDS.resource);
    }
    read.leave(outer);
  }

  #scopeSpans(resourceAttributes: Attributes, resource: OtlpPartDetails | undefined): void {
    const read = this.#in;
    const outer = read.enter();
    const start = read.at;
    const part: Mutable<OtlpPartDetails> = {};
    let scope: Scope = NO_SCOPE;
    while (read.at < read.end) {
      const tag = read.uint32();
      if (tag === 0x0a) scope = this.#scope(part);
      else if (tag === 0x12) read.over();
      else if (tag === 0x1a) part.schemaUrl = read.text();
      else read.skip(tag, FIELDS.scopeSpans);
    }
    const around = { resourceAttributes, scope, details: sharedDetails(resource, partDetails(part)) };
    read.at = start;
    while (read.at < read.end) {
      const tag = read.uint32();
      if (tag === 0x12) this.#span(around);
      else read.skip(tag, NONE);
    }
    read.leave(outer);
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
      else if (tag === 0x1a) attributes = this.#keyValue(attributes ?? {}, 0);
      else if (tag === 0x20) part.droppedAttributesCount = read.uint32();
      else read.skip(tag, FIELDS.scope);
    }
    read.leave(outer);
    if (attributes !== undefined) part.attributes = Object.freeze(attributes);
    return Object.freeze(version === "" ? { name } : { name, version });
  }

  #span(around: Around): void {
    const read = this.#in;
    const outer = read.enter();
    this.#budget.take();
    const parts = new SpanParts();
    const attributes: Builder = {};
    while (read.at < read.end) {
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
          this.#keyValue(attributes, 0);
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
    read.leave(outer);
    this.#collect(parts, Object.freeze(attributes), around);
  }

  #collect(parts: SpanParts, attributes: Attributes, around: Around): void {
    const fault = parts.fault();
    if (fault === undefined) this.collected.spans.push(parts.fields(attributes, around));
    else this.collected.reject(fault);
  }

  #event(): SpanEvent {
    const read = this.#in;
    const outer = read.enter();
    this.#budget.take();
    let [micros, name, dropped] = [0, "", 0];
    let attributes: Builder | undefined;
    while (read.at < read.end) {
      const tag = read.uint32();
      if (tag === 0x09) micros = read.micros();
      else if (tag === 0x12) name = read.text();
      else if (tag === 0x1a) attributes = this.#keyValue(attributes ?? {}, 0);
      else if (tag === 0x20) dropped = read.uint32();
      else read.skip(tag, FIELDS.event);
    }
    read.leave(outer);
    return eventOf(name, micros, attributes, dropped);
  }

  #link(): SpanLink | undefined {
    const read = this.#in;
    const outer = read.enter();
    this.#budget.take();
    let [traceId, spanId, traceState, dropped, flags] = ["", "", "", 0, 0];
    let attributes: Builder | undefined;
    while (read.at < read.end) {
      const tag = read.uint32();
      if (tag === 0x0a) traceId = read.hex();
      else if (tag === 0x12) spanId = read.hex();
      else if (tag === 0x1a) traceState = read.text();
      else if (tag === 0x22) attributes = this.#keyValue(attributes ?? {}, 0);
      else if (tag === 0x28) dropped = read.uint32();
      else if (tag === 0x35) flags = read.fixed32();
      else read.skip(tag, FIELDS.link);
    }
    read.leave(outer);
    return linkOf({ traceId, spanId, traceState, attributes, dropped, flags });
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

  #keyValue(target: Builder, depth: number): Builder {
    const read = this.#in;
    const outer = read.enter();
    this.#budget.take();
    let key = "";
    let value: unknown = null;
    while (read.at < read.end) {
      const tag = read.uint32();
      if (tag === 0x0a) key = read.text();
      else if (tag === 0x12) value = this.#value(depth);
      else read.skip(tag, FIELDS.keyValue);
    }
    read.leave(outer);
    setOwn(target, key, value);
    return target;
  }

  #value(depth: number): unknown {
    const read = this.#in;
    const outer = read.enter();
    let value: unknown = null;
    while (read.at < read.end) {
      const tag = read.uint32();
      if (tag === 0x0a) value = read.text();
      else if (tag === 0x10) value = read.bool();
      else if (tag === 0x18) value = read.int64();
      else if (tag === 0x21) value = read.double();
      else if (tag === 0x2a || tag === 0x32) value = this.#container(tag, depth);
      else if (tag === 0x3a) value = read.bytes();
      else read.skip(tag, FIELDS.value);
    }
    read.leave(outer);
    return value;
  }

  #container(tag: number, depth: number): unknown {
    if (depth < MAX_DEPTH) return tag === 0x2a ? this.#list(depth + 1) : this.#map(depth + 1);
    this.#in.over();
    return TOO_DEEP;
  }

  #list(depth: number): unknown {
    const read = this.#in;
    const outer = read.enter();
    const items: unknown[] = [];
    while (read.at < read.end) {
      const tag = read.uint32();
      if (tag === 0x0a) {
        this.#budget.take();
        items.push(this.#value(depth));
      } else read.skip(tag, FIELDS.list);
    }
    read.leave(outer);
    return Object.freeze(items);
  }

  #map(depth: number): unknown {
    const read = this.#in;
    const outer = read.enter();
    const map: Builder = {};
    while (read.at < read.end) {
      const tag = read.uint32();
      if (tag === 0x0a) this.#keyValue(map, depth);
      else read.skip(tag, FIELDS.list);
    }
    read.leave(outer);
    return Object.freeze(map);
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
  keyValue: [1, 2],
  value: [1, 2, 3, 4, 5, 6, 7],
  list: [1],
} as const;

const NONE: readonly number[] = [];
