// What the tests of the bridge share: trees of names, and programs that run on either OpenTelemetry.
import { context, propagation, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
  type SpanProcessor,
} from "@opentelemetry/sdk-trace-base";
import { InMemoryTracer, type Span } from "tracelight";
import { registerTracer } from "tracelight/otel";

/** Name of each span -> name of its parent; "-" for roots, "?" for parents that are not there. Sorted. */
export type Tree = Readonly<Record<string, string>>;

/** The tree of our spans. */
export function treeOf(spans: readonly Span[]): Tree {
  const names = new Map(spans.map((span) => [span.spanId, span.spanName]));
  return sorted(spans.map((span) => [span.spanName, parentName(names, span.parentSpanId)]));
}

function parentName(names: ReadonlyMap<string, string>, id: string | undefined): string {
  return id === undefined ? "-" : (names.get(id) ?? "?");
}

function sorted(entries: [string, string][]): Tree {
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Runs a program with Tracelight as OpenTelemetry, and gives its spans. */
export async function onTracelight(program: (tracer: InMemoryTracer) => unknown): Promise<readonly Span[]> {
  const tracer = new InMemoryTracer();
  const undo = registerTracer(tracer);
  try {
    await program(tracer);
  } finally {
    undo();
  }
  return tracer.getTraces();
}

/** Runs a program with OpenTelemetry's own SDK and context manager, and gives the tree of its spans. */
export async function onOpenTelemetry(
  program: () => unknown,
  processors: readonly SpanProcessor[] = [],
): Promise<Tree> {
  const exporter = new InMemorySpanExporter();
  const spanProcessors = [new SimpleSpanProcessor(exporter), ...processors];
  const provider = new BasicTracerProvider({ spanProcessors });
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  trace.setGlobalTracerProvider(provider);
  try {
    await program();
    await provider.forceFlush();
  } finally {
    disableAll();
  }
  const spans = exporter.getFinishedSpans();
  const names = new Map(spans.map((span) => [span.spanContext().spanId, span.name]));
  return sorted(spans.map((span) => [span.name, parentName(names, span.parentSpanContext?.spanId)]));
}

/** Leaves no provider, context manager or propagator behind. */
export function disableAll(): void {
  trace.disable();
  context.disable();
  propagation.disable();
}
