// OpenTelemetry's context and Tracelight's frame in one object, so that either side finds what the other made active.
import type * as api from "@opentelemetry/api";
import { isSpanId, isTraceId } from "../model/ids.ts";
import { activeFrame, type Frame, type ScopedUpdate } from "../tracing/context.ts";
import { type Carried, carriedValue, valuesOf, withValue } from "../tracing/propagation/carried.ts";
import type { RemoteParent } from "../tracing/remote-parent.ts";
import type { SpanNode } from "../tracing/span-node.ts";
import { bridgeSpanOf, nodeBehind, remoteOf } from "./bridge-span.ts";
import { traceStateOf } from "./trace-state.ts";

/** What a bridge needs of the API. */
export interface Keys {
  /** The key under which the API keeps the active span. */
  readonly span: symbol;
  readonly wrap: (context: api.SpanContext) => api.Span;
}

/** A context. Never changed, only replaced. */
export class BridgeContext implements api.Context, Frame {
  readonly span: SpanNode | undefined;
  readonly scoped: ScopedUpdate | undefined;
  readonly remote: RemoteParent | undefined;
  readonly carried: Carried | undefined;
  readonly #keys: Keys;
  /** The span as the API gave or got it. */
  readonly #shown: api.Span | undefined;

  constructor(
    keys: Keys,
    frame: Frame | undefined,
    shown: api.Span | undefined,
    carried: Carried | undefined,
  ) {
    this.#keys = keys;
    this.#shown = shown;
    this.scoped = frame === undefined ? undefined : frame.scoped;
    this.carried = carried;
    this.span = shown === undefined ? undefined : nodeBehind(shown);
    this.remote = shown === undefined || this.span !== undefined ? undefined : remoteIn(shown);
  }

  getValue(key: symbol): unknown {
    return key === this.#keys.span ? this.#shown : carriedValue(this.carried, key);
  }

  setValue(key: symbol, value: unknown): BridgeContext {
    if (key !== this.#keys.span) {
      return new BridgeContext(this.#keys, this, this.#shown, withValue(this.carried, key, value));
    }
    return new BridgeContext(this.#keys, this, isSpan(value) ? value : undefined, this.carried);
  }

  deleteValue(key: symbol): BridgeContext {
    return this.setValue(key, undefined);
  }
}

/** A frame as a context of the API. */
export function contextOf(keys: Keys, frame: Frame): BridgeContext {
  if (frame instanceof BridgeContext) return frame;
  return new BridgeContext(keys, frame, shownIn(keys, frame), frame.carried);
}

/**
 * A context of the API as a frame; what a tracer's `withContext` says now stays in force where the context does not
 * know of it.
 */
export function frameOf(keys: Keys, context: api.Context): BridgeContext {
  if (context instanceof BridgeContext) return context;
  const span = context.getValue(keys.span);
  return new BridgeContext(keys, activeFrame(), isSpan(span) ? span : undefined, valuesOf(context));
}

/** What is active for us, with the values of a context that knows of no span. */
export function within(keys: Keys, context: api.Context): BridgeContext {
  const frame = activeFrame();
  return new BridgeContext(
    keys,
    frame,
    frame === undefined ? undefined : shownIn(keys, frame),
    valuesOf(context),
  );
}

function shownIn(keys: Keys, { span, remote }: Frame): api.Span | undefined {
  if (span !== undefined) return bridgeSpanOf(span);
  if (remote === undefined) return undefined;
  const { traceId, spanId, traceFlags = SAMPLED } = remote;
  const traceState = traceStateOf(remote.traceState);
  const rest = traceState === undefined ? {} : { traceState };
  return keys.wrap({ traceId, spanId, traceFlags, isRemote: true, ...rest });
}

/** What can be the parent of our spans; a span without valid ids is none. */
function remoteIn(span: api.Span): RemoteParent | undefined {
  const context = span.spanContext();
  return isTraceId(context.traceId) && isSpanId(context.spanId) ? remoteOf(context) : undefined;
}

function isSpan(value: unknown): value is api.Span {
  return typeof value === "object" && value !== null && "spanContext" in value;
}

const SAMPLED = 1;
