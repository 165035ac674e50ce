// OpenAI's Responses.
import { fieldIn, wordsIn } from "../../conventions/values.ts";
import type { WorkEnd } from "../../tracing/steps.ts";
import type { Answered, Assembler, Dialect, Fields } from "./dialect.ts";
import { failureOf, fields, isFields, isSaying, list, only, without } from "./values.ts";

export const openAiResponses: Dialect = {
  operation: "chat",
  asked: (body) => {
    const input = fieldIn(body, "input");
    const isPrompt = isSaying(input) || isFields(fieldIn(body, "prompt"));
    if (!isPrompt || !("model" in body || "prompt" in body)) return undefined;
    return {
      model: wordsIn(fieldIn(body, "model")),
      messages: input,
      system: fieldIn(body, "instructions") ?? undefined,
      tools: only(body, "tools", "tool_choice", "parallel_tool_calls"),
      config: without(body, "model", "input", "instructions", "tools", "tool_choice", "parallel_tool_calls"),
    };
  },
  answered,
  assembler: () => new ResponseAssembler(),
};

function answered(answer: unknown): Answered {
  const output = fieldIn(answer, "output");
  return {
    output: Array.isArray(output) ? { output } : undefined,
    stopReason:
      wordsIn(fieldIn(fieldIn(answer, "incomplete_details"), "reason")) ?? wordsIn(fieldIn(answer, "status")),
    usage: fields(fieldIn(answer, "usage")),
    model: wordsIn(fieldIn(answer, "model")),
    id: wordsIn(fieldIn(answer, "id")),
    error: fieldIn(answer, "error") ?? undefined,
  };
}

class ResponseAssembler implements Assembler {
  #response: Fields = {};
  readonly #output: Fields[] = [];
  end: WorkEnd | undefined;

  add(event: unknown): boolean {
    const type = wordsIn(fieldIn(event, "type")) ?? "";
    const response = fieldIn(event, "response");
    if (isFields(response)) this.#response = response;
    if (OVER.has(type)) this.end = { how: "done" };
    if (type === "error" || type === "response.failed")
      this.end = failureOf(fieldIn(response, "error") ?? fieldIn(event, "error") ?? event);
    return this.#piece(type, event);
  }

  answer(): unknown {
    const whole = list(this.#response["output"]);
    return {
      ...this.#response,
      output: whole.length > 0 ? whole : this.#output.filter((item) => item !== undefined),
    };
  }

  #piece(type: string, event: unknown): boolean {
    const at = fieldIn(event, "output_index");
    if (typeof at !== "number" || !(at >= 0 && at < MAX_ITEMS)) return false;
    const item = fieldIn(event, "item");
    const known = isFields(item) ? { ...item } : (this.#output[at] ?? {});
    this.#output[at] = known;
    const place = PIECES[type];
    const delta = wordsIn(fieldIn(event, "delta"));
    if (place === undefined || delta === undefined) return false;
    place(known, delta, event);
    return true;
  }
}

/** Adds a delta to its item, where it belongs. */
type Adder = (item: Fields, delta: string, event: unknown) => void;

function added(target: Fields, key: string, delta: string): void {
  const before = target[key];
  target[key] = typeof before === "string" ? before + delta : delta;
}

/** The part of an item that a piece belongs to. */
function partOf(item: Fields, name: string, at: unknown, made: Fields): Fields {
  const parts: Fields[] = [...list(item[name])].filter(isFields);
  item[name] = parts;
  const index = typeof at === "number" && at >= 0 && at <= parts.length ? at : parts.length;
  const part = parts[index] ?? { ...made };
  parts[index] = part;
  return part;
}

function inContent(key: string, type: string): Adder {
  return (item, delta, event) =>
    added(partOf(item, "content", fieldIn(event, "content_index"), { type }), key, delta);
}

const PIECES: Readonly<Record<string, Adder>> = {
  "response.output_text.delta": inContent("text", "output_text"),
  "response.refusal.delta": inContent("refusal", "refusal"),
  "response.reasoning_text.delta": inContent("text", "reasoning_text"),
  "response.reasoning_summary_text.delta": (item, delta, event) =>
    added(partOf(item, "summary", fieldIn(event, "summary_index"), { type: "summary_text" }), "text", delta),
  "response.function_call_arguments.delta": (item, delta) => added(item, "arguments", delta),
  "response.custom_tool_call_input.delta": (item, delta) => added(item, "input", delta),
};

const OVER: ReadonlySet<string> = new Set(["response.completed", "response.incomplete"]);
const MAX_ITEMS = 100_000;
