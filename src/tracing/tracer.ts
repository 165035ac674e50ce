// The tracer: what users hold. It knows the context, starts spans, and hands them to its sink.
import type { Attributes } from "../model/attributes.ts";
import { nextMicros } from "../model/clock.ts";
import { defined } from "../model/defined.ts";
import { asTracelightError, TracelightError } from "../model/errors.ts";
import { isSpanId, isTraceId, newSpanId, newTraceId } from "../model/ids.ts";
import { checkOptions, is } from "../model/options.ts";
import type { OtlpDetails } from "../model/otlp-details.ts";
import { OWN_SCOPE, type Scope } from "../model/span-fields.ts";
import { VERSION } from "../model/version.ts";
import { activeFrame, attach, type ContextUpdate, type Frame, runIn, type ScopedUpdate } from "./context.ts";
import { Faults } from "./faults.ts";
import { captureAttributes, captureScope, textOf } from "./given.ts";
import { NOOP_SPAN } from "./noop-span.ts";
import { OpenSpans } from "./open-spans.ts";
import { Outlet } from "./outlet.ts";
import { READER, StoreReader } from "./readable.ts";
import { TracerReads } from "./reads.ts";
import type { RemoteParent } from "./remote-parent.ts";
import { endFailed, follow } from "./results.ts";
import { HeadSampling, type SampledRoot } from "./sampler.ts";
import type { DeliveryReport, FlushWish, Sink } from "./sink.ts";
import { Span, spanOf } from "./span.ts";
import type { SpanNode } from "./span-node.ts";
import { NODE } from "./span-node.ts";
import type { SpanOwner } from "./span-owner.ts";
import { storeBehind } from "./store.ts";
import { Followed } from "./streams/guard.ts";
import { givenKind, givenStart, type TraceOptions, usableOptions } from "./trace-options.ts";
import { TRACER_OPTION_CHECKS, type TracerOptions } from "./tracer-options.ts";
import { RANDOM, runBelow, runUnsampled, SAMPLED, unsampledIn } from "./unsampled.ts";
import { classified, heedSignal } from "./verdict.ts";

/** What is in force now. */
export interface TraceContext extends ContextUpdate {
  /** The active span, whichever tracer started it; absent where there is none. */
  readonly span?: Span | undefined;
}

/** How a tee reaches its members: their `process` and their sinks. The same symbol in every copy of the package. */
export const OUTLET: unique symbol = Symbol.for("tracelight.outlet.v1");

/** How a bridge starts spans. The same symbol in every copy of the package. */
export const START: unique symbol = Symbol.for("tracelight.start.v1");

/** What a bridge says of a span that starts: the options of `trace`, each of which may be left undefined, and more. */
export type StartOptions = { readonly [K in keyof TraceOptions]?: TraceOptions[K] | undefined } & {
  readonly otlp?: OtlpDetails | undefined;
};

/** A read hands over what waits, but does not wait for a back end that is down as long as a flush does. */
const READ_FLUSH_MS = 5000;
const DEFAULT_SCOPE: Scope = Object.freeze({ name: OWN_SCOPE, version: VERSION });
const NO_FRAME: Frame = Object.freeze({ span: undefined, scoped: undefined });
/** Others are not passed on, as W3C Trace Context has it. */
const KNOWN_FLAGS = SAMPLED | RANDOM;
const NO_ATTRIBUTES: Attributes = Object.freeze({});

/**
 * Starts spans and hands them to its sink. `new Tracer(mySink)` makes a tracer of a back end of your own; the named
 * tracers (`InMemoryTracer`, `DynamoDbTracer`, …) bring theirs.
 *
 * @example
 * ```ts
 * const tracer = new Tracer({ name: "mine", write: (span) => console.log(span.spanName) });
 * await tracer.trace("converse", async (span) => {
 *   span.addAttribute("ai.user.input", "Hello");
 * }); // converse
 * await tracer.close();
 * ```
 */
export class Tracer extends TracerReads implements AsyncDisposable {
  /** @internal */
  readonly [OUTLET]: Outlet;
  readonly #faults: Faults;
  readonly #owner: SpanOwner<Span>;
  readonly #open: OpenSpans = new OpenSpans();
  readonly #followed: Followed = new Followed();
  readonly #layers: ContextUpdate[] = [];
  /** Undefined where all is recorded. */
  readonly #head: HeadSampling | undefined;
  #defaults: ContextUpdate = {};
  #reader: StoreReader | undefined;

