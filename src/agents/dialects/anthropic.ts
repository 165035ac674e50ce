// Anthropic's Messages, also as Bedrock and Vertex carry them.
import { fieldIn, wordsIn } from "../../conventions/values.ts";
import type { WorkEnd } from "../../tracing/steps.ts";
import type { Answered, Assembler, Dialect, Fields } from "./dialect.ts";
import { failureOf, fields, inputOf, isFields, isSaying, list, only, without } from "./values.ts";

export const anthropic: Dialect = {
  operation: "chat",
  provider: "anthropic",
  asked: (body, path) => {
    const messages = fieldIn(body, "messages");
    if (!Array.isArray(messages) || fieldIn(body, "max_tokens") === undefined) return undefined;
    return {
      model: wordsIn(fieldIn(body, "model")) ?? /\/models\/([^/:]+)/.exec(path)?.[1],
      messages,
      system: fieldIn(body, "system") ?? undefined,
      tools: only(body, "tools", "tool_choice", "mcp_servers"),
      config: without(body, "model", "messages", "system", "tools", "tool_choice", "mcp_servers"),
    };
  },
  answered,
  assembler: () => new MessageAssembler(),
};

function answered(answer: unknown): Answered {
  const content = fieldIn(answer, "content");
  return {
    output:
      content === undefined
        ? undefined
        : { message: { role: fieldIn(answer, "role") ?? "assistant", content } },
    stopReason: wordsIn(fieldIn(answer, "stop_reason")),
    usage: fields(fieldIn(answer, "usage")),
    model: wordsIn(fieldIn(answer, "model")),
    id: wordsIn(fieldIn(answer, "id")),
    error: fieldIn(answer, "type") === "error" ? fieldIn(answer, "error") : undefined,
  };
}

class MessageAssembler implements Assembler {
  #message: Fields = {};
  readonly #blocks = new Map<unknown, Fields>();
  readonly #inputs = new Map<unknown, string>();
  end: WorkEnd | undefined;

  add(event: unknown): boolean {
    const take = TAKEN.get(wordsIn(fieldIn(event, "type")) ?? "");
    return take === undefined ? false : take(this, event);
  }

  answer(): unknown {
    for (const [index, json] of this.#inputs) this.#setInput(index, json);
    return { ...this.#message, content: [...this.#blocks.values()] };
  }

  start(message: unknown): boolean {
    if (isFields(message)) this.#message = { ...message };
    for (const [i, block] of list(fieldIn(message, "content")).entries()) this.block(i, block);
    return false;
  }

  block(index: unknown, block: unknown): boolean {
    if (isFields(block)) this.#blocks.set(index, { ...block });
    return ["text", "thinking", "name", "data"].some((key) => isSaying(fieldIn(block, key)));
  }

  delta(index: unknown, delta: unknown): boolean {
    const block = this.#blocks.get(index);
    if (block === undefined || !isFields(delta)) return false;
    const json = delta["partial_json"];
    if (typeof json === "string") this.#inputs.set(index, (this.#inputs.get(index) ?? "") + json);
    for (const key of ["text", "thinking", "signature"]) {
      const piece = delta[key];
      if (typeof piece === "string") block[key] = `${wordsIn(block[key]) ?? ""}${piece}`;
    }
    if (delta["citation"] !== undefined)
      block["citations"] = [...list(block["citations"]), delta["citation"]];
    return ["text", "thinking", "partial_json"].some((key) => isSaying(delta[key]));
  }

  finish(event: unknown): boolean {
    const usage = { ...fields(this.#message["usage"]), ...definedIn(fieldIn(event, "usage")) };
    this.#message = { ...this.#message, ...definedIn(fieldIn(event, "delta")), usage };
    return false;
  }

  over(end: WorkEnd): boolean {
    this.end = end;
    return false;
  }

  #setInput(index: unknown, json: string): void {
    const block = this.#blocks.get(index);
    if (block !== undefined && json !== "") block["input"] = inputOf(json);
  }
}

type Take = (to: MessageAssembler, event: unknown) => boolean;

const TAKEN: ReadonlyMap<string, Take> = new Map<string, Take>([
  ["message_start", (to, event) => to.start(fieldIn(event, "message"))],
  ["content_block_start", (to, event) => to.block(fieldIn(event, "index"), fieldIn(event, "content_block"))],
  ["content_block_delta", (to, event) => to.delta(fieldIn(event, "index"), fieldIn(event, "delta"))],
  ["message_delta", (to, event) => to.finish(event)],
  ["message_stop", (to) => to.over({ how: "done" })],
  ["error", (to, event) => to.over(failureOf(fieldIn(event, "error")))],
]);

function definedIn(value: unknown): object {
  if (!isFields(value)) return {};
  return Object.fromEntries(Object.entries(value).filter(([, one]) => one !== null && one !== undefined));
}
