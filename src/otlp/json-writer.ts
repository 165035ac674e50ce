// Spans, resources and scopes as OTLP's JSON: ids in hex, 64-bit numbers as text, enums as numbers.
import type { Attributes } from "../model/attributes.ts";
import type { OtlpPartDetails } from "../model/otlp-details.ts";
import { eventMicros, type Scope, type SpanEvent, type SpanFields, type SpanLink } from "../model/record.ts";
import { ByteWriter } from "./byte-writer.ts";
import { KINDS, STATUSES } from "./enums.ts";
import { type EnvelopeBytes, endOf, envelopeOf, sendableLinks, startOf, wireMicros } from "./span-parts.ts";
import { base64, entriesOf, fitsInt64, flatForm, isInteger, type OtlpValues, plainForm } from "./values.ts";

/** Writes spans, each as an item of `spans` with the comma that parts it from the one before. */
export class JsonWriter extends ByteWriter {
  readonly #isRich: boolean;
  readonly #keys = new Map<string, string>();

  constructor(values: OtlpValues) {
    super();
    this.#isRich = values === "rich";
  }

  span(span: SpanFields): void {
    const { traceState, parentSpanId, events, otlp } = span;
    const { links, dropped } = sendableLinks(span);
    this.text(
      `,{"traceId":"${span.traceId}","spanId":"${span.spanId}"${textField("traceState", traceState)}` +
        `${parentSpanId === undefined ? "" : `,"parentSpanId":"${parentSpanId}"`}` +
        `,"name":${quoted(span.spanName)},"kind":${KINDS.indexOf(span.spanKind)}` +
        `,"startTimeUnixNano":"${startOf(span)}000","endTimeUnixNano":"${endOf(span)}000"` +
        `,"attributes":${this.#attributes(span.attributes)}` +
        countField("droppedAttributesCount", otlp?.droppedAttributesCount) +
        `${events.length === 0 ? "" : `,"events":[${events.map((event) => this.#event(event)).join(",")}]`}` +
        countField("droppedEventsCount", otlp?.droppedEventsCount) +
        `${links.length === 0 ? "" : `,"links":[${links.map((link) => this.#link(link)).join(",")}]`}` +
        `${countField("droppedLinksCount", dropped)}${countField("flags", otlp?.flags)}${status(span)}}`,
    );
  }

  #event(event: SpanEvent): string {
    return (
      `{"timeUnixNano":"${nanos(wireMicros(eventMicros(event)))}","name":${quoted(event.name)}` +
      `${this.#attributesField(event.attributes)}${droppedField(event.droppedAttributesCount)}}`
    );
  }

  #link({ traceId, spanId, traceState, attributes, droppedAttributesCount, flags }: SpanLink): string {
    return (
      `{"traceId":"${traceId}","spanId":"${spanId}"${textField("traceState", traceState)}` +
      `${this.#attributesField(attributes)}${droppedField(droppedAttributesCount)}${countField("flags", flags)}}`
    );
  }

  #attributesField(attributes: Attributes | undefined): string {
    return attributes === undefined ? "" : `,"attributes":${this.#attributes(attributes)}`;
  }

  #attributes(attributes: Attributes): string {
    let text = "[";
    // Without entries: an array for each attribute is a fifth of all that the collector has to do.
    for (const key of Object.keys(attributes)) text += this.#keyValue(text, key, attributes[key]);
    return `${text}]`;
  }

  #map(form: object): string {
    let text = "[";
    for (const [key, value] of entriesOf(form)) text += this.#keyValue(text, key, value);
    return `${text}]`;
  }

  #keyValue(before: string, key: string, value: unknown): string {
    const name = this.#key(key);
    const json = typeof value === "string" ? textValue(value) : this.#value(value);
    return before.length === 1 ? `${name}${json}}` : `,${name}${json}}`;
  }

