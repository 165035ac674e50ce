// What a row needs of one span: read once, stored beside the span, never its payload. Total: it never throws.

import { failureWords, hasFailed } from "../model/failure.ts";
import { adjustedCountOf } from "../model/probability.ts";
import { OWN_SCOPE, type SpanFields } from "../model/span-fields.ts";
import { conversationOf } from "./conversation.ts";
import type { Usage } from "./messages.ts";
import { type Reading, readSpan, type WorkKind } from "./reading.ts";
import { oneLineOf } from "./title.ts";

/**
 * What one span adds to the row of its trace or conversation. Stores keep it beside the span as JSON, so that listings need
 * not read payloads. What a span does not say is absent.
 */
export interface SpanFacts extends TokenFacts {
  /** What kind of work the span is. */
  readonly kind: WorkKind;
  /** The first words that a user said in it. */
  readonly title?: string;
  /** The agent's name, or the service's. */
  readonly agent?: string;
  /** Who the work was done for. */
  readonly user?: string;
  /** The tool that was called. */
  readonly tool?: string;
  /** The model that was called. */
  readonly model?: string;
  /** Whose the model is, or who serves it, as the span's vocabulary has it. Prices depend on it. */
  readonly provider?: string;
  /** Who wrote the span of a model call, where that is not Tracelight itself. */
  readonly scope?: string;
  /** Of a model call: milliseconds until the first part of a streamed answer. */
  readonly timeToFirstTokenMs?: number;
  /** Of a model call: why the model stopped, as its vocabulary has it. */
  readonly finishReason?: string;
  /** Present where the span failed, see `failureOf`. */
  readonly failed?: true;
  /** Of a span that failed: in which words, on one line, at most 200 characters. */
  readonly error?: string;
  /** Present where its work was called off. */
  readonly aborted?: true;
  /** How many spans it stands for, where only a share of them was kept: 20 where that was 5 %. */
  readonly adjustedCount?: number;
}

/** Tokens of one span; a part is never counted beside its whole. */
export interface TokenFacts {
  /** All tokens that went in, and all that came out. */
  /** Tokens that the model was given, cached ones included. */
  readonly inputTokens?: number;
  /** Tokens that it gave, those of reasoning included. */
  readonly outputTokens?: number;
  /** Of those that went in, the ones read from a cache, and written to one. */
  readonly cachedReadTokens?: number;
  readonly cachedWriteTokens?: number;
  /** Of those that came out, the ones of reasoning. */
  readonly reasoningTokens?: number;
  /** Of those that went in or came out, the ones of sound and of images. */
  readonly inputAudioTokens?: number;
  readonly inputImageTokens?: number;
  readonly outputAudioTokens?: number;
  readonly outputImageTokens?: number;
}

/** A span without its payload: where it belongs, when it was, and its facts. */
export interface SpanOutline
  extends Pick<
    SpanFields,
    | "traceId"
    | "spanId"
    | "parentSpanId"
    | "spanName"
    | "spanKind"
    | "startedAtMicros"
    | "endedAtMicros"
    | "state"
  > {
  /** The id of its conversation, see `conversationOf`. */
  readonly conversationId: unknown;
  /** What it adds to its row. */
  readonly facts: SpanFacts;
}

/** What a span adds to its row. */
export function factsOf(span: SpanFields): SpanFacts {
  const reading = readSpan(span);
  const { kind, title, agent, user, model } = reading;
  const facts: Facts = { kind };
  if (title !== undefined) facts.title = title;
  if (agent !== undefined) facts.agent = agent;
  if (user !== undefined) facts.user = user;
  if (kind === "tool-call") facts.tool = toolName(reading, span);
  if (model !== undefined) facts.model = model;
  if (kind === "model-call") addCall(facts, span, reading);
  addTokens(facts, reading);
  if (hasFailed(span)) addFailure(facts, span);
  if (reading.aborted) facts.aborted = true;
  const adjustedCount = adjustedCountOf(span.traceId, span.traceState);
  if (adjustedCount !== 1) facts.adjustedCount = adjustedCount;
  return facts;
}

/** True for a span that says how many tokens were used. */
export function hasTokens({ inputTokens, outputTokens }: TokenFacts): boolean {
  return inputTokens !== undefined || outputTokens !== undefined;
}

/** The tool that was called: the span's name where nothing says it. */
export function toolName(reading: Reading, span: SpanFields): string {
  return reading.tool?.name ?? span.spanName;
}

/** A span without its payload. */
export function outlineOf(span: SpanFields): SpanOutline {
  const { traceId, spanId, parentSpanId, spanName, spanKind, startedAtMicros, endedAtMicros, state } = span;
  return {
    ...{ traceId, spanId, parentSpanId, spanName, spanKind, startedAtMicros, endedAtMicros, state },
    conversationId: conversationOf(span.attributes),
    facts: factsOf(span),
  };
}

function addCall(facts: Facts, { scope }: SpanFields, reading: Reading): void {
  if (scope.name !== OWN_SCOPE) facts.scope = scope.name;
  const { timeToFirstTokenMs, finishReason } = reading;
  if (timeToFirstTokenMs !== undefined) facts.timeToFirstTokenMs = timeToFirstTokenMs;
  if (finishReason !== undefined) facts.finishReason = finishReason.slice(0, MAX_REASON);
}

function addFailure(facts: Facts, span: SpanFields): void {
  facts.failed = true;
  const words = oneLineOf(failureWords(span));
  if (words !== undefined) facts.error = words;
}

function addTokens(facts: Facts, reading: Reading): void {
  const { usage } = reading;
  if (usage === undefined) return;
  for (const [part, name] of TOKENS) {
    const count = usage[part];
    if (count) facts[name] = count;
  }
  const { provider } = reading;
  if (provider !== undefined) facts.provider = provider;
}

/** Of each count of a usage, the name of its fact. */
export const TOKENS: readonly (readonly [part: keyof Usage, name: keyof TokenFacts])[] = [
  ["input", "inputTokens"],
  ["output", "outputTokens"],
  ["cachedRead", "cachedReadTokens"],
  ["cachedWrite", "cachedWriteTokens"],
  ["reasoning", "reasoningTokens"],
  ["inputAudio", "inputAudioTokens"],
  ["inputImage", "inputImageTokens"],
  ["outputAudio", "outputAudioTokens"],
  ["outputImage", "outputImageTokens"],
];
const MAX_REASON = 100;

type Facts = { -readonly [K in keyof SpanFacts]: SpanFacts[K] };
