// Beside an OpenTelemetry SDK that is there already: each side's active span is the other's, so that both make one tree.
import type * as api from "@opentelemetry/api";
import { isSpanId, isTraceId } from "../model/ids.ts";
import { type Companion, type Frame, goAlong, isBridged } from "../tracing/context.ts";
import { isSuppressed, SUPPRESSED } from "../tracing/propagation/carried.ts";
import type { RemoteParent } from "../tracing/remote-parent.ts";
import { bridgeSpanOf, nodeBehind, remoteOf } from "./bridge-span.ts";
import { traceStateOf } from "./trace-state.ts";

let joined = 0;
let leave: () => void = () => undefined;

/** Joins Tracelight's context with that of OpenTelemetry, until the undo that it returns is called. */
export function joinContexts(module: typeof api): () => void {
  if (joined++ === 0) leave = goAlong(new OtelContext(module));
  let isJoined = true;
  return () => {
    if (isJoined && --joined === 0) leave();
    isJoined = false;
  };
}

/** OpenTelemetry's own context, whoever manages it. Where nobody does, or we do, it knows of nothing. */
class OtelContext implements Companion {
  readonly #api: typeof api;

  constructor(module: typeof api) {
    this.#api = module;
  }

  /** The SDK's active span in the place of ours, where it is the inner one. */
  seen(frame: Frame | undefined): Frame | undefined {
    if (isBridged()) return frame;
    const { trace, context } = this.#api;
    const shown = trace.getSpan(context.active());
    if (shown === undefined) return frame;
    const node = nodeBehind(shown);
    if (node !== undefined) return frame?.span === node ? frame : { scoped: undefined, ...frame, span: node };
    const above = shown.spanContext();
    if (!isTraceId(above.traceId) || !isSpanId(above.spanId) || frame?.remote?.spanId === above.spanId) {
      return frame;
    }
    const outer = frame?.span?.traceId === above.traceId ? frame.span : undefined;
    const { scoped, carried } = frame ?? {};
    return { span: undefined, scoped, carried, remote: remoteOf(above), outer };
  }

  run<T>(frame: Frame | undefined, fn: () => T): T {
    if (isBridged()) return fn();
    const { context } = this.#api;
    const active = this.#with(context.active(), frame);
    return context.with(isSuppressed(frame?.carried) ? active.setValue(SUPPRESSED, true) : active, fn);
  }

  #with(active: api.Context, frame: Frame | undefined): api.Context {
    const { trace } = this.#api;
    if (frame?.span !== undefined) return trace.setSpan(active, bridgeSpanOf(frame.span));
    if (frame?.remote === undefined) return trace.deleteSpan(active);
    // The SDK's own span stays the object that it is.
    const isThere = trace.getSpanContext(active)?.spanId === frame.remote.spanId;
    return isThere ? active : trace.setSpanContext(active, contextOf(frame.remote));
  }
}

function contextOf({ traceId, spanId, traceFlags = SAMPLED, traceState }: RemoteParent): api.SpanContext {
  const state = traceStateOf(traceState);
  return {
    traceId,
    spanId,
    traceFlags,
    isRemote: true,
    ...(state === undefined ? {} : { traceState: state }),
  };
}

const SAMPLED = 1;
