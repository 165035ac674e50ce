// The steps of two that are compared, row by row: made from columns as they are looked at.
import { type ComparedColumnsJson, STEP_STATES } from "../../src/viewer/api.ts";
import type { RowState } from "./signs.tsx";
import type { SideName } from "./subject.ts";

/** A step of one, the other or both. */
export interface StepRow {
  readonly state: RowState;
  /** The step before it on its side is a call of the same. */
  readonly isRepeat: boolean;
  readonly a: Step | undefined;
  readonly b: Step | undefined;
}

/** A call of a model or a tool. */
export interface Step {
  readonly trace_id: string;
  readonly span_id: string;
  readonly kind: string;
  readonly name: string;
  readonly number: number | null;
  readonly model: string | undefined;
  readonly glance: string | undefined;
  readonly duration_ms: number | null;
  readonly hasFailed: boolean;
  /** What went wrong, where somebody said it. */
  readonly error: string | undefined;
  readonly state: "ended" | "running" | "interrupted";
}

/** The row at that place. */
export function rowAt(data: ComparedColumnsJson, at: number): StepRow {
  return {
    ...{ state: stateAt(data, at), isRepeat: data.repeats.includes(at) },
    ...{ a: stepAt(data, "a", at), b: stepAt(data, "b", at) },
  };
}

/** What became of the row at that place. */
export function stateAt({ states }: ComparedColumnsJson, at: number): RowState {
  return STEP_STATES[states[at] ?? 0] ?? "same";
}

/** The step of one side at that row; undefined where it has none. */
export function stepAt({ texts, steps }: ComparedColumnsJson, side: SideName, at: number): Step | undefined {
  const columns = steps[side];
  const text = (column: readonly number[]): string | undefined => texts[column[at] ?? -1];
  const kind = text(columns.kind);
  if (kind === undefined) return undefined;
  const { running, interrupted } = columns;
  return {
    ...{
      trace_id: text(columns.trace_id) ?? "",
      span_id: columns.span_ids.slice(at * ID_LENGTH, (at + 1) * ID_LENGTH),
    },
    ...{ kind, name: text(columns.name) ?? "", number: columns.number[at] ?? null },
    ...{ error: text(columns.error), model: text(columns.model), glance: text(columns.glance) },
    ...{ duration_ms: columns.duration_ms[at] ?? null, hasFailed: columns.failed.includes(at) },
    state: running.includes(at) ? "running" : interrupted.includes(at) ? "interrupted" : "ended",
  };
}

const ID_LENGTH = 16;
