// A span too large for an item: which of its values go into parts, what stays readable, and putting it together again.
import type { AttributeValue } from "@aws-sdk/client-dynamodb";
import { compress, decodeInSlices } from "../delivery/compression.ts";
import { noteMissing } from "../delivery/missing.ts";
import type { Turns } from "../delivery/turns.ts";
import type { Attributes } from "../model/attributes.ts";
import { BinaryEncoder } from "../model/binary-encoder.ts";
import { setOwn } from "../model/capture.ts";
import { plainFields, type SpanEvent, type SpanFields, type SpanLink } from "../model/record.ts";
import { itemBytes, valueBytes } from "./item-size.ts";
import type { Item, ItemKey, ItemsByKey } from "./items.ts";
import {
  joinParts,
  type PartsKey,
  type PartsList,
  partItems,
  partKeys,
  partsAttributes,
  readPartsList,
} from "./parts.ts";
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
const MAX_OWN_PARTS = 24;
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

/** Values that share parts. */
interface Group {
  readonly values: readonly Movable[];
  /** Those of which the main item shows a preview. */
  readonly shown: readonly Movable[];
}

/** True where the span's item would pass the limit. */
export function isTooLarge(span: SpanFields): boolean {
  return itemBytes(span, MAX_ITEM_BYTES, "exact") > MAX_ITEM_BYTES;
}

/** Decides what goes into parts. */
export async function splitSpan(span: SpanFields, turns: Turns): Promise<SplitSpan> {
  const all = await movables(span, turns);
  const moved = chooseMoved(all);
  const shown = chooseShown(moved);
  return { fields: withoutMoved(span, moved, shown), moved: groups(moved, shown) };
}

async function movables(span: SpanFields, turns: Turns): Promise<Movable[]> {
  const list: Movable[] = [];
  const { spanName, statusMessage, scope, events, links, traceState, otlp } = span;
  const fields = {
    spanName,
    statusMessage,
    scopeName: scope.name,
    scopeVersion: scope.version,
    events,
    links,
    traceState,
    otlp,
  };
  const sources = { attributes: span.attributes, resourceAttributes: span.resourceAttributes, fields };
  for (const place of ["attributes", "resourceAttributes", "fields"] as const) {
    for (const [key, value] of Object.entries(sources[place])) {
      if (value !== undefined) list.push({ place, key, value, bytes: sizeOf(key, value) });
      if (turns.over) await turns.next();
    }
  }
  return list;
}

function sizeOf(key: string, value: unknown): number {
  return 3 * key.length + valueBytes(value, MEASURED_BYTES, "exact");
}

function chooseMoved(all: readonly Movable[]): Set<Movable> {
  const moved = new Set<Movable>();
  let kept = all.reduce((sum, { bytes }) => sum + bytes, 0);
  for (const least of MOVED_FROM_BYTES) {
    for (const movable of all) {
      if (kept <= KEPT_BYTES) return moved;
      if (movable.bytes < least || moved.has(movable)) continue;
      moved.add(movable);
      kept -= movable.bytes;
    }
  }
  return moved;
}

/** Previews as far as there is room: a thousand small attributes have none. */
function chooseShown(moved: ReadonlySet<Movable>): Set<Movable> {
  const shown = new Set<Movable>();
  let room = PREVIEW_BYTES;
  for (const movable of moved) {
    if (movable.place !== "fields") room -= 2 * 3 * (movable.key.length + PREVIEW_CHARACTERS);
    if (room < 0) break;
    shown.add(movable);
  }
  return shown;
}

function groups(moved: ReadonlySet<Movable>, shown: ReadonlySet<Movable>): Group[] {
  const own = [...moved].filter(({ bytes }) => bytes >= OWN_PARTS_BYTES).slice(0, MAX_OWN_PARTS);
  const alone = new Set(own);
  const shared = [...moved].filter((movable) => !alone.has(movable));
  return [...own.map((movable) => [movable]), ...(shared.length === 0 ? [] : [shared])].map((values) => ({
    values,
    shown: values.filter((movable) => movable.place === "fields" || shown.has(movable)),
  }));
}

