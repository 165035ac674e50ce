// What headers come in: objects, Headers, lists of names and values; and the `_meta` of a message.
import { setOwn } from "../../model/own-property.ts";

/**
 * Where headers are read from and written to: an object of headers (Node's, or the `_meta` of an MCP message), a
 * `Headers` or `Map`, a list of pairs, or a flat list of names and values as Node's `rawHeaders`.
 */
export type Carrier = object;

/** The value of a header, its name in any case; values given several times are joined by commas. */
export function headerOf(carrier: unknown, name: string): string | undefined {
  try {
    return read(carrier, name);
  } catch {
    return undefined;
  }
}

/** Sets a header, in place of one of the same name. */
export function setHeader(carrier: Carrier, name: string, value: string): void {
  if (Array.isArray(carrier)) return setInList(carrier, name, value);
  const set = methodOf(carrier, "set");
  if (set !== undefined) return void set.call(carrier, name, value);
  if (!Object.hasOwn(carrier, name)) {
    const other = Object.keys(carrier).find((key) => isNamed(key, name));
    if (other !== undefined) Reflect.deleteProperty(carrier, other);
  }
  Reflect.set(carrier, name, value);
}

function read(carrier: unknown, name: string): string | undefined {
  if (typeof carrier !== "object" || carrier === null) return undefined;
  if (Array.isArray(carrier)) return readList(carrier, name);
  const get = methodOf(carrier, "get");
  if (get !== undefined) return textOf(get.call(carrier, name));
  if (Object.hasOwn(carrier, name)) return textOf(Reflect.get(carrier, name));
  const other = Object.keys(carrier).find((key) => isNamed(key, name));
  return other === undefined ? undefined : textOf(Reflect.get(carrier, other));
}

function readList(list: readonly unknown[], name: string): string | undefined {
  const values = pairsOf(list)
    .filter(([key]) => isNamed(key, name))
    .map(([, value]) => value);
  return values.length === 0 ? undefined : textOf(values);
}

function setInList(list: unknown[], name: string, value: string): void {
  const isFlat = list.length > 0 && !Array.isArray(list[0]);
  const kept = pairsOf(list).filter(([key]) => !isNamed(key, name));
  const pairs = [...kept, [name, value]];
  list.splice(0, list.length, ...(isFlat ? pairs.flat() : pairs));
}

function pairsOf(list: readonly unknown[]): readonly (readonly unknown[])[] {
  if (Array.isArray(list[0])) return list.filter((item) => Array.isArray(item));
  const pairs: (readonly unknown[])[] = [];
  for (let i = 0; i + 1 < list.length; i += 2) pairs.push([list[i], list[i + 1]]);
  return pairs;
}

function textOf(value: unknown): string | undefined {
  if (typeof value === "string") return value;
  if (!Array.isArray(value)) return undefined;
  const texts = value.filter((item) => typeof item === "string");
  return texts.length === 0 ? undefined : texts.join(",");
}

function isNamed(key: unknown, name: string): boolean {
  return typeof key === "string" && key.length === name.length && key.toLowerCase() === name;
}

/** A method of a class: what a message from outside has under that name is no function. */
function methodOf(carrier: object, name: "get" | "set"): ((...args: unknown[]) => unknown) | undefined {
  const method: unknown = Reflect.get(carrier, name);
  return isCallable(method) ? method : undefined;
}

function isCallable(value: unknown): value is (...args: unknown[]) => unknown {
  return typeof value === "function";
}

/** Names and values as an object that is safe with any name. */
export function objectOf(entries: Iterable<readonly [string, string]>): Readonly<Record<string, string>> {
  const result: Record<string, string> = {};
  for (const [key, value] of entries) setOwn(result, key, value);
  return Object.freeze(result);
}
