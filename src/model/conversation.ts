// What the id of a conversation may be, and when two are of one. Which attributes have it, `conventions/conversation.ts` says.
import { canonicalJson } from "./values.ts";

/** The name of the toolkit, and Tracelight's own: it comes before all others, and its value may be of any type. */
export const CONVERSATION_ID = "ai.conversation.id";

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

/** True for what can be a conversation's id: what is there, and is not null or empty. */
export function isConversationId(id: unknown): boolean {
  return id !== undefined && id !== null && id !== "";
}

/** The text of an id, as people write it: a text as it is, a number of any size by its digits, anything else as JSON. */
export function idText(id: unknown): string {
  return typeof id === "string" || typeof id === "bigint" ? String(id) : canonicalJson(id);
}

/**
 * The text that names a conversation and no other: as `idText` has it, but a text that reads like another value, such as `42`, stands in
 * quotes, and so does one with half a character, which no address could have as it is. `show` takes it, and so do addresses of the viewer.
 */
export function idKey(id: unknown): string {
  return typeof id === "string" && (OTHER_VALUE.test(id) || HALF.test(id)) ? JSON.stringify(id) : idText(id);
}

/** The text that a key says; undefined where it is the key of another value, or of a text that somebody wrote without its quotes. */
export function textOfKey(key: string): string | undefined {
  if (!OTHER_VALUE.test(key)) return key;
  return key.startsWith('"') ? parsedText(key) : undefined;
}

function parsedText(key: string): string | undefined {
  try {
    const value: unknown = JSON.parse(key);
    return typeof value === "string" ? value : undefined;
  } catch {
    return undefined;
  }
}

/** How JSON begins, and numbers of any size. */
const OTHER_VALUE = /^(?:["[{]|(?:true|false|null|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)$)/;
/** Half a character. */
const HALF = /\p{Surrogate}/u;
