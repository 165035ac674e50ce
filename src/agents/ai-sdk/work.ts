// The spans of the AI SDK's work, whichever of its versions tells of it: turns, calls of models and of tools.

import { textOfParts } from "../../conventions/messages.ts";
import { NAMES } from "../../conventions/names.ts";
import { partsOf } from "../../conventions/parts.ts";
import { countIn, fieldIn, textIn } from "../../conventions/values.ts";
import { defined } from "../../model/defined.ts";
import { sharedItems } from "../../model/history.ts";
import type { Span } from "../../tracing/span.ts";
import type { TraceOptions } from "../../tracing/trace-options.ts";
import type { Tracer } from "../../tracing/tracer.ts";
import { type PutContent, patienceOf, putContent, sharesHistories } from "../capture.ts";
import { calledModel } from "../model-span.ts";
import type { AiSdkOptions } from "./options.ts";
import { type Prompts, parsedPrompts, SharedPrompts } from "./prompts.ts";

/** The SDK says so, and no more, where an error came as a part of the stream. */
export const ENDED_WITH_ERROR = "The model's answer ended with an error.";

/** What a model is asked. */
export interface Asked {
  readonly model: string | undefined;
  readonly provider: string | undefined;
  readonly system?: unknown;
  readonly messages: unknown;
  readonly tools: unknown;
  readonly settings: object;
}

/** What a model answered: parts of a message, in the SDK's own shape. */
export interface Answered {
  readonly content: readonly unknown[];
  readonly finishReason: string | undefined;
  readonly usage: object | undefined;
}

/** Begins spans, and puts on them what is known. */
export class Work {
  readonly tracer: Tracer;
  readonly put: PutContent;
  /** Of the versions that write prompts as text. */
  readonly prompts: Prompts;
  /** How long nobody may read on in an answer. */
  readonly patience: ReturnType<typeof patienceOf>;
  readonly #options: AiSdkOptions;

  constructor(tracer: Tracer, options: AiSdkOptions) {
    this.tracer = tracer;
    this.put = putContent(options);
    this.prompts = sharesHistories(tracer, options) ? new SharedPrompts() : parsedPrompts;
    this.patience = patienceOf(options);
    this.#options = options;
  }

  /** An operation that the app asked for, such as `streamText`, as `operationId` has it. */
  operation(operationId: string, functionId: string | undefined, startedAt?: Date): Span {
    const { conversation, user, agent = functionId } = this.#options;
    const name = operationId.replace(/^ai\./, "");
    const span = this.tracer.startSpan(agent ?? name, { startedAt });
    if (TURNS.test(name)) {
      span.addAttribute(NAMES.traceType, name.startsWith("stream") ? "converse-stream" : "converse");
    }
    span.addAttribute(NAMES.agentName, agent);
    this.#about(span, conversation, user);
    return span;
  }

