// A span in the words of agents, as JSON: messages as parts, media by their address, large values as stubs.
import type { Message, MessagePart, OfferedTool } from "../conventions/messages.ts";
import { type Reading, readSpan } from "../conventions/reading.ts";
import { conversationKey, idKey } from "../model/conversation.ts";
import { defined } from "../model/defined.ts";
import type { SpanFields } from "../model/span-fields.ts";
import type { MessageJson, OfferedToolJson, PartJson, ReadingJson, UsageJson } from "./api.ts";
import type { Bounds } from "./large.ts";
import { mediaJson } from "./media.ts";

/** Newer messages only; all of them are a value of their own. */
const MAX_MESSAGES = 200;

/** The reading of a span. */
export function readingJson(span: SpanFields, bounds: Bounds): ReadingJson {
  const reading = readSpan(span);
  const { inputMessages: input, outputMessages: output } = reading;
  const earlier = Math.max(0, input.length - MAX_MESSAGES);
  // What is new is shown first, so it has the room before what is old.
  const outputs = output.map((message, i) => messageJson(message, `/reading/output_messages/${i}`, bounds));
  const inputs = input
    .slice(earlier)
    .map((message, i) => [message, earlier + i] as const)
    .reverse()
    .map(([message, i]) => messageJson(message, `/reading/input_messages/${i}`, bounds))
    .reverse();
  return {
    ...factsJson(reading),
    error_details: bounds.show(reading.errorDetails, "/reading/error_details"),
    system_prompt: bounds.show(reading.systemPrompt, "/reading/system_prompt"),
    input_messages: named(inputs, toolNames(input)),
    earlier_messages: earlier,
    output_messages: outputs,
    input: bounds.show(reading.input, "/reading/input"),
    output: bounds.show(reading.output, "/reading/output"),
    tool: toolJson(reading, bounds),
    tools: reading.tools.map((tool, i) => offeredJson(tool, `/reading/tools/${i}`, bounds)),
    evaluations: reading.evaluations.map(({ name, score, label, explanation }, i) => ({
      ...{ name, score: score ?? null, label: label ?? null },
      explanation: bounds.show(explanation, `/reading/evaluations/${i}/explanation`),
    })),
  };
}

/** What each call of a tool in the messages was of, by its id. */
function toolNames(messages: readonly Message[]): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  for (const part of messages.flatMap(({ parts }) => parts)) {
    if (part.type === "tool-call" && part.id !== undefined && part.name !== undefined)
      names.set(part.id, part.name);
  }
  return names;
}

/** A result that does not say of which tool it is has the name of its call. */
function named(messages: readonly MessageJson[], names: ReadonlyMap<string, string>): MessageJson[] {
  return messages.map(({ role, parts }) => ({
    role,
    parts: parts.map((part) =>
      part.type === "tool-result" ? { ...defined({ name: names.get(part.id ?? "") }), ...part } : part,
    ),
  }));
}

type FactsJson = Pick<
  ReadingJson,
  | ("kind" | "vocabulary" | "model" | "provider" | "agent" | "user" | "conversation_key" | "cycle")
  | ("first_token_ms" | "finish_reason" | "error" | "aborted" | "usage")
>;

function factsJson(reading: Reading): FactsJson {
  const { conversation } = reading;
  return {
    kind: reading.kind,
    vocabulary: reading.vocabulary ?? null,
    model: reading.model ?? null,
    provider: reading.provider ?? null,
    agent: reading.agent ?? null,
    user: reading.user ?? null,
    conversation_key: conversationKey(conversation) === undefined ? null : idKey(conversation),
    cycle: reading.cycle ?? null,
    first_token_ms: reading.timeToFirstTokenMs ?? null,
    finish_reason: reading.finishReason ?? null,
    error: reading.error ?? null,
    aborted: reading.aborted,
    usage: usageJson(reading),
  };
}

function usageJson({ usage }: Reading): UsageJson | null {
  if (usage === undefined) return null;
  const counts = {
    input: usage.input,
    output: usage.output,
    cached_read: usage.cachedRead,
    cached_write: usage.cachedWrite,
    reasoning: usage.reasoning,
    input_audio: usage.inputAudio,
    input_image: usage.inputImage,
    output_audio: usage.outputAudio,
    output_image: usage.outputImage,
  };
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => count !== undefined));
}

function toolJson({ tool }: Reading, bounds: Bounds): ReadingJson["tool"] {
  if (tool === undefined) return null;
  return {
    name: tool.name ?? null,
    call_id: tool.callId ?? null,
    arguments: bounds.show(tool.arguments, "/reading/tool/arguments"),
    result: bounds.show(tool.result, "/reading/tool/result"),
  };
}

function offeredJson(
  { name, description, schema }: OfferedTool,
  path: string,
  bounds: Bounds,
): OfferedToolJson {
  return {
    name,
    description: bounds.show(description, `${path}/description`),
    schema: bounds.show(schema, `${path}/schema`),
  };
}

function messageJson({ role, parts }: Message, path: string, bounds: Bounds): MessageJson {
  return { role, parts: parts.map((part, i) => partJson(part, `${path}/parts/${i}`, bounds)) };
}

function partJson(part: MessagePart, path: string, bounds: Bounds): PartJson {
  switch (part.type) {
    case "text":
    case "reasoning":
      return { type: part.type, text: bounds.show(part.text, `${path}/text`) };
    case "tool-call":
      return {
        ...{ type: part.type, ...namedJson(part) },
        arguments: bounds.show(part.arguments, `${path}/arguments`),
      };
    case "tool-result":
      return {
        ...{ type: part.type, ...namedJson(part) },
        result: bounds.show(part.result, `${path}/result`),
        ...defined({ is_error: part.isError === true ? true : undefined }),
      };
    case "image":
    case "file":
      return mediaJson(part, path, bounds.kept);
    case "compaction":
      return {
        type: part.type,
        text: bounds.show(part.text, `${path}/text`),
        ...defined({ id: part.id }),
      };
    case "other":
      return { type: part.type, value: bounds.show(part.value, `${path}/value`) };
  }
}

function namedJson({ id, name }: { readonly id?: string; readonly name?: string }): {
  id?: string;
  name?: string;
} {
  return defined({ id, name });
}
