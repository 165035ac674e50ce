// Lays a trace out: the order of its tree, depths, self times and sums over subtrees.
import type { TraceJson } from "../../src/viewer/api.ts";
import { SHOWN_KINDS, shownKind } from "./kinds.ts";
import { ABORTED, FAILED, INTERRUPTED, RUNNING, type TraceModel } from "./model.ts";
import { orderOf } from "./order.ts";

/** Lays a trace out as it is at that moment, in milliseconds since the epoch. */
export function layOut(trace: TraceJson, now: number): TraceModel {
  const { order, depth, parent, last, place } = orderOf(trace.spans.parent);
  const flags = flagsOf(trace, place);
  const nowMs = now - Date.parse(trace.started_at);
  return {
    ...{ spans: order.length, whole: trace.whole, ids: new TextEncoder().encode(trace.ids) },
    ...{ texts: trace.texts, order, place, parent, depth, last, flags },
    ...ownOf(trace, { order, parent, flags, nowMs }),
    ...{ called: calledOf(trace, place), ...sumsOf(trace, { place, parent, flags }) },
    now: trace.running.length > 0 ? nowMs : undefined,
  };
}

/** What each span is, and when it was. */
function ownOf(
  { spans, texts, interrupted }: TraceJson,
  {
    order,
    parent,
    flags,
    nowMs,
  }: Pick<TraceModel, "order" | "parent" | "flags"> & { readonly nowMs: number },
): Pick<TraceModel, "kind" | "name" | "start" | "end" | "self" | "total"> {
  const n = order.length;
  const kind = new Uint8Array(n);
  const name = new Int32Array(n);
  const start = new Float64Array(n);
  const end = new Float64Array(n);
  const kinds = texts.map((text) => SHOWN_KINDS.indexOf(shownKind(text)));
  let total = 1e-3;
  for (let i = 0; i < n; i++) {
    const from = order[i] ?? 0;
    const began = (spans.start_us[from] ?? 0) / 1000;
    const took = spans.duration_us[from] ?? null;
    const isRunning = ((flags[i] ?? 0) & RUNNING) !== 0;
    const ended = took !== null ? began + took / 1000 : isRunning ? Math.max(began, nowMs) : began;
    if (ended > total) total = ended;
    kind[i] = kinds[spans.kind[from] ?? 0] ?? 0;
    name[i] = spans.name[from] ?? 0;
    start[i] = began;
    end[i] = ended;
  }
  if (interrupted.length > 0) reachInterrupted(end, parent, flags);
  return { kind, name, start, end, self: selfTimes({ parent, start, end }), total };
}

function flagsOf(trace: TraceJson, place: Int32Array): Uint8Array {
  const flags = new Uint8Array(place.length);
  const put = (list: readonly number[], bit: number): void => {
    for (const i of list) {
      const at = place[i] ?? 0;
      flags[at] = (flags[at] ?? 0) | bit;
    }
  };
  put(trace.failed, FAILED);
  put(trace.aborted, ABORTED);
  put(trace.running, RUNNING);
  put(trace.interrupted, INTERRUPTED);
  return flags;
}

/** A span that was interrupted reached as far as what is below it. */
function reachInterrupted(end: Float64Array, parent: Int32Array, flags: Uint8Array): void {
  for (let i = end.length - 1; i > 0; i--) {
    const above = parent[i] ?? -1;
    if (above >= 0 && (flags[above] ?? 0) & INTERRUPTED) {
      end[above] = Math.max(end[above] ?? 0, end[i] ?? 0);
    }
  }
}

function calledOf(trace: TraceJson, place: Int32Array): Int32Array {
  const { texts, spans, agents, tools, calls } = trace;
  const called = new Int32Array(place.length).fill(-1);
  const put = (
    of: readonly number[],
    named: readonly number[],
    isMeant = (_: number): boolean => true,
  ): void => {
    for (let i = 0; i < of.length; i++) {
      const span = of[i] ?? 0;
      if (isMeant(span)) called[place[span] ?? 0] = named[i] ?? -1;
    }
  };
  put(agents.span, agents.text, (span) => texts[spans.kind[span] ?? 0] === "agent");
  put(tools.span, tools.text);
  put(calls.span, calls.model);
  return called;
}

function sumsOf(
  trace: TraceJson,
  {
    place,
    parent,
    flags,
  }: { readonly place: Int32Array; readonly parent: Int32Array; readonly flags: Uint8Array },
): Pick<TraceModel, "inputTokens" | "outputTokens" | "costUsd" | "errorsBelow" | "firstTokenMs"> {
  const n = parent.length;
  const inputTokens = new Float64Array(n);
  const outputTokens = new Float64Array(n);
  const costUsd = new Float64Array(n);
  const errorsBelow = new Uint32Array(n);
  const firstTokenMs = new Float64Array(n).fill(Number.NaN);
  const {
    span,
    input_tokens: input,
    output_tokens: output,
    cost_usd: cost,
    first_token_ms: first,
  } = trace.calls;
  for (let call = 0; call < span.length; call++) {
    const i = place[span[call] ?? 0] ?? 0;
    inputTokens[i] = input[call] ?? 0;
    outputTokens[i] = output[call] ?? 0;
    costUsd[i] = cost[call] ?? 0;
    firstTokenMs[i] = first[call] ?? Number.NaN;
  }
  for (let i = n - 1; i > 0; i--) {
    const above = parent[i] ?? -1;
    if (above < 0) continue;
    inputTokens[above] = (inputTokens[above] ?? 0) + (inputTokens[i] ?? 0);
    outputTokens[above] = (outputTokens[above] ?? 0) + (outputTokens[i] ?? 0);
    costUsd[above] = (costUsd[above] ?? 0) + (costUsd[i] ?? 0);
    errorsBelow[above] = (errorsBelow[above] ?? 0) + (errorsBelow[i] ?? 0) + ((flags[i] ?? 0) & FAILED);
  }
  return { inputTokens, outputTokens, costUsd, errorsBelow, firstTokenMs };
}

/** Times of a tree in the order of its places. */
export interface TreeTimes {
  readonly parent: Int32Array;
  readonly last: Int32Array;
  readonly start: Float64Array;
  readonly end: Float64Array;
}

/** A span's time without what its children cover; they come by start, so one pass is enough. */
function selfTimes({ parent, start, end }: Omit<TreeTimes, "last">): Float64Array {
  const n = start.length;
  const self = new Float64Array(n);
  const covered = start.slice();
  for (let i = 0; i < n; i++) {
    self[i] = (end[i] ?? 0) - (start[i] ?? 0);
    const above = parent[i] ?? -1;
    if (above < 0) continue;
    const from = Math.max(start[i] ?? 0, covered[above] ?? 0);
    const to = Math.min(end[i] ?? 0, end[above] ?? 0);
    if (to <= from) continue;
    self[above] = (self[above] ?? 0) - (to - from);
    covered[above] = to;
  }
  return self;
}

/** The parts of a span in which nothing below it was at work. */
export function selfParts(
  model: TreeTimes,
  children: readonly number[],
  i: number,
): [from: number, to: number][] {
  const parts: [number, number][] = [];
  const end = model.end[i] ?? 0;
  let at = model.start[i] ?? 0;
  for (const child of children) {
    const from = model.start[child] ?? 0;
    if (from > at) parts.push([at, Math.min(from, end)]);
    at = Math.max(at, model.end[child] ?? 0);
    if (at >= end) return parts;
  }
  if (end > at) parts.push([at, end]);
  return parts;
}
