// What `registerTelemetry` of `ai` 7 takes: it is told of each operation, and runs models and tools below their spans.

import { NAMES } from "../../conventions/names.ts";
import { fieldIn, firstField, isAnObject, textIn } from "../../conventions/values.ts";
import { endBy } from "../../tracing/results.ts";
import type { Span } from "../../tracing/span.ts";
import type { WorkEnd } from "../../tracing/steps.ts";
import { guardStream } from "../../tracing/streams/guard.ts";
import { claimById } from "./announced.ts";
import { AnswerStream, goesOn, PATIENCE_MS, type Turn } from "./answer-stream.ts";
import { type Asked, ENDED_WITH_ERROR, reasonIn, settingsIn, usageIn, type Work } from "./work.ts";

type OnEvent = (event: unknown) => void;

/** What `ai` 7 calls: see its `Telemetry`. */
export interface AiSdkTelemetry {
  /** An operation begins. */
  readonly onStart: OnEvent;
  /** It is done. */
  readonly onEnd: OnEvent;
  /** It was called off. */
  readonly onAbort: OnEvent;
  /** It failed. */
  readonly onError: OnEvent;
  /** A model is asked for an object. */
  readonly onObjectStepStart: OnEvent;
  /** It answered. */
  readonly onObjectStepEnd: OnEvent;
  /** A model is asked for embeddings. */
  readonly onEmbedStart: OnEvent;
  /** It answered. */
  readonly onEmbedEnd: OnEvent;
  /** A model is asked for an order. */
  readonly onRerankStart: OnEvent;
  /** It answered. */
  readonly onRerankEnd: OnEvent;
  /** A tool is done. */
  readonly onToolExecutionEnd: OnEvent;
  /** Runs a call of a model below its span. */
  readonly executeLanguageModelCall: <T>(call: { readonly execute: () => PromiseLike<T> }) => PromiseLike<T>;
  /** Runs a tool below its span. */
  readonly executeTool: <T>(call: { readonly execute: () => PromiseLike<T> }) => PromiseLike<T>;
}

/** An operation that runs. */
interface Operation extends Turn {
  /** What runs in it, by what it is known by. */
  readonly below: Map<string, Span>;
}

/** The methods are bound: the SDK may call them alone. */
export function telemetryOf(work: Work): AiSdkTelemetry {
  const operations = new Operations(work);
  return {
    onStart: (event) => {
      claimById(work.tracer, idOf(event));
      operations.start(event);
    },
    onEnd: (event) => operations.end(event),
    onAbort: (event) => operations.over(event, { how: "abandoned" }),
    onError: (event) => operations.over(event, { how: "failed", error: fieldIn(event, "error") ?? event }),
    onObjectStepStart: (event) =>
      operations.begin(event, "object", (span) => work.modelCall(objectAsked(event), span)),
    onObjectStepEnd: (event) => operations.objectDone(event),
    onEmbedStart: (event) =>
      operations.begin(event, "embed", (span) =>
        work.vectorCall("embedding", asked(event), { parentSpan: span }),
      ),
    onEmbedEnd: (event) => operations.vectorDone(event, "embed"),
    onRerankStart: (event) =>
      operations.begin(event, "rerank", (span) =>
        work.vectorCall("retrieval", asked(event), { parentSpan: span }),
      ),
    onRerankEnd: (event) => operations.vectorDone(event, "rerank"),
    onToolExecutionEnd: (event) => operations.toolDone(event),
    executeLanguageModelCall: (call) => operations.callModel(call),
    executeTool: (call) => operations.runTool(call),
  };
}

/** The operations that run, by the id of their call. */
export class Operations {
  readonly #work: Work;
  readonly #running = new Map<string, Operation>();

  constructor(work: Work) {
    this.#work = work;
  }

  /** The span of the operation that an event is of. */
  spanOf(event: unknown): Span | undefined {
    return this.#running.get(idOf(event))?.span;
  }

