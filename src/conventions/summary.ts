// Spans as one row: a trace or a conversation at a glance. Every store lists such rows. Total: it never throws.
import { PreciseDate } from "../model/clock.ts";
import { conversationKey } from "../model/conversation.ts";
import { inStartOrder } from "../model/query.ts";
import type { SpanFields, SpanState } from "../model/span-fields.ts";
import { conversationOf } from "./conversation.ts";
import { type Bill, billOf, type PriceTable } from "./cost.ts";
import { hasTokens, outlineOf, type SpanOutline, type TokenFacts } from "./facts.ts";
import { Nesting } from "./nesting.ts";
import type { WorkKind } from "./reading.ts";
import { latestTurn, type NumberedSpan } from "./turns.ts";

/** What a row is about. */
export type SummarySubject = "trace" | "conversation";

/** A trace or a conversation as one row. */
export interface Summary extends Bill {
  /** What the row is about: a trace or a conversation. */
  readonly by: SummarySubject;
  /** The id of the trace or of the conversation. */
  readonly id: unknown;
  /** The first words that a user said, white space made one and cut to 200 characters. */
  readonly title: string | undefined;
  /** The name of the first span, for rows without words. */
  readonly name: string;
  /** The agent's name, or the service's. */
  readonly agent: string | undefined;
  /** Who the work was done for. */
  readonly user: string | undefined;
  /** When the first span began. */
  readonly startedAt: Date;
  /** When the last span ended; undefined while one runs. */
  readonly endedAt: Date | undefined;
  /** When the latest turn began, see `latestTurn`: rows are in this order. */
  readonly latestAt: Date;
  /** The same, to the microsecond. */
  readonly latestAtMicros: number;
  /** From the first start to the last end, summed over the traces; fractional. */
  readonly durationMs: number;
  /** How many traces it has. */
  readonly traces: number;
  /** How many spans it has. */
  readonly spans: number;
  /** Model calls; one that is there twice, as a library's and as its client's, is one. */
  readonly modelCalls: number;
  /** Tool calls. */
  readonly toolCalls: number;
  /** Spans that failed, see `failureOf`. */
  readonly errors: number;
  /** Spans whose work was called off: `ai.conversation.aborted`. */
  readonly aborted: number;
  /** The tools and models that were called, each once, in order of their first call. */
  readonly tools: readonly string[];
  /** The models that were called, each once. */
  readonly models: readonly string[];
  /** Tokens, cached ones and those of reasoning included; none is counted for an agent and for its model calls. */
  readonly inputTokens: number;
  /** Tokens that models gave, as far as is known. */
  readonly outputTokens: number;
  /** Of the input's tokens, those read from a cache of the provider. */
  readonly cachedReadTokens: number;
  /** Of the input's tokens, those written to a cache of the provider. */
  readonly cachedWriteTokens: number;
  /** Of the output's tokens, those that models thought with. */
  readonly reasoningTokens: number;
  /** The longest that a call took to its first token, in milliseconds; undefined where none says. */
  readonly timeToFirstTokenMs: number | undefined;
  /** Why models stopped, each reason once, as their vocabularies have it. */
  readonly finishReasons: readonly string[];
  /** `running` where a span runs, else `interrupted` where one was, else `ended`. */
  readonly state: SpanState;
}

/** The row of a trace's or conversation's spans; undefined where there are none. */
export function summarize(
  spans: readonly SpanFields[],
  by: SummarySubject,
  prices?: PriceTable,
): Summary | undefined {
  return summarizeOutlines(spans.map(outlineOf), by, prices);
}

/** The same for outlines. */
export function summarizeOutlines(
  spans: readonly SpanOutline[],
  by: SummarySubject,
  prices?: PriceTable,
): Summary | undefined {
  const ordered = inStartOrder(spans);
  const [first] = ordered;
  if (first === undefined) return undefined;
  const nesting = nestingFor(ordered.length);
  const placed = ordered.map((span) => ({ span, facts: span.facts, at: nesting.add(span, span.facts) }));
  const { calls, used } = eachOnce(placed, nesting);
  const latest = latestTurn(placed, nesting);
  const end = latestEnd(ordered);
  return {
    by,
    id: by === "trace" ? first.traceId : first.conversationId,
    title: firstOf(ordered, "title"),
    name: first.spanName,
    agent: firstOf(ordered, "agent"),
    user: firstOf(ordered, "user"),
    startedAt: dateOf(first.startedAtMicros),
    endedAt: end === undefined ? undefined : dateOf(end),
    latestAt: dateOf(latest),
    latestAtMicros: latest,
    durationMs: durationOf(ordered),
    traces: new Set(ordered.map(({ traceId }) => traceId)).size,
    spans: ordered.length,
    modelCalls: calls["model-call"],
    toolCalls: calls["tool-call"],
    errors: countOf(ordered, "failed"),
    aborted: countOf(ordered, "aborted"),
    tools: distinct(ordered, "tool"),
    models: distinct(ordered, "model"),
    inputTokens: sumOf(used, "inputTokens"),
    outputTokens: sumOf(used, "outputTokens"),
    cachedReadTokens: sumOf(used, "cachedReadTokens"),
    cachedWriteTokens: sumOf(used, "cachedWriteTokens"),
    reasoningTokens: sumOf(used, "reasoningTokens"),
    timeToFirstTokenMs: longestOf(ordered),
    finishReasons: distinct(ordered, "finishReason"),
    ...billOf(used, prices),
    state: stateOf(ordered),
  };
}

