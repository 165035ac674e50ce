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
  const firstPart = new Int32Array(n);
  const parts = new Int32Array(n);
  let made = 0;
  const open = new Int32Array(n);
  const until = new Float64Array(n);
  let opened = 0;
  const children = new Int32Array(n);
  for (let i = 0; i < n; i++) if ((parent[i] ?? -1) < 0) push(i, end[i] ?? 0);
  while (opened > 0) {
    opened--;
    follow(open[opened] ?? 0, until[opened] ?? 0);
  }
  return bySpan();

  function follow(span: number, stop: number): void {
    const began = start[span] ?? 0;
    let at = Math.min(stop, end[span] ?? 0);
    firstPart[span] = made;
    for (let k = byEnd(span) - 1; k >= 0 && at > began; k--) {
      const child = children[k] ?? 0;
      const childStart = start[child] ?? 0;
      const reached = Math.min(end[child] ?? 0, at);
      if (reached <= childStart) continue;
      if (at > reached) add(reached, at);
      push(child, reached);
      at = Math.max(childStart, began);
    }
    if (at > began) add(began, at);
    parts[span] = made - (firstPart[span] ?? 0);
  }

  function push(span: number, stop: number): void {
    open[opened] = span;
    until[opened++] = stop;
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

  function bySpan(): Path {
    const pathAt = new Int32Array(n + 1);
    const pathFrom = new Float64Array(made);
    const pathTo = new Float64Array(made);
    let place = 0;
    for (let span = 0; span < n; span++) {
      const first = firstPart[span] ?? 0;
      for (let part = first; part < first + (parts[span] ?? 0); part++) {
        pathFrom[place] = from[part] ?? 0;
        pathTo[place++] = to[part] ?? 0;
      }
      pathAt[span + 1] = place;
    }
    return { pathAt, pathFrom, pathTo };
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
