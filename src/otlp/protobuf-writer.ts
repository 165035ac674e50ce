// Spans, resources and scopes as OTLP's protobuf messages. Field numbers: opentelemetry-proto, trace/v1/trace.proto.
import type { Attributes } from "../model/attributes.ts";
import type { OtlpPartDetails } from "../model/otlp-details.ts";
import {
  eventMicros,
  type Scope,
  type SpanEvent,
  type SpanFields,
  type SpanLink,
} from "../model/span-fields.ts";
import { ByteWriter, countBytes, valuesIn } from "./byte-writer.ts";
import { KINDS, STATUSES } from "./enums.ts";
import type { EntryKind, LongPart, PartWriter, SpanContent } from "./long-spans.ts";
import { type EnvelopeBytes, endOf, envelopeOf, startOf, wireMicros } from "./span-parts.ts";
import { entriesOf, fitsInt64, flatForm, isInteger, isLong, type OtlpValues, plainForm } from "./values.ts";
import { Written } from "./written.ts";

/** Writes spans, each as a field `spans` of ScopeSpans. */
export class ProtobufWriter extends ByteWriter implements PartWriter {
  readonly #isRich: boolean;

  constructor(values: OtlpValues) {
    super();
    this.#isRich = values === "rich";
  }

  /** A span with these parts in the place of its own. */
  span(span: SpanFields, { attributes, events, links, droppedLinks }: SpanContent): void {
    const { traceState, parentSpanId, otlp } = span;
    const mark = this.open(0x12, 2);
    this.hexField(0x0a, span.traceId);
    this.hexField(0x12, span.spanId);
    if (traceState !== undefined) this.textField(0x1a, traceState);
    if (parentSpanId !== undefined) this.hexField(0x22, parentSpanId);
    this.textField(0x2a, span.spanName);
    this.pair(0x30, KINDS.indexOf(span.spanKind));
    this.nanosField(0x39, startOf(span));
    this.nanosField(0x41, endOf(span));
    this.attributes(0x4a, attributes);
    if (events instanceof Written) this.raw(events.bytes);
    else for (const event of events) this.event(event);
    if (links instanceof Written) this.raw(links.bytes);
    else for (const link of links) this.link(link);
    this.#countField(0x70, droppedLinks);
    this.#status(span);
    if (otlp !== undefined) {
      this.#countField(0x50, otlp.droppedAttributesCount);
      this.#countField(0x60, otlp.droppedEventsCount);
      this.#flags(0x85, 0x01, otlp.flags);
    }
    this.close(mark, 2);
  }

  event(event: SpanEvent | LongPart<SpanEvent>): void {
    const mark = this.open(0x5a, 1);
    this.nanosField(0x09, wireMicros(eventMicros(event)));
    this.textField(0x12, event.name);
    if (event.attributes !== undefined) this.attributes(0x1a, event.attributes);
    this.#countField(0x20, event.droppedAttributesCount);
    this.close(mark, 1);
  }

  link({
    traceId,
    spanId,
    traceState,
    attributes,
    droppedAttributesCount,
    flags,
  }: SpanLink | LongPart<SpanLink>): void {
    const mark = this.open(0x6a, 1);
    this.hexField(0x0a, traceId);
    this.hexField(0x12, spanId);
    if (traceState !== undefined) this.textField(0x1a, traceState);
    if (attributes !== undefined) this.attributes(0x22, attributes);
    this.#countField(0x28, droppedAttributesCount);
    this.#flags(0x35, undefined, flags);
    this.close(mark, 1);
  }

