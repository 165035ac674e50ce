// The Python toolkit's `ai.*` and Tracelight's own: Bedrock's Converse shapes as they are.
import type { SpanFields } from "../../model/span-fields.ts";
import { structured } from "../json-text.ts";
import { contentOf, type Message, textOfParts } from "../messages.ts";
import { NAMES } from "../names.ts";
import { messageWith, partsOf, readMessage, readMessages, toolsIn } from "../parts.ts";
import type { Source } from "../source.ts";
import { usageOfResponse } from "../usage.ts";
import { countIn, fieldIn, firstField, isAnObject, textIn } from "../values.ts";
import { mcpContent } from "./mcp.ts";
import type { Vocabulary, WorkKind } from "./vocabulary.ts";

type Attributes = SpanFields["attributes"];

/** Spans of these types are all this vocabulary's. */
export const KINDS: ReadonlyMap<unknown, WorkKind> = new Map<unknown, WorkKind>([
  ["converse", "turn"],
  ["converse-stream", "turn"],
  ["cycle", "cycle"],
  ["llm-invocation", "model-call"],
  ["tool-invocation", "tool-call"],
  ["conversation-history-list", "history"],
  ["conversation-history-add", "history"],
  ...(["agent", "chain", "embedding", "retrieval"] as const).map((kind) => [kind, kind] as const),
]);

/** The vocabulary of the toolkit. */
export const toolkit: Vocabulary<"tracelight"> = {
  name: "tracelight",
  described:
    "Generative AI Toolkit for Python, of April 2025 and newer; Bedrock's Converse API for messages, tools and usage",
  names: {
    model: [NAMES.requestModel],
    provider: [NAMES.provider],
    agent: [NAMES.agentName],
    toolName: [NAMES.toolName],
    toolCallId: [NAMES.toolUseId],
    finishReason: [NAMES.stopReason],
  },
  conversationNames: [NAMES.conversationId],
  messageLists: [NAMES.requestMessages, NAMES.historyMessages],
  structures: [
    ...[NAMES.traceType, NAMES.userInput, NAMES.agentResponse, NAMES.toolInput, NAMES.toolOutput],
    ...[NAMES.input, NAMES.output],
    ...[NAMES.requestMessages, NAMES.requestSystem, NAMES.requestToolConfig],
    ...[NAMES.responseOutput, NAMES.responseUsage],
  ],
  kind: ({ attributes }) => KINDS.get(attributes[NAMES.traceType]),
  firstWords: ({ attributes }, kind) => {
    if (isTurnHead(kind)) return attributes[NAMES.userInput];
    return kind === "model-call" ? firstUserContent(attributes[NAMES.requestMessages]) : undefined;
  },
  system: ({ attributes }) => {
    const system = structured(attributes[NAMES.requestSystem]);
    // Gemini has a message for it.
    return textOfParts(partsOf(firstField(system, "parts") ?? system));
  },
  inputMessages: ({ attributes }, kind) => {
    if (isTurnHead(kind)) return saidBy("user", attributes[NAMES.userInput]);
    if (kind === "history") return historyOf(attributes);
    return messagesIn(structured(attributes[NAMES.requestMessages]));
  },
  outputMessages: ({ attributes }, kind) => {
    if (isTurnHead(kind)) return saidBy("assistant", attributes[NAMES.agentResponse]);
    if (kind !== "cycle") return answerOf(attributes[NAMES.responseOutput]);
    const message = attributes[NAMES.cycleResponse];
    return message === undefined || message === null ? [] : [readMessage(structured(message), "assistant")];
  },
  input: ({ attributes }, kind) => inputOf(kind, attributes),
  output: ({ attributes }, kind) => outputOf(kind, attributes),
  tools: ({ attributes }) => {
    const config = structured(attributes[NAMES.requestToolConfig]);
    return toolsIn(fieldIn(config, "tools") ?? config);
  },
  usage: ({ attributes }) => usageOfResponse(attributes[NAMES.responseUsage]),
  // The toolkit does not measure it; this is where Tracelight's own spans may have it.
  timeToFirstToken: ({ attributes }) => {
    const seconds = countIn(attributes[NAMES.timeToFirstChunk]);
    return (
      countIn(fieldIn(attributes[NAMES.responseMetrics], "timeToFirstTokenMs")) ??
      (seconds === undefined ? undefined : seconds * 1000)
    );
  },
};

