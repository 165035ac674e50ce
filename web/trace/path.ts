// The critical path: what the end of a trace waited for, moment by moment, from its end to its start.
import type { TraceModel } from "./model.ts";

/** The parts of the critical path: of span `i` those from `at[i]` up to `at[i + 1]`. */
export interface Path {
  readonly at: Int32Array;
  readonly from: Float64Array;
  readonly to: Float64Array;
}

const known = new WeakMap<TraceModel, Path>();

/** The critical path of a trace; made when it is first looked at, which that of most traces never is. */
export function pathOf(model: TraceModel): Path {
  const path = known.get(model) ?? criticalPath(model);
  known.set(model, path);
  return path;
}

/**
 * From the end of each root backwards: the child that ended last before a moment is what was waited for; between two such children
 * the span itself was.
 */
function criticalPath({ parent, last, start, end }: TraceModel): Path {
  const n = start.length;
  // Each span on the path has a part behind each child and one before all: fewer than two for each span.
  const from = new Float64Array(2 * n);
  const to = new Float64Array(2 * n);
  const pathAt = new Int32Array(n + 1);
  let made = 0;
  /** Of a span on the path, until when it was waited for. A span comes before what is below it, so it is known when its turn comes. */
  const until = new Float64Array(n).fill(Number.NaN);
  const children = new Int32Array(n);
  for (let span = 0; span < n; span++) {
    if ((parent[span] ?? -1) < 0) until[span] = end[span] ?? 0;
    follow(span, until[span] ?? Number.NaN);
    pathAt[span + 1] = made;
  }
  return { at: pathAt, from: from.slice(0, made), to: to.slice(0, made) };

  function follow(span: number, stop: number): void {
    if (Number.isNaN(stop)) return;
    const began = start[span] ?? 0;
    let at = Math.min(stop, end[span] ?? 0);
    for (let k = byEnd(span) - 1; k >= 0 && at > began; k--) {
      const child = children[k] ?? 0;
      const childStart = start[child] ?? 0;
      const reached = Math.min(end[child] ?? 0, at);
      if (reached <= childStart) continue;
      if (at > reached) add(reached, at);
      until[child] = reached;
      at = Math.max(childStart, began);
    }
    if (at > began) add(began, at);
  }

  function add(begin: number, stop: number): void {
    from[made] = begin;
    to[made++] = stop;
  }

  /** Puts a span's children in the order of their ends; how many there are. They come by start, which is mostly that order. */
  function byEnd(span: number): number {
    let count = 0;
    let isSorted = true;
    let reached = Number.NEGATIVE_INFINITY;
    const stop = last[span] ?? 0;
    for (let at = span + 1; at < stop; at = last[at] ?? stop) {
      const ended = end[at] ?? 0;
      isSorted &&= ended > reached;
      reached = ended;
      children[count++] = at;
    }
    // Of those that end together, the first is looked at first, from the back.
    if (!isSorted) children.subarray(0, count).sort((a, b) => (end[a] ?? 0) - (end[b] ?? 0) || b - a);
    return count;
  }
}

/** How much of a span lies on the critical path, from 0 to 1. */
export function pathShare(model: TraceModel, span: number): number {
  const path = pathOf(model);
  let on = 0;
  const end = path.at[model.last[span] ?? span + 1] ?? 0;
  for (let i = path.at[span] ?? 0; i < end; i++) on += (path.to[i] ?? 0) - (path.from[i] ?? 0);
  const took = (model.end[span] ?? 0) - (model.start[span] ?? 0);
  return took <= 0 ? 0 : Math.min(1, on / took);
}
