// What stands in an item in place of a value that is stored elsewhere: its beginning, in its own shape.

import { cutTo } from "../model/cut.ts";
import { keysOf } from "../model/many-keys.ts";
import { setOwn } from "../model/own-property.ts";
import { hasParts } from "../model/scalars.ts";
import { boundedJson } from "../render/text.ts";

/** A preview has about so many characters of text at most. */
export const PREVIEW_CHARACTERS = 200;
const SHOWN_LEVELS = 7;
const SHOWN_ITEMS = 5;
const SHOWN_BYTES = 64;

/**
 * The beginning of a value, shaped as before, for readers that know the item alone: the Python toolkit finds lists of messages
 * where it looks for them. Of a list the last item is shown, which is what is new.
 */
export function previewOf(value: unknown): unknown {
  const room = { left: PREVIEW_CHARACTERS };
  return shaped(Array.isArray(value) ? value.slice(-1) : value, room, SHOWN_LEVELS);
}

function shaped(value: unknown, room: { left: number }, levels: number): unknown {
  if (typeof value === "string") return taken(value, room);
  if (value instanceof Uint8Array) return value.subarray(0, SHOWN_BYTES);
  if (!hasParts(value)) return value;
  if (levels === 0 || value instanceof Map || value instanceof Set) return taken(previewText(value), room);
  if (Array.isArray(value)) {
    return Array.from(shownItems(value, room), (item) => shaped(item, room, levels - 1));
  }
  const copy: Record<string, unknown> = {};
  for (const key of shownItems(keysOf(value), room)) {
    setOwn(copy, taken(key, room), shaped(Reflect.get(value, key), room, levels - 1));
  }
  return copy;
}

/** Where there is no room left, the first keeps the shape. */
function* shownItems<T>(items: readonly T[], room: { readonly left: number }): Generator<T> {
  for (const [i, item] of items.slice(0, SHOWN_ITEMS).entries()) if (i === 0 || room.left > 0) yield item;
}

/** As much of a text as there is room for; a word of each, so that the shape stays. */
function taken(text: string, room: { left: number }): string {
  const shown = beginning(text, Math.max(LEAST_CHARACTERS, room.left));
  room.left -= shown.length;
  return shown;
}

const LEAST_CHARACTERS = 20;

/** The beginning of a value as text. */
export function previewText(value: unknown): string {
  return beginning(typeof value === "string" ? value : boundedJson(value, PREVIEW_CHARACTERS));
}

/** The first characters of a text, no surrogate pair cut in two. */
function beginning(text: string, characters: number = PREVIEW_CHARACTERS): string {
  if (text.length <= characters) return text;
  return `${cutTo(text, characters)}...`;
}
