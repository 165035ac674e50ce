// The scale of steps: time is bent so that each stretch between two starts or ends of leaves is about as wide as another. Order and
// overlap stay.
import type { TreeTimes } from "./layout.ts";
import type { TraceModel } from "./model.ts";

/** A stretch of so many milliseconds is as wide as `log(2)`; short ones keep a little width. */
const UNIT_MS = 60;
const LEAST = 0.03;

/** The moments of a trace, and how far along each is. */
export function stepsOf(
  { last, start, end }: TreeTimes,
  total: number,
): Pick<TraceModel, "stepMoments" | "stepShares"> {
  const all = new Float64Array(start.length * 2 + 2);
  let n = 0;
  all[n++] = 0;
  all[n++] = total;
  for (let i = 0; i < start.length; i++) {
    if ((last[i] ?? 0) > i + 1) continue;
    all[n++] = start[i] ?? 0;
    all[n++] = end[i] ?? 0;
  }
  const sorted = all.subarray(0, n).sort();
  const stepMoments = sorted.filter((moment, i) => i === 0 || moment !== sorted[i - 1]);
  const stepShares = new Float64Array(stepMoments.length);
  for (let i = 1; i < stepMoments.length; i++) {
    const gap = (stepMoments[i] ?? 0) - (stepMoments[i - 1] ?? 0);
    stepShares[i] = (stepShares[i - 1] ?? 0) + Math.log1p(gap / UNIT_MS) + LEAST;
  }
  const whole = stepShares.at(-1) || 1;
  return { stepMoments, stepShares: stepShares.map((share) => share / whole) };
}