  /** @throws TracelightError `INVALID_OPTION` where the sink or an option cannot be used. */
  constructor(sink: Sink, options: TracerOptions = {}) {
    super();
    checkOptions(
      { sink },
      {
        owner: "Tracer",
        checks: { sink: is.having("write", "a sink with a write method") },
        required: ["sink"],
      },
    );
    checkOptions(options, { owner: "Tracer", checks: TRACER_OPTION_CHECKS });
    this.#faults = new Faults(options.onError, options.process?.text);
    const outlet = new Outlet(sink, options.process, this.#faults);
    this[OUTLET] = outlet;
    const { sample } = options;
    const report = (fault: TracelightError): void => this.#faults.reportRarely(fault);
    this.#head = sample === undefined ? undefined : new HeadSampling(sample, report);
    this.#owner = {
      ended: (span) => {
        this.#open.remove(span[NODE]);
        outlet.accept(span);
      },
      snapshot: (span) => sink.observe && outlet.observe(span.snapshot(), "snapshot"),
      report: (error) => this.#faults.report(error),
      notice: (error) => this.#faults.notice(error),
      classify: (error) =>
        options.classifyError &&
        classified(error, options.classifyError, (fault) => this.#faults.reportRarely(fault)),
      follow: (span, stream, given) => this.#followed.follow(span, stream, frameOf(span), given),
      guard: (span, given) => this.#followed.guard(span, frameOf(span), given),
      isFollowing: (span) => this.#followed.has(span),
      get isObserved() {
        return sink.observe !== undefined;
      },
      limits: options.limits && { ...options.limits },
    };
  }

  /**
   * Runs `fn` with a new span active, and ends the span when the work is done: on return, when the promise settles, or
   * when the generator is finished or abandoned. What `fn` throws is noted on the span and thrown on, unchanged.
   */
  trace<T>(name: string, fn: (span: Span) => T): T;
  trace<T>(name: string, options: TraceOptions, fn: (span: Span) => T): T;
  trace<T>(name: string, optionsOrFn: TraceOptions | ((span: Span) => T), maybeFn?: (span: Span) => T): T {
    const fn = typeof optionsOrFn === "function" ? optionsOrFn : maybeFn;
    if (fn === undefined) throw new TypeError("trace(name, fn) needs a function to trace.");
    const outer = activeFrame();
    if (outer !== undefined && fn === optionsOrFn && this.#head !== undefined) {
      const above = unsampledIn(outer);
      if (above !== undefined) return runBelow(above, fn, outer);
    }
    const span = this.#start(name, typeof optionsOrFn === "function" ? undefined : optionsOrFn, outer);
    if (span[NODE].isUnsampled === true) return runUnsampled(span, fn, outer);
    const frame: Frame =
      outer === undefined
        ? { span: span[NODE], scoped: undefined, carried: undefined }
        : { span: span[NODE], scoped: outer.scoped, carried: outer.carried };
    let result: T;
    try {
      result = runIn(frame, fn, span);
    } catch (error) {
      endFailed(span, error);
      throw error;
    }
    return follow(span, frame, result);
  }

  /** A span to be ended by hand, or by `using`. It is not active: see `run`. */
  startSpan(name: string, options?: TraceOptions): Span {
    return this.#start(name, options, activeFrame());
  }

  /** Calls `fn` with `span` active (null: no span), for the call and all it awaits. The span is not ended. */
  run<T>(span: Span | null, fn: () => T): T {
    if (span === NOOP_SPAN) return fn();
    const outer = activeFrame();
    return runIn({ span: span?.[NODE], scoped: outer?.scoped, carried: outer?.carried }, fn, undefined);
  }

  /** A function that calls `fn` in the context of now, whenever and by whomever it is called. */
  bind<F extends (...args: never[]) => unknown>(fn: F): F;
  bind(fn: (...args: never[]) => unknown): (...args: never[]) => unknown {
    const frame = activeFrame();
    return function (this: unknown, ...args) {
      return runIn(frame, () => Reflect.apply(fn, this, args), undefined);
    };
  }

  /** Defaults for all later spans of this tracer. Returns the undo, which takes back this update alone. */
  setContext(update: ContextUpdate): () => void {
    const layer = this.#captureUpdate(update);
    this.#layers.push(layer);
    this.#mergeLayers();
    return () => {
      const at = this.#layers.indexOf(layer);
      if (at >= 0) this.#layers.splice(at, 1);
      this.#mergeLayers();
    };
  }

  /** The same as `setContext`, for the spans of this tracer that `fn`, and all it awaits, starts. */
  withContext<T>(update: ContextUpdate, fn: () => T): T {
    const outer = activeFrame();
    const scoped: ScopedUpdate = { tracer: this, update: this.#captureUpdate(update), next: outer?.scoped };
    return runIn({ ...outer, span: outer?.span, scoped }, fn, undefined);
  }

  /** What a span that starts now would get. */
  get context(): TraceContext {
    const span = this.currentSpan;
    return { ...this.#settings(activeFrame()), ...(span === undefined ? {} : { span }) };
  }

  /** The active span, whichever tracer started it. */
  get currentSpan(): Span | undefined {
    const node = activeFrame()?.span;
    return node === undefined ? undefined : spanOf(node);
  }

  /** The spans of this tracer that have started and not ended, the oldest first. */
  openSpans(): readonly Span[] {
    return this.#open.all();
  }

  /** @internal */
  override [READER](): StoreReader {
    const { sink } = this[OUTLET];
    const store = storeBehind(sink);
    if (store === undefined) throw notAStore(sink);
    const prepare = () => this.flush({ timeoutMs: READ_FLUSH_MS, isRead: true });
    this.#reader ??= new StoreReader(store, { prepare });
    return this.#reader;
  }

  /** Delivers what waits, within `timeoutMs` (30 s). Never rejects: the report carries the errors. */
  flush(options?: FlushWish): Promise<DeliveryReport> {
    return this[OUTLET].flush(options);
  }

  /**
   * Hands over spans that have not ended as `interrupted`, with what they have; then flushes and lets go of the sink, within
   * `timeoutMs` (30 s). What starts and ends later is dropped and counted. Never rejects. A second call gives the same report.
   */
  close(options?: { readonly timeoutMs?: number | undefined }): Promise<DeliveryReport> {
    return this[OUTLET].close(options?.timeoutMs, () => {
      this.#followed.endWithTracer();
      return this.#open.interrupt();
    });
  }

  /** `await using tracer = …` closes it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** @internal `startSpan` in a context that is not the active one. */
  [START](name: string, options: StartOptions | undefined, frame: Frame | undefined): Span {
    return this.#start(name, options, frame);
  }

  #start(name: string, options: StartOptions | undefined, frame: Frame | undefined): Span {
    try {
      return this.#begin(name, options ?? undefined, frame);
    } catch (error) {
      if (options === undefined) throw error;
      return this.#begin(name, this.#usable(options, error), frame);
    }
  }

  /** Options of the wrong type are found by using them, so that right ones cost no check; here they are left out. */
  #usable(options: StartOptions | undefined, error: unknown): TraceOptions {
    const [usable, faulty] = usableOptions(options);
    const which = faulty.length === 0 ? "The options" : `The options ${faulty.join(", ")}`;
    const message = `${which} of trace or startSpan could not be used and were left out`;
    this.#faults.report(asTracelightError(error, "INVALID_ARGUMENT", message));
    return usable;
  }

  #begin(name: string, options: StartOptions | undefined, frame: Frame | undefined): Span {
    const parent =
      options === undefined || options.parentSpan === undefined
        ? parentIn(frame)
        : this.#parentOf(options, frame);
    const settings =
      frame === undefined || frame.scoped === undefined ? this.#defaults : this.#settings(frame);
    const root = this.#head?.decide(parent, frame, { name, options, settings });
    if (root !== undefined && NODE in root) return root;
    const local = parent !== undefined && isLocal(parent) ? parent : undefined;
    const start = options?.startedAt === undefined ? nextMicros() : givenStart(options.startedAt);
    // Spelled out: a spread would cost more than all the rest.
    const node: SpanNode = {
      traceId: parent === undefined ? (root === undefined ? newTraceId() : root.traceId) : parent.traceId,
      spanId: newSpanId(),
      parentSpanId: parent === undefined ? undefined : parent.spanId,
      kind: options?.spanKind === undefined ? "INTERNAL" : givenKind(options.spanKind),
      scope: (options?.scope && captureScope(options.scope)) ?? settings.scope ?? DEFAULT_SCOPE,
      resourceAttributes: resourceOf(options) ?? settings.resourceAttributes ?? NO_ATTRIBUTES,
      startedAtMicros: local !== undefined && start < local.startedAtMicros ? local.startedAtMicros : start,
      name: typeof name === "string" ? name : textOf(name),
      status: "UNSET",
      endedAtMicros: undefined,
      parent: undefined,
      passes: undefined,
      atEnd: undefined,
      base: undefined,
      revision: -1,
      hasChildren: false,
      span: undefined,
      before: undefined,
      after: undefined,
    };
    const above = local ?? (parent === undefined || frame?.remote !== parent ? undefined : frame.outer);
    if (above !== undefined) attach(node, above);
    if (parent !== undefined) passOn(parent, node);
    else if (root !== undefined) passOn(root, node);
    if (options !== undefined && options.otlp !== undefined) node.otlp = options.otlp;
    const span = new Span(node, this.#owner, undefined, local);
    node.span = span;
    if (settings.spanAttributes !== undefined) span.addAttributes(settings.spanAttributes);
    if (options !== undefined) addInitial(span, options);
    this.#open.add(node);
    if (this[OUTLET].sink.observe !== undefined) this[OUTLET].observe(span, "start");
    return span;
  }

  /** The parent that the options name; what cannot be one is reported, and the active span stands in. */
  #parentOf(options: StartOptions, frame: Frame | undefined): SpanNode | RemoteParent | undefined {
    const { parentSpan } = options;
    if (parentSpan === null) return undefined;
    if (parentSpan === undefined || parentSpan === NOOP_SPAN) return parentIn(frame);
    if (NODE in parentSpan) return parentSpan[NODE];
    if (isTraceId(parentSpan.traceId) && isSpanId(parentSpan.spanId)) return parentSpan;
    const mend = "it needs a traceId of 32 and a spanId of 16 lower-case hex digits";
    this.#faults.report(new TracelightError("INVALID_ARGUMENT", `parentSpan was left out: ${mend}.`));
    return parentIn(frame);
  }

