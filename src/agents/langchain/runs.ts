// The runs of LangChain that are underway, each with its span.
import { structured } from "../../conventions/json-text.ts";
import { NAMES } from "../../conventions/names.ts";
import { fieldIn, firstField, isAnObject, textIn } from "../../conventions/values.ts";
import { defined } from "../../model/defined.ts";
import type { Span } from "../../tracing/span.ts";
import type { WorkEnd } from "../../tracing/steps.ts";
import { guardStream } from "../../tracing/streams/guard.ts";
import type { StreamGuard } from "../../tracing/streams/stream-guard.ts";
import type { TraceOptions } from "../../tracing/trace-options.ts";
import type { Tracer } from "../../tracing/tracer.ts";
import { type PutContent, putContent, type StreamOptions, sharesHistories } from "../capture.ts";
import { calledModel } from "../model-span.ts";
import { Histories } from "./histories.ts";
import { answeredIn, isNoError, plain, plainMessage, resultOf, saidIn } from "./messages.ts";

/** What LangChain says of every run. */
export interface RunStart {
  readonly id: unknown;
  readonly parent: unknown;
  readonly tags: unknown;
  readonly metadata: unknown;
  readonly name: unknown;
}

interface Run {
  readonly span: Span;
  readonly guard: StreamGuard | undefined;
  /** What of an answer came as a stream. */
  text: string;
  readonly isTurn: boolean;
  readonly above: Run | undefined;
  /** How many run below it. */
  below: number;
  /** LangChain has told of its end. */
  isTold: boolean;
  /** Of one below nobody told. */
  isLeft: boolean;
}

/** Runs by their id. One that is told of twice is one. */
export class Runs {
  readonly #tracer: Tracer;
  readonly #put: PutContent;
  readonly #idleMs: number;
  /** What a message is on a span. */
  readonly #plain: (message: unknown) => unknown;
  readonly #running = new Map<unknown, Run>();
  /** Runs that LangChain hides, by the nearest above that it shows. */
  readonly #hidden = new Map<unknown, unknown>();

  constructor(tracer: Tracer, options: StreamOptions) {
    this.#tracer = tracer;
    this.#idleMs = options.idleMs ?? SILENCE_MS;
    this.#put = putContent(options);
    const histories = sharesHistories(tracer, options) ? new Histories() : undefined;
    this.#plain = histories === undefined ? plainMessage : (message) => histories.plain(message);
  }

  chain(start: RunStart, inputs: unknown): void {
    if (isHidden(start)) return void this.#hidden.set(start.id, this.#shown(start.parent));
    const isTurn = !this.#running.has(this.#shown(start.parent));
    const run = this.#begin(start, {}, isTurn);
    if (run === undefined) return;
    run.span.addAttribute(NAMES.traceType, isTurn ? "converse" : "chain");
    if (isTurn) this.#put(run.span, NAMES.userInput, saidIn(inputs));
    else this.#put(run.span, NAMES.input, plain(inputs));
  }

  chainDone(id: unknown, outputs: unknown): void {
    this.#hidden.delete(id);
    const run = this.#running.get(id);
    if (run?.isTurn === true) this.#put(run.span, NAMES.agentResponse, answeredIn(outputs));
    else if (run !== undefined) this.#put(run.span, NAMES.output, plain(outputs));
    this.#end(id, { how: "done" });
  }

