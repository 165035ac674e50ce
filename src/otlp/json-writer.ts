// Spans, resources and scopes as OTLP's JSON: ids in hex, 64-bit numbers as text, enums as numbers.
// Written by hand: `JSON.stringify` of a whole request takes 1.4 times as long, and of each span, which is how delivery wants
// them, twice as long (512 spans of a parent and a child: 0.91, 1.31 and 1.80 ms). An export takes 0.63 of the time of
// OpenTelemetry's so, and would take 0.71 or more; and what is long would have to be written in slices all the same.
import type { Attributes } from "../model/attributes.ts";
import type { OtlpPartDetails } from "../model/otlp-details.ts";
import {
  eventMicros,
  type Scope,
  type SpanEvent,
  type SpanFields,
  type SpanLink,
} from "../model/span-fields.ts";
import { ByteWriter, type Piece, pieceOf, valuesIn } from "./byte-writer.ts";
import { KINDS, STATUSES } from "./enums.ts";
import type { EntryKind, LongPart, PartWriter, SpanContent } from "./long-spans.ts";
import { type EnvelopeBytes, endOf, envelopeOf, startOf, wireMicros } from "./span-parts.ts";
import {
  base64,
  entriesOf,
  fitsInt64,
  flatForm,
  isInteger,
  isLong,
  type OtlpValues,
  plainForm,
} from "./values.ts";
import { Written } from "./written.ts";

/** Writes spans, each as an item of `spans` with the comma that parts it from the one before. */
export class JsonWriter extends ByteWriter implements PartWriter {
  readonly #isRich: boolean;
  readonly #isExact: boolean;
  readonly #keys = new Map<string, Piece>();

  constructor(values: OtlpValues, isExact: boolean) {
    super();
    this.#isRich = values === "rich";
    this.#isExact = isExact;
  }

  /** A span with these parts in the place of its own. */
  span(span: SpanFields, { attributes, events, links, droppedLinks }: SpanContent): void {
    const { traceState, parentSpanId, otlp } = span;
    this.#ids(span.traceId, span.spanId);
    this.#textField("traceState", traceState);
    if (parentSpanId !== undefined) this.#quoted(PARENT, parentSpanId);
    this.#quoted(NAME, span.spanName);
    this.piece(KIND);
    this.text(String(KINDS.indexOf(span.spanKind)));
    this.piece(START);
    this.decimal(startOf(span));
    this.piece(END);
    this.decimal(endOf(span));
    this.piece(AFTER_END);
    this.#attributes(attributes);
    this.#countField("droppedAttributesCount", otlp?.droppedAttributesCount);
    this.#events(events);
    this.#countField("droppedEventsCount", otlp?.droppedEventsCount);
    this.#links(links, droppedLinks);
    this.#countField("flags", otlp?.flags);
    this.#status(span);
    this.byte(CLOSE_BRACE);
  }

