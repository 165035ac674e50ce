// Anthropic's messages, streamed, with the prompt cached as far as it goes.
import Anthropic from "@anthropic-ai/sdk";
import type { Tracer } from "tracelight";
import { tracedFetch } from "tracelight/fetch";
import type { Connection, Message, Model, ToolOffer } from "./model.ts";

const MODELS = { large: "claude-sonnet-5", small: "claude-haiku-4-5" } as const;
const CACHED = { cache_control: { type: "ephemeral" as const } };

export function anthropic(tracer: Tracer, { fetch, url, apiKey }: Connection): Model {
  const client = new Anthropic({
    apiKey,
    baseURL: url,
    fetch: tracedFetch(tracer, { fetch, provider: "anthropic" }),
  });
  return async ({ size, system, tools, messages }, { onText, signal }) => {
    const stream = client.messages.stream(
      {
        model: MODELS[size],
        max_tokens: 2000,
        system: [{ type: "text", text: system, ...CACHED }],
        messages: messages.map((message, i) => sent(message, i === messages.length - 1)),
        ...(tools.length === 0 ? {} : { tools: tools.map(offered) }),
      },
      { signal: signal ?? null },
    );
    stream.on("text", (text) => onText?.(text));
    const { content } = await stream.finalMessage();
    return {
      text: content.flatMap((block) => (block.type === "text" ? [block.text] : [])).join(""),
      calls: content.flatMap((block) =>
        block.type === "tool_use" ? [{ id: block.id, name: block.name, input: block.input }] : [],
      ),
    };
  };
}

/** The last message has the mark up to which the prompt is cached. */
function sent(message: Message, isLast: boolean): Anthropic.MessageParam {
  const mark = isLast ? CACHED : {};
  switch (message.role) {
    case "user":
      return { role: "user", content: [{ type: "text", text: message.text, ...mark }] };
    case "assistant":
      return { role: "assistant", content: said(message) };
    case "tool":
      return {
        role: "user",
        content: message.results.map(({ id, output, isError }, i) => ({
          type: "tool_result",
          tool_use_id: id,
          content: JSON.stringify(output),
          ...(isError ? { is_error: true } : {}),
          ...(i === message.results.length - 1 ? mark : {}),
        })),
      };
  }
}

function said({ text, calls }: Extract<Message, { role: "assistant" }>): Anthropic.ContentBlockParam[] {
  return [
    ...(text === "" ? [] : [{ type: "text" as const, text }]),
    ...calls.map(({ id, name, input }) => ({ type: "tool_use" as const, id, name, input })),
  ];
}

function offered({ name, description, parameters }: ToolOffer): Anthropic.Tool {
  return { name, description, input_schema: parameters };
}
