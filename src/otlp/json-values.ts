// Attributes and values of OTLP's JSON. What is long is put off, so that no step takes long: a span's lists may have a million numbers.
import type { Attributes } from "../model/attributes.ts";
import { MAX_DEPTH, TOO_DEEP } from "../model/capture.ts";
import { setOwn } from "../model/own-property.ts";
import type { Budget } from "./decoded.ts";
import {
  bytesOf,
  flagOf,
  floatOf,
  intOf,
  type Keyed,
  keyed,
  listOf,
  optional,
  textOf,
  unknownFields,
  wrong,
} from "./json-fields.ts";
import { type Name, Names } from "./json-names.ts";
import { type Builder, Growing, MANY_FROM, Many } from "./many.ts";
import { RequestPath } from "./request-path.ts";

/** A list that is to be read in several steps. */
interface Later {
  readonly list: readonly unknown[];
  readonly place: RequestPath;
  readonly read: (item: unknown) => void;
  readonly end: () => void;
  at: number;
}

/** Where entries go. */
interface Entries {
  readonly into: Growing | Many;
  readonly depth: number;
  /** Called once all are there. */
  readonly end: () => void;
}

/** Reads values, and knows where in the request it is. */
export class JsonValues {
  place: RequestPath = new RequestPath();
  readonly #budget: Budget;
  readonly #names = new Names();
  readonly #most: number;
  readonly #later: Later[] = [];

  /** A list of more than `most` items is put off. */
  constructor(budget: Budget, most: number) {
    this.#budget = budget;
    this.#most = most;
  }

  /** True where lists were put off: `catchUp` reads them. */
  get isBehind(): boolean {
    return this.#later.length > 0;
  }

  /** Reads what was put off, what is innermost first. */
  *catchUp(): Generator<void, void> {
    const { place } = this;
    for (let one = this.#later.at(-1); one !== undefined; one = this.#later.at(-1)) {
      this.place = one.place;
      while (one === this.#later.at(-1)) {
        if (one.at === one.list.length) this.#end(one);
        else this.#step(one);
        if (this.#budget.isDue()) yield;
      }
    }
    this.place = place;
  }

  #step(one: Later): void {
    one.place.next();
    one.read(one.list[one.at++]);
  }

