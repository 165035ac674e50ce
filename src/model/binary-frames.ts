// The kinds of values of the binary form, and the containers among them while they are read.

import { MANY_KEYS, rememberKeys } from "./many-keys.ts";
import { setOwn } from "./own-property.ts";
import { sealed } from "./sealed.ts";

/** What stands before each value. Stored for years: a number is never given another meaning. */
export const TAG = {
  null: 0,
  false: 1,
  true: 2,
  positive: 3,
  negative: 4,
  double: 5,
  bigint: 6,
  negativeBigint: 7,
  text: 8,
  /** UTF-16, for text with lone surrogates, which UTF-8 cannot say. */
  wideText: 9,
  /** A long text: pieces of text up to `end`. */
  pieces: 10,
  end: 11,
  bytes: 12,
  date: 13,
  array: 14,
  object: 15,
  map: 16,
  set: 17,
} as const;

/** A container that is being read: its values come until `left` is zero, or a text's end. It grows with them, not in the end. */
export interface Frame {
  left: number;
  readonly isText: boolean;
  add(value: unknown): void;
  /** The container with all its values. */
  content(): unknown;
}

/** A container of that kind; `count` reads how many values it has. Throws RangeError where there is no such kind. */
export function openFrame(tag: number, count: () => number): Frame {
  switch (tag) {
    case TAG.pieces:
      return new TextFrame();
    case TAG.array:
      return new ArrayFrame(count());
    case TAG.set:
      return new SetFrame(count());
    case TAG.map:
      return new MapFrame(2 * count());
    case TAG.object:
      return new ObjectFrame(2 * count());
    default:
      throw broken();
  }
}

class TextFrame implements Frame {
  left: number = Number.POSITIVE_INFINITY;
  readonly isText = true;
  #text = "";

  add(value: unknown): void {
    this.#text += textOf(value);
  }

  content(): string {
    return this.#text;
  }
}

/** A container with a known number of values. */
abstract class CountedFrame implements Frame {
  left: number;
  readonly isText = false;

  constructor(left: number) {
    this.left = left;
  }

  abstract add(value: unknown): void;
  abstract content(): unknown;
}

class ArrayFrame extends CountedFrame {
  readonly #items: unknown[] = [];

  add(value: unknown): void {
    this.#items.push(value);
  }

  content(): unknown {
    return Object.freeze(this.#items);
  }
}

class SetFrame extends CountedFrame {
  readonly #items = new Set<unknown>();

  add(value: unknown): void {
    this.#items.add(value);
  }

  content(): unknown {
    return sealed(this.#items);
  }
}

/** Keys and values in turns. */
class MapFrame extends CountedFrame {
  readonly #items = new Map<unknown, unknown>();
  #key: unknown;

  add(value: unknown): void {
    if (this.left % 2 === 0) this.#key = value;
    else this.#items.set(this.#key, value);
  }

  content(): unknown {
    return sealed(this.#items);
  }
}

class ObjectFrame extends CountedFrame {
  readonly #object: Record<string, unknown> = {};
  readonly #keys: string[] = [];
  #key = "";

  add(value: unknown): void {
    if (this.left % 2 === 0) this.#key = textOf(value);
    else this.#set(value);
  }

  #set(value: unknown): void {
    // Hostile bytes may have a key twice.
    if (!Object.hasOwn(this.#object, this.#key)) this.#keys.push(this.#key);
    setOwn(this.#object, this.#key, value);
  }

  content(): unknown {
    if (this.#keys.length >= MANY_KEYS) rememberKeys(this.#object, this.#keys);
    return Object.freeze(this.#object);
  }
}

function textOf(value: unknown): string {
  if (typeof value !== "string") throw broken();
  return value;
}

/** What to throw where the bytes are none of an encoder. */
export function broken(): RangeError {
  return new RangeError("The bytes are not a stored value.");
}
