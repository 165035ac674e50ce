// OpenTelemetry's tracer provider and tracers on a Tracelight tracer.
import type * as api from "@opentelemetry/api";
import { claimHere } from "../agents/ai-sdk/announced.ts";
import { defined } from "../model/defined.ts";
import type { OtlpDetails, OtlpPartDetails } from "../model/otlp-details.ts";
import type { Scope } from "../model/span-fields.ts";
import { activeFrame, type Frame, runIn } from "../tracing/context.ts";
import { captureAttributes } from "../tracing/given.ts";
import { NOOP_SPAN } from "../tracing/noop-span.ts";
import { isSuppressed } from "../tracing/propagation/carried.ts";
import { NODE } from "../tracing/span-node.ts";
import { START, type StartOptions, type Tracer } from "../tracing/tracer.ts";
import { BridgeContext, contextOf, frameOf, type Keys, within } from "./bridge-context.ts";
import { BridgeSpan, KINDS, linksOf, standInFor } from "./bridge-span.ts";
import { dateOf } from "./times.ts";

/** Where a provider keeps what it writes to; the same symbol in every copy of the package. */
const TARGET: unique symbol = Symbol.for("tracelight.otel.target.v1");

type SpanFn = (span: api.Span) => unknown;

/** Where the spans of all bridge tracers go. */
export interface Target {
  /** The tracer that is registered. */
  tracer: Tracer | undefined;
  /** False where it is one library's own: what is active is looked for in our context then, whatever OpenTelemetry's has. */
  readonly isGlobal: boolean;
  /** While none is: what OpenTelemetry has now, for libraries that hold on to a tracer of ours. */
  readonly elsewhere: api.TracerProvider;
}

/** An OpenTelemetry provider that can be flushed and shut down, as those of OpenTelemetry's SDK can. */
export interface OtelTracerProvider extends api.TracerProvider {
  /** Delivers what waits: the tracer's `flush`. Never rejects. */
  forceFlush(): Promise<void>;
  /** The tracer's `close`. Never rejects. */
  shutdown(): Promise<void>;
}

/** Gives tracers, which go on working whoever is registered later. */
export class BridgeProvider implements OtelTracerProvider {
  readonly #keys: Keys;
  /** @internal */
  readonly [TARGET]: Target;

  constructor(keys: Keys, target: Target) {
    this.#keys = keys;
    this[TARGET] = target;
  }

  async forceFlush(): Promise<void> {
    await this[TARGET].tracer?.flush();
  }

  async shutdown(): Promise<void> {
    await this[TARGET].tracer?.close();
  }

  getTracer(name: string, version?: string, options?: api.TracerOptions): api.Tracer {
    const target = this[TARGET];
    const elsewhere = (): api.Tracer => target.elsewhere.getTracer(name, version, options);
    return new BridgeTracer(this.#keys, target, { start: startOf(name, version, options), elsewhere });
  }
}

/** The tracer behind a provider of ours, whichever copy of the package made it. */
export function tracerBehind(provider: unknown): Tracer | undefined {
  if (typeof provider !== "object" || provider === null || !(TARGET in provider)) return undefined;
  const target: unknown = provider[TARGET];
  return isTarget(target) ? target.tracer : undefined;
}

function isTarget(value: unknown): value is Target {
  return typeof value === "object" && value !== null && "tracer" in value && "elsewhere" in value;
}

interface TracerParts {
  readonly start: StartOptions;
  readonly elsewhere: () => api.Tracer;
}

class BridgeTracer implements api.Tracer {
  readonly #keys: Keys;
  readonly #target: Target;
  /** What all spans of the tracer start with. */
  readonly #start: StartOptions;
  readonly #elsewhere: () => api.Tracer;
  readonly #isOfAiSdk: boolean;

  constructor(keys: Keys, target: Target, { start, elsewhere }: TracerParts) {
    this.#isOfAiSdk = AI_SDK.has(start.scope?.name);
    this.#keys = keys;
    this.#target = target;
    this.#start = start;
    this.#elsewhere = elsewhere;
  }

  startSpan(name: string, options?: api.SpanOptions, context?: api.Context): api.Span {
    const { tracer } = this.#target;
    if (tracer === undefined) return this.#elsewhere().startSpan(name, options, context);
    return this.#begin(tracer, name, options, this.#frame(context));
  }

  startActiveSpan<F extends SpanFn>(name: string, fn: F): ReturnType<F>;
  startActiveSpan<F extends SpanFn>(name: string, options: api.SpanOptions, fn: F): ReturnType<F>;
  startActiveSpan<F extends SpanFn>(
    name: string,
    options: api.SpanOptions,
    context: api.Context,
    fn: F,
  ): ReturnType<F>;
  startActiveSpan(
    name: string,
    second: SpanFn | api.SpanOptions,
    third?: SpanFn | api.Context,
    fourth?: SpanFn,
  ): unknown {
    if (typeof second === "function") return this.#run(name, undefined, undefined, second);
    if (typeof third === "function") return this.#run(name, second, undefined, third);
    return fourth === undefined ? undefined : this.#run(name, second, third, fourth);
  }

