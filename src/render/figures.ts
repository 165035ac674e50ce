// Times, counts and costs as people read them, in the terminal, by the command and in Markdown: one way for each.
import type { Bill } from "../conventions/cost.ts";

/** `58 µs`, `1.4 ms`, `812 ms`, `1.23 s`, `2m 05s`, `3h 12m`, `2d 3h`. */
export function duration(ms: number): string {
  if (ms < 0.9995) return `${Math.round(ms * 1000)} µs`;
  if (ms < 9.95) return `${ms.toFixed(1)} ms`;
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  if (ms < 9_995) return `${(ms / 1000).toFixed(2)} s`;
  if (ms < 59_950) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m ${two(seconds % 60)}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 24 * 60) return `${Math.floor(minutes / 60)}h ${two(minutes % 60)}m`;
  return `${Math.floor(minutes / 1440)}d ${Math.floor((minutes % 1440) / 60)}h`;
}

/** `12,345`. */
export function count(n: number): string {
  return String(n).replace(/\B(?=(\d{3})+$)/g, ",");
}

/** `999`, `1.2k`, `340k`, `1.2M`. */
export function compact(n: number): string {
  if (n < 1000) return String(n);
  const power = n < 999_500 ? 1 : n < 999_500_000 ? 2 : 3;
  const scaled = n / 1000 ** power;
  return `${scaled < 99.95 ? scaled.toFixed(1).replace(/\.0$/, "") : Math.round(scaled)}${"kMG"[power - 1]}`;
}

function two(n: number): string {
  return String(n).padStart(2, "0");
}

/** `12,345 spans`, `1 span`. */
export function counted(n: number, noun: string, plural: string = `${noun}s`): string {
  return `${count(n)} ${n === 1 ? noun : plural}`;
}

/** `from 60 kept at 5 %`: what an estimate is made of. */
export function keptInWords(kept: number, of: number): string {
  const percent = (kept / Math.max(1, of)) * 100;
  return `from ${count(kept)} kept at ${percent < 1 ? percent.toPrecision(1) : Math.round(percent)} %`;
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

/** `8 %`, `<1 %`. */
export function share(part: number): string {
  return `${part > 0 && part < 0.01 ? "<1" : Math.round(part * 100)} %`;
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
