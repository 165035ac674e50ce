// OpenAI's Chat Completions, which Mistral, Groq, DeepSeek, OpenRouter, vLLM and many others speak too.
import type { WorkEnd } from "../../tracing/steps.ts";
import type { Answered, Assembler, Dialect, Fields } from "./dialect.ts";
import { failureOf, field, fields, grow, isFields, isSaying, list, only, text, without } from "./values.ts";

export const openAiChat: Dialect = {
  operation: "chat",
  asked: (body) => {
    const messages = field(body, "messages");
    if (!Array.isArray(messages) || text(field(body, "model")) === undefined) return undefined;
    return {
      model: text(field(body, "model")),
      messages,
      tools: only(body, "tools", "tool_choice", "parallel_tool_calls", "functions"),
      config: without(body, "model", "messages", "tools", "tool_choice", "parallel_tool_calls", "functions"),
    };
  },
  answered,
  assembler: () => new ChatAssembler(),
};

function answered(answer: unknown): Answered {
  const choices = list(field(answer, "choices"));
  const [first] = choices;
  const message = field(first, "message");
  return {
    output: message === undefined ? undefined : { message, ...(choices.length > 1 ? { choices } : {}) },
    stopReason: text(field(first, "finish_reason")),
    usage: fields(field(answer, "usage")) ?? fields(field(field(answer, "x_groq"), "usage")),
    model: text(field(answer, "model")),
    id: text(field(answer, "id")),
    error: field(answer, "error") ?? undefined,
  };
}

class ChatAssembler implements Assembler {
  readonly #answer: Fields = {};
  readonly #choices = new Map<unknown, Fields>();
  end: WorkEnd | undefined;

  add(event: unknown): boolean {
    if (!isFields(event)) return false;
    const { choices, error, ...rest } = event;
    if (isSaying(error)) this.end = failureOf(error);
    for (const [key, value] of Object.entries(rest)) if (isSaying(value)) this.#answer[key] = value;
    return list(choices).filter((choice) => this.#choice(choice)).length > 0;
  }

  answer(): unknown {
    const choices = [...this.#choices.values()];
    return choices.length === 0 ? this.#answer : { ...this.#answer, choices };
  }

  #choice(choice: unknown): boolean {
    const index = field(choice, "index") ?? 0;
    const known = this.#choices.get(index) ?? { index, message: {}, finish_reason: null };
    this.#choices.set(index, known);
    const delta = fields(field(choice, "delta")) ?? {};
    known["finish_reason"] = field(choice, "finish_reason") ?? known["finish_reason"];
    known["message"] = grow(fields(known["message"]) ?? {}, delta);
    return Object.entries(delta).some(([key, value]) => key !== "role" && isSaying(value));
  }
}
