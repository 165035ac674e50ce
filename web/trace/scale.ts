// From moments to places on the waterfall and back: linear, or bent to steps; all of the trace, or a part of it.
import type { TraceModel } from "./model.ts";
import { stepsOf } from "./steps.ts";

/** How time is drawn. */
export type ScaleName = "time" | "steps";

/** Moments to places, from 0 at the left edge to 1 at the right one. */
export interface Scale {
  /** Where a moment is; below 0 and above 1 it lies outside. */
  readonly at: (moment: number) => number;
  /** The moment at a place. */
  readonly moment: (at: number) => number;
  /** Parts of a span that are shorter than this, in milliseconds, are too thin to be seen where time is not bent. */
  readonly leastMs: number;
}

/** The part of a trace that is seen: shares of the whole, as the scale has them. */
export interface Window {
  readonly from: number;
  readonly to: number;
}

/** A part is seen where it is wider than this share of the waterfall. */
export const LEAST_PART: number = 1 / 260;

/** All of it. */
export const WHOLE: Window = { from: 0, to: 1 };

/** A scale. `length` is what the whole stands for: a running trace leaves room for what is to come. */
export function scaleOf(model: TraceModel, name: ScaleName, window: Window, length: number): Scale {
  const width = window.to - window.from;
  const room = model.total / length;
  const [to, back] = [bent(model), unbent(model)];
  const isBent = name === "steps";
  const share = isBent ? (moment: number) => to(moment) * room : (moment: number) => moment / length;
  const moment = isBent ? (part: number) => back(part / room) : (part: number) => part * length;
  return {
    at: (at) => (share(at) - window.from) / width,
    moment: (at) => moment(window.from + at * width),
    leastMs: LEAST_PART * width * length,
  };
}

/** The moments of the ruler, and what they are called: at most so many. */
export function ticksOf(from: number, to: number, most: number): number[] {
  const step = STEPS.find((ms) => (to - from) / ms <= most) ?? (to - from) / most;
  const ticks: number[] = [];
  for (let i = Math.ceil(from / step); i * step <= to; i++) ticks.push(i * step);
  return ticks;
}

/** The roundest moment between two. */
export function roundest(from: number, to: number): number {
  for (const step of STEPS.toReversed()) {
    const moment = Math.ceil(from / step) * step;
    if (moment <= to) return moment;
  }
  return (from + to) / 2;
}

/** What a running trace that is seen whole widens in. */
export function roundedUp(ms: number): number {
  const step = STEPS.find((one) => ms / one <= 13) ?? ms / 13;
  return Math.ceil(ms / step) * step;
}

const STEPS = [1e-3, 1e-2, 0.1, 1, 10, 100, 1000, 10_000]
  .flatMap((unit) => [unit, 2 * unit, 5 * unit])
  .concat([60_000, 120_000, 300_000, 600_000, 1_800_000, 3_600_000, 7_200_000, 21_600_000, 86_400_000]);

function bent(model: TraceModel): (moment: number) => number {
  const { moments, shares } = stepsOf(model);
  return (moment) => between(moments, shares, moment);
}

function unbent(model: TraceModel): (share: number) => number {
  const { moments, shares } = stepsOf(model);
  return (share) => between(shares, moments, share);
}

/** Of two rising lists, what the second has where the first has `x`. */
function between(xs: Float64Array, ys: Float64Array, x: number): number {
  let [low, high] = [0, xs.length - 1];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((xs[middle] ?? 0) <= x) low = middle;
    else high = middle;
  }
  const [x0 = 0, x1 = 0, y0 = 0, y1 = 0] = [xs[low], xs[high], ys[low], ys[high]];
  return x1 === x0 ? y0 : y0 + ((x - x0) / (x1 - x0)) * (y1 - y0);
}
