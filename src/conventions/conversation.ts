// Which conversation a span belongs to, whichever vocabulary the span is written in.
import type { Attributes } from "../model/attributes.ts";
import { CONVERSATION_ID, isConversationId } from "../model/conversation.ts";
import { VOCABULARIES } from "./vocabularies/recognised.ts";

/** All names of a conversation's id, in the order in which they are asked. */
export const CONVERSATION_NAMES: readonly string[] = [...VOCABULARIES]
  .reverse()
  .flatMap(({ conversationNames = [] }) => conversationNames);

/** Those of others: ours is asked first. */
const OTHERS: readonly string[] = CONVERSATION_NAMES.filter((name) => name !== CONVERSATION_ID);
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

function isTextOrNumber(id: unknown): boolean {
  return typeof id === "string" ? id !== "" : typeof id === "number" || typeof id === "bigint";
}
