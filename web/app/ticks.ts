// The moments of a time axis: round ones of the zone that is shown, so many that their words have room.
import { clock, nextStep, shortDay, weekday } from "./moments.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const STEPS_MS = [1 / 12, 1 / 4, 1, 3, 6, 12, 24, 48, 7 * 24, 30 * 24].map((hours) => hours * HOUR_MS);

/** A moment with its words. */
export interface Tick {
  readonly at: number;
  /** How far along the axis, from 0 to 1. */
  readonly share: number;
  readonly label: string;
}

/** At most so many moments between two. */
export function ticksOf(
  { since, length }: { readonly since: number; readonly length: number },
  most: number,
): Tick[] {
  const step = STEPS_MS.find((ms) => length / ms <= most) ?? length / most;
  const ticks: Tick[] = [];
  for (let at = nextStep(since, step); at < since + length; at += step)
    ticks.push({ at, share: (at - since) / length, label: labelOf(at, step, length) });
  return ticks;
}

function labelOf(at: number, step: number, length: number): string {
  const time = clock(at, "minutes");
  if (step < DAY_MS && time !== "00:00") return time;
  return step === DAY_MS && length <= 8 * DAY_MS ? weekday(at) : shortDay(at);
}
