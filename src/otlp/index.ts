// tracelight/otlp: spans to any OpenTelemetry back end, and from any OpenTelemetry sender.
export type { OtlpEncoding, OtlpValues } from "./codec.ts";
export type { Environment } from "./environment.ts";
export type {
  OtlpCompression,
  OtlpConnectionOptions,
  OtlpTlsOptions,
  OtlpTracerOptions,
} from "./options.ts";
export { type OtlpReceiverOptions, otlpReceiver } from "./receiver.ts";
export { type OtlpServer, type ServeOptions, serveOtlp } from "./server.ts";
export { OtlpTracer } from "./tracer.ts";
