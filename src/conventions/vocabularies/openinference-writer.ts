// A reading in OpenInference's words: the table of openinference-names.ts, turned round.

import { defined } from "../../model/defined.ts";
import { wellFormedJson } from "../../model/json-strings.ts";
import { lossyValue } from "../../model/values.ts";
import type { MediaPart, Message, MessagePart, ToolCallPart, ToolResultPart } from "../messages.ts";
import type { Reading } from "../reading.ts";
import { fieldIn, isAnObject, textIn } from "../values.ts";
import {
  JSON_TYPE,
  OPENINFERENCE,
  OPENINFERENCE_CONVERSATION,
  OPENINFERENCE_COUNTS,
  OPENINFERENCE_FIELDS,
} from "./openinference-names.ts";
import type { WorkKind } from "./vocabulary.ts";

/** Of each kind, the span kind that is written; a turn is one run of an agent. */
const SPAN_KINDS: Readonly<Partial<Record<WorkKind, string>>> = {
  "model-call": "LLM",
  "tool-call": "TOOL",
  turn: "AGENT",
  agent: "AGENT",
  retrieval: "RETRIEVER",
  embedding: "EMBEDDING",
  chain: "CHAIN",
  cycle: "CHAIN",
  plan: "CHAIN",
  memory: "CHAIN",
};

/** A reading in OpenInference's words; nothing where there is none for its kind. */
export function writeOpenInference(
  reading: Reading,
  agent: string | undefined,
): Readonly<Record<string, unknown>> {
  const { kind, usage, tool } = reading;
  const spanKind = SPAN_KINDS[kind];
  if (spanKind === undefined) return {};
  const [input, output] =
    kind === "tool-call"
      ? [tool?.arguments, tool?.result]
      : [reading.input, reading.output].map((value) => (kind === "model-call" ? textIn(value) : value));
  return defined({
    [OPENINFERENCE.kind]: spanKind,
    [kind === "embedding" ? "embedding.model_name" : OPENINFERENCE.model]: reading.model,
    [OPENINFERENCE_FIELDS.agent[0]]: agent,
    [OPENINFERENCE_FIELDS.provider[0]]: reading.provider,
    [OPENINFERENCE_CONVERSATION]: textIn(reading.conversation),
    [OPENINFERENCE_FIELDS.user[0]]: reading.user,
    [OPENINFERENCE_FIELDS.toolName[0]]: tool?.name,
    [OPENINFERENCE_FIELDS.toolCallId[0]]: tool?.callId,
    [OPENINFERENCE_FIELDS.finishReason[0]]: reading.finishReason,
    ...written(OPENINFERENCE.input, OPENINFERENCE.inputType, input),
    ...(kind === "retrieval"
      ? writtenDocuments(output)
      : written(OPENINFERENCE.output, OPENINFERENCE.outputType, output)),
    ...writtenMessages(OPENINFERENCE.inputMessages, [...systemMessages(reading), ...reading.inputMessages]),
    ...writtenMessages(OPENINFERENCE.outputMessages, reading.outputMessages),
    ...Object.fromEntries(
      reading.tools.map((offered, i) => [
        `${OPENINFERENCE.tools}.${i}.tool.json_schema`,
        jsonText(schemaOf(offered)),
      ]),
    ),
    [OPENINFERENCE_COUNTS.input[0]]: usage?.input,
    [OPENINFERENCE_COUNTS.output[0]]: usage?.output,
    [OPENINFERENCE_COUNTS.cachedRead[0]]: usage?.cachedRead,
    [OPENINFERENCE_COUNTS.cachedWrite[0]]: usage?.cachedWrite,
    [OPENINFERENCE_COUNTS.reasoning[0]]: usage?.reasoning,
    [OPENINFERENCE_COUNTS.inputAudio[0]]: usage?.inputAudio,
    [OPENINFERENCE_COUNTS.outputAudio[0]]: usage?.outputAudio,
  });
}

function systemMessages({ systemPrompt: text }: Reading): readonly Message[] {
  return text === undefined ? [] : [{ role: "system", parts: [{ type: "text", text }] }];
}

