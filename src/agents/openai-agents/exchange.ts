// What a model was asked and answered, as the SDK tells it: in the shape of the service that was called.
import { textOfParts } from "../../conventions/messages.ts";
import { readMessage } from "../../conventions/parts.ts";
import { fieldIn, isAnObject, wordsIn } from "../../conventions/values.ts";
import type { Answered, Asked, Dialect } from "../dialects/dialect.ts";
import { openAiChat } from "../dialects/openai-chat.ts";
import { openAiResponses } from "../dialects/openai-responses.ts";
import { list, only, without } from "../dialects/values.ts";
import { messagesIn } from "./calls.ts";

/** A call of a model. */
export interface Exchange {
  readonly dialect: Dialect;
  readonly asked: Asked;
  readonly answered: Answered;
  readonly provider: string | undefined;
}

/** Of a call of a model that is over. */
export function exchangeIn(data: unknown): Exchange {
  return fieldIn(data, "type") === "response" ? responseIn(data) : generationIn(data);
}

function responseIn(data: unknown): Exchange {
  const response = fieldIn(data, "_response");
  const said = isAnObject(response) ? response : {};
  const answered = openAiResponses.answered(response);
  const asked: Asked = {
    model: answered.model,
    messages: fieldIn(data, "_input"),
    system: fieldIn(response, "instructions") ?? undefined,
    tools: only(said, ...TOOLS),
    config: only(said, ...SETTINGS),
  };
  const id = answered.id ?? wordsIn(fieldIn(data, "response_id"));
  return { dialect: openAiResponses, asked, answered: { ...answered, id }, provider: "openai" };
}

function generationIn(data: unknown): Exchange {
  const output = list(fieldIn(data, "output"));
  const config = fieldIn(data, "model_config");
  const isChat = fieldIn(output[0], "choices") !== undefined;
  const dialect = isChat ? openAiChat : openAiResponses;
  const answered = dialect.answered(isChat ? output[0] : output.length > 0 ? { output } : {});
  const usage = fieldIn(data, "usage");
  return {
    dialect,
    asked: {
      model: wordsIn(fieldIn(data, "model")),
      messages: fieldIn(data, "input"),
      config: isAnObject(config) ? without(config, "base_url") : undefined,
    },
    answered: { ...answered, usage: answered.usage ?? (isAnObject(usage) ? usage : undefined) },
    provider: undefined,
  };
}

/** The words of a model's answer. */
export function wordsOf(answered: Answered): string | undefined {
  return textOfParts(messagesIn(answered).flatMap(({ parts }) => parts));
}

/** What the user said last, of the messages that a model was given. */
export function saidIn(messages: unknown): unknown {
  if (!Array.isArray(messages)) return messages;
  const said: unknown = messages.findLast((message: unknown) => fieldIn(message, "role") === "user");
  if (said === undefined) return undefined;
  const { parts } = readMessage(said);
  return parts.every(({ type }) => type === "text") ? textOfParts(parts) : fieldIn(said, "content");
}

const TOOLS = ["tools", "tool_choice", "parallel_tool_calls"];
const SETTINGS = [
  ...["temperature", "top_p", "max_output_tokens", "reasoning", "text", "truncation", "service_tier"],
];
