// tracelight/ai-sdk: the Vercel AI SDK, 5 to 7, without OpenTelemetry's packages.

export { type AiSdkSettings, aiSdk } from "./ai-sdk/ai-sdk.ts";
export type { AiSdkOptions } from "./ai-sdk/options.ts";
export type { AiSdkTracer } from "./ai-sdk/otel-shape.ts";
export type { AiSdkSpan } from "./ai-sdk/shaped-span.ts";
export type { AiSdkTelemetry } from "./ai-sdk/telemetry.ts";
export type { Capture, CaptureOptions, StreamOptions } from "./capture.ts";
