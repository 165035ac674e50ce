// How large a span's item will be: an upper bound, found in a microsecond for a small span, that stops at its limit.

import type { Attributes } from "../model/attributes.ts";
import { entriesIn, hasManyKeys } from "../model/many-keys.ts";
import { scalarOf } from "../model/scalars.ts";
import type { SpanFields } from "../model/span-fields.ts";

/** Keys, ids, times, names of top-level attributes: keys have up to 2 KB each. */
const FIXED_BYTES = 7_000;
const CONTAINER_BYTES = 32;
const VALUE_BYTES = 24;
/** From here on a value may become JSON text, with six bytes for a control character. */
const DEEP = 24;
const MAX_ESCAPE = 6;
const MAX_UTF8 = 3;

/** How a text is measured: three bytes a character at once, or as it is. */
export type Measure = "quick" | "exact";

/** No less than the bytes of the span's item. Counting stops soon after `limit`. */
export function itemBytes(span: SpanFields, limit: number, measure: Measure): number {
  const size = new Size(limit, measure);
  size.bytes = FIXED_BYTES;
  size.text(span.spanName, 0);
  size.text(span.scope.name, 0);
  if (span.statusMessage !== undefined) size.text(span.statusMessage, 0);
  size.properties(span.attributes, 0);
  size.properties(span.resourceAttributes, 0);
  for (const { name, attributes } of span.events) size.entry(name, attributes);
  for (const { attributes, traceState } of span.links) size.entry(traceState ?? "", attributes);
  if (span.traceState !== undefined) size.text(span.traceState, 0);
  // Its values are those of a record: tags take a level each.
  if (span.otlp !== undefined) size.value(span.otlp, 3);
  return size.bytes;
}

/** No less than the bytes of one value, or of one attribute with its name. Counting stops soon after `limit`. */
export function valueBytes(value: unknown, limit: number, measure: Measure): number {
  const size = new Size(limit, measure);
  size.value(value, 0);
  return size.bytes;
}

class Size {
  bytes: number = 0;
  readonly #limit: number;
  readonly #isQuick: boolean;

  constructor(limit: number, measure: Measure) {
    this.#limit = limit;
    this.#isQuick = measure === "quick";
  }

  value(value: unknown, level: number): void {
    if (typeof value === "string") this.text(value, level);
    else if (typeof value === "bigint") this.bytes += VALUE_BYTES + 2 * value.toString(16).length;
    else if (typeof value !== "object" || value === null) this.bytes += VALUE_BYTES;
    else if (this.bytes <= this.#limit) this.#container(value, level);
  }

  text(text: string, level: number): void {
    this.bytes += VALUE_BYTES;
    if (level >= DEEP) this.bytes += MAX_ESCAPE * text.length;
    else if (this.#isQuick) this.bytes += MAX_UTF8 * text.length;
    // Text of more characters than the limit is over it in any encoding.
    else this.bytes += text.length > this.#limit ? text.length : Buffer.byteLength(text);
  }

  #container(value: object, level: number): void {
    this.bytes += CONTAINER_BYTES;
    if (value instanceof Uint8Array) this.bytes += (level >= DEEP ? 2 : 1) * value.byteLength;
    else if (scalarOf(value) !== undefined) this.bytes += VALUE_BYTES;
    else if (Array.isArray(value) || value instanceof Set) this.#items(value, level + 1);
    else if (value instanceof Map) this.#items(value, level + 2);
    else this.properties(value, level + 1);
  }

  #items(items: Iterable<unknown>, level: number): void {
    for (const item of items) {
      this.value(item, level);
      if (this.bytes > this.#limit) return;
    }
  }

  properties(source: object, level: number): void {
    // To begin a loop over the names of very many takes long.
    if (hasManyKeys(source)) return this.#entries(entriesIn(source), level);
    for (const key in source) {
      this.text(key, level);
      this.value(Reflect.get(source, key), level);
      if (this.bytes > this.#limit) return;
    }
  }

  #entries(entries: Iterable<readonly [string, unknown]>, level: number): void {
    for (const [key, value] of entries) {
      this.text(key, level);
      this.value(value, level);
      if (this.bytes > this.#limit) return;
    }
  }

  entry(name: string, attributes: Attributes | undefined): void {
    this.bytes += 3 * CONTAINER_BYTES + 3 * VALUE_BYTES;
    if (this.bytes > this.#limit) return;
    this.text(name, 2);
    // Their values are those of a record: tags take a level each.
    if (attributes !== undefined) this.value(attributes, 3);
  }
}
