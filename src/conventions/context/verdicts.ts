// Why a call read fewer tokens from the provider's cache than it could have. What is not sure is not said.
import type { Usage } from "../messages.ts";
import { type CacheRules, isSameModel } from "./cache-rules.ts";
import type { ChangePlace, PromptChange } from "./changes.ts";
import type { ReportedMiss, ReportedReason } from "./reported.ts";

/**
 * What became of the cache. `kept`: it was used as far as it could be. `broken`: the prompt changed before the end of the one before, and what
 * was cached behind was read again. `changed`: it changed, and nothing shows that this cost something. `unused`: the prompt went on, but
 * less was read than had been cached. `cold`: nothing was there to be read. `unknown`: the usage says nothing of a cache.
 */
type CacheState = "kept" | "broken" | "changed" | "unused" | "cold" | "unknown";

/**
 * Why. `tools`, `system`, `messages`: that changed. `settings`: the provider says that the request's settings did. `compaction`: the history was
 * made shorter. `model`: another one was called. `lifetime`: the pause was longer than the cache is kept. `minimum`: the prompt is shorter than
 * what is ever cached. `off`: the call before neither read nor wrote a cache. `first`: no call came before. `unexplained`: none of these.
 */
export type CacheCause =
  | ChangePlace
  | "settings"
  | "compaction"
  | "model"
  | "lifetime"
  | "minimum"
  | "off"
  | "first"
  | "unexplained";

/** What became of the cache in a call, and why. */
export interface CacheVerdict {
  readonly state: CacheState;
  /** Undefined where it was kept, and where nothing is known. */
  readonly cause: CacheCause | undefined;
  /** The provider's own word for it, where it gave one. */
  readonly reported: string | undefined;
  /** Milliseconds since the call before; undefined for a first call. */
  readonly pauseMs: number | undefined;
  /** Tokens that were cached after the call before and not read; undefined where that is not known. */
  readonly missedTokens: number | undefined;
  /** Of `broken` alone: tokens of the call before that were read again at full price. */
  readonly wastedTokens: number | undefined;
}

/** A call, as far as it matters. */
export interface CachedCall {
  readonly model: string | undefined;
  readonly usage: Usage | undefined;
  readonly rules: CacheRules;
}

/** What a verdict is made from. */
export interface VerdictFacts {
  readonly call: CachedCall;
  /** Undefined for a first call. */
  readonly before: (CachedCall & { readonly pauseMs: number }) | undefined;
  readonly change: PromptChange | undefined;
  readonly reported: ReportedMiss | undefined;
  /** Tokens that the call before did not have, estimated. */
  readonly freshTokens: number;
}

/** What became of the cache, and why. */
export function verdictOf(facts: VerdictFacts): CacheVerdict {
  const { call, before, change, reported } = facts;
  const beside = { reported: reported?.word, pauseMs: before?.pauseMs };
  const tell = (state: CacheState, cause?: CacheCause, tokens: Tokens = {}): CacheVerdict => ({
    ...{ state, cause, ...beside },
    ...{ missedTokens: tokens.missed, wastedTokens: tokens.wasted },
  });
  const isChanged = change?.change !== undefined;
  if (reported !== undefined && reported.reason !== "model")
    return reportedVerdict(facts, { reason: reported.reason, tokens: reported.tokens }, tell);
  if (before === undefined || change?.isFresh === true) return firstVerdict(call, tell);
  const missed = missedTokens(call, before);
  if (reported?.reason === "model")
    return tell("unused", "model", { missed: reported.tokens ?? countOf(missed) });
  if (missed === undefined) return isChanged ? tell("changed", causeOf(change)) : tell("unknown");
  if (missed === "nothing cached") return nothingCached(before, change, tell);
  if (missed <= 0) return isChanged ? tell("changed", causeOf(change)) : tell("kept");
  return missedVerdict(facts, { before, missed, tell });
}

interface Tokens {
  readonly missed?: number | undefined;
  readonly wasted?: number | undefined;
}

type Tell = (state: CacheState, cause?: CacheCause, tokens?: Tokens) => CacheVerdict;

type ReportedPlace = Exclude<ReportedReason, "model">;

