// What `ai` 5 and 6 say of prompts, as JSON text: of a conversation that grows, only what is new is parsed.
import { structured } from "../../conventions/json-text.ts";
import { fieldIn } from "../../conventions/values.ts";
import { historyOf } from "../../model/history.ts";
import type { Asked } from "../dialects/dialect.ts";
import { Bodies, ownedList } from "../fetch/bodies.ts";
import { withoutKeys } from "../secrets.ts";

/** The prompts of one adapter, in the values that spans hold. */
export interface Prompts {
  /** Of an operation: what the app gave. */
  given(text: unknown): { readonly prompt: unknown; readonly messages: unknown };
  /** The messages that a model is given. */
  messages(text: unknown): unknown;
  /** The tools, each a text. */
  tools(texts: unknown): unknown;
}

/** For whoever changes what is kept: values of their own. */
export const parsedPrompts: Prompts = {
  given(text) {
    const given = structured(text);
    return { prompt: fieldIn(given, "prompt"), messages: fieldIn(given, "messages") };
  },
  messages: structured,
  tools: (texts) => (Array.isArray(texts) ? texts.map(structured) : texts),
};

/** What comes again is the same objects, which are frozen. */
export class SharedPrompts implements Prompts {
  readonly #bodies: Bodies = new Bodies();
  /** The latest first. */
  #tools: { readonly texts: readonly unknown[]; readonly tools: object }[] = [];

  given(text: unknown): ReturnType<Prompts["given"]> {
    const asked = this.#asked(text, GIVEN);
    return asked === undefined
      ? parsedPrompts.given(text)
      : { prompt: fieldIn(asked.config, "prompt"), messages: asked.messages };
  }

  messages(text: unknown): unknown {
    const asked = typeof text === "string" ? this.#asked(`{"messages":${text}}`, MESSAGES) : undefined;
    return asked === undefined ? parsedPrompts.messages(text) : asked.messages;
  }

  #asked(text: unknown, reads: typeof GIVEN): Asked | undefined {
    if (typeof text !== "string" || text.length > MAX_CHARS) return undefined;
    try {
      return this.#bodies.asked(text, reads, "");
    } catch {
      // It is no JSON.
      return undefined;
    }
  }

  tools(texts: unknown): unknown {
    if (!Array.isArray(texts)) return texts;
    const known = this.#tools.find((one) => isSame(one.texts, texts));
    return known === undefined ? this.#parsed(texts) : known.tools;
  }

  #parsed(texts: readonly unknown[]): unknown {
    const parsed = texts.map(structured);
    const owned = ownedList(withoutKeys(parsed));
    const size = texts.reduce<number>((sum, text) => sum + String(text).length, 0);
    if (owned === undefined || size > MAX_CHARS) return parsed;
    const tools = historyOf([...owned]);
    this.#tools = [{ texts, tools }, ...this.#tools.slice(0, MAX_KEPT - 1)];
    return tools;
  }
}

function isSame(some: readonly unknown[], others: readonly unknown[]): boolean {
  return some.length === others.length && some.every((one, i) => one === others[i]);
}

const GIVEN = {
  asked: (body: object): Asked => ({
    messages: fieldIn(body, "messages"),
    config: { prompt: fieldIn(body, "prompt") },
  }),
};
const MESSAGES = { asked: (body: object): Asked => ({ messages: fieldIn(body, "messages") }) };
/** Of a text that is kept. */
const MAX_CHARS = 2 ** 18;
const MAX_KEPT = 16;
