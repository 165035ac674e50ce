// Numbers, durations and times as the filter language writes them.
import { parseIsoMicros } from "./clock.ts";

const MICROS: Readonly<Record<string, number>> = { us: 1, ms: 1e3, s: 1e6, m: 6e7, h: 3.6e9, d: 8.64e10 };

/** Whole numbers with an n are bigints. Undefined for what is none, or is beyond the range of numbers. */
export function numberOf(text: string): number | bigint | undefined {
  if (/^[+-]?\d+n$/.test(text)) return BigInt(text.slice(0, -1));
  const number = /^[+-]?\d+(\.\d+)?(e[+-]?\d+)?$/i.test(text) ? Number(text) : Number.NaN;
  return Number.isFinite(number) ? number + 0 : undefined;
}

/** A duration in whole microseconds; undefined for what is none, or is longer than 285 years. */
export function durationOf(text: string): number | undefined {
  const [, amount, unit = ""] = /^([+-]?\d+(?:\.\d+)?)(us|ms|s|m|h|d)$/.exec(text) ?? [];
  const micros = Math.round(Number(amount) * (MICROS[unit] ?? Number.NaN));
  return Number.isSafeInteger(micros) ? micros : undefined;
}

/** A date, or a date and time, in microseconds since the epoch; in UTC unless it says otherwise. */
export function timeOf(text: string): number | undefined {
  const iso = /^(\d{4}-\d\d-\d\d)(?:T(\d\d:\d\d)(:\d\d(?:\.\d{1,9})?)?(Z|[+-]\d\d:?\d\d)?)?$/.exec(text);
  if (iso === null) return undefined;
  const [, day = "", time = "00:00", seconds = ":00", zone = "Z"] = iso;
  // The 30th of February would be taken for a day in March.
  const midnight = parseIsoMicros(`${day}T00:00:00Z`);
  const isDay = midnight !== undefined && new Date(midnight / 1000).toISOString().startsWith(day);
  return isDay ? parseIsoMicros(`${day}T${time}${seconds}${zone}`) : undefined;
}
