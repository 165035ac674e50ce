// ATIF, Harbor's agent trajectory format: spans of an imported trajectory hold its steps as they were, and are read here.
import { defined } from "../../model/defined.ts";
import type { Message, MessagePart } from "../messages.ts";
import { messageWith, partsOf, resultFrom, toolsIn } from "../parts.ts";
import type { Source } from "../source.ts";
import { usageOf } from "../usage.ts";
import { fieldIn, firstField, isAnObject, textIn, wordsIn } from "../values.ts";
import type { Vocabulary, WorkKind } from "./vocabulary.ts";

/** Attributes of imported trajectories. */
export const ATIF_NAMES = {
  /** A trajectory without its steps and those of its sub-agents: of a sub-agent's span, else of that of the first step. */
  trajectory: "atif.trajectory",
  /** A step; a result that a tool's span has is null in it. */
  step: "atif.step",
  /** Of a step, or of a tool call of it: the span of its trajectory, and its index there. */
  place: "atif.place",
  /** Of a sub-agent's trajectory: the span of the one that it is embedded in, and its index there. */
  within: "atif.within",
  /** A call of a tool. */
  toolCall: "atif.tool_call",
  /** Its results, and their indices in the observation of the step. */
  results: "atif.results",
  /** The agent's model, of a step that names none. */
  model: "atif.model",
} as const;

/** The vocabulary of ATIF. */
export const atif: Vocabulary<"atif"> = {
  name: "atif",
  described: "Agent Trajectory Interchange Format of Harbor, 1.0 to 1.8 (RFC 0001)",
  names: { model: [ATIF_NAMES.model] },
  owns: { "atif.": "all" },
  structures: [],
  hints: Object.values(ATIF_NAMES),
  kind: (source) => {
    if (isAnObject(source.attributes[ATIF_NAMES.toolCall])) return "tool-call";
    const isTrajectory = isAnObject(source.attributes[ATIF_NAMES.trajectory]);
    if (isTrajectory && source.span.parentSpanId !== undefined) return "agent";
    const step = stepOf(source);
    return step === undefined ? undefined : kindOfStep(step);
  },
  said: (source, field) => {
    if (field === "model") return wordsIn(fieldIn(stepOf(source), "model_name"));
    const call = source.attributes[ATIF_NAMES.toolCall];
    if (field === "toolName") return wordsIn(fieldIn(call, "function_name"));
    return field === "toolCallId" ? wordsIn(fieldIn(call, "tool_call_id")) : undefined;
  },
  firstWords: (source, kind) => (isAsked(kind) ? fieldIn(stepOf(source), "message") : undefined),
  inputMessages: (source) => {
    const step = stepOf(source);
    if (step === undefined || isAgents(step)) return [];
    return messagesOf(textIn(fieldIn(step, "source")) ?? "user", contentParts(fieldIn(step, "message")));
  },
  outputMessages: (source) => {
    const step = stepOf(source);
    return step !== undefined && isAgents(step) ? messagesOf("assistant", answerParts(step)) : [];
  },
  input: (source, kind) =>
    kind === "tool-call" ? fieldIn(source.attributes[ATIF_NAMES.toolCall], "arguments") : undefined,
  output: (source, kind) => (kind === "tool-call" ? resultOf(source) : undefined),
  tools: (source) =>
    toolsIn(fieldIn(fieldIn(source.attributes[ATIF_NAMES.trajectory], "agent"), "tool_definitions")),
  usage: (source) => {
    const metrics = fieldIn(stepOf(source), "metrics");
    const extra = fieldIn(metrics, "extra");
    const raw = {
      input: fieldIn(metrics, "prompt_tokens"),
      output: fieldIn(metrics, "completion_tokens"),
      cachedRead: fieldIn(metrics, "cached_tokens"),
      cachedWrite: firstField(extra, "cache_write_tokens", "cache_creation_input_tokens"),
      reasoning: fieldIn(extra, "reasoning_tokens"),
    };
    return usageOf(raw, false);
  },
};

function stepOf({ attributes }: Source): object | undefined {
  const step = attributes[ATIF_NAMES.step];
  return isAnObject(step) ? step : undefined;
}

/** What was copied from an earlier trajectory was done there. */
function kindOfStep(step: object): WorkKind {
  if (fieldIn(step, "is_copied_context") === true) return "history";
  if (fieldIn(step, "source") === "user") return "turn";
  if (!isAgents(step)) return "other";
  return fieldIn(step, "llm_call_count") === 0 ? "chain" : "model-call";
}

function isAgents(step: object): boolean {
  return fieldIn(step, "source") === "agent";
}

function isAsked(kind: WorkKind): boolean {
  return kind === "turn" || kind === "agent";
}

function messagesOf(role: string, parts: readonly MessagePart[]): readonly Message[] {
  return parts.length === 0 ? [] : [messageWith(role, parts)];
}

function answerParts(step: object): readonly MessagePart[] {
  const thought = wordsIn(fieldIn(step, "reasoning_content"));
  const calls = fieldIn(step, "tool_calls");
  return [
    ...(thought === undefined ? [] : [{ type: "reasoning", text: thought } as const]),
    ...contentParts(fieldIn(step, "message")),
    ...(Array.isArray(calls) ? calls.map(callPart) : []),
  ];
}

function callPart(call: unknown): MessagePart {
  return {
    type: "tool-call",
    ...defined({
      id: textIn(fieldIn(call, "tool_call_id")),
      name: textIn(fieldIn(call, "function_name")),
      arguments: fieldIn(call, "arguments"),
    }),
  };
}

/** Text, or a list of texts and media, which lie in files. */
function contentParts(content: unknown): readonly MessagePart[] {
  if (!Array.isArray(content)) return partsOf(content);
  return content.flatMap((part: unknown) => {
    const source = fieldIn(part, "source");
    return isAnObject(source) ? [mediaPart(source)] : partsOf(part);
  });
}

function mediaPart(source: object): MessagePart {
  const mediaType = wordsIn(fieldIn(source, "media_type"));
  const path = wordsIn(fieldIn(source, "path"));
  const place = path !== undefined && /^[a-z][\w+.-]{1,30}:/i.test(path) ? { url: path } : { name: path };
  return {
    type: mediaType?.startsWith("image/") === false ? "file" : "image",
    ...defined({ mediaType, ...place }),
  };
}

/** What a tool answered: one result stands for itself. */
function resultOf({ attributes }: Source): unknown {
  const results = attributes[ATIF_NAMES.results];
  if (!Array.isArray(results)) return undefined;
  const contents = results.map((one: unknown) => {
    const content = fieldIn(fieldIn(one, "result"), "content");
    return Array.isArray(content) ? resultFrom(undefined, contentParts(content)).result : content;
  });
  return contents.length === 1 ? contents[0] : contents;
}
