// What a row needs of one span: read once, stored beside the span, never its payload. Total: it never throws.
import { conversationOf } from "../model/conversation.ts";
import { hasFailed } from "../model/failure.ts";
import { OWN_SCOPE, type SpanFields } from "../model/record.ts";
import type { Usage } from "./messages.ts";
import { type Reading, readSpan, type WorkKind } from "./reading.ts";

/**
 * What one span adds to the row of its trace or conversation. Stores keep it beside the span as JSON, so that listings need
 * not read payloads. What a span does not say is absent.
 */
export interface SpanFacts {
  readonly kind: WorkKind;
  readonly title?: string;
  readonly agent?: string;
  readonly user?: string;
  /** The tool that was called. */
  readonly tool?: string;
  /** The model that was called. */
  readonly model?: string;
  /** Who wrote the span of a model call, where that is not Tracelight itself. */
  readonly scope?: string;
  readonly inputTokens?: number;
  readonly outputTokens?: number;
  /** Present where the span failed, see `failureOf`. */
  readonly failed?: true;
  /** Present where its work was called off. */
  readonly aborted?: true;
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
  if (kind === "model-call" && span.scope.name !== OWN_SCOPE) facts.scope = span.scope.name;
  addTokens(facts, reading.usage);
  if (hasFailed(span)) facts.failed = true;
  if (reading.aborted) facts.aborted = true;
  return facts;
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

function addTokens(facts: Facts, usage: Usage | undefined): void {
  if (usage?.input) facts.inputTokens = usage.input;
  if (usage?.output) facts.outputTokens = usage.output;
}

type Facts = { -readonly [K in keyof SpanFacts]: SpanFacts[K] };
