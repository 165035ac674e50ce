// Anthropic's messages, streamed.
import { z } from "zod";
import type { Message } from "../../models/model.ts";
import { outputOf, split, sse, type Usage, type Wire } from "./wire.ts";

export const anthropic: Wire = {
  path: /\/messages$/,
  contentType: "text/event-stream",
  read: (body) => {
    const { model, system, tools, messages } = REQUEST.parse(body);
    return {
      ...{ model, system: system.map(({ text }) => text).join("\n") },
      ...{ tools, messages: messages.map(read) },
    };
  },
  pieces: ({ text, calls }, { model, usage, id }) => {
    const event = (type: string, fields: object = {}) => sse({ type, ...fields }, type);
    const blocks = [
      ...(text === "" ? [] : [{ start: { type: "text", text: "" }, deltas: split(text).map(textDelta) }]),
      ...calls.map((call) => ({
        start: { type: "tool_use", id: call.id, name: call.name, input: {} },
        deltas: split(JSON.stringify(call.input)).map(jsonDelta),
      })),
    ];
    const stop_reason = calls.length > 0 ? "tool_use" : "end_turn";
    return [
      event("message_start", {
        message: {
          ...{ id: `msg_${id}`, type: "message", role: "assistant", model, content: [], stop_reason: null },
          ...{ stop_sequence: null, usage: { ...counts(usage), output_tokens: 1 } },
        },
      }),
      ...blocks.flatMap(({ start, deltas }, index) => [
        event("content_block_start", { index, content_block: start }),
        ...deltas.map((delta) => event("content_block_delta", { index, delta })),
        event("content_block_stop", { index }),
      ]),
      event("message_delta", {
        delta: { stop_reason, stop_sequence: null },
        usage: { output_tokens: usage.output },
      }),
      event("message_stop"),
    ];
  },
  error: (message) => ({ type: "error", error: { type: "api_error", message } }),
};

const BLOCK = z.discriminatedUnion("type", [
  z.object({ type: z.literal("text"), text: z.string() }),
  z.object({ type: z.literal("tool_use"), id: z.string(), name: z.string(), input: z.unknown() }),
  z.object({
    type: z.literal("tool_result"),
    tool_use_id: z.string(),
    content: z.string(),
    is_error: z.boolean().default(false),
  }),
]);
const MESSAGE = z.object({ role: z.enum(["user", "assistant"]), content: z.array(BLOCK) });
const REQUEST = z.object({
  model: z.string(),
  stream: z.literal(true),
  system: z.array(z.object({ text: z.string() })),
  messages: z.array(MESSAGE),
  tools: z.array(z.unknown()).default([]),
});

function read({ role, content }: z.output<typeof MESSAGE>): Message {
  const text = content.flatMap((block) => (block.type === "text" ? [block.text] : [])).join("");
  if (role === "assistant") {
    const calls = content.flatMap((block) =>
      block.type === "tool_use" ? [{ id: block.id, name: block.name, input: block.input }] : [],
    );
    return { role, text, calls };
  }
  const results = content.flatMap((block) =>
    block.type === "tool_result"
      ? [{ id: block.tool_use_id, output: outputOf(block.content), isError: block.is_error }]
      : [],
  );
  return results.length > 0 ? { role: "tool", results } : { role, text };
}

function textDelta(text: string): object {
  return { type: "text_delta", text };
}

function jsonDelta(partial_json: string): object {
  return { type: "input_json_delta", partial_json };
}

/** Its input is without what was cached. */
function counts({ input, read: cached, written }: Usage): object {
  return {
    ...{ input_tokens: input - cached - written },
    ...{ cache_read_input_tokens: cached, cache_creation_input_tokens: written },
  };
}
