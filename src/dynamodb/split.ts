// A span too large for an item: which of its values go into parts, and what stays readable.
import type { AttributeValue } from "@aws-sdk/client-dynamodb";
import { compress } from "../delivery/compression.ts";
import type { Attributes } from "../model/attributes.ts";
import { BinaryEncoder, Properties } from "../model/binary-encoder.ts";
import { entriesIn } from "../model/many-keys.ts";
import { setOwn } from "../model/own-property.ts";
import { fieldsWith, type SpanFields } from "../model/span-fields.ts";
import type { Turns } from "../model/turns.ts";
import { itemBytes, valueBytes } from "./item-size.ts";
import type { Item } from "./items.ts";
import { type PartsKey, partItems, partsAttributes } from "./parts.ts";
import { PREVIEW_CHARACTERS, previewOf, previewText } from "./preview.ts";

/** The largest item that is written as it is; DynamoDB's limit is 409,600 bytes. */
const MAX_ITEM_BYTES = 380_000;
/** A span's values are moved into parts, the large ones first, until so many bytes are left. */
const KEPT_BYTES = 200_000;
const PREVIEW_BYTES = 60_000;
/** What is moved first, second, ... : values of at least so many bytes. */
const MOVED_FROM_BYTES = [32_000, 4_000, 600, 0];
/** Values of so many bytes have parts of their own, so that damage to one leaves the others; but no more than so many. */
const OWN_PARTS_BYTES = 64_000;
export const MAX_OWN_PARTS = 24;
/** Beyond this it does not matter how large a value is. */
const MEASURED_BYTES = 1 << 20;
/** The top-level attribute that says which values of an item are stored elsewhere. */
export const SPLIT_ATTRIBUTE = "split_values";

type MovableField = "attributes" | "resourceAttributes" | "fields";

/** One value that may be moved. */
interface Movable {
  readonly place: MovableField;
  readonly key: string;
  readonly value: unknown;
  readonly bytes: number;
}

/** A span of which the large values are in parts. */
interface SplitSpan {
  /** What the main item holds, with previews in place of what was moved. */
  readonly fields: SpanFields;
  /** What goes into parts. */
  readonly moved: readonly Group[];
}

/** True where the span's item would pass the limit. */
export function isTooLarge(span: SpanFields): boolean {
  return itemBytes(span, MAX_ITEM_BYTES, "exact") > MAX_ITEM_BYTES;
}

/** Decides what goes into parts. `attributes` are those of the span, one by one; it may know but some of them itself. */
export async function splitSpan(
  span: SpanFields,
  attributes: Iterable<readonly [string, unknown]>,
  turns: Turns,
): Promise<SplitSpan> {
  const { bySize, bytes } = await measured(span, attributes, turns);
  const choice = new Choice(bytes);
  let seen = 0;
  for (const movables of bySize) {
    for (const movable of movables) {
      choice.add(movable);
      if (++seen % LOOKED_AT_ONCE === 0 && turns.over) await turns.next();
    }
  }
  return { fields: shortened(span, choice), moved: choice.moved };
}

/** All values, those of each size together. */
interface Measured {
  readonly bySize: readonly Movable[][];
  readonly bytes: number;
}

async function measured(
  span: SpanFields,
  attributes: Iterable<readonly [string, unknown]>,
  turns: Turns,
): Promise<Measured> {
  const bySize = MOVED_FROM_BYTES.map((): Movable[] => []);
  const sources = {
    attributes,
    resourceAttributes: entriesIn(span.resourceAttributes),
    fields: entriesIn(fieldsOf(span)),
  };
  let [bytes, seen] = [0, 0];
  for (const place of ["attributes", "resourceAttributes", "fields"] as const) {
    for (const [key, value] of sources[place]) {
      if (value === undefined) continue;
      const movable = { place, key, value, bytes: sizeOf(key, value) };
      bySize[MOVED_FROM_BYTES.findIndex((least) => movable.bytes >= least)]?.push(movable);
      bytes += movable.bytes;
      if (++seen % LOOKED_AT_ONCE === 0 && turns.over) await turns.next();
    }
  }
  return { bySize, bytes };
}

/** Values between two looks at the clock: each has up to a megabyte that is counted. */
const LOOKED_AT_ONCE = 16;

function fieldsOf({ spanName, statusMessage, scope, events, links, traceState, otlp }: SpanFields): object {
  return {
    ...{ spanName, statusMessage, scopeName: scope.name, scopeVersion: scope.version },
    ...{ events, links, traceState, otlp },
  };
}

function sizeOf(key: string, value: unknown): number {
  return 3 * key.length + valueBytes(value, MEASURED_BYTES, "exact");
}

