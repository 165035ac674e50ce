// What a reading is made from: a span whose JSON and flattened attributes are taken apart once, and only when asked for.
import { failureOf } from "../model/failure.ts";
import type { SpanFields } from "../model/span-fields.ts";
import { type Branch, branchOf } from "./flattened.ts";
import { structured } from "./json-text.ts";
import { wordsIn } from "./values.ts";

/** A span, and what was taken apart of it. */
export class Source {
  readonly span: SpanFields;
  readonly attributes: SpanFields["attributes"];
  #values: Map<string, unknown> | undefined;
  #branches: Map<string, Branch> | undefined;

  constructor(span: SpanFields) {
    this.span = span;
    this.attributes = span.attributes;
  }

  /** What went wrong, told from the attributes that are there: a span makes them anew each time it is asked. */
  error(): string | undefined {
    const { spanStatus, statusMessage, events } = this.span;
    return failureOf({ spanStatus, statusMessage, events, attributes: this.attributes });
  }

  /** The first of the attributes that is text, or a number as text. */
  text(names: readonly string[]): string | undefined {
    for (const name of names) {
      const text = wordsIn(this.attributes[name]);
      if (text !== undefined) return text;
    }
    return undefined;
  }

  /** The first of the attributes that is there. */
  first(names: readonly string[]): unknown {
    for (const name of names) {
      const value = this.attributes[name];
      if (value !== undefined && value !== null) return value;
    }
    return undefined;
  }

  /** An attribute's value; JSON text of a list or an object is parsed. */
  value(name: string): unknown {
    const given = this.attributes[name];
    if (typeof given !== "string") return given;
    this.#values ??= new Map();
    if (!this.#values.has(name)) this.#values.set(name, structured(given));
    return this.#values.get(name);
  }

  /** True where a value costs little to parse: what is asked of each span that is written looks at no others. */
  isShort(name: string): boolean {
    const given = this.attributes[name];
    return typeof given !== "string" || given.length <= MAX_SHORT;
  }

  /** The attributes below a prefix. */
  branch(prefix: string): Branch {
    this.#branches ??= new Map();
    const known = this.#branches.get(prefix) ?? branchOf(this.attributes, prefix);
    this.#branches.set(prefix, known);
    return known;
  }
}

/** Characters: the worst of them take some milliseconds. */
const MAX_SHORT: number = 2 ** 17;
