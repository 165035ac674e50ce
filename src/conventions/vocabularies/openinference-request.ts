// What OpenInference's instrumentations of clients say in a span's input and output alone: the request and the answer as they are.
import type { Message, MessagePart } from "../messages.ts";
import { readMessage } from "../parts.ts";
import type { Source } from "../source.ts";
import { type RawUsage, rawUsage } from "../usage.ts";
import { countIn, fieldIn, isAnObject, textIn, wordsIn } from "../values.ts";
import { OPENINFERENCE, OPENINFERENCE_COUNTS, OPENINFERENCE_FIELDS } from "./openinference-names.ts";

/** The model that was asked for, where `llm.model_name` has the one that answered; for Bedrock it has a part of the id. */
export function askedModel(source: Source): string | undefined {
  const { attributes } = source;
  const [asked] = OPENINFERENCE_FIELDS.model;
  if (attributes[asked] !== undefined || attributes[OPENINFERENCE.model] === undefined) return undefined;
  return isBedrock(source)
    ? (leadingModelId(source) ?? wordsIn(shortField(source, OPENINFERENCE.input, "modelId")))
    : wordsIn(shortField(source, OPENINFERENCE.parameters, "model"));
}

/** A request begins with it, as Bedrock's client and its examples have it: then all that was said need not be parsed. */
function leadingModelId({ attributes }: Source): string | undefined {
  const request = textIn(attributes[OPENINFERENCE.input])?.slice(0, MAX_MODEL_ID);
  return /^\s*\{\s*"modelId"\s*:\s*"([^"\\]+)"/.exec(request ?? "")?.[1];
}

/** Characters; Bedrock's own limit for an id is 2048. */
const MAX_MODEL_ID = 4096;

function shortField(source: Source, name: string, key: string): unknown {
  return source.isShort(name) ? fieldIn(source.value(name), key) : undefined;
}

/**
 * Messages; those that are not whole as the request has them. Of several results of tools in one message the attributes have one at most
 * (Anthropic), or its id alone (Bedrock); of an image not its data (Anthropic).
 */
export function wholeMessages(source: Source, messages: readonly Message[]): readonly Message[] {
  if (!messages.some(isPartial)) return messages;
  const given = fieldIn(source.value(OPENINFERENCE.input), "messages");
  if (!Array.isArray(given)) return messages;
  // A system prompt is often no message of the request.
  const before = messages[0]?.role === "system" && readMessage(given[0]).role !== "system" ? 1 : 0;
  return messages.map((message, i) => {
    const whole: unknown = given[i - before];
    return isPartial(message) && isAnObject(whole) ? readMessage(whole) : message;
  });
}

function isPartial({ parts }: Message): boolean {
  return parts.some((part) => part.type === "tool-result" || isPlaceless(part));
}

function isPlaceless(part: MessagePart): boolean {
  return (
    (part.type === "image" || part.type === "file") &&
    [part.data, part.url, part.fileId].every((place) => place === undefined)
  );
}

/** The parts of an answer of OpenAI's Responses are a message each; of other answers, messages are ones to choose from. */
export function oneAnswer(source: Source, messages: readonly Message[]): readonly Message[] {
  if (messages.length < 2 || fieldIn(source.value(OPENINFERENCE.output), "object") !== "response")
    return messages;
  return [{ role: "assistant", parts: messages.flatMap(({ parts }) => parts) }];
}

/** Tokens. Bedrock's count of the input lacks cached ones; the total has them, and the answer says how many. */
export function countsOf(source: Source): RawUsage {
  const raw = rawUsage(source, OPENINFERENCE_COUNTS);
  if (!isBedrock(source)) return raw;
  const usage = shortField(source, OPENINFERENCE.output, "usage");
  return {
    ...raw,
    input: wholeInput(source, raw),
    cachedRead: raw.cachedRead ?? fieldIn(usage, "cacheReadInputTokens"),
    cachedWrite: raw.cachedWrite ?? fieldIn(usage, "cacheWriteInputTokens"),
  };
}

function wholeInput({ attributes }: Source, { input, output }: RawUsage): unknown {
  const total = countIn(attributes["llm.token_count.total"]);
  return total === undefined ? input : Math.max(countIn(input) ?? 0, total - (countIn(output) ?? 0));
}

/** Of JavaScript or of Python. */
function isBedrock({ span }: Source): boolean {
  return span.scope.name.includes("bedrock");
}
