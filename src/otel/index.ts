// tracelight/otel: at home in OpenTelemetry, and traces across processes.

export type { Carrier } from "../tracing/propagation/carrier.ts";
export { extract, extractBaggage, type InjectOptions, inject } from "../tracing/propagation/propagation.ts";
export type { OtelTracerProvider } from "./bridge-tracer.ts";
export { type OtelExporterOptions, OtelExporterTracer } from "./exporter.ts";
export { TracelightSpanProcessor } from "./processor.ts";
export { otelProvider } from "./provider.ts";
export { registerTracer } from "./register.ts";
export type {
  OtelExportedSpan,
  OtelExportResult,
  OtelReadableSpan,
  OtelResource,
  OtelScope,
  OtelSpanExporter,
  OtelTimedEvent,
} from "./sdk.ts";