  /** Begins an operation, unless it has begun. */
  start(event: unknown, startedAt?: Date): void {
    const id = idOf(event);
    if (this.#running.has(id)) return;
    const operationId = textIn(fieldIn(event, "operationId")) ?? "";
    const span = this.#work.operation(operationId, textIn(fieldIn(event, "functionId")), startedAt);
    this.#work.said(span, fieldIn(event, "prompt"), fieldIn(event, "messages"));
    const guard = guardStream(span, { idleMs: PATIENCE_MS, onEnd: () => void this.#running.delete(id) });
    this.#running.set(id, { span, guard, below: new Map(), failure: undefined });
  }

  end(event: unknown): void {
    const { span, failure } = this.#running.get(idOf(event)) ?? {};
    if (span?.state === "running") {
      const object = fieldIn(event, "object");
      this.#work.put(span, NAMES.agentResponse, object ?? textIn(fieldIn(event, "text")));
      span.addAttribute(NAMES.stopReason, reasonIn(fieldIn(event, "finishReason")));
    }
    this.over(event, endOf(event, failure));
  }

  over(event: unknown, end: WorkEnd): void {
    const operation = this.#running.get(idOf(event));
    if (operation === undefined) return;
    for (const span of operation.below.values()) endBy(span, end);
    this.#running.delete(idOf(event));
    operation.guard?.end(end);
  }

  begin(event: unknown, kind: string, start: (parent: Span | undefined) => Span): void {
    const operation = this.#running.get(idOf(event));
    operation?.below.set(partOf(event, kind), start(operation.span));
  }

  objectDone(event: unknown): void {
    const span = this.#take(event, "object");
    const reasoning = textIn(fieldIn(event, "reasoning"));
    const text = textIn(fieldIn(event, "objectText"));
    this.#finish(
      span,
      [
        ...(reasoning ? [{ type: "reasoning", text: reasoning }] : []),
        ...(text ? [{ type: "text", text }] : []),
      ],
      event,
    );
  }

  #finish(span: Span | undefined, content: readonly unknown[], event: unknown): void {
    if (span === undefined) return;
    const [reason, usage] = [fieldIn(event, "finishReason"), fieldIn(event, "usage")];
    this.#work.answered(span, { content, finishReason: reasonIn(reason), usage: usageIn(usage) });
    span.end();
  }

  vectorDone(event: unknown, kind: string): void {
    const span = this.#take(event, kind);
    if (span === undefined) return;
    this.#work.counted(span, fieldIn(fieldIn(event, "usage"), "tokens"));
    if (kind === "rerank") this.#work.put(span, NAMES.output, fieldIn(event, "ranking"));
    span.end();
  }

  toolDone(event: unknown): void {
    const span = this.#take(event, "tool");
    if (span !== undefined) this.toolAnswered(span, fieldIn(event, "toolOutput"));
  }

  toolAnswered(span: Span, given: unknown): void {
    if (fieldIn(given, "type") === "tool-error")
      return endBy(span, { how: "failed", error: fieldIn(given, "error") });
    this.#work.put(span, NAMES.toolOutput, fieldIn(given, "output"));
    span.end();
  }

  async callModel<T>(call: { readonly execute: () => PromiseLike<T> }): Promise<T> {
    const span = this.modelBegins(call);
    let answer: T;
    try {
      answer = await this.#work.tracer.run(span, () => call.execute());
    } catch (error) {
      endBy(span, { how: "failed", error });
      throw error;
    }
    this.modelAnswered(span, call, answer);
    return answer;
  }

  modelBegins(event: unknown): Span {
    const operation = this.#running.get(idOf(event));
    if (operation !== undefined) goesOn(operation);
    return this.#work.modelCall(asked(event), operation?.span);
  }

  modelAnswered(span: Span, event: unknown, answer: unknown): void {
    const stream = fieldIn(answer, "stream");
    if (!isAnObject(stream)) return this.#finish(span, contentIn(answer), answer);
    // The rest is read later, or not: then neither it nor the operation ends by itself.
    const turn = this.#running.get(idOf(event));
    if (!new AnswerStream(this.#work, { span, turn, isTold: false }).follow(stream)) span.end();
  }

  async runTool<T>(call: { readonly execute: () => PromiseLike<T> }): Promise<T> {
    const span = this.toolBegins(call);
    // What it gave, or threw, is told by what comes next; nobody tells it of a tool of no operation.
    const { tracer } = this.#work;
    try {
      return await tracer.run(span, () => call.execute());
    } finally {
      if (!this.#running.has(idOf(call))) span.end();
    }
  }

  toolBegins(call: unknown): Span {
    const operation = this.#running.get(idOf(call));
    const called = fieldIn(call, "toolCall");
    const id = textIn(fieldIn(called, "toolCallId"));
    const name = textIn(fieldIn(called, "toolName")) ?? "tool";
    const span = this.#work.toolCall(name, { id, input: fieldIn(called, "input") }, operation?.span);
    operation?.below.set(partOf(call, "tool"), span);
    return span;
  }

  #take(event: unknown, kind: string): Span | undefined {
    const below = this.#running.get(idOf(event))?.below;
    const key = partOf(event, kind);
    const span = below?.get(key);
    below?.delete(key);
    return span;
  }
}

/** The id of the call that an event is of. */
export function idOf(event: unknown): string {
  return textIn(fieldIn(event, "callId")) ?? "";
}

/** What a part of an operation is known by. */
function partOf(event: unknown, kind: string): string {
  const call = fieldIn(event, "toolCall");
  return `${kind} ${textIn(fieldIn(event, "embedCallId") ?? fieldIn(call, "toolCallId")) ?? ""}`;
}

/** What a model is asked, as an event tells it. */
export function asked(event: unknown): Asked {
  return {
    model: textIn(fieldIn(event, "modelId")),
    provider: textIn(fieldIn(event, "provider")),
    system: fieldIn(event, "instructions"),
    messages: firstField(event, "messages", "values", "query"),
    tools: fieldIn(event, "tools"),
    settings: settingsIn(event),
  };
}

function objectAsked(event: unknown): Asked {
  return { ...asked(event), messages: fieldIn(event, "promptMessages") };
}

function contentIn(answer: unknown): readonly unknown[] {
  const content = fieldIn(answer, "content");
  return Array.isArray(content) ? content : [];
}

/** Of an error that came as a part of the stream the SDK says only this. */
function endOf(event: unknown, failure: unknown): WorkEnd {
  const error = failure ?? fieldIn(event, "error");
  if (error !== undefined && error !== null) return { how: "failed", error };
  return reasonIn(fieldIn(event, "finishReason")) === "error"
    ? { how: "failed", error: new Error(ENDED_WITH_ERROR) }
    : { how: "done" };
}
