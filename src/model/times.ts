// What a time may be, and how people write one: in options, in filters, at the command line.
import { microsOf, parseIsoDate, parseIsoMicros } from "./clock.ts";

/**
 * The first and the last time that every store can hold, in microseconds since the epoch: 1970-01-01, and 2255-06-05. Keys and OTLP
 * have no negative ones, and beyond the last a number is not exact.
 */
const EARLIEST = 0;
const LATEST: number = Number.MAX_SAFE_INTEGER;

/** For messages. */
export const TIME_RANGE = "from 1970 to June 2255";

/** True for what may be the time of a span: whole microseconds since the epoch, from 1970 to June 2255. */
export function isTime(micros: unknown): micros is number {
  return Number.isSafeInteger(micros) && Number(micros) >= EARLIEST;
}

/** The time itself, or the nearest that may be one; the earliest for what is no number. */
export function nearestTime(micros: number): number {
  if (isTime(micros)) return micros;
  if (Number.isNaN(micros)) return EARLIEST;
  return Math.min(LATEST, Math.max(EARLIEST, Math.round(micros)));
}

/** A Date as the time of a span; undefined for an invalid one, and for one that may be none. */
export function timeOfDate(date: Date): number | undefined {
  const micros = microsOf(date);
  return isTime(micros) ? micros : undefined;
}

const MINUTE = 60e6;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const UNITS: ReadonlyMap<string, number> = new Map([
  ["us", 1],
  ["ms", 1e3],
  ["s", 1e6],
  ["m", MINUTE],
  ["min", MINUTE],
  ["h", HOUR],
  ["d", DAY],
  ["w", 7 * DAY],
]);

/** How lengths of time are written, for messages. */
export const DURATION_FORMS = "250ms, 2s, 30m, 2h, 7d or 4w";

/** How times are written, for messages. */
export const TIME_FORMS = "2h ago, today, yesterday, 2026-11-22 or 2026-11-22T14:40";

/** A length of time such as `90s`, `2h`, `1.5d`, in whole microseconds; undefined for what is none, or is longer than 285 years. */
export function durationOf(text: string): number | undefined {
  const [, amount, unit = ""] = /^([+-]?\d+(?:\.\d+)?)\s*([a-z]+)$/i.exec(text) ?? [];
  const micros = Math.round(Number(amount) * (UNITS.get(unit.toLowerCase()) ?? Number.NaN));
  return Number.isSafeInteger(micros) ? micros : undefined;
}

/**
 * A time that somebody wrote, in microseconds since the epoch: so long ago (`2h ago`, or `2h` alone), `today`, `yesterday`, a date, or a
 * date and a time of day behind a `T` or a space. In UTC where no zone is written; a date is its midnight. Undefined for what is none.
 */
export function timeOf(text: string, nowMicros: number): number | undefined {
  const ago = durationOf(text.replace(/\s+ago$/i, ""));
  if (ago !== undefined) return ago < 0 ? undefined : nowMicros - ago;
  return dayOf(text, nowMicros) ?? dateOf(text);
}

function dayOf(text: string, nowMicros: number): number | undefined {
  const back = ["today", "yesterday"].indexOf(text.toLowerCase());
  return back < 0 ? undefined : (Math.floor(nowMicros / DAY) - back) * DAY;
}

/** A date, or a date and time, in microseconds since the epoch. */
export function dateOf(text: string): number | undefined {
  const [, date, time = "00:00", seconds = ":00", zone = "Z"] = DATE.exec(text) ?? [];
  if (date === undefined) return undefined;
  // The 30th of February would be taken for a day in March.
  const isReal = parseIsoDate(`${date}T00:00:00Z`)?.toISOString().startsWith(date) === true;
  return isReal ? parseIsoMicros(`${date}T${time}${seconds}${zone}`) : undefined;
}

const DATE = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d)(:\d\d(?:\.\d{1,9})?)?(Z|[+-]\d\d:?\d\d)?)?$/;
