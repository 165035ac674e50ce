// The public face of tracelight. Loads Node built-ins only.

// The model.
export type { Attributes } from "./model/attributes.ts";
export { TracelightError, type TracelightErrorCode } from "./model/errors.ts";
export { matches, type TraceQuery } from "./model/query.ts";
export type {
  JsonAttributes,
  Scope,
  SpanEvent,
  SpanFields,
  SpanKind,
  SpanLink,
  SpanRecord,
  SpanState,
  SpanStatus,
} from "./model/record.ts";
export type { JsonValue } from "./model/values.ts";
export type { HumanReadableOptions } from "./render/human-readable.ts";
export { HumanReadableTracer, type HumanReadableTracerOptions } from "./sinks/human-readable.ts";
export { type InMemoryOptions, InMemoryTracer } from "./sinks/in-memory.ts";
export { type IterableOptions, IterableTracer } from "./sinks/iterable.ts";
// The tracers that need nothing else.
export { NoopTracer } from "./sinks/noop.ts";
export { type StructuredLogsOptions, StructuredLogsTracer } from "./sinks/structured-logs.ts";
export { TeeTracer } from "./sinks/tee.ts";
export type { TextTarget } from "./sinks/text-stream.ts";
export type { ContextUpdate } from "./tracing/context.ts";
export type { Process, SpanDraft } from "./tracing/draft.ts";
// For back ends of your own.
export type { Awaitable, DeliveryReport, FlushOptions, Sink, Store } from "./tracing/sink.ts";
export { type AttributeOptions, Span } from "./tracing/span.ts";
export { type Traced, type TracedOptions, type TracesCalls, traced } from "./tracing/traced.ts";
// What users hold.
export {
  type RemoteParent,
  type TraceContext,
  type TraceOptions,
  Tracer,
  type TracerOptions,
} from "./tracing/tracer.ts";
