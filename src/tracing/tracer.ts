// The tracer: what users hold. It knows the context, starts spans, and hands them to its sink.
import { types } from "node:util";
import type { Attributes } from "../model/attributes.ts";
import { microsOf, nextMicros } from "../model/clock.ts";
import { TracelightError } from "../model/errors.ts";
import { isSpanId, isTraceId, newSpanId, newTraceId } from "../model/ids.ts";
import { checkOptions, is, type OptionRules } from "../model/options.ts";
import { checkQuery, type TraceQuery } from "../model/query.ts";
import { isSpanKind, type Scope, type SpanKind, type SpanLink } from "../model/record.ts";
import { VERSION } from "../model/version.ts";
import {
  activeFrame,
  attach,
  type ContextUpdate,
  type Frame,
  runIn,
  type ScopedUpdate,
  type SpanNode,
} from "./context.ts";
import { type Process, processed } from "./draft.ts";
import { Faults } from "./faults.ts";
import { endFailed, follow } from "./results.ts";
import { type Awaitable, type DeliveryReport, isStore, type Sink } from "./sink.ts";
import {
  captureAttributes,
  captureScope,
  NODE,
  NOOP_SPAN,
  Span,
  type SpanOwner,
  spanOf,
  textOf,
} from "./span.ts";

/** A span that runs in another process, as a header or message names it. */
export interface RemoteParent {
  readonly traceId: string;
  readonly spanId: string;
  readonly traceFlags?: number;
  readonly traceState?: string;
}

/** What may be said of a span when it starts. */
export interface TraceOptions {
  /** INTERNAL unless told. */
  readonly spanKind?: SpanKind;
  /** The span above; the active one unless told. Null starts a new trace. */
  readonly parentSpan?: Span | RemoteParent | null;
  /** Unless told: the context's, else the parent's, else tracelight's own. */
  readonly scope?: Scope;
  /** Now unless told; never before the parent's start. */
  readonly startedAt?: Date;
  /** In place of the context's. */
  readonly resourceAttributes?: Attributes;
  readonly attributes?: Attributes;
  readonly links?: readonly SpanLink[];
}

/** What is in force now. */
export interface TraceContext extends ContextUpdate {
  readonly span?: Span;
}

/** What every tracer takes. */
export interface TracerOptions {
  /** Told of each fault of tracing. Default: one process warning per distinct fault. */
  readonly onError?: (error: TracelightError) => void;
  /**
   * The last change to a span before any sink sees it: redact, or return false to drop. Must be synchronous. Where it
   * throws, the span is dropped, counted as failed and reported.
   */
  readonly process?: Process;
}

/** The checks of `TracerOptions`, for the constructors of named tracers. */
export const TRACER_OPTION_CHECKS: OptionRules["checks"] = { onError: is.fn, process: is.fn };

/** How a tee hands spans to its members: through their `process` and into their sinks. */
export const ACCEPT: unique symbol = Symbol.for("tracelight.accept.v1");
/** How a tee shows its members running spans. */
export const OBSERVE: unique symbol = Symbol.for("tracelight.observe.v1");
/** The sink of a tracer. */
export const SINK: unique symbol = Symbol.for("tracelight.sink.v1");

const DEFAULT_FLUSH_MS = 30_000;
/** A sink that keeps its time is not taken for one that hangs. */
const FLUSH_GRACE_MS = 100;
const MAX_TIMER_MS = 2 ** 31 - 1;
const DEFAULT_SCOPE: Scope = Object.freeze({ name: "tracelight", version: VERSION });
const NO_ATTRIBUTES: Attributes = Object.freeze({});

/**
 * Starts spans and hands them to its sink. `new Tracer(mySink)` makes a tracer of a back end of your own; the named
 * tracers (`InMemoryTracer`, `DynamoDbTracer`, …) bring theirs.
 *
 * @example
 * const tracer = new Tracer({ name: "mine", write: (span) => console.log(span.spanName) });
 * await tracer.trace("converse", async (span) => {
 *   span.addAttribute("ai.user.input", "Hello");
 * });
 */
export class Tracer implements AsyncDisposable {
  readonly #sink: Sink;
  readonly #process: Process | undefined;
  readonly #faults: Faults;
  readonly #layers: ContextUpdate[] = [];
  readonly #owner: SpanOwner;
  /** The ends of the list of open spans. */
  readonly #open: OpenSpans = new OpenSpans();
  #defaults: ContextUpdate = {};
  #written = 0;
  #failed = 0;
  #dropped = 0;
  #closing: Promise<DeliveryReport> | undefined;