/** Who the work was done for: the principal of the authentication context. */
export function principalOf({ attributes }: Source): string | undefined {
  const context = attributes[NAMES.authContext];
  return isAnObject(context) ? textIn(Reflect.get(context, "principal_id")) : textIn(context);
}

function saidBy(role: string, content: unknown): readonly Message[] {
  const parts = partsOf(content);
  return parts.length === 0 ? [] : [messageWith(role, parts)];
}

function historyOf(attributes: Attributes): readonly Message[] {
  const list = structured(attributes[NAMES.historyMessages]);
  if (Array.isArray(list)) return readMessages(list);
  const message = structured(attributes[NAMES.historyMessage]);
  return message === undefined || message === null ? [] : [readMessage(message)];
}

/** One text alone is the user's. */
function messagesIn(list: unknown): readonly Message[] {
  return typeof list === "string" ? saidBy("user", list) : readMessages(list);
}

/** What a model answered: a message, or the items of OpenAI's Responses, which are one message together. */
function answerOf(given: unknown): readonly Message[] {
  const output = structured(given);
  const items = fieldIn(output, "output");
  if (Array.isArray(items) && fieldIn(output, "message") === undefined) return joined(readMessages(items));
  const message = property(output, "message");
  return message === undefined || message === null ? [] : [readMessage(structured(message), "assistant")];
}

function joined(messages: readonly Message[]): readonly Message[] {
  return messages.length === 0
    ? []
    : [
        messageWith(
          "assistant",
          messages.flatMap(({ parts }) => parts),
        ),
      ];
}

function firstUserContent(messages: unknown): unknown {
  if (typeof messages === "string") return messages;
  if (!Array.isArray(messages)) return undefined;
  for (const message of messages) {
    if (!isAnObject(message) || Reflect.get(message, "role") !== "user") continue;
    const content: unknown = firstField(message, "content", "parts");
    if (
      hasWords(content) ||
      (Array.isArray(content) && content.some((block) => hasWords(fieldIn(block, "text"))))
    ) {
      return content;
    }
  }
  return undefined;
}

function hasWords(text: unknown): boolean {
  return typeof text === "string" && /\S/.test(text);
}

function inputOf(kind: WorkKind, attributes: Attributes): unknown {
  if (isTurnHead(kind)) return attributes[NAMES.userInput];
  if (kind === "tool-call") return attributes[NAMES.toolInput];
  const messages = attributes[NAMES.requestMessages];
  if (kind !== "model-call") return attributes[NAMES.input] ?? (kind === "embedding" ? messages : undefined);
  return Array.isArray(messages) ? messageContent(messages[messages.length - 1]) : messages;
}

function outputOf(kind: WorkKind, attributes: Attributes): unknown {
  if (isTurnHead(kind)) return attributes[NAMES.agentResponse];
  if (kind === "cycle") return messageContent(attributes[NAMES.cycleResponse]);
  if (kind === "tool-call") return mcpContent(attributes[NAMES.toolOutput]);
  if (kind === "model-call") return modelOutput(attributes[NAMES.responseOutput]);
  if (kind === "history") return attributes[NAMES.historyMessages] ?? attributes[NAMES.historyMessage];
  return attributes[NAMES.output];
}

/** Here, since who reads a span asks its vocabularies. */
function isTurnHead(kind: WorkKind): boolean {
  return kind === "turn" || kind === "agent";
}

function modelOutput(output: unknown): unknown {
  const isOfItems = Array.isArray(fieldIn(output, "output")) && fieldIn(output, "message") === undefined;
  return isOfItems ? contentOf(answerOf(output)[0]) : messageContent(property(output, "message"));
}

/** A property of an object, else the value itself: what is not in the expected shape is shown as it is. */
function property(value: unknown, key: string): unknown {
  return isAnObject(value) && key in value ? Reflect.get(value, key) : value;
}

/** A message's content: the text where all of it is text, else the blocks as they are. */
function messageContent(message: unknown): unknown {
  const content = firstField(message, "content", "parts") ?? property(message, "content");
  if (!Array.isArray(content) || content.length === 0) return content;
  const texts = content.map((block) => textIn(fieldIn(block, "text")));
  return texts.every((t) => t !== undefined) ? texts.join("\n") : content;
}
