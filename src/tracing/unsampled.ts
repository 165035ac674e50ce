// Spans of traces that are not recorded: they keep nothing, and whatever is below them knows.
import type { Attributes, Inheritable } from "../model/attributes.ts";
import { newSpanId, traceIdOf } from "../model/ids.ts";
import { OWN_SCOPE, type Scope, type SpanKind, type SpanStatus } from "../model/span-fields.ts";
import { activeFrame, type Frame, runIn } from "./context.ts";
import type { RemoteParent } from "./remote-parent.ts";
import { follow } from "./results.ts";
import { Span } from "./span.ts";
import { type HeldSpan, NODE, nodeOf, type SpanNode } from "./span-node.ts";
import type { Watcher } from "./steps.ts";
import type { ChunkOf, FollowOptions } from "./streams/options.ts";
import { watchStream } from "./streams/watch.ts";

/** W3C trace flags: of a trace that is recorded; and of one whose id is random, as W3C Trace Context 2 has it. */
export const SAMPLED = 1;
export const RANDOM = 2;

/**
 * The one span of a trace that is not recorded: it takes everything, keeps nothing, and has ended from the start. Its ids and flags
 * go on to others.
 *
 * It is its own node and the frame in which it is active, and its ids are made when somebody asks for them: one is made for each trace that
 * is not recorded, and this takes a third of the time.
 */
class UnsampledSpan extends Span implements SpanNode, Frame {
  readonly scoped: Frame["scoped"];
  readonly carried: Frame["carried"];
  revision = -1;
  /** The randomness of a new trace, or what this one stands below; then its ids. */
  #from: number | TraceParts;

  constructor(from: number | TraceParts, outer: Frame | undefined) {
    super(NOBODY, undefined, undefined, undefined);
    this[NODE] = this;
    this.#from = from;
    this.scoped = outer?.scoped;
    this.carried = outer?.carried;
  }

  override addAttribute(): this {
    return this;
  }

  override addAttributes(): this {
    return this;
  }

  /** Nothing is noted of the stream, but what it works with is below this span still. */
  override follow<T extends object>(stream: T, _options?: FollowOptions<ChunkOf<T>>): T {
    watchStream(stream, new Passing(this));
    return stream;
  }

  get isUnsampled(): true {
    return true;
  }

  get span(): this {
    return this;
  }

  override get traceId(): string {
    return this.#parts.traceId;
  }

  /** Below another process's span, that one's: what is called from here is then known to be below it. */
  override get spanId(): string {
    return this.#parts.spanId;
  }

  get traceFlags(): number {
    return typeof this.#from === "number" ? RANDOM : (this.#from.traceFlags ?? 0);
  }

  override get traceState(): string | undefined {
    return typeof this.#from === "number" ? undefined : this.#from.traceState;
  }

  get #parts(): TraceParts {
    if (typeof this.#from !== "number") return this.#from;
    this.#from = { traceId: traceIdOf(this.#from), spanId: newSpanId(), traceFlags: RANDOM };
    return this.#from;
  }

  override get parentSpanId(): undefined {
    return undefined;
  }

  override get otlp(): undefined {
    return undefined;
  }

  get kind(): SpanKind {
    return "INTERNAL";
  }

  override get scope(): Scope {
    return NO_SCOPE;
  }

  override get resourceAttributes(): Attributes {
    return NO_ATTRIBUTES;
  }

  override get startedAtMicros(): number {
    return 0;
  }

  override get endedAtMicros(): number {
    return 0;
  }

  get name(): string {
    return "unsampled";
  }

  get status(): SpanStatus {
    return "UNSET";
  }

  get parent(): undefined {
    return undefined;
  }

  get passes(): Inheritable | undefined {
    return undefined;
  }

  get atEnd(): undefined {
    return undefined;
  }

  get base(): undefined {
    return undefined;
  }

  get hasChildren(): boolean {
    return false;
  }

  get before(): undefined {
    return undefined;
  }

  get after(): undefined {
    return undefined;
  }
}

/** The span of a new trace that is not recorded, or for all that is below a parent that is not. */
export function unsampled(from: number | SpanNode | RemoteParent, outer: Frame | undefined): Span {
  const held = typeof from !== "number" && "isUnsampled" in from ? from.span : undefined;
  return isSpan(held) ? held : new UnsampledSpan(from, outer);
}

/** True for a parent of a trace that is not recorded. */
export function isUnsampled({ traceFlags }: SpanNode | RemoteParent): boolean {
  return typeof traceFlags === "number" && (traceFlags & SAMPLED) === 0;
}

/** Of whichever copy of the package. */
function isSpan(held: HeldSpan | undefined): held is Span {
  return held !== undefined && "addAttribute" in held;
}

/** What a trace is known by to others. */
type TraceParts = Pick<RemoteParent, "traceId" | "spanId" | "traceFlags" | "traceState">;

/** The span that is active, where it is of a trace that is not recorded. */
export function unsampledIn({ span }: Frame): Span | undefined {
  if (span === undefined || span.isUnsampled !== true) return undefined;
  return isSpan(span.span) ? span.span : undefined;
}

/** Calls `fn` with a span that is active already: that it is known below costs no AsyncLocalStorage.run. */
export function runBelow<T>(span: Span, fn: (span: Span) => T, frame: Frame): T {
  const result = fn(span);
  return typeof result === "object" && result !== null ? follow(span, frame, result) : result;
}

/** Calls `fn` with such a span active, as `trace` does with others: what it gives, and what is started in it, is the same. */
export function runUnsampled<T>(span: Span, fn: (span: Span) => T, outer: Frame | undefined): T {
  if (outer !== undefined && outer.span === span[NODE]) return runBelow(span, fn, outer);
  const frame = frameFor(span, outer);
  const result = runIn(frame, fn, span);
  return typeof result === "object" && result !== null ? follow(span, frame, result) : result;
}

function frameFor(span: Span, outer: Frame | undefined): Frame {
  const isOwn =
    span instanceof UnsampledSpan && span.scoped === outer?.scoped && span.carried === outer?.carried;
  return isOwn ? span : { span: span[NODE], scoped: outer?.scoped, carried: outer?.carried };
}

/** Keeps the context of a stream's work, and takes note of nothing. */
class Passing implements Watcher {
  readonly frame: Frame;

  constructor(span: SpanNode) {
    const outer = activeFrame();
    this.frame = { span, scoped: outer?.scoped, carried: outer?.carried };
  }

  chunk(): void {}

  end(): void {}
}

const NO_SCOPE: Scope = Object.freeze({ name: OWN_SCOPE });
const NO_ATTRIBUTES: Attributes = Object.freeze({});
/** Until it is known who it is. */
const NOBODY: SpanNode = nodeOf({
  traceId: "",
  spanId: "",
  parentSpanId: undefined,
  spanName: "",
  spanKind: "INTERNAL",
  spanStatus: "UNSET",
  startedAtMicros: 0,
  endedAtMicros: 0,
  attributes: NO_ATTRIBUTES,
  resourceAttributes: NO_ATTRIBUTES,
  scope: NO_SCOPE,
  events: [],
  links: [],
  statusMessage: undefined,
  state: "ended",
});
