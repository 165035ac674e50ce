// What two traces or conversations did, as columns: thousands of steps in as few bytes as can be.
import { summaryJson } from "../conventions/as-json.ts";
import type { Step } from "../conventions/compare/steps.ts";
import { rowStateJson } from "../render/compare-json.ts";
import type { Comparison } from "../tracing/comparing.ts";
import { type ComparedColumnsJson, STEP_STATES, type StepColumnsJson } from "./api/compare.ts";
import { type Growing, NONE, Texts } from "./columns.ts";

/** Makes the columns. */
export function comparedColumns(found: Extract<Comparison, { kind: "steps" }>): ComparedColumnsJson {
  const { rows, divergence } = found.compared;
  const texts = new Texts();
  return {
    ...{ kind: "steps", a: summaryJson(found.a), b: summaryJson(found.b), divergence: divergence ?? null },
    ...{ are_inputs_compared: found.areInputsCompared, texts: texts.all },
    states: rows.map(({ state }) => STEP_STATES.indexOf(rowStateJson(state))),
    repeats: rows.flatMap(({ isRepeat }, row) => (isRepeat ? [row] : [])),
    steps: {
      a: stepColumns(
        rows.map(({ a }) => a),
        texts,
      ),
      b: stepColumns(
        rows.map(({ b }) => b),
        texts,
      ),
    },
  };
}

function stepColumns(steps: readonly (Step | undefined)[], texts: Texts): StepColumnsJson {
  const indexOf = (text: string | undefined): number => (text === undefined ? NONE : texts.indexOf(text));
  const columns: Growing<Omit<StepColumnsJson, "span_ids">> = {
    ...{ trace_id: [], kind: [], name: [], model: [], error: [], glance: [] },
    ...{ number: [], duration_ms: [], failed: [], running: [], interrupted: [] },
  };
  for (const [row, step] of steps.entries()) {
    const { facts, traceId, state } = step?.outline ?? {};
    columns.trace_id.push(indexOf(traceId));
    columns.kind.push(indexOf(facts?.kind));
    columns.name.push(indexOf(step?.name));
    columns.model.push(indexOf(facts?.model));
    columns.error.push(indexOf(facts?.error));
    columns.number.push(step?.number ?? null);
    columns.glance.push(indexOf(step?.glance));
    columns.duration_ms.push(step?.durationMs ?? null);
    if (facts?.failed === true) columns.failed.push(row);
    if (state === "running") columns.running.push(row);
    if (state === "interrupted") columns.interrupted.push(row);
  }
  return { span_ids: steps.map((step) => step?.outline.spanId ?? NO_ID).join(""), ...columns };
}

const NO_ID = "0".repeat(16);
