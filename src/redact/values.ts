// Any captured value without what must not be kept. What holds nothing is given back as it is, and what was redacted once is remembered
// by its object: a history costs what is new.
import { Buffer, isUtf8 } from "node:buffer";
import { isAnObject } from "../conventions/values.ts";
import { asCaptured } from "../model/captured.ts";
import { listOf } from "../model/history.ts";
import { entriesIn } from "../model/many-keys.ts";
import { setOwn } from "../model/own-property.ts";
import { sealed } from "../model/sealed.ts";
import type { Pace, Steps } from "../model/steps.ts";
import { redactEncoded } from "./encoded.ts";
import { type JsonRedactor, looksLikeJson, redactJson } from "./json-text.ts";
import { inFirst, partsIn } from "./parts.ts";
import { hasToken } from "./survey.ts";
import { PART, whole } from "./text.ts";

/** What values are redacted by. */
export interface ValueOptions {
  /** Any text; of a long one, the steps to it. */
  readonly text: (text: string) => string | Steps<string>;
  /** The same for bytes that are no text, one character each. */
  readonly bytes: (text: string) => string | Steps<string>;
  /** True for a name whose value must go. */
  readonly isSecret: (name: string) => boolean;
  /** False where no such name can be in a text. */
  readonly mayNameSecret: (text: string) => boolean;
  /** What stands in the place of a value under such a name. */
  readonly secret: (value: string) => string;
  /** How far a step goes, in characters. */
  readonly pace: Pace;
  /** The last word, for a value under a name. */
  readonly own: ((value: unknown, name: string) => unknown) | undefined;
}

/** JSON in JSON in JSON, or in Base64: deeper it is a text like any other. */
const MAX_JSON_LEVELS = 8;
/** Numbers with fewer digits are no card's. */
const LONG_NUMBER = 1e12;
/** Names of the two halves of a pair, as OTLP, HAR and tables of headers have them. */
const NAME_KEYS = ["key", "name", "header"] as const;

/** Lists of fewer items are gone through each time. */
const LONG_LIST = 8;
/** How many messages may be new for a list to be known as the one that goes on. */
const LOOK_BACK = 64;

/** A list, and what was made of it. */
interface KnownList {
  readonly known: unknown[];
  /** Undefined where nothing was found. */
  made?: unknown[] | undefined;
}

/** What a value counts besides its characters. */
const VALUE_UNITS = 64;

/** Redacts captured values. What may be long is given as the steps to it. */
export class ValueRedactor {
  readonly #options: ValueOptions;
  /** For JSON, by how deep it is in other JSON. */
  readonly #json: readonly JsonRedactor[];
  readonly #pace: Pace;
  readonly #known = new WeakMap<object, unknown>();
  /** Long lists by their last item: a history comes again and again, and is longer each time. */
  readonly #lists = new WeakMap<object, KnownList>();

