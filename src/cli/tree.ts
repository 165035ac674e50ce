// A trace as a tree: one line a span, with its place in time.
import { costOfCall, type PriceTable } from "../conventions/cost.ts";
import { factsOf } from "../conventions/facts.ts";
import { type Reading, readSpan } from "../conventions/reading.ts";
import { inStartOrder } from "../model/query.ts";
import type { SpanFields } from "../model/span-fields.ts";
import { parentsOf } from "../model/tree.ts";
import type { Color, Paint } from "../render/color.ts";
import { oneLine } from "../render/text.ts";
import { cutToWidth } from "../render/width.ts";
import { count, dollars, duration } from "./format.ts";
import { glance, mishapOf, workOf } from "./glance.ts";
import { type Column, table } from "./table.ts";

/** How a tree is shown. */
export interface TreeOptions {
  readonly width: number;
  readonly paint: Paint;
  /** At most so many spans; the last line says how many are left out. */
  readonly maxSpans: number;
  readonly prices?: PriceTable | undefined;
}

/** A span in its place. */
export interface Placed<S extends SpanFields> {
  readonly span: S;
  /** What stands before its name. */
  readonly branch: string;
}

/** The part of a line that names may take. */
const SPAN_SHARE = 0.45;
const MAX_NAME = 200;
const MAX_DETAIL = 400;
const EIGHTHS = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉", "█"] as const;

/** The tree as lines. */
export function traceTree(
  spans: readonly SpanFields[],
  { width, paint, maxSpans, prices }: TreeOptions,
): string[] {
  const placed = placedSpans(spans, Math.floor((width * SPAN_SHARE) / 6));
  const shown = placed.slice(0, maxSpans);
  const scale = scaleOf(spans);
  const rows = shown.map(
    (one): TreeRow => ({ ...one, reading: readSpan(one.span), cost: costOf(one.span, prices) }),
  );
  const lines = table(rows, columnsOf(width, scale), { width, paint });
  const left = placed.length - shown.length;
  return left === 0 ? lines : [...lines, paint("grey", `… and ${count(left)} more spans: --full shows them`)];
}

/**
 * The spans from the top down, each with the branch on which it hangs. Branches are drawn so deep; further down the depth is
 * told by its number. Without recursion: a trace may be of any depth.
 */
export function placedSpans<S extends SpanFields>(spans: readonly S[], drawnDepth: number = 0): Placed<S>[] {
  const ordered = inStartOrder(spans);
  const parents = parentsOf(ordered);
  const children = childrenOf(ordered, parents);
  const placed: Placed<S>[] = [];
  const seen = new Set<S>();
  const walk = (root: S): void => {
    const left: Step<S>[] = [{ span: root, depth: 0, lead: "", isLast: true }];
    for (let step = left.pop(); step !== undefined; step = left.pop()) {
      if (seen.has(step.span)) continue;
      seen.add(step.span);
      placed.push({ span: step.span, branch: branchOf(step, drawnDepth) });
      for (const next of stepsBelow(step, children.get(step.span) ?? [], drawnDepth)) left.push(next);
    }
  };
  for (const span of ordered) if (!parents.has(span)) walk(span);
  // Spans that are their own ancestors hang on nothing.
  for (const span of ordered) if (!seen.has(span)) walk(span);
  return placed;
}

function childrenOf<S>(ordered: readonly S[], parents: ReadonlyMap<S, S>): Map<S, S[]> {
  const children = new Map<S, S[]>();
  for (const span of ordered) {
    const parent = parents.get(span);
    if (parent === undefined) continue;
    const siblings = children.get(parent);
    if (siblings === undefined) children.set(parent, [span]);
    else siblings.push(span);
  }
  return children;
}

interface Step<S> {
  readonly span: S;
  readonly depth: number;
  /** The lines of the ancestors that go on. */
  readonly lead: string;
  readonly isLast: boolean;
}

/** The steps to the children, the last first: the stack gives them back in order. */
function stepsBelow<S>({ depth, lead, isLast }: Step<S>, children: readonly S[], drawn: number): Step<S>[] {
  const below = depth === 0 ? "" : depth >= drawn ? lead : lead + (isLast ? "   " : "│  ");
  return children
    .map((span, i) => ({ span, depth: depth + 1, lead: below, isLast: i === children.length - 1 }))
    .reverse();
}

function branchOf<S>({ depth, lead, isLast }: Step<S>, drawn: number): string {
  if (depth === 0) return "";
  const mark = isLast ? "└─ " : "├─ ";
  return depth > drawn ? `${lead}${mark}(${depth}) ` : lead + mark;
}

