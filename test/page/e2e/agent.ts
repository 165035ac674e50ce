// An agent's work of the tests' own: a turn with a model's calls and a tool, as it is written with the package.
import type { Tracer } from "tracelight";

/** What a conversation is about. */
export interface Talk {
  readonly id: string;
  readonly words: string;
  readonly answer: string;
}

/** The same talk that the travel agent's day has. */
export const WEATHER: Talk = {
  id: "trip-1042",
  words: "What is the weather in Amsterdam this weekend, and should I pack an umbrella?",
  answer: "It will be **12 °C with light rain** on Saturday and dry on Sunday.",
};

/** A turn: two calls of a model, and a tool between them. */
export function turn(tracer: Tracer, { id, words, answer }: Talk): void {
  tracer.trace("converse", (span) => {
    span.addAttributes(
      { "ai.conversation.id": id, "ai.auth.context": "dana", "ai.agent.name": "supervisor" },
      { inheritable: true },
    );
    span.addAttributes({ "ai.trace.type": "converse", "ai.user.input": words });
    modelCall(tracer, words, "Let me look.");
    tracer.trace("get_weather", (tool) =>
      tool.addAttributes({
        "ai.trace.type": "tool-invocation",
        "ai.tool.name": "get_weather",
        "ai.tool.input": { city: "Amsterdam", days: 2 },
        "ai.tool.output": { saturday: "rain", sunday: "dry" },
      }),
    );
    modelCall(tracer, words, answer);
    span.addAttribute("ai.agent.response", answer);
  });
}

/** One call of a model. */
function modelCall(tracer: Tracer, words: string, answer: string): void {
  tracer.trace("llm-invocation", (call) =>
    call.addAttributes({
      "ai.trace.type": "llm-invocation",
      "ai.llm.request.model.id": "anthropic.claude-sonnet-4-5-20250929-v1:0",
      "ai.llm.request.system": "You are a helpful travel agent.",
      "ai.llm.request.messages": [{ role: "user", content: [{ text: words }] }],
      "ai.llm.response.output": { message: { role: "assistant", content: [{ text: answer }] } },
      "ai.llm.response.stop.reason": "end_turn",
      "ai.llm.response.usage": { inputTokens: 312, outputTokens: 48 },
    }),
  );
}
