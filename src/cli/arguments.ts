// What people write for times, durations, sizes and counts.
import { PreciseDate } from "../model/clock.ts";
import { DURATION_FORMS, durationOf, nearestTime, TIME_FORMS, timeOf } from "../model/times.ts";
import { UsageError } from "./failures.ts";

/** A length of time such as `90s`, `2h`, `1.5d`; in milliseconds. Throws UsageError. */
export function parseDuration(text: string): number {
  const micros = durationOf(text.trim());
  if (micros !== undefined && micros >= 0) return micros / 1000;
  throw new UsageError(`"${text}" is no length of time; write ${DURATION_FORMS}`);
}

/** A time, see `timeOf`. Throws UsageError. */
export function parseTime(text: string): Date {
  const micros = timeOf(text.trim(), Date.now() * 1000);
  if (micros !== undefined) return new PreciseDate(nearestTime(micros));
  throw new UsageError(`"${text}" is no time; write ${TIME_FORMS}`);
}

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
