// A span: takes attributes while it runs, is frozen when it ends.
import * as types from "node:util/types";
import type { AttributeValue } from "../conventions/names.ts";
import type { Attributes, Inheritable } from "../model/attributes.ts";
import { nowMicros } from "../model/clock.ts";
import { captureShared, reveal } from "../model/history.ts";
import type { SpanRecord } from "../model/record.ts";
import { decodeRecord } from "../model/record-decoder.ts";
import {
  isSpanStatus,
  type SpanEvent,
  type SpanFields,
  type SpanLink,
  type SpanStatus,
} from "../model/span-fields.ts";
import { TIME_RANGE, timeOfDate } from "../model/times.ts";
import { mapProperties } from "../model/values.ts";
import { detach, inheritableFrom, passDown } from "./context.ts";
import { describeException, exceptionAttributes } from "./exception.ts";
import { Extras } from "./extras.ts";
import { captured, entriesOf, linkOf, textOf } from "./given.ts";
import { denseOwn, ownAttribute, setOwnAttribute } from "./own-attributes.ts";
import { EMPTY, type Payload, payloadOf, type Said } from "./payload.ts";
import { INHERITED, OWN, ReadableSpan, SAID } from "./readable-span.ts";
import { leftOut, tooLate } from "./refusals.ts";
import { type HeldSpan, NODE, nodeOf, type SpanNode } from "./span-node.ts";
import type { SpanOwner } from "./span-owner.ts";
import type { ChunkOf, FollowOptions } from "./streams/options.ts";

/** The owner of a span, for those who end it. */
export const OWNER: unique symbol = Symbol("owner");
const FREEZE: unique symbol = Symbol("freeze");

/** How the end of its tracer reaches a span that never ended. */
export const INTERRUPT: unique symbol = Symbol("interrupt");

/** How inheritable an attribute is. */
export interface AttributeOptions {
  /** Also for all spans below this one that start later or still run; the nearest value wins. Default false. */
  readonly inheritable?: boolean | undefined;
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
export class Span extends ReadableSpan {
  /** @internal */
  override [NODE]: SpanNode;
  readonly #owner: SpanOwner<Span> | undefined;
  readonly #parentNode: SpanNode | undefined;
  #own: unknown[] | undefined;
  #extras: Extras | undefined = undefined;
  #frozen: Payload<Span> | undefined = undefined;

  /** @internal Spans come from a tracer, a store or `Span.fromRecord`. */
  constructor(
    node: SpanNode,
    owner: SpanOwner<Span> | undefined,
    own: unknown[] | undefined,
    parentNode: SpanNode | undefined,
  ) {
    super();
    this[NODE] = node;
    this.#owner = owner;
    this.#parentNode = parentNode;
    this.#own = own;
  }

  /** @internal Freezes a new span with that payload. */
  [FREEZE](payload: Payload<Span>): this {
    this.#frozen = payload;
    return this;
  }

  /** @internal Undefined for a span that was frozen from the start. */
  get [OWNER](): SpanOwner<Span> | undefined {
    return this.#owner;
  }

  /**
   * The span above, where it is known here: of this process, or of the same query result. Once a parent has ended and
   * was written this is its outline: identity, times, status and inheritable attributes, without its payload.
   */
  get parentSpan(): Span | undefined {
    if (this.#frozen?.parentSpan !== undefined) return this.#frozen.parentSpan;
    return this.#parentNode === undefined ? undefined : spanOf(this.#parentNode);
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
  override [OWN](): readonly unknown[] {
    return denseOwn(this.#own);
  }

  /** @internal What spans above pass down to it, the nearest first. */
  override [INHERITED](): Inheritable | undefined {
    if (this.#isLive()) return inheritableFrom(this[NODE]);
    return this.#frozen === undefined ? this[NODE].atEnd : this.#frozen.inherited;
  }

  /** @internal */
  override [SAID](): Said | undefined {
    return this.#frozen ?? this.#extras;
  }

  /** @internal What this span carries, for a frozen copy of it. */
  payload(): Payload<Span> {
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

  /**
   * The span of a record.
   * @throws TracelightError `INVALID_RECORD` where the record is not one.
   */
  static fromRecord(record: SpanRecord): Span {
    return spanFrom(decodeRecord(record));
  }

  #isLive(): boolean {
    return this.#owner !== undefined && this[NODE].endedAtMicros === undefined && this.#frozen === undefined;
  }

  /** As much of a captured value as the limits leave room for; `key` where it takes the place of what is under it. */
  #limited(captured: unknown, key?: string): unknown {
    const limits = this.#owner?.limits;
    if (limits === undefined) return captured;
    const replaced = key === undefined ? undefined : ownAttribute(this.#own, key);
    return this.#withExtras().limited(limits, captured, replaced);
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
    this.#owner?.report(tooLate(method, this));
    return this;
  }

  /** Microseconds of a Date; what is none, or invalid, is reported. */
  #timeOf(method: string, at: Date): number | undefined {
    const micros = types.isDate(at) ? timeOfDate(at) : undefined;
    if (micros === undefined) this.#leaveOut(method, `the time is no Date ${TIME_RANGE}`);
    return micros;
  }

  #leaveOut(method: string, why: string): this {
    this.#owner?.report(leftOut(method, this, why));
    return this;
  }
}

/** A frozen span with that payload. Outside of the class, which would be renamed in the build if it named itself. */
export function frozenSpan(node: SpanNode, payload: Payload<Span>): Span {
  return new Span(node, undefined, payload.own, payload.parentNode)[FREEZE](payload);
}

/** The span of a node: itself while it runs, its outline after. */
export function spanOf(node: SpanNode): Span {
  const known = heldSpanOf(node) ?? outlines.get(node);
  if (known !== undefined) return known;
  const outline = frozenSpan(node, { ...EMPTY, inherited: node.atEnd });
  outlines.set(node, outline);
  return outline;
}

/** The span of a node until it has ended and was written; undefined after. */
export function heldSpanOf({ span }: SpanNode): Span | undefined {
  return isSpan(span) ? span : undefined;
}

/** Of whichever copy of the package: contexts are shared by all of them. */
function isSpan(held: HeldSpan | undefined): held is Span {
  return held !== undefined && "addAttribute" in held;
}

const outlines = new WeakMap<SpanNode, Span>();

/**
 * A frozen span with these fields, below `parentSpan` where that is known. `own` has its attributes as key, value, key, value …, where
 * they are there like that.
 */
export function spanFrom(fields: SpanFields, parentSpan?: Span, own?: unknown[]): Span {
  return frozenSpan(nodeOf(fields), payloadOf(fields, parentSpan, own));
}