  constructor(options: ValueOptions) {
    this.#options = options;
    const { isSecret, secret, pace } = options;
    this.#pace = pace;
    this.#json = Array.from({ length: MAX_JSON_LEVELS }, (_, level) => ({
      ...{ isSecret, secret, pace },
      text: (text) => this.#text(text, level + 1),
    }));
  }

  /** Attributes, by their names; the same object where nothing is found. */
  *attributes(attributes: Readonly<Record<string, unknown>>): Steps<Record<string, unknown>> {
    return (yield* this.#properties(attributes)) ?? attributes;
  }

  /** A text, and the JSON in it; of what may be long, the steps to it. */
  text(text: string): string | Steps<string> {
    return this.#text(text, 0);
  }

  #text(text: string, level: number): string | Steps<string> {
    const inner = this.#json[level];
    const made =
      looksLikeJson(text) && inner !== undefined ? this.#jsonText(text, inner) : this.#options.text(text);
    return inner === undefined || !hasToken(text) ? made : this.#encodedText(made, inner);
  }

  *#encodedText(made: string | Steps<string>, inner: JsonRedactor): Steps<string> {
    return yield* redactEncoded(yield* whole(made), inner);
  }

  *#jsonText(text: string, json: JsonRedactor): Steps<string> {
    return (yield* this.#isWorthReading(text)) ? yield* redactJson(text, json) : text;
  }

  /** Without names of secrets and escapes, JSON hides nothing that its text does not show. */
  *#isWorthReading(json: string): Steps<boolean> {
    return (
      json.includes("\\") ||
      this.#options.mayNameSecret(json) ||
      (yield* whole(this.#options.text(json))) !== json
    );
  }

  *#value(value: unknown): Steps<unknown> {
    if (typeof value === "string") return yield* whole(this.text(value));
    if (typeof value !== "object" || value === null) return this.#atOnce(value);
    const known = this.#known.get(value);
    if (known !== undefined) return known;
    const made = yield* this.#container(value);
    this.#known.set(value, made);
    return made;
  }

  /** What most values become, without the steps; undefined for the others. */
  #atOnce(value: unknown): unknown {
    if (typeof value === "object" && value !== null) return this.#known.get(value);
    if (typeof value === "number" || typeof value === "bigint") return this.#number(value);
    if (typeof value !== "string") return value;
    const made = this.text(value);
    return typeof made === "string" ? made : undefined;
  }

  #number(value: number | bigint): unknown {
    if (value < LONG_NUMBER || (typeof value === "number" && !Number.isSafeInteger(value))) return value;
    const text = String(value);
    const made = this.#options.text(text);
    return made === text || typeof made !== "string" ? value : made;
  }

  *#container(value: object): Steps<unknown> {
    if (Array.isArray(value)) return yield* this.#list(value);
    if (value instanceof Uint8Array) return yield* this.#bytes(value);
    if (value instanceof Map) return yield* this.#map(value);
    if (value instanceof Set) return yield* this.#set(value);
    if (value instanceof Date) return value;
    const pair = pairOf(value);
    if (pair !== undefined && this.#options.isSecret(pair.name))
      return captured({ ...value, value: yield* this.#masked(pair.value) });
    const made = yield* this.#properties(value);
    return made === undefined ? value : captured(made);
  }

  *#list(items: readonly unknown[]): Steps<unknown> {
    return (yield* this.#items(items)) ?? items;
  }

  /** Undefined where nothing is found. */
  *#items(items: readonly unknown[]): Steps<readonly unknown[] | undefined> {
    const [name, value] = items;
    if (
      items.length === 2 &&
      typeof name === "string" &&
      typeof value === "string" &&
      this.#options.isSecret(name)
    )
      return captured([name, this.#options.secret(value)]);
    const { known, made } = this.#earlier(items) ?? { known: [] };
    const list: KnownList = { known, made };
    for (let i = known.length; i < items.length; i++) {
      const item = items[i];
      const redacted = this.#atOnce(item) ?? (yield* this.#value(item));
      // Not by `slice`, which is slow where the list is frozen.
      if (redacted !== item) list.made ??= known.slice();
      known.push(item);
      list.made?.push(redacted);
      if (this.#pace.isOver(unitsOf(item))) yield;
    }
    this.#remember(list);
    return (yield* this.#together(list.made ?? items)) ?? (list.made && listOf(list.made));
  }

  /** What is split over several parts is found in all of them together, and then stands in the first; undefined where nothing is. */
  *#together(items: readonly unknown[]): Steps<readonly unknown[] | undefined> {
    const text = partsIn(items)?.join("");
    if (text === undefined) return undefined;
    const made = yield* whole(this.#options.text(text));
    return made === text ? undefined : captured(inFirst(items, made));
  }

  /** What was made of a list that this one goes on from; nobody else goes on from it. */
  #earlier(items: readonly unknown[]): KnownList | undefined {
    for (let i = items.length - 1; i >= LONG_LIST - 1 && i >= items.length - LOOK_BACK; i--) {
      const item = items[i];
      const list = isAnObject(item) ? this.#lists.get(item) : undefined;
      if (list === undefined || !isAnObject(item) || list.known.length !== i + 1) continue;
      if (!beginsWith(items, list.known)) continue;
      this.#lists.delete(item);
      return list;
    }
    return undefined;
  }

  #remember(list: KnownList): void {
    const last = list.known.at(-1);
    if (list.known.length >= LONG_LIST && isAnObject(last)) this.#lists.set(last, list);
  }

  /** Undefined where nothing is found. */
  *#properties(object: object): Steps<Record<string, unknown> | undefined> {
    let changes: Map<string, readonly [string, unknown]> | undefined;
    for (const [name, value] of entriesIn(object)) {
      const text = this.#options.text(name);
      const shown = typeof text === "string" ? text : yield* text;
      const made = this.#options.isSecret(name) ? undefined : this.#atOnce(value);
      const redacted = made === undefined ? yield* this.#named(name, value) : this.#last(made, name);
      if (this.#pace.isOver(name.length + unitsOf(value))) yield;
      if (redacted === value && shown === name) continue;
      changes ??= new Map();
      changes.set(name, [shown, redacted]);
    }
    return changes && (yield* changed(object, changes, this.#pace));
  }

  *#named(name: string, value: unknown): Steps<unknown> {
    return this.#last(yield* this.#under(name, value), name);
  }

  /** A list under a name is remembered with the object that it is in, or by its last message. */
  #under(name: string, value: unknown): Steps<unknown> {
    if (this.#options.isSecret(name)) return this.#masked(value);
    return Array.isArray(value) ? this.#list(value) : this.#value(value);
  }

  #last(redacted: unknown, name: string): unknown {
    return this.#options.own === undefined ? redacted : this.#options.own(redacted, name);
  }

  /** All that is in a value: texts and numbers go, what is made of them stays, so that one sees what there was. */
  *#masked(value: unknown): Steps<unknown> {
    if (this.#pace.isOver(unitsOf(value))) yield;
    if (typeof value === "string") return value === "" ? value : this.#options.secret(value);
    if (typeof value === "number" || typeof value === "bigint") return this.#options.secret(String(value));
    if (typeof value !== "object" || value === null) return value;
    if (Array.isArray(value)) return yield* this.#maskedItems(value);
    if (value instanceof Map || value instanceof Set || value instanceof Uint8Array || value instanceof Date)
      return this.#options.secret("");
    const changes = new Map<string, readonly [string, unknown]>();
    for (const [name, inner] of entriesIn(value))
      changes.set(name, [yield* whole(this.#options.text(name)), yield* this.#masked(inner)]);
    return captured(yield* changed(value, changes, this.#pace));
  }

  *#maskedItems(items: readonly unknown[]): Steps<unknown> {
    const made: unknown[] = [];
    for (const item of items) made.push(yield* this.#masked(item));
    return captured(made);
  }

  *#map(map: ReadonlyMap<unknown, unknown>): Steps<unknown> {
    const entries: (readonly [unknown, unknown])[] = [];
    let isSame = true;
    for (const [key, value] of map) {
      const shown = yield* this.#value(key);
      const made = yield* typeof key === "string" ? this.#named(key, value) : this.#value(value);
      entries.push([shown, made]);
      isSame &&= shown === key && made === value;
      if (this.#pace.isOver(unitsOf(key) + unitsOf(value))) yield;
    }
    return isSame ? map : asCaptured(sealed(new Map(entries)));
  }

  *#set(set: ReadonlySet<unknown>): Steps<unknown> {
    const items: unknown[] = [];
    let isSame = true;
    for (const item of set) {
      const made = this.#atOnce(item) ?? (yield* this.#value(item));
      items.push(made);
      isSame &&= made === item;
      if (this.#pace.isOver(unitsOf(item))) yield;
    }
    return isSame ? set : asCaptured(sealed(new Set(items)));
  }

  /** Bytes may be a text; where they are not, each is a character, as in Latin-1: what is found in the one is found in the other. */
  *#bytes(bytes: Uint8Array): Steps<unknown> {
    const encoding = isUtf8(bytes) ? "utf8" : "latin1";
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString(encoding);
    const made = yield* whole(encoding === "utf8" ? this.text(text) : this.#options.bytes(text));
    return made === text ? bytes : asCaptured(Uint8Array.from(Buffer.from(made, encoding)));
  }
}

/** What a value counts: what is in an object counts by itself, and so does a long text. */
function unitsOf(value: unknown): number {
  return VALUE_UNITS + (typeof value === "string" && value.length <= PART ? value.length : 0);
}

/** A loop, since `every` takes many times as long where a list is frozen. */
function beginsWith(items: readonly unknown[], beginning: readonly unknown[]): boolean {
  for (let i = 0; i < beginning.length; i++) if (items[i] !== beginning[i]) return false;
  return true;
}

function captured<T extends object>(value: T): T {
  return asCaptured(Object.freeze(value));
}

/** The object with some of its properties changed, in its order. Two names that are shown alike keep apart. */
function* changed(
  object: object,
  changes: ReadonlyMap<string, readonly [string, unknown]>,
  pace: Pace,
): Steps<Record<string, unknown>> {
  const made: Record<string, unknown> = {};
  for (const [name, value] of entriesIn(object)) {
    if (pace.isOver(VALUE_UNITS)) yield;
    const [shown, redacted] = changes.get(name) ?? [name, value];
    let free = shown;
    for (let i = 2; Object.hasOwn(made, free); i++) free = `${shown} ${i}`;
    setOwn(made, free, redacted);
  }
  return made;
}

function pairOf(object: object): { readonly name: string; readonly value: unknown } | undefined {
  if (!("value" in object)) return undefined;
  for (const key of NAME_KEYS) {
    const name: unknown = Reflect.get(object, key);
    if (typeof name === "string") return { name, value: object.value };
  }
  return undefined;
}
