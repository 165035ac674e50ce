// OpenAI's Chat Completions on the wire, as Mistral, Groq and many others speak it.
import type { Fields } from "../../../agents/dialects/dialect.ts";
import { fields } from "../../../agents/dialects/values.ts";
import type { Usage } from "../../../conventions/messages.ts";
import { fieldIn } from "../../../conventions/values.ts";
import {
  createdAt,
  event,
  type Failure,
  jsonOf,
  objectsIn,
  type Said,
  stopOf,
  textOf,
  toolsOf,
  usageOf,
  type Wire,
  wordByWord,
} from "./wire.ts";

export const openAiChat: Wire = {
  name: "openai-chat",
  streamType: "text/event-stream",
  isStreamed: ({ body }) => fieldIn(body, "stream") === true,
  whole: (said) => ({
    ...head(said, "chat.completion"),
    choices: choicesOf(said).map(({ message, ...choice }) => ({ ...choice, message: unnumbered(message) })),
    usage: usageOf(said, "openai-chat", chatUsage),
  }),
  pieces: (said, { body }) => {
    const chunk = (rest: Fields): string => event({ ...head(said, "chat.completion.chunk"), ...rest });
    const choices = choicesOf(said);
    const usage = usageOf(said, "openai-chat", chatUsage);
    const isApart = fieldIn(fieldIn(body, "stream_options"), "include_usage") === true;
    const ends = choices.map(({ index, finish_reason }, i) => {
      const isLast = !isApart && i === choices.length - 1;
      return chunk({ choices: [{ index, delta: {}, finish_reason }], ...(isLast ? { usage } : {}) });
    });
    return {
      begun: choices.flatMap(({ index, message }) =>
        deltasOf(message).map((delta) => chunk({ choices: [{ index, delta, finish_reason: null }] })),
      ),
      ended: [...ends, ...(isApart ? [chunk({ choices: [], usage })] : []), "data: [DONE]\n\n"],
    };
  },
  error: openAiError,
  errorPiece: (failure) => event(openAiError(failure)),
};

/** As all of OpenAI's APIs refuse. */
export function openAiError({ message, code, type = "server_error" }: Failure): Fields {
  return { error: { message, type, code: code ?? null } };
}

function head(said: Said, object: string): Fields {
  return { id: said.id ?? "chatcmpl-replayed", object, created: createdAt(said), model: said.model };
}

interface Choice {
  readonly index: unknown;
  readonly message: Fields;
  readonly finish_reason: unknown;
}

function choicesOf(said: Said): readonly Choice[] {
  const several = said.wire === "openai-chat" ? objectsIn(fieldIn(said.output, "choices")) : [];
  if (several.length > 0)
    return several.map((choice, i) => ({
      index: choice["index"] ?? i,
      message: fields(choice["message"]) ?? {},
      finish_reason: choice["finish_reason"] ?? "stop",
    }));
  return [{ index: 0, message: messageOf(said), finish_reason: stopOf(said, "openai-chat", REASONS) }];
}

const REASONS = {
  stop: "stop",
  length: "length",
  "tool-call": "tool_calls",
  "content-filter": "content_filter",
} as const;

function messageOf(said: Said): Fields {
  const own = fields(fieldIn(said.output, "message"));
  if (said.wire === "openai-chat" && own !== undefined) return own;
  const thought = textOf(said, "reasoning");
  const tools = toolsOf(said);
  return {
    role: "assistant",
    content: textOf(said, "text") ?? null,
    ...(thought === undefined ? {} : { reasoning_content: thought }),
    ...(tools.length === 0 ? {} : { tool_calls: tools.map(toolCall) }),
  };
}

function toolCall({ id, name, input }: ReturnType<typeof toolsOf>[number]): Fields {
  return { id, type: "function", function: { name, arguments: jsonOf(input) } };
}

/** Calls of tools have a number in streams alone. */
function unnumbered(message: Fields): Fields {
  if (!Array.isArray(message["tool_calls"])) return message;
  const tool_calls = objectsIn(message["tool_calls"]).map(({ index: _, ...call }) => call);
  return { ...message, tool_calls };
}

function deltasOf({ role = "assistant", content, tool_calls, ...rest }: Fields): Fields[] {
  const words = typeof content === "string" ? wordByWord(content) : [];
  return [
    { role, ...(content === undefined ? {} : { content: content === null ? null : "" }) },
    ...Object.entries(rest).flatMap(([key, value]) => restDeltas(key, value)),
    ...words.map((piece) => ({ content: piece })),
    ...(Array.isArray(content) ? content.map((part: unknown) => ({ content: [part] })) : []),
    ...objectsIn(tool_calls).map(callDelta),
  ];
}

function restDeltas(key: string, value: unknown): Fields[] {
  if (value === null || value === undefined) return [];
  const isThought = typeof value === "string" && /^reasoning/.test(key);
  return isThought ? wordByWord(value).map((piece) => ({ [key]: piece })) : [{ [key]: value }];
}

/** A call at once, as Groq and Mistral have it: Mistral's client takes no other. */
function callDelta({ index, ...call }: Fields, at: number): Fields {
  return { tool_calls: [{ index: index ?? at, ...call }] };
}

function chatUsage({ input = 0, output = 0, cachedRead, reasoning }: Usage): Fields {
  return {
    ...{ prompt_tokens: input, completion_tokens: output, total_tokens: input + output },
    ...(cachedRead === undefined ? {} : { prompt_tokens_details: { cached_tokens: cachedRead } }),
    ...(reasoning === undefined ? {} : { completion_tokens_details: { reasoning_tokens: reasoning } }),
  };
}
