// Spans as items of any size, with message lists stored once.

import { CONVERSATION_NAMES } from "../conventions/conversation.ts";
import { NAMES } from "../conventions/names.ts";
import { MESSAGE_LISTS } from "../conventions/vocabularies/recognised.ts";
import { knownAttributes } from "../delivery/known-attributes.ts";
import type { Attributes } from "../model/attributes.ts";
import { entriesIn } from "../model/many-keys.ts";
import { setOwn } from "../model/own-property.ts";
import { fieldsWith, type SpanFields } from "../model/span-fields.ts";
import { Turns } from "../model/turns.ts";
import { attributesIn, hasManyAttributes } from "../tracing/many-attributes.ts";
import { OWN } from "../tracing/readable-span.ts";
import type { Span } from "../tracing/span.ts";
import { itemBytes } from "./item-size.ts";
import type { Item, ItemReader } from "./items.ts";
import { partsPlace } from "./joined-span.ts";
import { isLongList, ListPacker } from "./message-chains.ts";
import { isTooLarge, packMoved, splitSpan } from "./split.ts";
import { toAttributeValue } from "./values.ts";

/** A span as it is written: `before` first; `main` once those are acknowledged. */
export interface PackedSpan {
  /**
   * Parts and nodes. An item may be among those of several spans, as the same object: it need be written once. Those
   * further on build on those before.
   */
  readonly before: readonly Item[];
  readonly main: Item;
}

/** How a span without anything special becomes an item. */
export type ToItem = (span: SpanFields) => Item;

/** What packing needs. */
export interface PackerOptions {
  /** How long spans are kept, in seconds: what they refer to is kept at least as long. */
  readonly ttlSeconds: number;
  /** Store message lists as chains. Default true. */
  readonly dedupe?: boolean;
  readonly reader: ItemReader;
  /** Seconds since the epoch; the system's clock unless told. */
  readonly now?: () => number;
}

/** Below this, three bytes a character, no closer look at a span's size is taken. */
const SURELY_SMALL_BYTES = 100_000;
/** An attribute takes at least 48 bytes as `isTooLarge` counts them. */
const MOST_ATTRIBUTES = 8000;
const NONE: readonly Item[] = [];

/** Makes items of spans. */
export class Packer {
  readonly #dedupe: boolean;
  readonly #turns = new Turns();
  readonly #lists: ListPacker;

  constructor({ ttlSeconds, dedupe = true, reader, now = systemSeconds }: PackerOptions) {
    this.#dedupe = dedupe;
    this.#lists = new ListPacker({ ttlSeconds, reader, now, turns: this.#turns });
  }

  /**
   * The items of a span: at once for a small one without message lists, else in slices.
   * @throws (or rejects) TracelightError `ITEM_TOO_LARGE` for a value beyond a gigabyte, and what `toItem` throws.
   */
  pack(span: SpanFields, toItem: ToItem): PackedSpan | Promise<PackedSpan> {
    const lists = this.#dedupe ? listsOf(span.attributes) : undefined;
    if (lists === undefined && itemBytes(span, SURELY_SMALL_BYTES, "quick") <= SURELY_SMALL_BYTES) {
      return { before: NONE, main: toItem(span) };
    }
    return this.#packLarge({ span, toItem }, lists ?? []);
  }

  /** The same of one of which `isSurelyLarge` is true. Its attributes are taken one by one. */
  async packMany(span: Span, toItem: ToItem): Promise<PackedSpan> {
    const fields = fieldsWith(await knownAttributes(span, this.#turns), span);
    const lists = this.#dedupe ? listsOf(fields.attributes) : undefined;
    return this.#packLarge({ span: fields, toItem, many: attributesIn(span) }, lists ?? []);
  }

  /** Call it for items of `before` that were written: from then on other spans lean on them. */
  acknowledge(items: readonly Item[]): void {
    if (items.length > 0) this.#lists.acknowledge(items);
  }

  async #packLarge(large: LargeSpan, lists: readonly string[]): Promise<PackedSpan> {
    const { span, many } = large;
    const long = lists.filter((name) => isLongList(span.attributes[name]));
    if (long.length === 0) return this.#packSize(large);
    const { before, previews, top } = await this.#lists.pack(span, long);
    const attributes = { ...span.attributes };
    for (const [name, preview] of Object.entries(previews)) setOwn(attributes, name, preview);
    const packed = await this.#packSize({
      ...{ ...large, span: fieldsWith(attributes, span) },
      ...(many === undefined ? {} : { many: withPreviews(many, previews) }),
    });
    return { before: [...before, ...packed.before], main: { ...packed.main, ...top } };
  }

  async #packSize({ span, toItem, many }: LargeSpan): Promise<PackedSpan> {
    if (many === undefined && !isTooLarge(span)) return { before: NONE, main: toItem(span) };
    const { fields, moved } = await splitSpan(span, many ?? entriesIn(span.attributes), this.#turns);
    const main = itemUnder(span, fields, toItem);
    const expireAt = main["expire_at"] ?? { NULL: true };
    const place = partsPlace(main, span.spanId);
    const { parts, top } = await packMoved(moved, place, { expireAt, turns: this.#turns });
    return { before: parts, main: { ...main, ...top } };
  }
}

/** A span that takes some time to pack. */
interface LargeSpan {
  readonly span: SpanFields;
  readonly toItem: ToItem;
  /** Its attributes one by one, where they are very many; `span` then has those that are known. */
  readonly many?: Iterable<readonly [string, unknown]>;
}

/** True for a span with so many attributes that no item can hold them. */
export function isSurelyLarge(span: Span): boolean {
  return hasManyAttributes(span) && span[OWN]().length > 2 * MOST_ATTRIBUTES;
}

function* withPreviews(
  entries: Iterable<readonly [string, unknown]>,
  previews: Attributes,
): Generator<readonly [string, unknown]> {
  for (const entry of entries) {
    const [key] = entry;
    yield Object.hasOwn(previews, key) ? [key, previews[key]] : entry;
  }
}

function systemSeconds(): number {
  return Math.floor(Date.now() / 1000);
}

function listsOf(attributes: Attributes): string[] | undefined {
  let names: string[] | undefined;
  for (const key in attributes) {
    if (!MESSAGE_LISTS.has(key) || !Array.isArray(attributes[key])) continue;
    names ??= [];
    names.push(key);
  }
  return names;
}

/** Attributes that an item's keys are made of, in one layout or another. */
const KEY_ATTRIBUTES = [...CONVERSATION_NAMES, NAMES.subcontextId, NAMES.authContext];

/** The item of the shortened span under the keys of the whole one: what keys are made of may be among what was moved. */
function itemUnder(span: SpanFields, shortened: SpanFields, toItem: ToItem): Item {
  const moved = KEY_ATTRIBUTES.filter((key) => span.attributes[key] !== shortened.attributes[key]);
  if (moved.length === 0) return toItem(shortened);
  const whole = Object.fromEntries(moved.map((key) => [key, span.attributes[key]]));
  const item = toItem({ ...shortened, attributes: { ...shortened.attributes, ...whole } });
  const stored = { ...item["attributes"]?.M };
  for (const key of moved) {
    const shown = shortened.attributes[key];
    if (shown === undefined) delete stored[key];
    else stored[key] = toAttributeValue(typeof shown === "string" ? shown.toWellFormed() : shown);
  }
  return { ...item, attributes: { M: stored } };
}
