// The bodies of Bedrock's InvokeModel: each family of models has its own.
import { anthropic as anthropicDialect } from "../../../agents/dialects/anthropic.ts";
import { converse as converseDialect } from "../../../agents/dialects/converse.ts";
import type { Dialect, Fields } from "../../../agents/dialects/dialect.ts";
import { fields, isFields, parsed } from "../../../agents/dialects/values.ts";
import { fieldIn } from "../../../conventions/values.ts";
import { anthropic } from "./anthropic.ts";
import { converseEvents, converseOf } from "./converse.ts";
import {
  jsonOf,
  type Said,
  type StopWords,
  stopOf,
  textOf,
  toolsOf,
  type WireAsk,
  wordByWord,
} from "./wire.ts";

/** What a body is answered with, as a whole or, in a stream, piece by piece. */
export interface BodyAnswer {
  readonly whole: Fields;
  readonly pieces: readonly Fields[];
}

/** The answer in the shape of the model's family. */
export function bodyAnswer(said: Said, dialect: Dialect, body: object): BodyAnswer {
  if (dialect === anthropicDialect) return ofAnthropic(said, { body, url: "" });
  if (dialect === converseDialect) return { whole: converseOf(said), pieces: converseEvents(said) };
  return fieldIn(body, "inputText") === undefined ? ofOthers(said, body) : ofTitan(said);
}

function ofAnthropic(said: Said, ask: WireAsk): BodyAnswer {
  const { begun, ended } = anthropic.pieces(said, ask);
  const events = [...begun, ...ended].map((piece) => parsed(piece.slice(piece.indexOf("data: ") + 6)));
  return { whole: anthropic.whole(said, ask), pieces: events.filter(isFields) };
}

function ofTitan(said: Said): BodyAnswer {
  const { inputTokens, outputTokens } = said.usage ?? {};
  const [outputText, completionReason] = [textOf(said, "text") ?? "", reasonOf(said, TITAN)];
  const words = wordByWord(outputText).map((text) => ({ outputText: text, completionReason: null }));
  return {
    whole: {
      inputTextTokenCount: inputTokens,
      results: [{ outputText, completionReason, tokenCount: outputTokens }],
    },
    pieces: [...words, { outputText: "", completionReason }],
  };
}

/** Llama has a `generation`; Mistral has `outputs` for a prompt, and `choices` for messages. */
function ofOthers(said: Said, body: object): BodyAnswer {
  const text = textOf(said, "text") ?? "";
  const stop_reason = reasonOf(said, OTHERS);
  const { inputTokens, outputTokens } = said.usage ?? {};
  const counts = { prompt_token_count: inputTokens, generation_token_count: outputTokens };
  const words = wordByWord(text);
  if (fieldIn(body, "messages") !== undefined) {
    const message = fields(fieldIn(said.output, "message")) ?? {
      role: "assistant",
      content: text,
      ...callsOf(said),
    };
    const ends = [{ choices: [{ index: 0, message: { content: "" }, stop_reason }] }];
    return {
      whole: { choices: [{ index: 0, message, stop_reason }], usage: said.usage },
      pieces: [...words.map((content) => ({ choices: [{ index: 0, message: { content } }] })), ...ends],
    };
  }
  return {
    whole: { generation: text, ...counts, stop_reason, outputs: [{ text, stop_reason }] },
    pieces: [
      ...words.map((piece) => ({
        generation: piece,
        outputs: [{ text: piece, stop_reason: null }],
        stop_reason: null,
      })),
      { generation: "", outputs: [{ text: "", stop_reason }], ...counts, stop_reason },
    ],
  };
}

function callsOf(said: Said): Fields {
  const tools = toolsOf(said);
  const calls = tools.map(({ id, name, input }) => ({ id, function: { name, arguments: jsonOf(input) } }));
  return calls.length === 0 ? {} : { tool_calls: calls };
}

function reasonOf(said: Said, words: StopWords): string {
  return said.stopReason ?? stopOf(said, "converse", words);
}

const TITAN = {
  stop: "FINISH",
  length: "LENGTH",
  "tool-call": "FINISH",
  "content-filter": "CONTENT_FILTERED",
} as const;
const OTHERS = {
  stop: "stop",
  length: "length",
  "tool-call": "tool_calls",
  "content-filter": "stop",
} as const;
