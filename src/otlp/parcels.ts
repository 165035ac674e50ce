// Encoded spans on their way into requests: each with the resource and the scope it goes under, which are encoded once.
import type { OtlpPartDetails } from "../model/otlp-details.ts";
import type { SpanFields } from "../model/span-fields.ts";
import type { EnvelopeBytes } from "./span-parts.ts";

/** One encoded span. */
export interface OtlpParcel {
  /** Bytes that the span may add to a request. */
  readonly size: number;
  /** Its own bytes are those from `start` to `end`; the buffer holds other spans too. */
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
  /** One object for all spans of equal resources, and of equal scopes. */
  readonly resource: EnvelopeBytes;
  readonly scope: EnvelopeBytes;
}

/** What encodes resources and scopes. */
interface EnvelopeWriter {
  resource(attributes: SpanFields["resourceAttributes"], details: OtlpPartDetails | undefined): EnvelopeBytes;
  scope(scope: SpanFields["scope"], details: OtlpPartDetails | undefined): EnvelopeBytes;
}

/** Resources or scopes that were encoded. */
export class Envelopes {
  readonly #writer: EnvelopeWriter;
  readonly #byObject = new WeakMap<object, { readonly details: unknown; readonly envelope: EnvelopeBytes }>();
  readonly #byContent = new Map<string, EnvelopeBytes>();

  constructor(writer: EnvelopeWriter) {
    this.#writer = writer;
  }

  resourceOf({ resourceAttributes, otlp }: SpanFields): EnvelopeBytes {
    const details = otlp?.resource;
    return (
      this.#known(resourceAttributes, details) ??
      this.#keep(resourceAttributes, details, this.#writer.resource(resourceAttributes, details))
    );
  }

  scopeOf({ scope, otlp }: SpanFields): EnvelopeBytes {
    const details = otlp?.scope;
    return this.#known(scope, details) ?? this.#keep(scope, details, this.#writer.scope(scope, details));
  }

  #known(source: object, details: OtlpPartDetails | undefined): EnvelopeBytes | undefined {
    const known = this.#byObject.get(source);
    return known?.details === details ? known?.envelope : undefined;
  }

  /** Equal contents give the same object, so that spans from a journal, each with a resource of its own, share one. */
  #keep(source: object, details: OtlpPartDetails | undefined, made: EnvelopeBytes): EnvelopeBytes {
    const key = `${latin1(made.head)}${latin1(made.tail)}`;
    const envelope = this.#byContent.get(key) ?? made;
    if (this.#byContent.size >= MAX_KEPT) this.#byContent.clear();
    if (key.length <= MAX_KEPT_BYTES) this.#byContent.set(key, envelope);
    this.#byObject.set(source, { details, envelope });
    return envelope;
  }
}

function latin1({ buffer, byteOffset, byteLength }: Uint8Array): string {
  return Buffer.from(buffer, byteOffset, byteLength).toString("latin1");
}

/** Distinct resources and scopes, and how long one may be, to be found by their content. */
const MAX_KEPT = 500;
const MAX_KEPT_BYTES = 16_384;

/** Spans that lie behind one another in a buffer. */
export interface Run {
  readonly bytes: Uint8Array;
  readonly start: number;
  end: number;
}

/** The spans of a scope. */
export interface ScopeGroup {
  readonly envelope: EnvelopeBytes;
  readonly runs: Run[];
}

/** The scopes of a resource. */
export interface ResourceGroup {
  readonly envelope: EnvelopeBytes;
  readonly scopes: ScopeGroup[];
}

/** Parcels by resource and scope, in the order in which each first came. */
export function grouped(parcels: readonly OtlpParcel[]): ResourceGroup[] {
  const resources = new Map<EnvelopeBytes, Map<EnvelopeBytes, Run[]>>();
  let last: OtlpParcel | undefined;
  let runs: Run[] = [];
  for (const parcel of parcels) {
    if (last?.resource !== parcel.resource || last.scope !== parcel.scope) runs = runsOf(resources, parcel);
    addRun(runs, parcel);
    last = parcel;
  }
  return [...resources].map(([envelope, scopes]) => ({
    envelope,
    scopes: [...scopes].map(([scope, list]) => ({ envelope: scope, runs: list })),
  }));
}

function runsOf(
  resources: Map<EnvelopeBytes, Map<EnvelopeBytes, Run[]>>,
  { resource, scope }: OtlpParcel,
): Run[] {
  const scopes = resources.get(resource) ?? new Map<EnvelopeBytes, Run[]>();
  const runs = scopes.get(scope) ?? [];
  resources.set(resource, scopes.set(scope, runs));
  return runs;
}

function addRun(runs: Run[], { bytes, start, end }: OtlpParcel): void {
  const last = runs[runs.length - 1];
  if (last?.bytes === bytes && last.end === start) last.end = end;
  else runs.push({ bytes, start, end });
}
