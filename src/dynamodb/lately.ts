// What this tracer wrote in the last seconds, by key: the indexes are only eventually consistent and may lack it.
import type { Item } from "./item.ts";
import { RECENT_ATTRIBUTE } from "./recent.ts";

/** An item's keys, and what the indexes hold of it. */
interface Written {
  readonly key: Item;
  readonly sk: string;
  readonly conversation: string | undefined;
  readonly isTurn: boolean;
  readonly at: number;
}

const MAX_KEYS = 1000;
const MAX_AGE_MS = 10_000;

/** A bounded memory of keys; values stay in the table. */
export class WrittenLately {
  /** In order of writing. */
  readonly #written = new Map<string, Written>();

  /** Takes note of an item that the table has taken. */
  add(item: Item): void {
    const { pk, sk } = item;
    if (pk?.S === undefined || sk?.S === undefined) return;
    this.#forget(MAX_KEYS - 1);
    const conversation = item["conversation_id"]?.S;
    const isTurn = item[RECENT_ATTRIBUTE] !== undefined;
    if (conversation === undefined && !isTurn) return;
    const written = { key: { pk, sk }, sk: sk.S, conversation, isTurn, at: performance.now() };
    this.#written.set(keyText(item), written);
  }

  /** The keys under a conversation's index key whose sort key begins so. */
  under(conversation: string | undefined, prefix: string): Map<string, Item> {
    const keys = new Map<string, Item>();
    if (conversation === undefined) return keys;
    this.#forget(MAX_KEYS);
    for (const [text, written] of this.#written) {
      if (written.conversation === conversation && written.sk.startsWith(prefix)) keys.set(text, written.key);
    }
    return keys;
  }

  /** What a listing would find in the recent index, as its items. */
  turns(prefix: string): Item[] {
    this.#forget(MAX_KEYS);
    return [...this.#written.values()].flatMap(({ key, sk, conversation, isTurn }) =>
      isTurn && sk.startsWith(prefix)
        ? [{ ...key, ...(conversation === undefined ? {} : { conversation_id: { S: conversation } }) }]
        : [],
    );
  }

  #forget(most: number): void {
    const oldest = performance.now() - MAX_AGE_MS;
    for (const [text, { at }] of this.#written) {
      if (this.#written.size <= most && at >= oldest) return;
      this.#written.delete(text);
    }
  }
}

/** An item's keys as one text. */
export function keyText(item: Item): string {
  return `${item["pk"]?.S}\n${item["sk"]?.S}`;
}
