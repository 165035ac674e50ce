// A small trace for assertions: an agent that has a sub-agent look up the weather three times, and a tool that fails.
import { InMemoryTracer, type Span } from "tracelight";

/** What may be otherwise. */
export interface Travel {
  readonly days?: readonly number[];
  readonly words?: string;
  readonly fails?: boolean;
  readonly noise?: number;
  readonly model?: string;
}

/** Spans of one turn of conversation `c1`. */
export function travel({
  days = [0, 1, 2],
  words = "Yes, it is sunny.",
  fails = true,
  noise = 0,
  model = "claude-opus-4-5",
}: Travel = {}): readonly Span[] {
  const tracer = new InMemoryTracer();
  tracer.trace("travel", (turn) => {
    turn.addAttributes({
      "ai.trace.type": "converse",
      "ai.agent.name": "travel",
      "ai.conversation.id": "c1",
    });
    turn.addAttribute("ai.user.input", "Is it sunny in Amsterdam?");
    for (const day of days) weather(tracer, day, model);
    if (fails) events(tracer);
    for (let i = 0; i < noise; i++) tracer.trace(`noise ${i}`, () => {});
    turn.addAttribute("ai.agent.response", words);
  });
  return tracer.getTraces();
}

function weather(tracer: InMemoryTracer, day: number, model: string): void {
  tracer.trace("weather", (agent) => {
    agent.addAttributes({ "ai.trace.type": "converse", "ai.agent.name": "weather" });
    agent.addAttribute("ai.user.input", `The weather in Amsterdam on day ${day}`);
    tracer.trace("chat", (call) => call.addAttributes(modelCall(day, model)));
    tracer.trace("get_weather", (tool) => {
      tool.addAttributes({ "ai.trace.type": "tool-invocation", "ai.tool.name": "get_weather" });
      tool.addAttributes({
        "ai.tool.input": { city: "Amsterdam", days: [{ day }] },
        "ai.tool.output": "Sunny",
      });
    });
  });
}

function modelCall(day: number, model: string): Record<string, unknown> {
  return {
    "ai.trace.type": "llm-invocation",
    "ai.llm.request.model.id": model,
    "ai.llm.request.system": "You know the weather.",
    "ai.llm.request.messages": [{ role: "user", content: [{ text: `Will it rain on day ${day}?` }] }],
    "ai.llm.request.tool.config": {
      tools: [{ toolSpec: { name: "get_weather", inputSchema: { json: {} } } }],
    },
    "ai.llm.response.output": {
      message: {
        role: "assistant",
        content: [
          {
            toolUse: {
              toolUseId: `tooluse_${Math.random()}`,
              name: "get_weather",
              input: { city: "Amsterdam" },
            },
          },
        ],
      },
    },
    "ai.llm.response.stop.reason": "tool_use",
    "ai.llm.response.usage": { inputTokens: 200, outputTokens: 20, cacheReadInputTokens: 800 },
  };
}

function events(tracer: InMemoryTracer): void {
  try {
    tracer.trace("get_events", (tool) => {
      tool.addAttributes({ "ai.trace.type": "tool-invocation", "ai.tool.input": { city: "Amsterdam" } });
      throw new Error("No events today");
    });
  } catch {
    // The agent goes on without.
  }
}
