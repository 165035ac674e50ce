// OpenTelemetry's propagator: W3C Trace Context and Baggage, by whatever getters and setters a library brings.
import type * as api from "@opentelemetry/api";
import { isSpanId, isTraceId } from "../model/ids.ts";
import { isSuppressedIn } from "../tracing/propagation/carried.ts";
import { baggageItems } from "../tracing/propagation/propagation.ts";
import { formatBaggage, formatTraceparent, parseBaggage, parseTrace } from "../tracing/propagation/w3c.ts";
import { remoteOf } from "./bridge-span.ts";
import { traceStateOf } from "./trace-state.ts";

/** The propagator. */
export class BridgePropagator implements api.TextMapPropagator {
  readonly #api: typeof api;

  constructor(module: typeof api) {
    this.#api = module;
  }

  inject(context: api.Context, carrier: unknown, setter: api.TextMapSetter): void {
    if (isSuppressedIn(context)) return;
    const span = this.#api.trace.getSpanContext(context);
    if (span !== undefined && isTraceId(span.traceId) && isSpanId(span.spanId)) {
      const parent = remoteOf(span);
      setter.set(carrier, "traceparent", formatTraceparent(parent));
      if (parent.traceState !== undefined) setter.set(carrier, "tracestate", parent.traceState);
    }
    const baggage = formatBaggage(baggageItems(this.#api.propagation.getBaggage(context)));
    if (baggage !== undefined) setter.set(carrier, "baggage", baggage);
  }

  extract(context: api.Context, carrier: unknown, getter: api.TextMapGetter): api.Context {
    const read = (name: string): string | undefined => textOf(getter.get(carrier, name));
    return this.#withBaggage(this.#withSpan(context, read), read("baggage"));
  }

  fields(): string[] {
    return ["traceparent", "tracestate", "baggage"];
  }

  #withSpan(context: api.Context, read: (name: string) => string | undefined): api.Context {
    const parent = parseTrace(read("traceparent"), read("tracestate"));
    if (parent === undefined) return context;
    const { traceId, spanId, traceFlags = 0 } = parent;
    const traceState = traceStateOf(parent.traceState);
    const rest = traceState === undefined ? {} : { traceState };
    return this.#api.trace.setSpanContext(context, { traceId, spanId, traceFlags, isRemote: true, ...rest });
  }

  #withBaggage(context: api.Context, header: string | undefined): api.Context {
    const items = header === undefined ? [] : parseBaggage(header);
    if (items.length === 0) return context;
    const { propagation, baggageEntryMetadataFromString: metadataOf } = this.#api;
    const entries = items.map(({ key, value, metadata }): [string, api.BaggageEntry] => [
      key,
      metadata === undefined ? { value } : { value, metadata: metadataOf(metadata) },
    ]);
    return propagation.setBaggage(context, propagation.createBaggage(Object.fromEntries(entries)));
  }
}

function textOf(value: unknown): string | undefined {
  if (typeof value === "string") return value;
  return Array.isArray(value) && value.length > 0 ? value.join(",") : undefined;
}