  #run(
    name: string,
    options: api.SpanOptions | undefined,
    context: api.Context | undefined,
    fn: SpanFn,
  ): unknown {
    const { tracer } = this.#target;
    if (tracer === undefined) return this.#runElsewhere(name, options, context, fn);
    const outer = this.#frame(context);
    const span = this.#begin(tracer, name, options, outer);
    const carried = outer === undefined ? undefined : outer.carried;
    return runIn(new BridgeContext(this.#keys, outer, span, carried), fn, span);
  }

  #runElsewhere(
    name: string,
    options: api.SpanOptions = {},
    context: api.Context | undefined,
    fn: SpanFn,
  ): unknown {
    const tracer = this.#elsewhere();
    if (context === undefined) return tracer.startActiveSpan(name, options, fn);
    return tracer.startActiveSpan(name, options, context, fn);
  }

  #frame(context: api.Context | undefined): Frame | undefined {
    if (context === undefined) return activeFrame();
    const isSilent =
      !this.#target.isGlobal && !(context instanceof BridgeContext) && isRoot(this.#keys, context);
    return isSilent ? within(this.#keys, context) : frameOf(this.#keys, context);
  }

  #begin(
    tracer: Tracer,
    name: string,
    options: api.SpanOptions | undefined,
    frame: Frame | undefined,
  ): api.Span {
    if (frame !== undefined && isSuppressed(frame.carried)) return this.#unrecorded(frame);
    if (this.#isOfAiSdk) claimHere(tracer, frame?.carried);
    const span = tracer[START](name, options ? this.#optionsOf(options) : this.#start, frame);
    return span === NOOP_SPAN ? this.#unrecorded(frame) : new BridgeSpan(span[NODE]);
  }

  /** One literal with all fields, so that starting a span costs the same whatever is given. */
  #optionsOf({ kind, attributes, links, startTime, root }: api.SpanOptions): StartOptions {
    return {
      scope: this.#start.scope,
      otlp: this.#start.otlp,
      spanKind: kind === undefined ? undefined : KINDS[kind],
      parentSpan: root ? null : undefined,
      startedAt: startTime === undefined ? undefined : dateOf(startTime),
      resourceAttributes: undefined,
      attributes: attributes ?? undefined,
      links: links ? linksOf(links) : undefined,
    };
  }

  /** A span that records nothing; where there is one above, it stands for that, so that the trace goes on. */
  #unrecorded(frame: Frame | undefined): api.Span {
    const above = frame === undefined ? undefined : contextOf(this.#keys, frame).getValue(this.#keys.span);
    return hasContext(above) ? standInFor(above, this.#keys.wrap) : this.#keys.wrap(INVALID);
  }
}

/** True for a context that knows of no span: where nobody manages contexts, that is the only one there is. */
function isRoot(keys: Keys, context: api.Context): boolean {
  return context.getValue(keys.span) === undefined;
}

function startOf(name: string, version: string | undefined, options: unknown): StartOptions {
  const text = String(name ?? "");
  const details = partOf(options);
  return {
    scope: Object.freeze<Scope>(version ? { name: text, version } : { name: text }),
    otlp: details === undefined ? undefined : Object.freeze<OtlpDetails>({ scope: details }),
    spanKind: undefined,
    parentSpan: undefined,
    startedAt: undefined,
    resourceAttributes: undefined,
    attributes: undefined,
    links: undefined,
  };
}

/** The API's 1.9 has a schema URL only; later ones, and other libraries, give a scope attributes as well. */
function partOf(options: unknown): OtlpPartDetails | undefined {
  if (typeof options !== "object" || options === null) return undefined;
  const schemaUrl: unknown = Reflect.get(options, "schemaUrl");
  const attributes: unknown = Reflect.get(options, "attributes") ?? Reflect.get(options, "scopeAttributes");
  const details = defined({
    schemaUrl: typeof schemaUrl === "string" && schemaUrl !== "" ? schemaUrl : undefined,
    attributes: isObject(attributes) ? captureAttributes({ ...attributes }) : undefined,
  });
  return Object.keys(details).length === 0 ? undefined : Object.freeze(details);
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

function hasContext(value: unknown): value is api.Span {
  return isObject(value) && "spanContext" in value;
}

/** The tracers of the AI SDK's own integrations. */
const AI_SDK: ReadonlySet<string | undefined> = new Set(["ai", "gen_ai"]);
/** What the API calls INVALID_SPAN_CONTEXT. */
const INVALID: api.SpanContext = { traceId: "0".repeat(32), spanId: "0".repeat(16), traceFlags: 0 };
