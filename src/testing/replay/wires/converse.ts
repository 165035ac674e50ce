// Bedrock's Converse: what its client gives an app, as a whole and event by event.
import type { Fields } from "../../../agents/dialects/dialect.ts";
import { fields } from "../../../agents/dialects/values.ts";
import type { Usage } from "../../../conventions/messages.ts";
import { fieldIn } from "../../../conventions/values.ts";
import { objectsIn, type Said, stopOf, textOf, toolsOf, usageOf, wordByWord } from "./wire.ts";

/** An answer of Converse. */
export function converseOf(said: Said): Fields {
  return {
    output: { message: { role: "assistant", content: blocksOf(said) } },
    ...{ stopReason: stopOf(said, "converse", REASONS), ...endOf(said) },
  };
}

const REASONS = {
  ...{
    stop: "end_turn",
    length: "max_tokens",
    "tool-call": "tool_use",
    "content-filter": "content_filtered",
  },
} as const;

/** The events of ConverseStream; with `isCut` without those that say that it is over. */
export function converseEvents(said: Said, isCut: boolean = false): readonly Fields[] {
  const stopReason = stopOf(said, "converse", REASONS);
  return [
    { messageStart: { role: "assistant" } },
    ...blocksOf(said).flatMap((block, contentBlockIndex) => [
      ...startOf(block).map((start) => ({ contentBlockStart: { contentBlockIndex, start } })),
      ...deltasOf(block).map((delta) => ({ contentBlockDelta: { contentBlockIndex, delta } })),
      { contentBlockStop: { contentBlockIndex } },
    ]),
    ...(isCut ? [] : [{ messageStop: { stopReason } }, { metadata: endOf(said) }]),
  ];
}

function endOf(said: Said): Fields {
  return { usage: usageOf(said, "converse", counts), metrics: said.metrics ?? { latencyMs: 0 } };
}

function blocksOf(said: Said): readonly Fields[] {
  if (said.wire === "converse") return objectsIn(fieldIn(fieldIn(said.output, "message"), "content"));
  const [thought, text] = [textOf(said, "reasoning"), textOf(said, "text")];
  return [
    ...(thought === undefined ? [] : [{ reasoningContent: { reasoningText: { text: thought } } }]),
    ...(text === undefined ? [] : [{ text }]),
    ...toolsOf(said).map(({ id, name, input }) => ({ toolUse: { toolUseId: id, name, input } })),
  ];
}

function startOf({ toolUse }: Fields): Fields[] {
  const { input: _, ...start } = fields(toolUse) ?? {};
  return toolUse === undefined ? [] : [{ toolUse: start }];
}

function deltasOf({ text, toolUse, reasoningContent, ...rest }: Fields): Fields[] {
  if (typeof text === "string") return wordByWord(text).map((piece) => ({ text: piece }));
  if (toolUse !== undefined)
    return wordByWord(JSON.stringify(fieldIn(toolUse, "input") ?? {})).map((input) => ({
      toolUse: { input },
    }));
  const thought = fields(fieldIn(reasoningContent, "reasoningText"));
  if (thought === undefined) return reasoningContent === undefined ? [rest] : [{ reasoningContent }];
  const { text: words, signature } = thought;
  return [
    ...wordByWord(String(words ?? "")).map((piece) => ({ reasoningContent: { text: piece } })),
    ...(signature === undefined ? [] : [{ reasoningContent: { signature } }]),
  ];
}

/** Its input is without cached tokens. */
function counts({ input = 0, output = 0, cachedRead = 0, cachedWrite = 0 }: Usage): Fields {
  return {
    ...{ inputTokens: Math.max(0, input - cachedRead - cachedWrite), outputTokens: output },
    ...{ totalTokens: input + output, cacheReadInputTokens: cachedRead, cacheWriteInputTokens: cachedWrite },
  };
}
