// Anthropic's Messages on the wire.
import type { Fields } from "../../../agents/dialects/dialect.ts";
import type { Usage } from "../../../conventions/messages.ts";
import { fieldIn } from "../../../conventions/values.ts";
import {
  event,
  type Failure,
  objectsIn,
  partedAfter,
  type Said,
  stopOf,
  textOf,
  toolsOf,
  usageOf,
  type Wire,
  wordByWord,
} from "./wire.ts";

export const anthropic: Wire = {
  name: "anthropic",
  streamType: "text/event-stream",
  isStreamed: ({ body, url }) => fieldIn(body, "stream") === true || /:streamrawpredict/i.test(url),
  whole,
  pieces: (said) => {
    const { content: _, ...message } = whole(said);
    const { stop_reason, usage } = message;
    const started = {
      ...{ ...message, content: [], stop_reason: null },
      usage: { ...Object(usage), output_tokens: 1 },
    };
    const all = [
      told("message_start", { message: started }),
      told("ping"),
      ...blocksOf(said).flatMap((block, index) => [
        told("content_block_start", { index, content_block: emptied(block) }),
        ...deltasOf(block).map((delta) => told("content_block_delta", { index, delta })),
        told("content_block_stop", { index }),
      ]),
      told("message_delta", {
        delta: { stop_reason, stop_sequence: null },
        usage: { output_tokens: fieldIn(usage, "output_tokens") ?? 0 },
      }),
      told("message_stop"),
    ];
    return partedAfter(all, (piece) => piece.startsWith("event: content_block_delta"));
  },
  error: anthropicError,
  errorPiece: (failure) => event(anthropicError(failure), "error"),
};

function anthropicError({ message, type = "api_error", code }: Failure): Fields {
  return { type: "error", error: { type, message, ...(code === undefined ? {} : { code }) } };
}

function told(type: string, rest: Fields = {}): string {
  return event({ type, ...rest }, type);
}

function whole(said: Said): Fields {
  return {
    ...{ id: said.id ?? "msg_replayed", type: "message", role: "assistant", model: said.model },
    ...{ content: blocksOf(said), stop_reason: stopOf(said, "anthropic", REASONS), stop_sequence: null },
    usage: usageOf(said, "anthropic", messageUsage) ?? { input_tokens: 0, output_tokens: 0 },
  };
}

const REASONS = {
  stop: "end_turn",
  length: "max_tokens",
  "tool-call": "tool_use",
  "content-filter": "refusal",
} as const;

function blocksOf(said: Said): readonly Fields[] {
  if (said.wire === "anthropic") return objectsIn(fieldIn(fieldIn(said.output, "message"), "content"));
  const [thinking, text] = [textOf(said, "reasoning"), textOf(said, "text")];
  return [
    ...(thinking === undefined ? [] : [{ type: "thinking", thinking, signature: "replayed" }]),
    ...(text === undefined ? [] : [{ type: "text", text }]),
    ...toolsOf(said).map(({ id, name, input }) => ({ type: "tool_use", id, name, input })),
  ];
}

function emptied(block: Fields): Fields {
  const { citations: _, ...rest } = block;
  switch (block["type"]) {
    case "text":
      return { ...rest, text: "" };
    case "thinking":
      return { ...rest, thinking: "", signature: "" };
    default:
      return "input" in block ? { ...block, input: {} } : block;
  }
}

function deltasOf(block: Fields): Fields[] {
  const { type, text, thinking, signature, input, citations } = block;
  if (type === "text")
    return [
      ...wordByWord(String(text)).map((piece) => ({ type: "text_delta", text: piece })),
      ...objectsIn(citations).map((citation) => ({ type: "citations_delta", citation })),
    ];
  if (type === "thinking")
    return [
      ...wordByWord(String(thinking)).map((piece) => ({ type: "thinking_delta", thinking: piece })),
      ...(typeof signature === "string" ? [{ type: "signature_delta", signature }] : []),
    ];
  if (input === undefined) return [];
  return ["", ...wordByWord(JSON.stringify(input))].map((partial_json) => ({
    type: "input_json_delta",
    partial_json,
  }));
}

/** Its input is without cached tokens. */
function messageUsage({ input = 0, output = 0, cachedRead = 0, cachedWrite = 0 }: Usage): Fields {
  return {
    ...{ input_tokens: Math.max(0, input - cachedRead - cachedWrite), output_tokens: output },
    ...{ cache_read_input_tokens: cachedRead, cache_creation_input_tokens: cachedWrite },
  };
}
