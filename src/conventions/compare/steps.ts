// Two traces or conversations side by side: their model and tool calls aligned by kind, name and order. From outlines alone.
import { inStartOrder } from "../../model/query.ts";
import { costOfCall, type PriceTable } from "../cost.ts";
import type { SpanOutline } from "../facts.ts";
import { Nesting } from "../nesting.ts";
import { numberedTurns } from "../numbered-turns.ts";
import { align } from "./alignment.ts";

/** A call of a model or a tool. */
export interface Step {
  readonly outline: SpanOutline;
  /** A tool's name, of a model's call its agent's; else the span's. */
  readonly name: string;
  /** Of a model call of a turn's own agent: its number through all that is compared. */
  readonly number: number | undefined;
  readonly durationMs: number | undefined;
  readonly costUsd: number | undefined;
  /** What it was called with, as one text; undefined where that is not compared. */
  readonly input: string | undefined;
  /** The same on one line, as it is shown. */
  readonly glance: string | undefined;
}

/**
 * A step of one, the other or both. `same`: as far as it is compared; `changed`: called with something else, or only one of them failed; `moved`: in both, but in
 * another order.
 */
export interface StepRow {
  readonly state: "same" | "changed" | "moved" | "only-a" | "only-b";
  readonly a: Step | undefined;
  readonly b: Step | undefined;
  /** True where the step before it on its side is a call of the same: it was tried again. */
  readonly isRepeat: boolean;
}

/** What two did, step by step. */
export interface ComparedSteps {
  readonly rows: readonly StepRow[];
  /** The row from which on they part; undefined where they do not. */
  readonly divergence: number | undefined;
}

/** What the steps were called with, by the span's trace and id: as it is compared, and as it is shown. */
export type StepInputs = ReadonlyMap<string, { readonly text: string; readonly glance: string }>;

/** The steps of outlines: model and tool calls, each once, in start order. */
export function stepsOf(outlines: readonly SpanOutline[], prices?: PriceTable, inputs?: StepInputs): Step[] {
  const nesting = new Nesting();
  const placed = inStartOrder(outlines).map((outline) => ({
    outline,
    at: nesting.add(outline, outline.facts),
  }));
  const numbers = new Map(
    numberedTurns(outlines)
      .flatMap(({ calls }) => calls)
      .map((id, i) => [id, i + 1]),
  );
  return placed.flatMap(({ outline, at }) => {
    const { facts, startedAtMicros: start, endedAtMicros: end } = outline;
    const isStep = facts.kind === "model-call" || facts.kind === "tool-call" || facts.kind === "retrieval";
    if (!isStep || nesting.isCallElsewhere(at)) return [];
    const input = inputs?.get(outline.traceId + outline.spanId);
    return {
      outline,
      name: (facts.kind === "model-call" ? facts.agent : facts.tool) ?? outline.spanName,
      number: facts.kind === "model-call" ? numbers.get(outline.spanId) : undefined,
      durationMs: end === undefined ? undefined : (end - start) / 1000,
      costUsd: facts.kind === "model-call" ? costOfCall({ facts, span: outline }, prices) : undefined,
      input: input?.text,
      glance: input?.glance,
    };
  });
}

/** Compares steps. */
export function compareSteps(a: readonly Step[], b: readonly Step[]): ComparedSteps {
  const rows: StepRow[] = [];
  for (const {
    isSame,
    a: [aFrom, aTo],
    b: [bFrom, bTo],
  } of align(a.map(labelOf), b.map(labelOf))) {
    for (let i = 0; isSame && i < aTo - aFrom; i++) rows.push(bothRow(a[aFrom + i], b[bFrom + i]));
    if (isSame) continue;
    for (let at = aFrom; at < aTo; at++) rows.push(onlyRow("only-a", a, at));
    for (let at = bFrom; at < bTo; at++) rows.push(onlyRow("only-b", b, at));
  }
  const moved = withMoves(rows);
  const divergence = moved.findIndex(({ state }) => state !== "same");
  return { rows: moved, divergence: divergence < 0 ? undefined : divergence };
}

function labelOf({ outline: { facts }, name }: Step): string {
  return `${facts.kind} ${name}`;
}

function bothRow(a: Step | undefined, b: Step | undefined): StepRow {
  const isSame = a?.input === b?.input && a?.outline.facts.failed === b?.outline.facts.failed;
  return { state: isSame ? "same" : "changed", a, b, isRepeat: false };
}

function onlyRow(state: "only-a" | "only-b", steps: readonly Step[], at: number): StepRow {
  const [step, before] = [steps[at], steps[at - 1]];
  const isRepeat = step !== undefined && before !== undefined && labelOf(step) === labelOf(before);
  return state === "only-a"
    ? { state, a: step, b: undefined, isRepeat }
    : { state, a: undefined, b: step, isRepeat };
}

/** What is in both, but at another place, is told at the second's place. The same call of the same input goes first. */
function withMoves(rows: readonly StepRow[]): StepRow[] {
  const left = new Map<string, number[]>();
  for (const [i, { state, a }] of rows.entries()) {
    if (state !== "only-a" || a === undefined) continue;
    for (const key of keysOf(a)) {
      const waiting = left.get(key);
      if (waiting === undefined) left.set(key, [i]);
      else waiting.push(i);
    }
  }
  const taken = new Set<number>();
  const next = new Map<string, number>();
  const moved = rows.map((row): StepRow => {
    if (row.state !== "only-b" || row.b === undefined) return row;
    for (const key of keysOf(row.b)) {
      const waiting = left.get(key) ?? [];
      let place = next.get(key) ?? 0;
      while (taken.has(waiting[place] ?? -1)) place++;
      next.set(key, place + 1);
      const at = waiting[place];
      if (at === undefined) continue;
      taken.add(at);
      return { state: "moved", a: rows[at]?.a, b: row.b, isRepeat: false };
    }
    return row;
  });
  return moved.filter((_, i) => !taken.has(i));
}

function keysOf(step: Step): string[] {
  const label = labelOf(step);
  return step.input === undefined ? [label] : [`${label}\n${step.input}`, label];
}