/** How many calls there are, and the spans with tokens; of what two spans have, one counts: see `Nesting`. */
function eachOnce(
  placed: readonly NumberedSpan[],
  nesting: Nesting,
): { readonly calls: Readonly<Record<CallKind, number>>; readonly used: NumberedSpan[] } {
  const calls = { "model-call": 0, "tool-call": 0 };
  const used: NumberedSpan[] = [];
  for (const span of placed) {
    const { kind } = span.facts;
    if (isCall(kind) && !nesting.isCallElsewhere(span.at)) calls[kind]++;
    if (hasTokens(span.facts) && !nesting.areTokensElsewhere(span.at)) used.push(span);
  }
  return { calls, used };
}

type CallKind = "model-call" | "tool-call";

function isCall(kind: WorkKind): kind is CallKind {
  return kind === "model-call" || kind === "tool-call";
}

/** A page of a listing has many rows of few spans. */
function nestingFor(spans: number): Nesting {
  if (spans > MANY_SPANS) return new Nesting(spans);
  reused ??= new Nesting();
  reused.clear();
  return reused;
}

const MANY_SPANS = 1000;
let reused: Nesting | undefined;

/** What tells the rows of a listing apart: typed, so that the conversations 42 and "42" are two. Undefined: no row. */
export function summaryKey(span: SpanFields, by: SummarySubject): string | undefined {
  return by === "trace" ? span.traceId : conversationKey(conversationOf(span.attributes));
}

function latestEnd(spans: readonly SpanOutline[]): number | undefined {
  let latest: number | undefined;
  for (const { endedAtMicros, state } of spans) {
    if (state === "running") return undefined;
    if (endedAtMicros !== undefined && endedAtMicros > (latest ?? Number.NEGATIVE_INFINITY))
      latest = endedAtMicros;
  }
  return latest;
}

/** A conversation's pauses are no work, so each trace counts by itself. */
function durationOf(ordered: readonly SpanOutline[]): number {
  const byTrace = new Map<string, { start: number; end: number }>();
  let trace: string | undefined;
  let range = { start: 0, end: 0 };
  for (const { traceId, startedAtMicros: start, endedAtMicros: end = start } of ordered) {
    // Spans of one trace mostly come together.
    if (traceId !== trace) {
      trace = traceId;
      range = byTrace.get(traceId) ?? { start, end };
      byTrace.set(traceId, range);
    }
    range.end = Math.max(range.end, end);
  }
  let micros = 0;
  for (const { start, end } of byTrace.values()) micros += Math.max(0, end - start);
  return micros / 1000;
}

function stateOf(spans: readonly SpanOutline[]): SpanState {
  if (spans.some(({ state }) => state === "running")) return "running";
  return spans.some(({ state }) => state === "interrupted") ? "interrupted" : "ended";
}

function sumOf(used: readonly NumberedSpan[], field: keyof TokenFacts): number {
  return used.reduce((sum, { facts: { [field]: count = 0 } }) => sum + count, 0);
}

function longestOf(spans: readonly SpanOutline[]): number | undefined {
  let longest: number | undefined;
  for (const { facts } of spans) {
    const { timeToFirstTokenMs: ms } = facts;
    if (ms !== undefined) longest = Math.max(longest ?? 0, ms);
  }
  return longest;
}

function firstOf(spans: readonly SpanOutline[], field: "title" | "agent" | "user"): string | undefined {
  return spans.find(({ facts }) => facts[field] !== undefined)?.facts[field];
}

function countOf(spans: readonly SpanOutline[], mark: "failed" | "aborted"): number {
  let count = 0;
  for (const { facts } of spans) if (facts[mark]) count++;
  return count;
}

function distinct(spans: readonly SpanOutline[], field: "tool" | "model" | "finishReason"): string[] {
  const names = new Set<string>();
  for (const { facts } of spans) {
    const name = facts[field];
    if (name !== undefined) names.add(name);
  }
  return [...names];
}

function dateOf(micros: number): Date {
  return micros % 1000 === 0 ? new Date(micros / 1000) : new PreciseDate(micros);
}
