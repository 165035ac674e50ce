// The requests of one MCP connection, in both directions: a span each, from the request to its answer.
import { NAMES } from "../../conventions/names.ts";
import { fieldIn, isAnObject, textIn } from "../../conventions/values.ts";
import { extract, inject } from "../../tracing/propagation/propagation.ts";
import { endBy } from "../../tracing/results.ts";
import type { Span } from "../../tracing/span.ts";
import type { Tracer } from "../../tracing/tracer.ts";
import { type CaptureOptions, type PutContent, putContent } from "../capture.ts";
import { askedIn, placeOf, type RequestId, type Told, toldBy, withMeta, wordsOf } from "./messages.ts";

type Request = Extract<Told, { readonly type: "request" }>;
type Answer = Extract<Told, { readonly type: "answer" }>;
/** A request that has no answer yet. */
interface Pending {
  readonly span: Span;
  /** Nobody need call it off any more: a signal may outlive any number of requests. */
  readonly release: () => void;
}

type Open = Map<RequestId, Pending>;

/** Sees the messages of one transport. What it does never reaches the app. */
export class Session {
  readonly #tracer: Tracer;
  readonly #put: PutContent;
  readonly #nameOfOther: () => string | undefined;
  readonly #sent: Open = new Map();
  readonly #received: Open = new Map();
  readonly #seen = new WeakSet<object>();

  constructor(tracer: Tracer, options: CaptureOptions, nameOfOther: () => string | undefined) {
    this.#tracer = tracer;
    this.#put = putContent(options);
    this.#nameOfOther = nameOfOther;
  }

  /** A message goes out, with what the other side needs to go on with the trace. */
  send(message: unknown, options: unknown, pass: (message: unknown) => unknown): unknown {
    const told = toldBy(message);
    if (told?.type !== "request") {
      const sent = pass(message);
      this.#heed(told, { answers: this.#received, calls: this.#sent });
      return sent;
    }
    const span = this.#begin(told, "CLIENT");
    const callOff = () => this.#callOff(this.#sent, told.id);
    const given = fieldIn(options, "requestSignal");
    const signal = given instanceof AbortSignal ? given : undefined;
    open(this.#sent, told.id, { span, release: whenAborted(signal, callOff) });
    if (signal?.aborted === true) callOff();
    const sent = this.#tracer.run(span, () =>
      this.#pass(told.id, () => pass(withMeta(message, inject({}, span)))),
    );
    if (sent instanceof Promise) sent.catch((error: unknown) => this.#fail(told.id, error));
    return sent;
  }

  /** A message comes in; the work that answers it is below its span. */
  receive(message: unknown, deliver: () => unknown): unknown {
    // Who was connected before may have been asked first.
    if (!isAnObject(message) || this.#seen.has(message)) return deliver();
    this.#seen.add(message);
    const told = toldBy(message);
    if (told?.type !== "request") {
      this.#heed(told, { answers: this.#sent, calls: this.#received });
      return deliver();
    }
    const span = this.#begin(told, "SERVER");
    open(this.#received, told.id, { span, release: () => undefined });
    return this.#tracer.run(span, deliver);
  }

  /** The connection is closed: nothing of it will be answered any more. */
  close(): void {
    for (const spans of [this.#sent, this.#received]) {
      for (const id of [...spans.keys()]) this.#callOff(spans, id);
    }
  }

  #heed(told: Told | undefined, { answers, calls }: { readonly answers: Open; readonly calls: Open }): void {
    if (told?.type === "answer") this.#answer(take(answers, told.id), told);
    else if (told?.type !== "cancelled") return;
    else if (TIMED_OUT.test(told.reason)) endFailed(take(calls, told.id), told.reason);
    else this.#callOff(calls, told.id);
  }

  #begin({ method, params }: Request, spanKind: "CLIENT" | "SERVER"): Span {
    const isTool = method === CALL;
    const target = method === "resources/read" ? undefined : textIn(fieldIn(params, "name"));
    const span = this.#tracer.startSpan(target === undefined ? method : `${method} ${target}`, {
      spanKind,
      parentSpan: spanKind === "SERVER" ? this.#caller(params) : undefined,
      attributes: { [METHOD]: method },
    });
    if (spanKind === "CLIENT") span.addAttribute(NAMES.peerService, this.#nameOfOther());
    if (!isTool) this.#describe(span, method, params);
    else {
      span.addAttribute(NAMES.traceType, "tool-invocation").addAttribute(NAMES.toolName, target);
      this.#put(span, NAMES.toolInput, fieldIn(params, "arguments"));
    }
    return span;
  }

  #describe(span: Span, method: string, params: unknown): void {
    if (method.startsWith("resources/"))
      span.addAttribute("mcp.resource.uri", placeOf(fieldIn(params, "uri")));
    else this.#put(span, "mcp.request.params", askedIn(params));
    if (method === "prompts/get") span.addAttribute("gen_ai.prompt.name", textIn(fieldIn(params, "name")));
  }

