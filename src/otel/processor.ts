// Tracelight's sinks inside somebody's OpenTelemetry SDK.
import type * as api from "@opentelemetry/api";
import { asTracelightError, TracelightError } from "../model/errors.ts";
import { checkOptions, is } from "../model/options.ts";
import { SUPPRESSED } from "../tracing/propagation/carried.ts";
import type { Sink } from "../tracing/sink.ts";
import { frozenSpan, type Span, spanFrom } from "../tracing/span.ts";
import { NODE } from "../tracing/span-node.ts";
import { OUTLET, Tracer } from "../tracing/tracer.ts";
import type { TracerOptions } from "../tracing/tracer-options.ts";
import { loadApi } from "./api.ts";
import { joinContexts } from "./companion.ts";
import { fieldsOf } from "./reading.ts";
import type { OtelReadableSpan } from "./sdk.ts";

/**
 * A `SpanProcessor` for the OpenTelemetry SDK, 2.x or 1.x, that hands its sampled spans to a sink, or to a tracer's sink
 * through its `process`. `forceFlush` and `shutdown` flush and close it; what has not ended by then is handed over as
 * `interrupted`. Nothing of it throws or rejects: what fails goes to the tracer's `onError`, or to the one given here with a
 * sink.
 *
 * Until it is shut down, each side's active span is the other's too: spans of `trace` are below those of the SDK that are active,
 * and the SDK's below ours, in one trace.
 *
 * @example
 * ```ts
 * import { BasicTracerProvider } from "@opentelemetry/sdk-trace-base";
 *
 * const processor = new TracelightSpanProcessor(new InMemoryTracer());
 * const provider = new BasicTracerProvider({ spanProcessors: [processor] });
 * ```
 *
 * @throws TracelightError `INVALID_OPTION` where it is given neither a sink nor a tracer; `MISSING_DEPENDENCY` where
 * `@opentelemetry/api` is not installed.
 */
export class TracelightSpanProcessor {
  readonly #tracer: Tracer;
  readonly #context: api.ContextAPI;
  readonly #leave: () => void;
  /** Sampled spans that have not ended, the oldest first. */
  readonly #open = new Set<OtelReadableSpan>();
  readonly #interrupted = new WeakSet<OtelReadableSpan>();
  /** Spans that wait for what is still being found out about their resource. */
  readonly #waiting = new Set<Promise<void>>();

  constructor(to: Sink | Tracer, options: Pick<TracerOptions, "onError"> = {}) {
    this.#tracer = isTracer(to) ? to : tracerOf(to, options);
    const module = loadApi();
    this.#context = module.context;
    this.#leave = joinContexts(module);
  }

  /** Shows the sink a span that began, where it looks at such; called by the SDK. */
  onStart(span: OtelReadableSpan, _parentContext?: unknown): void {
    const outlet = this.#tracer[OUTLET];
    this.#guarded(0, () => {
      if (!isSampled(span)) return;
      this.#began(span);
      if (outlet.sink.observe !== undefined) outlet.observe(viewOf(span), "start");
    });
  }

  /** Takes a span that ended; called by the SDK. */
  onEnd(span: OtelReadableSpan): void {
    this.#guarded(1, () => {
      if (!isSampled(span)) return;
      this.#open.delete(span);
      if (this.#interrupted.has(span)) return this.#tellLate(span);
      const { resource } = span;
      const settled = resource.asyncAttributesPending === true && resource.waitForAsyncAttributes?.();
      if (settled) this.#writeAfter(settled, span);
      else this.#write(span);
    });
  }

  /** Hands over what waits. Never rejects. */
  async forceFlush(): Promise<void> {
    await Promise.all(this.#waiting);
    await this.#quietly(() => this.#tracer.flush());
  }

  /** Hands over what waits and what has not ended, and closes the tracer. Never rejects. */
  async shutdown(): Promise<void> {
    await Promise.all(this.#waiting);
    for (const span of this.#open) this.#guarded(1, () => this.#interrupt(span));
    this.#open.clear();
    this.#leave();
    await this.#quietly(() => this.#tracer.close());
  }

  #began(span: OtelReadableSpan): void {
    this.#open.add(span);
    if (this.#open.size <= MAX_OPEN) return;
    for (const oldest of this.#open) return void this.#open.delete(oldest);
  }

  /** A span that will not end, with what it has. */
  #interrupt(span: OtelReadableSpan): void {
    this.#interrupted.add(span);
    this.#tracer[OUTLET].interrupt(spanFrom({ ...fieldsOf(span), state: "interrupted" }));
  }

  #tellLate({ name }: OtelReadableSpan): void {
    const message = `The span "${name}" ended after the shutdown, which had handed it over as interrupted.`;
    this.#tracer[OUTLET].leftOut(new TracelightError("TRACER_CLOSED", message), 0);
  }

  #write(span: OtelReadableSpan): void {
    this.#tracer[OUTLET].accept(spanFrom(fieldsOf(span)));
  }

  /** The SDK calls within the app's own `span.end()`, so what it hands over may throw nothing back. */
  #guarded(lost: 0 | 1, fn: () => void): void {
    try {
      this.#quietly(fn);
    } catch (error) {
      const what = "A span of OpenTelemetry's SDK could not be read and was left out";
      this.#tracer[OUTLET].leftOut(asTracelightError(error, "INVALID_ARGUMENT", what), lost);
    }
  }

  /** A sink's own requests must not become spans that it gets to send in turn. */
  #quietly<T>(fn: () => T): T {
    return this.#context.with(this.#context.active().setValue(SUPPRESSED, true), fn);
  }

  #writeAfter(settled: Promise<void>, span: OtelReadableSpan): void {
    const write = (): void => this.#guarded(1, () => this.#write(span));
    const written: Promise<void> = settled.then(write, write).finally(() => this.#waiting.delete(written));
    this.#waiting.add(written);
  }
}

function isSampled(span: OtelReadableSpan): boolean {
  return (span.spanContext().traceFlags & SAMPLED) !== 0;
}

/** A running span as sinks may see it: `snapshot()` is how it is by then. */
function viewOf(span: OtelReadableSpan): Span {
  const view = spanFrom(fieldsOf(span));
  return frozenSpan(view[NODE], { ...view.payload(), again: () => viewOf(span) });
}

function tracerOf(to: Sink, options: Pick<TracerOptions, "onError">): Tracer {
  const owner = "TracelightSpanProcessor";
  const isSink = is.having("write", "a sink with a write method, or a tracer");
  checkOptions({ to }, { owner, checks: { to: isSink }, required: ["to"] });
  checkOptions(options, { owner, checks: { onError: is.fn } });
  return new Tracer(to, options);
}

/** Any copy's tracer. */
function isTracer(to: Sink | Tracer): to is Tracer {
  return typeof to === "object" && to !== null && OUTLET in to;
}

const SAMPLED = 1;
/** Of more spans that never end the oldest are forgotten. */
const MAX_OPEN = 10_000;
