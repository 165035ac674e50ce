// Bedrock's Converse, which Amazon's Nova models speak in InvokeModel too.
import type { WorkEnd } from "../../tracing/steps.ts";
import type { Answered, Assembler, Dialect, Fields } from "./dialect.ts";
import { field, fields, isFields, isSaying, text, without } from "./values.ts";

export const converse: Dialect = {
  operation: "chat",
  provider: "aws.bedrock",
  asked: (input) => ({
    model: text(field(input, "modelId")),
    messages: field(input, "messages"),
    system: field(input, "system"),
    tools: fields(field(input, "toolConfig")),
    config: {
      ...fields(field(input, "inferenceConfig")),
      ...without(input, "modelId", "messages", "system", "toolConfig", "inferenceConfig"),
    },
  }),
  answered,
  assembler: () => new ConverseAssembler(),
};

function answered(answer: unknown): Answered {
  return {
    output: field(answer, "output"),
    stopReason: text(field(answer, "stopReason")),
    usage: fields(field(answer, "usage")),
    metrics: fields(field(answer, "metrics")),
  };
}

class ConverseAssembler implements Assembler {
  readonly #answer: Fields = {};
  readonly #blocks = new Map<unknown, Fields>();
  readonly #inputs = new Map<unknown, string>();
  #role: unknown = "assistant";
  end: WorkEnd | undefined;

  add(event: unknown): boolean {
    const [kind] = isFields(event) ? Object.keys(event) : [];
    const said = field(event, kind ?? "");
    if (kind === "messageStart") this.#role = field(said, "role") ?? this.#role;
    if (kind === "messageStop") this.#answer["stopReason"] = field(said, "stopReason");
    if (kind === "metadata") this.#finish(said);
    const index = field(said, "contentBlockIndex");
    if (kind === "contentBlockStart") return this.#start(index, field(field(said, "start"), "toolUse"));
    return kind === "contentBlockDelta" && this.#delta(index, field(said, "delta"));
  }

  answer(): unknown {
    for (const [index, json] of this.#inputs) this.#setInput(index, json);
    const content = [...this.#blocks.values()];
    const message = content.length === 0 ? {} : { output: { message: { role: this.#role, content } } };
    return { ...this.#answer, ...message };
  }

  #finish(said: unknown): void {
    Object.assign(this.#answer, fields(said));
    this.end = { how: "done" };
  }

  #start(index: unknown, toolUse: unknown): boolean {
    if (!isFields(toolUse)) return false;
    this.#blocks.set(index, { toolUse: { ...toolUse, input: {} } });
    return true;
  }

  #delta(index: unknown, delta: unknown): boolean {
    const block = this.#blocks.get(index) ?? {};
    this.#blocks.set(index, block);
    const [words, json] = [field(delta, "text"), field(field(delta, "toolUse"), "input")];
    const thought = field(delta, "reasoningContent");
    if (typeof words === "string") block["text"] = `${text(block["text"]) ?? ""}${words}`;
    if (typeof json === "string") this.#inputs.set(index, (this.#inputs.get(index) ?? "") + json);
    if (isFields(thought)) block["reasoningContent"] = grownThought(block["reasoningContent"], thought);
    return isSaying(words) || isSaying(json) || isFields(thought);
  }

  #setInput(index: unknown, json: string): void {
    const tool = fields(field(this.#blocks.get(index), "toolUse"));
    if (tool === undefined || json === "") return;
    try {
      tool["input"] = JSON.parse(json);
    } catch {
      // It was left half-way.
      tool["input"] = json;
    }
  }
}

function grownThought(before: unknown, piece: Fields): Fields {
  if (piece["redactedContent"] !== undefined) return piece;
  const known = fields(field(before, "reasoningText")) ?? {};
  const signature = piece["signature"] ?? known["signature"];
  const words = `${text(known["text"]) ?? ""}${text(piece["text"]) ?? ""}`;
  return { reasoningText: { text: words, ...(signature === undefined ? {} : { signature }) } };
}
