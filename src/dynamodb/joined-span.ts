// A span of which values are in parts, put together again.
import { decodeInSlices } from "../delivery/compression.ts";
import { noteMissing } from "../delivery/missing.ts";
import type { Attributes } from "../model/attributes.ts";
import type { SpanEvent, SpanFields, SpanLink } from "../model/span-fields.ts";
import type { Turns } from "../model/turns.ts";
import type { Item, ItemKey, ItemsByKey } from "./items.ts";
import { joinParts, type PartsKey, type PartsList, partKeys, readPartsList } from "./parts.ts";
import { previewText } from "./preview.ts";
import { MAX_OWN_PARTS, objectOf, SPLIT_ATTRIBUTE } from "./split.ts";

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
