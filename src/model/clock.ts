// One clock: whole microseconds since the epoch, steady between corrections, in step with the system's clock or with the one
// that a test has put in its place.
import { steadyNow, steadyOriginMs, systemNow } from "./timers.ts";

/** So short that hardly a span begins before a jump is seen and ends after; so long that it costs a burst nothing. */
const RECHECK_AFTER_MS = 20;
const TOLERATED_DRIFT_MS = 5;
/** So far may the clock run ahead to keep starts apart: a thousand spans in one burst. */
const MAX_LEAD_MICROS = 1000;

/** In an array, since a variable would be a number on the heap: read by a detour, and a new one each time it is given. */
const times = new Float64Array([Number.NaN, Number.NEGATIVE_INFINITY, 0]);
/** Where in it: what the steady clock counts from, when that was checked last, and the latest time that was given. */
const ORIGIN_MS = 0;
const CHECKED_AT_MS = 1;
const LATEST_MICROS = 2;

/**
 * Now, in whole microseconds since the epoch. The steady clock gives the microseconds; now and then it is compared with the
 * system's clock and set right when a suspended machine or a corrected clock has moved them apart. Where `Date.now` was
 * replaced, as by fake timers, that is the time. It goes back only where the time jumps back by more than a millisecond.
 */
export function nowMicros(): number {
  return tick(0);
}

/**
 * The same, and later than every time before, so that spans keep their order where several start within a microsecond.
 * In a burst it runs ahead by a millisecond at most; beyond that, times tie.
 */
export function nextMicros(): number {
  return tick(1);
}

function tick(step: number): number {
  const now = Date.now === systemNow ? steadyMicros() : Date.now() * 1000;
  const latest = times[LATEST_MICROS] ?? 0;
  const time = latest - now > MAX_LEAD_MICROS ? now : inOrder(now, latest, step);
  times[LATEST_MICROS] = time;
  return time;
}

function inOrder(now: number, latest: number, step: number): number {
  const next = latest + step;
  if (now >= next) return now;
  return next - now <= MAX_LEAD_MICROS ? next : latest;
}

function steadyMicros(): number {
  const steadyMs = steadyNow();
  const sinceMs = steadyMs - (times[CHECKED_AT_MS] ?? 0);
  // Behind it where a test had put the steady clock forward, and has put it back.
  if (sinceMs > RECHECK_AFTER_MS || sinceMs < 0) followSystemClock(steadyMs);
  return Math.round(((times[ORIGIN_MS] ?? 0) + steadyMs) * 1000);
}

function followSystemClock(steadyMs: number): void {
  times[CHECKED_AT_MS] = steadyMs;
  // NaN before the first look.
  const originMs = times[ORIGIN_MS] || steadyOriginMs();
  const driftMs = systemNow() - (originMs + steadyMs);
  times[ORIGIN_MS] = Math.abs(driftMs) > TOLERATED_DRIFT_MS ? originMs + driftMs : originMs;
}

/** A Date that knows its microseconds, for times that come from elsewhere. */
export class PreciseDate extends Date {
  readonly micros: number;

  /** Takes whole microseconds since the epoch. */
  constructor(micros: number) {
    super(Math.floor(micros / 1000));
    this.micros = micros;
  }
}

/** Whole microseconds since the epoch of a Date; undefined for an invalid one. */
export function microsOf(date: Date): number | undefined {
  const ms = date.getTime();
  if (Number.isNaN(ms)) return undefined;
  return date instanceof PreciseDate && Math.floor(date.micros / 1000) === ms ? date.micros : ms * 1000;
}

/** The same of a Date that is known to be valid, such as the `since` of a query that was checked. */
export function boundOf(date: Date): number {
  return microsOf(date) ?? Number.NaN;
}

/** ISO 8601 in UTC of a Date, with six digits. Exact for every date; microseconds since the epoch are so until 2255. */
export function isoDate(date: Date): string {
  const micros = microsOf(date) ?? 0;
  const beyond = date instanceof PreciseDate ? micros - Math.floor(micros / 1000) * 1000 : 0;
  return `${date.toISOString().slice(0, -1)}${String(beyond).padStart(3, "0")}Z`;
}

/** ISO 8601 in UTC with six digits: `2026-11-22T10:36:03.657928Z`. */
export function isoMicros(micros: number): string {
  const second = Math.floor(micros / 1_000_000);
  if (second !== latestSecond) {
    latestSecondText = new Date(second * 1000).toISOString().slice(0, -4);
    latestSecond = second;
  }
  return `${latestSecondText}${String(micros - second * 1_000_000 + 1_000_000).slice(1)}Z`;
}

/** Most times that are written lie in the same second: its text is made once. */
let latestSecond = Number.NaN;
let latestSecondText = "";

const ISO = /^((?:\d{4}|[+-]\d{6})-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:?\d\d)?$/;

/** Reads ISO 8601 down to the microsecond (`Z`, an offset or none, which is UTC); undefined where it is none. */
export function parseIsoMicros(text: string): number | undefined {
  const parts = parseIso(text);
  return parts && parts.ms * 1000 + parts.micros;
}

/** Reads ISO 8601 as a Date, which knows its microseconds where there are any; undefined where it is none. */
export function parseIsoDate(text: string): Date | undefined {
  const parts = parseIso(text);
  if (parts === undefined) return undefined;
  const micros = parts.ms * 1000 + parts.micros;
  const isPrecise = parts.micros % 1000 !== 0 && Number.isSafeInteger(micros);
  const date = isPrecise ? new PreciseDate(micros) : new Date(parts.ms + Math.floor(parts.micros / 1000));
  return Number.isNaN(date.getTime()) ? undefined : date;
}

/** The whole seconds, in milliseconds, and the microseconds beyond them. */
function parseIso(text: string): { ms: number; micros: number } | undefined {
  const [, seconds, fraction = "", zone = "Z"] = ISO.exec(text) ?? [];
  const ms = Date.parse(`${seconds}${zone}`);
  return Number.isNaN(ms) ? undefined : { ms, micros: Number(fraction.slice(0, 6).padEnd(6, "0")) };
}