  model(start: RunStart, asked: unknown, params: unknown): void {
    const given = fieldIn(params, "invocation_params");
    const model = textIn(
      firstField(given, "model", "model_name") ?? fieldIn(start.metadata, "ls_model_name"),
    );
    const name = model === undefined ? start.name : `${String(start.name)} ${model}`;
    const run = this.#begin({ ...start, name }, { spanKind: "CLIENT" }, false);
    run?.span.addAttributes({
      ...calledModel("llm-invocation", model, textIn(fieldIn(start.metadata, "ls_provider"))),
      [NAMES.requestInferenceConfig]: settingsIn(given),
    });
    if (run === undefined) return;
    const signal = fieldIn(fieldIn(params, "options"), "signal");
    if (signal instanceof AbortSignal) run.guard?.heed(signal);
    const list = Array.isArray(asked) ? asked : [asked];
    this.#put(
      run.span,
      NAMES.requestMessages,
      list.map((one) => (typeof one === "string" ? { type: "human", content: one } : this.#plain(one))),
    );
    this.#put(run.span, NAMES.requestToolConfig, fieldIn(given, "tools"));
  }

  part(id: unknown, token: unknown, fields: unknown): void {
    const run = this.#running.get(id);
    if (run === undefined) return;
    run.text += textIn(token) ?? "";
    // It is a stream: whether somebody waits for the next part is not told.
    run.guard?.expect(undefined, this.#idleMs);
    run.guard?.chunk(fields);
  }

  modelDone(id: unknown, output: unknown): void {
    const run = this.#running.get(id);
    if (run !== undefined) this.#answer(run.span, output);
    this.#end(id, { how: "done" });
  }

  #answer(span: Span, output: unknown): void {
    const lists = fieldIn(output, "generations");
    const [generation]: unknown[] = Array.isArray(lists) && Array.isArray(lists[0]) ? lists[0] : [];
    const message = fieldIn(generation, "message");
    const about = fieldIn(message, "response_metadata");
    const info = fieldIn(generation, "generationInfo");
    const reason =
      firstField(about, "finish_reason", "stop_reason", "finishReason") ?? fieldIn(info, "finish_reason");
    span.addAttribute(NAMES.stopReason, textIn(reason));
    const usage = fieldIn(message, "usage_metadata") ?? fieldIn(fieldIn(output, "llmOutput"), "tokenUsage");
    if (isAnObject(usage)) span.addAttribute(NAMES.responseUsage, usage);
    const said =
      message === undefined ? { type: "ai", content: fieldIn(generation, "text") } : plainMessage(message);
    this.#put(span, NAMES.responseOutput, { message: said });
  }

  tool(start: RunStart, input: unknown, callId: unknown): void {
    const run = this.#begin(start, {}, false);
    run?.span.addAttributes({
      [NAMES.traceType]: "tool-invocation",
      [NAMES.toolName]: run.span.spanName,
      [NAMES.toolUseId]: textIn(callId),
    });
    if (run !== undefined) this.#put(run.span, NAMES.toolInput, structured(input));
  }

  toolDone(id: unknown, output: unknown): void {
    const run = this.#running.get(id);
    if (run !== undefined) {
      this.#put(run.span, NAMES.toolOutput, resultOf(output));
      const callId = textIn(fieldIn(output, "tool_call_id"));
      run.span.addAttribute(NAMES.toolUseId, callId);
      if (fieldIn(output, "status") === "error")
        run.span.setStatus("ERROR", "The tool answered with an error.");
    }
    this.#end(id, { how: "done" });
  }

  retriever(start: RunStart, query: unknown): void {
    const run = this.#begin(start, {}, false);
    run?.span.addAttribute(NAMES.traceType, "retrieval");
    if (run !== undefined) this.#put(run.span, NAMES.input, query);
  }

  retrieved(id: unknown, documents: unknown): void {
    const run = this.#running.get(id);
    if (run !== undefined)
      this.#put(run.span, NAMES.output, Array.isArray(documents) ? documents.map(plainDocument) : documents);
    this.#end(id, { how: "done" });
  }

  failed(id: unknown, error: unknown): void {
    this.#hidden.delete(id);
    this.#end(id, endBy(error));
  }

  #begin(
    { id, parent, tags, metadata, name }: RunStart,
    options: TraceOptions,
    isTurn: boolean,
  ): Run | undefined {
    if (this.#running.has(id)) return undefined;
    const above = this.#running.get(this.#shown(parent));
    const given = above === undefined ? options : { ...options, parentSpan: above.span };
    const span = this.#tracer.startSpan(textIn(name) ?? "run", given);
    span.addAttribute(NAMES.conversationId, above === undefined ? conversationIn(metadata) : undefined, {
      inheritable: true,
    });
    const guard = this.#guard(id, span, tags);
    const run = { span, guard, text: "", isTurn, above, below: 0, isTold: false, isLeft: false };
    this.#running.set(id, run);
    if (above === undefined) return run;
    above.below++;
    above.isLeft = false;
    above.guard?.expect(undefined, Number.POSITIVE_INFINITY);
    return run;
  }

  /** LangChain tells nothing of the end of a stream that is left. Who could tell holds the list of tags: as long as that is held, somebody may. */
  #guard(id: unknown, span: Span, tags: unknown): StreamGuard | undefined {
    const guard = guardStream(span, { idleMs: Number.POSITIVE_INFINITY, onEnd: () => this.#over(id) });
    if (isAnObject(tags)) guard?.heldBy(tags);
    return guard;
  }

  #over(id: unknown): void {
    const run = this.#running.get(id);
    this.#running.delete(id);
    if (run === undefined) return;
    leave(run);
    if (run.text === "" || run.span.attributes[NAMES.responseOutput] !== undefined) return;
    this.#put(run.span, NAMES.responseOutput, { message: { type: "ai", content: run.text } });
  }

  #end(id: unknown, end: WorkEnd): void {
    const run = this.#running.get(id);
    if (run === undefined) return;
    run.isTold = true;
    if (run.guard === undefined) this.#running.delete(id);
    run.guard?.end(end);
  }

  #shown(id: unknown): unknown {
    return this.#hidden.has(id) ? this.#hidden.get(id) : id;
  }
}

/** What ran above one that was left is told of no end either, unless it goes on with something else. */
function leave({ above, isTold }: Run): void {
  if (above === undefined) return;
  above.below--;
  if (!isTold) above.isLeft = true;
  if (above.isLeft && above.below === 0) above.guard?.expect({ how: "abandoned" }, LEFT_MS);
}

/** LangChain's own aborts have their name for a message. */
function endBy(error: unknown): WorkEnd {
  if (isNoError(error)) return { how: "done" };
  return fieldIn(error, "message") === "AbortError" ? { how: "abandoned" } : { how: "failed", error };
}

/** Steps that a graph is made of and nobody wrote. */
function isHidden({ tags }: RunStart): boolean {
  return Array.isArray(tags) && tags.includes("langsmith:hidden");
}

function conversationIn(metadata: unknown): string | undefined {
  return textIn(firstField(metadata, "thread_id", "session_id", "conversation_id"));
}

function plainDocument(document: unknown): unknown {
  if (!isAnObject(document)) return document;
  return defined({
    id: fieldIn(document, "id"),
    pageContent: fieldIn(document, "pageContent"),
    metadata: fieldIn(document, "metadata"),
  });
}

/** The settings of a call that bear on the answer; what else is there may be secret. */
function settingsIn(given: unknown): object | undefined {
  const settings = defined(
    Object.fromEntries(SETTINGS.map((name) => [name, fieldIn(given, name) ?? undefined])),
  );
  return Object.keys(settings).length === 0 ? undefined : settings;
}

/** Between two parts of an answer. */
const SILENCE_MS = 300_000;
/** What goes on does so at once. */
const LEFT_MS = 500;
const SETTINGS = [
  ...["temperature", "top_p", "top_k", "max_tokens", "max_completion_tokens", "maxOutputTokens"],
  ...[
    "frequency_penalty",
    "presence_penalty",
    "stop",
    "seed",
    "reasoning",
    "reasoning_effort",
    "tool_choice",
  ],
];
