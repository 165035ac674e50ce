// A reading in OpenTelemetry's words: the table of gen-ai-names.ts, turned round.
import { defined } from "../../model/defined.ts";
import { jsonOf } from "../json-text.ts";
import type { MediaPart, Message, MessagePart } from "../messages.ts";
import { partsOf } from "../parts.ts";
import type { Reading } from "../reading.ts";
import { fieldIn, isAnObject, textIn } from "../values.ts";
import {
  GEN_AI,
  GEN_AI_CONVERSATION,
  GEN_AI_COUNTS,
  GEN_AI_FIELDS,
  GEN_AI_TIME_TO_FIRST,
} from "./gen-ai-names.ts";
import type { WorkKind } from "./vocabulary.ts";

/** Of each kind, the operation that is written; a turn is one call of an agent. */
const OPERATIONS: Readonly<Partial<Record<WorkKind, string>>> = {
  "model-call": "chat",
  embedding: "embeddings",
  "tool-call": "execute_tool",
  turn: "invoke_agent",
  agent: "invoke_agent",
  retrieval: "retrieval",
  plan: "plan",
};

/**
 * A reading in the words of 1.37 and newer; nothing where there is no word for its kind. What has structure is JSON text, which
 * every back end takes.
 */
export function writeGenAi(reading: Reading, agent: string | undefined): Readonly<Record<string, unknown>> {
  const { kind, tool, usage } = reading;
  if (OPERATIONS[kind] === undefined) return {};
  return defined({
    [GEN_AI.operation]: OPERATIONS[kind],
    [GEN_AI_FIELDS.agent[0]]: agent,
    [GEN_AI_FIELDS.provider[0]]: reading.provider,
    [GEN_AI_FIELDS.model[0]]: reading.model,
    [GEN_AI_CONVERSATION]: textIn(reading.conversation),
    [GEN_AI_FIELDS.user[0]]: reading.user,
    [GEN_AI_FIELDS.toolName[0]]: tool?.name,
    [GEN_AI_FIELDS.toolCallId[0]]: tool?.callId,
    [GEN_AI.arguments]: jsonOf(tool?.arguments),
    [GEN_AI.result]: jsonOf(tool?.result),
    ...(kind === "retrieval"
      ? { [GEN_AI.query]: textIn(reading.input), [GEN_AI.documents]: jsonOf(reading.output) }
      : {}),
    [GEN_AI.system]:
      reading.systemPrompt === undefined
        ? undefined
        : jsonOf([{ type: "text", content: reading.systemPrompt }]),
    [GEN_AI.input]: jsonOf(
      (kind === "embedding" ? embedded(reading) : reading.inputMessages).map(writtenMessage),
    ),
    [GEN_AI.output]: jsonOf(
      reading.outputMessages.map((message) => writtenOutput(message, reading.finishReason)),
    ),
    [GEN_AI.tools]: jsonOf(
      reading.tools.map(({ schema, ...tool }) => ({
        type: "function",
        ...tool,
        ...defined({ parameters: schema }),
      })),
    ),
    [GEN_AI.finishReasons]: reading.finishReason === undefined ? undefined : [reading.finishReason],
    [GEN_AI_COUNTS.input[0]]: usage?.input,
    [GEN_AI_COUNTS.output[0]]: usage?.output,
    [GEN_AI_COUNTS.cachedRead[0]]: usage?.cachedRead,
    [GEN_AI_COUNTS.cachedWrite[0]]: usage?.cachedWrite,
    [GEN_AI_COUNTS.reasoning[0]]: usage?.reasoning,
    [GEN_AI_COUNTS.inputAudio[0]]: usage?.inputAudio,
    [GEN_AI_COUNTS.inputImage[0]]: usage?.inputImage,
    [GEN_AI_COUNTS.outputAudio[0]]: usage?.outputAudio,
    [GEN_AI_COUNTS.outputImage[0]]: usage?.outputImage,
    [GEN_AI_TIME_TO_FIRST[0]]:
      reading.timeToFirstTokenMs === undefined ? undefined : reading.timeToFirstTokenMs / 1000,
  });
}

/** There is no name for what was embedded. */
function embedded({ input }: Reading): readonly Message[] {
  const parts = partsOf(input);
  return parts.length === 0 ? [] : [{ role: "user", parts }];
}

function writtenMessage({ role, parts }: Message): object {
  return { role, parts: parts.map(writtenPart) };
}

function writtenOutput(message: Message, finishReason: string | undefined): object {
  return { ...writtenMessage(message), finish_reason: finishReason ?? "" };
}

function writtenPart(part: MessagePart): unknown {
  switch (part.type) {
    case "text":
    case "reasoning":
      return { type: part.type, content: part.text };
    case "compaction":
      return { type: part.type, ...defined({ id: part.id, content: part.text }) };
    case "tool-call":
      return { ...part, type: "tool_call" };
    case "tool-result": {
      const { id, name, result, isError } = part;
      return { type: "tool_call_response", ...defined({ id, name, response: result, is_error: isError }) };
    }
    case "image":
    case "file":
      return writtenMedia(part);
    case "other":
      return isAnObject(part.value) && typeof fieldIn(part.value, "type") === "string" ? part.value : part;
  }
}

function writtenMedia({ type, mediaType, url, data, fileId, name }: MediaPart): object {
  const modality = type === "image" ? type : (mediaType?.split("/", 1)[0] ?? "document");
  const form =
    data !== undefined
      ? { type: "blob", content: data }
      : url !== undefined
        ? { type: "uri", uri: url }
        : { type: "file" };
  return { ...form, modality, ...defined({ mime_type: mediaType, file_id: fileId, name }) };
}
