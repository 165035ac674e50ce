// The critical path: what the end of a trace waited for, moment by moment, from its end to its start.
import type { TreeTimes } from "./layout.ts";
import type { TraceModel } from "./model.ts";

type Path = Pick<TraceModel, "pathAt" | "pathFrom" | "pathTo">;

/**
 * From the end of each root backwards: the child that ended last before a moment is what was waited for; between two such children
 * the span itself was.
 */
export function criticalPath({ parent, last, start, end }: TreeTimes): Path {
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
  return { pathAt, pathFrom: from.slice(0, made), pathTo: to.slice(0, made) };

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
  let on = 0;
  const end = model.pathAt[model.last[span] ?? span + 1] ?? 0;
  for (let i = model.pathAt[span] ?? 0; i < end; i++) on += (model.pathTo[i] ?? 0) - (model.pathFrom[i] ?? 0);
  const took = (model.end[span] ?? 0) - (model.start[span] ?? 0);
  return took <= 0 ? 0 : Math.min(1, on / took);
}
