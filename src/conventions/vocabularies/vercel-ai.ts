// The Vercel AI SDK's `ai.*`: the toolkit's prefix, but other names below it.
import { leadingItems, parseJsonText, structured } from "../json-text.ts";
import type { Message, MessagePart } from "../messages.ts";
import { messageWith, partsOf, readMessage, readMessages, toolsIn } from "../parts.ts";
import type { Source } from "../source.ts";
import { rawUsage, usageOf } from "../usage.ts";
import { countIn, fieldIn, firstField, isAnObject, textIn, wordsIn } from "../values.ts";
import { firstUserMessage } from "./gen-ai.ts";
import type { CountedField, NamedField, Names, Vocabulary, WorkKind } from "./vocabulary.ts";

const NAMES = {
  model: ["ai.model.id", "ai.response.model"],
  provider: ["ai.model.provider"],
  user: ["ai.telemetry.metadata.userId"],
  agent: ["ai.telemetry.functionId"],
  toolName: ["ai.toolCall.name"],
  toolCallId: ["ai.toolCall.id"],
  finishReason: ["ai.response.finishReason", "ai.finishReason"],
} as const satisfies Names<NamedField>;

const COUNTS = {
  input: ["ai.usage.inputTokens", "ai.usage.promptTokens", "ai.usage.tokens"],
  output: ["ai.usage.outputTokens", "ai.usage.completionTokens"],
  cachedRead: ["ai.usage.inputTokenDetails.cacheReadTokens", "ai.usage.cachedInputTokens"],
  cachedWrite: ["ai.usage.inputTokenDetails.cacheWriteTokens"],
  reasoning: ["ai.usage.outputTokenDetails.reasoningTokens", "ai.usage.reasoningTokens"],
} as const satisfies Names<CountedField>;

/** What programs give as `metadata` of its telemetry. */
const CONVERSATIONS = ["sessionId", "conversationId", "threadId", "chatId"];

const OPERATION = "ai.operationId";
const PROMPT = "ai.prompt";
const MESSAGES = "ai.prompt.messages";
/** Milliseconds; objects have the second. */
const TIME_TO_FIRST = ["ai.response.msToFirstChunk", "ai.stream.msToFirstChunk"] as const;

/** Characters of a prompt that is parsed with each span written. */
const MAX_SHORT = 2 ** 16;

/** The vocabulary of the Vercel AI SDK. */
export const vercelAi: Vocabulary<"vercel-ai"> = {
  name: "vercel-ai",
  described:
    "Vercel AI SDK: ai 5 and 6, and @ai-sdk/otel 1.0 (LegacyOpenTelemetry) for ai 7; 4 and 3 in part",
  names: NAMES,
  counts: COUNTS,
  owns: {
    "ai.":
      /^ai\.(operationId$|telemetry\.|model\.|prompt|response\.|result\.|stream\.|usage\.|toolCall\.|settings\.|values?$|embeddings?$|finishReason$|schema|request\.headers|ranking|documents$)/,
  },
  conversationNames: CONVERSATIONS.map((name) => `ai.telemetry.metadata.${name}`),
  messageLists: [MESSAGES],
  structures: [
    ...[
      OPERATION,
      "operation.name",
      PROMPT,
      MESSAGES,
      "ai.prompt.tools",
      "ai.usage.totalTokens",
      ...TIME_TO_FIRST,
    ],
    ...["ai.toolCall.args", "ai.toolCall.result", "ai.value", "ai.values", "ai.embedding", "ai.embeddings"],
    ...["ai.response.text", "ai.response.reasoning", "ai.response.object", "ai.response.toolCalls"],
  ],
  kind: (source) => kindOf(source.attributes[OPERATION]),
  firstWords: (source) => {
    const messages = source.attributes[MESSAGES];
    if (messages !== undefined) return firstUserMessage(leadingItems(messages));
    // A long prompt is parsed by whoever reads it; the model calls below say the same words.
    const isShort = (textIn(source.attributes[PROMPT])?.length ?? 0) < MAX_SHORT;
    return isShort ? firstUserMessage(promptMessages(source)) : undefined;
  },
  system: (source) => wordsIn(fieldIn(source.value(PROMPT), "system")),
  inputMessages: (source) => {
    const messages = readMessages(source.value(MESSAGES));
    return messages.length > 0 ? messages : promptMessages(source);
  },
  outputMessages: (source) => {
    const parts = answerOf(source);
    return parts.length === 0 ? [] : [messageWith("assistant", parts)];
  },
  input: (source, kind) => {
    if (kind === "tool-call") return jsonValue(source.attributes["ai.toolCall.args"]);
    const one = source.attributes["ai.value"];
    const many = source.value("ai.values");
    return one === undefined && Array.isArray(many) ? valuesOf(many) : jsonValue(one);
  },
  output: (source, kind) =>
    kind === "tool-call" ? jsonValue(source.attributes["ai.toolCall.result"]) : undefined,
  tools: (source) => toolsIn(source.value("ai.prompt.tools")),
  usage: (source) => usageOf(rawUsage(source, COUNTS), false),
  timeToFirstToken: (source) => countIn(source.first(TIME_TO_FIRST)),
};

/** `ai.generateText` runs tools and calls models; `ai.generateText.doGenerate` is one such call. */
function kindOf(operation: unknown): WorkKind | undefined {
  if (typeof operation !== "string") return undefined;
  if (operation === "ai.toolCall") return "tool-call";
  if (operation.startsWith("ai.embed")) return "embedding";
  if (operation.startsWith("ai.rerank")) return "retrieval";
  return /\.do(Generate|Stream)$/.test(operation) ? "model-call" : "agent";
}

/** `ai.prompt` is what the app gave: a text, or messages. */
function promptMessages(source: Source): readonly Message[] {
  const given = source.value(PROMPT);
  const messages = structured(fieldIn(given, "messages"));
  if (Array.isArray(messages)) return readMessages(messages);
  const prompt = isAnObject(given) ? fieldIn(given, "prompt") : given;
  if (Array.isArray(prompt)) return prompt.map((message) => readMessage(message));
  const text = wordsIn(prompt);
  return text === undefined ? [] : [{ role: "user", parts: [{ type: "text", text }] }];
}

function answerOf(source: Source): readonly MessagePart[] {
  const reasoning = wordsIn(source.attributes["ai.response.reasoning"]);
  const object = source.value("ai.response.object");
  const calls = source.value("ai.response.toolCalls");
  return [
    ...(reasoning === undefined ? [] : [{ type: "reasoning", text: reasoning } as const]),
    ...partsOf(textIn(firstField(source.attributes, "ai.response.text", "ai.result.text"))),
    ...(object === undefined
      ? []
      : [{ type: "text", text: textIn(source.attributes["ai.response.object"]) ?? "" } as const]),
    ...partsOf(Array.isArray(calls) ? calls : undefined),
  ];
}

/** The SDK writes values as JSON, texts too. */
function jsonValue(value: unknown): unknown {
  return typeof value === "string" ? (parseJsonText(value) ?? value) : value;
}

function valuesOf(values: readonly unknown[]): unknown {
  const read = values.map(jsonValue);
  return read.length > 1 ? read : read[0];
}
