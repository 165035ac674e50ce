// Items as spans again: put together of their parts and of the nodes of their message lists.
import { noteMissing } from "../delivery/missing.ts";
import type { Attributes } from "../model/attributes.ts";
import type { SpanFields } from "../model/span-fields.ts";
import type { StoredSpan } from "./item.ts";
import { type Item, type ItemReader, ItemsByKey } from "./items.ts";
import { joinSpan, missingText, readSplit, type SplitList, splitKeys } from "./joined-span.ts";
import { ListReader } from "./list-reader.ts";
import { type ListReference, readReferences } from "./list-references.ts";

/** How items are read. */
export interface UnpackOptions {
  readonly reader: ItemReader;
  /** The lists of the pages before, where there were some. */
  readonly lists?: ListReader;
  /** How a main item is read; undefined for what is no span. */
  readonly fromItem: (item: Item) => StoredSpan | undefined;
  /** Told of items that are broken spans; they are left out. */
  readonly onUnreadable: (error: unknown, item: Item) => void;
}

/** A span, and the main item that it was read from. */
export interface UnpackedSpan extends StoredSpan {
  readonly item: Item;
}

/** One main item, and what it refers to. */
interface Opened {
  readonly stored: UnpackedSpan;
  readonly split: SplitList | undefined;
  readonly lists: ReadonlyMap<string, ListReference | undefined>;
}

/**
 * The spans of main items, in their order, put together of their parts and nodes; other items are passed over. What is
 * missing or damaged is marked in its place and named in the attribute `tracelight.missing`.
 * @throws (rejects) what the reader rejects with.
 */
export async function unpack(
  items: readonly Item[],
  { reader, lists = new ListReader(reader), fromItem, onUnreadable }: UnpackOptions,
): Promise<UnpackedSpan[]> {
  const opened = items.flatMap((item) => {
    try {
      return open(item, fromItem(item)) ?? [];
    } catch (error) {
      onUnreadable(error, item);
      return [];
    }
  });
  if (!opened.some(isMore)) return opened.map(({ stored }) => stored);
  const [found] = await Promise.all([partsOf(opened, reader), lists.prepare(referencesOf(opened))]);
  const spans: UnpackedSpan[] = [];
  for (const { stored, split, lists: references } of opened) {
    let fields = stored.fields;
    if (split !== undefined) fields = await joinSpan(fields, split, { found, turns: lists.turns });
    if (references.size > 0) fields = await withLists(fields, references, lists);
    spans.push({ ...stored, fields });
  }
  return spans;
}

function open(item: Item, stored: StoredSpan | undefined): Opened | undefined {
  return stored && { stored: { ...stored, item }, split: readSplit(item), lists: readReferences(item) };
}

function isMore({ split, lists }: Opened): boolean {
  return split !== undefined || lists.size > 0;
}

async function partsOf(opened: readonly Opened[], reader: ItemReader): Promise<ItemsByKey> {
  const found = new ItemsByKey();
  const keys = opened.flatMap(({ split }) => (split === undefined ? [] : splitKeys(split)));
  if (keys.length > 0) found.add(await reader.get(keys));
  return found;
}

function referencesOf(opened: readonly Opened[]): ListReference[] {
  return opened.flatMap(({ lists }) => [...lists.values()].filter((one) => one !== undefined));
}

async function withLists(
  span: SpanFields,
  references: ReadonlyMap<string, ListReference | undefined>,
  reader: ListReader,
): Promise<SpanFields> {
  let attributes: Attributes = { ...span.attributes };
  for (const [name, reference] of references) {
    try {
      if (reference === undefined) throw new Error("what the item says of it cannot be true");
      attributes = { ...attributes, [name]: await reader.read(reference) };
    } catch (error) {
      const reason = error instanceof Error ? error.message : "it cannot be read";
      const shown = missingText(attributes[name], reason);
      attributes = noteMissing({ ...attributes, [name]: shown }, `${name}: ${reason}`);
    }
  }
  return { ...span, attributes: Object.freeze(attributes) };
}
