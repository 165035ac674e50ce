// OpenAI's chat completions, streamed.
import OpenAI from "openai";
import type { Tracer } from "tracelight";
import { tracedFetch } from "tracelight/fetch";
import { type Connection, type Message, type Model, type ToolOffer, written } from "./model.ts";

const MODELS = { large: "gpt-5", small: "gpt-5-mini" } as const;

export function openAi(tracer: Tracer, { fetch, url, apiKey }: Connection): Model {
  const client = new OpenAI({
    apiKey,
    baseURL: url === undefined ? undefined : `${url}/v1`,
    fetch: tracedFetch(tracer, { fetch, provider: "openai" }),
  });
  return async ({ size, system, tools, messages }, { onText, signal }) => {
    const stream = client.chat.completions.stream(
      {
        model: MODELS[size],
        messages: [{ role: "system", content: system }, ...messages.flatMap(sent)],
        ...(tools.length === 0 ? {} : { tools: tools.map(offered) }),
        stream_options: { include_usage: true },
      },
      { signal },
    );
    stream.on("content", (text) => onText?.(text));
    const completion = await stream.finalChatCompletion();
    const { content, tool_calls = [] } = completion.choices[0]?.message ?? {};
    const calls = tool_calls.flatMap((call) =>
      call.type !== "function"
        ? []
        : [{ id: call.id, name: call.function.name, input: written(call.function.arguments) }],
    );
    return { text: content ?? "", calls };
  };
}

function sent(message: Message): OpenAI.ChatCompletionMessageParam[] {
  switch (message.role) {
    case "user":
      return [{ role: "user", content: message.text }];
    case "assistant":
      return [
        {
          role: "assistant",
          content: message.text,
          ...(message.calls.length === 0 ? {} : { tool_calls: message.calls.map(called) }),
        },
      ];
    case "tool":
      return message.results.map(({ id, output }) => ({
        role: "tool",
        tool_call_id: id,
        content: JSON.stringify(output),
      }));
  }
}

function called({ id, name, input }: { id: string; name: string; input: unknown }) {
  return { id, type: "function" as const, function: { name, arguments: JSON.stringify(input) } };
}

function offered({ name, description, parameters }: ToolOffer): OpenAI.ChatCompletionFunctionTool {
  return { type: "function", function: { name, description, parameters: { ...parameters } } };
}
