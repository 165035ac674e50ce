// Lays a trace out: the order of its tree, depths, self times, sums over subtrees, the critical path and the scale of steps.
import type { TraceJson } from "../../src/viewer/api.ts";
import { SHOWN_KINDS, shownKind } from "./kinds.ts";
import { ABORTED, FAILED, INTERRUPTED, RUNNING, type TraceModel } from "./model.ts";
import { criticalPath } from "./path.ts";

/** Lays a trace out as it is at that moment, in milliseconds since the epoch. */
export function layOut(trace: TraceJson, now: number): TraceModel {
  const { order, depth, parent, last, place } = treeOf(trace.spans.parent);
  const n = order.length;
  const start = new Float64Array(n);
  const end = new Float64Array(n);
  const kind = new Uint8Array(n);
  const name = new Int32Array(n);
  const flags = flagsOf(trace, place, n);
  const nowMs = now - Date.parse(trace.started_at);
  const kinds = trace.texts.map((text) => SHOWN_KINDS.indexOf(shownKind(text)));
  let total = 1e-3;
  for (let i = 0; i < n; i++) {
    const from = order[i] ?? 0;
    const began = (trace.spans.start_us[from] ?? 0) / 1000;
    const took = trace.spans.duration_us[from] ?? null;
    const isRunning = ((flags[i] ?? 0) & RUNNING) !== 0;
    const ended = took !== null ? began + took / 1000 : isRunning ? Math.max(began, nowMs) : began;
    start[i] = began;
    end[i] = ended;
    if (ended > total) total = ended;
    kind[i] = kinds[trace.spans.kind[from] ?? 0] ?? 0;
    name[i] = trace.spans.name[from] ?? 0;
  }
  if (trace.interrupted.length > 0) reachInterrupted(end, parent, flags);
  const sums = sumsOf(trace, { place, parent, flags });
  const tree = { parent, last, start, end };
  return {
    ...{ spans: n, whole: trace.whole, ids: new TextEncoder().encode(trace.ids) },
    ...{ order, place },
    ...{ texts: trace.texts, parent, depth, last, start, end, kind, flags, name, total },
    ...{ self: selfTimes(tree), called: calledOf(trace, place), ...sums },
    ...criticalPath(tree),
    now: trace.running.length > 0 ? nowMs : undefined,
  };
}

interface Order {
  /** Of each place in the tree, the index in the answer. */
  readonly order: Int32Array;
  readonly depth: Uint16Array;
  readonly parent: Int32Array;
  readonly last: Int32Array;
  /** The other way round. */
  readonly place: Int32Array;
}

/** The spans come by start, so children by start is what their lists are in. A circle of parents is cut where it begins. */
function treeOf(parents: readonly number[]): Order {
  const n = parents.length;
  const first = new Int32Array(n + 1).fill(-1);
  const next = new Int32Array(n).fill(-1);
  // Backwards, so that each list begins with the first.
  for (let i = n - 1; i >= 0; i--) {
    const above = parents[i] ?? -1;
    const list = above < 0 || above === i ? n : above;
    next[i] = first[list] ?? -1;
    first[list] = i;
  }
  const order = new Int32Array(n);
  const depth = new Uint16Array(n);
  const parent = new Int32Array(n).fill(-1);
  const last = new Int32Array(n);
  const place = new Int32Array(n).fill(-1);
  let at = 0;
  const walk = (root: number): void => {
    const open: number[] = [];
    for (let i = root; i >= 0; ) {
      order[at] = i;
      place[i] = at;
      depth[at] = Math.min(open.length, MAX_DEPTH);
      if (open.length > 0) parent[at] = place[parents[i] ?? 0] ?? -1;
      at++;
      if ((first[i] ?? -1) >= 0) {
        open.push(i);
        i = first[i] ?? -1;
        continue;
      }
      last[at - 1] = at;
      while (i !== root && (next[i] ?? -1) < 0) {
        i = open.pop() ?? root;
        last[place[i] ?? 0] = at;
      }
      i = i === root ? -1 : (next[i] ?? -1);
    }
  };
  for (let i = first[n] ?? -1; i >= 0; i = next[i] ?? -1) walk(i);
  for (let i = 0; i < n; i++) if ((place[i] ?? -1) < 0) cutCircle(i);
  return { order, depth, parent, last, place };

  /** Spans that are below each other are in no tree yet. */
  function cutCircle(i: number): void {
    order[at] = i;
    place[i] = at;
    last[at] = ++at;
  }
}

const MAX_DEPTH = 65_535;

function flagsOf(trace: TraceJson, place: Int32Array, n: number): Uint8Array {
  const flags = new Uint8Array(n);
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
  const called = new Int32Array(place.length).fill(-1);
  const put = (spans: readonly number[], texts: readonly number[]): void =>
    spans.forEach((span, i) => {
      called[place[span] ?? 0] = texts[i] ?? -1;
    });
  const isAgent = trace.agents.span.map((span) => trace.texts[trace.spans.kind[span] ?? 0] === "agent");
  put(
    trace.agents.span.filter((_, i) => isAgent[i]),
    trace.agents.text.filter((_, i) => isAgent[i]),
  );
  put(trace.tools.span, trace.tools.text);
  put(trace.calls.span, trace.calls.model);
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
  trace.calls.span.forEach((span, call) => {
    const i = place[span] ?? 0;
    inputTokens[i] = trace.calls.input_tokens[call] ?? 0;
    outputTokens[i] = trace.calls.output_tokens[call] ?? 0;
    costUsd[i] = trace.calls.cost_usd[call] ?? 0;
    firstTokenMs[i] = trace.calls.first_token_ms[call] ?? Number.NaN;
  });
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
function selfTimes({ parent, start, end }: TreeTimes): Float64Array {
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
