// The scale of steps: time is bent so that each stretch between two starts or ends of leaves is about as wide as another. Order and
// overlap stay.
import type { TraceModel } from "./model.ts";

/** A stretch of so many milliseconds is as wide as `log(2)`; short ones keep a little width. */
const UNIT_MS = 60;
const LEAST = 0.03;

/** Moments in order, and how far along each is, from 0 to 1. */
export interface Steps {
  readonly moments: Float64Array;
  readonly shares: Float64Array;
}

const known = new WeakMap<TraceModel, Steps>();

/** The steps of a trace; made when they are first looked at, which most traces never are. */
export function stepsOf(model: TraceModel): Steps {
  const steps = known.get(model) ?? makeSteps(model);
  known.set(model, steps);
  return steps;
}

function makeSteps({ last, start, end, total }: TraceModel): Steps {
  const all = new Float64Array(start.length * 2 + 2);
  let n = 0;
  all[n++] = 0;
  for (let i = 0; i < start.length; i++) {
    if ((last[i] ?? 0) > i + 1) continue;
    all[n++] = start[i] ?? 0;
    all[n++] = end[i] ?? 0;
  }
  all[n++] = total;
  return sharesOf(distinct(inOrder(all.subarray(0, n))));
}

/** Work that is done step by step comes in order, all but the end. */
function inOrder(moments: Float64Array): Float64Array {
  for (let i = 1; i < moments.length; i++) {
    if ((moments[i] ?? 0) < (moments[i - 1] ?? 0)) return moments.sort();
  }
  return moments;
}

function distinct(sorted: Float64Array): Float64Array {
  let n = 0;
  for (let i = 0; i < sorted.length; i++) {
    const moment = sorted[i] ?? 0;
    if (n === 0 || moment !== sorted[n - 1]) sorted[n++] = moment;
  }
  return sorted.slice(0, n);
}

function sharesOf(moments: Float64Array): Steps {
  const shares = new Float64Array(moments.length);
  let whole = 0;
  for (let i = 1; i < moments.length; i++) {
    const gap = (moments[i] ?? 0) - (moments[i - 1] ?? 0);
    whole += Math.log1p(gap / UNIT_MS) + LEAST;
    shares[i] = whole;
  }
  for (let i = 0; i < shares.length; i++) shares[i] = (shares[i] ?? 0) / (whole || 1);
  return { moments, shares };
}
