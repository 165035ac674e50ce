// A tracer and its spans in the shape of OpenTelemetry's API, as far as `ai` 5 and 6 use one; nothing of OpenTelemetry is needed.

import { parseJsonText, structured } from "../../conventions/json-text.ts";
import { NAMES } from "../../conventions/names.ts";
import { fieldIn, textIn } from "../../conventions/values.ts";
import { defined } from "../../model/defined.ts";
import type { Span } from "../../tracing/span.ts";
import { NODE } from "../../tracing/span-node.ts";
import { guardStream } from "../../tracing/streams/guard.ts";
import type { StreamGuard } from "../../tracing/streams/stream-guard.ts";
import { SAMPLED } from "../../tracing/unsampled.ts";
import { noteFailure } from "../../tracing/verdict.ts";
import { type Asked, ENDED_WITH_ERROR, reasonIn, type Work } from "./work.ts";

/** A span as the SDK sees one. */
export interface AiSdkSpan {
  /** The span's identity. */
  spanContext(): { traceId: string; spanId: string; traceFlags: number };
  /** Takes an attribute of the SDK's. */
  setAttribute(key: string, value: unknown): this;
  /** Takes several. */
  setAttributes(attributes: object): this;
  /** Takes no event but the first chunk's. */
  addEvent(name: string, ...rest: unknown[]): this;
  /** Takes none. */
  addLink(link: unknown): this;
  /** Takes none. */
  addLinks(links: unknown): this;
  /** An error, unless it is an abort that was noted. */
  setStatus(status: { code: number; message?: string }): this;
  /** Takes none: it has its own name. */
  updateName(name: string): this;
  /** Ends it. */
  end(...rest: unknown[]): void;
  /** False once it has ended. */
  isRecording(): boolean;
  /** Notes what was thrown. */
  recordException(exception: unknown, ...rest: unknown[]): void;
}

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
    return this.#work.tracer.run(span, () =>
      typeof fn === "function" ? Reflect.apply(fn, undefined, [shown]) : undefined,
    );
  }

  #begin(name: string, { attributes = {} }: { attributes?: object }): [Span, AiSdkSpan] {
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
  if (/\.do(?:Generate|Stream)$/.test(operation)) return work.modelCall(askedIn(given), undefined);
  if (operation.endsWith(".doEmbed")) return work.vectorCall("embedding", askedIn(given));
  if (operation.endsWith(".doRerank")) return work.vectorCall("retrieval", askedIn(given));
  const span = work.operation(operation, text("ai.telemetry.functionId"));
  const prompt = structured(fieldIn(given, "ai.prompt"));
  work.said(span, fieldIn(prompt, "prompt"), fieldIn(prompt, "messages"));
  return span;
}

/** What a tool's call lies below. A stream's parts may come in the context of the call of the model that asks for the tool: from Node 24 on. */
function besideCall({ tracer: { currentSpan } }: Work): Span | undefined {
  return currentSpan?.attributes[NAMES.traceType] === "llm-invocation" ? currentSpan.parentSpan : undefined;
}

function askedIn(given: object): Asked {
  const values = fieldIn(given, "ai.values") ?? fieldIn(given, "ai.documents");
  const tools = fieldIn(given, "ai.prompt.tools");
  return {
    model: textIn(fieldIn(given, "ai.model.id")),
    provider: textIn(fieldIn(given, "ai.model.provider")),
    messages:
      structured(fieldIn(given, "ai.prompt.messages")) ??
      (Array.isArray(values) ? values.map(parsed) : values),
    tools: Array.isArray(tools) ? tools.map(structured) : tools,
    settings: settingsIn(given),
  };
}

/** The SDK writes values as JSON, texts too. */
function parsed(value: unknown): unknown {
  return typeof value === "string" ? (parseJsonText(value) ?? value) : value;
}

const SETTING = /^gen_ai\.request\.(?!model$)(\w+)$/;

function settingsIn(given: object): object {
  const found = Object.entries(given).flatMap(([name, value]: [string, unknown]) => {
    const [, setting = ""] = SETTING.exec(name) ?? [];
    return setting === "" || value === undefined ? [] : [[setting, value]];
  });
  return Object.fromEntries(found);
}

interface Begun {
  readonly span: Span;
  readonly above: Span | undefined;
  readonly operation: string;
}

/** The streams that an operation is made of. */
function streamsOf(span: Span): StreamGuard[] {
  const known = streams.get(span) ?? [];
  streams.set(span, known);
  return known;
}

const streams = new WeakMap<Span, StreamGuard[]>();

class ShapedSpan implements AiSdkSpan {
  readonly #work: Work;
  readonly #span: Span;
  readonly #operation: string;
  readonly #said = new Map<string, unknown>();
  readonly #guard: StreamGuard | undefined;
  #isNoted = false;

