// `openAiAgents`: a trace processor, as a plain object. Nothing of the SDK is loaded for it.
import { asTracelightError } from "../../model/errors.ts";
import { reportUnowned } from "../../tracing/faults.ts";
import type { Tracer } from "../../tracing/tracer.ts";
import { type CaptureOptions, checkAdapter } from "../capture.ts";
import { Works } from "./works.ts";

/** What the Agents SDK calls: see its `TracingProcessor`. None of it throws or rejects. */
export interface OpenAiAgentsProcessor {
  /** A workflow begins: a run, or several in one `withTrace`. */
  onTraceStart(trace: unknown): Promise<void>;
  /** It is done. */
  onTraceEnd(trace: unknown): Promise<void>;
  /** An agent, a call of a model or of a tool, or something else in it begins. */
  onSpanStart(span: unknown): Promise<void>;
  /** It is done. */
  onSpanEnd(span: unknown): Promise<void>;
  /** Delivers what waits. The tracer stays open: it is the app's. */
  shutdown(timeout?: number): Promise<void>;
  /** Delivers what waits. */
  forceFlush(): Promise<void>;
}

/**
 * A trace processor that makes spans of what OpenAI's Agents SDK (`@openai/agents`) does: a turn for each workflow, and in it agents,
 * their cycles, calls of models and of tools, handoffs and guardrails. Its group id is the conversation. Spans that a tool starts itself
 * lie below the tool's.
 *
 * - Beside the SDK's own export to OpenAI: `addTraceProcessor(openAiAgents(tracer))`.
 * - In its place: `setTraceProcessors([openAiAgents(tracer)])`.
 *
 * @throws TracelightError `INVALID_OPTION` where the tracer is missing, or an option is unknown or not what it should be.
 * @example
 * ```ts
 * const processor = openAiAgents(new InMemoryTracer(), { capture: "metadata" });
 * await processor.forceFlush();
 * ```
 */
export function openAiAgents(tracer: Tracer, options: CaptureOptions = {}): OpenAiAgentsProcessor {
  checkAdapter("openAiAgents", { tracer, options });
  const works = new Works(tracer, options);
  return {
    onTraceStart: harmless((trace) => works.beginTurn(trace)),
    onTraceEnd: harmless((trace) => works.endTurn(trace)),
    onSpanStart: harmless((span) => works.begin(span)),
    onSpanEnd: harmless((span) => works.end(span)),
    shutdown: (timeout) => flush(tracer, timeout),
    forceFlush: () => flush(tracer),
  };
}

async function flush(tracer: Tracer, timeoutMs?: number): Promise<void> {
  await tracer.flush(timeoutMs === undefined ? {} : { timeoutMs });
}

/** The SDK waits for what is done when a workflow begins, and fails with it. */
function harmless(work: (told: object) => void): (told: unknown) => Promise<void> {
  return (told) => {
    try {
      work(Object(told));
    } catch (error) {
      reportUnowned(
        asTracelightError(error, "INVALID_ARGUMENT", "What the Agents SDK told could not be read"),
      );
    }
    return DONE;
  };
}

const DONE = Promise.resolve();
