// The body of an ExportTraceServiceRequest, JSON, as spans. Names are read in both spellings, and those of OTLP before 1.0 too.
import type { Attributes } from "../model/attributes.ts";
import { messageOf } from "../model/errors.ts";
import type { OtlpPartDetails } from "../model/otlp-details.ts";
import type { SpanEvent, SpanLink } from "../model/span-fields.ts";
import {
  Budget,
  Collected,
  type DecodedRequest,
  type DecodeLimits,
  malformed,
  partDetails,
  scopeOf,
  sharedDetails,
} from "./decoded.ts";
import {
  countOf,
  enumOf,
  type Keyed,
  keyed,
  listOf,
  optional,
  textOf,
  timeOf,
  unknownFields,
  WrongField,
} from "./json-fields.ts";
import { Rounded, withIntegersAsText } from "./json-numbers.ts";
import { JsonValues } from "./json-values.ts";
import type { Many } from "./many.ts";
import { type Around, eventOf, linkOf, SpanParts } from "./span-reading.ts";

/**
 * Reads the body of an ExportTraceServiceRequest, JSON: its text, or that as UTF-8.
 * @throws TracelightError `INVALID_RECORD` where the body is malformed.
 */
export function decodeJsonRequest(body: string | Uint8Array, limits?: DecodeLimits): DecodedRequest {
  const text = typeof body === "string" ? body : textIn(body);
  try {
    return decode(parsed(text), limits);
  } catch (error) {
    if (!(error instanceof Rounded)) throw error;
    return decode(parsed(withIntegersAsText(text)), limits);
  }
}

function textIn({ buffer, byteOffset, byteLength }: Uint8Array): string {
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
  const decoder = new JsonRequestDecoder(limits);
  for (const _ of decoder.request(json));
  return decoder.collected;
}

/** A span whose long parts may not be read yet. */
interface Draft {
  readonly parts: SpanParts;
  readonly attributes: Attributes | Many;
}

/** Reads a request that is parsed already, in steps: what is between two `next` of a generator is a short time. */
export class JsonRequestDecoder {
  readonly collected: Collected = new Collected();
  readonly #budget: Budget;
  readonly #in: JsonValues;

  /** About `most` values are read in one step. Default: all. */
  constructor(limits: DecodeLimits | undefined, most: number = Number.POSITIVE_INFINITY) {
    this.#budget = new Budget(limits, most);
    this.#in = new JsonValues(this.#budget, most);
  }

  /** Throws `INVALID_RECORD` where the request is malformed. */
  *request(json: unknown): Generator<void, void> {
    try {
      const request = keyed(json, "");
      const list = request["resourceSpans"] ?? request["resource_spans"];
      this.#missed(request, KNOWN.request);
      this.#in.place.enter("resourceSpans");
      for (const item of listOf(list, "")) {
        this.#in.place.next();
        yield* this.#resourceSpans(keyed(item, ""));
      }
    } catch (error) {
      if (!(error instanceof WrongField)) throw error;
      throw malformed(`${this.#in.place.to(error.field) || "it"} ${error.message}`);
    }
    this.collected.check();
  }

  *#resourceSpans(item: Keyed): Generator<void, void> {
    const list =
      item["scopeSpans"] ??
      item["scope_spans"] ??
      item["instrumentationLibrarySpans"] ??
      item["instrumentation_library_spans"];
    this.#missed(item, KNOWN.resourceSpans);
    const { attributes, details } = this.#part(item, "resource", item["resource"]);
    if (this.#in.isBehind) yield* this.#in.catchUp();
    this.#in.place.enter("scopeSpans");
    for (const scopeSpans of listOf(list, "")) {
      this.#in.place.next();
      yield* this.#scopeSpans(keyed(scopeSpans, ""), attributes ?? NO_ATTRIBUTES, partDetails(details));
    }
    this.#in.place.leave();
  }

