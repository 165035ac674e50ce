// Moments as the page writes them: in the reader's zone or in UTC, ISO 8601 with `Z` where they are copied.
import { zone } from "./preferences.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const formats = new Map<string, Intl.DateTimeFormat>();

/** `24s`, `9m` within the hour, then the time of day: its day stands above. */
export function when(at: number, now: number): string {
  const ago = now - at;
  if (ago >= HOUR_MS || ago < -60_000) return clock(at, "minutes");
  return ago < 60_000 ? `${Math.max(1, Math.floor(ago / 1000))}s` : `${Math.floor(ago / 60_000)}m`;
}

/** `7m ago`, `3h ago`, `2d ago`. */
export function ago(at: number, now: number): string {
  const ms = Math.max(1000, now - at);
  if (ms < 60_000) return `${Math.floor(ms / 1000)}s ago`;
  if (ms < HOUR_MS) return `${Math.floor(ms / 60_000)}m ago`;
  return ms < DAY_MS ? `${Math.floor(ms / HOUR_MS)}h ago` : `${Math.floor(ms / DAY_MS)}d ago`;
}

/** `22:41`, `22:41:19`, `22:41:19.600`. */
export function clock(at: number, to: "minutes" | "seconds" | "millis" = "seconds"): string {
  const options: Intl.DateTimeFormatOptions = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
  if (to !== "minutes") options.second = "2-digit";
  if (to === "millis") options.fractionalSecondDigits = 3;
  return formatted(at, `clock ${to}`, options);
}

/** `Wed`. */
export function weekday(at: number): string {
  return formatted(at, "weekday", { weekday: "short" });
}

/** `Wed 25`. */
export function shortDay(at: number): string {
  return `${weekday(at)} ${formatted(at, "day", { day: "numeric" })}`;
}

/** `Wednesday 25 November`; with the year where it is not this one. */
export function longDay(at: number, now: number): string {
  const year = formatted(at, "year", { year: "numeric" });
  const isThis = year === formatted(now, "year", { year: "numeric" });
  const day = formatted(at, "long day", { weekday: "long", day: "numeric", month: "long" }).replace(",", "");
  return isThis ? day : `${day} ${year}`;
}

/** `Today`, `Yesterday`; empty for other days. */
export function relativeDay(at: number, now: number): string {
  if (dayKey(at) === dayKey(now)) return "Today";
  return dayKey(at) === dayKey(now - DAY_MS) ? "Yesterday" : "";
}

/** Tells days apart in the zone that is shown. */
export function dayKey(at: number): string {
  return formatted(at, "key", { year: "numeric", month: "2-digit", day: "2-digit" });
}

/** `2026-11-25T22:41:19.600Z`: for titles and copies. */
export function iso(at: number): string {
  return new Date(at).toISOString();
}

/** The start of the next step of the zone's clock at or after a moment, such as the next three hours. */
export function nextStep(at: number, stepMs: number): number {
  const shift = zone.value === "utc" ? 0 : -new Date(at).getTimezoneOffset() * 60_000;
  return Math.ceil((at + shift) / stepMs) * stepMs - shift;
}

/** `UTC`, `UTC+1`, `UTC−3:30`: what is said once, in the top bar. */
export function zoneName(): string {
  if (zone.value === "utc") return "UTC";
  const minutes = -new Date().getTimezoneOffset();
  if (minutes === 0) return "UTC";
  const [hours, rest] = [Math.floor(Math.abs(minutes) / 60), Math.abs(minutes) % 60];
  return `UTC${minutes < 0 ? "−" : "+"}${hours}${rest === 0 ? "" : `:${String(rest).padStart(2, "0")}`}`;
}

function formatted(at: number, name: string, options: Intl.DateTimeFormatOptions): string {
  const isUtc = zone.value === "utc";
  const key = `${name} ${isUtc}`;
  let format = formats.get(key);
  if (format === undefined) {
    format = new Intl.DateTimeFormat("en-GB", isUtc ? { ...options, timeZone: "UTC" } : options);
    formats.set(key, format);
  }
  return format.format(at);
}
