// Durations, times, counts and ids as people read them.

import { idText } from "../model/conversation.ts";
import { escapeText } from "../model/escape.ts";
import { compact, count, counted } from "../render/figures.ts";
import { boundedJson } from "../render/text.ts";
import { cutToWidth } from "../render/width.ts";
import type { Progress } from "../tracing/store.ts";

export {
  compact,
  cost,
  costInWords,
  count,
  counted,
  dollars,
  duration,
  keptInWords,
  share,
  timestamp,
  tokens,
  tokensInWords,
} from "../render/figures.ts";
export { idText };

/** `12,345 spans counted, about 600 left`. */
export function howFar({ done, left }: Progress, what: string): string {
  return left === undefined
    ? `${counted(done, "span")} looked at`
    : `${counted(done, "span")} ${what}, about ${count(left)} left`;
}

/** `4.2 MB`. */
export function bytes(n: number): string {
  return n < 1000 ? `${n} B` : compact(n).replace(/(.)$/, (unit) => ` ${unit === "k" ? "kB" : `${unit}B`}`);
}

/** `just now`, `12s ago`, `5m ago`, `3h ago`, `12d ago`; older than two months: `20 Sep 2026`. */
export function age(date: Date, now: Date): string {
  const seconds = Math.floor((now.getTime() - date.getTime()) / 1000);
  // Clocks of two hosts differ a little; what lies further ahead has its date.
  if (seconds < -60 || seconds >= 60 * DAY) return shortDate(date);
  if (seconds < 5) return "just now";
  if (seconds < 60) return `${seconds}s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m ago`;
  return seconds < DAY ? `${Math.floor(seconds / 3600)}h ago` : `${Math.floor(seconds / DAY)}d ago`;
}

const DAY = 24 * 3600;

function shortDate(date: Date): string {
  return `${date.getUTCDate()} ${MONTHS[date.getUTCMonth()]} ${date.getUTCFullYear()}`;
}

/** One line of escaped text, white space made one, cut to the width. */
export function words(text: string, width: number): string {
  const line = text
    .slice(0, width * 8)
    .replace(/\s+/g, " ")
    .trim();
  return cutToWidth(escapeText(line), width);
}

/** A value of any kind in the same way. */
export function brief(value: unknown, width: number): string {
  return words(typeof value === "string" ? value : boundedJson(value, width + 1), width);
}

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"] as const;
