// OpenAI's Chat Completions, which Mistral, Groq, DeepSeek, OpenRouter, vLLM and many others speak too.
import { fieldIn, wordsIn } from "../../conventions/values.ts";
import type { WorkEnd } from "../../tracing/steps.ts";
import type { Answered, Assembler, Dialect, Fields } from "./dialect.ts";
import { failureOf, fields, grow, isFields, isSaying, list, only, without } from "./values.ts";

export const openAiChat: Dialect = {
  operation: "chat",
  asked: (body) => {
    const messages = fieldIn(body, "messages");
    if (!Array.isArray(messages) || wordsIn(fieldIn(body, "model")) === undefined) return undefined;
    return {
      model: wordsIn(fieldIn(body, "model")),
      messages,
      tools: only(body, "tools", "tool_choice", "parallel_tool_calls", "functions"),
      config: without(body, "model", "messages", "tools", "tool_choice", "parallel_tool_calls", "functions"),
    };
  },
  answered,
  assembler: () => new ChatAssembler(),
};

function answered(answer: unknown): Answered {
  const choices = list(fieldIn(answer, "choices"));
  const [first] = choices;
  const message = fieldIn(first, "message");
  return {
    output: message === undefined ? undefined : { message, ...(choices.length > 1 ? { choices } : {}) },
    stopReason: wordsIn(fieldIn(first, "finish_reason")),
    usage: fields(fieldIn(answer, "usage")) ?? fields(fieldIn(fieldIn(answer, "x_groq"), "usage")),
    model: wordsIn(fieldIn(answer, "model")),
    id: wordsIn(fieldIn(answer, "id")),
    error: fieldIn(answer, "error") ?? undefined,
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
    const index = fieldIn(choice, "index") ?? 0;
    const known = this.#choices.get(index) ?? { index, message: {}, finish_reason: null };
    this.#choices.set(index, known);
    const delta = fields(fieldIn(choice, "delta")) ?? {};
    known["finish_reason"] = fieldIn(choice, "finish_reason") ?? known["finish_reason"];
    known["message"] = grow(fields(known["message"]) ?? {}, delta);
    return Object.entries(delta).some(([key, value]) => key !== "role" && isSaying(value));
  }
}
