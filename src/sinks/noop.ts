// Records nothing, and costs next to nothing.
import { checkOptions } from "../model/options.ts";
import { NOOP_SPAN } from "../tracing/noop-span.ts";
import { READER, StoreReader } from "../tracing/readable.ts";
import type { Sink } from "../tracing/sink.ts";
import type { Span } from "../tracing/span.ts";
import type { TraceOptions } from "../tracing/trace-options.ts";
import { START, Tracer } from "../tracing/tracer.ts";
import { TRACER_OPTION_CHECKS, type TracerOptions } from "../tracing/tracer-options.ts";

const NOTHING = new StoreReader({ name: "noop", find: () => [] });
const NOOP_SINK: Sink = { name: "noop", write: () => undefined };

/**
 * A tracer for when you want no traces: functions run, spans take everything and keep nothing. All its spans are one and
 * the same, which has ended; the active span of other tracers stays active.
 */
export class NoopTracer extends Tracer {
  constructor(options: TracerOptions = {}) {
    checkOptions(options, { owner: "NoopTracer", checks: TRACER_OPTION_CHECKS });
    super(NOOP_SINK, options);
  }

  /** Calls `fn` with the one span. */
  override trace<T>(name: string, fn: (span: Span) => T): T;
  override trace<T>(name: string, options: TraceOptions, fn: (span: Span) => T): T;
  override trace<T>(
    _name: string,
    optionsOrFn: TraceOptions | ((span: Span) => T),
    fn?: (span: Span) => T,
  ): T {
    if (typeof optionsOrFn === "function") return optionsOrFn(NOOP_SPAN);
    if (fn === undefined) throw new TypeError("trace(name, fn) needs a function to trace.");
    return fn(NOOP_SPAN);
  }

  /** The one span, which keeps nothing. */
  override startSpan(_name: string, _options?: TraceOptions): Span {
    return NOOP_SPAN;
  }

  /** @internal */
  override [START](): Span {
    return NOOP_SPAN;
  }

  /** Calls `fn`; `span` becomes active only where it is one of another tracer. */
  override run<T>(span: Span | null, fn: () => T): T {
    return span === NOOP_SPAN ? fn() : super.run(span, fn);
  }

  /** @internal */
  override [READER](): StoreReader {
    return NOTHING;
  }

  /** Always empty, as all reads are. */
  override getTraces(): readonly Span[] {
    return [];
  }
}