  #settings(frame: Frame | undefined): ContextUpdate {
    const updates: ContextUpdate[] = [];
    for (let at = frame?.scoped; at !== undefined; at = at.next) {
      if (at.tracer === this) updates.push(at.update);
    }
    return Object.assign({}, this.#defaults, ...updates.reverse());
  }

  #captureUpdate(update: ContextUpdate): ContextUpdate {
    try {
      return captureUpdate(update);
    } catch (error) {
      const message = "A context update could not be used and was left out";
      this.#faults.report(asTracelightError(error, "INVALID_ARGUMENT", message));
      return {};
    }
  }

  #mergeLayers(): void {
    this.#defaults = Object.assign({}, ...this.#layers);
  }
}

/** The active context, with that span in it. */
function frameOf(span: Span): Frame {
  const { scoped, carried } = activeFrame() ?? NO_FRAME;
  return { span: span[NODE], scoped, carried };
}

/** What a trace is known by besides its id goes from span to span. */
function passOn({ traceState, traceFlags }: SpanNode | RemoteParent | SampledRoot, node: SpanNode): void {
  if (typeof traceState === "string") node.traceState = traceState;
  if (typeof traceFlags === "number" && traceFlags !== SAMPLED) node.traceFlags = traceFlags & KNOWN_FLAGS;
}

