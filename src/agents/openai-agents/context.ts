// The SDK's own context, which goes along with ours: what a tool starts lies below the tool's span.
import { fieldIn, wordsIn } from "../../conventions/values.ts";
import { activeFrame, type Companion, type Frame } from "../../tracing/context.ts";
import type { Span } from "../../tracing/span.ts";
import { NODE, type SpanNode } from "../../tracing/span-node.ts";

/** Which of the SDK's spans is active, and which of ours that is. */
export class AgentsContext implements Companion {
  readonly #spanOf: (id: string) => Span | undefined;
  /** Which of the SDK's spans was active when a frame of ours became so: within that, ours is the inner one. */
  readonly #within = new WeakMap<Frame, string>();

  constructor(spanOf: (id: string) => Span | undefined) {
    this.#spanOf = spanOf;
  }

  seen(frame: Frame | undefined): Frame | undefined {
    const id = currentId();
    const span = id === undefined ? undefined : this.#spanOf(id);
    if (id === undefined || span === undefined || this.#isInner(frame, id, span)) return frame;
    return { span: span[NODE], scoped: frame?.scoped, carried: frame?.carried };
  }

  run<T>(frame: Frame | undefined, fn: () => T): T {
    const id = frame === undefined ? undefined : currentId();
    if (frame !== undefined && id !== undefined) this.#within.set(frame, id);
    return fn();
  }

  /** True where what is active lies within the SDK's span with that id, which is `span` of ours. */
  isWithin(id: string, span: Span): boolean {
    return this.#isInner(activeFrame(), id, span);
  }

  #isInner(frame: Frame | undefined, id: string, span: Span): boolean {
    if (frame === undefined) return false;
    return this.#within.get(frame) === id || isBelow(frame.span, span[NODE]);
  }
}

function isBelow(node: SpanNode | undefined, above: SpanNode): boolean {
  let at = node;
  while (at !== undefined && at !== above) at = at.parent;
  return at === above;
}

/** The id of the SDK's active span, else of its trace: all copies of the SDK share one provider. */
function currentId(): string | undefined {
  try {
    const provider: unknown = Reflect.get(globalThis, PROVIDER);
    return idIn(provider, "getCurrentSpan", "spanId") ?? idIn(provider, "getCurrentTrace", "traceId");
  } catch {
    // One that is no provider.
    return undefined;
  }
}

function idIn(provider: unknown, method: string, field: string): string | undefined {
  const ask = fieldIn(provider, method);
  return typeof ask === "function" ? wordsIn(fieldIn(Reflect.apply(ask, provider, []), field)) : undefined;
}

const PROVIDER = Symbol.for("openai.agents.core.traceProvider");
