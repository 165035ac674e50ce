// What Bedrock says on the wire of Converse: whole, and as frames of AWS's binary event streams.
import { eventFrame } from "../event-frames.ts";
import type { Answer } from "./conversation.ts";
import type { Wire } from "./wires.ts";

/** An event by its name. */
type ConverseEvent = readonly [name: string, payload: object];

export const converse: Wire = {
  path: /\/converse(?:-stream)?$/,
  type: "application/vnd.amazon.eventstream",
  whole: (answer) => ({
    output: { message: { role: "assistant", content: blocks(answer) } },
    ...{ stopReason: reason(answer), usage: usageOf(answer), metrics: { latencyMs: 7 } },
  }),
  pieces: (answer) => converseEvents(answer).map(([name, payload]) => eventFrame(name, payload)),
  nothing: eventFrame("contentBlockDelta", { contentBlockIndex: 0, delta: { text: "" } }),
  failure: (message) => eventFrame("modelStreamErrorException", { message }),
  hasResults: (body) => body.includes('"toolResult"'),
  isStreamed: (_, path) => path.endsWith("-stream"),
  error: (message) => ({ message }),
};

function converseEvents(answer: Answer): readonly ConverseEvent[] {
  return [
    ["messageStart", { role: "assistant" }],
    ...blocks(answer).flatMap((block, contentBlockIndex): ConverseEvent[] => [
      ...started(block).map((start): ConverseEvent => ["contentBlockStart", { contentBlockIndex, start }]),
      ...deltas(block).map((delta): ConverseEvent => ["contentBlockDelta", { contentBlockIndex, delta }]),
      ["contentBlockStop", { contentBlockIndex }],
    ]),
    ["messageStop", { stopReason: reason(answer) }],
    ["metadata", { usage: usageOf(answer), metrics: { latencyMs: 7 } }],
  ];
}

interface Block {
  readonly text?: string;
  readonly reasoningContent?: {
    readonly reasoningText: { readonly text: string; readonly signature: string };
  };
  readonly toolUse?: { readonly toolUseId: string; readonly name: string; readonly input: object };
}

function blocks({ thought, text, tools = [] }: Answer): readonly Block[] {
  return [
    ...(thought === undefined
      ? []
      : [{ reasoningContent: { reasoningText: { text: thought, signature: "signed" } } }]),
    ...(text === undefined ? [] : [{ text }]),
    ...tools.map(({ id, name, arguments: input }) => ({ toolUse: { toolUseId: id, name, input } })),
  ];
}

function started({ toolUse }: Block): object[] {
  return toolUse === undefined ? [] : [{ toolUse: { toolUseId: toolUse.toolUseId, name: toolUse.name } }];
}

function deltas({ text, reasoningContent, toolUse }: Block): object[] {
  if (text !== undefined) return ["", ...split(text)].map((piece) => ({ text: piece }));
  if (toolUse !== undefined)
    return split(JSON.stringify(toolUse.input)).map((input) => ({ toolUse: { input } }));
  const { text: thought = "", signature = "" } = reasoningContent?.reasoningText ?? {};
  return [...split(thought).map((piece) => ({ text: piece })), { signature }].map((piece) => ({
    reasoningContent: piece,
  }));
}

function split(text: string): string[] {
  return text.match(/[\s\S]{1,4}/g) ?? [];
}

function reason({ tools }: Answer): string {
  return tools === undefined ? "end_turn" : "tool_use";
}

/** Its input is without cached tokens. */
function usageOf({ usage }: Answer): object {
  const [read, wrote] = [usage.cachedRead ?? 0, usage.cachedWrite ?? 0];
  return {
    ...{ inputTokens: (usage.input ?? 0) - read - wrote, outputTokens: usage.output },
    ...{ totalTokens: (usage.input ?? 0) + (usage.output ?? 0) },
    ...{ cacheReadInputTokens: read, cacheWriteInputTokens: wrote },
  };
}
