// Attributes and maps while they come: of very many, one object takes V8 long to make, and its keys long to list.
import type { Attributes } from "../model/attributes.ts";
import { MANY_KEYS, rememberKeys } from "../model/many-keys.ts";
import { setOwn } from "../model/own-property.ts";

/** An object that is being put together. */
export type Builder = Record<string, unknown>;

/** From so many on a span's attributes are `Many`, where the event loop goes on meanwhile. */
export const MANY_FROM = 5000;

/** Takes names and values; of a name that comes twice, the last value counts. */
abstract class Entries {
  abstract set(key: string, value: unknown): void;
}

/** An object that may become large: its keys are remembered. */
export class Growing extends Entries {
  readonly object: Builder;
  readonly #keys: string[] = [];

  /** Into an object that is empty yet. */
  constructor(object: Builder = {}) {
    super();
    this.object = object;
  }

  set(key: string, value: unknown): void {
    if (!Object.hasOwn(this.object, key)) this.#keys.push(key);
    setOwn(this.object, key, value);
  }

  /** All are there. */
  end(): void {
    if (this.#keys.length >= MANY_KEYS) rememberKeys(this.object, this.#keys);
    Object.freeze(this.object);
  }
}

/** Attributes without an object of them. */
export class Many extends Entries {
  /** Key, value, key, value … */
  readonly flat: unknown[] = [];
  /** Where the value of each is: in many maps, since one that grows takes long as well. */
  readonly #places = Array.from({ length: MAPS }, () => new Map<string, number>());
  /** So that no sender knows which names share a map. */
  readonly #seed = Math.floor(Math.random() * 2 ** 31);
  #object: Attributes | undefined;

  constructor(first: Readonly<Builder> = {}) {
    super();
    for (const key of Object.keys(first)) this.set(key, first[key]);
  }

  get(key: string): unknown {
    const at = this.#placesOf(key).get(key);
    return at === undefined ? undefined : this.flat[at];
  }

  set(key: string, value: unknown): void {
    const places = this.#placesOf(key);
    const at = places.get(key);
    if (at !== undefined) {
      this.flat[at] = value;
      return;
    }
    places.set(key, this.flat.length + 1);
    this.flat.push(key, value);
  }

  /** Takes one out. Only once all are there: the places of others change. */
  delete(key: string): void {
    const at = this.#placesOf(key).get(key);
    if (at !== undefined) this.flat.splice(at - 1, 2);
  }

  /** All of them as one object, after all: it is made once. */
  get object(): Attributes {
    this.#object ??= this.#made();
    return this.#object;
  }

  #made(): Attributes {
    const object: Builder = {};
    for (let i = 0; i < this.flat.length; i += 2) setOwn(object, String(this.flat[i]), this.flat[i + 1]);
    return Object.freeze(object);
  }

  #placesOf(key: string): Map<string, number> {
    let sum = this.#seed;
    for (let i = 0; i < key.length; i++) sum = Math.imul(sum ^ key.charCodeAt(i), 0x01000193);
    return this.#places[(sum ^ (sum >>> 15)) & (MAPS - 1)] ?? new Map();
  }
}

/** Adds one to an object that is put together at once, or in steps. */
export function put(into: Builder | Growing | Many, key: string, value: unknown): void {
  if (into instanceof Entries) into.set(key, value);
  else setOwn(into, key, value);
}

const MAPS = 256;
