// Calls counted by model, tool, agent, user, day and hour: times, errors and tokens.
import type { Bill, PriceTable } from "./cost.ts";
import type { BucketSize } from "./time-buckets.ts";

/** What is counted by. */
export type TallyGrouping = "model" | "tool" | "agent" | "user" | BucketSize;

/** All of them. */
export const TALLY_GROUPINGS: readonly TallyGrouping[] = ["model", "tool", "agent", "user", "day", "hour"];

/** What was counted. */
export interface TallyReport {
  /** Of all spans. */
  readonly total: TallyTotal;
  /** Grouping by grouping: days and hours in order, else the most called first. */
  readonly rows: readonly TallyRow[];
}

/** One line of the count. */
export interface TallyRow extends TallyUse {
  /** What `name` is the name of. */
  readonly by: TallyGrouping;
  /**
   * The model, the tool, the agent, the user, or the day, such as `2026-11-22`, or the hour, such as `2026-11-22T14:00Z`: in the zone
   * of the query. Of more than 2000 models, tools, agents or users, the least called count together as `(others)`.
   */
  readonly name: string;
  /** Calls of the model or tool; those of an agent, a user, a day and an hour are their turns. */
  readonly calls: number;
  /** Calls that failed; those of an agent, a user, a day and an hour are all spans that did. */
  readonly errors: number;
  /** Milliseconds that half of the calls were within; undefined where none has ended. */
  readonly p50Ms: number | undefined;
  /** Milliseconds that 19 of 20 calls were within. */
  readonly p95Ms: number | undefined;
}

/** What models used, each token counted once. */
export interface TallyUse extends Bill {
  /** Tokens that models were given. */
  readonly inputTokens: number;
  /** Tokens that models gave. */
  readonly outputTokens: number;
  /** Of the input's tokens, those read from a cache of the provider. */
  readonly cachedReadTokens: number;
  /** Of the input's tokens, those written to a cache of the provider. */
  readonly cachedWriteTokens: number;
  /** Of the output's tokens, those that models thought with. */
  readonly reasoningTokens: number;
}

/** All that was counted. */
export interface TallyTotal extends TallyUse {
  /** All spans, of whatever kind. */
  readonly spans: number;
  /** The traces that they are of. */
  readonly traces: number;
  /** Calls of models. */
  readonly modelCalls: number;
  /** Calls of tools. */
  readonly toolCalls: number;
  /** Spans that failed. */
  readonly errors: number;
  /** The first start, in microseconds since the epoch; undefined where there are no spans. */
  readonly firstStartedAtMicros: number | undefined;
  /** The last start. */
  readonly lastStartedAtMicros: number | undefined;
}

/** How to count. */
export interface TallyOptions {
  /** By what. Default all but `hour`. */
  readonly by?: readonly TallyGrouping[] | undefined;
  /** Whose days and hours. Default `UTC`. */
  readonly timeZone?: string | undefined;
  /** What models cost. */
  readonly prices?: PriceTable | undefined;
}