  #about(span: Span, conversation: string | undefined, user: string | undefined): void {
    span.addAttribute(NAMES.conversationId, conversation, { inheritable: true });
    span.addAttribute(NAMES.authContext, user, { inheritable: true });
  }

  /** What the user said last. */
  said(turn: Span, prompt: unknown, messages: unknown): void {
    const list = listIn(messages) ?? listIn(prompt);
    if (list === undefined) return this.put(turn, NAMES.userInput, prompt);
    const last = list.items.findLast((one, i) => i < list.length && fieldIn(one, "role") === "user");
    this.put(turn, NAMES.userInput, plainContent(fieldIn(last, "content")));
  }

  modelCall(asked: Asked, parentSpan: Span | undefined): Span {
    const span = this.tracer.startSpan(asked.model === undefined ? "chat" : `chat ${asked.model}`, {
      spanKind: "CLIENT",
      parentSpan,
    });
    span.addAttributes({
      ...calledModel("llm-invocation", asked.model, asked.provider),
      [NAMES.requestInferenceConfig]: Object.keys(asked.settings).length === 0 ? undefined : asked.settings,
    });
    this.put(span, NAMES.requestSystem, asked.system);
    this.put(span, NAMES.requestMessages, asked.messages);
    this.put(span, NAMES.requestToolConfig, asked.tools);
    return span;
  }

  answered(call: Span, { content, finishReason, usage }: Answered): void {
    if (call.state !== "running") return;
    if (content.length > 0) this.put(call, NAMES.responseOutput, { message: { role: "assistant", content } });
    call.addAttribute(NAMES.stopReason, finishReason).addAttribute(NAMES.responseUsage, usage);
    if (finishReason === "error" && call.spanStatus !== "ERROR") {
      call.setStatus("ERROR", ENDED_WITH_ERROR);
    }
  }

  toolCall(
    name: string,
    given: { readonly id: string | undefined; readonly input: unknown },
    parentSpan?: Span,
  ): Span {
    const span = this.tracer.startSpan(name, { parentSpan });
    span.addAttributes({
      [NAMES.traceType]: "tool-invocation",
      [NAMES.toolName]: name,
      [NAMES.toolUseId]: given.id,
    });
    this.put(span, NAMES.toolInput, given.input);
    return span;
  }

  /** A call of a model that embeds or ranks. */
  vectorCall(type: "embedding" | "retrieval", asked: Asked, options: TraceOptions = {}): Span {
    const span = this.tracer.startSpan(
      `${type === "embedding" ? "embed" : "rerank"} ${asked.model ?? ""}`.trim(),
      { spanKind: "CLIENT", ...options },
    );
    span.addAttributes(calledModel(type, asked.model, asked.provider));
    this.put(span, NAMES.input, asked.messages);
    return span;
  }

  /** What it read, in tokens. */
  counted(call: Span, tokens: unknown): void {
    const inputTokens = countIn(tokens);
    if (inputTokens !== undefined) call.addAttribute(NAMES.responseUsage, { inputTokens });
  }
}

/** The items of a list, and how many of them count. */
function listIn(given: unknown): ReturnType<typeof sharedItems> {
  return Array.isArray(given) ? { items: given, length: given.length } : sharedItems(given);
}

/** The settings of a call that bear on the answer. */
export function settingsIn(given: unknown): object {
  return defined(Object.fromEntries(SETTINGS.map((name) => [name, fieldIn(given, name) ?? undefined])));
}

/** Text alone stands for itself. */
function plainContent(content: unknown): unknown {
  const parts = partsOf(content);
  return parts.length > 0 && parts.every(({ type }) => type === "text") ? textOfParts(parts) : content;
}

/** Tokens as the SDK shows them to apps; its models count them in another shape. */
export function usageIn(usage: unknown): object | undefined {
  const [input, output] = [fieldIn(usage, "inputTokens"), fieldIn(usage, "outputTokens")];
  if (typeof input !== "object" || input === null)
    return typeof usage === "object" ? (usage ?? undefined) : undefined;
  return filled({
    inputTokens: fieldIn(input, "total"),
    outputTokens: fieldIn(output, "total"),
    inputTokenDetails: filled({
      cacheReadTokens: fieldIn(input, "cacheRead"),
      cacheWriteTokens: fieldIn(input, "cacheWrite"),
    }),
    outputTokenDetails: filled({ reasoningTokens: fieldIn(output, "reasoning") }),
  });
}

/** What has something in it. */
function filled(fields: object): object | undefined {
  const known = defined(fields);
  return Object.keys(known).length === 0 ? undefined : known;
}

/** Why the model stopped: a word, or one beside the provider's own. */
export function reasonIn(reason: unknown): string | undefined {
  return textIn(reason) ?? textIn(fieldIn(reason, "unified"));
}

const TURNS = /^(?:generate|stream)(?:Text|Object)$/;
const SETTINGS = [
  ...["maxOutputTokens", "temperature", "topP", "topK", "presencePenalty", "frequencyPenalty"],
  ...["stopSequences", "seed"],
];
