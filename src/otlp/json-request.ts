// The body of an ExportTraceServiceRequest, JSON, as spans.
import type { Attributes } from "../model/attributes.ts";
import { MAX_DEPTH, setOwn, TOO_DEEP } from "../model/capture.ts";
import { messageOf } from "../model/errors.ts";
import type { OtlpPartDetails } from "../model/otlp-details.ts";
import type { Scope, SpanEvent, SpanLink } from "../model/record.ts";
import {
  Budget,
  Collected,
  type DecodedRequest,
  type DecodeLimits,
  malformed,
  partDetails,
  sharedDetails,
} from "./decoded.ts";
import { doubleOf, int64Of, microsOfNanos, Rounded, withIntegersAsText } from "./json-numbers.ts";
import { type Around, eventOf, linkOf, SpanParts } from "./span-reading.ts";

/**
 * Reads the body of an ExportTraceServiceRequest, JSON: its text, or that as UTF-8.
 * @throws TracelightError `INVALID_RECORD` where the body is malformed.
 */
export function decodeJsonRequest(body: string | Uint8Array, limits?: DecodeLimits): DecodedRequest {
  const text = typeof body === "string" ? body : textOf(body);
  try {
    return decode(parsed(text), limits);
  } catch (error) {
    if (!(error instanceof Rounded)) throw error;
    return decode(parsed(withIntegersAsText(text)), limits);
  }
}

function textOf({ buffer, byteOffset, byteLength }: Uint8Array): string {
  try {
    return Buffer.from(buffer, byteOffset, byteLength).toString("utf8");
  } catch (error) {
    throw malformed(messageOf(error));
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw malformed(`it is not JSON: ${messageOf(error)}`);
  }
}

function decode(json: unknown, limits: DecodeLimits | undefined): DecodedRequest {
  const decoder = new RequestDecoder(limits);
  decoder.request(json);
  return decoder.collected;
}

type Keyed = Readonly<Record<string, unknown>>;

/** Thrown where a field has the wrong type: the span is rejected, or the body where it is around the spans. */
class WrongType extends Error {}

/** A name of an attribute, and the one that came after it the last time. */
interface Name {
  readonly text: string;
  next: Name | undefined;
}

/**
 * Names come again and again, mostly in the same order, and the objects that get them want one text for each. To compare a name
 * with the one that is likely takes a third of looking it up.
 */
class Names {
  readonly first: Name = { text: "", next: undefined };
  readonly #all = new Map<string, Name>();

  /** The name that comes after another. */
  after(name: Name, key: unknown): Name {
    const { next } = name;
    if (next !== undefined && next.text === key) return next;
    name.next = this.#found(stringOf(key));
    return name.next;
  }

  #found(text: string): Name {
    const name = this.#all.get(text) ?? { text, next: undefined };
    if (this.#all.size < MAX_NAMES) this.#all.set(text, name);
    return name;
  }
}

class RequestDecoder {
  readonly collected: Collected = new Collected();
  readonly #budget: Budget;
  readonly #names = new Names();

  constructor(limits: DecodeLimits | undefined) {
    this.#budget = new Budget(limits);
  }

  request(json: unknown): void {
    try {
      for (const item of listOf(keyed(json)["resourceSpans"])) this.#resourceSpans(keyed(item));
    } catch (error) {
      throw error instanceof WrongType ? malformed(error.message) : error;
    }
  }

