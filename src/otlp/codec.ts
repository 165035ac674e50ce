// OTLP to and from spans, pure: what the sender and the receiver build on.
import type { SpanFields } from "../model/record.ts";
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
  /** Encodes a span. Throws TracelightError `INVALID_RECORD` for a span that has not ended. */
  encode(span: SpanFields): OtlpParcel;
  /** The request's body: spans grouped by resource and scope, each group and each span in the order they were given. */
  join(parcels: readonly OtlpParcel[]): Uint8Array;
}

/** An encoder; a tracer needs one. `values` is `"rich"` unless told. */
export function otlpEncoder(
  encoding: OtlpEncoding,
  options: { readonly values?: OtlpValues | undefined } = {},
): OtlpEncoder {
  const { values = "rich" } = options;
  return encoding === "protobuf"
    ? new Encoder("application/x-protobuf", new ProtobufWriter(values), joinProtobuf)
    : new Encoder("application/json", new JsonWriter(values), joinJson);
}

type Writer = ByteWriter & ConstructorParameters<typeof Envelopes>[0] & { span(span: SpanFields): void };

class Encoder implements OtlpEncoder {
  readonly contentType: string;
  readonly join: (parcels: readonly OtlpParcel[]) => Uint8Array;
  readonly #writer: Writer;
  readonly #envelopes: Envelopes;

  constructor(contentType: string, writer: Writer, join: OtlpEncoder["join"]) {
    this.contentType = contentType;
    this.join = join;
    this.#writer = writer;
    this.#envelopes = new Envelopes(writer);
  }

  encode(span: SpanFields): OtlpParcel {
    const resource = this.#envelopes.resourceOf(span);
    const scope = this.#envelopes.scopeOf(span);
    const writer = this.#writer;
    writer.begin();
    writer.span(span);
    const { bytes, start, end } = writer;
    return { size: end - start + resource.size + scope.size, bytes, start, end, resource, scope };
  }
}
