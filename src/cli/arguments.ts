// What people write for times, durations, sizes and counts.
import { parseIsoDate } from "../model/clock.ts";
import { UsageError } from "./failures.ts";

/** A length of time such as `90s`, `2h`, `1.5d`; in milliseconds. Throws UsageError. */
export function parseDuration(text: string): number {
  const ms = durationOf(text);
  if (ms === undefined) throw new UsageError(`"${text}" is no length of time; write 90s, 30m, 2h, 7d or 4w`);
  return ms;
}

function durationOf(text: string): number | undefined {
  const [, amount, unit = ""] = /^(\d+(?:\.\d+)?)\s*([a-z]+)$/i.exec(text.trim()) ?? [];
  const unitMs = UNITS.get(unit.toLowerCase());
  return unitMs === undefined ? undefined : Number(amount) * unitMs;
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const UNITS: ReadonlyMap<string, number> = new Map([
  ["ms", 1],
  ["s", SECOND],
  ["m", MINUTE],
  ["min", MINUTE],
  ["h", HOUR],
  ["d", DAY],
  ["w", 7 * DAY],
]);

/** A time: so long ago (`2h`), `today`, `yesterday`, or a date with or without a time of day. Throws UsageError. */
export function parseTime(text: string): Date {
  const ago = durationOf(text);
  const date = ago === undefined ? (dayOf(text) ?? dateOf(text.trim())) : new Date(Date.now() - ago);
  if (date === undefined || Number.isNaN(date.getTime())) {
    throw new UsageError(
      `"${text}" is no time; write 2h (ago), today, yesterday, 2026-11-22 or 2026-11-22T14:40`,
    );
  }
  return date;
}

function dayOf(text: string): Date | undefined {
  const back = ["today", "yesterday"].indexOf(text.trim().toLowerCase());
  if (back < 0) return undefined;
  return new Date((Math.floor(Date.now() / DAY) - back) * DAY);
}

/** In UTC where no zone is written: as in filters, and as the command shows times. */
function dateOf(text: string): Date | undefined {
  const [, date, time = "00:00", seconds = ":00", zone = "Z"] = DATE.exec(text) ?? [];
  if (date === undefined) return undefined;
  // Out of range is no date, where `new Date` would go on into the next month.
  const isReal = parseIsoDate(`${date}T00:00:00Z`)?.toISOString().startsWith(date) === true;
  return isReal ? parseIsoDate(`${date}T${time}${seconds}${zone}`) : undefined;
}

const DATE = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d)(:\d\d(?:\.\d{1,9})?)?(Z|[+-]\d\d:?\d\d)?)?$/;

/** A size such as `500mb` or `2gb` (thousands), `2gib` (1024); in bytes. Throws UsageError. */
export function parseSize(text: string): number {
  const [, amount, letter = "", binary = ""] = /^(\d+(?:\.\d+)?)\s*([kmgt]?)(i?)b?$/i.exec(text.trim()) ?? [];
  if (amount === undefined)
    throw new UsageError(`"${text}" is no size; write 500mb, 2gb or a number of bytes`);
  const power = ["", "k", "m", "g", "t"].indexOf(letter.toLowerCase());
  return Math.round(Number(amount) * (binary === "" ? 1000 : 1024) ** power);
}

/** A whole number from 1 to `most`. Throws UsageError. */
export function parseCount(text: string, most: number = Number.MAX_SAFE_INTEGER): number {
  const count = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (count >= 1 && count <= most) return count;
  const range = most === Number.MAX_SAFE_INTEGER ? "of at least 1" : `from 1 to ${most}`;
  throw new UsageError(`"${text}" is no whole number ${range}`);
}

/** A port; 0 for any that is free. Throws UsageError. */
export function parsePort(text: string): number {
  const port = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (port <= 65_535) return port;
  throw new UsageError(`--port: "${text}" is no whole number from 0 to 65535`);
}

/** The origin of web pages, or `*` for any. Throws UsageError. */
export function parseOrigin(text: string): string {
  const origin = text === "*" ? "*" : originOf(text);
  if (origin !== undefined) return origin;
  throw new UsageError(`--origin: "${text}" is no origin; write https://app.example.com, or * for any`);
}

/** Undefined where there is more than a slash behind it. */
function originOf(text: string): string | undefined {
  const url = /^https?:/i.test(text) && URL.canParse(text) ? new URL(text) : undefined;
  return url?.href === `${url?.origin}/` ? url?.origin : undefined;
}
