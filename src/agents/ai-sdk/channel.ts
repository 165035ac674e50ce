// What `ai` 7 tells on its diagnostics channel, whether or not anything is registered with it.
import { tracingChannel } from "node:diagnostics_channel";
import { NAMES } from "../../conventions/names.ts";
import { fieldIn, isAnObject, textIn } from "../../conventions/values.ts";
import { nowMicros, PreciseDate } from "../../model/clock.ts";
import { asTracelightError } from "../../model/errors.ts";
import { activeFrame, bindFrames, type Frame } from "../../tracing/context.ts";
import { reportUnowned } from "../../tracing/faults.ts";
import { withValue } from "../../tracing/propagation/carried.ts";
import { endBy } from "../../tracing/results.ts";
import type { Span } from "../../tracing/span.ts";
import { NODE } from "../../tracing/span-node.ts";
import type { WorkEnd } from "../../tracing/steps.ts";
import type { Tracer } from "../../tracing/tracer.ts";
import { type AnnouncedCall, announce, CALL, forget } from "./announced.ts";
import { asked, idOf, Operations } from "./telemetry.ts";
import { Work } from "./work.ts";

/**
 * Tells a tracer of what `ai` 7 does, by the channel that it publishes to, until the undo that it returns is called. Calls of which an
 * integration tells the same tracer are left to that: `aiSdk(tracer)`, or the SDK's own for OpenTelemetry.
 */
export function followAiSdk(tracer: Tracer): () => void {
  const calls = new ChannelCalls(tracer);
  const { start, asyncEnd } = tracingChannel("ai:telemetry");
  const leave = bindFrames(start, (message) => harmless(() => calls.begun(message)) ?? activeFrame());
  const ended = (message: unknown): void => harmless(() => calls.ended(message));
  asyncEnd.subscribe(ended);
  return () => {
    leave();
    asyncEnd.unsubscribe(ended);
  };
}

function harmless<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    reportUnowned(asTracelightError(error, "INVALID_ARGUMENT", "What the AI SDK told could not be read"));
    return undefined;
  }
}

/** The calls that run. A message is one object, from its beginning to its end. */
class ChannelCalls {
  readonly #tracer: Tracer;
  readonly #work: Work;
  readonly #operations: Operations;
  readonly #calls = new Map<string, AnnouncedCall>();
  readonly #spans = new WeakMap<object, Span>();

  constructor(tracer: Tracer) {
    this.#tracer = tracer;
    this.#work = new Work(tracer, {});
    this.#operations = new Operations(this.#work);
  }

  /** What is active within what begins. */
  begun(message: unknown): Frame | undefined {
    const [type, event] = [typeOf(message), fieldIn(message, "event")];
    if (CALLS.has(type)) return this.#announced(event);
    const call = this.#calls.get(idOf(event));
    if (call?.isClaimed === true) return activeFrame();
    if (call !== undefined) this.#operations.start(call.event, call.at);
    return framed(this.#spanOf(type, event, message));
  }

  ended(message: unknown): void {
    const [type, event] = [typeOf(message), fieldIn(message, "event")];
    const error = fieldIn(message, "error");
    const end: WorkEnd = error === undefined ? { how: "done" } : { how: "failed", error };
    if (CALLS.has(type)) return this.#callEnded(type, event, { end, result: fieldIn(message, "result") });
    const span = isAnObject(message) ? this.#spans.get(message) : undefined;
    if (span === undefined) return;
    if (end.how === "failed") return endBy(span, end);
    const result = fieldIn(message, "result");
    if (type === "languageModelCall") this.#operations.modelAnswered(span, event, result);
    else this.#operations.toolAnswered(span, fieldIn(result, "output"));
  }

  #announced(event: unknown): Frame {
    const [tracer, id, at] = [this.#tracer, idOf(event), new PreciseDate(nowMicros())];
    const call: AnnouncedCall = { tracer, id, event, at, isClaimed: false };
    this.#calls.set(id, call);
    announce(call);
    const frame = activeFrame();
    return { span: undefined, scoped: undefined, ...frame, carried: withValue(frame?.carried, CALL, call) };
  }

  /** The SDK lets go of the message of a call that it never ends. */
  #spanOf(type: string, event: unknown, message: unknown): Span | undefined {
    if (type === "step") return this.#operations.spanOf(event);
    const begin = BEGINNINGS.get(type);
    const span = begin?.(this.#operations, event);
    if (span !== undefined && isAnObject(message)) this.#spans.set(message, span);
    return span;
  }

  #callEnded(type: string, event: unknown, { end, result }: { end: WorkEnd; result: unknown }): void {
    const call = this.#calls.get(idOf(event));
    this.#calls.delete(idOf(event));
    if (call === undefined) return;
    forget(call);
    if (call.isClaimed) return;
    if (VECTORS.has(type)) return this.#vectorEnded(type, call, { end, result });
    if (end.how !== "done") return this.#operations.over(event, end);
    const { callId } = { callId: fieldIn(event, "callId") };
    this.#operations.end({
      callId,
      text: fieldIn(result, "text"),
      finishReason: fieldIn(result, "finishReason"),
    });
  }

  /** It has no steps: only now is it known that nobody else tells of it. */
  #vectorEnded(
    type: string,
    { event, at }: AnnouncedCall,
    { end, result }: { end: WorkEnd; result: unknown },
  ): void {
    const value = fieldIn(event, "value");
    const given = { ...asked(event), ...(type === "rerank" ? {} : { messages: [value].flat() }) };
    const span = this.#work.vectorCall(type === "rerank" ? "retrieval" : "embedding", given, {
      startedAt: at,
    });
    this.#work.counted(span, fieldIn(fieldIn(result, "usage"), "tokens"));
    if (type === "rerank") this.#work.put(span, NAMES.output, fieldIn(result, "ranking"));
    endBy(span, end);
  }
}

function typeOf(message: unknown): string {
  return textIn(fieldIn(message, "type")) ?? "";
}

/** What is active where a span is; where there is none, what is active anyway. */
function framed(span: Span | undefined): Frame | undefined {
  const frame = activeFrame();
  return span === undefined ? frame : { span: span[NODE], scoped: frame?.scoped, carried: frame?.carried };
}

type Begin = (operations: Operations, event: unknown) => Span;

const BEGINNINGS: ReadonlyMap<string, Begin> = new Map<string, Begin>([
  ["languageModelCall", (operations, event) => operations.modelBegins(event)],
  ["executeTool", (operations, event) => operations.toolBegins(event)],
]);
const VECTORS: ReadonlySet<string> = new Set(["embed", "embedMany", "rerank"]);
const CALLS: ReadonlySet<string> = new Set(["generateText", "streamText", ...VECTORS]);
