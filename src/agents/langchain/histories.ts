// Messages that come again with each call: one object for each, so that spans share what they hold.
import { fieldIn, isAnObject } from "../../conventions/values.ts";
import { asCaptured } from "../../model/captured.ts";
import { isPlainOf, plainMessage } from "./messages.ts";

/** Gives `plainMessage` of a message, as the object that it was before where nothing in it has changed. */
export class Histories {
  readonly #byMessage = new WeakMap<object, object>();
  /** Those of nothing but text, by that: apps make them anew for each call. */
  readonly #byText = new Map<unknown, object>();
  #chars = 0;

  plain(message: unknown): unknown {
    if (!isAnObject(message)) return message;
    const known = this.#byText.get(fieldIn(message, "content")) ?? this.#byMessage.get(message);
    if (known !== undefined && isPlainOf(known, message)) return known;
    const plain = plainMessage(message);
    if (!isAnObject(plain) || plain === message) return plain;
    const text = fieldIn(plain, "content");
    if (typeof text === "string" && Object.keys(plain).length === 2) this.#keep(text, plain);
    else this.#byMessage.set(message, plain);
    return plain;
  }

  #keep(text: string, plain: object): void {
    if (text.length > MAX_TEXT) return;
    this.#chars += text.length + OF_ONE;
    if (this.#chars > MAX_CHARS) {
      this.#byText.clear();
      this.#chars = text.length + OF_ONE;
    }
    this.#byText.set(text, asCaptured(Object.freeze(plain)));
  }
}

/** Of a text that is kept, and of all. */
const MAX_TEXT = 2 ** 16;
const MAX_CHARS = 2 ** 22;
/** What one takes besides. */
const OF_ONE = 100;