  /** The span that asked, as the message names it; else the active one; where that is over, it has only set up the connection. */
  #caller(params: unknown): ReturnType<typeof extract> | null {
    const named = extract(fieldIn(params, "_meta"));
    if (named !== undefined) return named;
    return this.#tracer.currentSpan?.state === "running" ? undefined : null;
  }

  #answer(span: Span | undefined, { result, error }: Answer): void {
    if (span === undefined) return;
    const isTool = span.spanName.startsWith(CALL);
    if (isAnObject(error)) {
      span.addAttribute("error.type", textIn(fieldIn(error, "code")) ?? "error");
      return endFailed(span, textIn(fieldIn(error, "message")) ?? "error");
    }
    this.#put(span, isTool ? NAMES.toolOutput : "mcp.response.result", withPlaces(result));
    if (isTool && fieldIn(result, "isError") === true) {
      span.addAttribute("error.type", "tool_error").setStatus("ERROR");
      this.#put(span, NAMES.toolError, wordsOf(result));
    }
    span.end();
  }

  #pass(id: RequestId, pass: () => unknown): unknown {
    try {
      return pass();
    } catch (error) {
      this.#fail(id, error);
      throw error;
    }
  }

  #fail(id: RequestId, error: unknown): void {
    const span = take(this.#sent, id);
    if (span !== undefined) endBy(span, { how: "failed", error });
  }

  #callOff(spans: Open, id: RequestId): void {
    const span = take(spans, id);
    if (span !== undefined) endBy(span, { how: "abandoned" });
  }
}

function open(spans: Open, id: RequestId, pending: Pending): void {
  // An id that is used again while its request runs can be answered once only.
  const before = take(spans, id);
  if (before !== undefined) endBy(before, { how: "abandoned" });
  spans.set(id, pending);
}

function take(spans: Open, id: RequestId): Span | undefined {
  const pending = spans.get(id);
  spans.delete(id);
  pending?.release();
  return pending?.span;
}

function endFailed(span: Span | undefined, message: string): void {
  span?.setStatus("ERROR", message).end();
}

/** Resources that were read, each without what may be secret in its URI. */
function withPlaces(result: unknown): unknown {
  const contents = fieldIn(result, "contents");
  if (!isAnObject(result) || !Array.isArray(contents)) return result;
  const placed = contents.map((one: unknown) =>
    isAnObject(one) ? { ...one, uri: placeOf(fieldIn(one, "uri")) } : one,
  );
  return { ...result, contents: placed };
}

/** Calls it off with the signal; gives the undo. */
function whenAborted(signal: AbortSignal | undefined, callOff: () => void): () => void {
  signal?.addEventListener("abort", callOff, { once: true });
  return () => signal?.removeEventListener("abort", callOff);
}

const CALL = "tools/call";
const METHOD = "mcp.method.name";
/** The SDK tells of a time-out as of an abort, in words. */
const TIMED_OUT = /-32001|timed? ?out/i;
