// What the services of models say on the wire: an answer as a whole, and as the pieces of a stream.
import type { Answer, ToolAsk } from "./conversation.ts";

/** How one kind of service answers. */
export interface Wire {
  readonly path: RegExp;
  /** What its streams are. */
  readonly type: string;
  whole(answer: Answer, body?: string): object;
  /** In pieces, some of which say nothing; each is what is written at once. */
  pieces(answer: Answer, body?: string): readonly (string | Uint8Array)[];
  /** One that says nothing. */
  readonly nothing: string | Uint8Array;
  /** One that says that the service has failed. */
  failure(message: string): string | Uint8Array;
  /** True where the request has results of tools in it. */
  hasResults(body: string): boolean;
  isStreamed(body: string, path: string): boolean;
  error(message: string): object;
}

const MODEL = "stub-1";

const isAsked = (body: string): boolean => /"stream"\s*:\s*true/.test(body);

function sse(data: object, event?: string): string {
  return `${event === undefined ? "" : `event: ${event}\n`}data: ${JSON.stringify(data)}\n\n`;
}

/** A text in pieces of a few characters. */
function split(text: string): string[] {
  return text.match(/[\s\S]{1,5}/g) ?? [];
}

const FUNCTION = ({ name, arguments: given }: ToolAsk) => ({ name, arguments: JSON.stringify(given) });

function chatUsage({ usage }: Answer): object {
  return {
    ...{ prompt_tokens: usage.input, completion_tokens: usage.output },
    total_tokens: (usage.input ?? 0) + (usage.output ?? 0),
    prompt_tokens_details: { cached_tokens: usage.cachedRead ?? 0 },
    ...(usage.reasoning === undefined
      ? {}
      : { completion_tokens_details: { reasoning_tokens: usage.reasoning } }),
  };
}

const CHUNK = { id: "chatcmpl-1", object: "chat.completion.chunk", created: 1, model: MODEL };

const openAiChat: Wire = {
  path: /\/chat\/completions$/,
  type: "text/event-stream",
  whole: (answer) => ({
    ...{ id: "chatcmpl-1", object: "chat.completion", created: 1, model: MODEL },
    choices: [
      {
        index: 0,
        finish_reason: answer.tools === undefined ? "stop" : "tool_calls",
        message: {
          role: "assistant",
          content: answer.text ?? null,
          ...(answer.thought === undefined ? {} : { reasoning_content: answer.thought }),
          ...(answer.tools === undefined
            ? {}
            : {
                tool_calls: answer.tools.map((tool) => ({
                  id: tool.id,
                  type: "function",
                  function: FUNCTION(tool),
                })),
              }),
        },
      },
    ],
    usage: chatUsage(answer),
  }),
  pieces: (answer) => chatPieces(answer, (json) => ["", ...split(json)]),
  nothing: sse({ ...CHUNK, choices: [{ index: 0, delta: {}, finish_reason: null }] }),
  failure: (message) => sse({ error: { message, type: "server_error", code: "stubbed" } }),
  hasResults: (body) => body.includes('"role":"tool"'),
  isStreamed: isAsked,
  error: (message) => ({ error: { message, type: "server_error", code: "stubbed" } }),
};

/** A stream; `cut` says in which pieces the arguments of a tool come. */
function chatPieces(answer: Answer, cut: (json: string) => readonly string[]): readonly string[] {
  const chunk = (fields: object) => sse({ ...CHUNK, ...fields });
  const delta = (given: object, reason: string | null = null) =>
    chunk({ choices: [{ index: 0, delta: given, finish_reason: reason }] });
  return [
    delta({ role: "assistant", content: "" }),
    delta({}),
    ...split(answer.thought ?? "").map((reasoning_content) => delta({ reasoning_content })),
    ...split(answer.text ?? "").map((content) => delta({ content })),
    ...(answer.tools ?? []).flatMap((tool, index) => {
      const { name, arguments: json } = FUNCTION(tool);
      return cut(json).map((piece, i) => {
        const head = i === 0 ? { id: tool.id, type: "function" } : {};
        const called = { ...(i === 0 ? { name } : {}), arguments: piece };
        return delta({ tool_calls: [{ index, ...head, function: called }] });
      });
    }),
    delta({}, answer.tools === undefined ? "stop" : "tool_calls"),
    chunk({ choices: [], usage: chatUsage(answer) }),
    "data: [DONE]\n\n",
  ];
}

