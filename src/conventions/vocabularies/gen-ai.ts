// OpenTelemetry's `gen_ai.*`: messages as attributes since 1.37 of the semantic conventions; what was before is in gen-ai-older.ts.
import { leadingItems } from "../json-text.ts";
import { textOfParts } from "../messages.ts";
import { partsOf, readMessage, readMessages, toolsIn } from "../parts.ts";
import type { Source } from "../source.ts";
import { type RawUsage, rawUsage, usageOf } from "../usage.ts";
import { countIn, fieldIn, textIn, wordsIn } from "../values.ts";
import { genAiEvaluations } from "./gen-ai-evaluations.ts";
import {
  GEN_AI,
  GEN_AI_CONVERSATION,
  GEN_AI_COUNTS,
  GEN_AI_EVALUATION,
  GEN_AI_FIELDS,
  GEN_AI_TIME_TO_FIRST,
} from "./gen-ai-names.ts";
import { firstOlderWords, olderFinishReason, olderInput, olderOutput, olderTools } from "./gen-ai-older.ts";
import type { Vocabulary, WorkKind } from "./vocabulary.ts";

const KINDS: ReadonlyMap<string, WorkKind> = new Map<string, WorkKind>([
  ["chat", "model-call"],
  ["generate_content", "model-call"],
  ["text_completion", "model-call"],
  ["completion", "model-call"],
  ["embeddings", "embedding"],
  ["execute_tool", "tool-call"],
  ["invoke_agent", "agent"],
  ["create_agent", "agent"],
  ["retrieval", "retrieval"],
  ["plan", "plan"],
  ["search_memory", "retrieval"],
  ...["create", "update", "upsert", "delete"].map((does) => [`${does}_memory`, "memory"] as const),
  ...["create", "delete"].map((does) => [`${does}_memory_store`, "memory"] as const),
]);

/** Instrumentations that write Anthropic's count as it is, although the conventions want the sum. */
const RAW = /^@traceloop\/instrumentation-(anthropic|bedrock)/;

/** The vocabulary of OpenTelemetry. */
export const genAi: Vocabulary<"gen_ai"> = {
  name: "gen_ai",
  described:
    "OpenTelemetry semantic conventions for generative AI, 1.28 to 1.45, and 0.1 of their own repository",
  names: GEN_AI_FIELDS,
  counts: GEN_AI_COUNTS,
  owns: { "gen_ai.": "all" },
  conversationNames: [GEN_AI_CONVERSATION],
  messageLists: ["gen_ai.input.messages"],
  structures: [
    ...Object.values(GEN_AI),
    ...GEN_AI_TIME_TO_FIRST,
    ...Object.values(GEN_AI_EVALUATION),
    ...["gen_ai.prompt", "gen_ai.prompt.", "gen_ai.completion", "gen_ai.completion."],
  ],
  kind: (source) => {
    const operation = textIn(source.attributes[GEN_AI.operation]);
    if (operation !== undefined) return KINDS.get(operation) ?? "chain";
    if (source.text(GEN_AI_FIELDS.toolName) !== undefined) return "tool-call";
    return source.text(GEN_AI_FIELDS.model) === undefined ? undefined : "model-call";
  },
  firstWords: (source) =>
    firstUserMessage(leadingItems(source.attributes[GEN_AI.input])) ?? firstOlderWords(source),
  system: (source) => textOfParts(partsOf(source.value(GEN_AI.system))),
  inputMessages: (source) => {
    const messages = readMessages(source.value(GEN_AI.input));
    return messages.length > 0 ? messages : olderInput(source);
  },
  outputMessages: (source) => {
    const messages = source.value(GEN_AI.output);
    return Array.isArray(messages)
      ? messages.map((message) => readMessage(message, "assistant"))
      : olderOutput(source);
  },
  // What a memory is given goes in, and what it finds comes out.
  input: (source, kind) =>
    source.value(GEN_AI.arguments) ??
    source.attributes[GEN_AI.query] ??
    source.attributes[GEN_AI.memoryQuery] ??
    (kind === "memory" ? source.value(GEN_AI.memoryRecords) : undefined),
  output: (source, kind) =>
    source.value(GEN_AI.result) ??
    source.value(GEN_AI.documents) ??
    (kind === "memory" ? undefined : source.value(GEN_AI.memoryRecords)),
  tools: (source) => {
    const tools = toolsIn(source.value(GEN_AI.tools));
    return tools.length > 0 ? tools : olderTools(source);
  },
  finishReason: (source) => {
    const reasons = source.value(GEN_AI.finishReasons);
    const reason = wordsIn(Array.isArray(reasons) ? reasons[0] : reasons);
    return (
      reason ??
      finishReasonOf(source.attributes[GEN_AI.output]) ??
      olderFinishReason(source) ??
      source.text([GEN_AI.anthropicReason])
    );
  },
  evaluations: genAiEvaluations,
  usage: (source) => {
    const raw = rawUsage(source, GEN_AI_COUNTS);
    return usageOf(raw, isApart(source, raw));
  },
  timeToFirstToken: (source) => {
    const seconds = countIn(source.first(GEN_AI_TIME_TO_FIRST));
    return seconds === undefined ? undefined : seconds * 1000;
  },
};

/** Their total lacks the cached ones as their input does. */
function isApart({ attributes, span }: Source, { input, output }: RawUsage): boolean {
  const total = countIn(attributes["gen_ai.usage.total_tokens"]);
  return RAW.test(span.scope.name) && total === (countIn(input) ?? 0) + (countIn(output) ?? 0);
}

/** The content of the first message of a user that has words. */
export function firstUserMessage(messages: Iterable<unknown>): unknown {
  for (const given of messages) {
    const { role, parts } = readMessage(given);
    const words = role === "user" ? textOfParts(parts) : undefined;
    if (words !== undefined && /\S/.test(words)) return words;
  }
  return undefined;
}

/** Of the first message alone: the rest of a long text need not be parsed for it. */
function finishReasonOf(messages: unknown): string | undefined {
  const [first] = leadingItems(messages);
  return wordsIn(fieldIn(first, "finish_reason"));
}
