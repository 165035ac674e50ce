// Which rows are shown: what is folded, which kinds are hidden, and what was looked for.
import { SHOWN_KINDS, type ShownKind } from "./kinds.ts";
import { FAILED, INTERRUPTED, RUNNING, type TraceModel } from "./model.ts";

/** More spans than this open with what is deep folded; and so many are read before the others. */
export const MANY = 2000;
const OPEN_DEPTH = 2;

/** A row of the tree. */
export interface TreeRow {
  readonly span: number;
  /** Among what is shown: a child of a hidden span is its grandparent's. */
  readonly depth: number;
  /** True where it is the last of its parent's children that are shown. */
  readonly isLast: boolean;
  /** Of each depth above, whether a line goes on below. */
  readonly guides: readonly boolean[];
  /** So many spans are hidden in its fold; 0 where it is open. */
  readonly inside: number;
}

/** Rows that are shown, as arrays: their spans, their depths. */
export interface Shown {
  readonly spans: Int32Array;
  readonly depths: Uint16Array;
}

/** What is folded when a trace is first seen: of a large one, what is deep, but for the way to each error. */
export function foldedAtFirst(model: TraceModel): Set<number> {
  const folded = new Set<number>();
  if (model.whole && model.spans <= MANY) return folded;
  for (let i = 0; i < model.spans; i++) {
    const isDeep = (model.depth[i] ?? 0) >= OPEN_DEPTH;
    if (isDeep && (model.last[i] ?? 0) > i + 1 && (model.errorsBelow[i] ?? 0) === 0) folded.add(i);
  }
  return folded;
}

/** The rows that are shown, in order. What failed, runs or was interrupted is never hidden by its kind. */
export function shownRows(
  model: TraceModel,
  folded: ReadonlySet<number>,
  hidden: ReadonlySet<ShownKind>,
): Shown {
  const spans = new Int32Array(model.spans);
  const depths = new Uint16Array(model.spans);
  const isHidden = SHOWN_KINDS.map((kind) => hidden.has(kind));
  /** Of each depth of the tree, how deep it is among what is shown. */
  const shownDepth: number[] = [];
  let n = 0;
  for (let i = 0; i < model.spans; ) {
    const depth = model.depth[i] ?? 0;
    const above = depth === 0 ? -1 : (shownDepth[depth - 1] ?? -1);
    const isOut = isHidden[model.kind[i] ?? 0] && !isMarked(model, i);
    shownDepth[depth] = isOut ? above : above + 1;
    if (!isOut) {
      spans[n] = i;
      depths[n] = above + 1;
      n++;
    }
    i = folded.has(i) && !isOut ? (model.last[i] ?? i + 1) : i + 1;
  }
  return { spans: spans.subarray(0, n), depths: depths.subarray(0, n) };
}

function isMarked(model: TraceModel, i: number): boolean {
  return ((model.flags[i] ?? 0) & (FAILED | RUNNING | INTERRUPTED)) !== 0;
}

/** So many levels of guides are drawn. */
const MAX_GUIDES = 40;

/** The row at a place, with its lines. Looks ahead only as far as the next row that is not deeper. */
export function rowAt(
  model: TraceModel,
  { spans, depths }: Shown,
  at: number,
  folded: ReadonlySet<number>,
): TreeRow {
  const span = spans[at] ?? 0;
  const depth = depths[at] ?? 0;
  const guides: boolean[] = new Array(Math.min(depth, MAX_GUIDES)).fill(false);
  let isLast = true;
  // A level goes on where a later row is of it before one that is higher.
  for (let next = at + 1, lowest = depth + 1; next < depths.length && lowest > 0; next++) {
    const other = depths[next] ?? 0;
    if (other >= lowest) {
      if (next - at > LOOK_AHEAD) break;
      continue;
    }
    lowest = other;
    if (other === depth) isLast = false;
    else if (other < guides.length) guides[other] = true;
  }
  const inside = folded.has(span) ? (model.last[span] ?? 0) - span - 1 : 0;
  return { span, depth, isLast, guides, inside };
}

/** Lines of rows that are further away than a window are not looked for. */
const LOOK_AHEAD = 400;

/** Where a span is among the rows; else its nearest ancestor that is shown. */
export function rowOf(model: TraceModel, shown: Shown, span: number): number {
  for (let i = span; i >= 0; i = model.parent[i] ?? -1) {
    const at = indexIn(shown.spans, i);
    if (at >= 0) return at;
  }
  return -1;
}

function indexIn(sorted: Int32Array, value: number): number {
  let [low, high] = [0, sorted.length - 1];
  while (low <= high) {
    const middle = (low + high) >> 1;
    const found = sorted[middle] ?? 0;
    if (found === value) return middle;
    if (found < value) low = middle + 1;
    else high = middle - 1;
  }
  return -1;
}

/** Opens all above a span. */
export function unfoldedTo(
  model: TraceModel,
  folded: ReadonlySet<number>,
  span: number,
): ReadonlySet<number> {
  const next = new Set(folded);
  for (let i = model.parent[span] ?? -1; i >= 0; i = model.parent[i] ?? -1) next.delete(i);
  return next.size === folded.size ? folded : next;
}

/** The next span that failed behind, or before, a span; round at the ends. -1 where none has. */
export function nextError(model: TraceModel, from: number, step: 1 | -1): number {
  for (let k = 1; k <= model.spans; k++) {
    const i = (from + step * k + model.spans * 2) % model.spans;
    if ((model.flags[i] ?? 0) & FAILED) return i;
  }
  return -1;
}

/** The spans whose name or what they call has the text. */
export function found(model: TraceModel, text: string): Set<number> {
  const wanted = text.toLowerCase();
  const hits = new Set(model.texts.flatMap((known, i) => (known.toLowerCase().includes(wanted) ? [i] : [])));
  const spans = new Set<number>();
  for (let i = 0; i < model.spans; i++) {
    if (hits.has(model.name[i] ?? -1) || hits.has(model.called[i] ?? -1)) spans.add(i);
  }
  return spans;
}

/** The next hit behind, or before, a span; round at the ends. -1 where there is none. */
export function nextFound(hits: ReadonlySet<number>, from: number, step: 1 | -1): number {
  const spans = [...hits];
  if (step === 1) return spans.find((span) => span > from) ?? spans[0] ?? -1;
  return spans.findLast((span) => span < from) ?? spans.at(-1) ?? -1;
}