function reportedVerdict(
  facts: VerdictFacts,
  { reason, tokens }: { readonly reason: ReportedPlace; readonly tokens: number | undefined },
  tell: Tell,
): CacheVerdict {
  const { input = 0, cachedRead = 0 } = facts.call.usage ?? {};
  const missed = countOf(facts.before === undefined ? undefined : missedTokens(facts.call, facts.before));
  const wasted = tokens ?? (missed === undefined ? undefined : Math.min(missed, readAgain(facts)));
  if (facts.change?.compaction !== undefined && reason === "messages")
    return tell("changed", "compaction", { missed: wasted });
  const bounded = wasted === undefined || input === 0 ? wasted : Math.min(wasted, input - cachedRead);
  return bounded === 0
    ? tell("changed", reason)
    : tell("broken", reason, { missed: bounded, wasted: bounded });
}

function firstVerdict({ usage }: CachedCall, tell: Tell): CacheVerdict {
  if (usage?.cachedRead === undefined && usage?.cachedWrite === undefined) return tell("unknown", "first");
  return (usage.cachedRead ?? 0) > 0 ? tell("kept") : tell("cold", "first");
}

/** Where the call before read and wrote nothing, there was nothing to lose. */
function nothingCached(before: CachedCall, change: PromptChange | undefined, tell: Tell): CacheVerdict {
  if (isBelowMinimum(before)) return tell("unused", "minimum");
  return change?.change === undefined ? tell("unused", "off") : tell("changed", causeOf(change));
}

function missedVerdict(
  facts: VerdictFacts,
  {
    before,
    missed,
    tell,
  }: {
    readonly before: CachedCall & { readonly pauseMs: number };
    readonly missed: number;
    readonly tell: Tell;
  },
): CacheVerdict {
  const { call, change } = facts;
  const tokens = { missed };
  const { mayEndMs = Number.POSITIVE_INFINITY, endsMs = Number.POSITIVE_INFINITY } = before.rules;
  if (isBelowMinimum(before)) return tell("unused", "minimum", tokens);
  if (!isSameModel(call.model, before.model)) return tell("unused", "model", tokens);
  // What had left the cache was not lost by a change.
  if (before.pauseMs > endsMs) return tell("unused", "lifetime", tokens);
  if (causeOf(change) === "compaction") return tell("changed", "compaction", tokens);
  if (change?.change !== undefined) {
    const wasted = Math.min(missed, readAgain(facts));
    return wasted > 0
      ? tell("broken", change.change.place, { missed, wasted })
      : tell("changed", change.change.place, tokens);
  }
  return tell("unused", before.pauseMs > mayEndMs ? "lifetime" : "unexplained", tokens);
}

function causeOf(change: PromptChange | undefined): CacheCause | undefined {
  // Tools and the system prompt stand before the messages.
  const place = change?.change?.place;
  return change?.compaction !== undefined && place === "messages" ? "compaction" : place;
}

function isBelowMinimum({ usage, rules }: CachedCall): boolean {
  return usage?.input !== undefined && usage.input < rules.minTokens;
}

/** What was neither read from the cache nor new. */
function readAgain({ call: { usage }, freshTokens }: VerdictFacts): number {
  return Math.max(0, (usage?.input ?? 0) - (usage?.cachedRead ?? 0) - freshTokens);
}

/** Tokens that the cache had and that were not read, beyond what a provider's steps explain; undefined where the usage does not say. */
function missedTokens(call: CachedCall, before: CachedCall): number | "nothing cached" | undefined {
  const [now, then] = [call.usage, before.usage];
  if (now?.input === undefined || then?.input === undefined) return undefined;
  const isTold = [now, then].some(
    ({ cachedRead, cachedWrite }) => cachedRead !== undefined || cachedWrite !== undefined,
  );
  if (!isTold) return undefined;
  const read = now.cachedRead ?? 0;
  const cached = cachedAfter(then, before.rules);
  if (cached === 0 && read === 0) return "nothing cached";
  const missed = Math.min(cached, now.input) - read;
  return missed <= slack(cached, before) ? 0 : missed;
}

function countOf(missed: ReturnType<typeof missedTokens>): number | undefined {
  return typeof missed === "number" ? missed : undefined;
}

/** Where writing is counted, what was read and written is what is cached; else the whole prompt is, in the provider's steps. */
function cachedAfter({ input = 0, cachedRead = 0, cachedWrite }: Usage, { step }: CacheRules): number {
  if (cachedWrite !== undefined && (cachedWrite > 0 || step === 1)) return cachedRead + cachedWrite;
  return step === 1 ? cachedRead : Math.floor(input / step) * step;
}

/** The last steps are often not there yet. */
function slack(cached: number, { usage, rules: { step } }: CachedCall): number {
  const isCounted = (usage?.cachedWrite ?? 0) > 0 || step === 1;
  return isCounted ? 0 : Math.max(2 * step, cached * 0.05);
}