  #ids(traceId: string, spanId: string): void {
    this.piece(TRACE_ID);
    this.#escaped(traceId);
    this.#quoted(SPAN_ID, spanId);
  }

  /** A text, of which what stands before has the opening quote. */
  #quoted(before: Piece, text: string): void {
    this.piece(before);
    this.#escaped(text);
    this.byte(QUOTE);
  }

  #events(events: SpanContent["events"]): void {
    if (isEmpty(events)) return;
    this.text(',"events":');
    const mark = this.#mark();
    if (events instanceof Written) this.raw(events.bytes);
    else for (const event of events) this.event(event);
    this.#closeList(mark);
  }

  event(event: SpanEvent | LongPart<SpanEvent>): void {
    const micros = wireMicros(eventMicros(event));
    this.piece(EVENT);
    this.decimal(micros);
    // "0" and not "0000" for the epoch itself.
    this.piece(micros === 0 ? EVENT_AT_ZERO : EVENT_NAME);
    this.#escaped(event.name);
    this.byte(QUOTE);
    this.#attributesField(event.attributes);
    this.#droppedField(event.droppedAttributesCount);
    this.byte(CLOSE_BRACE);
  }

  #links(links: SpanContent["links"], dropped: number): void {
    if (!isEmpty(links)) this.#linkList(links);
    this.#countField("droppedLinksCount", dropped);
  }

  #linkList(links: SpanContent["links"]): void {
    this.text(',"links":');
    const mark = this.#mark();
    if (links instanceof Written) this.raw(links.bytes);
    else for (const link of links) this.link(link);
    this.#closeList(mark);
  }

  link({
    traceId,
    spanId,
    traceState,
    attributes,
    droppedAttributesCount,
    flags,
  }: SpanLink | LongPart<SpanLink>): void {
    this.#ids(traceId, spanId);
    this.#textField("traceState", traceState);
    this.#attributesField(attributes);
    this.#droppedField(droppedAttributesCount);
    this.#countField("flags", flags);
    this.byte(CLOSE_BRACE);
  }

  #status({ spanStatus, statusMessage }: SpanFields): void {
    if (spanStatus === "UNSET" && statusMessage === undefined) return;
    this.text(',"status":{');
    if (statusMessage !== undefined) this.text(`"message":${this.#json(statusMessage)},`);
    this.text(`"code":${STATUSES.indexOf(spanStatus)}}`);
  }

  #attributesField(attributes: Attributes | Written | undefined): void {
    if (attributes === undefined) return;
    this.text(',"attributes":');
    this.#attributes(attributes);
  }

  #attributes(attributes: Attributes | Written): void {
    const mark = this.#mark();
    if (attributes instanceof Written) this.raw(attributes.bytes);
    else this.#entries(attributes);
    this.#closeList(mark);
  }

  /** Without entries: an array for each attribute is a fifth of all that the collector has to do. */
  #entries(attributes: Attributes): void {
    const keys = this.keysOf(attributes);
    for (const key of keys) this.#keyValue(key, attributes[key]);
  }

  #map(form: object): void {
    const mark = this.#mark();
    if (form instanceof Map) for (const [key, value] of entriesOf(form)) this.#keyValue(key, value);
    else this.#entriesOf(form);
    this.#closeList(mark);
  }

  #entriesOf(form: object): void {
    const keys = this.keysOf(form);
    for (const key of keys) this.#keyValue(key, Reflect.get(form, key));
  }

  entry(_place: EntryKind, key: string, value: unknown): void {
    this.#keyValue(key, value);
  }

  item(value: unknown): void {
    this.byte(COMMA);
    this.#value(value);
  }

  textPiece(text: string): Uint8Array {
    return Buffer.from(this.#json(text).slice(1, -1));
  }

  /** The place for `#closeList`: of a list whose items begin with a comma each. */
  #mark(): number {
    return this.end - this.start;
  }

  /** Ends the list, and makes its first comma the bracket that opens it. */
  #closeList(mark: number): void {
    if (this.#mark() === mark) this.byte(COMMA);
    this.bytes[this.start + mark] = OPEN_BRACKET;
    this.byte(CLOSE_BRACKET);
  }

  #keyValue(key: string, value: unknown): void {
    this.#key(key);
    this.#value(value);
    this.byte(CLOSE_BRACE);
  }

  /** Names come again and again. */
  #key(key: string): void {
    const known = this.#keys.get(key);
    if (known !== undefined) return this.piece(known);
    const text = `,{"key":${this.#json(key)},"value":`;
    if (this.#keys.size < MAX_KEYS && key.length <= SHORT_KEY) this.#keys.set(key, pieceOf(text));
    this.text(text);
  }

  #value(value: unknown): void {
    if (typeof value === "string") this.#text(value);
    else if (typeof value === "boolean") this.text(`{"boolValue":${value}}`);
    else if (typeof value === "number") this.#number(value);
    else if (typeof value === "bigint") this.#bigint(value);
    else if (typeof value === "object" && value !== null) this.#object(value);
    else this.text("{}");
  }

  #text(text: string): void {
    this.piece(TEXT);
    this.#escaped(text);
    this.pair(QUOTE, CLOSE_BRACE);
  }

  #number(value: number): void {
    if (isInteger(value)) return this.#integer(value);
    if (!Number.isFinite(value)) return this.text(`{"doubleValue":"${value}"}`);
    this.text('{"doubleValue":');
    this.text(value === 0 ? "-0" : String(value));
    this.byte(CLOSE_BRACE);
  }

  #integer(value: number): void {
    this.text('{"intValue":"');
    if (value < 0) this.text(String(value));
    else this.decimal(value);
    this.pair(QUOTE, CLOSE_BRACE);
  }

  #bigint(value: bigint): void {
    if (fitsInt64(value)) this.text(`{"intValue":"${value}"}`);
    else this.#text(String(value));
  }

  #object(value: object): void {
    if (value instanceof Written) return this.#written(value);
    if (value instanceof Map || value instanceof Set) this.expect(value.size);
    if (!this.#isRich && isLong(value, valuesIn(this.room))) this.expect(Number.POSITIVE_INFINITY);
    const form = this.#isRich ? plainForm(value) : flatForm(value);
    if (typeof form === "string") return this.#text(form);
    if (form instanceof Uint8Array) return this.text(`{"bytesValue":"${base64(form)}"}`);
    const isList = Array.isArray(form);
    this.text(isList ? '{"arrayValue":{"values":' : '{"kvlistValue":{"values":');
    if (isList) this.#list(form);
    else this.#map(form);
    this.pair(CLOSE_BRACE, CLOSE_BRACE);
  }

  #written({ kind, bytes }: Written): void {
    if (kind === "text") {
      this.piece(TEXT);
      this.raw(bytes);
      return this.pair(QUOTE, CLOSE_BRACE);
    }
    this.text(kind === "list" ? '{"arrayValue":{"values":' : '{"kvlistValue":{"values":');
    const mark = this.#mark();
    this.raw(bytes);
    this.#closeList(mark);
    this.pair(CLOSE_BRACE, CLOSE_BRACE);
  }

  #list(items: readonly unknown[]): void {
    this.expect(items.length);
    const mark = this.#mark();
    for (const item of items) {
      this.byte(COMMA);
      this.#value(item);
    }
    this.#closeList(mark);
  }

  #textField(name: string, text: string | undefined): void {
    if (text !== undefined) this.text(`,"${name}":${this.#json(text)}`);
  }

  #countField(name: string, count: number | undefined): void {
    if (count !== undefined && count !== 0) this.text(`,"${name}":${count}`);
  }

  #droppedField(count: number | undefined): void {
    this.#countField("droppedAttributesCount", count);
  }

  /** What stands before the scopes of an item of `resourceSpans`, and after them. */
  resource(attributes: Attributes, details: OtlpPartDetails | undefined): EnvelopeBytes {
    this.begin();
    this.text('{"resource":{"attributes":');
    this.#attributes(attributes);
    this.#droppedField(details?.droppedAttributesCount);
    this.text('},"scopeSpans":[');
    return envelopeOf(this.taken(), this.#tail(details));
  }

  /** What stands before the spans of an item of `scopeSpans`, and after them. */
  scope({ name, version }: Scope, details: OtlpPartDetails | undefined): EnvelopeBytes {
    this.begin();
    this.text(`{"scope":{"name":${this.#json(name)}`);
    this.#textField("version", version);
    this.#attributesField(details?.attributes);
    this.#droppedField(details?.droppedAttributesCount);
    this.text('},"spans":[');
    return envelopeOf(this.taken(), this.#tail(details));
  }

  #tail(details: OtlpPartDetails | undefined): Uint8Array {
    const schemaUrl = details?.schemaUrl;
    return Buffer.from(schemaUrl === undefined ? "]}" : `],"schemaUrl":${this.#json(schemaUrl)}}`);
  }

  /** What a JSON text has between its quotes. */
  #escaped(text: string): void {
    if (this.plain(text)) return;
    this.expect(0, text.length);
    this.text(this.#json(text).slice(1, -1));
  }

  /** UTF-8 has no lone surrogates, and receivers refuse their escapes. */
  #json(text: string): string {
    return JSON.stringify(this.#isExact ? text : text.toWellFormed());
  }
}

function isEmpty(list: readonly unknown[] | Written): boolean {
  return (list instanceof Written ? list.bytes : list).length === 0;
}

// Each goes on as far as the quote, or the digit, of what is written after it.
const TRACE_ID = pieceOf(',{"traceId":"');
const SPAN_ID = pieceOf('","spanId":"');
const PARENT = pieceOf(',"parentSpanId":"');
const NAME = pieceOf(',"name":"');
const KIND = pieceOf(',"kind":');
const START = pieceOf(',"startTimeUnixNano":"');
const END = pieceOf('000","endTimeUnixNano":"');
const AFTER_END = pieceOf('000","attributes":');
const EVENT = pieceOf(',{"timeUnixNano":"');
const EVENT_NAME = pieceOf('000","name":"');
const EVENT_AT_ZERO = pieceOf('","name":"');
const TEXT = pieceOf('{"stringValue":"');

const SHORT_KEY = 64;
const MAX_KEYS = 1000;
const QUOTE = 0x22;
const COMMA = 0x2c;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const CLOSE_BRACE = 0x7d;
