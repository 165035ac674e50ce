// What OpenTelemetry's libraries put into a context besides the span: baggage, suppression, keys of their own.
import type * as api from "@opentelemetry/api";

/** Values by key, as a frame carries them. */
export type Carried = ReadonlyMap<symbol, unknown>;

/** A value of a context. What the map does not say, the context below it does, where there is one. */
export function carriedValue(carried: Carried | undefined, key: symbol): unknown {
  if (carried === undefined) return undefined;
  if (carried.has(key)) return carried.get(key);
  const below: unknown = carried.get(BELOW);
  return isContext(below) ? below.getValue(key) : undefined;
}

/** A copy in which `key` has another value. */
export function withValue(carried: Carried | undefined, key: symbol, value: unknown): Carried {
  return new Map(carried).set(key, value);
}

/** All values of a context that was not made here. */
export function valuesOf(context: api.Context): Carried {
  return new Map([[BELOW, context]]);
}

/** True where instrumentations are told to make no spans. */
export function isSuppressed(carried: Carried | undefined): boolean {
  return carried !== undefined && carriedValue(carried, SUPPRESSED) === true;
}

/** The same of any context of the API. */
export function isSuppressedIn(context: api.Context): boolean {
  return context.getValue(SUPPRESSED) === true;
}

function isContext(value: unknown): value is api.Context {
  return typeof value === "object" && value !== null && "getValue" in value;
}

const BELOW = Symbol.for("tracelight.otel.below.v1");
/** The key under which a context says that no spans are to be made: OpenTelemetry's own, the same in all its copies. */
export const SUPPRESSED: symbol = Symbol.for("OpenTelemetry SDK Context Key SUPPRESS_TRACING");