/** Mistral streams a tool as a whole. */
const mistral: Wire = {
  ...openAiChat,
  path: /\/mistral\/v1\/chat\/completions$/,
  pieces: (answer) => chatPieces(answer, (json) => [json]),
};

function responseUsage({ usage }: Answer): object {
  return {
    ...{ input_tokens: usage.input, output_tokens: usage.output },
    total_tokens: (usage.input ?? 0) + (usage.output ?? 0),
    input_tokens_details: { cached_tokens: usage.cachedRead ?? 0 },
    output_tokens_details: { reasoning_tokens: usage.reasoning ?? 0 },
  };
}

function responseItems(answer: Answer): Record<string, unknown>[] {
  const { thought, text, tools = [] } = answer;
  return [
    ...(thought === undefined
      ? []
      : [{ id: "rs_1", type: "reasoning", summary: [{ type: "summary_text", text: thought }] }]),
    ...(text === undefined
      ? []
      : [
          {
            ...{ id: "msg_1", type: "message", role: "assistant", status: "completed" },
            content: [{ type: "output_text", text, annotations: [] }],
          },
        ]),
    ...tools.map((tool) => ({
      ...{ id: `fc_${tool.id}`, type: "function_call", call_id: tool.id, status: "completed" },
      ...FUNCTION(tool),
    })),
  ];
}

const openAiResponses: Wire = {
  path: /\/responses$/,
  type: "text/event-stream",
  whole: (answer, body = "{}") => ({
    ...{ id: "resp_1", object: "response", created_at: 1, status: "completed", model: MODEL },
    ...{ output: responseItems(answer), usage: responseUsage(answer), error: null, incomplete_details: null },
    ...{ parallel_tool_calls: true, tool_choice: "auto", tools: [], temperature: 1, top_p: 1, metadata: {} },
    ...repeated(body),
  }),
  pieces: (answer, body) => {
    let sequence_number = 0;
    const event = (type: string, fields: object) =>
      sse({ type, sequence_number: sequence_number++, ...fields }, type);
    const whole = openAiResponses.whole(answer, body);
    const begun = { ...whole, status: "in_progress", output: [], usage: null };
    return [
      event("response.created", { response: begun }),
      event("response.in_progress", { response: begun }),
      ...responseItems(answer).flatMap((item, output_index) => [
        event("response.output_item.added", { output_index, item: emptied(item) }),
        ...itemPieces(item, output_index, event),
        event("response.output_item.done", { output_index, item }),
      ]),
      event("response.completed", { response: whole }),
    ];
  },
  nothing: ": nothing\n\n",
  failure: (message) =>
    sse({ type: "error", sequence_number: 99, code: "stubbed", message, param: null }, "error"),
  hasResults: (body) => body.includes("function_call_output"),
  isStreamed: isAsked,
  error: (message) => ({ error: { message, type: "server_error", code: "stubbed" } }),
};

/** What the service repeats of a request. */
function repeated(body: string): object {
  const { instructions = null, tools = [] } = JSON.parse(body);
  return { instructions, tools };
}

function emptied(item: Record<string, unknown>): object {
  if (item["type"] === "message") return { ...item, status: "in_progress", content: [] };
  if (item["type"] === "reasoning") return { ...item, summary: [] };
  return { ...item, status: "in_progress", arguments: "" };
}

type MakeEvent = (type: string, fields: object) => string;

function itemPieces(item: Record<string, unknown>, output_index: number, event: MakeEvent): string[] {
  const at = { item_id: item["id"], output_index };
  const [text] = [item["content"], item["summary"]].flatMap((list) =>
    Array.isArray(list) ? list.map(({ text: words }) => String(words)) : [],
  );
  if (item["type"] === "message") {
    const part = (words: string) => ({
      ...at,
      content_index: 0,
      part: { type: "output_text", text: words, annotations: [] },
    });
    return [
      event("response.content_part.added", part("")),
      ...split(text ?? "").map((delta) =>
        event("response.output_text.delta", { ...at, content_index: 0, delta }),
      ),
      event("response.output_text.done", { ...at, content_index: 0, text }),
      event("response.content_part.done", part(text ?? "")),
    ];
  }
  if (item["type"] === "reasoning") {
    const part = (words: string) => ({
      ...at,
      summary_index: 0,
      part: { type: "summary_text", text: words },
    });
    return [
      event("response.reasoning_summary_part.added", part("")),
      ...split(text ?? "").map((delta) =>
        event("response.reasoning_summary_text.delta", { ...at, summary_index: 0, delta }),
      ),
      event("response.reasoning_summary_text.done", { ...at, summary_index: 0, text }),
      event("response.reasoning_summary_part.done", part(text ?? "")),
    ];
  }
  const json = String(item["arguments"]);
  return [
    ...split(json).map((delta) => event("response.function_call_arguments.delta", { ...at, delta })),
    event("response.function_call_arguments.done", { ...at, arguments: json, name: item["name"] }),
  ];
}