  /** Names come again and again. */
  #key(key: string): string {
    const known = this.#keys.get(key);
    if (known !== undefined) return known;
    const text = `{"key":${quoted(key)},"value":`;
    if (this.#keys.size < MAX_KEYS && key.length <= SHORT_TEXT) this.#keys.set(key, text);
    return text;
  }

  #value(value: unknown): string {
    if (typeof value === "string") return textValue(value);
    if (typeof value === "boolean") return `{"boolValue":${value}}`;
    if (typeof value === "number") return numberValue(value);
    if (typeof value === "bigint") {
      return fitsInt64(value) ? `{"intValue":"${value}"}` : textValue(String(value));
    }
    return typeof value === "object" && value !== null ? this.#object(value) : "{}";
  }

  #object(value: object): string {
    const form = this.#isRich ? plainForm(value) : flatForm(value);
    if (typeof form === "string") return textValue(form);
    if (form instanceof Uint8Array) return `{"bytesValue":"${base64(form)}"}`;
    if (!Array.isArray(form)) return `{"kvlistValue":{"values":${this.#map(form)}}}`;
    return `{"arrayValue":{"values":[${form.map((item) => this.#value(item)).join(",")}]}}`;
  }

  /** What stands before the scopes of an item of `resourceSpans`, and after them. */
  resource(attributes: Attributes, details: OtlpPartDetails | undefined): EnvelopeBytes {
    const resource = `"attributes":${this.#attributes(attributes)}${droppedField(details?.droppedAttributesCount)}`;
    return envelope(`{"resource":{${resource}},"scopeSpans":[`, details);
  }

  /** What stands before the spans of an item of `scopeSpans`, and after them. */
  scope({ name, version }: Scope, details: OtlpPartDetails | undefined): EnvelopeBytes {
    const scope =
      `"name":${quoted(name)}${textField("version", version)}` +
      `${this.#attributesField(details?.attributes)}${droppedField(details?.droppedAttributesCount)}`;
    return envelope(`{"scope":{${scope}},"spans":[`, details);
  }
}

function envelope(head: string, details: OtlpPartDetails | undefined): EnvelopeBytes {
  return envelopeOf(Buffer.from(head), Buffer.from(`]${textField("schemaUrl", details?.schemaUrl)}}`));
}

function numberValue(value: number): string {
  if (isInteger(value)) return `{"intValue":"${value}"}`;
  if (!Number.isFinite(value)) return `{"doubleValue":"${value}"}`;
  return `{"doubleValue":${value === 0 ? "-0" : value}}`;
}

function status({ spanStatus, statusMessage }: SpanFields): string {
  if (spanStatus === "UNSET" && statusMessage === undefined) return "";
  const message = statusMessage === undefined ? "" : `"message":${quoted(statusMessage)},`;
  return `,"status":{${message}"code":${STATUSES.indexOf(spanStatus)}}`;
}

/** "0" and not "0000" for the epoch itself. */
function nanos(micros: number): string {
  return micros === 0 ? "0" : `${micros}000`;
}

function textField(name: string, text: string | undefined): string {
  return text === undefined ? "" : `,"${name}":${quoted(text)}`;
}

function countField(name: string, count: number | undefined): string {
  return count === undefined || count === 0 ? "" : `,"${name}":${count}`;
}

function droppedField(count: number | undefined): string {
  return countField("droppedAttributesCount", count);
}

function textValue(text: string): string {
  return `{"stringValue":${quoted(text)}}`;
}

/** A JSON text; most short ones need no escape, and finding that out takes less than `JSON.stringify`. */
function quoted(text: string): string {
  return text.length <= SHORT_TEXT && isPlain(text) ? `"${text}"` : JSON.stringify(text);
}

function isPlain(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 0x20 || code > 0x7e || code === QUOTE || code === BACKSLASH) return false;
  }
  return true;
}

const SHORT_TEXT = 64;
const MAX_KEYS = 1000;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
