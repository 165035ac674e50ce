// Traceloop's OpenLLMetry: `traceloop.*` around `gen_ai.*`, and the `llm.*` names that it has had since before OpenTelemetry's.
import type { Source } from "../source.ts";
import { fieldIn, textIn } from "../values.ts";
import type { NamedField, Names, Vocabulary, WorkKind } from "./vocabulary.ts";

const NAMES = {
  user: ["traceloop.association.properties.user_id"],
} as const satisfies Names<NamedField>;

/** What programs give to `withAssociationProperties`. */
const CONVERSATIONS = ["session_id", "conversation_id", "thread_id", "chat_id"];

const SPAN_KIND = "traceloop.span.kind";
const ENTITY = "traceloop.entity.name";
const INPUT = "traceloop.entity.input";
const OUTPUT = "traceloop.entity.output";
const REQUEST = "llm.request.type";

const KINDS: ReadonlyMap<unknown, WorkKind> = new Map<unknown, WorkKind>([
  ["workflow", "chain"],
  ["task", "chain"],
  ["agent", "agent"],
  ["tool", "tool-call"],
]);

const REQUESTS: ReadonlyMap<unknown, WorkKind> = new Map<unknown, WorkKind>([
  ["chat", "model-call"],
  ["completion", "model-call"],
  ["embedding", "embedding"],
  ["rerank", "retrieval"],
]);

/** The vocabulary of Traceloop. */
export const traceloop: Vocabulary<"traceloop"> = {
  name: "traceloop",
  described: "Traceloop OpenLLMetry for JavaScript, 0.10 to 0.27 (@traceloop/ai-semantic-conventions)",
  names: NAMES,
  owns: {
    "traceloop.": "all",
    "llm.":
      /^llm\.(request\.(?!model_name$)|usage\.|prompts\.|completions\.|headers$|is_streaming$|top_k$|user$|frequency_penalty$|presence_penalty$|chat\.)/,
  },
  conversationNames: CONVERSATIONS.map((name) => `traceloop.association.properties.${name}`),
  structures: [
    SPAN_KIND,
    ENTITY,
    INPUT,
    OUTPUT,
    REQUEST,
    "llm.request.functions.",
    "llm.prompts.",
    "llm.completions.",
  ],
  kind: ({ attributes }) => REQUESTS.get(attributes[REQUEST]) ?? KINDS.get(attributes[SPAN_KIND]),
  entity: ({ attributes }, kind) =>
    KINDS.get(attributes[SPAN_KIND]) === kind ? textIn(attributes[ENTITY]) : undefined,
  input: (source) => argumentsOf(source),
  output: (source) => source.value(OUTPUT),
};

/** The decorated function's arguments: one of them stands for itself. */
function argumentsOf(source: Source): unknown {
  const input = source.value(INPUT);
  const args = fieldIn(input, "args");
  return Array.isArray(args) && args.length === 1 ? args[0] : input;
}
