// A span: takes attributes while it runs, is frozen when it ends.
import * as types from "node:util/types";
import type { AttributeValue } from "../conventions/names.ts";
import { type Attributes, type Inheritable, mergeAttributes } from "../model/attributes.ts";
import { isoMicros, nowMicros } from "../model/clock.ts";
import { TracelightError } from "../model/errors.ts";
import { captureShared, reveal } from "../model/history.ts";
import { keysOf } from "../model/many-keys.ts";
import type { OtlpDetails } from "../model/otlp-details.ts";
import { encodeRecord, type SpanRecord } from "../model/record.ts";
import { decodeRecord } from "../model/record-decoder.ts";
import {
  isSpanStatus,
  type Scope,
  type SpanEvent,
  type SpanFields,
  type SpanKind,
  type SpanLink,
  type SpanState,
  type SpanStatus,
} from "../model/span-fields.ts";
import { TIME_RANGE, timeOfDate } from "../model/times.ts";
import { mapProperties } from "../model/values.ts";
import { type HumanReadableOptions, humanReadable } from "../render/human-readable.ts";
import { detach, inheritableFrom, passDown, type SpanNode } from "./context.ts";
import { describeException, exceptionAttributes } from "./exception.ts";
import { captured, entriesOf, linkOf, textOf } from "./given.ts";
import { Allowance, type Limits } from "./limits.ts";
import { denseOwn, ownAttribute, setOwnAttribute } from "./own-attributes.ts";
import type { ChunkOf, FollowOptions } from "./streams/options.ts";

/** Where a span keeps the part of itself that contexts hold; the same symbol in every copy of the package. */
export const NODE: unique symbol = Symbol.for("tracelight.node.v1");

/** Own attributes without a copy. */
export const OWN: unique symbol = Symbol.for("tracelight.own.v1");

/** What a span has of those above it, without an object of it. */
export const INHERITED: unique symbol = Symbol.for("tracelight.inherited.v1");

/** The owner of a span, for those who end it. */
export const OWNER: unique symbol = Symbol("owner");
const FREEZE: unique symbol = Symbol("freeze");

/** `util.inspect.custom`, without the two milliseconds that it takes to load all of that module. */
const INSPECT: unique symbol = Symbol.for("nodejs.util.inspect.custom");

/** How the end of its tracer reaches a span that never ended. */
export const INTERRUPT: unique symbol = Symbol("interrupt");

/** The tracer of a span, as the span sees it. */
export interface SpanOwner {
  ended(span: Span): void;
  snapshot(span: Span): void;
  report(error: TracelightError): void;
  /** What the app says that a failure means; undefined where it says nothing. */
  classify(error: unknown): "error" | "aborted" | "none" | undefined;
  /** Reports what is no news the second time. */
  notice(error: TracelightError): void;
  /** Lets a span end with a stream. */
  follow(span: Span, stream: object, options: FollowOptions<never>): void;
  /** True while a span waits for the end of a stream. */
  isFollowing(span: Span): boolean;
  readonly limits: Limits | undefined;
}

/** How inheritable an attribute is. */
export interface AttributeOptions {
  /** Also for all spans below this one that start later or still run; the nearest value wins. Default false. */
  readonly inheritable?: boolean | undefined;
}

/** What a span carries besides its node; a frozen copy is made from one. */
export interface Payload {
  readonly own: unknown[];
  readonly inherited: Inheritable | undefined;
  readonly events: readonly SpanEvent[];
  readonly links: readonly SpanLink[];
  readonly statusMessage: string | undefined;
  readonly interrupted?: boolean;
  readonly otlp?: OtlpDetails | undefined;
  readonly parentSpan?: Span | undefined;
  readonly parentNode?: SpanNode | undefined;
  /** For a copy that stands in for a running span: makes the next copy. */
  readonly again?: () => Span;
}

