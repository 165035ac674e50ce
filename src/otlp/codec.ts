// OTLP to and from spans, pure: what the sender and the receiver build on.
import { type TargetVocabulary, translate } from "../conventions/translate.ts";
import { knownAttributes } from "../delivery/known-attributes.ts";
import type { Attributes } from "../model/attributes.ts";
import { entriesIn } from "../model/many-keys.ts";
import { fieldsWith, type SpanFields, STATE_ATTRIBUTE } from "../model/span-fields.ts";
import type { Turns } from "../model/turns.ts";
import { attributesIn, attributesOf } from "../tracing/many-attributes.ts";
import type { Span } from "../tracing/span.ts";
import { NO_BOUND, TooLong } from "./byte-writer.ts";
import type { OtlpEncoding } from "./encoding.ts";
import { JsonWriter } from "./json-writer.ts";
import { type LongContent, LongSpan, type PartWriter, type SpanContent, STEP_BYTES } from "./long-spans.ts";
import { Envelopes, type OtlpParcel } from "./parcels.ts";
import { ProtobufWriter } from "./protobuf-writer.ts";
import { joinJson, joinProtobuf } from "./requests.ts";
import { sendableLinks } from "./span-parts.ts";
import type { OtlpValues } from "./values.ts";

export type { DecodedRequest, DecodeLimits } from "./decoded.ts";
export type { OtlpEncoding } from "./encoding.ts";
export { decodeJsonRequest } from "./json-request.ts";
export type { OtlpParcel } from "./parcels.ts";
export { decodeProtobufRequest } from "./protobuf-request.ts";
export { decodeResponse, encodeResponse, type OtlpResponse } from "./response.ts";
export type { OtlpValues } from "./values.ts";

/** Turns spans into parcels, and parcels into the body of one ExportTraceServiceRequest. */
export interface OtlpEncoder {
  readonly contentType: string;
  /** Encodes a span. Throws TracelightError `INVALID_RECORD` for one that still runs. */
  encode(span: SpanFields): OtlpParcel;
  /** The same, in slices where the span is too long to be encoded in one go. */
  encodeInSlices(span: SpanFields, turns: Turns): OtlpParcel | Promise<OtlpParcel>;
  /** A span with very many attributes, which are taken one by one. */
  encodeMany(span: Span, turns: Turns): Promise<OtlpParcel>;
  /** The request's body: spans grouped by resource and scope, each group and each span in the order they were given. */
  join(parcels: readonly OtlpParcel[]): Uint8Array;
}

/** How spans are written. */
export interface OtlpEncoderOptions {
  /** Default `"rich"`. */
  readonly values?: OtlpValues | undefined;
  /** The vocabulary that attributes are translated into. Default: none, they are written as they are. */
  readonly translate?: TargetVocabulary | undefined;
  /** True keeps lone surrogates in JSON, for files of our own. Default: each becomes U+FFFD, as in protobuf. */
  readonly isExact?: boolean;
  /** Bytes that are written in one go: a longer span is written in slices. Default 128 KiB. */
  readonly stepBytes?: number;
}

/** An encoder; a tracer needs one. */
export function otlpEncoder(encoding: OtlpEncoding, options: OtlpEncoderOptions = {}): OtlpEncoder {
  const { values = "rich", translate: to, isExact = false, stepBytes = STEP_BYTES } = options;
  const shared = {
    attributesOf: to === undefined ? attributesOf : (span: SpanFields) => translate(span, to),
    ...{ values, stepBytes },
  };
  return encoding === "protobuf"
    ? new Encoder({
        ...{ ...shared, contentType: "application/x-protobuf", join: joinProtobuf },
        make: () => new ProtobufWriter(values),
      })
    : new Encoder({
        ...{ ...shared, contentType: "application/json", join: joinJson },
        make: () => new JsonWriter(values, isExact),
      });
}

type Writer = PartWriter &
  ConstructorParameters<typeof Envelopes>[0] & { span(span: SpanFields, content: SpanContent): void };

interface Steps {
  readonly contentType: string;
  readonly make: () => Writer;
  readonly join: OtlpEncoder["join"];
  readonly attributesOf: (span: SpanFields) => Attributes;
  readonly values: OtlpValues;
  readonly stepBytes: number;
}

/** The parts of a span as it has them. */
type Content = Omit<LongContent, "attributes"> & { readonly attributes: Attributes };

/** What is said of a span in place of its known attributes, and the others; all in their order where they are the same. */
function* withOthers(said: Attributes, known: Attributes, span: Span): Generator<readonly [string, unknown]> {
  if (said === known) return yield* attributesIn(span);
  yield* entriesIn(said);
  for (const entry of attributesIn(span)) {
    if (!Object.hasOwn(known, entry[0]) && !Object.hasOwn(said, entry[0])) yield entry;
  }
}

class Encoder implements OtlpEncoder {
  readonly contentType: string;
  readonly join: OtlpEncoder["join"];
  readonly #steps: Steps;
  readonly #writer: Writer;
  readonly #envelopes: Envelopes;

  constructor(steps: Steps) {
    this.contentType = steps.contentType;
    this.join = steps.join;
    this.#steps = steps;
    this.#writer = steps.make();
    this.#envelopes = new Envelopes(this.#writer);
  }

  encode(span: SpanFields): OtlpParcel {
    return this.#parcel(span, this.#contentOf(span), NO_BOUND);
  }

  encodeInSlices(span: SpanFields, turns: Turns): OtlpParcel | Promise<OtlpParcel> {
    const content = this.#contentOf(span);
    try {
      return this.#parcel(span, content, this.#steps.stepBytes);
    } catch (error) {
      if (!(error instanceof TooLong)) throw error;
      return this.#long(span, { ...content, attributes: entriesIn(content.attributes) }, turns);
    }
  }

  async encodeMany(span: Span, turns: Turns): Promise<OtlpParcel> {
    const known = await knownAttributes(span, turns);
    const fields = fieldsWith(known, span);
    const content = this.#contentOf(fields);
    const attributes = withOthers(content.attributes, known, span);
    return this.#long(fields, { ...content, attributes }, turns);
  }

  async #long(span: SpanFields, content: LongContent, turns: Turns): Promise<OtlpParcel> {
    const { make, values, stepBytes } = this.#steps;
    const steps = new LongSpan(make, values, stepBytes).content(content);
    // What came before, such as putting together its attributes, has taken its share.
    await turns.next();
    for (;;) {
      const step = steps.next();
      // Also before its bytes are copied.
      if (turns.over) await turns.next();
      if (step.done) return this.#parcel(span, step.value, NO_BOUND);
    }
  }

  #contentOf(span: SpanFields): Content {
    const own = this.#steps.attributesOf(span);
    const attributes = span.state === "interrupted" ? { ...own, [STATE_ATTRIBUTE]: span.state } : own;
    const { links, dropped } = sendableLinks(span);
    return { attributes, events: span.events, links, droppedLinks: dropped };
  }

  #parcel(span: SpanFields, content: SpanContent, room: number): OtlpParcel {
    const resource = this.#envelopes.resourceOf(span);
    const scope = this.#envelopes.scopeOf(span);
    const writer = this.#writer;
    writer.begin(room);
    try {
      writer.span(span, content);
    } catch (error) {
      writer.rewind(0);
      throw error;
    }
    const { bytes, start, end } = writer;
    return { size: end - start + resource.size + scope.size, bytes, start, end, resource, scope };
  }
}
