// A Tracelight span as OpenTelemetry's API shows one. It holds nothing of its own, so any number may stand for one span.
import type * as api from "@opentelemetry/api";
import { NAMES } from "../conventions/names.ts";
import { nowMicros, PreciseDate } from "../model/clock.ts";
import { defined } from "../model/defined.ts";
import type { SpanKind, SpanLink, SpanStatus } from "../model/span-fields.ts";
import { describeException, exceptionAttributes } from "../tracing/exception.ts";
import type { RemoteParent } from "../tracing/remote-parent.ts";
import { heldSpanOf, type Span } from "../tracing/span.ts";
import type { SpanNode } from "../tracing/span-node.ts";
import { meaningOf } from "../tracing/verdict.ts";
import { dateOf, isTime } from "./times.ts";
import { traceStateOf } from "./trace-state.ts";

/** By number, as OpenTelemetry's API counts them. */
export const KINDS: readonly SpanKind[] = ["INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER"];

/** By number. */
export const STATUSES: readonly SpanStatus[] = ["UNSET", "OK", "ERROR"];

/** Where a span of the API keeps the node it stands for; the same symbol in every copy of the package. */
const BRIDGED: unique symbol = Symbol.for("tracelight.otel.node.v1");

/**
 * The API's span. What it is given goes to the Tracelight span at once; after that span's end, nowhere. It holds the
 * span's node only, so that a context that outlives the span does not keep what the span carried.
 */
export class BridgeSpan implements api.Span {
  /** @internal */
  readonly [BRIDGED]: SpanNode;

  constructor(node: SpanNode) {
    this[BRIDGED] = node;
  }

  spanContext(): api.SpanContext {
    const { traceId, spanId, traceState, traceFlags = SAMPLED } = this[BRIDGED];
    const state = traceStateOf(traceState);
    return { traceId, spanId, traceFlags, ...(state === undefined ? {} : { traceState: state }) };
  }

  setAttribute(key: string, value: unknown): this {
    this.#span?.addAttribute(key, value);
    return this;
  }

  setAttributes(attributes: api.Attributes): this {
    this.#span?.addAttributes(attributes);
    return this;
  }

  addEvent(name: string, attributesOrTime?: api.Attributes | api.TimeInput, time?: api.TimeInput): this {
    const isTimeFirst = isTime(attributesOrTime);
    const at = dateOf(time ?? (isTimeFirst ? attributesOrTime : undefined)) ?? new PreciseDate(nowMicros());
    this.#span?.addEvent(name, isTimeFirst ? undefined : (attributesOrTime ?? undefined), at);
    return this;
  }

  addLink(link: api.Link): this {
    for (const usable of linksOf([link])) this.#span?.addLink(usable);
    return this;
  }

  addLinks(links: api.Link[]): this {
    for (const usable of linksOf(links)) this.#span?.addLink(usable);
    return this;
  }

  /** As OpenTelemetry has it: OK is final, UNSET is no news, and only an error has a message. */
  setStatus(status: api.SpanStatus): this {
    const span = this.#span;
    const wanted = STATUSES[status?.code];
    if (wanted === undefined || wanted === "UNSET" || span?.spanStatus === "OK") return this;
    if (wanted === "ERROR" && noFailures.has(this[BRIDGED])) return this;
    span?.setStatus(wanted, wanted === "ERROR" ? status.message : undefined);
    return this;
  }

  updateName(name: string): this {
    this.#span?.updateName(name);
    return this;
  }

  /**
   * As an event, which is OpenTelemetry's way; the status stays as it is. Where it is an abort, or else no failure, a status
   * that says ERROR of it, before or after, does not count.
   */
  recordException(exception: api.Exception, time?: api.TimeInput): void {
    const described = exceptionAttributes(describeException(exception));
    // A text has no type.
    const attributes = {
      ...described,
      ...(typeof exception === "string" ? { [NAMES.exceptionType]: undefined } : {}),
    };
    const at = dateOf(time) ?? new PreciseDate(nowMicros());
    this.#span?.addEvent("exception", attributes, at);
    this.#heed(exception, described[NAMES.exceptionMessage]);
  }

  #heed(exception: api.Exception, message: unknown): void {
    const node = this[BRIDGED];
    const span = this.#span;
    const meaning = span === undefined ? "error" : meaningOf(span, exception);
    if (meaning === "error") return void noFailures.delete(node);
    noFailures.add(node);
    if (meaning === "aborted") span?.addAttribute(NAMES.aborted, true);
    if (span?.spanStatus === "ERROR" && span.statusMessage === message) span.setStatus("UNSET");
  }

  end(time?: api.TimeInput): void {
    this.#span?.end(time === undefined ? undefined : dateOf(time));
  }

  isRecording(): boolean {
    return this.#span?.state === "running";
  }

  /** Until it has ended and was written. */
  get #span(): Span | undefined {
    return heldSpanOf(this[BRIDGED]);
  }
}

/** Spans whose latest exception was no failure. */
const noFailures = new WeakSet<SpanNode>();

/** The node behind a span of the API, whichever copy of the package made it; undefined for spans of others. */
export function nodeBehind(span: api.Span): SpanNode | undefined {
  return BRIDGED in span && isNode(span[BRIDGED]) ? span[BRIDGED] : undefined;
}

/** A span that records nothing, below which all is as below `above`: ours are its children still. */
export function standInFor(above: api.Span, wrap: (context: api.SpanContext) => api.Span): api.Span {
  const node = nodeBehind(above);
  const span = wrap(above.spanContext());
  return node === undefined ? span : Object.assign(span, { [BRIDGED]: node });
}

function isNode(value: unknown): value is SpanNode {
  return typeof value === "object" && value !== null && "passes" in value;
}

/** The API's span for a node, always the same. */
export function bridgeSpanOf(node: SpanNode): BridgeSpan {
  let found = known.get(node);
  if (found === undefined) {
    found = new BridgeSpan(node);
    known.set(node, found);
  }
  return found;
}

const known = new WeakMap<SpanNode, BridgeSpan>();

/** A span of another process or library, as the parent of ours. */
export function remoteOf({ traceId, spanId, traceFlags, traceState }: api.SpanContext): RemoteParent {
  const state = traceState?.serialize();
  return { traceId, spanId, traceFlags, ...(state ? { traceState: state } : {}) };
}

/** A link of the API. */
export function linkOf({ context, attributes, droppedAttributesCount }: api.Link): SpanLink {
  const traceState = context.traceState?.serialize();
  return defined({
    ...{ traceId: context.traceId, spanId: context.spanId },
    ...{ attributes, traceState: traceState || undefined, flags: context.traceFlags, droppedAttributesCount },
  });
}

/** The links of the API that are such. */
export function linksOf(links: readonly api.Link[]): readonly SpanLink[] {
  if (!Array.isArray(links)) return [];
  return links.flatMap((link) => {
    try {
      return [linkOf(link)];
    } catch {
      return [];
    }
  });
}

const SAMPLED = 1;
