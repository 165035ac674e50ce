// What this tracer wrote in the last seconds, by key: the indexes are only eventually consistent and may lack it.

import { defined } from "../model/defined.ts";
import { steadyNow } from "../model/timers.ts";
import type { Item } from "./items.ts";
import { RECENT_ATTRIBUTE } from "./recent-index.ts";

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
export class JustWritten {
  /** In order of writing. */
  #written: Written[] = [];

  /** Takes note of items that the table has taken. */
  add(items: readonly Item[]): void {
    const at = steadyNow();
    for (const item of items) {
      const { pk, sk, conversation_id, [RECENT_ATTRIBUTE]: recent } = item;
      if (pk?.S === undefined || sk?.S === undefined) continue;
      const conversation = conversation_id?.S;
      if (conversation === undefined && recent === undefined) continue;
      this.#written.push({ key: { pk, sk }, sk: sk.S, conversation, isTurn: recent !== undefined, at });
    }
    if (this.#written.length > MAX_KEYS * 2) this.#forget();
  }

  /** The keys under a conversation's index key whose sort key begins so. */
  under(conversation: string | undefined, prefix: string): Map<string, Item> {
    const keys = new Map<string, Item>();
    if (conversation === undefined) return keys;
    this.#forget();
    for (const written of this.#written) {
      if (written.conversation !== conversation || !written.sk.startsWith(prefix)) continue;
      keys.set(keyText(written.key), written.key);
    }
    return keys;
  }

  /** What a listing would find in the recent index, as its items. */
  turns(prefix: string): Item[] {
    this.#forget();
    return this.#written.flatMap(({ key, sk, conversation, isTurn }) =>
      isTurn && sk.startsWith(prefix)
        ? [
            {
              ...key,
              ...defined({ conversation_id: conversation === undefined ? undefined : { S: conversation } }),
            },
          ]
        : [],
    );
  }

  #forget(): void {
    const oldest = steadyNow() - MAX_AGE_MS;
    this.#written = this.#written.slice(-MAX_KEYS).filter(({ at }) => at >= oldest);
  }
}

/** An item's keys as one text. */
export function keyText(item: Item): string {
  return `${item["pk"]?.S}\n${item["sk"]?.S}`;
}
