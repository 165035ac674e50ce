// One conversation, in nobody's shape: what each client is asked and answers, and how each of its model calls must read.
import type { Message, Reading, Usage } from "tracelight/conventions";

/** A tool that a model asks for. */
export interface ToolAsk {
  readonly id: string;
  readonly name: string;
  readonly arguments: Readonly<Record<string, unknown>>;
}

/** An answer of the model. */
export interface Answer {
  readonly thought?: string;
  readonly text?: string;
  readonly tools?: readonly ToolAsk[];
  readonly usage: Usage;
}

export const SYSTEM = "You are a weather bot.";
export const QUESTION = "What is the weather in Amsterdam and Paris?";
export const SCHEMA = { type: "object", properties: { city: { type: "string" } }, required: ["city"] };
export const TOOL = { name: "get_weather", description: "The weather of a city", schema: SCHEMA };
export const RESULTS: Readonly<Record<string, unknown>> = {
  Amsterdam: { city: "Amsterdam", temperature: 20 },
  Paris: { city: "Paris", temperature: 25 },
};

/** The model first asks for two tools at once, then answers. */
export const FIRST: Answer = {
  text: "Let me look.",
  tools: [
    { id: "call_1", name: "get_weather", arguments: { city: "Amsterdam" } },
    { id: "call_2", name: "get_weather", arguments: { city: "Paris" } },
  ],
  usage: { input: 1240, output: 30, cachedRead: 1000 },
};
export const LAST: Answer = {
  text: "It is 20 degrees in Amsterdam, 25 in Paris.",
  usage: { input: 1300, output: 12 },
};

/** Thinks first. */
export const THOUGHT: Answer = {
  ...{ thought: "Amsterdam is in the Netherlands.", text: "Sunny." },
  usage: { input: 20, output: 14, reasoning: 9 },
};
/** Of what was read, most was cached, and some was to be. */
export const CACHED: Answer = {
  text: "As before.",
  usage: { input: 2000, output: 4, cachedRead: 1500, cachedWrite: 300 },
};
/** What was asked for as an object. */
export const OBJECT: Answer = {
  text: JSON.stringify(RESULTS["Paris"]),
  usage: { input: 40, output: 11 },
};

/** What a reading says that must be the same whoever was asked: without ids, which not all have, and joined by who speaks. */
export function essence(reading: Reading): object {
  const { kind, systemPrompt, inputMessages, outputMessages, tools, usage } = reading;
  return {
    kind,
    systemPrompt,
    input: spoken(inputMessages),
    output: spoken(outputMessages),
    tools: tools.map(({ name, description, schema }) => ({ name, description, schema: plainSchema(schema) })),
    usage: usage && { input: usage.input, output: usage.output },
  };
}

/** The readings of the two model calls of the conversation. */
export const READINGS: readonly object[] = [
  {
    kind: "model-call",
    systemPrompt: SYSTEM,
    input: [["user", { text: QUESTION }]],
    output: [["assistant", { text: FIRST.text }, ...asks()]],
    tools: [TOOL],
    usage: { input: 1240, output: 30 },
  },
  {
    kind: "model-call",
    systemPrompt: SYSTEM,
    input: [
      ["user", { text: QUESTION }],
      ["assistant", { text: FIRST.text }, ...asks()],
      ["tool", { result: RESULTS["Amsterdam"] }, { result: RESULTS["Paris"] }],
    ],
    output: [["assistant", { text: LAST.text }]],
    tools: [TOOL],
    usage: { input: 1300, output: 12 },
  },
];

function asks(): object[] {
  return (FIRST.tools ?? []).map(({ name, arguments: given }) => ({ name, arguments: given }));
}

/** Who says what, in one entry for what one of them says in a row. */
function spoken(messages: readonly Message[]): unknown[] {
  const all: [string, ...unknown[]][] = [];
  for (const { role, parts } of messages) {
    const last = all.at(-1);
    const said = parts.map(partIn);
    if (last !== undefined && last[0] === role) last.push(...said);
    else all.push([role, ...said]);
  }
  return all;
}

function partIn(part: Message["parts"][number]): object {
  if (part.type === "text") return { text: part.text };
  if (part.type === "reasoning") return { thought: part.text };
  if (part.type === "tool-call") return { name: part.name, arguments: part.arguments };
  if (part.type === "tool-result") return { result: part.result };
  return { [part.type]: "data" in part ? part.data : part };
}

/** Gemini's SDK writes its types in capitals; Zod says more than was asked for. */
function plainSchema(schema: unknown): unknown {
  const text = JSON.stringify(schema, (key, value) => {
    if (key === "$schema" || key === "additionalProperties") return undefined;
    return key === "type" && typeof value === "string" ? value.toLowerCase() : value;
  });
  return text === undefined ? undefined : JSON.parse(text);
}
