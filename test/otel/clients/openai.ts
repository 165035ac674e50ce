// What OpenAI's API says, for those who ask it themselves and those who do it through a framework.

/** Tokens: OpenAI counts cached ones within the input's. */
const USAGE = {
  ...{ prompt_tokens: 1240, completion_tokens: 30, total_tokens: 1270 },
  ...{ prompt_tokens_details: { cached_tokens: 1000 }, completion_tokens_details: { reasoning_tokens: 8 } },
};

/** The same, as a reading has it. */
export const READ_USAGE = { input: 1240, output: 30, cachedRead: 1000, reasoning: 8 };

const FUNCTION = { name: "get_weather", arguments: '{"city":"Amsterdam"}' };

/** A call of a tool. */
export const ANSWER = {
  ...{ id: "chatcmpl-1", object: "chat.completion", created: 1, model: "gpt-4o-2024-08-06", usage: USAGE },
  choices: [
    {
      ...{ index: 0, finish_reason: "tool_calls" },
      message: {
        ...{ role: "assistant", content: "Let me look." },
        tool_calls: [{ id: "t2", type: "function", function: FUNCTION }],
      },
    },
  ],
};

/** The same, as parts of a message. */
export const SAID = [
  { type: "text", text: "Let me look." },
  { type: "tool-call", id: "t2", name: "get_weather", arguments: { city: "Amsterdam" } },
];

/** The same of the Responses API, which says what the model thought. */
export const RESPONSE = {
  ...{ id: "resp_1", object: "response", created_at: 1, status: "completed", model: ANSWER.model },
  output: [
    { id: "1", type: "reasoning", summary: [{ type: "summary_text", text: "The weather." }] },
    { id: "2", type: "message", role: "assistant", content: [{ type: "output_text", text: "Let me look." }] },
    { id: "3", type: "function_call", call_id: "t2", ...FUNCTION },
  ],
  usage: {
    ...{ input_tokens: 1240, output_tokens: 30, total_tokens: 1270 },
    ...{ input_tokens_details: { cached_tokens: 1000 }, output_tokens_details: { reasoning_tokens: 8 } },
  },
};

/** The first, bit by bit. */
export const EVENTS: readonly string[] = [
  chunk({ role: "assistant", content: "Let me " }),
  chunk({ content: "look." }),
  chunk({
    tool_calls: [{ index: 0, id: "t2", type: "function", function: { name: "get_weather", arguments: "" } }],
  }),
  chunk({ tool_calls: [{ index: 0, function: { arguments: '{"city":' } }] }),
  chunk({ tool_calls: [{ index: 0, function: { arguments: '"Amsterdam"}' } }] }),
  chunk({}, "tool_calls"),
  event({ choices: [], usage: USAGE }),
  "data: [DONE]\n\n",
];

function chunk(delta: object, reason: string | null = null): string {
  return event({ choices: [{ index: 0, finish_reason: reason, delta }] });
}

function event(fields: object): string {
  const { id, created, model } = ANSWER;
  return `data: ${JSON.stringify({ id, object: "chat.completion.chunk", created, model, ...fields })}\n\n`;
}
