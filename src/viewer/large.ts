// Values to be shown: as in a record, but what is large stands there as its size, its beginning, and how to ask for the rest.
import { cutTo } from "../model/cut.ts";
import { encodeValue } from "../model/values.ts";
import type { LargeJson, Shown } from "./api.ts";

/** Where what does not come along is kept, if it is to be had without the store: gives what to ask for it by. */
export interface Kept {
  value(json: unknown): string;
  /** An image, as its type and base64. */
  image(type: string, base64: string): string;
}

/** How much of values comes along. */
export class Bounds {
  /** Undefined where the store is asked again. */
  readonly kept: Kept | undefined;
  #left: number;
  #spanId = "";

  /** `most`: about so many characters in all. */
  constructor(most: number = MAX_ALL, kept?: Kept) {
    this.#left = most;
    this.kept = kept;
  }

  /** The same for values of another span. */
  of(spanId: string): this {
    this.#spanId = spanId;
    return this;
  }

  /** The value at that path, see `valueAt`; null where there is none. */
  show(value: unknown, path: string): Shown {
    return value === undefined ? null : this.#bounded(encodeValue(value), path);
  }

  /** The same of what is JSON already, such as a record. */
  showJson(json: unknown, path: string): Shown {
    return this.#bounded(json, path);
  }

  #bounded(json: unknown, path: string): Shown {
    if (typeof json === "string") return this.#text(json, path);
    if (typeof json === "object" && json !== null) return this.#container(json, path);
    this.#left -= 5;
    return typeof json === "number" || typeof json === "boolean" ? json : null;
  }

  #container(json: object, path: string): Shown {
    if (this.#left <= 0) return this.#large(json, path);
    return Array.isArray(json) ? this.#list(json, path) : this.#object(json, path);
  }

  #large(json: unknown, path: string): Shown {
    const text = textOf(json);
    const type = typeof json === "string" ? "text" : "json";
    const beginning = cutTo(text, BEGINNING);
    this.#left -= beginning.length;
    const where = this.kept === undefined ? path : this.kept.value(json);
    const stub: LargeJson["__large__"] = {
      path: where,
      span_id: this.#spanId,
      size: text.length,
      type,
      beginning,
    };
    return { __large__: { ...stub } };
  }

  #text(text: string, path: string): Shown {
    if (text.length > MAX_TEXT || (this.#left <= 0 && text.length > MIN_TEXT)) return this.#large(text, path);
    this.#left -= text.length;
    return text;
  }

  #list(list: readonly unknown[], path: string): Shown {
    if (list.length > MAX_ITEMS) return this.#large(list, path);
    return list.map((item, i) => this.#bounded(item, `${path}/${i}`));
  }

  #object(object: object, path: string): Shown {
    const entries: [string, unknown][] = Object.entries(object);
    if (entries.length > MAX_ITEMS) return this.#large(object, path);
    return Object.fromEntries(
      entries.map(([key, value]) => {
        this.#left -= key.length;
        return [key, this.#bounded(value, `${path}/${pointerPart(key)}`)];
      }),
    );
  }
}

/** A key as a part of a JSON pointer (RFC 6901). */
function pointerPart(key: string): string {
  return key.replaceAll("~", "~0").replaceAll("/", "~1");
}

/** A text as it is, any other JSON laid out: as `API.value` gives it part by part. */
export function textOf(json: unknown): string {
  return typeof json === "string" ? json : JSON.stringify(json ?? null, undefined, 2);
}

/** Longer texts are cut, as the page shows them. */
const MAX_TEXT = 4000;
/** Shorter ones are never. */
const MIN_TEXT = 200;
/** Characters that one answer has of values, about. */
const MAX_ALL = 256 * 1024;
const MAX_ITEMS = 2000;
const BEGINNING = 1000;
