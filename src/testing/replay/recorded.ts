// The calls of models and tools in spans, each once, in the order in which they began.
import { hasFailed } from "../../model/failure.ts";
import type { SpanFields } from "../../model/span-fields.ts";
import { TraceView } from "../assertions/view.ts";
import { nameOf } from "./question.ts";

/** A recorded call of a model. */
export interface RecordedCall {
  readonly span: SpanFields;
  /** Its place among the recorded calls, from 1. */
  readonly nr: number;
  readonly name: string;
  readonly hasFailed: boolean;
}

/** What spans have that can be answered. */
export interface Recorded {
  readonly calls: readonly RecordedCall[];
  readonly tools: readonly SpanFields[];
}

/** `until`: only so many calls of models, and the tools that were called before the next. */
export function recordedIn(spans: readonly SpanFields[], until: number = Number.POSITIVE_INFINITY): Recorded {
  const view = new TraceView(spans, {});
  const isModel = new Set(view.calls("model-call").map(({ span }) => span));
  const models = view.spans.filter((span) => isModel.has(span) || view.readingOf(span).kind === "embedding");
  const end = models[until]?.startedAtMicros ?? Number.POSITIVE_INFINITY;
  const tools = view.calls("tool-call").map(({ span }) => span);
  return {
    calls: models.slice(0, until).map((span, i) => ({
      ...{ span, nr: i + 1, name: nameOf(span), hasFailed: hasFailed(span) },
    })),
    tools: tools.filter(({ startedAtMicros }) => startedAtMicros < end),
  };
}
