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
  const spans: number[] = [];
  const from: number[] = [];
  const to: number[] = [];
  const open: (readonly [span: number, until: number])[] = [];
  for (let i = 0; i < n; i++) if ((parent[i] ?? -1) < 0) open.push([i, end[i] ?? 0]);
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const [span, until] = next;
    const began = start[span] ?? 0;
    let at = Math.min(until, end[span] ?? 0);
    for (const child of byEnd(span)) {
      if (at <= began) break;
      const [childStart = 0, childEnd = 0] = [start[child], end[child]];
      if (childStart >= at) continue;
      const reached = Math.min(childEnd, at);
      if (reached <= childStart) continue;
      if (at > reached) add(span, reached, at);
      open.push([child, reached]);
      at = Math.max(childStart, began);
    }
    if (at > began) add(span, began, at);
  }
  return bySpan();

  function add(span: number, begin: number, stop: number): void {
    spans.push(span);
    from.push(begin);
    to.push(stop);
  }

  function byEnd(span: number): number[] {
    const children: number[] = [];
    const stop = last[span] ?? 0;
    for (let at = span + 1; at < stop; at = last[at] ?? stop) children.push(at);
    return children.sort((a, b) => (end[b] ?? 0) - (end[a] ?? 0));
  }

  function bySpan(): Path {
    const pathAt = new Int32Array(n + 1);
    for (const span of spans) pathAt[span + 1] = (pathAt[span + 1] ?? 0) + 1;
    for (let i = 0; i < n; i++) pathAt[i + 1] = (pathAt[i + 1] ?? 0) + (pathAt[i] ?? 0);
    const filled = pathAt.slice(0, n);
    const pathFrom = new Float64Array(spans.length);
    const pathTo = new Float64Array(spans.length);
    spans.forEach((span, i) => {
      const place = filled[span] ?? 0;
      filled[span] = place + 1;
      pathFrom[place] = from[i] ?? 0;
      pathTo[place] = to[i] ?? 0;
    });
    return { pathAt, pathFrom, pathTo };
  }
}
