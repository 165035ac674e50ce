// OpenAI's Embeddings and Ollama's: what is embedded, and what it cost. The numbers themselves are no content.
import type { Dialect } from "./dialect.ts";
import { field, fields, isFields, only, text, without } from "./values.ts";

export const embeddings: Dialect = {
  operation: "embeddings",
  asked: (body) => {
    const input = field(body, "input") ?? field(body, "prompt");
    if (input === undefined || text(field(body, "model")) === undefined) return undefined;
    return {
      model: text(field(body, "model")),
      messages: input,
      config: without(body, "model", "input", "prompt"),
    };
  },
  answered: (answer) => ({
    usage:
      fields(field(answer, "usage")) ?? (isFields(answer) ? only(answer, "prompt_eval_count") : undefined),
    model: text(field(answer, "model")),
    error: field(answer, "error") ?? undefined,
  }),
  // No provider streams them.
  assembler: () => ({ add: () => false, answer: () => undefined, end: undefined }),
};
