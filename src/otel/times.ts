// Times as OpenTelemetry has them, and as whole microseconds since the epoch.
import type * as api from "@opentelemetry/api";
import { microsOf, nowMicros, PreciseDate } from "../model/clock.ts";
import { nearestTime } from "../model/times.ts";

/**
 * The microseconds of a time: a Date, `[seconds, nanoseconds]`, milliseconds since the epoch or of
 * `performance.now()`.
 */
export function microsOfTime(time: unknown): number | undefined {
  if (typeof time === "number") return microsOfNumber(time);
  if (time instanceof Date) return usable(microsOf(time) ?? Number.NaN);
  if (!isHrTime(time)) return undefined;
  return usable(time[0] * 1_000_000 + Math.floor(time[1] / 1000));
}

/** A Date for the calls of a span; an invalid one, which the span reports, for what is no time. */
export function dateOf(time: unknown): Date | undefined {
  if (time === undefined || time === null) return undefined;
  return new PreciseDate(microsOfTime(time) ?? Number.NaN);
}

/** True for what OpenTelemetry takes for a time. */
export function isTime(value: unknown): value is api.TimeInput {
  return typeof value === "number" || value instanceof Date || isHrTime(value);
}

/** `[seconds, nanoseconds]`. */
export function hrTimeOf(micros: number): api.HrTime {
  const seconds = Math.floor(micros / 1_000_000);
  return [seconds, (micros - seconds * 1_000_000) * 1000];
}

/** A number up to now's is of `performance.now()`: as since the epoch it would lie in the first days of 1970. */
function microsOfNumber(time: number): number | undefined {
  const steadyMs = performance.now();
  if (time > steadyMs) return usable(Math.round(time * 1000));
  return usable(nowMicros() - Math.round((steadyMs - time) * 1000));
}

/** Numbers that no span can have become the nearest that it can. */
function usable(micros: number): number | undefined {
  return Number.isNaN(micros) ? undefined : nearestTime(micros);
}

function isHrTime(value: unknown): value is api.HrTime {
  return Array.isArray(value) && value.length === 2 && value.every((part) => typeof part === "number");
}