/**
 * One timed operation. It runs, takes attributes, ends, and is then frozen. Spans come from a tracer
 * (`trace`, `startSpan`), from a store, or from `Span.fromRecord`; they are not constructed by hand.
 *
 * @example
 * ```ts
 * const tracer = new InMemoryTracer();
 * const getWeather = async (city: string) => ({ city, temperature: 20 });
 * await tracer.trace("get_weather", async (span) => {
 *   span.addAttribute("ai.trace.type", "tool-invocation").addAttribute("ai.tool.input", { city: "Amsterdam" });
 *   span.addAttribute("ai.tool.output", await getWeather("Amsterdam"));
 * });
 * ```
 */
export class Span implements SpanFields {
  /** @internal */
  readonly [NODE]: SpanNode;
  readonly #owner: SpanOwner | undefined;
  readonly #parentNode: SpanNode | undefined;
  #own: unknown[] | undefined;
  #extras: Extras | undefined = undefined;
  #frozen: Payload | undefined = undefined;

  /** @internal Spans come from a tracer, a store or `Span.fromRecord`. */
  constructor(
    node: SpanNode,
    owner: SpanOwner | undefined,
    own: unknown[] | undefined,
    parentNode: SpanNode | undefined,
  ) {
    this[NODE] = node;
    this.#owner = owner;
    this.#parentNode = parentNode;
    this.#own = own;
  }

  /** @internal Freezes a new span with that payload. */
  [FREEZE](payload: Payload): this {
    this.#frozen = payload;
    return this;
  }

  /** @internal Undefined for a span that was frozen from the start. */
  get [OWNER](): SpanOwner | undefined {
    return this.#owner;
  }

