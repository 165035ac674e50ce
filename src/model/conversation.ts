// What a span's conversation is known by, whichever vocabulary the span is written in.
import type { Attributes } from "./attributes.ts";
import { canonicalJson } from "./values.ts";

/** The name of the toolkit, and Tracelight's own: it comes before all others, and its value may be of any type. */
export const CONVERSATION_ID = "ai.conversation.id";

/** The name of OpenTelemetry's conventions for generative AI. */
export const GEN_AI_CONVERSATION_ID = "gen_ai.conversation.id";

/** The name of OpenInference, and of OpenTelemetry for sessions of any kind: it comes last. */
export const SESSION_ID = "session.id";

/** Who made up the names of attributes: Tracelight and the Python toolkit, OpenTelemetry, and so on. */
export type VocabularyName = "tracelight" | "gen_ai" | "openinference" | "vercel-ai" | "traceloop" | "mcp";

/**
 * The names that each vocabulary has for it, in the order in which they are asked. Here and not with the rest of each, because filters
 * look for conversations; a vocabulary that is not here does not compile.
 */
const NAMES: Readonly<Record<VocabularyName, readonly string[]>> = {
  tracelight: [CONVERSATION_ID],
  gen_ai: [GEN_AI_CONVERSATION_ID],
  mcp: [],
  // What programs give to `withAssociationProperties`.
  traceloop: ["session_id", "conversation_id", "thread_id", "chat_id"].map(
    (name) => `traceloop.association.properties.${name}`,
  ),
  // What programs give as `metadata` of its telemetry.
  "vercel-ai": ["sessionId", "conversationId", "threadId", "chatId"].map(
    (name) => `ai.telemetry.metadata.${name}`,
  ),
  openinference: [SESSION_ID],
};

/** All names of a conversation's id, in the order in which they are asked. */
export const CONVERSATION_NAMES: readonly string[] = Object.values(NAMES).flat();

/** Those of others: ours is asked first. */
const OTHERS: readonly string[] = CONVERSATION_NAMES.slice(1);
const RANKS: ReadonlyMap<string, number> = new Map(OTHERS.map((name, rank) => [name, rank]));

/**
 * The id of the conversation that a span belongs to; undefined where it belongs to none. It is the first that is there of
 * `ai.conversation.id`, which is not null or empty, and of others' names, whose ids are texts or numbers.
 */
export function conversationOf(attributes: Attributes): unknown {
  const own = attributes[CONVERSATION_ID];
  if (isConversationId(own)) return own;
  let id: unknown;
  let rank = OTHERS.length;
  // A look at each attribute takes a tenth of the time in which ten names are looked up that are not there.
  for (const key in attributes) {
    const other = RANKS.get(key);
    if (other === undefined || other >= rank || !isTextOrNumber(attributes[key])) continue;
    id = attributes[key];
    rank = other;
  }
  return id;
}

/** What tells conversations apart, by their ids as captured: typed, so that 42 and "42" are two. Undefined for what is no id. */
export function conversationKey(id: unknown): string | undefined {
  return isConversationId(id) ? canonicalJson(id) : undefined;
}

/** True where two ids, as captured, are of one conversation. */
export function isSameConversation(a: unknown, b: unknown): boolean {
  return typeof a === "object" && typeof b === "object"
    ? conversationKey(a) === conversationKey(b)
    : Object.is(a, b);
}

function isTextOrNumber(id: unknown): boolean {
  return typeof id === "string" ? id !== "" : typeof id === "number" || typeof id === "bigint";
}

/** True for what can be a conversation's id: what is there, and is not null or empty. */
export function isConversationId(id: unknown): boolean {
  return id !== undefined && id !== null && id !== "";
}

/** The text of an id, as people write it: a text as it is, a number of any size by its digits, anything else as JSON. */
export function idText(id: unknown): string {
  return typeof id === "string" || typeof id === "bigint" ? String(id) : canonicalJson(id);
}