function anthropicBlocks({ thought, text, tools = [] }: Answer): Record<string, unknown>[] {
  return [
    ...(thought === undefined ? [] : [{ type: "thinking", thinking: thought, signature: "signed" }]),
    ...(text === undefined ? [] : [{ type: "text", text }]),
    ...tools.map(({ id, name, arguments: input }) => ({ type: "tool_use", id, name, input })),
  ];
}

/** Its input is without cached tokens. */
function anthropicUsage({ usage }: Answer): Record<string, number> {
  const [read, wrote] = [usage.cachedRead ?? 0, usage.cachedWrite ?? 0];
  return {
    ...{ input_tokens: (usage.input ?? 0) - read - wrote, output_tokens: usage.output ?? 0 },
    ...{ cache_read_input_tokens: read, cache_creation_input_tokens: wrote },
  };
}

export const anthropic: Wire = {
  path: /\/messages$/,
  type: "text/event-stream",
  whole: (answer) => ({
    ...{ id: "msg_1", type: "message", role: "assistant", model: MODEL, content: anthropicBlocks(answer) },
    ...{ stop_reason: answer.tools === undefined ? "end_turn" : "tool_use", stop_sequence: null },
    usage: anthropicUsage(answer),
  }),
  pieces: (answer) => {
    const event = (type: string, fields: object = {}) => sse({ type, ...fields }, type);
    const usage = anthropicUsage(answer);
    const message = {
      ...anthropic.whole(answer),
      content: [],
      stop_reason: null,
      usage: { ...usage, output_tokens: 1 },
    };
    return [
      event("message_start", { message }),
      event("ping"),
      ...anthropicBlocks(answer).flatMap((block, index) => [
        event("content_block_start", { index, content_block: emptyBlock(block) }),
        ...blockDeltas(block).map((delta) => event("content_block_delta", { index, delta })),
        event("content_block_stop", { index }),
      ]),
      event("message_delta", {
        delta: { stop_reason: answer.tools === undefined ? "end_turn" : "tool_use", stop_sequence: null },
        usage: { output_tokens: usage["output_tokens"] },
      }),
      event("message_stop"),
    ];
  },
  nothing: sse({ type: "ping" }, "ping"),
  failure: (message) => sse({ type: "error", error: { type: "api_error", message } }, "error"),
  hasResults: (body) => body.includes('"tool_result"'),
  isStreamed: isAsked,
  error: (message) => ({ type: "error", error: { type: "api_error", message } }),
};

function emptyBlock(block: Record<string, unknown>): object {
  if (block["type"] === "text") return { type: "text", text: "" };
  if (block["type"] === "thinking") return { type: "thinking", thinking: "", signature: "" };
  return { ...block, input: {} };
}

function blockDeltas(block: Record<string, unknown>): object[] {
  if (block["type"] === "text")
    return ["", ...split(String(block["text"]))].map((text) => ({ type: "text_delta", text }));
  if (block["type"] === "thinking")
    return [
      ...split(String(block["thinking"])).map((thinking) => ({ type: "thinking_delta", thinking })),
      { type: "signature_delta", signature: block["signature"] },
    ];
  const json = JSON.stringify(block["input"]);
  return ["", ...split(json)].map((partial_json) => ({ type: "input_json_delta", partial_json }));
}

function geminiParts({ thought, text, tools = [] }: Answer): Record<string, unknown>[] {
  return [
    ...(thought === undefined ? [] : [{ text: thought, thought: true }]),
    ...(text === undefined ? [] : [{ text }]),
    ...tools.map(({ id, name, arguments: args }) => ({ functionCall: { id, name, args } })),
  ];
}

