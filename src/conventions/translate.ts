// A span in the words of another vocabulary: the readings' tables, turned round.
import type { Attributes } from "../model/attributes.ts";
import { CONVERSATION_ID } from "../model/conversation.ts";
import { setOwn } from "../model/own-property.ts";
import { fieldsWith, type SpanFields } from "../model/span-fields.ts";
import { CONVERSATION_NAMES } from "./conversation.ts";
import { NAMES } from "./names.ts";
import { type Reading, readSpan } from "./reading.ts";
import { writeGenAi } from "./vocabularies/gen-ai-writer.ts";
import { writeOpenInference } from "./vocabularies/openinference-writer.ts";
import { VOCABULARIES } from "./vocabularies/recognised.ts";

/** What spans can be translated into. */
export type TargetVocabulary = "gen_ai" | "openinference";

/**
 * A span's attributes in the words of OpenTelemetry (`gen_ai.*`, 1.37 and newer) or OpenInference. What these cannot say, and all that
 * is no vocabulary's, stays as it is, and so does `ai.conversation.id`, the first of the names that conversations are found by. A span that has
 * nothing to translate keeps its attributes, the same object.
 *
 * @example
 * ```ts
 * const attributes = { "ai.trace.type": "llm-invocation", "ai.llm.request.model.id": "claude-sonnet" };
 * const span = new InMemoryTracer().startSpan("model", { attributes });
 * console.log(translate(span, "gen_ai")["gen_ai.request.model"]); // claude-sonnet
 * ```
 */
export function translate(span: SpanFields, to: TargetVocabulary): Attributes {
  // Read once: a span puts its attributes together at each look.
  const { attributes: own } = span;
  const reading = readSpan(fieldsWith(own, span));
  if (reading.vocabulary === undefined || reading.vocabulary === to) return own;
  // The service's name is the resource's to say.
  const isNamed = reading.agent !== span.resourceAttributes[NAMES.serviceName];
  const written = WRITERS[to](reading, isNamed ? reading.agent : undefined);
  if (Object.keys(written).length === 0) return own;
  // An id that the target cannot say stays under the name that it has.
  const saysConversation = CONVERSATION_NAMES.some((name) => Object.hasOwn(written, name));
  const attributes: Record<string, unknown> = {};
  for (const key of Object.keys(own)) {
    if (CONVERSATIONS.has(key) ? !saysConversation : !isSaid(key)) setOwn(attributes, key, own[key]);
  }
  return Object.freeze(Object.assign(attributes, written));
}

type Writer = (reading: Reading, agent: string | undefined) => Attributes;

const WRITERS: Readonly<Record<TargetVocabulary, Writer>> = {
  gen_ai: writeGenAi,
  openinference: writeOpenInference,
};

function isSaid(key: string): boolean {
  return !KEPT.has(key) && (SAID.has(key) || SAID_BELOW.some((prefix) => key.startsWith(prefix)));
}

const CONVERSATIONS: ReadonlySet<string> = new Set(
  CONVERSATION_NAMES.filter((name) => name !== CONVERSATION_ID),
);
const SAID: ReadonlySet<string> = new Set(
  VOCABULARIES.flatMap(({ names, counts = {}, structures }) => [
    ...Object.values(names).flat(),
    ...Object.values(counts).flat(),
    ...structures,
  ]),
);
const SAID_BELOW: readonly string[] = [...SAID].filter((name) => name.endsWith("."));
/** What stores know conversations by. */
const KEPT: ReadonlySet<string> = new Set([CONVERSATION_ID]);
