// The bodies of Bedrock's InvokeModel: each family of models has its own.
import { fieldIn, wordsIn } from "../../conventions/values.ts";
import type { WorkEnd } from "../../tracing/steps.ts";
import { anthropic } from "./anthropic.ts";
import { converse } from "./converse.ts";
import type { Assembler, Dialect, Fields } from "./dialect.ts";
import { fields, isSaying, list, without } from "./values.ts";

/** How a body is read, by what is in it. */
export function dialectOfBody(body: unknown): Dialect {
  if (fieldIn(body, "anthropic_version") !== undefined) return anthropic;
  return fieldIn(body, "inputText") !== undefined || fieldIn(body, "prompt") !== undefined
    ? prompted
    : withMessages(body);
}

/** Nova's messages are Converse's; Mistral's are OpenAI's. */
function withMessages(body: unknown): Dialect {
  const [first] = list(fieldIn(body, "messages"));
  return Array.isArray(fieldIn(first, "content")) ? converse : messagesOfMistral;
}

const PROMPT = ["prompt", "inputText"] as const;

/** Titan, Llama and Mistral: a prompt, and words. */
const prompted: Dialect = {
  operation: "chat",
  provider: "aws.bedrock",
  asked: (body) => ({
    messages: fieldIn(body, PROMPT[0]) ?? fieldIn(body, PROMPT[1]),
    config: without(body, ...PROMPT),
  }),
  answered: (answer) => {
    const [first] = [...list(fieldIn(answer, "results")), ...list(fieldIn(answer, "outputs"))];
    const words = fieldIn(answer, "generation") ?? fieldIn(first, "outputText") ?? fieldIn(first, "text");
    const reason =
      fieldIn(answer, "stop_reason") ?? fieldIn(first, "completionReason") ?? fieldIn(first, "stop_reason");
    return {
      output:
        words === undefined ? undefined : { message: { role: "assistant", content: [{ text: words }] } },
      stopReason: wordsIn(reason),
      usage: countsOf(answer, first),
    };
  },
  assembler: () => new WordsAssembler(),
};

function countsOf(answer: unknown, first: unknown): object | undefined {
  const input = fieldIn(answer, "prompt_token_count") ?? fieldIn(answer, "inputTextTokenCount");
  const output = fieldIn(answer, "generation_token_count") ?? fieldIn(first, "tokenCount");
  return input === undefined && output === undefined
    ? undefined
    : { inputTokens: input, outputTokens: output };
}

const messagesOfMistral: Dialect = {
  operation: "chat",
  provider: "aws.bedrock",
  asked: (body) => ({ messages: fieldIn(body, "messages"), config: without(body, "messages") }),
  answered: (answer) => {
    const [choice] = list(fieldIn(answer, "choices"));
    const message = fieldIn(choice, "message");
    return {
      output: message === undefined ? undefined : { message },
      stopReason: wordsIn(fieldIn(choice, "stop_reason") ?? fieldIn(choice, "finish_reason")),
      usage: fields(fieldIn(answer, "usage")),
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
    const [first] = [...list(fieldIn(event, "outputs")), ...list(fieldIn(event, "choices"))];
    const said = fieldIn(event, "generation") ?? fieldIn(event, "outputText") ?? fieldIn(first, "text");
    const words =
      said ?? fieldIn(fieldIn(first, "message"), "content") ?? fieldIn(fieldIn(first, "delta"), "content");
    this.#reason = reasonIn(event, first) ?? this.#reason;
    for (const [name, value] of Object.entries(fields(event) ?? {}))
      if (value !== null && /_token_count$/.test(name)) this.#counts[name] = value;
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
    fieldIn(event, "stop_reason") ??
    fieldIn(event, "completionReason") ??
    fieldIn(first, "stop_reason") ??
    fieldIn(first, "finish_reason")
  );
}