  #status({ spanStatus, statusMessage }: SpanFields): void {
    if (spanStatus === "UNSET" && statusMessage === undefined) return;
    const mark = this.open(0x7a, 1);
    if (statusMessage !== undefined) this.textField(0x12, statusMessage);
    if (spanStatus !== "UNSET") this.pair(0x18, STATUSES.indexOf(spanStatus));
    this.close(mark, 1);
  }

  #countField(tag: number, count: number | undefined): void {
    if (count === undefined || count === 0) return;
    this.byte(tag);
    this.count(count);
  }

  #flags(tag: number, secondTag: number | undefined, flags: number | undefined): void {
    if (flags === undefined || flags === 0) return;
    this.byte(tag);
    if (secondTag !== undefined) this.byte(secondTag);
    this.fixed32(flags);
  }

  attributes(tag: number, attributes: Attributes | Written): void {
    if (attributes instanceof Written) return this.raw(attributes.bytes);
    const keys = this.keysOf(attributes);
    for (const key of keys) this.#keyValue(tag, key, attributes[key]);
  }

  entry(place: EntryKind, key: string, value: unknown): void {
    this.#keyValue(TAGS[place], key, value);
  }

  item(value: unknown): void {
    this.#value(0x0a, value);
  }

  textPiece(text: string): Uint8Array {
    return Buffer.from(text);
  }

  #keyValue(tag: number, key: string, value: unknown): void {
    const guess = typeof value === "string" ? countBytes(key.length + value.length + 8) : 1;
    const mark = this.open(tag, guess);
    this.textField(0x0a, key);
    this.#value(0x12, value);
    this.close(mark, guess);
  }

  /** A field whose message is an AnyValue. */
  #value(tag: number, value: unknown): void {
    const guess = typeof value === "string" ? countBytes(value.length + 3) : 1;
    const mark = this.open(tag, guess);
    if (typeof value === "string") this.textField(0x0a, value);
    else if (typeof value === "boolean") this.pair(0x10, value ? 1 : 0);
    else if (typeof value === "number") this.#number(value);
    else if (typeof value === "bigint") this.#bigint(value);
    else if (typeof value === "object" && value !== null) this.#object(value);
    this.close(mark, guess);
  }

  #number(value: number): void {
    if (isInteger(value)) {
      this.byte(0x18);
      this.int64(value);
    } else {
      this.byte(0x21);
      this.double(value);
    }
  }

  #bigint(value: bigint): void {
    if (!fitsInt64(value)) return this.textField(0x0a, String(value));
    this.byte(0x18);
    this.int64(value);
  }

  #object(value: object): void {
    if (value instanceof Written) return this.#written(value);
    if (value instanceof Map || value instanceof Set) this.expect(value.size);
    if (!this.#isRich && isLong(value, valuesIn(this.room))) this.expect(Number.POSITIVE_INFINITY);
    const form = this.#isRich ? plainForm(value) : flatForm(value);
    if (typeof form === "string") return this.textField(0x0a, form);
    if (form instanceof Uint8Array) return this.bytesField(0x3a, form);
    const isList = Array.isArray(form);
    this.expect(isList ? form.length : 0);
    const mark = this.open(isList ? 0x2a : 0x32, 2);
    if (isList) for (const item of form) this.#value(0x0a, item);
    else if (form instanceof Map)
      for (const [key, inner] of entriesOf(form)) this.#keyValue(0x0a, key, inner);
    else this.#entriesOf(form);
    this.close(mark, 2);
  }

  #entriesOf(form: object): void {
    const keys = this.keysOf(form);
    for (const key of keys) this.#keyValue(0x0a, key, Reflect.get(form, key));
  }

  #written({ kind, bytes }: Written): void {
    if (kind === "text") return this.bytesField(0x0a, bytes);
    this.bytesField(kind === "list" ? 0x2a : 0x32, bytes);
  }

  /** What stands before the scopes of a ResourceSpans, and after them. */
  resource(attributes: Attributes, details: OtlpPartDetails | undefined): EnvelopeBytes {
    return this.#envelope(details, () => {
      this.attributes(0x0a, attributes);
      this.#countField(0x10, details?.droppedAttributesCount);
    });
  }

  /** What stands before the spans of a ScopeSpans, and after them. */
  scope({ name, version }: Scope, details: OtlpPartDetails | undefined): EnvelopeBytes {
    return this.#envelope(details, () => {
      if (name !== "") this.textField(0x0a, name);
      if (version !== undefined) this.textField(0x12, version);
      if (details?.attributes !== undefined) this.attributes(0x1a, details.attributes);
      this.#countField(0x20, details?.droppedAttributesCount);
    });
  }

  #envelope(details: OtlpPartDetails | undefined, write: () => void): EnvelopeBytes {
    this.begin();
    const mark = this.open(0x0a, 2);
    write();
    this.close(mark, 2);
    const head = this.taken();
    this.begin();
    if (details?.schemaUrl !== undefined) this.textField(0x1a, details.schemaUrl);
    return envelopeOf(head, this.taken());
  }
}

/** Of a KeyValue. */
const TAGS: Readonly<Record<EntryKind, number>> = { span: 0x4a, event: 0x1a, link: 0x22, map: 0x0a };