function isLocal(parent: SpanNode | RemoteParent): parent is SpanNode {
  return "passes" in parent;
}

/** What a new span is below unless told. */
function parentIn(frame: Frame | undefined): SpanNode | RemoteParent | undefined {
  return frame === undefined ? undefined : (frame.span ?? frame.remote);
}

function notAStore(sink: Sink): TracelightError {
  const mend = "read from an InMemoryTracer, a SqliteTracer or a DynamoDbTracer, or put one into a TeeTracer";
  return new TracelightError("NOT_A_STORE", `"${sink.name}" keeps no spans to read back; ${mend}.`);
}

function addInitial(span: Span, options: StartOptions): void {
  if (options.attributes !== undefined) span.addAttributes(options.attributes);
  for (const link of options.links ?? []) span.addLink(link);
  if (options.signal !== undefined) heedSignal(span, options.signal);
}

function resourceOf(options: StartOptions | undefined): Attributes | undefined {
  return options?.resourceAttributes && captureAttributes(options.resourceAttributes);
}

function captureUpdate({ resourceAttributes, spanAttributes, scope }: ContextUpdate): ContextUpdate {
  return defined({
    resourceAttributes: resourceAttributes === undefined ? undefined : captureAttributes(resourceAttributes),
    spanAttributes: spanAttributes === undefined ? undefined : captureAttributes(spanAttributes),
    scope: scope === undefined ? undefined : captureScope(scope),
  });
}
