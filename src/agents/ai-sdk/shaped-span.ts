// A span in the shape of OpenTelemetry's API: what `ai` 5 and 6 say of their work, put on a span of ours.

import { structured } from "../../conventions/json-text.ts";
import { NAMES } from "../../conventions/names.ts";
import { countIn, fieldIn, firstField, isAnObject, textIn } from "../../conventions/values.ts";
import { defined } from "../../model/defined.ts";
import type { Span } from "../../tracing/span.ts";
import { NODE } from "../../tracing/span-node.ts";
import { guardStream } from "../../tracing/streams/guard.ts";
import type { StreamGuard } from "../../tracing/streams/stream-guard.ts";
import { SAMPLED } from "../../tracing/unsampled.ts";
import { noteFailure } from "../../tracing/verdict.ts";
import { AnswerStream, goesOn, PATIENCE_MS, type Turn } from "./answer-stream.ts";
import { ENDED_WITH_ERROR, reasonIn, type Work } from "./work.ts";

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

/** A span as it begins. */
export interface Begun {
  readonly span: Span;
  readonly above: Span | undefined;
  readonly operation: string;
}

/** An operation of streams, and those that it is made of. */
interface Operation extends Turn {
  readonly streams: StreamGuard[];
}

/** By its span. Of the SDK's own none is held: what nobody holds any more ends its span. */
const operations = new WeakMap<Span, Operation>();

/** A span of the SDK's, and what the SDK says along the way. */
export class ShapedSpan implements AiSdkSpan {
  readonly #work: Work;
  readonly #span: Span;
  readonly #operation: string;
  readonly #said = new Map<string, unknown>();
  readonly #guard: StreamGuard | undefined;
  readonly #answerStream: AnswerStream | undefined;
  #isNoted = false;
  /** What the work that it is of gives, once that is there: 5 says less of an answer than is in it. */
  #given: unknown;
  #isGiving = false;
  #isAtEnd = false;

  constructor(work: Work, { span, above, operation }: Begun) {
    this.#work = work;
    this.#span = span;
    this.#operation = operation;
    if (!operation.startsWith("ai.stream")) return;
    // The SDK never ends the spans of a stream that is left, or fails underway: it lets go of them.
    const around = above && operations.get(above);
    if (operation.endsWith(".doStream"))
      this.#answerStream = new AnswerStream(work, { span, turn: around, isTold: true });
    this.#guard = this.#answerStream?.guard ?? guardStream(span, { idleMs: PATIENCE_MS });
    this.#guard?.heldBy(this);
    if (this.#answerStream === undefined)
      operations.set(span, { span, guard: this.#guard, streams: [], failure: undefined });
    else this.#begins(around);
  }

  /** An operation goes on with this one. */
  #begins(around: Operation | undefined): void {
    if (around === undefined || this.#guard === undefined) return;
    goesOn(around);
    around.streams.push(this.#guard);
  }

  spanContext(): { traceId: string; spanId: string; traceFlags: number } {
    const { traceId, spanId, traceFlags = SAMPLED } = this.#span[NODE];
    return { traceId, spanId, traceFlags };
  }

  setAttribute(key: string, value: unknown): this {
    if (key.startsWith(META)) this.#work.put(this.#span, key, value);
    else this.#said.set(key, value);
    return this;
  }

  setAttributes(attributes: object): this {
    for (const [key, value] of Object.entries(attributes)) this.setAttribute(key, value);
    return this;
  }

  addEvent(name: string): this {
    if (name === "ai.stream.firstChunk" && this.#answerStream?.isFollowed !== true)
      this.#guard?.chunk(undefined);
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

  /** A whole answer is given behind the end, a stream before all that the SDK does with it. */
  gives(outcome: Promise<unknown>): void {
    if (this.#answerStream !== undefined) return this.#streams(outcome, this.#answerStream);
    if (!this.#operation.endsWith(".doGenerate")) return;
    this.#isGiving = true;
    const given = (value: unknown): void => {
      this.#isGiving = false;
      this.#given = value;
      if (this.#isAtEnd) this.end();
    };
    outcome.then(given, () => given(undefined));
  }

  #streams(outcome: Promise<unknown>, answer: AnswerStream): void {
    const given = (value: unknown): void => {
      const stream = fieldIn(fieldIn(value, "result"), "stream");
      if (isAnObject(stream)) answer.follow(stream);
    };
    // What failed the SDK tells.
    outcome.then(given, () => undefined);
  }

  end(): void {
    this.#isAtEnd = true;
    if (this.#isGiving) return;
    if (this.#answerStream !== undefined) this.#answerStream.isUntold = false;
    if (this.isRecording()) this.#complete();
    if (this.#guard === undefined) return this.#span.end();
    // Of a stream that is called off the SDK ends the operation, and what it is made of never.
    const left = (operations.get(this.#span)?.streams ?? []).filter(({ isOver }) => !isOver);
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
    if (traceType === "retrieval") return this.#ranked(this.#said.get("ai.ranking"));
    const object = structured(text("ai.response.object"));
    this.#work.put(this.#span, NAMES.agentResponse, object ?? text("ai.response.text"));
    const reason = reasonIn(text("ai.response.finishReason"));
    this.#span.addAttribute(NAMES.stopReason, reason);
    if (reason === "error" && this.#span.spanStatus !== "ERROR")
      this.#span.setStatus("ERROR", ENDED_WITH_ERROR);
  }

  /** Each place of the order is a text. */
  #ranked(ranking: unknown): void {
    this.#work.put(this.#span, NAMES.output, Array.isArray(ranking) ? ranking.map(structured) : ranking);
  }

  #answer() {
    const text = (name: string) => textIn(this.#said.get(name)) || undefined;
    const calls = structured(text("ai.response.toolCalls"));
    const said = text("ai.response.text") ?? text("ai.response.object");
    // The app may have asked for answers to be left out.
    const isTold = said !== undefined || calls !== undefined;
    const reasoning = text("ai.response.reasoning") ?? (isTold ? reasoningIn(this.#given) : undefined);
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
    const given = fieldIn(this.#given, "usage");
    const of = (...names: readonly string[]) =>
      names.map((name) => this.#said.get(`ai.usage.${name}`)).find((count) => count !== undefined) ??
      countIn(firstField(given, ...names));
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

/** The thoughts of an answer. */
function reasoningIn(answer: unknown): string | undefined {
  const content: unknown = fieldIn(answer, "content");
  const parts: readonly unknown[] = Array.isArray(content) ? content : [];
  const thoughts = parts.filter((part) => fieldIn(part, "type") === "reasoning");
  return thoughts.map((part) => textIn(fieldIn(part, "text")) ?? "").join("") || undefined;
}

/** What the app itself says of the call. */
const META = "ai.telemetry.metadata.";
/** OpenTelemetry's number for it. */
const ERROR = 2;