function geminiUsage({ usage }: Answer): object {
  const thoughts = usage.reasoning === undefined ? {} : { thoughtsTokenCount: usage.reasoning };
  return {
    ...{ promptTokenCount: usage.input, candidatesTokenCount: (usage.output ?? 0) - (usage.reasoning ?? 0) },
    ...thoughts,
    ...(usage.cachedRead === undefined ? {} : { cachedContentTokenCount: usage.cachedRead }),
  };
}

const gemini: Wire = {
  path: /:(?:stream)?[gG]enerateContent$/,
  type: "text/event-stream",
  whole: (answer) => ({
    candidates: [{ content: { role: "model", parts: geminiParts(answer) }, finishReason: "STOP", index: 0 }],
    ...{ usageMetadata: geminiUsage(answer), modelVersion: MODEL, responseId: "r1" },
  }),
  pieces: (answer) => {
    const event = (parts: object[], fields: object = {}) =>
      sse({ candidates: [{ content: { role: "model", parts }, index: 0, ...fields }], modelVersion: MODEL });
    const parts = geminiParts(answer).flatMap((part) =>
      typeof part["text"] === "string" ? split(part["text"]).map((text) => ({ ...part, text })) : [part],
    );
    const last = {
      candidates: [{ content: { role: "model", parts: [{ text: "" }] }, finishReason: "STOP", index: 0 }],
    };
    return [
      ...parts.map((part) => event([part])),
      sse({ ...last, usageMetadata: geminiUsage(answer), modelVersion: MODEL }),
    ];
  },
  nothing: sse({
    candidates: [{ content: { role: "model", parts: [{ text: "" }] }, index: 0 }],
    modelVersion: MODEL,
  }),
  failure: (message) => sse({ error: { code: 500, message, status: "INTERNAL" } }),
  hasResults: (body) => body.includes('"functionResponse"'),
  isStreamed: (_, path) => path.includes("streamGenerateContent"),
  error: (message) => ({ error: { code: 500, message, status: "INTERNAL" } }),
};

const ollama: Wire = {
  path: /\/api\/chat$/,
  type: "application/x-ndjson",
  whole: (answer) => ({ ...ollamaHead(), message: ollamaMessage(answer), ...ollamaEnd(answer) }),
  pieces: (answer) => {
    const line = (fields: object) => `${JSON.stringify({ ...ollamaHead(), done: false, ...fields })}\n`;
    const message = (given: object) => line({ message: { role: "assistant", content: "", ...given } });
    const { tool_calls } = ollamaMessage(answer);
    return [
      ...split(answer.thought ?? "").map((thinking) => message({ thinking })),
      ...split(answer.text ?? "").map((content) => message({ content })),
      ...(tool_calls ?? []).map((call) => message({ tool_calls: [call] })),
      line({ message: { role: "assistant", content: "" }, ...ollamaEnd(answer) }),
    ];
  },
  nothing: `${JSON.stringify({ ...ollamaHead(), done: false, message: { role: "assistant", content: "" } })}\n`,
  failure: (message) => `${JSON.stringify({ error: message })}\n`,
  hasResults: (body) => body.includes('"role":"tool"'),
  isStreamed: (body) => !/"stream"\s*:\s*false/.test(body),
  error: (message) => ({ error: message }),
};

function ollamaHead(): object {
  return { model: MODEL, created_at: "2026-11-30T00:00:00Z" };
}

function ollamaMessage({ thought, text, tools }: Answer) {
  return {
    ...{ role: "assistant", content: text ?? "" },
    ...(thought === undefined ? {} : { thinking: thought }),
    ...(tools === undefined
      ? {}
      : {
          tool_calls: tools.map(({ name, arguments: given }) => ({ function: { name, arguments: given } })),
        }),
  };
}

function ollamaEnd({ usage }: Answer): object {
  return {
    ...{ done: true, done_reason: "stop", total_duration: 9, eval_duration: 5 },
    ...{ prompt_eval_count: usage.input, eval_count: usage.output },
  };
}

/** Those over HTTP/1. */
export const WIRES: readonly Wire[] = [mistral, openAiChat, openAiResponses, anthropic, gemini, ollama];
