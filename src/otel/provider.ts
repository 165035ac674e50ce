// `otelProvider`: a tracer as an OpenTelemetry provider for one library, with nothing registered for the whole process.
import { TracelightError } from "../model/errors.ts";
import type { Tracer } from "../tracing/tracer.ts";
import { loadApi } from "./api.ts";
import { BridgeProvider, type OtelTracerProvider } from "./bridge-tracer.ts";
import { isTracer, keysOf } from "./register.ts";

/**
 * A tracer as an OpenTelemetry `TracerProvider`, for what takes one: OpenInference's `tracerProvider`, or by its `getTracer` the
 * `tracer` of the Vercel AI SDK. Its spans nest with the tracer's own. Nothing is registered, so that other libraries are as they
 * were.
 *
 * @throws TracelightError `MISSING_DEPENDENCY` where `@opentelemetry/api` is not installed; `OTEL_MISMATCH` where it is not of
 * version 1; `INVALID_ARGUMENT` for what is no tracer.
 *
 * @example
 * ```ts
 * const tracer = new InMemoryTracer();
 * const experimental_telemetry = { isEnabled: true, tracer: otelProvider(tracer).getTracer("ai") };
 * ```
 */
export function otelProvider(tracer: Tracer): OtelTracerProvider {
  if (!isTracer(tracer)) throw new TracelightError("INVALID_ARGUMENT", "otelProvider needs a Tracer.");
  const module = loadApi();
  const provider: BridgeProvider = new BridgeProvider(keysOf(module), {
    tracer,
    isGlobal: false,
    elsewhere: module.trace.getTracerProvider(),
  });
  return provider;
}