  /** What is done: the name it was started with, or the last given by `updateName`. */
  get spanName(): string {
    return this[NODE].name;
  }
  /** Its role between services; INTERNAL unless told. */
  get spanKind(): SpanKind {
    return this[NODE].kind;
  }
  /** 32 lower-case hex digits. */
  get traceId(): string {
    return this[NODE].traceId;
  }
  /** 16 lower-case hex digits. */
  get spanId(): string {
    return this[NODE].spanId;
  }
  /** The id of the span above, wherever that ran; undefined for a root. */
  get parentSpanId(): string | undefined {
    return this[NODE].parentSpanId;
  }
  /**
   * The span above, where it is known here: of this process, or of the same query result. Once a parent has ended and
   * was written this is its outline: identity, times, status and inheritable attributes, without its payload.
   */
  get parentSpan(): Span | undefined {
    if (this.#frozen?.parentSpan !== undefined) return this.#frozen.parentSpan;
    return this.#parentNode === undefined ? undefined : spanOf(this.#parentNode);
  }
  /** When it began, to the millisecond. */
  get startedAt(): Date {
    return new Date(Math.floor(this[NODE].startedAtMicros / 1000));
  }
  /** Whole microseconds since the epoch. */
  get startedAtMicros(): number {
    return this[NODE].startedAtMicros;
  }
  /** When it ended, to the millisecond; undefined while it runs. */
  get endedAt(): Date | undefined {
    const { endedAtMicros } = this[NODE];
    return endedAtMicros === undefined ? undefined : new Date(Math.floor(endedAtMicros / 1000));
  }
  /** Whole microseconds since the epoch; undefined while it runs. */
  get endedAtMicros(): number | undefined {
    return this[NODE].endedAtMicros;
  }
  /** From start to end in milliseconds, with three decimals; undefined while it runs. */
  get durationMs(): number | undefined {
    const { startedAtMicros, endedAtMicros } = this[NODE];
    return endedAtMicros === undefined ? undefined : (endedAtMicros - startedAtMicros) / 1000;
  }
  /** `running`, `ended`, or `interrupted` for one that never ended and whose process is gone or tracer closed. */
  get state(): SpanState {
    if (this[NODE].endedAtMicros !== undefined) return "ended";
    return this.#frozen?.interrupted === true ? "interrupted" : "running";
  }
  /** How the work went: UNSET, unless somebody said OK or ERROR. */
  get spanStatus(): SpanStatus {
    return this[NODE].status;
  }
  /** Why the status is what it is, where somebody said so. */
  get statusMessage(): string | undefined {
    return (this.#frozen ?? this.#extras)?.statusMessage;
  }
  /** Own and inherited attributes, the nearest value of each: a frozen copy of how they are now. */
  get attributes(): Attributes {
    return mergeAttributes(this[OWN](), this[INHERITED]());
  }
  /** What describes the program: `service.name` and the like. Frozen. */
  get resourceAttributes(): Attributes {
    return this[NODE].resourceAttributes;
  }
  /** Who made it: the name and version of the instrumentation or library. */
  get scope(): Scope {
    return this[NODE].scope;
  }
  /** What happened in it so far, in the order it was noted: a frozen copy. */
  get events(): readonly SpanEvent[] {
    return copyOf((this.#frozen ?? this.#extras)?.events);
  }
  /** Spans elsewhere that it has to do with: a frozen copy. */
  get links(): readonly SpanLink[] {
    return copyOf((this.#frozen ?? this.#extras)?.links);
  }
  /** W3C trace state: that of the remote parent the trace came in by, or the one a received span had. */
  get traceState(): string | undefined {
    return this[NODE].traceState;
  }
  /** What else came with a span that was received over OTLP, or made by an OpenTelemetry library. */
  get otlp(): OtlpDetails | undefined {
    return this.#frozen?.otlp ?? this[NODE].otlp;
  }

  /**
   * Sets an attribute to `value` as it is now: a later change to an object does not change the span. Any value goes, see
   * docs/values.md for what each becomes, but those under names of `NAMES` have a type. Undefined sets nothing. On an ended span it does nothing but report
   * `SPAN_ENDED`.
   */
  addAttribute<Name extends string>(key: Name, value: AttributeValue<Name>, options?: AttributeOptions): this;
  addAttribute(key: string, value: unknown, options?: AttributeOptions): this {
    if (!this.#isLive()) return this.#refuse("addAttribute");
    if (value === undefined) return this;
    // Strings and numbers, which are most, need no call.
    const type = typeof value;
    let captured =
      type === "string" || type === "number" || type === "boolean" ? value : captureShared(value);
    const name = typeof key === "string" ? key : textOf(key);
    if (this.#owner?.limits !== undefined) captured = this.#limited(captured, name);
    this.#own = setOwnAttribute(this.#own, name, captured);
    // What is passed down may be read by another copy of the package, so it is plain.
    if (options?.inheritable === true) passDown(this[NODE], name, reveal(captured));
    return this;
  }

  /** `addAttribute` for each property. */
  addAttributes(attributes: Attributes, options?: AttributeOptions): this {
    for (const [key, value] of entriesOf(attributes)) this.addAttribute(key, value, options);
    return this;
  }

  /** Notes that something happened, now unless `at` says when. */
  addEvent(name: string, attributes?: Attributes, at?: Date): this {
    if (!this.#isLive()) return this.#refuse("addEvent");
    const micros = (at && this.#timeOf("addEvent", at)) ?? nowMicros();
    const event: SpanEvent = {
      name: textOf(name),
      at: new Date(Math.floor(micros / 1000)),
      ...(at !== undefined && micros % 1000 !== 0 ? { atMicros: micros } : {}),
      ...this.#limitedExtra(captured(attributes)),
    };
    this.#withExtras().events.push(Object.freeze(event));
    return this;
  }

  /** Says that this span has to do with another one, of any trace. */
  addLink(link: SpanLink): this {
    if (!this.#isLive()) return this.#refuse("addLink");
    const usable = linkOf(link);
    if (usable === undefined)
      return this.#leaveOut("addLink", "a link needs a traceId and a spanId, of 32 and 16 hex digits");
    this.#withExtras().links.push(Object.freeze({ ...usable, ...this.#limitedExtra(usable) }));
    return this;
  }

  /** Gives it another name. On an ended span it does nothing but report `SPAN_ENDED`. */
  updateName(name: string): this {
    if (!this.#isLive()) return this.#refuse("updateName");
    this[NODE].name = textOf(name);
    return this;
  }

  /** The last call counts. */
  setStatus(status: SpanStatus, message?: string): this {
    if (!this.#isLive()) return this.#refuse("setStatus");
    if (isSpanStatus(status)) this[NODE].status = status;
    if (message !== undefined || this.#extras !== undefined) {
      const said = message === undefined ? undefined : String(this.#limited(textOf(message)));
      this.#withExtras().statusMessage = said;
    }
    return this;
  }

  /**
   * Notes what was thrown as `exception.type`, `exception.message`, `exception.stacktrace` and, where it has fields of its
   * own, causes or inner errors, `exception.details`, and sets the status to ERROR. `trace` does this by itself for what
   * its function throws.
   */
  recordException(error: unknown): this {
    if (!this.#isLive()) return this.#refuse("recordException");
    const exception = describeException(error);
    return this.addAttributes(exceptionAttributes(exception)).setStatus("ERROR", exception.message);
  }

  /**
   * Lets the span end with a stream that is read later: when it was read through, failed, was aborted or abandoned. Takes
   * web and Node streams, async iterables and iterators, the streams of model clients, a `Response`, and the result of the
   * AI SDK's `streamText`; gives back the same object, which is watched in place and never read ahead of the app. The span is
   * active while the stream works, and gets `gen_ai.response.time_to_first_chunk` in seconds. Of several, the last ends it.
   * What cannot be followed is reported once as `NOT_FOLLOWED`. See docs/spans.md.
   *
   * @example
   * ```ts
   * const tracer = new InMemoryTracer();
   * async function* answer() {
   *   yield "It is ";
   *   yield "sunny\n";
   * }
   * const stream = tracer.trace("chat", (span) => span.follow(answer()));
   * console.log(tracer.getTraces().length); // 0
   * for await (const text of stream) process.stdout.write(text); // It is sunny
   * console.log(tracer.getTraces().length); // 1
   * ```
   */
  follow<T extends object>(stream: T, options: FollowOptions<ChunkOf<T>> = {}): T {
    if (this.#isLive()) this.#owner?.follow(this, stream, options);
    else this.#refuse("follow");
    return stream;
  }

  /** A frozen copy of how the span is now. */
  snapshot(): Span {
    if (!this.#isLive()) return this.#frozen?.again?.() ?? this;
    const node = { ...this[NODE], parent: undefined, span: undefined, before: undefined, after: undefined };
    return frozenSpan(node, this.payload());
  }

  /** @internal Own attributes as they are kept (key, value, key, value), for those who only look at their size. */
  [OWN](): readonly unknown[] {
    return denseOwn(this.#own);
  }

  /** @internal What spans above pass down to it, the nearest first. */
  [INHERITED](): Inheritable | undefined {
    if (this.#isLive()) return inheritableFrom(this[NODE]);
    return this.#frozen === undefined ? this[NODE].atEnd : this.#frozen.inherited;
  }

  /** @internal What this span carries, for a frozen copy of it. */
  payload(): Payload {
    return {
      own: [...this[OWN]()],
      inherited: this[INHERITED](),
      events: this.events,
      links: this.links,
      statusMessage: this.statusMessage,
      interrupted: this.state === "interrupted",
      otlp: this.otlp,
      parentNode: this.#parentNode,
      parentSpan: this.#frozen?.parentSpan,
    };
  }

  /** Shows the sink how the span is now, where the sink looks at running spans. */
  emitSnapshot(): void {
    if (this.#isLive()) this.#owner?.snapshot(this);
  }

  /**
   * Ends the span, now unless `at` says when, and hands it to the sink. A second call does nothing. After its tracer was
   * closed it does nothing but report `TRACER_CLOSED`: the span was handed over as `interrupted`.
   */
  end(at?: Date): void {
    const node = this[NODE];
    if (node.endedAtMicros !== undefined || this.#owner === undefined) return;
    if (this.#frozen !== undefined) return void this.#refuse("end");
    const end = (at === undefined ? undefined : this.#timeOf("end", at)) ?? nowMicros();
    node.atEnd = inheritableFrom(node);
    node.endedAtMicros = Math.max(end, node.startedAtMicros);
    detach(node);
    this.#owner.ended(this);
    node.span = undefined;
  }

  /** @internal Freezes a running span as interrupted, with what it has; false for one that does not run. */
  [INTERRUPT](): boolean {
    if (!this.#isLive()) return false;
    this[NODE].atEnd = inheritableFrom(this[NODE]);
    this.#frozen = { ...this.payload(), interrupted: true };
    return true;
  }

  /** Ends the span: `using span = tracer.startSpan("work")`. */
  [Symbol.dispose](): void {
    this.end();
  }

  /** The span as text for people, as `HumanReadableTracer` prints it. */
  asHumanReadable(options?: HumanReadableOptions): string {
    return humanReadable(this, options);
  }

  /** The span's record: what `JSON.stringify(span)` writes. */
  toJSON(): SpanRecord {
    return encodeRecord(this);
  }

  /**
   * The span of a record.
   * @throws TracelightError `INVALID_RECORD` where the record is not one.
   */
  static fromRecord(record: SpanRecord): Span {
    return spanFrom(decodeRecord(record));
  }

  /** @internal What `console.log(span)` shows. */
  [INSPECT](
    _depth: number,
    options: { readonly stylize?: unknown },
    inspect: (value: unknown, options: object) => string,
  ): string {
    const { spanName, spanKind, traceId, spanId, parentSpanId, durationMs, spanStatus, attributes } = this;
    const shown = {
      ...{ spanName, spanKind, traceId, spanId, parentSpanId },
      ...{ startedAt: isoMicros(this.startedAtMicros), durationMs, state: this.state, spanStatus },
      ...{ attributes, resourceAttributes: this.resourceAttributes, scope: this.scope },
    };
    return `Span ${inspect(shown, { ...options, depth: 6 })}`;
  }

  #isLive(): boolean {
    return this.#owner !== undefined && this[NODE].endedAtMicros === undefined && this.#frozen === undefined;
  }

  /** As much of a captured value as the limits leave room for; `key` where it takes the place of what is under it. */
  #limited(captured: unknown, key?: string): unknown {
    const limits = this.#owner?.limits;
    if (limits === undefined) return captured;
    const extras = this.#withExtras();
    extras.allowance ??= new Allowance(limits);
    const replaced = key === undefined ? undefined : ownAttribute(this.#own, key);
    if (replaced !== undefined) extras.allowance.giveBack(reveal(replaced));
    const plain = reveal(captured);
    const value = extras.allowance.take(plain);
    return value === plain ? captured : value;
  }

  #limitedExtra({ attributes }: { readonly attributes?: Attributes | undefined }): {
    attributes?: Attributes;
  } {
    if (attributes === undefined) return {};
    if (this.#owner?.limits === undefined) return { attributes };
    return { attributes: Object.freeze(mapProperties(attributes, (value) => this.#limited(value))) };
  }

  #withExtras(): Extras {
    this.#extras ??= new Extras();
    return this.#extras;
  }

  #refuse(method: string): this {
    const what = `${method} on the span "${this.spanName}" came after`;
    this.#owner?.report(
      this.state === "interrupted"
        ? new TracelightError(
            "TRACER_CLOSED",
            `${what} its tracer was closed, which had handed it over as interrupted.`,
          )
        : new TracelightError("SPAN_ENDED", `${what} its end and was left out.`),
    );
    return this;
  }

  /** Microseconds of a Date; what is none, or invalid, is reported. */
  #timeOf(method: string, at: Date): number | undefined {
    const micros = types.isDate(at) ? timeOfDate(at) : undefined;
    if (micros === undefined) this.#leaveOut(method, `the time is no Date ${TIME_RANGE}`);
    return micros;
  }

  #leaveOut(method: string, why: string): this {
    const message = `${method} on the span "${this.spanName}" left out what it was given: ${why}.`;
    this.#owner?.report(new TracelightError("INVALID_ARGUMENT", message));
    return this;
  }
}

/** What few spans have besides attributes, so that the others stay small. */
class Extras {
  readonly events: SpanEvent[] = [];
  readonly links: SpanLink[] = [];
  statusMessage: string | undefined = undefined;
  allowance: Allowance | undefined = undefined;
}

function copyOf<T>(list: readonly T[] | undefined): readonly T[] {
  return list === undefined || list.length === 0 ? [] : Object.freeze([...list]);
}

/** A frozen span with that payload. Outside of the class, which would be renamed in the build if it named itself. */
export function frozenSpan(node: SpanNode, payload: Payload): Span {
  return new Span(node, undefined, payload.own, payload.parentNode)[FREEZE](payload);
}

/** The span of a node: itself while it runs, its outline after. */
export function spanOf(node: SpanNode): Span {
  const known = node.span ?? outlines.get(node);
  if (known !== undefined) return known;
  const outline = frozenSpan(node, { ...EMPTY, inherited: node.atEnd });
  outlines.set(node, outline);
  return outline;
}

/** Which span it is and when, without anything that somebody said of it. */
export function identityOf(span: Span): Span {
  const { traceId, spanId, parentSpanId, kind, startedAtMicros, status, endedAtMicros } = span[NODE];
  const said = { name: "", scope: NO_SCOPE, resourceAttributes: NO_ATTRIBUTES };
  const node = { traceId, spanId, parentSpanId, kind, startedAtMicros, status, endedAtMicros };
  return frozenSpan({ ...node, ...said, ...UNATTACHED }, EMPTY);
}

const outlines = new WeakMap<SpanNode, Span>();

/**
 * A frozen span with these fields, below `parentSpan` where that is known. `own` has its attributes as key, value, key, value …, where
 * they are there like that.
 */
export function spanFrom(
  fields: SpanFields,
  parentSpan?: Span,
  own: unknown[] = keysAndValues(fields.attributes),
): Span {
  const node: SpanNode = {
    traceId: fields.traceId,
    spanId: fields.spanId,
    parentSpanId: fields.parentSpanId,
    kind: fields.spanKind,
    scope: fields.scope,
    resourceAttributes: fields.resourceAttributes,
    startedAtMicros: fields.startedAtMicros,
    name: fields.spanName,
    status: fields.spanStatus,
    endedAtMicros: fields.endedAtMicros,
    ...UNATTACHED,
  };
  if (fields.traceState !== undefined) node.traceState = fields.traceState;
  return frozenSpan(node, {
    own,
    inherited: undefined,
    events: copyOf(fields.events),
    links: copyOf(fields.links),
    statusMessage: fields.statusMessage,
    interrupted: fields.state === "interrupted",
    otlp: fields.otlp,
    parentSpan,
  });
}

function keysAndValues(attributes: Attributes): unknown[] {
  const own: unknown[] = [];
  for (const key of keysOf(attributes)) own.push(key, attributes[key]);
  return own;
}

/** The fields of a node that stands by itself: it passes nothing down, and nothing is passed down to it. */
export const UNATTACHED = {
  parent: undefined,
  passes: undefined,
  atEnd: undefined,
  base: undefined,
  revision: -1,
  hasChildren: false,
  span: undefined,
  before: undefined,
  after: undefined,
} as const;

const NO_SCOPE: Scope = Object.freeze({ name: "" });
const NO_ATTRIBUTES: Attributes = Object.freeze({});
/** The payload of a span that carries nothing. */
export const EMPTY: Payload = {
  own: [],
  inherited: undefined,
  events: [],
  links: [],
  statusMessage: undefined,
};
