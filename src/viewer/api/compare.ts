// JSON of the API: two side by side. Two calls are as the command prints them; steps are columns, of which the page reads the rows that are seen.
import type { ComparedCallsJson, StepRowJson } from "../../conventions/compare/json-forms.ts";
import type { SummaryJson } from "../../conventions/json-forms.ts";

/** Two calls, or what two traces or conversations did. */
export type CompareJson = ComparedCallsJson | ComparedColumnsJson;

/** What two traces or conversations did, step by step. */
export interface ComparedColumnsJson {
  readonly kind: "steps";
  readonly a: SummaryJson;
  readonly b: SummaryJson;
  /** The row from which on they part: 0 is the first. Null where they do not. */
  readonly divergence: number | null;
  /** False where there are too many steps to look at what they were called with. */
  readonly are_inputs_compared: boolean;
  /** Texts that the steps name by their index. */
  readonly texts: readonly string[];
  /** What became of each row: an index of `STEP_STATES`. */
  readonly states: readonly number[];
  /** Rows of steps that come behind a call of the same on their side. */
  readonly repeats: readonly number[];
  readonly steps: { readonly a: StepColumnsJson; readonly b: StepColumnsJson };
}

/** The steps of one side, one for each row: where it has none, the kind is -1. */
export interface StepColumnsJson {
  /** 16 characters each, one behind the other; zeros where there is none. */
  readonly span_ids: string;
  /** In `texts`; -1 where it has none. */
  readonly trace_id: readonly number[];
  readonly kind: readonly number[];
  readonly name: readonly number[];
  readonly model: readonly number[];
  /** What went wrong, on one line of at most 200 characters. */
  readonly error: readonly number[];
  /** What it was called with, on one line of at most 160 characters. */
  readonly glance: readonly number[];
  /** Of a model call of a turn's own agent: 1, 2 and so on through all that is compared. */
  readonly number: readonly (number | null)[];
  readonly duration_ms: readonly (number | null)[];
  /** Rows whose step failed, runs, was interrupted. */
  readonly failed: readonly number[];
  readonly running: readonly number[];
  readonly interrupted: readonly number[];
}

/** What can become of a step. */
export const STEP_STATES: readonly StepRowJson["state"][] = ["same", "changed", "moved", "only_a", "only_b"];
