// Spans as lines of OTLP/JSON, as OpenTelemetry's file exporter writes them: one request a line, of so many spans.
import type { TargetVocabulary } from "../conventions/translate.ts";
import { asciiJson } from "../model/escape.ts";
import type { SpanFields } from "../model/span-fields.ts";
import { type OtlpEncoder, type OtlpParcel, otlpEncoder } from "./codec.ts";

/** A line has at most so many spans, and about so many bytes. */
const LINE_SPANS = 1000;
const LINE_BYTES = 1_000_000;

/** Gathers spans into lines. */
export class OtlpLines {
  readonly #write: (line: string) => Promise<void>;
  readonly #encoder: OtlpEncoder;
  #parcels: OtlpParcel[] = [];
  #bytes = 0;
  #leftOut = 0;

  /** Attributes are translated where `translate` is given. */
  constructor(write: (line: string) => Promise<void>, translate?: TargetVocabulary) {
    this.#write = write;
    this.#encoder = otlpEncoder("json", { translate, isExact: true });
  }

  /** Spans that still run: OTLP cannot carry them. */
  get leftOut(): number {
    return this.#leftOut;
  }

  /** Resolves with true where the span is or will be in a line. */
  async add(span: SpanFields): Promise<boolean> {
    if (span.state === "running") {
      this.#leftOut++;
      return false;
    }
    const parcel = this.#encoder.encode(span);
    this.#parcels.push(parcel);
    this.#bytes += parcel.size;
    if (this.#parcels.length >= LINE_SPANS || this.#bytes >= LINE_BYTES) await this.end();
    return true;
  }

  /** Writes what is gathered. */
  async end(): Promise<void> {
    if (this.#parcels.length === 0) return;
    const { buffer, byteOffset, byteLength } = this.#encoder.join(this.#parcels);
    this.#parcels = [];
    this.#bytes = 0;
    await this.#write(asciiJson(Buffer.from(buffer, byteOffset, byteLength).toString("utf8")));
  }
}
