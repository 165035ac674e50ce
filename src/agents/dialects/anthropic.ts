// Anthropic's Messages, also as Bedrock and Vertex carry them.
import type { WorkEnd } from "../../tracing/steps.ts";
import type { Answered, Assembler, Dialect, Fields } from "./dialect.ts";
import { failureOf, field, fields, isFields, isSaying, list, only, text, without } from "./values.ts";

export const anthropic: Dialect = {
  operation: "chat",
  provider: "anthropic",
  asked: (body, path) => {
    const messages = field(body, "messages");
    if (!Array.isArray(messages) || field(body, "max_tokens") === undefined) return undefined;
    return {
      model: text(field(body, "model")) ?? /\/models\/([^/:]+)/.exec(path)?.[1],
      messages,
      system: field(body, "system") ?? undefined,
      tools: only(body, "tools", "tool_choice", "mcp_servers"),
      config: without(body, "model", "messages", "system", "tools", "tool_choice", "mcp_servers"),
    };
  },
  answered,
  assembler: () => new MessageAssembler(),
};

function answered(answer: unknown): Answered {
  const content = field(answer, "content");
  return {
    output:
      content === undefined
        ? undefined
        : { message: { role: field(answer, "role") ?? "assistant", content } },
    stopReason: text(field(answer, "stop_reason")),
    usage: fields(field(answer, "usage")),
    model: text(field(answer, "model")),
    id: text(field(answer, "id")),
    error: field(answer, "type") === "error" ? field(answer, "error") : undefined,
  };
}

class MessageAssembler implements Assembler {
  #message: Fields = {};
  readonly #blocks = new Map<unknown, Fields>();
  readonly #inputs = new Map<unknown, string>();
  end: WorkEnd | undefined;

  add(event: unknown): boolean {
    const take = TAKEN.get(text(field(event, "type")) ?? "");
    return take === undefined ? false : take(this, event);
  }

  answer(): unknown {
    for (const [index, json] of this.#inputs) this.#setInput(index, json);
    return { ...this.#message, content: [...this.#blocks.values()] };
  }

  start(message: unknown): boolean {
    if (isFields(message)) this.#message = { ...message };
    for (const [i, block] of list(field(message, "content")).entries()) this.block(i, block);
    return false;
  }

  block(index: unknown, block: unknown): boolean {
    if (isFields(block)) this.#blocks.set(index, { ...block });
    return ["text", "thinking", "name", "data"].some((key) => isSaying(field(block, key)));
  }

  delta(index: unknown, delta: unknown): boolean {
    const block = this.#blocks.get(index);
    if (block === undefined || !isFields(delta)) return false;
    const json = delta["partial_json"];
    if (typeof json === "string") this.#inputs.set(index, (this.#inputs.get(index) ?? "") + json);
    for (const key of ["text", "thinking", "signature"]) {
      const piece = delta[key];
      if (typeof piece === "string") block[key] = `${text(block[key]) ?? ""}${piece}`;
    }
    if (delta["citation"] !== undefined)
      block["citations"] = [...list(block["citations"]), delta["citation"]];
    return ["text", "thinking", "partial_json"].some((key) => isSaying(delta[key]));
  }

  finish(event: unknown): boolean {
    const usage = { ...fields(this.#message["usage"]), ...definedIn(field(event, "usage")) };
    this.#message = { ...this.#message, ...definedIn(field(event, "delta")), usage };
    return false;
  }

  over(end: WorkEnd): boolean {
    this.end = end;
    return false;
  }

  /** What is left half-way is kept as the text that came. */
  #setInput(index: unknown, json: string): void {
    const block = this.#blocks.get(index);
    if (block === undefined || json === "") return;
    try {
      block["input"] = JSON.parse(json);
    } catch {
      block["input"] = json;
    }
  }
}

type Take = (to: MessageAssembler, event: unknown) => boolean;

const TAKEN: ReadonlyMap<string, Take> = new Map<string, Take>([
  ["message_start", (to, event) => to.start(field(event, "message"))],
  ["content_block_start", (to, event) => to.block(field(event, "index"), field(event, "content_block"))],
  ["content_block_delta", (to, event) => to.delta(field(event, "index"), field(event, "delta"))],
  ["message_delta", (to, event) => to.finish(event)],
  ["message_stop", (to) => to.over({ how: "done" })],
  ["error", (to, event) => to.over(failureOf(field(event, "error")))],
]);

function definedIn(value: unknown): object {
  if (!isFields(value)) return {};
  return Object.fromEntries(Object.entries(value).filter(([, one]) => one !== null && one !== undefined));
}