function withoutMoved(
  span: SpanFields,
  moved: ReadonlySet<Movable>,
  shown: ReadonlySet<Movable>,
): SpanFields {
  const gone = {
    attributes: new Set<string>(),
    resourceAttributes: new Set<string>(),
    fields: new Set<string>(),
  };
  for (const { place, key } of moved) gone[place].add(key);
  const previews = (place: MovableField) =>
    [...shown].filter((one) => one.place === place).map(({ key, value }) => [key, previewOf(value)] as const);
  const kept = (place: "attributes" | "resourceAttributes"): Attributes => {
    const entries = Object.entries(span[place]).filter(([key]) => !gone[place].has(key));
    return objectOf([...entries, ...previews(place)]);
  };
  const text = (key: string, value: string): string => (gone.fields.has(key) ? previewText(value) : value);
  const { scope, statusMessage } = span;
  return {
    ...plainFields(span),
    spanName: text("spanName", span.spanName),
    statusMessage: statusMessage === undefined ? undefined : text("statusMessage", statusMessage),
    scope: {
      name: text("scopeName", scope.name),
      ...(scope.version === undefined ? {} : { version: text("scopeVersion", scope.version) }),
    },
    attributes: kept("attributes"),
    resourceAttributes: kept("resourceAttributes"),
    events: gone.fields.has("events") ? [] : span.events,
    links: gone.fields.has("links") ? [] : span.links,
    ...(gone.fields.has("traceState") ? { traceState: undefined } : {}),
    ...(gone.fields.has("otlp") ? { otlp: undefined } : {}),
  };
}

function objectOf(entries: Iterable<readonly [string, unknown]>): Record<string, unknown> {
  const source: Record<string, unknown> = {};
  for (const [key, value] of entries) setOwn(source, key, value);
  return source;
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
    const bytes = group.values.reduce((sum, movable) => sum + movable.bytes, 0);
    const blob = await compress(new BinaryEncoder(contentOf(group)), bytes, turns);
    for (const item of partItems(blob, place, expireAt)) parts.push(item);
    list.push({ M: { ...partsAttributes(blob), ...shownAttributes(group) } });
  }
  return { parts, top: { [SPLIT_ATTRIBUTE]: { L: list } } };
}

function contentOf({ values }: Group): object {
  const content: Record<string, Record<string, unknown>> = {};
  for (const { place, key, value } of values) {
    content[place] ??= {};
    setOwn(content[place], key, value);
  }
  return content;
}

function shownAttributes({ values, shown }: Group): Item {
  const keys = (place: MovableField): AttributeValue => ({
    L: shown.filter((one) => one.place === place).map(({ key }) => ({ S: key })),
  });
  return {
    attributes: keys("attributes"),
    resource_attributes: keys("resourceAttributes"),
    fields: keys("fields"),
    others: { N: String(values.length - shown.length) },
  };
}

/** What a main item says that is in parts. */
export interface SplitList {
  readonly place: PartsKey;
  readonly groups: readonly Item[];
}

/** Where the parts of a span are. */
export function partsPlace(main: Item, spanId: string): PartsKey {
  return { pk: main["pk"]?.S ?? "", prefix: `PART#${spanId}` };
}

/** Reads what `packMoved` said; undefined for an item that is whole. */
export function readSplit(main: Item): SplitList | undefined {
  const list = main[SPLIT_ATTRIBUTE]?.L;
  if (list === undefined) return undefined;
  const groups = list.slice(0, MAX_OWN_PARTS + 1).map(({ M = {} }) => M);
  return { place: partsPlace(main, main["span_id"]?.S ?? ""), groups };
}

/** The keys of all parts that the span needs. */
export function splitKeys({ place, groups }: SplitList): ItemKey[] {
  return groups.flatMap((group) => {
    const list = readPartsList(group);
    return list === undefined ? [] : partKeys(list, place);
  });
}

