// OpenAI's Responses on the wire.
import type { Fields } from "../../../agents/dialects/dialect.ts";
import type { Usage } from "../../../conventions/messages.ts";
import { fieldIn } from "../../../conventions/values.ts";
import { openAiError } from "./openai-chat.ts";
import {
  createdAt,
  event,
  jsonOf,
  objectsIn,
  partedAfter,
  type Said,
  stopOf,
  textOf,
  toolsOf,
  usageOf,
  type Wire,
  type WireAsk,
  wordByWord,
} from "./wire.ts";

export const openAiResponses: Wire = {
  name: "openai-responses",
  streamType: "text/event-stream",
  isStreamed: ({ body }) => fieldIn(body, "stream") === true,
  whole,
  pieces: (said, ask) => {
    const events = new Events();
    const response = whole(said, ask);
    const begun = { ...response, status: "in_progress", output: [], usage: null, incomplete_details: null };
    const all = [
      events.next("response.created", { response: begun }),
      events.next("response.in_progress", { response: begun }),
      ...itemsOf(said).flatMap((item, at) => events.ofItem(item, at)),
      events.next(`response.${String(response["status"])}`, { response }),
    ];
    return partedAfter(all, (piece) => piece.includes('.delta","sequence_number"'));
  },
  error: openAiError,
  errorPiece: ({ message, code = null }) =>
    event({ type: "error", sequence_number: 0, code, message, param: null }, "error"),
};

function whole(said: Said, { body }: WireAsk): Fields {
  const reason = stopOf(said, "openai-responses", REASONS);
  const isWhole = !INCOMPLETE.test(reason);
  return {
    ...{ id: said.id ?? "resp_replayed", object: "response", created_at: createdAt(said) },
    ...{ status: isWhole ? "completed" : "incomplete", model: said.model, output: itemsOf(said) },
    ...{ error: null, incomplete_details: isWhole ? null : { reason } },
    ...{ instructions: fieldIn(body, "instructions") ?? null, metadata: {}, parallel_tool_calls: true },
    ...{ temperature: fieldIn(body, "temperature") ?? 1, top_p: fieldIn(body, "top_p") ?? 1 },
    ...{ tool_choice: fieldIn(body, "tool_choice") ?? "auto", tools: fieldIn(body, "tools") ?? [] },
    usage: usageOf(said, "openai-responses", responseUsage),
  };
}

const INCOMPLETE = /^(?:max_output_tokens|content_filter|incomplete)$/;
const REASONS = {
  ...{
    stop: "completed",
    length: "max_output_tokens",
    "tool-call": "completed",
    "content-filter": "content_filter",
  },
} as const;

function itemsOf(said: Said): readonly Fields[] {
  if (said.wire === "openai-responses") return objectsIn(fieldIn(said.output, "output"));
  const [thought, text] = [textOf(said, "reasoning"), textOf(said, "text")];
  const summary = [{ type: "summary_text", text: thought }];
  const content = [{ type: "output_text", text, annotations: [] }];
  return [
    ...(thought === undefined ? [] : [{ id: "rs_1", type: "reasoning", summary }]),
    ...(text === undefined
      ? []
      : [{ id: "msg_1", type: "message", role: "assistant", status: "completed", content }]),
    ...toolsOf(said).map(({ id, name, input }) => ({
      ...{ id: `fc_${id}`, type: "function_call", call_id: id, status: "completed" },
      ...{ name, arguments: jsonOf(input) },
    })),
  ];
}

/** The lists of parts in items, and what is told of each part. */
const LISTS = [
  {
    list: "content",
    type: "output_text",
    key: "text",
    told: "output_text",
    at: "content_index",
    part: "content_part",
  },
  {
    list: "content",
    type: "refusal",
    key: "refusal",
    told: "refusal",
    at: "content_index",
    part: "content_part",
  },
  {
    ...{ list: "content", type: "reasoning_text", key: "text", told: "reasoning_text" },
    ...{ at: "content_index", part: "content_part" },
  },
  {
    ...{ list: "summary", type: "summary_text", key: "text", told: "reasoning_summary_text" },
    ...{ at: "summary_index", part: "reasoning_summary_part" },
  },
] as const;

/** Texts that stand in an item by themselves. */
const TEXTS = [
  ["arguments", "function_call_arguments"],
  ["input", "custom_tool_call_input"],
] as const;

/** Events are counted through. */
class Events {
  #next = 0;

  next(type: string, rest: Fields): string {
    return event({ type, sequence_number: this.#next++, ...rest }, type);
  }

  ofItem(item: Fields, output_index: number): string[] {
    return [
      this.next("response.output_item.added", { output_index, item: emptied(item) }),
      ...["content", "summary"].flatMap((list) =>
        objectsIn(item[list]).flatMap((part, i) => this.#ofPart(list, part, { at: i, item, output_index })),
      ),
      ...TEXTS.flatMap(([key, told]) => this.#ofText(item, { key, told, output_index })),
      this.next("response.output_item.done", { output_index, item }),
    ];
  }

  #ofPart(list: string, part: Fields, { at, item, output_index }: PartPlace): string[] {
    const known = LISTS.find((one) => one.list === list && one.type === part["type"]);
    const place = { item_id: item["id"], output_index, [known?.at ?? "content_index"]: at };
    if (known === undefined) return [];
    const { key, told, part: name } = known;
    const text = String(part[key]);
    return [
      this.next(`response.${name}.added`, { ...place, part: { ...part, [key]: "" } }),
      ...wordByWord(text).map((delta) => this.next(`response.${told}.delta`, { ...place, delta })),
      this.next(`response.${told}.done`, { ...place, [key]: text }),
      this.next(`response.${name}.done`, { ...place, part }),
    ];
  }

  #ofText(item: Fields, { key, told, output_index }: TextPlace): string[] {
    const text = item[key];
    if (typeof text !== "string") return [];
    const place = { item_id: item["id"], output_index };
    return [
      ...wordByWord(text).map((delta) => this.next(`response.${told}.delta`, { ...place, delta })),
      this.next(`response.${told}.done`, { ...place, [key]: text, name: item["name"] }),
    ];
  }
}

interface PartPlace {
  readonly at: number;
  readonly item: Fields;
  readonly output_index: number;
}

interface TextPlace {
  readonly key: string;
  readonly told: string;
  readonly output_index: number;
}

function emptied(item: Fields): Fields {
  const empty = { ...item, ...("status" in item ? { status: "in_progress" } : {}) };
  for (const key of ["content", "summary"]) if (Array.isArray(item[key])) Object.assign(empty, { [key]: [] });
  for (const [key] of TEXTS) if (typeof item[key] === "string") Object.assign(empty, { [key]: "" });
  return empty;
}

function responseUsage({ input = 0, output = 0, cachedRead = 0, reasoning = 0 }: Usage): Fields {
  return {
    ...{ input_tokens: input, output_tokens: output, total_tokens: input + output },
    input_tokens_details: { cached_tokens: cachedRead },
    output_tokens_details: { reasoning_tokens: reasoning },
  };
}
