// What a vendor says on the wire: how a recorded answer is said as a whole, as the pieces of a stream, and as a failure.
import type { Fields } from "../../../agents/dialects/dialect.ts";
import { fields, isFields, list } from "../../../agents/dialects/values.ts";
import type { Finish } from "../../../conventions/finish.ts";
import type { MessagePart, Usage } from "../../../conventions/messages.ts";
import { NAMES } from "../../../conventions/names.ts";
import { type Reading, readSpan } from "../../../conventions/reading.ts";
import { fieldIn, wordsIn } from "../../../conventions/values.ts";
import type { SpanFields } from "../../../model/span-fields.ts";

/** The APIs whose answers are known. */
export type WireName =
  | "openai-chat"
  | "openai-responses"
  | "anthropic"
  | "gemini"
  | "ollama"
  | "converse"
  | "embeddings";

/** A request, as far as an answer depends on it. */
export interface WireAsk {
  readonly body: object;
  readonly url: string;
}

/** A recorded answer. */
export interface Said {
  readonly reading: Reading;
  /** Whose shapes `output` and `usage` have; undefined where they are nobody's, as of a library's telemetry. */
  readonly wire: WireName | undefined;
  readonly output: unknown;
  readonly usage: Fields | undefined;
  readonly metrics: Fields | undefined;
  readonly config: unknown;
  readonly stopReason: string | undefined;
  readonly model: string;
  readonly id: string | undefined;
  readonly startedAtMicros: number;
}

/** A recorded failure. */
export interface Failure {
  readonly message: string;
  /** Of HTTP; undefined where there was no answer, or one that failed underway. */
  readonly status: number | undefined;
  readonly code: string | number | undefined;
  readonly type: string | undefined;
}

/** A stream: with `begun` alone it was left underway. */
export interface Pieces {
  readonly begun: readonly string[];
  readonly ended: readonly string[];
}

/** How one API answers. */
export interface Wire {
  readonly name: WireName;
  /** The content type of its streams. */
  readonly streamType: string;
  isStreamed(ask: WireAsk): boolean;
  /** The body of an answer that comes as a whole. */
  whole(said: Said, ask: WireAsk): Fields;
  /** What a stream is written in. */
  pieces(said: Said, ask: WireAsk): Pieces;
  /** The body of a refusal. */
  error(failure: Failure): Fields;
  /** The piece of a stream that says that it failed. */
  errorPiece(failure: Failure): string;
}

/** What the answer of a recorded call was. */
export function saidIn(span: SpanFields): Said {
  const { attributes } = span;
  const reading = readSpan(span);
  return {
    reading,
    wire: wireOf(span),
    output: attributes[NAMES.responseOutput],
    usage: fields(attributes[NAMES.responseUsage]),
    metrics: fields(attributes[NAMES.responseMetrics]),
    config: attributes[NAMES.requestInferenceConfig],
    stopReason: wordsIn(attributes[NAMES.stopReason]),
    model: wordsIn(attributes[NAMES.responseModel]) ?? reading.model ?? "recorded",
    id: wordsIn(attributes[NAMES.responseId]),
    startedAtMicros: span.startedAtMicros,
  };
}

/** Whose shapes an answer has, by what is in it: an adapter records the vendor's own. */
function wireOf({ attributes }: SpanFields): WireName | undefined {
  const output = attributes[NAMES.responseOutput];
  if (Array.isArray(fieldIn(output, "output"))) return "openai-responses";
  const message = fieldIn(output, "message");
  if (Array.isArray(fieldIn(message, "parts"))) return "gemini";
  const content = fieldIn(message, "content");
  if (fieldIn(message, "role") === undefined) return undefined;
  if (Array.isArray(content) && content.every((block) => isFields(block) && !("type" in block)))
    return "converse";
  const isAnthropic = fieldIn(attributes[NAMES.requestInferenceConfig], "max_tokens") !== undefined;
  if (Array.isArray(content) && isAnthropic && fieldIn(message, "tool_calls") === undefined)
    return "anthropic";
  const isOllama =
    fieldIn(attributes[NAMES.responseUsage], "eval_count") ??
    fieldIn(attributes[NAMES.responseMetrics], "total_duration");
  if (isOllama !== undefined) return "ollama";
  return SERVER in attributes ? "openai-chat" : undefined;
}

/** What `tracedFetch` says of each call. */
export const SERVER = "server.address";

/** The parts of an answer in nobody's shape. */
function partsOf({ reading }: Said): readonly MessagePart[] {
  return reading.outputMessages.flatMap(({ parts }) => parts);
}

/** What was said in words, and what was thought. */
export function textOf(said: Said, type: "text" | "reasoning"): string | undefined {
  const texts = partsOf(said).flatMap((part) => (part.type === type ? [part.text] : []));
  return texts.length === 0 ? undefined : texts.join("");
}

/** A call of a tool that the model asks for. */
export interface AskedTool {
  readonly id: string;
  readonly name: string;
  readonly input: unknown;
}

export function toolsOf(said: Said): readonly AskedTool[] {
  return partsOf(said)
    .filter((part) => part.type === "tool-call")
    .map(({ id, name = "tool", arguments: input = {} }, i) => ({ id: id ?? `call_${i + 1}`, name, input }));
}

/** Why the model stopped, in a vendor's words. */
export type StopWords = Readonly<Record<Exclude<Finish, "error">, string>>;

/** The recorded reason where it is this wire's own, else the word that stands for it. */
export function stopOf(said: Said, wire: WireName, words: StopWords): string {
  if (said.wire === wire && said.stopReason !== undefined) return said.stopReason;
  const { finish } = said.reading;
  if (finish !== undefined && finish !== "stop" && finish !== "error") return words[finish];
  return words[toolsOf(said).length > 0 ? "tool-call" : "stop"];
}

/** The recorded counts where they are this wire's own, else what `made` makes of them. */
export function usageOf(said: Said, wire: WireName, made: (usage: Usage) => Fields): Fields | undefined {
  const isOwn = said.wire === wire || (said.wire !== undefined && wire === "embeddings");
  if (isOwn && said.usage !== undefined) return said.usage;
  const { usage } = said.reading;
  return usage === undefined ? undefined : made(usage);
}

/** Seconds since the epoch. */
export function createdAt({ startedAtMicros }: Said): number {
  return Math.floor(startedAtMicros / 1_000_000);
}

/** A text in words, as models say it. */
export function wordByWord(text: string): string[] {
  return text.match(/\S+\s*|\s+/g) ?? [];
}

/** JSON text, as a model writes what it gives to a tool. */
export function jsonOf(value: unknown): string {
  return typeof value === "string" ? value : (JSON.stringify(value) ?? "{}");
}

/** A server-sent event. */
export function event(value: object, name?: string): string {
  return `${name === undefined ? "" : `event: ${name}\n`}data: ${JSON.stringify(value)}\n\n`;
}

/** The items of a list that are objects. */
export function objectsIn(value: unknown): readonly Fields[] {
  return list(value).filter(isFields);
}

/** What comes after the last word says that all is over. */
export function partedAfter(pieces: readonly string[], isWord: (piece: string) => boolean): Pieces {
  const end = pieces.findLastIndex(isWord) + 1;
  return { begun: pieces.slice(0, end), ended: pieces.slice(end) };
}
