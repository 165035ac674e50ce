// The bodies of Bedrock's InvokeModel: each family of models has its own.
import type { WorkEnd } from "../../tracing/steps.ts";
import { anthropic } from "./anthropic.ts";
import { converse } from "./converse.ts";
import type { Assembler, Dialect, Fields } from "./dialect.ts";
import { field, fields, isSaying, list, text, without } from "./values.ts";

/** How a body is read, by what is in it. */
export function dialectOfBody(body: unknown): Dialect {
  if (field(body, "anthropic_version") !== undefined) return anthropic;
  return field(body, "inputText") !== undefined || field(body, "prompt") !== undefined
    ? prompted
    : withMessages(body);
}

/** Nova's messages are Converse's; Mistral's are OpenAI's. */
function withMessages(body: unknown): Dialect {
  const [first] = list(field(body, "messages"));
  return Array.isArray(field(first, "content")) ? converse : messagesOfMistral;
}

const PROMPT = ["prompt", "inputText"] as const;

/** Titan, Llama and Mistral: a prompt, and words. */
const prompted: Dialect = {
  operation: "chat",
  provider: "aws.bedrock",
  asked: (body) => ({
    messages: field(body, PROMPT[0]) ?? field(body, PROMPT[1]),
    config: without(body, ...PROMPT),
  }),
  answered: (answer) => {
    const [first] = [...list(field(answer, "results")), ...list(field(answer, "outputs"))];
    const words = field(answer, "generation") ?? field(first, "outputText") ?? field(first, "text");
    const reason =
      field(answer, "stop_reason") ?? field(first, "completionReason") ?? field(first, "stop_reason");
    return {
      output:
        words === undefined ? undefined : { message: { role: "assistant", content: [{ text: words }] } },
      stopReason: text(reason),
      usage: countsOf(answer, first),
    };
  },
  assembler: () => new WordsAssembler(),
};

function countsOf(answer: unknown, first: unknown): object | undefined {
  const input = field(answer, "prompt_token_count") ?? field(answer, "inputTextTokenCount");
  const output = field(answer, "generation_token_count") ?? field(first, "tokenCount");
  return input === undefined && output === undefined
    ? undefined
    : { inputTokens: input, outputTokens: output };
}

const messagesOfMistral: Dialect = {
  operation: "chat",
  provider: "aws.bedrock",
  asked: (body) => ({ messages: field(body, "messages"), config: without(body, "messages") }),
  answered: (answer) => {
    const [choice] = list(field(answer, "choices"));
    const message = field(choice, "message");
    return {
      output: message === undefined ? undefined : { message },
      stopReason: text(field(choice, "stop_reason") ?? field(choice, "finish_reason")),
      usage: fields(field(answer, "usage")),
    };
  },
  assembler: () => new WordsAssembler(),
};

/** Pieces of words, of whichever family. */
class WordsAssembler implements Assembler {
  #words = "";
  #reason: unknown;
  #counts: Fields = {};
  end: WorkEnd | undefined;

  add(event: unknown): boolean {
    const [first] = [...list(field(event, "outputs")), ...list(field(event, "choices"))];
    const said = field(event, "generation") ?? field(event, "outputText") ?? field(first, "text");
    const words =
      said ?? field(field(first, "message"), "content") ?? field(field(first, "delta"), "content");
    this.#reason = reasonIn(event, first) ?? this.#reason;
    for (const [name, value] of Object.entries(fields(event) ?? {}))
      if (/_token_count$/.test(name)) this.#counts[name] = value;
    if (typeof words === "string") this.#words += words;
    return isSaying(words);
  }

  answer(): unknown {
    const message = { role: "assistant", content: this.#words };
    return {
      ...this.#counts,
      generation: this.#words,
      stop_reason: this.#reason,
      choices: [{ message, stop_reason: this.#reason }],
    };
  }
}

function reasonIn(event: unknown, first: unknown): unknown {
  return (
    field(event, "stop_reason") ??
    field(event, "completionReason") ??
    field(first, "stop_reason") ??
    field(first, "finish_reason")
  );
}