interface TreeRow extends Placed<SpanFields> {
  readonly reading: Reading;
  /** Empty where it is not known. */
  readonly cost: string;
}

function costOf(span: SpanFields, prices: PriceTable | undefined): string {
  const cost = prices === undefined ? undefined : costOfCall({ span, facts: factsOf(span) }, prices);
  return cost === undefined ? "" : dollars(cost);
}

function columnsOf(width: number, scale: Scale): Column<TreeRow>[] {
  const barWidth = width >= 160 ? 40 : width >= 110 ? 24 : 14;
  return [
    {
      title: "span",
      cell: ({ span, branch }) =>
        cutToWidth(branch + oneLine(span.spanName, MAX_NAME), Math.floor(width * SPAN_SHARE)),
      color: colorOf,
    },
    { title: "timeline", cell: ({ span }) => bar(span, scale, barWidth), color: barColor, goes: 2 },
    { title: "time", cell: ({ span }) => timeOf(span), align: "right" },
    {
      title: "",
      cell: (row) => detail(row, MAX_DETAIL),
      cut: detail,
      color: (row) => mishapColor(row) ?? "grey",
      flexible: true,
      goes: 1,
    },
  ];
}

/** The time that the whole takes, in microseconds. */
interface Scale {
  readonly from: number;
  readonly to: number;
}

function scaleOf(spans: readonly SpanFields[]): Scale {
  let from = Number.POSITIVE_INFINITY;
  let to = Number.NEGATIVE_INFINITY;
  for (const { startedAtMicros, endedAtMicros = startedAtMicros } of spans) {
    from = Math.min(from, startedAtMicros);
    to = Math.max(to, endedAtMicros);
  }
  return { from, to };
}

/** The span's place in time; a running one goes on to the right end. */
function bar(
  { startedAtMicros: start, endedAtMicros: end }: SpanFields,
  { from, to }: Scale,
  width: number,
): string {
  const whole = Math.max(1, to - from);
  const eighths = width * 8;
  const begin = Math.min(Math.floor(((start - from) / whole) * eighths), eighths - 1);
  const length = Math.max(1, Math.round((((end ?? to) - start) / whole) * eighths));
  // Blocks can begin only at a whole column: what they begin too early they are longer.
  const column = Math.floor(begin / 8);
  const filled = Math.min(length + (begin % 8 > 4 ? 8 - (begin % 8) : 0), eighths - column * 8);
  const block = end === undefined ? "░".repeat(Math.max(1, Math.ceil(filled / 8))) : blocks(filled);
  return " ".repeat(column) + block;
}

/** A bar that is full at 1, and the share in per cent. */
export function progressBar(share: number): string {
  const filled = Math.min(1, share);
  return `${blocks(Math.round(filled * PROGRESS_WIDTH * 8)).padEnd(PROGRESS_WIDTH)} ${Math.floor(filled * 100)}%  `;
}

const PROGRESS_WIDTH = 24;

/** A bar of so many eighths of a column. */
export function blocks(eighths: number): string {
  return "█".repeat(Math.floor(eighths / 8)) + (EIGHTHS[eighths % 8] ?? "");
}

/** How long the span took, or what became of it. */
export function timeOf({ startedAtMicros, endedAtMicros, state }: SpanFields): string {
  return endedAtMicros === undefined ? state : duration((endedAtMicros - startedAtMicros) / 1000);
}

function colorOf(row: TreeRow): Color | undefined {
  return mishapColor(row) ?? stateColor(row.span);
}

function mishapColor({ span, reading }: TreeRow): Color | undefined {
  return mishapOf(span, reading)?.color;
}

function stateColor({ state }: SpanFields): Color | undefined {
  return state === "running" ? "green" : state === "interrupted" ? "yellow" : undefined;
}

function barColor(row: TreeRow): Color {
  return colorOf(row) ?? KIND_COLORS[row.reading.kind];
}

const KIND_COLORS: Readonly<Record<Reading["kind"], Color>> = {
  turn: "blue",
  cycle: "blue",
  "model-call": "magenta",
  "tool-call": "cyan",
  agent: "blue",
  plan: "blue",
  retrieval: "cyan",
  memory: "cyan",
  embedding: "magenta",
  chain: "grey",
  history: "grey",
  other: "grey",
};

/** What matters most about a span, in so many columns. */
function detail({ span, reading, cost }: TreeRow, width: number): string {
  return glance(
    [workOf(span, reading), cost].filter((part) => part !== "").join(" "),
    mishapOf(span, reading),
    width,
  );
}