  *#scopeSpans(
    item: Keyed,
    resourceAttributes: Attributes,
    resource: OtlpPartDetails | undefined,
  ): Generator<void, void> {
    const library = item["instrumentationLibrary"] ?? item["instrumentation_library"];
    const { part, attributes, details } = this.#part(item, "scope", item["scope"] ?? library);
    if (this.#in.isBehind) yield* this.#in.catchUp();
    const scope = scopeOf(textOf(part["name"], "scope.name"), textOf(part["version"], "scope.version"));
    const own = partDetails(attributes === undefined ? details : { ...details, attributes });
    this.#missed(item, KNOWN.scopeSpans);
    yield* this.#spans(item["spans"], { resourceAttributes, scope, details: sharedDetails(resource, own) });
  }

  /** What a resource and a scope have alike. */
  #part(
    item: Keyed,
    field: string,
    json: unknown,
  ): { part: Keyed; attributes: Attributes | undefined; details: OtlpPartDetails } {
    this.#budget.take();
    const part = optional(json, field);
    this.#in.place.enter(field);
    const attributes = this.#in.attributes(part["attributes"]);
    const droppedAttributesCount = droppedIn(part);
    this.#in.place.leave();
    const schemaUrl = textOf(item["schemaUrl"] ?? item["schema_url"], "schemaUrl");
    return { part, attributes, details: { schemaUrl, droppedAttributesCount } };
  }

  /** Spans under a name that OTLP does not have must not vanish. */
  #missed(part: Keyed, { fields, spans }: Level): void {
    if (spans.some((name) => name in part)) return;
    const unknown = unknownFields(part, fields);
    if (unknown === "") return;
    this.collected.note(
      `${this.#in.place.to() || "it"} has no spans, but ${unknown}, which OTLP does not know`,
    );
  }

  *#spans(list: unknown, around: Around): Generator<void, void> {
    const { place } = this.#in;
    place.enter("spans");
    const { depth } = place;
    for (const item of listOf(list, "")) {
      place.next();
      const span = keyed(item, "");
      this.#budget.take();
      try {
        const draft = this.#draft(span);
        if (this.#in.isBehind) yield* this.#in.catchUp();
        this.#collect(draft, span, around);
      } catch (error) {
        this.#reject(span, error);
        this.#in.giveUp(place, depth);
      }
      if (this.#budget.isDue()) yield;
    }
    place.leave();
  }

  #draft(span: Keyed): Draft {
    const parts = new SpanParts();
    parts.traceId = textOf(span["traceId"] ?? span["trace_id"], "traceId");
    parts.spanId = textOf(span["spanId"] ?? span["span_id"], "spanId");
    parts.parentSpanId = textOf(span["parentSpanId"] ?? span["parent_span_id"], "parentSpanId");
    parts.traceState = textOf(span["traceState"] ?? span["trace_state"], "traceState");
    parts.name = textOf(span["name"], "name");
    parts.kind = enumOf(span["kind"], "kind", KIND_NAMES);
    parts.startedAtMicros = timeOf(
      span["startTimeUnixNano"] ?? span["start_time_unix_nano"],
      "startTimeUnixNano",
    );
    parts.endedAtMicros = timeOf(span["endTimeUnixNano"] ?? span["end_time_unix_nano"], "endTimeUnixNano");
    parts.flags = countOf(span["flags"], "flags");
    parts.droppedAttributes = droppedIn(span);
    parts.droppedEvents = countOf(
      span["droppedEventsCount"] ?? span["dropped_events_count"],
      "droppedEventsCount",
    );
    parts.droppedLinks = countOf(
      span["droppedLinksCount"] ?? span["dropped_links_count"],
      "droppedLinksCount",
    );
    const { message, code } = optional(span["status"], "status");
    parts.statusMessage = textOf(message, "status.message");
    parts.status = enumOf(code, "status.code", STATUS_NAMES);
    if (span["events"] !== undefined) this.#events(span["events"], parts);
    if (span["links"] !== undefined) this.#links(span["links"], parts);
    return { parts, attributes: this.#in.spanAttributes(span["attributes"]) ?? NO_ATTRIBUTES };
  }

  #events(json: unknown, parts: SpanParts): void {
    this.#in.each(json, "events", (item) => void parts.events.push(this.#event(keyed(item, ""))));
  }

  #links(json: unknown, parts: SpanParts): void {
    this.#in.each(json, "links", (item) => parts.addLink(this.#link(keyed(item, ""))));
  }

  #event(event: Keyed): SpanEvent {
    this.#budget.take();
    const micros = timeOf(event["timeUnixNano"] ?? event["time_unix_nano"], "timeUnixNano");
    return eventOf(
      textOf(event["name"], "name"),
      micros,
      this.#in.attributes(event["attributes"]),
      droppedIn(event),
    );
  }

  #link(link: Keyed): SpanLink | undefined {
    this.#budget.take();
    return linkOf({
      traceId: textOf(link["traceId"] ?? link["trace_id"], "traceId"),
      spanId: textOf(link["spanId"] ?? link["span_id"], "spanId"),
      traceState: textOf(link["traceState"] ?? link["trace_state"], "traceState"),
      attributes: this.#in.attributes(link["attributes"]),
      dropped: droppedIn(link),
      flags: countOf(link["flags"], "flags"),
    });
  }

  #collect({ parts, attributes }: Draft, span: Keyed, around: Around): void {
    let fault = parts.fault();
    if (fault !== undefined) {
      parts.lowerCase();
      fault = parts.fault();
    }
    if (fault === undefined) this.collected.spans.push(parts.fields(attributes, around));
    else this.collected.reject(parts.name, `${fault.why}${hintOf(span)} (${this.#in.place.to(fault.field)})`);
  }

  #reject(span: Keyed, error: unknown): void {
    if (!(error instanceof WrongField)) throw error;
    const name = typeof span["name"] === "string" ? span["name"] : "";
    this.collected.reject(name, `${this.#in.place.to(error.field)} ${error.message}`);
  }
}

