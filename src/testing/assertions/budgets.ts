// Budgets: what spans took, cost and used, against what they may.
import { isTurnHead } from "../../conventions/reading.ts";
import { type Summary, summarize } from "../../conventions/summary.ts";
import { TracelightError } from "../../model/errors.ts";
import { DURATION_FORMS, durationOf } from "../../model/times.ts";
import { count, counted, dollars, duration } from "../../render/figures.ts";
import type { Finding } from "./finding.ts";
import type { TraceView } from "./view.ts";

/** What may be used at most; what is not given is not limited. */
export interface Budget {
  /** Tokens that models were given, cached ones included. */
  readonly inputTokens?: number | undefined;
  /** Tokens that models gave, those of reasoning included. */
  readonly outputTokens?: number | undefined;
  /** Both. */
  readonly totalTokens?: number | undefined;
  /** Turns, as `tracelight show` has them. */
  readonly turns?: number | undefined;
  /** Model calls; one that is there twice, as a library's and as its client's, is one. */
  readonly modelCalls?: number | undefined;
  /** Tool calls. */
  readonly toolCalls?: number | undefined;
  /** Runs of agents, sub-agents among them. */
  readonly agents?: number | undefined;
  /** Spans of any kind. */
  readonly spans?: number | undefined;
}

/** Whether no more was used than may be. */
export function toUseAtMost(view: TraceView, most: Budget): Finding {
  const used = usedBy(view);
  const parts = PARTS.flatMap(([part, noun]) => {
    const limit = most[part];
    return limit === undefined ? [] : [{ noun, limit, used: used[part] }];
  });
  const over = parts.filter((part) => part.used > part.limit);
  const expected = parts.map(({ noun, limit }) => counted(limit, noun)).join(", ");
  return {
    holds: over.length === 0,
    expected: `at most ${expected || "nothing in particular"}`,
    unexpected: `more than ${expected}`,
    because: [`There ${inWords(over.length === 0 ? parts : over)}.`],
    marked: [],
  };
}

function inWords(parts: readonly { readonly noun: string; readonly used: number }[]): string {
  return `were ${parts.map(({ noun, used }) => counted(used, noun)).join(", ") || "none"}`;
}

const PARTS: readonly (readonly [part: keyof Budget, noun: string])[] = [
  ["inputTokens", "input token"],
  ["outputTokens", "output token"],
  ["totalTokens", "token"],
  ["turns", "turn"],
  ["modelCalls", "model call"],
  ["toolCalls", "tool call"],
  ["agents", "agent run"],
  ["spans", "span"],
];

function usedBy(view: TraceView): Readonly<Record<keyof Budget, number>> {
  const { inputTokens = 0, outputTokens = 0, modelCalls = 0, toolCalls = 0 } = summaryOf(view) ?? {};
  return {
    inputTokens,
    outputTokens,
    totalTokens: inputTokens + outputTokens,
    turns: view.turns.length,
    modelCalls,
    toolCalls,
    agents: view.read.filter(({ reading }) => isTurnHead(reading.kind)).length,
    spans: view.spans.length,
  };
}

function summaryOf({ spans, options }: TraceView): Summary | undefined {
  return summarize(spans, "trace", options.prices);
}

/** Whether it cost no more: what has no price is no sum. */
export function toCostAtMost(view: TraceView, usd: number): Finding {
  if (view.options.prices === undefined) throw noPrices();
  const { costUsd = 0, unpricedCalls = 0 } = summaryOf(view) ?? {};
  const unpriced =
    unpricedCalls === 0 ? "" : ` ${counted(unpricedCalls, "call")} without a price not counted.`;
  return {
    holds: costUsd <= usd && unpricedCalls === 0,
    expected: `a cost of at most ${dollars(usd)}`,
    unexpected: `a cost of more than ${dollars(usd)}`,
    because: [`It is ${dollars(costUsd)}.${unpriced}`],
    marked: [],
  };
}

function noPrices(): TracelightError {
  return new TracelightError(
    "INVALID_ARGUMENT",
    "toCostAtMost needs to know what models cost: expectTraces(spans, { prices: await loadPrices() })",
  );
}

/** Whether at least that share of the input was read from a cache. */
export function toReadFromCache(view: TraceView, share: number): Finding {
  const { inputTokens = 0, cachedReadTokens = 0 } = summaryOf(view) ?? {};
  const read = inputTokens === 0 ? 0 : cachedReadTokens / inputTokens;
  return {
    holds: read >= share,
    expected: `at least ${percent(share)} of the input read from a cache`,
    unexpected: `less than ${percent(share)} of the input read from a cache`,
    because: [`It was ${percent(read)}: ${count(cachedReadTokens)} of ${counted(inputTokens, "token")}.`],
    marked: [],
  };
}

function percent(share: number): string {
  return `${Math.round(share * 1000) / 10} %`;
}

/** Whether it took no longer, from the first start to the last end. */
export function toTakeAtMost({ spans }: TraceView, time: number | string): Finding {
  const limit = typeof time === "number" ? time : millisOf(time);
  const ends = spans.map(({ endedAtMicros }) => endedAtMicros);
  const first = spans[0]?.startedAtMicros ?? 0;
  const running = spans.filter(({ endedAtMicros }) => endedAtMicros === undefined);
  const took = ends.reduce<number>((last, end) => Math.max(last, end ?? last), first) - first;
  const isOver = running.length > 0;
  return {
    holds: !isOver && took / 1000 <= limit,
    expected: `at most ${duration(limit)}`,
    unexpected: `more than ${duration(limit)}`,
    because: [
      isOver ? `${counted(running.length, "span")} did not end.` : `It took ${duration(took / 1000)}.`,
    ],
    marked: running,
  };
}

function millisOf(time: string): number {
  const micros = durationOf(time);
  if (micros === undefined)
    throw new TracelightError("INVALID_ARGUMENT", `"${time}" is no time: write ${DURATION_FORMS}`);
  return micros / 1000;
}
