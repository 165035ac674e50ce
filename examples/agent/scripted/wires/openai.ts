// OpenAI's chat completions, streamed.
import { z } from "zod";
import type { Message } from "../../models/model.ts";
import { isFailure, outputOf, split, sse, type Wire } from "./wire.ts";

export const openAi: Wire = {
  path: /\/chat\/completions$/,
  contentType: "text/event-stream",
  read: (body) => {
    const { model, messages, tools } = REQUEST.parse(body);
    const system = messages.find(({ role }) => role === "system")?.content ?? "";
    return { model, system, tools, messages: grouped(messages) };
  },
  pieces: ({ text, calls }, { model, usage, id }) => {
    const chunk = (choices: object[], more: object = {}) =>
      sse({
        id: `chatcmpl-${id}`,
        object: "chat.completion.chunk",
        created: CREATED,
        model,
        choices,
        ...more,
      });
    const delta = (given: object, finish_reason: string | null = null) =>
      chunk([{ index: 0, delta: given, finish_reason }]);
    return [
      delta({ role: "assistant", content: "" }),
      ...split(text).map((content) => delta({ content })),
      ...calls.flatMap((call, index) => [
        delta({
          tool_calls: [
            { index, id: call.id, type: "function", function: { name: call.name, arguments: "" } },
          ],
        }),
        ...split(JSON.stringify(call.input)).map((json) =>
          delta({ tool_calls: [{ index, function: { arguments: json } }] }),
        ),
      ]),
      delta({}, calls.length > 0 ? "tool_calls" : "stop"),
      chunk([], {
        usage: {
          ...{ prompt_tokens: usage.input, completion_tokens: usage.output },
          total_tokens: usage.input + usage.output,
          prompt_tokens_details: { cached_tokens: usage.read },
        },
      }),
      sse("[DONE]"),
    ];
  },
  error: (message) => ({ error: { message, type: "server_error", code: null } }),
};

const CREATED = 1_700_000_000;
const CALL = z.object({ id: z.string(), function: z.object({ name: z.string(), arguments: z.string() }) });
const REQUEST = z.object({
  model: z.string(),
  stream: z.literal(true),
  messages: z.array(
    z.discriminatedUnion("role", [
      z.object({ role: z.literal("system"), content: z.string() }),
      z.object({ role: z.literal("user"), content: z.string() }),
      z.object({ role: z.literal("assistant"), content: z.string(), tool_calls: z.array(CALL).default([]) }),
      z.object({ role: z.literal("tool"), content: z.string(), tool_call_id: z.string() }),
    ]),
  ),
  tools: z.array(z.unknown()).default([]),
});

/** Results of tools that were used at once are messages of their own here. */
function grouped(messages: z.output<typeof REQUEST>["messages"]): Message[] {
  const said: Message[] = [];
  for (const message of messages) {
    const last = said.at(-1);
    if (message.role === "user") said.push({ role: "user", text: message.content });
    if (message.role === "assistant") {
      const calls = message.tool_calls.map((call) => ({
        ...{ id: call.id, name: call.function.name, input: outputOf(call.function.arguments) },
      }));
      said.push({ role: "assistant", text: message.content, calls });
    }
    if (message.role === "tool") {
      const output = outputOf(message.content);
      const results = [{ id: message.tool_call_id, output, isError: isFailure(output) }];
      if (last?.role === "tool") said.splice(-1, 1, { role: "tool", results: [...last.results, ...results] });
      else said.push({ role: "tool", results });
    }
  }
  return said;
}
