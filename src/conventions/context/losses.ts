// Where the cache can have been lost, from outlines alone: prompts are read only where something may be found.
import type { SpanOutline } from "../facts.ts";
import { cacheRules } from "./cache-rules.ts";
import { type PlannedCall, plannedCalls, ROUNDING } from "./calls.ts";
import type { PromptChange } from "./changes.ts";
import { type CachedCall, verdictOf } from "./verdicts.ts";

/** What the outlines of a conversation say. */
export interface PossibleLosses {
  /** Model calls: so many prompts would be read. */
  readonly calls: number;
  /** True where a call read less from the cache than one before it had there. Whether the prompt changed, its messages alone say. */
  readonly mayBe: boolean;
}

/** Whether the cache can have been lost in a conversation or trace. */
export function possibleLosses(outlines: readonly SpanOutline[]): PossibleLosses {
  const calls = plannedCalls(outlines);
  const threads = new Map<string, PlannedCall[]>();
  const agents = new Map<string, PlannedCall>();
  let mayBe = false;
  for (const call of calls) {
    const thread = threads.get(call.thread) ?? [];
    threads.set(call.thread, thread);
    mayBe ||= candidates(call, thread, agents.get(call.agent)).some((before) => mayHaveLost(call, before));
    if (call.outline.facts.failed === true && call.counted.facts.inputTokens === undefined) continue;
    thread.push(call);
    agents.set(call.agent, call);
  }
  return { calls: calls.length, mayBe };
}

/** Calls with which it may be compared: the last that had ended, those that ran beside that, or an earlier run's. */
function candidates(
  { outline: { startedAtMicros: start } }: PlannedCall,
  thread: readonly PlannedCall[],
  earlier: PlannedCall | undefined,
): readonly PlannedCall[] {
  const ended = thread.slice(-LOOK_BACK).filter((one) => endOf(one) <= start + ROUNDING);
  const last = ended.at(-1);
  if (last === undefined) return earlier === undefined || endOf(earlier) > start + ROUNDING ? [] : [earlier];
  return ended.filter((one) => one === last || endOf(one) > last.outline.startedAtMicros);
}

/** So many calls of an agent are looked at for the one before. */
export const LOOK_BACK = 32;

function endOf({ outline: { endedAtMicros = Number.POSITIVE_INFINITY } }: PlannedCall): number {
  return endedAtMicros;
}

/** Were the prompt another from its first message on. */
function mayHaveLost(call: PlannedCall, before: PlannedCall): boolean {
  const pauseMs = (call.outline.startedAtMicros - endOf(before)) / 1000;
  const { state } = verdictOf({
    ...{ call: cachedCall(call), before: { ...cachedCall(before), pauseMs } },
    ...{ change: CHANGED, reported: undefined, freshTokens: 0 },
  });
  return state === "broken";
}

const CHANGED: PromptChange = {
  ...{ same: 0, newFrom: 0, compaction: undefined, isFresh: false },
  change: { place: "messages", how: "changed", before: undefined, after: undefined, names: [], places: [] },
};

/** Facts do not tell zero from nothing; and who asked for the longer lifetime, the span alone says. */
function cachedCall({ counted: { facts } }: PlannedCall): CachedCall {
  const { model, inputTokens: input = 0, cachedReadTokens: cachedRead = 0, cachedWriteTokens } = facts;
  const usage = {
    input,
    cachedRead,
    ...(cachedWriteTokens === undefined ? {} : { cachedWrite: cachedWriteTokens }),
  };
  return { model, usage, rules: cacheRules(model, true) };
}
