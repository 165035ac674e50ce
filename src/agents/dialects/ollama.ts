// Ollama's own API: a line of JSON for each piece.
import { fieldIn, wordsIn } from "../../conventions/values.ts";
import type { WorkEnd } from "../../tracing/steps.ts";
import type { Answered, Assembler, Dialect, Fields } from "./dialect.ts";
import { failureOf, grow, isFields, isSaying, only, without } from "./values.ts";

export const ollama: Dialect = {
  operation: "chat",
  provider: "ollama",
  asked: (body) => {
    const messages = fieldIn(body, "messages") ?? fieldIn(body, "prompt");
    if (messages === undefined || wordsIn(fieldIn(body, "model")) === undefined) return undefined;
    return {
      model: wordsIn(fieldIn(body, "model")),
      messages,
      system: fieldIn(body, "system") ?? undefined,
      tools: only(body, "tools"),
      config: without(body, "model", "messages", "prompt", "system", "tools", "images"),
    };
  },
  answered,
  assembler: () => new LineAssembler(),
};

function answered(answer: unknown): Answered {
  const message = fieldIn(answer, "message") ?? completion(answer);
  return {
    output: message === undefined ? undefined : { message },
    stopReason: wordsIn(fieldIn(answer, "done_reason")),
    usage: isFields(answer) ? only(answer, "prompt_eval_count", "eval_count") : undefined,
    metrics: isFields(answer) ? only(answer, ...TIMES) : undefined,
    model: wordsIn(fieldIn(answer, "model")),
    error: fieldIn(answer, "error") ?? undefined,
  };
}

/** `generate` answers with words, not with a message. */
function completion(answer: unknown): Fields | undefined {
  const content = fieldIn(answer, "response");
  return typeof content === "string"
    ? { role: "assistant", content, ...(isFields(answer) ? only(answer, "thinking") : {}) }
    : undefined;
}

const TIMES = ["total_duration", "load_duration", "prompt_eval_duration", "eval_duration"] as const;

class LineAssembler implements Assembler {
  readonly #answer: Fields = {};
  end: WorkEnd | undefined;

  add(event: unknown): boolean {
    if (!isFields(event)) return false;
    if (isSaying(event["error"])) this.end = failureOf(event);
    else if (event["done"] === true) this.end = { how: "done" };
    grow(this.#answer, event);
    return (
      isSaying(event["response"]) ||
      Object.entries(Object(event["message"])).some(([key, value]) => key !== "role" && isSaying(value))
    );
  }

  answer(): unknown {
    return this.#answer;
  }
}
