// OpenAI's Embeddings and Ollama's: what is embedded, and what it cost. The numbers themselves are no content.
import { fieldIn, wordsIn } from "../../conventions/values.ts";
import type { Dialect } from "./dialect.ts";
import { fields, isFields, only, without } from "./values.ts";

export const embeddings: Dialect = {
  operation: "embeddings",
  asked: (body) => {
    const input = fieldIn(body, "input") ?? fieldIn(body, "prompt");
    if (input === undefined || wordsIn(fieldIn(body, "model")) === undefined) return undefined;
    return {
      model: wordsIn(fieldIn(body, "model")),
      messages: input,
      config: without(body, "model", "input", "prompt"),
    };
  },
  answered: (answer) => ({
    usage:
      fields(fieldIn(answer, "usage")) ?? (isFields(answer) ? only(answer, "prompt_eval_count") : undefined),
    model: wordsIn(fieldIn(answer, "model")),
    error: fieldIn(answer, "error") ?? undefined,
  }),
  // No provider streams them.
  assembler: () => ({ add: () => false, answer: () => undefined, end: undefined }),
};
