// The message of an assertion that does not hold: what was expected, what is there, the tree with the nearest marked, and how to see it all.
import { AssertionError } from "node:assert";
import type { Reading } from "../../conventions/reading.ts";
import { escapeText, messageText } from "../../model/escape.ts";
import type { SpanFields } from "../../model/span-fields.ts";
import { boundedJson, oneLine } from "../../render/text.ts";
import type { Finding } from "./finding.ts";
import { saveSpans } from "./saved.ts";
import type { TraceView } from "./view.ts";

/** The error for a finding that should have been the other way. */
export function failureOf(
  finding: Finding,
  view: TraceView,
  { isNot, stackStart }: { readonly isNot: boolean; readonly stackStart: (...args: never[]) => unknown },
): AssertionError {
  return new AssertionError({ message: messageFor(finding, view, isNot), stackStartFn: stackStart });
}

/** At most 40 lines, the cause in the first two. */
export function messageFor(finding: Finding, view: TraceView, isNot: boolean): string {
  const expected = `Expected ${isNot ? finding.unexpected : finding.expected}.`;
  const lines = [expected, ...finding.because.slice(0, 2)].map(messageText);
  const body = finding.body?.map(messageText) ?? treeLines(view, new Set(finding.marked));
  return [...lines, ...body, ...seeLines(view)].join("\n");
}

function seeLines({ spans: [first], spans, options }: TraceView): string[] {
  if (first === undefined) return [];
  const store = options.store ?? (options.saveFailures === false ? undefined : saveSpans(spans));
  if (store === undefined) return [];
  return [`See it: npx tracelight show ${first.traceId.slice(0, 8)} ${escapeText(store)}`];
}

interface TreeLine {
  readonly span: SpanFields;
  readonly depth: number;
}

function treeLines(view: TraceView, marked: ReadonlySet<SpanFields>): string[] {
  const tree = folded(inTreeOrder(view), view, marked);
  if (tree.length === 0) return ["There are no spans."];
  const kept = tree.length <= MAX_LINES ? new Set(tree.keys()) : around(tree, marked);
  const lines: string[] = ["The spans are:"];
  let left = 0;
  for (const [i, { line }] of tree.entries()) {
    if (!kept.has(i)) {
      left++;
      continue;
    }
    if (left > 0) lines.push(leftOut(left));
    left = 0;
    lines.push(line);
  }
  if (left > 0) lines.push(leftOut(left));
  return lines;
}

interface ShownLine extends TreeLine {
  readonly line: string;
}

/** Spans that follow one another and would read the same are one line. */
function folded(tree: readonly TreeLine[], view: TraceView, marked: ReadonlySet<SpanFields>): ShownLine[] {
  const lines: (ShownLine & { readonly text: string; times: number })[] = [];
  for (const { span, depth } of tree) {
    const mark = marked.has(span) ? "> " : "  ";
    const indent = "  ".repeat(Math.min(depth, MAX_DEPTH));
    const text = `${mark}${indent}${describe(span, view.readingOf(span))}`;
    const last = lines.at(-1);
    if (last?.text === text) last.times++;
    else lines.push({ span, depth, text, line: text, times: 1 });
  }
  return lines.map((one) => (one.times === 1 ? one : { ...one, line: `${one.text} (${one.times} of them)` }));
}

function leftOut(spans: number): string {
  return `  … ${spans} lines more`;
}

const MAX_LINES = 30;
const MAX_KEPT = 24;
const MAX_DEPTH = 20;

/** The first span, the first that is marked with what lies above it, and what lies next to it. */
function around(tree: readonly ShownLine[], marked: ReadonlySet<SpanFields>): ReadonlySet<number> {
  const about = Math.max(
    0,
    tree.findIndex(({ span }) => marked.has(span)),
  );
  const kept = new Set([0, about]);
  let depth = tree[about]?.depth ?? 0;
  for (let i = about; i >= 0 && kept.size < MAX_KEPT / 2; i--) {
    const above = tree[i];
    if (above === undefined || above.depth >= depth) continue;
    kept.add(i);
    depth = above.depth;
  }
  for (let step = 1; kept.size < MAX_KEPT && step < MAX_KEPT; step++) {
    for (const i of [about - step, about + step]) if (i >= 0 && i < tree.length) kept.add(i);
  }
  return kept;
}

/** Depth first, in start order; without recursion. */
function inTreeOrder(view: TraceView): TreeLine[] {
  const shown = new Set(view.spans);
  const children = new Map<SpanFields | undefined, SpanFields[]>();
  for (const span of view.spans) {
    const parent = view.parentOf(span);
    const above = parent !== undefined && shown.has(parent) ? parent : undefined;
    const siblings = children.get(above);
    if (siblings === undefined) children.set(above, [span]);
    else siblings.push(span);
  }
  const lines: TreeLine[] = [];
  const waiting = linesFor(children.get(undefined), 0);
  for (let line = waiting.pop(); line !== undefined; line = waiting.pop()) {
    lines.push(line);
    waiting.push(...linesFor(children.get(line.span), line.depth + 1));
  }
  return lines;
}

/** Last first: the end of the list is taken first. */
function linesFor(spans: readonly SpanFields[] = [], depth: number): TreeLine[] {
  return spans.toReversed().map((span) => ({ span, depth }));
}

function describe(span: SpanFields, { kind, input, output, error, aborted }: Reading): string {
  const parts = [`${oneLine(span.spanName, MAX_NAME)} [${kind === "other" ? span.spanKind : kind}]`];
  if (input !== undefined) parts.push(`input ${short(input)}`);
  if (output !== undefined) parts.push(`output ${short(output)}`);
  if (error !== undefined) parts.push(`ERROR ${oneLine(error, MAX_VALUE)}`);
  if (aborted) parts.push("aborted");
  return escapeText(parts.join(" "));
}

function short(value: unknown): string {
  const text = boundedJson(value, MAX_VALUE);
  return text.length > MAX_VALUE + 10 ? `${text.slice(0, MAX_VALUE)}…` : text;
}

const MAX_NAME = 60;
const MAX_VALUE = 100;
