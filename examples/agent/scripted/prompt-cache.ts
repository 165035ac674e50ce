// A provider's cache of prompts, as providers describe theirs: a prompt that begins as one of the last five minutes is not read again.
import { createHash } from "node:crypto";
import type { Asked } from "./script.ts";

export class PromptCache {
  /** When the beginning of a prompt was used last, by its hash. */
  readonly #usedAt = new Map<string, number>();

  /** How many tokens go in, and how many of them the cache knew and learned. */
  use({ model, system, tools, messages }: Asked): { input: number; read: number; written: number } {
    const hash = createHash("sha256").update(model);
    let [input, read] = [0, 0];
    for (const part of [tools, system, ...messages]) {
      const text = JSON.stringify(part);
      input += tokens(text);
      const key = hash.update(text).copy().digest("hex");
      if (Date.now() - (this.#usedAt.get(key) ?? Number.NEGATIVE_INFINITY) <= LIFETIME_MS) read = input;
      this.#usedAt.set(key, Date.now());
    }
    // Short prompts are not cached at all.
    if (input < (model.includes("haiku") ? 4096 : 1024)) return { input, read: 0, written: 0 };
    if (model.startsWith("gpt")) return { input, read: Math.floor(read / STEP) * STEP, written: 0 };
    return { input, read, written: input - read };
  }
}

export function tokens(text: string): number {
  return Math.ceil(text.length / 3);
}

const LIFETIME_MS = 5 * 60_000;
/** OpenAI counts in steps. */
const STEP = 128;
