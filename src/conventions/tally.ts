// Calls counted by model, tool, agent, user, day and hour: times, errors and tokens.
import type { Bill, PriceTable } from "./cost.ts";
import type { BucketSize } from "./time-buckets.ts";
import { isAnObject } from "./values.ts";

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
  /** Part by part of the time that `course` asked for; else empty. */
  readonly course: readonly TallyPart[];
}

/** What was counted in one part of the time: calls, tokens and turns that began in it, and spans that failed. */
export interface TallyPart {
  /** All of it. */
  readonly total: TallyCalls;
  /** As those of the report. */
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
  /** Of the calls, those that are there: the figures of the row are estimates by them. Undefined where all are there. */
  readonly kept: number | undefined;
  /** Milliseconds that half of the calls were within; undefined where none has ended. */
  readonly p50Ms: number | undefined;
  /** Milliseconds that 19 of 20 calls were within. */
  readonly p95Ms: number | undefined;
  /** What the errors said most often; undefined where none said anything. */
  readonly topError: TallyError | undefined;
}

/** What errors said. */
export interface TallyError {
  /** Their words, on one line, at most 200 characters. */
  readonly words: string;
  /** So many said it. Of more than 1000 different words, only those that came first are counted. */
  readonly count: number;
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

/** Calls of models and tools, and turns. */
export interface TallyCalls extends TallyUse {
  /** Calls of models. */
  readonly modelCalls: number;
  /** Calls of tools. */
  readonly toolCalls: number;
  /** Turns of agents. */
  readonly turns: number;
  /** Spans that failed. */
  readonly errors: number;
  /** Milliseconds that half of the calls of models were within; undefined where none has ended. */
  readonly p50Ms: number | undefined;
  /** Milliseconds that 19 of 20 calls of models were within. */
  readonly p95Ms: number | undefined;
}

/** All that was counted. */
export interface TallyTotal extends TallyCalls {
  /** All spans, of whatever kind. */
  readonly spans: number;
  /** The traces that they are of. */
  readonly traces: number;
  /**
   * What is there of them, where only a share was kept: then all figures are estimates by it, each span as many as its trace state
   * says. Undefined where all are there.
   */
  readonly kept: { readonly spans: number; readonly traces: number } | undefined;
  /** The first start, in microseconds since the epoch; undefined where there are no spans. */
  readonly firstStartedAtMicros: number | undefined;
  /** The last start. */
  readonly lastStartedAtMicros: number | undefined;
}

/** How to count. */
export interface TallyOptions {
  /** What to count by: a row for each model, tool, agent, user, day or hour. Default all but `hour`. */
  readonly by?: readonly TallyGrouping[] | undefined;
  /** Whose days and hours: a zone's name, such as `Europe/Amsterdam`. Default `UTC`. */
  readonly timeZone?: string | undefined;
  /** What models cost, for `TallyRow.costUsd`: see `loadPrices`. Without them nothing has a cost. */
  readonly prices?: PriceTable | undefined;
  /** A time of which each part is counted by itself as well, for `TallyReport.course`. Default none. */
  readonly course?: TallyCourse | undefined;
}

/** True for a time that can be counted part by part. */
export function isCourse(course: unknown): course is TallyCourse {
  if (!isAnObject(course)) return false;
  const [since, until, parts] = ["since", "until", "parts"].map((name) => Reflect.get(course, name));
  const isForward = since instanceof Date && until instanceof Date && since.getTime() <= until.getTime();
  return isForward && Number.isInteger(parts) && parts >= 1 && parts <= 1000;
}

/** A time in parts of the same length. */
export interface TallyCourse {
  /** Where the first part begins. */
  readonly since: Date;
  /** Not before `since`; does not belong to the last part. */
  readonly until: Date;
  /** How many: 1 to 1000. */
  readonly parts: number;
}
