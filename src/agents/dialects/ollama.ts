// Ollama's own API: a line of JSON for each piece.
import type { WorkEnd } from "../../tracing/steps.ts";
import type { Answered, Assembler, Dialect, Fields } from "./dialect.ts";
import { failureOf, field, grow, isFields, isSaying, only, text, without } from "./values.ts";

export const ollama: Dialect = {
  operation: "chat",
  provider: "ollama",
  asked: (body) => {
    const messages = field(body, "messages") ?? field(body, "prompt");
    if (messages === undefined || text(field(body, "model")) === undefined) return undefined;
    return {
      model: text(field(body, "model")),
      messages,
      system: field(body, "system") ?? undefined,
      tools: only(body, "tools"),
      config: without(body, "model", "messages", "prompt", "system", "tools", "images"),
    };
  },
  answered,
  assembler: () => new LineAssembler(),
};

function answered(answer: unknown): Answered {
  const message = field(answer, "message") ?? completion(answer);
  return {
    output: message === undefined ? undefined : { message },
    stopReason: text(field(answer, "done_reason")),
    usage: isFields(answer) ? only(answer, "prompt_eval_count", "eval_count") : undefined,
    metrics: isFields(answer) ? only(answer, ...TIMES) : undefined,
    model: text(field(answer, "model")),
    error: field(answer, "error") ?? undefined,
  };
}

/** `generate` answers with words, not with a message. */
function completion(answer: unknown): Fields | undefined {
  const content = field(answer, "response");
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
