// Names of attributes in JSON: they come again and again, and the objects that get them want one text for each.
import { textOf } from "./json-fields.ts";

/** A name of an attribute, and the one that came after it the last time. */
export interface Name {
  readonly text: string;
  next: Name | undefined;
}

/** Names mostly come in the same order. To compare a name with the one that is likely takes a third of looking it up. */
export class Names {
  /** What the names of a span begin with, and those of anything else: they take turns. */
  readonly ofSpan: Name = { text: "", next: undefined };
  readonly ofOthers: Name = { text: "", next: undefined };
  readonly #all = new Map<string, Name>();

  /** The name that comes after another. */
  after(name: Name, key: unknown): Name {
    const { next } = name;
    if (next !== undefined && next.text === key) return next;
    name.next = this.#found(textOf(key, "key"));
    return name.next;
  }

  #found(text: string): Name {
    const name = this.#all.get(text) ?? { text, next: undefined };
    if (this.#all.size < MAX_NAMES) this.#all.set(text, name);
    return name;
  }
}

const MAX_NAMES = 1000;