  constructor(work: Work, { span, above, operation }: Begun) {
    this.#work = work;
    this.#span = span;
    this.#operation = operation;
    if (!operation.startsWith("ai.stream")) return;
    // The SDK never ends the spans of a stream that is left, or fails underway: it lets go of them.
    this.#guard = guardStream(span, { idleMs: PATIENCE_MS });
    this.#guard?.heldBy(this);
    if (above !== undefined && this.#guard !== undefined) streamsOf(above).push(this.#guard);
  }

  spanContext(): { traceId: string; spanId: string; traceFlags: number } {
    const { traceId, spanId, traceFlags = SAMPLED } = this.#span[NODE];
    return { traceId, spanId, traceFlags };
  }

  setAttribute(key: string, value: unknown): this {
    if (META.test(key)) this.#work.put(this.#span, key, value);
    else this.#said.set(key, value);
    return this;
  }

  setAttributes(attributes: object): this {
    for (const [key, value] of Object.entries(attributes)) this.setAttribute(key, value);
    return this;
  }

  addEvent(name: string): this {
    if (name === "ai.stream.firstChunk") this.#guard?.chunk(undefined);
    return this;
  }

  addLink(): this {
    return this;
  }

  addLinks(): this {
    return this;
  }

  setStatus({ code, message }: { code: number; message?: string }): this {
    if (code === ERROR && !this.#isNoted) this.#span.setStatus("ERROR", message);
    return this;
  }

  updateName(): this {
    return this;
  }

  end(): void {
    if (this.isRecording()) this.#complete();
    if (this.#guard === undefined) return this.#span.end();
    // Of a stream that is called off the SDK ends the operation, and what it is made of never.
    const left = streamsOf(this.#span).filter(({ isOver }) => !isOver);
    for (const guard of left) guard.end({ how: "abandoned" });
    this.#guard.end({ how: left.length > 0 ? "abandoned" : "done" });
  }

  isRecording(): boolean {
    return this.#span.state === "running";
  }

  recordException(exception: unknown): void {
    this.#isNoted = true;
    if (this.isRecording()) noteFailure(this.#span, exception);
  }

  /** What the SDK said along the way, in our words. */
  #complete(): void {
    const traceType = this.#span.attributes[NAMES.traceType];
    const text = (name: string) => textIn(this.#said.get(name));
    if (traceType === "llm-invocation") return this.#work.answered(this.#span, this.#answer());
    if (this.#operation === "ai.toolCall")
      return this.#work.put(this.#span, NAMES.toolOutput, structured(text("ai.toolCall.result")));
    if (traceType === "embedding") return this.#work.counted(this.#span, this.#said.get("ai.usage.tokens"));
    const object = structured(text("ai.response.object"));
    this.#work.put(this.#span, NAMES.agentResponse, object ?? text("ai.response.text"));
    const reason = reasonIn(text("ai.response.finishReason"));
    this.#span.addAttribute(NAMES.stopReason, reason);
    if (reason === "error" && this.#span.spanStatus !== "ERROR")
      this.#span.setStatus("ERROR", ENDED_WITH_ERROR);
  }

  #answer() {
    const text = (name: string) => textIn(this.#said.get(name)) || undefined;
    const calls = structured(text("ai.response.toolCalls"));
    const reasoning = text("ai.response.reasoning");
    const said = text("ai.response.text") ?? text("ai.response.object");
    return {
      content: [
        ...(reasoning === undefined ? [] : [{ type: "reasoning", text: reasoning }]),
        ...(said === undefined ? [] : [{ type: "text", text: said }]),
        ...(Array.isArray(calls)
          ? calls.map((call: unknown) => ({ type: "tool-call", ...Object(call) }))
          : []),
      ],
      finishReason: reasonIn(text("ai.response.finishReason")),
      usage: this.#usage(),
    };
  }

  #usage(): object | undefined {
    const of = (...names: readonly string[]) =>
      names.map((name) => this.#said.get(`ai.usage.${name}`)).find((count) => count !== undefined);
    const usage = defined({
      inputTokens: of("inputTokens", "promptTokens"),
      outputTokens: of("outputTokens", "completionTokens"),
      cachedInputTokens: of("inputTokenDetails.cacheReadTokens", "cachedInputTokens"),
      cacheWriteInputTokens: of("inputTokenDetails.cacheWriteTokens"),
      reasoningTokens: of("outputTokenDetails.reasoningTokens", "reasoningTokens"),
    });
    return Object.keys(usage).length === 0 ? undefined : usage;
  }
}

/** What the app itself says of the call. */
const META = /^ai\.telemetry\.metadata\./;
/** OpenTelemetry's number for it. */
const ERROR = 2;
/** Between the first part of a stream and its end the SDK tells nothing. */
const PATIENCE_MS = 3_600_000;