/** The span as it was; what cannot be found is marked, and named in the attribute `tracelight.missing`. */
export async function joinSpan(
  span: SpanFields,
  { place, groups }: SplitList,
  source: { readonly found: ItemsByKey; readonly turns: Turns },
): Promise<SpanFields> {
  let joined = span;
  for (const group of groups) {
    try {
      joined = withValues(joined, await readGroup(readPartsList(group), place, source));
    } catch (error) {
      joined = withMissing(joined, group, error instanceof Error ? error.message : "it cannot be read");
    }
  }
  return joined;
}

async function readGroup(
  list: PartsList | undefined,
  place: PartsKey,
  { found, turns }: { readonly found: ItemsByKey; readonly turns: Turns },
): Promise<object> {
  if (list === undefined) throw new Error("what the item says of its parts cannot be true");
  const content = await decodeInSlices(await joinParts(list, place, { found, turns }), turns);
  if (typeof content !== "object" || content === null) throw new Error("its parts hold something else");
  return content;
}

function withValues(span: SpanFields, content: object): SpanFields {
  const fields = propertiesOf(content, "fields");
  const text = (key: string, otherwise: string): string => {
    const value: unknown = Reflect.get(fields, key);
    return typeof value === "string" ? value : otherwise;
  };
  const events: unknown = Reflect.get(fields, "events");
  const links: unknown = Reflect.get(fields, "links");
  const traceState: unknown = Reflect.get(fields, "traceState");
  const otlp: unknown = Reflect.get(fields, "otlp");
  const statusMessage = text("statusMessage", span.statusMessage ?? "");
  const version = text("scopeVersion", span.scope.version ?? "");
  return {
    ...span,
    spanName: text("spanName", span.spanName),
    statusMessage: span.statusMessage === undefined ? undefined : statusMessage,
    scope: {
      name: text("scopeName", span.scope.name),
      ...(span.scope.version === undefined ? {} : { version }),
    },
    attributes: merged(span.attributes, propertiesOf(content, "attributes")),
    resourceAttributes: merged(span.resourceAttributes, propertiesOf(content, "resourceAttributes")),
    events: Array.isArray(events) && events.every(isEvent) ? events : span.events,
    links: Array.isArray(links) && links.every(isLink) ? links : span.links,
    ...(typeof traceState === "string" ? { traceState } : {}),
    ...(typeof otlp === "object" && otlp !== null ? { otlp } : {}),
  };
}

function propertiesOf(content: object, key: string): object {
  const value: unknown = Object.hasOwn(content, key) ? Reflect.get(content, key) : undefined;
  return typeof value === "object" && value !== null ? value : {};
}

function merged(attributes: Attributes, more: object): Attributes {
  return Object.freeze(objectOf([...Object.entries(attributes), ...Object.entries(more)]));
}

function isEvent(value: unknown): value is SpanEvent {
  if (typeof value !== "object" || value === null) return false;
  return "name" in value && typeof value.name === "string" && "at" in value && value.at instanceof Date;
}

function isLink(value: unknown): value is SpanLink {
  if (typeof value !== "object" || value === null) return false;
  return "traceId" in value && typeof value.traceId === "string" && "spanId" in value;
}

function withMissing(span: SpanFields, group: Item, reason: string): SpanFields {
  const keys = (name: string): string[] =>
    (group[name]?.L ?? []).flatMap(({ S }) => (S === undefined ? [] : [S]));
  const attributes = keys("attributes");
  const resources = keys("resource_attributes");
  const others = Number(group["others"]?.N ?? 0);
  const names = [...attributes, ...resources.map((key) => `resource ${key}`), ...keys("fields")];
  const what = [...names, ...(others > 0 ? [`${others} more values`] : [])].join(", ");
  return {
    ...span,
    attributes: noteMissing(marked(span.attributes, attributes, reason), `${what}: ${reason}`),
    resourceAttributes: marked(span.resourceAttributes, resources, reason),
  };
}

function marked(attributes: Attributes, keys: readonly string[], reason: string): Attributes {
  if (keys.length === 0) return attributes;
  return merged(attributes, objectOf(keys.map((key) => [key, missingText(attributes[key], reason)])));
}

/** What stands in the place of a value that cannot be read, before its preview. */
export function missingText(shown: unknown, reason: string): string {
  return `[Missing: ${reason}] ${previewText(shown ?? "")}`;
}