function schemaOf({ schema, ...tool }: Reading["tools"][number]): object {
  return { type: "function", function: { ...tool, ...defined({ parameters: schema }) } };
}

function written(name: string, typeName: string, value: unknown): Record<string, unknown> {
  if (value === undefined || value === null) return {};
  return typeof value === "string"
    ? { [name]: value, [typeName]: "text/plain" }
    : { [name]: jsonText(value), [typeName]: JSON_TYPE };
}

/** Text as it is, anything else as JSON. */
function jsonText(value: unknown): string {
  return typeof value === "string" ? value : wellFormedJson(JSON.stringify(lossyValue(value)));
}

function writtenDocuments(documents: unknown): Record<string, unknown> {
  const entries = (Array.isArray(documents) ? documents : []).flatMap((document: unknown, i) =>
    ["id", "content", "score", "metadata"].map((name) => {
      const value = fieldIn(document, name);
      return [
        `${OPENINFERENCE.documents}.${i}.document.${name}`,
        isAnObject(value) ? jsonText(value) : value,
      ] as const;
    }),
  );
  return Object.fromEntries(entries);
}

function writtenMessages(prefix: string, messages: readonly Message[]): Record<string, unknown> {
  const entries = messages
    .flatMap(oneResultEach)
    .flatMap((message, i) =>
      Object.entries(writtenMessage(message)).map(
        ([name, value]) => [`${prefix}.${i}.message.${name}`, value] as const,
      ),
    );
  return Object.fromEntries(entries);
}

/** A message of OpenInference answers one call. */
function oneResultEach(message: Message): readonly Message[] {
  if (message.role !== "tool" || message.parts.length < 2) return [message];
  return message.parts.map((part) => ({ role: message.role, parts: [part] }));
}

function writtenMessage({ role, parts }: Message): Record<string, unknown> {
  const [first] = parts;
  if (parts.length === 1 && first?.type === "text") return { role, content: first.text };
  if (parts.length === 1 && first?.type === "tool-result") return { role, ...writtenResult(first) };
  const contents = parts.flatMap((part, i) =>
    Object.entries(writtenPart(part)).map(([name, value]) => [`contents.${i}.${name}`, value] as const),
  );
  const calls = parts
    .filter((part) => part.type === "tool-call")
    .flatMap((call, i) =>
      Object.entries(writtenCall(call)).map(([name, value]) => [`tool_calls.${i}.${name}`, value] as const),
    );
  return { role, ...Object.fromEntries(contents), ...Object.fromEntries(calls) };
}

function writtenResult({ id, name, result }: ToolResultPart): Record<string, unknown> {
  return defined({
    tool_call_id: id ?? "",
    name,
    content: result === undefined ? undefined : jsonText(result),
  });
}

function writtenCall({ id, name, arguments: args }: ToolCallPart): Record<string, unknown> {
  return defined({
    "tool_call.id": id,
    "tool_call.function.name": name,
    "tool_call.function.arguments": args === undefined ? undefined : jsonText(args),
  });
}

function writtenPart(part: MessagePart): Record<string, unknown> {
  switch (part.type) {
    case "text":
    case "reasoning":
      return { "message_content.type": part.type, "message_content.text": part.text };
    case "tool-call":
      return { "message_content.type": "tool_use", ...writtenCall(part) };
    case "tool-result":
      return { "message_content.type": "text", "message_content.text": jsonText(part.result ?? "") };
    case "image":
      return { "message_content.type": "image", "message_content.image.image.url": urlOf(part) };
    case "compaction":
      return { "message_content.type": "text", "message_content.text": part.text ?? `[${part.type}]` };
    case "file":
    case "other":
      return { "message_content.type": "text", "message_content.text": `[${part.type}]` };
  }
}

function urlOf({ url, data, mediaType = "" }: MediaPart): string {
  if (data === undefined) return url ?? "";
  return `data:${mediaType};base64,${typeof data === "string" ? data : Buffer.from(data).toString("base64")}`;
}
