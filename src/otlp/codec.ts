// OTLP to and from spans, pure: what the sender and the receiver build on.
import { type TargetVocabulary, translate } from "../conventions/translate.ts";
import type { Attributes } from "../model/attributes.ts";
import { type SpanFields, STATE_ATTRIBUTE } from "../model/record.ts";
import type { ByteWriter } from "./byte-writer.ts";
import { JsonWriter } from "./json-writer.ts";
import { Envelopes, type OtlpParcel } from "./parcels.ts";
import { ProtobufWriter } from "./protobuf-writer.ts";
import { joinJson, joinProtobuf } from "./requests.ts";
import type { OtlpValues } from "./values.ts";

export type { DecodedRequest, DecodeLimits } from "./decoded.ts";
export { decodeJsonRequest } from "./json-request.ts";
export type { OtlpParcel } from "./parcels.ts";
export { decodeProtobufRequest } from "./protobuf-request.ts";
export { decodeResponse, encodeResponse, type OtlpResponse } from "./response.ts";
export type { OtlpValues } from "./values.ts";

/** How OTLP is written: its protobuf messages, or their JSON. */
export type OtlpEncoding = "protobuf" | "json";

/** Turns spans into parcels, and parcels into the body of one ExportTraceServiceRequest. */
export interface OtlpEncoder {
  readonly contentType: string;
  /** Encodes a span. Throws TracelightError `INVALID_RECORD` for one that still runs. */
  encode(span: SpanFields): OtlpParcel;
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
}

/** An encoder; a tracer needs one. */
export function otlpEncoder(encoding: OtlpEncoding, options: OtlpEncoderOptions = {}): OtlpEncoder {
  const { values = "rich", translate: to, isExact = false } = options;
  const attributesOf = to === undefined ? asTheyAre : (span: SpanFields) => translate(span, to);
  return encoding === "protobuf"
    ? new Encoder("application/x-protobuf", new ProtobufWriter(values), { join: joinProtobuf, attributesOf })
    : new Encoder("application/json", new JsonWriter(values, isExact), { join: joinJson, attributesOf });
}

function asTheyAre({ attributes }: SpanFields): Attributes {
  return attributes;
}

type Writer = ByteWriter &
  ConstructorParameters<typeof Envelopes>[0] & { span(span: SpanFields, attributes: Attributes): void };

interface Steps {
  readonly join: OtlpEncoder["join"];
  readonly attributesOf: (span: SpanFields) => Attributes;
}

class Encoder implements OtlpEncoder {
  readonly contentType: string;
  readonly join: OtlpEncoder["join"];
  readonly #attributesOf: Steps["attributesOf"];
  readonly #writer: Writer;
  readonly #envelopes: Envelopes;

  constructor(contentType: string, writer: Writer, { join, attributesOf }: Steps) {
    this.contentType = contentType;
    this.join = join;
    this.#attributesOf = attributesOf;
    this.#writer = writer;
    this.#envelopes = new Envelopes(writer);
  }

  encode(span: SpanFields): OtlpParcel {
    const resource = this.#envelopes.resourceOf(span);
    const scope = this.#envelopes.scopeOf(span);
    const own = this.#attributesOf(span);
    const attributes = span.state === "interrupted" ? { ...own, [STATE_ATTRIBUTE]: span.state } : own;
    const writer = this.#writer;
    writer.begin();
    writer.span(span, attributes);
    const { bytes, start, end } = writer;
    return { size: end - start + resource.size + scope.size, bytes, start, end, resource, scope };
  }
}
