// What is put on the span of a model call: the same in every adapter that sees requests and answers.
import { NAMES } from "../conventions/names.ts";
import { asTracelightError } from "../model/errors.ts";
import { OWNER, type Span } from "../tracing/span.ts";
import { type CaptureOptions, type PutContent, putContent } from "./capture.ts";
import type { Answered, Asked, Dialect } from "./dialects/dialect.ts";

/** Puts on spans what requests and answers say, as far as the options let it. */
export class ModelSpans {
  readonly #put: PutContent;
  /** True where nothing of what was said is kept. */
  readonly isMetadataOnly: boolean;

  constructor(options: CaptureOptions) {
    this.#put = putContent(options);
    this.isMetadataOnly = options.capture === "metadata";
  }

  /** What the span is called: by what is done, and by which model. */
  static nameOf({ operation }: Dialect, { model }: Asked): string {
    return model === undefined ? operation : `${operation} ${model}`;
  }

  /** Of the request. */
  asked(span: Span, { operation }: Dialect, asked: Asked, provider: string | undefined): void {
    const type = operation === "chat" ? "llm-invocation" : "embedding";
    span.addAttributes(calledModel(type, asked.model, provider));
    const put: PutContent = asked.isOwned === true ? putAsItIs : this.#put;
    put(span, NAMES.requestSystem, asked.system);
    put(span, NAMES.requestMessages, asked.messages);
    put(span, NAMES.requestToolConfig, asked.tools);
    if (this.isMetadataOnly) span.addAttribute(NAMES.requestInferenceConfig, figuresOf(asked.config));
    else put(span, NAMES.requestInferenceConfig, asked.config);
  }

  /** Of what the model has said so far. */
  said(span: Span, { output }: Answered): void {
    this.#put(span, NAMES.responseOutput, output);
  }

  /** Of the whole answer, or of as much as came. */
  answered(span: Span, answered: Answered): void {
    this.said(span, answered);
    this.#put(span, NAMES.responseGuardrail, answered.guardrail);
    span
      .addAttribute(NAMES.stopReason, answered.stopReason)
      .addAttribute(NAMES.responseUsage, answered.usage);
    span
      .addAttribute(NAMES.responseMetrics, answered.metrics)
      .addAttribute(NAMES.responseModel, answered.model);
    span.addAttribute(NAMES.responseId, answered.id);
  }
}

function putAsItIs(span: Span, where: string, value: unknown): void {
  span.addAttribute(where, value);
}

/** What the span of a model's call says of the model, whichever adapter makes it. */
export function calledModel(
  type: "llm-invocation" | "embedding" | "retrieval",
  model: string | undefined,
  provider: string | undefined,
): Record<string, unknown> {
  return {
    [NAMES.traceType]: type,
    [NAMES.peerService]: model === undefined ? undefined : `llm:${model}`,
    [NAMES.requestModel]: model,
    [NAMES.provider]: provider,
  };
}

/** Numbers and switches are no content. */
function figuresOf(config: object | undefined): object | undefined {
  const figures = Object.entries(config ?? {}).filter(
    ([, value]) => typeof value === "number" || typeof value === "boolean",
  );
  return figures.length === 0 ? undefined : Object.fromEntries(figures);
}

/** Does what must not fail the app's own call: a fault is reported, and the span ends. */
export function harmlessly(span: Span, work: () => void): void {
  try {
    work();
  } catch (error) {
    span[OWNER]?.notice(
      asTracelightError(error, "INVALID_ARGUMENT", "An answer of a model could not be read"),
    );
    span.end();
  }
}