/** Values that share parts. */
class Group {
  /** Those of which the main item shows a preview. */
  readonly shown: Movable[] = [];
  bytes = 0;
  count = 0;
  readonly #places = new Map<MovableField, unknown[]>();

  add({ place, key, value, bytes }: Movable): void {
    this.bytes += bytes;
    this.count++;
    const flat = this.#places.get(place) ?? [];
    if (flat.length === 0) this.#places.set(place, flat);
    flat.push(key, value);
  }

  /** What the parts hold. */
  get content(): object {
    return Object.fromEntries([...this.#places].map(([place, flat]) => [place, new Properties(flat)]));
  }
}

/** Where each value goes; the large ones are to be added first. */
class Choice {
  /** What stays in the main item. */
  readonly kept: Movable[] = [];
  readonly #own: Group[] = [];
  readonly #shared: Group = new Group();
  #left: number;
  #room = PREVIEW_BYTES;

  constructor(bytes: number) {
    this.#left = bytes;
  }

  add(movable: Movable): void {
    if (this.#left <= KEPT_BYTES) return void this.kept.push(movable);
    this.#left -= movable.bytes;
    const group = this.#groupFor(movable.bytes);
    group.add(movable);
    if (this.#isShown(movable)) group.shown.push(movable);
  }

  get moved(): readonly Group[] {
    return this.#shared.count === 0 ? this.#own : [...this.#own, this.#shared];
  }

  #groupFor(bytes: number): Group {
    if (bytes < OWN_PARTS_BYTES || this.#own.length >= MAX_OWN_PARTS) return this.#shared;
    const group = new Group();
    this.#own.push(group);
    return group;
  }

  /** Previews as far as there is room: a thousand small attributes have none. */
  #isShown({ place, key }: Movable): boolean {
    if (place === "fields") return true;
    if (this.#room >= 0) this.#room -= 2 * 3 * (key.length + PREVIEW_CHARACTERS);
    return this.#room >= 0;
  }
}

/** The object of these entries. */
export function objectOf(entries: Iterable<readonly [string, unknown]>): Record<string, unknown> {
  const source: Record<string, unknown> = {};
  for (const [key, value] of entries) setOwn(source, key, value);
  return source;
}

function shortened(span: SpanFields, { kept, moved }: Choice): SpanFields {
  const shown = moved.flatMap((group) => group.shown);
  const attributesAt = (place: MovableField): Attributes => {
    const isThere = (movable: Movable) => movable.place === place;
    return objectOf([
      ...kept.filter(isThere).map(({ key, value }) => [key, value] as const),
      ...shown.filter(isThere).map(({ key, value }) => [key, previewOf(value)] as const),
    ]);
  };
  const fields = new Set(kept.filter(({ place }) => place === "fields").map(({ key }) => key));
  const text = (key: string, value: string): string => (fields.has(key) ? value : previewText(value));
  const { scope, statusMessage } = span;
  return {
    ...fieldsWith(attributesAt("attributes"), span),
    spanName: text("spanName", span.spanName),
    statusMessage: statusMessage === undefined ? undefined : text("statusMessage", statusMessage),
    scope: {
      name: text("scopeName", scope.name),
      ...(scope.version === undefined ? {} : { version: text("scopeVersion", scope.version) }),
    },
    resourceAttributes: attributesAt("resourceAttributes"),
    events: fields.has("events") ? span.events : [],
    links: fields.has("links") ? span.links : [],
    ...(fields.has("traceState") ? {} : { traceState: undefined }),
    ...(fields.has("otlp") ? {} : { otlp: undefined }),
  };
}

/** The items of what was moved, and what the main item says of them. */
export async function packMoved(
  moved: readonly Group[],
  place: PartsKey,
  { expireAt, turns }: { readonly expireAt: AttributeValue; readonly turns: Turns },
): Promise<{ readonly parts: readonly Item[]; readonly top: Item }> {
  const parts: Item[] = [];
  const list: AttributeValue[] = [];
  for (const group of moved) {
    const blob = await compress(new BinaryEncoder(group.content), group.bytes, turns);
    for (const item of partItems(blob, place, expireAt)) parts.push(item);
    list.push({ M: { ...partsAttributes(blob), ...shownAttributes(group) } });
  }
  return { parts, top: { [SPLIT_ATTRIBUTE]: { L: list } } };
}

function shownAttributes({ count, shown }: Group): Item {
  const keys = (place: MovableField): AttributeValue => ({
    L: shown.filter((one) => one.place === place).map(({ key }) => ({ S: key })),
  });
  return {
    attributes: keys("attributes"),
    resource_attributes: keys("resourceAttributes"),
    fields: keys("fields"),
    others: { N: String(count - shown.length) },
  };
}
