// A tracer and its spans in the shape of OpenTelemetry's API, as far as `ai` 5 and 6 use one; nothing of OpenTelemetry is needed.

import { parseJsonText, structured } from "../../conventions/json-text.ts";
import { NAMES } from "../../conventions/names.ts";
import { fieldIn, textIn } from "../../conventions/values.ts";
import { setOwn } from "../../model/own-property.ts";
import type { Span } from "../../tracing/span.ts";
import { type AiSdkSpan, ShapedSpan } from "./shaped-span.ts";
import type { Asked, Work } from "./work.ts";

type SpanFn = (span: AiSdkSpan) => unknown;

/** A tracer as the SDK sees one. */
export interface AiSdkTracer {
  /** Begins a span. */
  startSpan(name: string, options?: { attributes?: object }, context?: unknown): AiSdkSpan;
  /** Begins a span and calls `fn` with it active. */
  startActiveSpan<F extends SpanFn>(name: string, fn: F): ReturnType<F>;
  startActiveSpan<F extends SpanFn>(name: string, options: { attributes?: object }, fn: F): ReturnType<F>;
  startActiveSpan<F extends SpanFn>(
    name: string,
    options: { attributes?: object },
    context: unknown,
    fn: F,
  ): ReturnType<F>;
}

/** The tracer that `experimental_telemetry` takes. */
export function otelShapeOf(work: Work): AiSdkTracer {
  return new ShapedTracer(work);
}

class ShapedTracer implements AiSdkTracer {
  readonly #work: Work;

  constructor(work: Work) {
    this.#work = work;
  }

  startSpan(name: string, options: { attributes?: object } = {}): AiSdkSpan {
    return this.#begin(name, options)[1];
  }

  startActiveSpan<F extends SpanFn>(name: string, fn: F): ReturnType<F>;
  startActiveSpan<F extends SpanFn>(name: string, options: { attributes?: object }, fn: F): ReturnType<F>;
  startActiveSpan<F extends SpanFn>(
    name: string,
    options: { attributes?: object },
    context: unknown,
    fn: F,
  ): ReturnType<F>;
  startActiveSpan(name: string, ...rest: unknown[]): unknown {
    const fn = rest.find((one) => typeof one === "function");
    const options = typeof rest[0] === "object" && rest[0] !== null ? rest[0] : {};
    const [span, shown] = this.#begin(name, options);
    const outcome: unknown = this.#work.tracer.run(span, () =>
      typeof fn === "function" ? Reflect.apply(fn, undefined, [shown]) : undefined,
    );
    if (outcome instanceof Promise) shown.gives(outcome);
    return outcome;
  }

  #begin(name: string, { attributes = {} }: { attributes?: object }): [Span, ShapedSpan] {
    const operation = textIn(fieldIn(attributes, "ai.operationId")) ?? name;
    const above = this.#work.tracer.currentSpan;
    const span = begun(this.#work, operation, attributes);
    return [span, new ShapedSpan(this.#work, { span, above, operation }).setAttributes(attributes)];
  }
}

/** What the SDK says when it begins a span. */
function begun(work: Work, operation: string, given: object): Span {
  const text = (name: string) => textIn(fieldIn(given, name));
  if (operation === "ai.toolCall") {
    const input = structured(fieldIn(given, "ai.toolCall.args"));
    return work.toolCall(
      text("ai.toolCall.name") ?? "tool",
      { id: text("ai.toolCall.id"), input },
      besideCall(work),
    );
  }
  if (/\.do(?:Generate|Stream)$/.test(operation)) return work.modelCall(askedIn(given, work), undefined);
  if (operation.endsWith(".doEmbed")) return work.vectorCall("embedding", askedIn(given, work));
  if (operation.endsWith(".doRerank")) return work.vectorCall("retrieval", askedIn(given, work));
  const span = work.operation(operation, text("ai.telemetry.functionId"));
  const { prompt, messages } = work.prompts.given(fieldIn(given, "ai.prompt"));
  work.said(span, prompt, messages);
  return span;
}

/** What a tool's call lies below. A stream's parts may come in the context of the call of the model that asks for the tool: from Node 24 on. */
function besideCall({ tracer: { currentSpan } }: Work): Span | undefined {
  return currentSpan?.attributes[NAMES.traceType] === "llm-invocation" ? currentSpan.parentSpan : undefined;
}

function askedIn(given: object, { prompts }: Work): Asked {
  const values = fieldIn(given, "ai.values") ?? fieldIn(given, "ai.documents");
  return {
    model: textIn(fieldIn(given, "ai.model.id")),
    provider: textIn(fieldIn(given, "ai.model.provider")),
    messages:
      prompts.messages(fieldIn(given, "ai.prompt.messages")) ??
      (Array.isArray(values) ? values.map(parsed) : values),
    tools: prompts.tools(fieldIn(given, "ai.prompt.tools")),
    settings: settingsIn(given),
  };
}

/** The SDK writes values as JSON, texts too. */
function parsed(value: unknown): unknown {
  return typeof value === "string" ? (parseJsonText(value) ?? value) : value;
}

const SETTING = "gen_ai.request.";

function settingsIn(given: object): object {
  const found: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(given)) {
    if (name.startsWith(SETTING) && name !== "gen_ai.request.model" && value !== undefined)
      setOwn(found, name.slice(SETTING.length), value);
  }
  return found;
}