  /** @throws TracelightError `INVALID_OPTION` where the sink or an option cannot be used. */
  constructor(sink: Sink, options: TracerOptions = {}) {
    checkOptions(
      { sink },
      {
        owner: "Tracer",
        checks: { sink: is.having("write", "a sink with a write method") },
        required: ["sink"],
      },
    );
    checkOptions(options, { owner: "Tracer", checks: TRACER_OPTION_CHECKS });
    this.#sink = sink;
    this.#process = options.process;
    this.#faults = new Faults(options.onError);
    this.#owner = {
      ended: (span) => this.#ended(span),
      snapshot: (span) => this.#sink.observe && this[OBSERVE](span.snapshot(), "snapshot"),
      report: (error) => this.#faults.report(error),
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
    const span = this.#start(name, typeof optionsOrFn === "function" ? undefined : optionsOrFn, outer);
    const frame: Frame = { span: span[NODE], scoped: outer === undefined ? undefined : outer.scoped };
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
    return runIn({ span: span?.[NODE], scoped: activeFrame()?.scoped }, fn, undefined);
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
    return runIn({ span: outer?.span, scoped }, fn, undefined);
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

  /**
   * Reads spans back, in start order, after handing over what still waits.
   * @throws (rejects) TracelightError `NOT_A_STORE`, `INVALID_QUERY`, or what the store says.
   */
  getTraces(query: TraceQuery = {}): Awaitable<readonly Span[]> {
    return this.#find(query);
  }

  async #find(query: TraceQuery): Promise<readonly Span[]> {
    const sink = this.#sink;
    if (!isStore(sink)) throw notAStore(sink);
    checkQuery(query);
    if (sink.flush !== undefined) await this.flush();
    return sink.find(query);
  }

  /** Delivers what waits, within `timeoutMs` (30 s). Never rejects: the report carries the errors. */
  async flush(options: { readonly timeoutMs?: number } = {}): Promise<DeliveryReport> {
    const timeoutMs = waitingTime(options?.timeoutMs);
    const { flush } = this.#sink;
    return this.#report(flush && (() => flush.call(this.#sink, { timeoutMs })), timeoutMs);
  }

  /** Flushes and lets go of the sink. Spans that end later are dropped and counted. Never rejects. */
  close(): Promise<DeliveryReport> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<DeliveryReport> {
    const { close } = this.#sink;
    if (close === undefined) return this.flush();
    return this.#report(() => close.call(this.#sink), DEFAULT_FLUSH_MS);
  }

  /** `await using tracer = …` closes it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** @internal */
  get [SINK](): Sink {
    return this.#sink;
  }

  /** @internal Takes a span that ended, of this tracer or of a tee. */
  [ACCEPT](span: Span): void {
    if (this.#closing !== undefined) return this.#late(span);
    try {
      const out = this.#process === undefined ? span : processed(span, this.#process);
      if (out === undefined) return;
      const result: unknown = this.#sink.write(out);
      this.#written++;
      // An async write is against the contract, but TypeScript lets it pass, and its rejection must not end the app.
      if (result !== undefined && types.isPromise(result))
        result.catch((error) => this.#notWritten(error, 1));
    } catch (error) {
      this.#notWritten(error, 0);
    }
  }

  #notWritten(error: unknown, counted: 0 | 1): void {
    this.#written -= counted;
    this.#failed++;
    this.#sinkFailed("write", error);
  }

  #sinkFailed(what: string, error: unknown): void {
    const message = `The sink "${this.#sink.name}" could not ${what}`;
    this.#faults.report(TracelightError.from(error, "SINK_FAILED", message));
  }

  /** @internal Shows the sink a span that runs, where it looks at such. */
  [OBSERVE](span: Span, what: "start" | "snapshot"): void {
    if (this.#sink.observe === undefined || this.#closing !== undefined) return;
    try {
      const shown = this.#process === undefined ? span : this.#processedView(span, this.#process);
      if (shown === undefined) return;
      const result: unknown = this.#sink.observe(shown, what);
      if (types.isPromise(result)) result.catch((error) => this.#sinkFailed("observe", error));
    } catch (error) {
      this.#sinkFailed("observe", error);
    }
  }

  /** A running span as sinks may see it: a processed copy, whose `snapshot()` is the next processed copy. */
  #processedView(span: Span, process: Process): Span | undefined {
    const copy = processed(span.snapshot(), process);
    return copy && Span.frozen(copy[NODE], { ...copy.payload(), again: () => this.#nextView(span, copy) });
  }

  /** The view after `last`, which stays where `process` now says no: the sink asks at a time of its own. */
  #nextView(span: Span, last: Span): Span {
    try {
      return (this.#process && this.#processedView(span, this.#process)) ?? last;
    } catch (error) {
      this.#sinkFailed("look again at a span", error);
      return last;
    }
  }

  #late(span: Span): void {
    this.#dropped++;
    const message = `The span "${span.spanName}" ended after its tracer was closed and was dropped.`;
    this.#faults.report(new TracelightError("TRACER_CLOSED", message));
  }

  #ended(span: Span): void {
    this.#open.remove(span[NODE]);
    this[ACCEPT](span);
  }

  #start(name: string, options: TraceOptions | undefined, frame: Frame | undefined): Span {
    try {
      return this.#begin(name, options ?? undefined, frame);
    } catch (error) {
      if (options === undefined) throw error;
      return this.#begin(name, this.#usable(options, error), frame);
    }
  }