  #resourceSpans({ resource, scopeSpans, schemaUrl }: Keyed): void {
    const { attributes, droppedAttributesCount } = optional(resource);
    const resourceAttributes = this.#attributes(attributes) ?? NO_ATTRIBUTES;
    const details = partDetails({
      schemaUrl: stringOf(schemaUrl),
      droppedAttributesCount: countOf(droppedAttributesCount),
    });
    for (const item of listOf(scopeSpans)) this.#scopeSpans(keyed(item), resourceAttributes, details);
  }

  #scopeSpans(
    { scope, spans, schemaUrl }: Keyed,
    resourceAttributes: Attributes,
    resource: OtlpPartDetails | undefined,
  ): void {
    const { name, version, attributes, droppedAttributesCount } = optional(scope);
    const part = partDetails({
      schemaUrl: stringOf(schemaUrl),
      attributes: this.#attributes(attributes),
      droppedAttributesCount: countOf(droppedAttributesCount),
    });
    const details = sharedDetails(resource, part);
    const around = { resourceAttributes, scope: scopeOf(stringOf(name), stringOf(version)), details };
    for (const span of listOf(spans)) this.#tried(keyed(span), around);
  }

  #tried(span: Keyed, around: Around): void {
    this.#budget.take();
    try {
      this.#span(span, around);
    } catch (error) {
      if (!(error instanceof WrongType)) throw error;
      this.collected.reject(`span: ${error.message}`);
    }
  }

  #span(span: Keyed, around: Around): void {
    const parts = new SpanParts();
    parts.traceId = stringOf(span["traceId"]);
    parts.spanId = stringOf(span["spanId"]);
    parts.parentSpanId = stringOf(span["parentSpanId"]);
    parts.traceState = stringOf(span["traceState"]);
    parts.name = stringOf(span["name"]);
    parts.kind = enumOf(span["kind"], KIND_NAMES);
    parts.startedAtMicros = timeOf(span["startTimeUnixNano"]);
    parts.endedAtMicros = timeOf(span["endTimeUnixNano"]);
    parts.flags = countOf(span["flags"]);
    parts.droppedAttributes = countOf(span["droppedAttributesCount"]);
    parts.droppedEvents = countOf(span["droppedEventsCount"]);
    parts.droppedLinks = countOf(span["droppedLinksCount"]);
    const { message, code } = optional(span["status"]);
    parts.statusMessage = stringOf(message);
    parts.status = enumOf(code, STATUS_NAMES);
    for (const event of listOf(span["events"])) parts.events.push(this.#event(keyed(event)));
    for (const link of listOf(span["links"])) parts.addLink(this.#link(keyed(link)));
    const attributes = this.#attributes(span["attributes"]) ?? NO_ATTRIBUTES;
    let fault = parts.fault();
    if (fault !== undefined) {
      parts.lowerCase();
      fault = parts.fault();
    }
    if (fault === undefined) this.collected.spans.push(parts.fields(attributes, around));
    else this.collected.reject(fault);
  }

  #event({ timeUnixNano, name, attributes, droppedAttributesCount }: Keyed): SpanEvent {
    this.#budget.take();
    const micros = timeOf(timeUnixNano);
    return eventOf(stringOf(name), micros, this.#attributes(attributes), countOf(droppedAttributesCount));
  }

  #link(link: Keyed): SpanLink | undefined {
    this.#budget.take();
    return linkOf({
      traceId: stringOf(link["traceId"]),
      spanId: stringOf(link["spanId"]),
      traceState: stringOf(link["traceState"]),
      attributes: this.#attributes(link["attributes"]),
      dropped: countOf(link["droppedAttributesCount"]),
      flags: countOf(link["flags"]),
    });
  }

  /** Undefined where there are none. */
  #attributes(json: unknown): Attributes | undefined {
    const list = listOf(json);
    return list.length === 0 ? undefined : this.#map(list, 0);
  }

  #map(list: readonly unknown[], depth: number): Attributes {
    const map: Record<string, unknown> = {};
    let name = this.#names.first;
    for (const item of list) {
      this.#budget.take();
      const { key, value } = keyed(item);
      name = this.#names.after(name, key);
      setOwn(map, name.text, this.#value(value, depth));
    }
    return Object.freeze(map);
  }

  /** Only one of the fields is there; an absent value, or one without a field, is null. */
  #value(json: unknown, depth: number): unknown {
    const any = optional(json);
    const text = any["stringValue"];
    if (typeof text === "string") return text;
    let value: unknown = null;
    for (const field in any) {
      const content = any[field];
      if (content !== null) value = this.#field(field, content, depth) ?? value;
    }
    return value;
  }

  #field(field: string, content: unknown, depth: number): unknown {
    switch (field) {
      case "stringValue":
        return stringOf(content);
      case "boolValue":
        return typeof content === "boolean" ? content : wrong("a boolValue is no boolean");
      case "intValue":
        return int64Of(content) ?? wrong("an intValue is no integer");
      case "doubleValue":
        return doubleOf(content) ?? wrong("a doubleValue is no number");
      case "bytesValue":
        return new Uint8Array(Buffer.from(stringOf(content), "base64"));
      case "arrayValue":
        return depth < MAX_DEPTH ? this.#list(content, depth + 1) : TOO_DEEP;
      case "kvlistValue":
        return depth < MAX_DEPTH ? this.#map(listOf(keyed(content)["values"]), depth + 1) : TOO_DEEP;
      default:
        return undefined;
    }
  }

  #list(content: unknown, depth: number): unknown {
    const items: unknown[] = [];
    for (const item of listOf(keyed(content)["values"])) {
      this.#budget.take();
      items.push(this.#value(item, depth));
    }
    return Object.freeze(items);
  }
}

const MAX_NAMES = 1000;
const NO_ATTRIBUTES: Attributes = Object.freeze({});
const NOTHING: Keyed = Object.freeze({});
const NO_ITEMS: readonly unknown[] = Object.freeze([]);

function scopeOf(name: string, version: string): Scope {
  return Object.freeze(version === "" ? { name } : { name, version });
}

function wrong(message: string): never {
  throw new WrongType(message);
}

function isKeyed(json: unknown): json is Keyed {
  return typeof json === "object" && json !== null && !Array.isArray(json);
}

function keyed(json: unknown): Keyed {
  return isKeyed(json) ? json : wrong("something is no object that should be one");
}

function optional(json: unknown): Keyed {
  return json === undefined || json === null ? NOTHING : keyed(json);
}

function listOf(json: unknown): readonly unknown[] {
  if (Array.isArray(json)) return json;
  return json === undefined || json === null ? NO_ITEMS : wrong("something is no list that should be one");
}

function stringOf(json: unknown): string {
  if (typeof json === "string") return json;
  return json === undefined || json === null ? "" : wrong("something is no text that should be one");
}

function timeOf(json: unknown): number {
  if (json === undefined || json === null) return 0;
  return microsOfNanos(json) ?? wrong("a time is no number of nanoseconds");
}

function countOf(json: unknown): number {
  if (json === undefined || json === null) return 0;
  const count = typeof json === "number" ? json : int64Of(json);
  if (typeof count === "number" && Number.isInteger(count) && count >= 0 && count <= MAX_UINT32) return count;
  return wrong("a count is no number of 32 bits");
}

const MAX_UINT32 = 0xffffffff;

/** Numbers, as OTLP has them; protobuf's JSON has names too. */
function enumOf(json: unknown, names: readonly string[]): number {
  if (typeof json === "number") return json;
  if (typeof json === "string") return names.indexOf(json);
  return json === undefined || json === null ? 0 : wrong("a kind or status is no number");
}

const KIND_NAMES = [
  "SPAN_KIND_UNSPECIFIED",
  "SPAN_KIND_INTERNAL",
  "SPAN_KIND_SERVER",
  "SPAN_KIND_CLIENT",
  "SPAN_KIND_PRODUCER",
  "SPAN_KIND_CONSUMER",
];
const STATUS_NAMES = ["STATUS_CODE_UNSET", "STATUS_CODE_OK", "STATUS_CODE_ERROR"];
