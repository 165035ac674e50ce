// A model call as the context lens tells of it.
import type { Usage } from "../messages.ts";
import type { PromptChange } from "./changes.ts";
import type { ContextShares } from "./shares.ts";
import type { CacheVerdict } from "./verdicts.ts";

/** A model call of a conversation, and what filled its window. */
export interface ContextCall {
  readonly traceId: string;
  readonly spanId: string;
  /** The number of its turn: 1, 2 and so on. */
  readonly turn: number;
  /** Through the conversation; undefined for the calls of sub-agents. */
  readonly number: number | undefined;
  readonly agent: string | undefined;
  readonly model: string | undefined;
  readonly startedAtMicros: number;
  /** Tokens as reported; undefined where they were not. */
  readonly usage: Usage | undefined;
  /** Tokens that the model's window holds; undefined where the price table does not know it. */
  readonly windowTokens: number | undefined;
  /** Estimates, but for their sum. */
  readonly shares: ContextShares;
  /** Of what is new, what users said; estimated. */
  readonly askedTokens: number;
  /** The call that it is compared with: of the same agent, and the last that had ended before it began. */
  readonly before: CallName | undefined;
  /** What changed; undefined for a first call. */
  readonly change: PromptChange | undefined;
  readonly cache: CacheVerdict;
  /** US dollars that the tokens that were read again cost more than from the cache; undefined where there are none, or no price. */
  readonly wastedUsd: number | undefined;
  /** US dollars of the whole call. */
  readonly costUsd: number | undefined;
}

/** A call by its span, and by its number where it has one. */
export type CallName = Pick<ContextCall, "traceId" | "spanId" | "number">;

/** What a token of the prompt costs, read from the cache and not. */
export interface Rates {
  /** As many as were read from the cache: those that the prompt begins with. */
  readonly cachedTokens: number;
  readonly cachedUsd: number;
  readonly otherUsd: number;
}
