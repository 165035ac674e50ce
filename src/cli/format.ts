// Durations, times, counts and ids as people read them.

import type { Bill } from "../conventions/cost.ts";
import { idText } from "../model/conversation.ts";
import { escapeText } from "../model/escape.ts";
import { compact, count, duration } from "../render/figures.ts";
import { boundedJson } from "../render/text.ts";
import { cutToWidth } from "../render/width.ts";

export { compact, count, duration, idText };

/** `12,345 spans`, `1 span`. */
export function counted(n: number, noun: string, plural: string = `${noun}s`): string {
  return `${count(n)} ${n === 1 ? noun : plural}`;
}

/** `312→48`: tokens in and out; empty where there are none. */
export function tokens(input: number, output: number): string {
  return input === 0 && output === 0 ? "" : `${compact(input)}→${compact(output)}`;
}

/** Tokens of a row. */
interface Used {
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly cachedReadTokens: number;
  readonly cachedWriteTokens: number;
  readonly reasoningTokens: number;
}

/** `3k→300 tokens (1.2k cached, 270 for reasoning)`; empty where there are none. */
export function tokensInWords(used: Used): string {
  const text = tokens(used.inputTokens, used.outputTokens);
  const parts = [
    [used.cachedReadTokens, "cached"],
    [used.cachedWriteTokens, "written to a cache"],
    [used.reasoningTokens, "for reasoning"],
  ] as const;
  const within = parts.flatMap(([n, what]) => (n === 0 ? [] : `${compact(n)} ${what}`)).join(", ");
  return text === "" ? "" : `${text} tokens${within === "" ? "" : ` (${within})`}`;
}

/** `$12.35`, `$0.0192`, `<$0.0001`. */
export function dollars(n: number): string {
  if (n === 0 || n >= 1) return `$${n < 1000 ? n.toFixed(2) : count(Math.round(n))}`;
  return n < 0.00005 ? "<$0.0001" : `$${n.toFixed(4)}`;
}

/** What calls cost, `+` where some have no price; empty where nothing was called, `no price` where none has one. */
export function cost({ costUsd, unpricedCalls }: Bill): string {
  if (costUsd === undefined) return unpricedCalls === 0 ? "" : NO_PRICE;
  return unpricedCalls === 0 ? dollars(costUsd) : `${dollars(costUsd)}+`;
}

/** The same in words: `$0.0192 and 2 calls without a price`. */
export function costInWords({ costUsd, unpricedCalls }: Bill): string {
  if (costUsd === undefined || unpricedCalls === 0) return cost({ costUsd, unpricedCalls });
  return `${dollars(costUsd)} and ${counted(unpricedCalls, "call")} without a price`;
}

const NO_PRICE = "no price";

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

/** `2026-11-22 14:40:17Z`. */
export function timestamp(date: Date): string {
  return `${day(date)} ${timeOfDay(date)}Z`;
}

/** `2026-11-22`: the day in UTC. */
function day(date: Date): string {
  return date.toISOString().split("T", 1)[0] ?? "";
}

/** `14:40:17` in UTC. */
function timeOfDay(date: Date): string {
  return date.toISOString().slice(-13, -5);
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
