// OpenInference: `openinference.span.kind`, `llm.*`, `input.value` and so on, lists one attribute a field.
import { defined } from "../../model/defined.ts";
import { at, type Branch, itemsOf } from "../flattened.ts";
import { parseJsonText, structured } from "../json-text.ts";
import { type MediaPart, type Message, type MessagePart, textOfParts } from "../messages.ts";
import { media, messageWith, partsOf, readMessage, resultFrom, toolsIn } from "../parts.ts";
import type { Source } from "../source.ts";
import { usageOf } from "../usage.ts";
import { fieldIn, textIn, wordsIn } from "../values.ts";
import { firstUserMessage } from "./gen-ai.ts";
import {
  answeredCall,
  LANGCHAIN_METADATA,
  langChainInput,
  langChainOutput,
  langChainProvider,
  unwrapped,
} from "./langchain.ts";
import {
  JSON_TYPE,
  OPENINFERENCE,
  OPENINFERENCE_CONVERSATION,
  OPENINFERENCE_COUNTS,
  OPENINFERENCE_FIELDS,
} from "./openinference-names.ts";
import { askedModel, countsOf, oneAnswer, wholeMessages } from "./openinference-request.ts";
import type { NamedField, Vocabulary, WorkKind } from "./vocabulary.ts";

const KINDS: ReadonlyMap<string, WorkKind> = new Map<string, WorkKind>([
  ["LLM", "model-call"],
  ["TOOL", "tool-call"],
  ["AGENT", "agent"],
  ["RETRIEVER", "retrieval"],
  ["RERANKER", "retrieval"],
  ["EMBEDDING", "embedding"],
  ["CHAIN", "chain"],
  ["GUARDRAIL", "chain"],
  ["EVALUATOR", "chain"],
  ["PROMPT", "chain"],
]);

/** The vocabulary of OpenInference. */
export const openinference: Vocabulary<"openinference"> = {
  name: "openinference",
  described:
    "OpenInference, spec/semantic_conventions.md; @arizeai/openinference-semantic-conventions 2.12.0; requests and answers as its " +
    "instrumentations of OpenAI 4.2, Anthropic 0.2, Bedrock 0.5 and LangChain 4.1 have them",
  names: OPENINFERENCE_FIELDS,
  counts: OPENINFERENCE_COUNTS,
  owns: {
    ...{ "openinference.": "all", "llm.": "all", "tool.": "all", "embedding.": "all", "reranker.": "all" },
    "retrieval.documents.": "all",
    "agent.name": /^agent\.name$/,
    "input.": /^input\.(value|mime_type)$/,
    "output.": /^output\.(value|mime_type)$/,
  },
  conversationNames: [OPENINFERENCE_CONVERSATION],
  // Where it is not spread over one attribute a field.
  messageLists: [OPENINFERENCE.inputMessages],
  structures: [
    ...[
      OPENINFERENCE.kind,
      OPENINFERENCE.input,
      OPENINFERENCE.inputType,
      OPENINFERENCE.output,
      OPENINFERENCE.outputType,
      "llm.token_count.total",
      "embedding.embeddings.",
    ],
    ...[
      OPENINFERENCE.inputMessages,
      OPENINFERENCE.outputMessages,
      OPENINFERENCE.tools,
      OPENINFERENCE.documents,
    ].map((name) => `${name}.`),
  ],
  hints: [LANGCHAIN_METADATA],
  kind: (source) => {
    const kind = textIn(source.attributes[OPENINFERENCE.kind]);
    if (kind !== undefined) return KINDS.get(kind.toUpperCase()) ?? "chain";
    return source.text(OPENINFERENCE_FIELDS.model) === undefined ? undefined : "model-call";
  },
  said: (source, field) => SAID.get(field)?.(source),
  firstWords: (source) =>
    source.attributes[`${OPENINFERENCE.inputMessages}.0.message.role`] === undefined
      ? saidIn(source, OPENINFERENCE.input, OPENINFERENCE.inputType)
      : (firstUserWords(source) ??
        (source.isShort(OPENINFERENCE.input) ? firstUserMessage(langChainInput(source)) : undefined)),
  // Anthropic's has its system prompt only among the parameters.
  system: (source) => textOfParts(partsOf(fieldIn(source.value(OPENINFERENCE.parameters), "system"))),
  inputMessages: (source, kind) => {
    const whole = hasMessages(kind) ? langChainInput(source) : [];
    if (whole.length > 0) return whole;
    const messages = messagesBelow(source, OPENINFERENCE.inputMessages, "user");
    return messages.length > 0
      ? wholeMessages(source, messages)
      : saidMessages(source, kind, OPENINFERENCE.input, "user");
  },
  outputMessages: (source, kind) => {
    const whole = hasMessages(kind) ? langChainOutput(source) : [];
    if (whole.length > 0) return whole;
    const messages = messagesBelow(source, OPENINFERENCE.outputMessages, "assistant");
    return messages.length > 0
      ? oneAnswer(source, messages)
      : saidMessages(source, kind, OPENINFERENCE.output, "assistant");
  },
  input: (source, kind) => {
    if (kind === "embedding")
      return embedded(source) ?? givenValue(source, OPENINFERENCE.input, OPENINFERENCE.inputType);
    return givenValue(source, OPENINFERENCE.input, OPENINFERENCE.inputType);
  },
  output: (source, kind) => {
    if (kind === "embedding") return undefined;
    const documents = kind === "retrieval" ? documentsOf(source) : [];
    return documents.length > 0
      ? documents
      : givenValue(source, OPENINFERENCE.output, OPENINFERENCE.outputType);
  },
  tools: (source) =>
    toolsIn(itemsOf(source.branch(OPENINFERENCE.tools)).map((tool) => at(tool, "tool.json_schema").value)),
  usage: (source) => usageOf(countsOf(source), false),
};