  /** Options of the wrong type are found by using them, so that right ones cost no check; here they are left out. */
  #usable(options: TraceOptions | undefined, error: unknown): TraceOptions {
    const [usable, faulty] = usableOptions(options);
    const which = faulty.length === 0 ? "The options" : `The options ${faulty.join(", ")}`;
    const message = `${which} of trace or startSpan could not be used and were left out`;
    this.#faults.report(TracelightError.from(error, "INVALID_ARGUMENT", message));
    return usable;
  }

  #begin(name: string, options: TraceOptions | undefined, frame: Frame | undefined): Span {
    const parent =
      options === undefined || options.parentSpan === undefined
        ? frame?.span
        : this.#parentOf(options, frame);
    const settings =
      frame === undefined || frame.scoped === undefined ? this.#defaults : this.#settings(frame);
    const local = parent !== undefined && "passes" in parent ? parent : undefined;
    const start = options?.startedAt === undefined ? nextMicros() : givenStart(options.startedAt);
    const node: SpanNode = {
      traceId: parent === undefined ? newTraceId() : parent.traceId,
      spanId: newSpanId(),
      parentSpanId: parent === undefined ? undefined : parent.spanId,
      kind: options?.spanKind === undefined ? "INTERNAL" : givenKind(options.spanKind),
      scope:
        (options?.scope && captureScope(options.scope)) ?? settings.scope ?? local?.scope ?? DEFAULT_SCOPE,
      resourceAttributes: resourceOf(options) ?? settings.resourceAttributes ?? NO_ATTRIBUTES,
      startedAtMicros: local !== undefined && start < local.startedAtMicros ? local.startedAtMicros : start,
      name: typeof name === "string" ? name : textOf(name),
      status: "UNSET",
      endedAtMicros: undefined,
      parent: undefined,
      passes: undefined,
      base: undefined,
      revision: -1,
      hasChildren: false,
      span: undefined,
      before: undefined,
      after: undefined,
    };
    if (local !== undefined) attach(node, local);
    const span = new Span(node, this.#owner, [], local);
    node.span = span;
    if (settings.spanAttributes !== undefined) span.addAttributes(settings.spanAttributes);
    if (options !== undefined) addInitial(span, options);
    this.#open.add(node);
    if (this.#sink.observe !== undefined) this[OBSERVE](span, "start");
    return span;
  }

  /** The parent that the options name; what cannot be one is reported, and the active span stands in. */
  #parentOf(options: TraceOptions, frame: Frame | undefined): SpanNode | RemoteParent | undefined {
    const { parentSpan } = options;
    if (parentSpan === null) return undefined;
    if (parentSpan === undefined || parentSpan === NOOP_SPAN) return frame?.span;
    if (NODE in parentSpan) return parentSpan[NODE];
    if (isTraceId(parentSpan.traceId) && isSpanId(parentSpan.spanId)) return parentSpan;
    const mend = "it needs a traceId of 32 and a spanId of 16 lower-case hex digits";
    this.#faults.report(new TracelightError("INVALID_ARGUMENT", `parentSpan was left out: ${mend}.`));
    return frame?.span;
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
      this.#faults.report(TracelightError.from(error, "INVALID_ARGUMENT", message));
      return {};
    }
  }

  #mergeLayers(): void {
    this.#defaults = Object.assign({}, ...this.#layers);
  }

  async #report(
    deliver: (() => Promise<DeliveryReport>) | undefined,
    timeoutMs: number,
  ): Promise<DeliveryReport> {
    const own = { written: this.#written, pending: 0, dropped: 0, failed: 0, errors: [] };
    const report = deliver === undefined ? own : await this.#withinTime(deliver, timeoutMs);
    return {
      written: report.written,
      pending: report.pending,
      dropped: report.dropped + this.#dropped,
      failed: report.failed + this.#failed,
      errors: [...new Set([...report.errors, ...this.#faults.all])],
    };
  }

  /** A sink's own flush or close; one that throws, or takes longer than it may, becomes a report. */
  async #withinTime(deliver: () => Promise<DeliveryReport>, timeoutMs: number): Promise<DeliveryReport> {
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise<never>((_, reject) => {
      const message = `The sink "${this.#sink.name}" did not finish within ${timeoutMs} ms.`;
      timer = setTimeout(
        () => reject(new TracelightError("FLUSH_TIMEOUT", message)),
        timeoutMs + FLUSH_GRACE_MS,
      );
    });
    try {
      return checkedReport(await Promise.race([deliver(), timeout]));
    } catch (error) {
      this.#sinkFailed("flush", error);
      return { written: 0, pending: this.#written, dropped: 0, failed: 0, errors: [] };
    } finally {
      clearTimeout(timer);
    }
  }
}

/** The open spans of a tracer, as a list through their nodes: a few pointer writes a span. */
class OpenSpans {
  #last: SpanNode | undefined;

  add(node: SpanNode): void {
    node.before = this.#last;
    if (this.#last !== undefined) this.#last.after = node;
    this.#last = node;
  }

  remove(node: SpanNode): void {
    if (node.before !== undefined) node.before.after = node.after;
    if (node.after !== undefined) node.after.before = node.before;
    if (this.#last === node) this.#last = node.before;
    node.before = undefined;
    node.after = undefined;
  }

  all(): Span[] {
    const spans: Span[] = [];
    for (let at = this.#last; at !== undefined; at = at.before) spans.push(spanOf(at));
    return spans.reverse();
  }
}

function addInitial(span: Span, options: TraceOptions): void {
  if (options.attributes !== undefined) span.addAttributes(options.attributes);
  for (const link of options.links ?? []) span.addLink(link);
}

function resourceOf(options: TraceOptions | undefined): Attributes | undefined {
  return options?.resourceAttributes && captureAttributes(options.resourceAttributes);
}

function captureUpdate({ resourceAttributes, spanAttributes, scope }: ContextUpdate): ContextUpdate {
  return {
    ...(resourceAttributes === undefined
      ? {}
      : { resourceAttributes: captureAttributes(resourceAttributes) }),
    ...(spanAttributes === undefined ? {} : { spanAttributes: captureAttributes(spanAttributes) }),
    ...(scope === undefined ? {} : { scope: captureScope(scope) }),
  };
}

/** How long to wait; Node's timers take no more than 2^31 - 1 ms. */
function waitingTime(timeoutMs: unknown): number {
  if (typeof timeoutMs !== "number" || !(timeoutMs >= 0)) return DEFAULT_FLUSH_MS;
  return Math.min(timeoutMs, MAX_TIMER_MS - FLUSH_GRACE_MS);
}

/** What a sink reports; throws where it is no report. */
function checkedReport(report: DeliveryReport): DeliveryReport {
  const { written, pending, dropped, failed, errors } = report;
  const isReport = [written, pending, dropped, failed].every(Number.isFinite) && Array.isArray(errors);
  if (!isReport) throw new TypeError("flush and close must resolve with a DeliveryReport");
  return report;
}

function givenStart(startedAt: Date): number {
  const micros = microsOf(startedAt);
  if (micros === undefined) throw new TypeError("startedAt is an Invalid Date");
  return micros;
}

function givenKind(kind: SpanKind): SpanKind {
  if (!isSpanKind(kind)) throw new TypeError("spanKind is none of the five kinds");
  return kind;
}

/** The options that can be used, and the names of the others. */
function usableOptions(options: unknown): [TraceOptions, string[]] {
  const usable: Record<string, unknown> = {};
  const faulty: string[] = [];
  for (const [name, isUsable] of Object.entries(USABLE)) {
    try {
      const value: unknown = Reflect.get(Object(options), name);
      if (value === undefined) continue;
      if (isUsable(value)) usable[name] = value;
      else faulty.push(name);
    } catch {
      faulty.push(name);
    }
  }
  return [usable, faulty];
}

/** True for null and for objects whose ids can be asked for; throws for a hostile one. */
function isReadableParent(value: unknown): boolean {
  if (value === null) return true;
  if (typeof value !== "object" || Reflect.has(value, NODE)) return typeof value === "object";
  return ["traceId", "spanId"].every((name) => typeof Reflect.get(value, name) === "string");
}

const isObject = (value: unknown): boolean => typeof value === "object" && value !== null;

const USABLE: Readonly<Record<keyof TraceOptions, (value: unknown) => boolean>> = {
  spanKind: isSpanKind,
  parentSpan: isReadableParent,
  scope: (value) => isObject(value) && typeof Reflect.get(Object(value), "name") === "string",
  startedAt: (value) => types.isDate(value) && microsOf(value) !== undefined,
  resourceAttributes: isObject,
  attributes: isObject,
  links: Array.isArray,
};

function notAStore(sink: Sink): TracelightError {
  const mend = "read from an InMemoryTracer or a DynamoDbTracer, or put one first in a TeeTracer";
  return new TracelightError("NOT_A_STORE", `"${sink.name}" keeps no spans to read back; ${mend}.`);
}
