// A text that stands in parts, one after the other in a list: the chunks of a stream, or the parts of a message.
import { isAnObject } from "../conventions/values.ts";

/** Where a part of a message has its text. */
const TEXT_KEYS = ["text", "content", "delta"] as const;
/** What is longer together is not put together. */
const MOST_TOGETHER = 65_536;

/** The texts of the list, where it has several and nothing else; undefined for one of messages, or of numbers. */
export function partsIn(items: readonly unknown[]): readonly string[] | undefined {
  if (items.length < 2 || textOf(items[0]) === undefined) return undefined;
  const texts: string[] = [];
  let length = 0;
  for (const item of items) {
    const text = textOf(item);
    length += text?.length ?? 0;
    if (text === undefined || length > MOST_TOGETHER) return undefined;
    texts.push(text);
  }
  return texts.some((text) => /\p{L}/u.test(text)) ? texts : undefined;
}

/** The list with all of the text in its first part. */
export function inFirst(items: readonly unknown[], text: string): unknown[] {
  return items.map((item, i) => withText(item, i === 0 ? text : ""));
}

function textOf(item: unknown): string | undefined {
  if (typeof item === "string") return item;
  const key = keyOf(item);
  const text: unknown = key && isAnObject(item) ? Reflect.get(item, key) : undefined;
  return typeof text === "string" ? text : undefined;
}

/** Undefined for messages, which are texts of their own. */
function keyOf(item: unknown): string | undefined {
  if (!isAnObject(item) || Array.isArray(item) || "role" in item) return undefined;
  return TEXT_KEYS.find((key) => key in item);
}

function withText(item: unknown, text: string): unknown {
  const key = keyOf(item);
  return key !== undefined && isAnObject(item) ? Object.freeze({ ...item, [key]: text }) : text;
}
