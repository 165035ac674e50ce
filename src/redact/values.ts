// Any captured value without what must not be kept. What holds nothing is given back as it is, and what was redacted once is remembered
// by its object: a history costs what is new.
import { Buffer } from "node:buffer";
import { isAnObject } from "../conventions/values.ts";
import { asCaptured } from "../model/captured.ts";
import { setOwn } from "../model/own-property.ts";
import { sealed } from "../model/sealed.ts";
import { type JsonRedactor, looksLikeJson, redactJson } from "./json-text.ts";

/** What values are redacted by. */
export interface ValueOptions {
  /** Any text. */
  readonly text: (text: string) => string;
  /** True for a name whose value must go. */
  readonly isSecret: (name: string) => boolean;
  /** False where no such name can be in a text. */
  readonly mayNameSecret: (text: string) => boolean;
  /** What stands in the place of a value under such a name. */
  readonly secret: (value: string) => string;
  /** The last word, for a value under a name. */
  readonly own: ((value: unknown, name: string) => unknown) | undefined;
}

/** JSON in JSON in JSON: deeper it is a text like any other. */
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

/** Redacts captured values. */
export class ValueRedactor {
  readonly #options: ValueOptions;
  readonly #json: JsonRedactor;
  readonly #known = new WeakMap<object, unknown>();
  /** Long lists by their last item: a history comes again and again, and is longer each time. */
  readonly #lists = new WeakMap<object, KnownList>();
  #jsonLevels = 0;

  constructor(options: ValueOptions) {
    this.#options = options;
    const { isSecret, secret } = options;
    this.#json = { text: (text) => this.text(text), isSecret, secret };
  }

  /** Attributes, by their names; the same object where nothing is found. */
  attributes(attributes: Readonly<Record<string, unknown>>): Record<string, unknown> {
    return this.#properties(attributes) ?? attributes;
  }

  /** A text, and the JSON in it. */
  text(text: string): string {
    if (this.#jsonLevels >= MAX_JSON_LEVELS || !looksLikeJson(text) || !this.#isWorthReading(text))
      return this.#options.text(text);
    this.#jsonLevels++;
    try {
      return redactJson(text, this.#json);
    } finally {
      this.#jsonLevels--;
    }
  }

  /** Without names of secrets and escapes, JSON hides nothing that its text does not show. */
  #isWorthReading(json: string): boolean {
    return json.includes("\\") || this.#options.mayNameSecret(json) || this.#options.text(json) !== json;
  }

  #value(value: unknown): unknown {
    if (typeof value === "string") return this.text(value);
    if (typeof value === "number" || typeof value === "bigint") return this.#number(value);
    if (typeof value !== "object" || value === null) return value;
    const known = this.#known.get(value);
    if (known !== undefined) return known;
    const made = this.#container(value);
    this.#known.set(value, made);
    return made;
  }

  #number(value: number | bigint): unknown {
    if (value < LONG_NUMBER || (typeof value === "number" && !Number.isSafeInteger(value))) return value;
    const text = String(value);
    const made = this.#options.text(text);
    return made === text ? value : made;
  }

  #container(value: object): unknown {
    if (Array.isArray(value)) return this.#items(value) ?? value;
    if (value instanceof Uint8Array) return this.#bytes(value);
    if (value instanceof Map) return this.#map(value);
    if (value instanceof Set) return this.#set(value);
    if (value instanceof Date) return value;
    const pair = pairOf(value);
    if (pair !== undefined && this.#options.isSecret(pair.name))
      return captured({ ...value, value: this.#masked(pair.value) });
    return this.#properties(value) ?? value;
  }

  /** Undefined where nothing is found. */
  #items(items: readonly unknown[]): readonly unknown[] | undefined {
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
      const redacted = this.#value(item);
      // Not by `slice`, which is slow where the list is frozen.
      if (redacted !== item) list.made ??= known.slice();
      known.push(item);
      list.made?.push(redacted);
    }
    this.#remember(list);
    return list.made && captured(list.made.slice());
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
  #properties(object: object): Record<string, unknown> | undefined {
    let changes: Map<string, readonly [string, unknown]> | undefined;
    for (const [name, value] of Object.entries(object)) {
      const shown = this.#options.text(name);
      const redacted = this.#named(name, value);
      if (redacted === value && shown === name) continue;
      changes ??= new Map();
      changes.set(name, [shown, redacted]);
    }
    return changes && captured(changed(object, changes));
  }

  #named(name: string, value: unknown): unknown {
    const redacted = this.#options.isSecret(name) ? this.#masked(value) : this.#value(value);
    return this.#options.own === undefined ? redacted : this.#options.own(redacted, name);
  }

  /** All that is in a value: texts and numbers go, what is made of them stays, so that one sees what there was. */
  #masked(value: unknown): unknown {
    if (typeof value === "string") return value === "" ? value : this.#options.secret(value);
    if (typeof value === "number" || typeof value === "bigint") return this.#options.secret(String(value));
    if (typeof value !== "object" || value === null) return value;
    if (Array.isArray(value)) return captured(value.map((item) => this.#masked(item)));
    if (value instanceof Map || value instanceof Set || value instanceof Uint8Array || value instanceof Date)
      return this.#options.secret("");
    const changes = Object.entries(value).map(
      ([name, inner]) => [name, [this.#options.text(name), this.#masked(inner)]] as const,
    );
    return captured(changed(value, new Map(changes)));
  }

  #map(map: ReadonlyMap<unknown, unknown>): unknown {
    const entries = [...map].map(([key, value]) => {
      const made = typeof key === "string" ? this.#named(key, value) : this.#value(value);
      return [key, value, this.#value(key), made] as const;
    });
    const isSame = entries.every(([key, value, newKey, made]) => key === newKey && value === made);
    return isSame ? map : asCaptured(sealed(new Map(entries.map(([, , key, value]) => [key, value]))));
  }

  #set(set: ReadonlySet<unknown>): unknown {
    const items = [...set];
    const made = items.map((item) => this.#value(item));
    return made.every((item, i) => item === items[i]) ? set : asCaptured(sealed(new Set(made)));
  }

  /** Bytes may be a text; in Latin-1 each is a character, so what is found in the one is found in the other. */
  #bytes(bytes: Uint8Array): unknown {
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
    const made = this.text(text);
    return made === text ? bytes : asCaptured(Uint8Array.from(Buffer.from(made, "latin1")));
  }
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
function changed(
  object: object,
  changes: ReadonlyMap<string, readonly [string, unknown]>,
): Record<string, unknown> {
  const made: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(object)) {
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