  #end(one: Later): void {
    this.#later.pop();
    one.end();
  }

  /** Forgets what was put off, and goes back to where something was wrong. */
  giveUp(place: RequestPath, depth: number): void {
    this.#later.length = 0;
    this.place = place;
    place.backTo(depth);
  }

  /** Reads each item of a list, at once or later. */
  each(json: unknown, field: string, read: (item: unknown) => void): void {
    const list = listOf(json, field);
    if (list.length > this.#most) return this.#putOff(list, field, read);
    this.place.enter(field);
    for (const item of list) {
      this.place.next();
      read(item);
    }
    this.place.leave();
  }

  #putOff(
    list: readonly unknown[],
    field: string,
    read: (item: unknown) => void,
    end: () => void = () => undefined,
  ): void {
    const place = new RequestPath(this.place.to(field));
    place.enter("");
    this.#later.push({ list, place, read, end, at: 0 });
  }

  /** Undefined where there are none. */
  attributes(json: unknown, before: Name = this.#names.ofOthers): Attributes | undefined {
    const list = listOf(json, "attributes");
    return list.length === 0 ? undefined : this.#map(list, "attributes", 0, before);
  }

  /** The same of a span, which may have very many. */
  spanAttributes(json: unknown): Attributes | Many | undefined {
    const list = listOf(json, "attributes");
    if (list.length < Math.max(this.#most, MANY_FROM)) return this.attributes(json, this.#names.ofSpan);
    const many = new Many();
    this.#putOffEntries(list, "attributes", { into: many, depth: 0, end: () => undefined });
    return many;
  }

  #putOffEntries(list: readonly unknown[], field: string, { into, depth, end }: Entries): void {
    let name = this.#names.ofSpan;
    const read = (item: unknown): void => {
      const entry = this.#entry(item);
      name = this.#names.after(name, entry["key"]);
      into.set(name.text, this.#value(entry["value"], IN_ENTRY, depth));
    };
    this.#putOff(list, field, read, end);
  }

  #map(list: readonly unknown[], field: string, depth: number, before = this.#names.ofOthers): Attributes {
    if (list.length > this.#most) {
      const into = new Growing();
      this.#putOffEntries(list, field, { into, depth, end: () => into.end() });
      return into.object;
    }
    const map: Builder = {};
    let name = before;
    this.place.enter(field);
    for (const item of list) {
      this.place.next();
      const entry = this.#entry(item);
      name = this.#names.after(name, entry["key"]);
      setOwn(map, name.text, this.#value(entry["value"], IN_ENTRY, depth));
    }
    this.place.leave();
    return Object.freeze(map);
  }

  /** A KeyValue. */
  #entry(item: unknown): Keyed {
    this.#budget.take();
    const entry = keyed(item, "");
    if (entry["key"] === undefined) checkKey(entry);
    return entry;
  }

  /** Only one of the fields is there; an absent value, or one without a field, is null. */
  #value(json: unknown, kinds: Kinds, depth: number): unknown {
    const any = optional(json, kinds.way);
    const text = any["stringValue"];
    if (typeof text === "string") return text;
    let value: unknown = null;
    for (const field in any) {
      const content = any[field];
      const kind = kinds.all.get(field);
      if (kind === undefined) checkKind(any, kinds.way);
      else if (content !== null) value = this.#content(kind, content, depth);
    }
    return value;
  }

  #content({ kind, field, values }: Kind, content: unknown, depth: number): unknown {
    switch (kind) {
      case "string":
        return textOf(content, field);
      case "bool":
        return flagOf(content, field);
      case "int":
        return intOf(content, field);
      case "double":
        return floatOf(content, field);
      case "bytes":
        return bytesOf(content, field);
      case "array":
        return depth < MAX_DEPTH ? this.#list(valuesOf(content, field, values), values, depth + 1) : TOO_DEEP;
      case "kvlist":
        return depth < MAX_DEPTH ? this.#map(valuesOf(content, field, values), values, depth + 1) : TOO_DEEP;
    }
  }

  #list(list: readonly unknown[], field: string, depth: number): unknown {
    const items: unknown[] = [];
    if (list.length > this.#most) {
      const read = (item: unknown): void => this.#item(items, item, depth);
      this.#putOff(list, field, read, () => Object.freeze(items));
      return items;
    }
    this.place.enter(field);
    for (const item of list) {
      this.place.next();
      this.#item(items, item, depth);
    }
    this.place.leave();
    return Object.freeze(items);
  }

  #item(items: unknown[], item: unknown, depth: number): void {
    this.#budget.take();
    items.push(this.#value(item, IN_LIST, depth));
  }
}

type ValueKind = (typeof VALUE_KINDS)[number];
const VALUE_KINDS = ["string", "bool", "int", "double", "bytes", "array", "kvlist"] as const;

/** A kind of value, and the ways to it and to its items: put together once, not for each value. */
interface Kind {
  readonly kind: ValueKind;
  readonly field: string;
  readonly values: string;
}

/** The kinds by the names of their fields, in both spellings. `way` leads to a value from where it stands. */
interface Kinds {
  readonly way: string;
  readonly all: ReadonlyMap<string, Kind>;
}

function kindsAt(way: string): Kinds {
  const before = way === "" ? "" : `${way}.`;
  const named = (kind: ValueKind, name: string): readonly [string, Kind] => [
    name,
    { kind, field: before + name, values: `${before}${name}.values` },
  ];
  const all = VALUE_KINDS.flatMap((kind) => [named(kind, `${kind}Value`), named(kind, `${kind}_value`)]);
  return { way, all: new Map(all) };
}

const IN_ENTRY = kindsAt("value");
const IN_LIST = kindsAt("");
const KIND_NAMES: ReadonlySet<string> = new Set(IN_LIST.all.keys());
const KEY_VALUE: ReadonlySet<string> = new Set(["key", "value"]);

/** What is not known is ignored, but not where it stands in the place of what is. */
function checkKind(any: Readonly<Record<string, unknown>>, way: string): void {
  if (Object.keys(any).some((field) => KIND_NAMES.has(field))) return;
  wrong(way, `has ${unknownFields(any, KIND_NAMES)}, which is no kind of value`);
}

function checkKey(entry: Readonly<Record<string, unknown>>): void {
  const unknown = unknownFields(entry, KEY_VALUE);
  if (unknown !== "") wrong("", `has no key, but ${unknown}`);
}

function valuesOf(content: unknown, field: string, values: string): readonly unknown[] {
  return listOf(keyed(content, field)["values"], values);
}
