// Bedrock's Converse, which Amazon's Nova models speak in InvokeModel too.
import { fieldIn, wordsIn } from "../../conventions/values.ts";
import type { WorkEnd } from "../../tracing/steps.ts";
import type { Answered, Assembler, Dialect, Fields } from "./dialect.ts";
import { fields, inputOf, isFields, isSaying, without } from "./values.ts";

export const converse: Dialect = {
  operation: "chat",
  provider: "aws.bedrock",
  asked: (input) => ({
    model: wordsIn(fieldIn(input, "modelId")),
    messages: fieldIn(input, "messages"),
    system: fieldIn(input, "system"),
    tools: fields(fieldIn(input, "toolConfig")),
    config: {
      ...fields(fieldIn(input, "inferenceConfig")),
      ...without(input, "modelId", "messages", "system", "toolConfig", "inferenceConfig"),
    },
  }),
  answered,
  assembler: () => new ConverseAssembler(),
};

function answered(answer: unknown): Answered {
  return {
    output: fieldIn(answer, "output"),
    stopReason: wordsIn(fieldIn(answer, "stopReason")),
    usage: fields(fieldIn(answer, "usage")),
    metrics: fields(fieldIn(answer, "metrics")),
    guardrail: fieldIn(fieldIn(answer, "trace"), "guardrail"),
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
    const said = fieldIn(event, kind ?? "");
    if (kind === "messageStart") this.#role = fieldIn(said, "role") ?? this.#role;
    if (kind === "messageStop") this.#answer["stopReason"] = fieldIn(said, "stopReason");
    if (kind === "metadata") this.#finish(said);
    const index = fieldIn(said, "contentBlockIndex");
    if (kind === "contentBlockStart") return this.#start(index, fieldIn(fieldIn(said, "start"), "toolUse"));
    return kind === "contentBlockDelta" && this.#delta(index, fieldIn(said, "delta"));
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
    const [words, json] = [fieldIn(delta, "text"), fieldIn(fieldIn(delta, "toolUse"), "input")];
    const thought = fieldIn(delta, "reasoningContent");
    if (typeof words === "string") block["text"] = `${wordsIn(block["text"]) ?? ""}${words}`;
    if (typeof json === "string") this.#inputs.set(index, (this.#inputs.get(index) ?? "") + json);
    if (isFields(thought)) block["reasoningContent"] = grownThought(block["reasoningContent"], thought);
    return isSaying(words) || isSaying(json) || isFields(thought);
  }

  #setInput(index: unknown, json: string): void {
    const tool = fields(fieldIn(this.#blocks.get(index), "toolUse"));
    if (tool !== undefined && json !== "") tool["input"] = inputOf(json);
  }
}

function grownThought(before: unknown, piece: Fields): Fields {
  if (piece["redactedContent"] !== undefined) return piece;
  const known = fields(fieldIn(before, "reasoningText")) ?? {};
  const signature = piece["signature"] ?? known["signature"];
  const words = `${wordsIn(known["text"]) ?? ""}${wordsIn(piece["text"]) ?? ""}`;
  return { reasoningText: { text: words, ...(signature === undefined ? {} : { signature }) } };
}
