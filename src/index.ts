// The public face of tracelight. Loads Node built-ins only.
// biome-ignore-all assist/source/organizeImports: grouped by what they are for

// What users hold.
export { Tracer, type TraceContext } from "./tracing/tracer.ts";
export type { TracerOptions } from "./tracing/tracer-options.ts";
export type { Limits } from "./tracing/limits.ts";
export type { Sampler, TraceStart } from "./tracing/sampler.ts";
export type { RemoteParent } from "./tracing/remote-parent.ts";
export type { TraceOptions } from "./tracing/trace-options.ts";
export { Span, type AttributeOptions } from "./tracing/span.ts";
export { traced, type Traced, type TracedOptions, type TracesCalls } from "./tracing/traced.ts";
export type { ContextUpdate } from "./tracing/context.ts";
export type { Changeable, DraftDetails, DraftScope, Process, SpanDraft } from "./tracing/draft.ts";
export type { ChunkOf, FollowOptions } from "./tracing/streams/options.ts";
export type { ClassifyError, FailureMeaning } from "./tracing/verdict.ts";
export { NAMES, type AttributeValue, type NamedValues, type TraceType } from "./conventions/names.ts";

// The tracers that need nothing else.
export { NoopTracer } from "./sinks/noop.ts";
export { InMemoryTracer, type InMemoryOptions } from "./sinks/in-memory.ts";
export { HumanReadableTracer, type HumanReadableTracerOptions } from "./sinks/human-readable.ts";
export { StructuredLogsTracer, type StructuredLogsOptions } from "./sinks/structured-logs.ts";
export type { TextTarget } from "./sinks/text-stream.ts";
export { TeeTracer } from "./sinks/tee.ts";
export { IterableTracer, type IterableOptions } from "./sinks/iterable.ts";

// The end of a process.
export {
  closeOnSignals,
  type CloseOnSignalsOptions,
  lambdaHandler,
  type LambdaContextLike,
} from "./delivery/lifecycle.ts";

// For back ends of your own.
export type {
  Awaitable,
  DeliveryReport,
  FaultReporter,
  FlushOptions,
  FlushWish,
  Sink,
  Unsampled,
} from "./tracing/sink.ts";
export type {
  Changes,
  FoundId,
  Imported,
  ImportProgress,
  OutlineQuery,
  Progress,
  PruneLimits,
  ReadableStore,
  Removed,
  SearchOptions,
  SearchPage,
  Store,
  StreamPosition,
  SummaryPage,
  SummaryQuery,
  TallyQuery,
} from "./tracing/store.ts";
export { type Capability, readable, type StoreReader } from "./tracing/readable.ts";
export type { TracerReads } from "./tracing/reads.ts";
export type { SpanFacts, SpanOutline } from "./conventions/facts.ts";
export type {
  TallyCourse,
  TallyGrouping,
  TallyPart,
  TallyReport,
  TallyRow,
  TallyTotal,
} from "./conventions/tally.ts";
export type { Summary, SummarySubject } from "./conventions/summary.ts";
export type { TraceQuery } from "./model/query.ts";
export { matches } from "./conventions/matches.ts";
export { selectSpans } from "./tracing/select.ts";
export { selectSummaries } from "./tracing/summaries.ts";

// What models cost.
export {
  loadPrices,
  type DatedPrices,
  type OwnModelPrices,
  type PriceOptions,
  type Prices,
} from "./prices/prices.ts";
export type { LongInputPrices, ModelPrices, PriceTable, TokenPrices } from "./conventions/cost.ts";

// The model.
export type { Attributes } from "./model/attributes.ts";
export type {
  OtlpDetails,
  OtlpDetailsRecord,
  OtlpPartDetails,
  OtlpPartRecord,
} from "./model/otlp-details.ts";
export type { JsonAttributes, SpanRecord } from "./model/record.ts";
export type {
  Scope,
  SpanEvent,
  SpanFields,
  SpanKind,
  SpanLink,
  SpanState,
  SpanStatus,
} from "./model/span-fields.ts";
export type { JsonValue } from "./model/values.ts";
export type { HumanReadableOptions } from "./render/human-readable.ts";
export type { TracelightErrorCode } from "./model/error-codes.ts";
export { TracelightError, type TracelightErrorOptions } from "./model/errors.ts";
