// The bar of a row: leaves full, parents thin with what they did themselves, and the critical path below.
import type { JSX } from "preact";
import { Icon } from "../parts/icon.tsx";
import { SHOWN_KINDS, type ShownKind } from "./kinds.ts";
import { selfParts } from "./layout.ts";
import { childrenOf, FAILED, hasBelow, INTERRUPTED, RUNNING, type TraceModel } from "./model.ts";
import { pathOf } from "./path.ts";
import { LEAST_PART, type Scale } from "./scale.ts";

/** A fold shows so many leaves in its lane at most. */
const MOST_LEAVES = 200;

/** What a bar needs. */
interface BarProps {
  readonly model: TraceModel;
  readonly span: number;
  readonly scale: Scale;
  readonly isFolded: boolean;
}

/** The bar of a span: elements, not components, which each row that comes into view would have to make. */
export function barsOf(props: BarProps & { readonly hasPath: boolean }): JSX.Element {
  const { model, span, scale } = props;
  const flags = model.flags[span] ?? 0;
  const [start = 0, end = 0] = [model.start[span], model.end[span]];
  const kind = SHOWN_KINDS[model.kind[span] ?? 0] ?? "other";
  const isLeaf = !hasBelow(model, span);
  return (
    <>
      {partOf(scale, {
        ...{ from: start, to: end, class: `sb ${classOf(kind, flags)} ${isLeaf ? "" : "b-par"}` },
        children: isLeaf ? waitOf(props) : null,
      })}
      {isLeaf || (flags & INTERRUPTED) !== 0 ? null : withinOf(props, kind, flags)}
      {props.hasPath ? onPath(props) : null}
      {markOf(scale, end, flags)}
    </>
  );
}

/** A model call is hollow until its first token. */
function waitOf({ model, span, scale }: BarProps): JSX.Element | null {
  const first = model.firstTokenMs[span] ?? Number.NaN;
  const [start = 0, end = 0] = [model.start[span], model.end[span]];
  if (Number.isNaN(first) || first <= 0 || start + first > end) return null;
  const [left, middle, right] = [scale.at(start), scale.at(start + first), scale.at(end)];
  const [seenLeft, seenRight] = [clamped(left), clamped(right)];
  if (seenRight <= seenLeft || middle <= seenLeft) return null;
  const share = (Math.min(middle, seenRight) - seenLeft) / (seenRight - seenLeft);
  return <i class="wait" style={{ "--w": `${(share * 100).toFixed(1)}%` }} />;
}

/** What a parent did itself; of a fold, the leaves within, in one lane. */
function withinOf({ model, span, scale, isFolded }: BarProps, kind: ShownKind, flags: number): Parts {
  if (isFolded) {
    return leavesOf(model, span, scale).map((leaf) => {
      const own = SHOWN_KINDS[model.kind[leaf] ?? 0] ?? "other";
      const failed = (model.flags[leaf] ?? 0) & FAILED ? "b-err" : "";
      const [from = 0, to = 0] = [model.start[leaf], model.end[leaf]];
      return partOf(scale, { key: leaf, from, to, class: `self b-${own} ${failed}` });
    });
  }
  const parts = selfParts(model, childrenOf(model, span), span).filter(
    ([from, to]) => to - from > scale.leastMs,
  );
  const own = `self b-${kind} ${flags & RUNNING ? "b-run" : ""}`;
  return parts.slice(0, MOST_LEAVES).map(([from, to]) => partOf(scale, { key: from, from, to, class: own }));
}

/** Leaves that are seen: where there are too many, those that fill the lane most evenly. */
function leavesOf(model: TraceModel, span: number, scale: Scale): number[] {
  const leaves: number[] = [];
  const end = model.last[span] ?? 0;
  const step = Math.max(1, Math.floor((end - span) / (MOST_LEAVES * 20)));
  let reached = Number.NEGATIVE_INFINITY;
  for (let i = span + 1; i < end && leaves.length < MOST_LEAVES; i += step) {
    if (hasBelow(model, i)) continue;
    const to = scale.at(model.end[i] ?? 0);
    if (to < 0 || scale.at(model.start[i] ?? 0) > 1 || to <= reached) continue;
    leaves.push(i);
    reached = to + LEAST_PART / 4;
  }
  return leaves;
}

function onPath({ model, span, scale, isFolded }: BarProps): Parts {
  const path = pathOf(model);
  const [first = 0, last = 0] = [path.at[span], path.at[isFolded ? (model.last[span] ?? 0) : span + 1]];
  if (first === last) return [];
  if (isFolded) {
    const from = path.from.subarray(first, last).reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
    const to = path.to.subarray(first, last).reduce((a, b) => Math.max(a, b), 0);
    return [partOf(scale, { from, to, class: "cp" })];
  }
  const parts: (JSX.Element | null)[] = [];
  for (let i = first; i < last; i++) {
    const [from = 0, to = 0] = [path.from[i], path.to[i]];
    if (to - from > scale.leastMs) parts.push(partOf(scale, { key: i, from, to, class: "cp" }));
  }
  return parts;
}

function markOf(scale: Scale, end: number, flags: number): JSX.Element | null {
  const isInterrupted = (flags & INTERRUPTED) !== 0;
  const x = scale.at(end);
  if ((!isInterrupted && (flags & FAILED) === 0) || x < 0 || x > 1) return null;
  return (
    <span class={`mk ${isInterrupted ? "warn" : "err"}`} style={{ "--x": percent(x) }}>
      <Icon name={isInterrupted ? "interrupted" : "error"} />
    </span>
  );
}

type Parts = readonly (JSX.Element | null)[];

/** A part of the waterfall, cut to what is seen of it; nothing where none is. */
function partOf(
  scale: Scale,
  part: {
    readonly key?: number;
    readonly from: number;
    readonly to: number;
    readonly class: string;
    readonly children?: JSX.Element | null;
  },
): JSX.Element | null {
  const [left, right] = [scale.at(part.from), scale.at(part.to)];
  if (right < 0 || left > 1) return null;
  const from = clamped(left);
  return (
    <i
      key={part.key}
      class={part.class}
      style={{ "--x": percent(from), "--w": percent(clamped(right) - from) }}
    >
      {part.children}
    </i>
  );
}

function clamped(x: number): number {
  return Math.min(1, Math.max(0, x));
}

function percent(x: number): string {
  return `${(x * 100).toFixed(3)}%`;
}

/** The classes of a bar's colour and state. */
function classOf(kind: ShownKind, flags: number): string {
  const classes = [`b-${kind}`];
  if (flags & FAILED && !(flags & INTERRUPTED)) classes.push("b-err");
  if (flags & RUNNING) classes.push("b-run");
  if (flags & INTERRUPTED) classes.push("b-int");
  return classes.join(" ");
}