/** What the attributes of these fields do not say, or say less well than the rest of the span. */
const SAID: ReadonlyMap<NamedField, (source: Source) => string | undefined> = new Map([
  ["model", askedModel],
  ["provider", (source) => source.text(OPENINFERENCE_FIELDS.provider) ?? langChainProvider(source)],
  ["toolCallId", answeredCall],
]);

/** The first words of a user: messages are looked at one by one. */
function firstUserWords({ attributes }: Source): unknown {
  for (let i = 0; i < MAX_LOOKED_AT; i++) {
    const message = `${OPENINFERENCE.inputMessages}.${i}.message`;
    const role = attributes[`${message}.role`];
    if (role === undefined) break;
    const words = role === "user" ? firstTexts(attributes, message) : "";
    if (/\S/.test(words)) return words;
  }
  return undefined;
}

function firstTexts(attributes: Source["attributes"], message: string): string {
  let texts = textIn(attributes[`${message}.content`]) ?? "";
  for (let i = 0; i < MAX_LOOKED_AT; i++) {
    const content = `${message}.contents.${i}.message_content`;
    const type = attributes[`${content}.type`];
    if (type === undefined) break;
    if (type === "text" || type === "input_text") texts += `\n${textIn(attributes[`${content}.text`]) ?? ""}`;
  }
  return texts;
}

const MAX_LOOKED_AT = 64;

function messagesBelow(source: Source, prefix: string, role: string): readonly Message[] {
  const branch = source.branch(prefix);
  const list = structured(branch.value);
  // Exporters that keep structure have one list.
  if (Array.isArray(list))
    return list.map((item: unknown) => readMessage(fieldIn(item, "message") ?? item, role));
  return itemsOf(branch).map((item) => messageIn(at(item, "message"), role));
}

function messageIn(message: Branch, role: string): Message {
  const contents = itemsOf(at(message, "contents")).flatMap(partIn);
  const calls = itemsOf(at(message, "tool_calls")).map((call) => callIn(at(call, "tool_call")));
  // Newer instrumentations have the calls among the contents too, in their place.
  const hasCalls = contents.some(({ type }) => type === "tool-call");
  const parts = [...partsOf(at(message, "content").value), ...contents, ...(hasCalls ? [] : calls)];
  const answers = wordsIn(at(message, "tool_call_id").value);
  const said = textIn(at(message, "role").value) ?? role;
  if (answers === undefined) return messageWith(said, parts);
  return messageWith(said, [
    { ...defined({ name: wordsIn(at(message, "name").value) }), ...resultFrom(answers, parts) },
  ]);
}

function partIn(item: Branch): readonly MessagePart[] {
  const content = at(item, "message_content");
  // OpenAI's Responses say whose it is as well.
  const type = textIn(at(content, "type").value)?.replace(/^(?:input|output)_/, "");
  const text = textIn(at(content, "text").value);
  if (type === "tool_use" || type === "tool_call") return [callIn(at(item, "tool_call"))];
  if (type === "image") return [mediaIn(at(content, "image"), "image")];
  if (type === "audio" || type === "video") return [mediaIn(at(content, type), type)];
  if (text !== undefined) return [{ type: type === "reasoning" ? "reasoning" : "text", text }];
  return type === undefined ? [] : [{ type: "other", value: { type } }];
}

/** `image.image.url` by the specification; some write the provider's own fields. */
function mediaIn(branch: Branch, family: "image" | "audio" | "video"): MediaPart {
  const inner = at(branch, family);
  const field = (name: string) => at(inner, name).value ?? at(branch, name).value;
  const mediaType = field("mime_type") ?? field("media_type");
  return media({ url: field("url"), mime_type: mediaType, data: field("data") }, family);
}

function callIn(call: Branch): MessagePart {
  return {
    type: "tool-call",
    ...defined({
      id: wordsIn(at(call, "id").value),
      name: wordsIn(at(call, "function.name").value),
      arguments: structured(at(call, "function.arguments").value),
    }),
  };
}

/** A value that is JSON where its type says so. */
function givenValue(source: Source, name: string, typeName: string): unknown {
  const value = source.value(name);
  const isJson = typeof value === "string" && source.attributes[typeName] === JSON_TYPE;
  return unwrapped((isJson ? parseJsonText(value) : undefined) ?? value);
}

function saidIn({ attributes }: Source, name: string, typeName: string): unknown {
  return attributes[typeName] === JSON_TYPE ? undefined : attributes[name];
}

/** What an agent was told, or answered, is no list of messages but text. */
function saidMessages(source: Source, kind: WorkKind, name: string, role: string): readonly Message[] {
  const text = wordsIn(
    saidIn(source, name, name === OPENINFERENCE.input ? OPENINFERENCE.inputType : OPENINFERENCE.outputType),
  );
  return hasMessages(kind) && text !== undefined ? [{ role, parts: [{ type: "text", text }] }] : [];
}

function hasMessages(kind: WorkKind): boolean {
  return kind === "agent" || kind === "model-call";
}

function embedded(source: Source): unknown {
  const texts = itemsOf(source.branch("embedding.embeddings")).flatMap(
    (item) => textIn(at(item, "embedding.text").value) ?? [],
  );
  return texts.length > 1 ? texts : texts[0];
}

function documentsOf(source: Source): readonly object[] {
  return itemsOf(source.branch(OPENINFERENCE.documents)).map((item) => {
    const field = (name: string) => at(item, `document.${name}`).value;
    return defined({
      id: field("id"),
      content: field("content"),
      score: field("score"),
      metadata: structured(field("metadata")),
    });
  });
}