/** What the sender may have meant by what OTLP does not know. */
function hintOf(span: Keyed): string {
  const unknown = unknownFields(span, SPAN_FIELDS);
  return unknown === "" ? "" : `; it has ${unknown}, which OTLP does not know`;
}

function droppedIn(part: Keyed): number {
  return countOf(
    part["droppedAttributesCount"] ?? part["dropped_attributes_count"],
    "droppedAttributesCount",
  );
}

const NO_ATTRIBUTES: Attributes = Object.freeze({});

/** The fields of a message in both spellings. */
function both(...names: readonly string[]): ReadonlySet<string> {
  const snake = names.map((name) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`));
  return new Set([...names, ...snake]);
}

/** A message around spans: its fields, and those among them that bring spans. */
interface Level {
  readonly fields: ReadonlySet<string>;
  readonly spans: readonly string[];
}

function level(spans: ReadonlySet<string>, ...others: readonly string[]): Level {
  return { fields: new Set([...spans, ...both(...others)]), spans: [...spans] };
}

const KNOWN = {
  request: level(both("resourceSpans")),
  resourceSpans: level(both("scopeSpans", "instrumentationLibrarySpans"), "resource", "schemaUrl"),
  scopeSpans: level(both("spans"), "scope", "instrumentationLibrary", "schemaUrl"),
};
const SPAN_FIELDS = both(
  ...["traceId", "spanId", "parentSpanId", "traceState", "name", "kind", "startTimeUnixNano"],
  ...["endTimeUnixNano", "attributes", "events", "links", "status", "flags"],
  ...["droppedAttributesCount", "droppedEventsCount", "droppedLinksCount"],
);
const KIND_NAMES = ["UNSPECIFIED", "INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER"].map(
  (kind) => `SPAN_KIND_${kind}`,
);
const STATUS_NAMES = ["STATUS_CODE_UNSET", "STATUS_CODE_OK", "STATUS_CODE_ERROR"];
