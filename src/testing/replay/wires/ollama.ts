// Ollama's own API on the wire: a line of JSON for each piece.
import type { Fields } from "../../../agents/dialects/dialect.ts";
import { fields } from "../../../agents/dialects/values.ts";
import type { Usage } from "../../../conventions/messages.ts";
import { fieldIn } from "../../../conventions/values.ts";
import {
  objectsIn,
  type Said,
  stopOf,
  textOf,
  toolsOf,
  usageOf,
  type Wire,
  type WireAsk,
  wordByWord,
} from "./wire.ts";

export const ollama: Wire = {
  name: "ollama",
  streamType: "application/x-ndjson",
  isStreamed: ({ body }) => fieldIn(body, "stream") !== false,
  whole: (said, ask) => ({ ...head(said), ...saying(messageOf(said), ask), ...endOf(said) }),
  pieces: (said, ask) => {
    const piece = (message: Fields): string =>
      line({ ...head(said), ...saying({ role: "assistant", content: "", ...message }, ask), done: false });
    const { content, thinking, tool_calls } = messageOf(said);
    return {
      begun: [
        ...wordByWord(String(thinking ?? "")).map((words) => piece({ thinking: words })),
        ...wordByWord(String(content ?? "")).map((words) => piece({ content: words })),
        ...objectsIn(tool_calls).map((call) => piece({ tool_calls: [call] })),
      ],
      ended: [line({ ...head(said), ...saying({ role: "assistant", content: "" }, ask), ...endOf(said) })],
    };
  },
  error: ({ message }) => ({ error: message }),
  errorPiece: ({ message }) => line({ error: message }),
};

function line(value: object): string {
  return `${JSON.stringify(value)}\n`;
}

function head({ model, startedAtMicros }: Said): Fields {
  return { model, created_at: new Date(startedAtMicros / 1000).toISOString() };
}

/** `generate` answers with words, not with a message. */
function saying(message: Fields, { url }: WireAsk): Fields {
  if (!/\/api\/generate\b/i.test(url)) return { message };
  const { content, thinking } = message;
  return { response: content, ...(thinking === undefined ? {} : { thinking }) };
}

function messageOf(said: Said): Fields {
  const own = fields(fieldIn(said.output, "message"));
  if (said.wire === "ollama" && own !== undefined) return own;
  const thought = textOf(said, "reasoning");
  const tools = toolsOf(said);
  return {
    ...{ role: "assistant", content: textOf(said, "text") ?? "" },
    ...(thought === undefined ? {} : { thinking: thought }),
    ...(tools.length === 0
      ? {}
      : { tool_calls: tools.map(({ name, input }) => ({ function: { name, arguments: input } })) }),
  };
}

function endOf(said: Said): Fields {
  const reason = stopOf(said, "ollama", REASONS);
  return { done: true, done_reason: reason, ...said.metrics, ...usageOf(said, "ollama", counts) };
}

const REASONS = { stop: "stop", length: "length", "tool-call": "stop", "content-filter": "stop" } as const;

function counts({ input = 0, output = 0 }: Usage): Fields {
  return { prompt_eval_count: input, eval_count: output };
}
