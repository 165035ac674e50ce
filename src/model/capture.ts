// Capture: any value becomes a frozen copy that nobody can change, that never throws and that has bounds.
import { types } from "node:util";
import { messageOf } from "./errors.ts";

/** Containers nested deeper than this are replaced by a marker. */
export const MAX_DEPTH = 200;
/** A value of more nodes than this ends in a marker. */
export const MAX_NODES = 1_000_000;

const TOO_DEEP = `[Truncated: more than ${MAX_DEPTH} levels]`;
const TOO_MANY = `[Truncated: more than ${MAX_NODES} values]`;
const CIRCULAR = "[Circular]";

/**
 * A frozen copy of `value` as it is now: plain objects and arrays of strings, numbers, booleans, null, bigints, Dates,
 * Uint8Arrays, Maps and Sets. Anything else is shown: an error as `{ name, message, stack }`, a URL or RegExp as its text, an
 * object with `toJSON` as what that returns, a class instance as its own properties, a function as `[Function: name]`.
 * Undefined properties are left out; undefined in an array is null. Getters that throw, cycles, and what lies beyond
 * the bounds become a marker in brackets. Never throws.
 */
export function capture(value: unknown): unknown {
  if (isPrimitive(value)) return value;
  try {
    return new Capture().value(value);
  } catch (error) {
    return unreadable(error);
  }
}

/** True for values that need no copy. */
export function isPrimitive(value: unknown): value is string | number | boolean | bigint | null | undefined {
  return (
    value === null || (typeof value !== "object" && typeof value !== "function" && typeof value !== "symbol")
  );
}

/** Sets an own property, `__proto__` included, without running a setter. */
export function setOwn(target: Record<string, unknown>, key: string, value: unknown): void {
  if (key === "__proto__") {
    Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true });
  } else {
    target[key] = value;
  }
}

/** What capture makes of an object: what to walk, or the finished copy. */
type Form =
  | { readonly kind: "array"; readonly source: readonly unknown[] }
  | { readonly kind: "keyed"; readonly source: object }
  | { readonly kind: "again"; readonly source: unknown }
  | { readonly kind: "map"; readonly source: Map<unknown, unknown> }
  | { readonly kind: "set"; readonly source: Set<unknown> }
  | { readonly kind: "done"; readonly result: unknown };

/** One walk over one value, with its bounds. */
class Capture {
  #left: number = MAX_NODES;
  readonly #path: object[] = [];

  value(value: unknown): unknown {
    if (this.#left-- <= 0) return TOO_MANY;
    if (isPrimitive(value)) return value;
    if (typeof value !== "object" || value === null) return describeOther(value);
    if (this.#path.includes(value)) return CIRCULAR;
    if (this.#path.length >= MAX_DEPTH) return TOO_DEEP;
    this.#path.push(value);
    try {
      return this.#object(value);
    } catch (error) {
      return unreadable(error);
    } finally {
      this.#path.pop();
    }
  }

  #object(value: object): unknown {
    const form = formOf(value);
    switch (form.kind) {
      case "array":
        return this.#array(form.source);
      case "keyed":
        return this.#keyed(form.source);
      case "again":
        return this.value(form.source);
      case "map":
        return this.#map(form.source);
      case "set":
        return this.#set(form.source);
      case "done":
        return form.result;
    }
  }

  #array(source: readonly unknown[]): unknown {
    const copy: unknown[] = [];
    const { length } = source;
    for (let i = 0; i < length; i++) {
      if (this.#left <= 0) {
        copy.push(TOO_MANY);
        break;
      }
      copy.push(this.value(source[i]) ?? null);
    }
    return Object.freeze(copy);
  }

  #keyed(source: object): unknown {
    const copy: Record<string, unknown> = {};
    for (const key of Object.keys(source)) {
      const value = this.value(readProperty(source, key));
      if (value !== undefined) setOwn(copy, key, value);
      if (this.#left <= 0) break;
    }
    return Object.freeze(copy);
  }

  #map(source: Map<unknown, unknown>): unknown {
    const copy = new Map<unknown, unknown>();
    Map.prototype.forEach.call(source, (value: unknown, key: unknown) => {
      if (this.#left > 0) copy.set(this.value(key) ?? null, this.value(value) ?? null);
    });
    return Object.freeze(copy);
  }

  #set(source: Set<unknown>): unknown {
    const copy = new Set<unknown>();
    Set.prototype.forEach.call(source, (value: unknown) => {
      if (this.#left > 0) copy.add(this.value(value) ?? null);
    });
    return Object.freeze(copy);
  }
}

/** Reads a property; a getter that throws gives a marker. */
function readProperty(source: object, key: string): unknown {
  try {
    return Reflect.get(source, key);
  } catch (error) {
    return unreadable(error);
  }
}

/** How an object is captured. May throw where the object is hostile. */
function formOf(value: object): Form {
  if (Array.isArray(value)) return { kind: "array", source: value };
  const plain = isPlain(value);
  if (!plain) {
    const special = specialForm(value);
    if (special !== undefined) return special;
  }
  const toJSON: unknown = Reflect.get(value, "toJSON");
  if (typeof toJSON === "function") return { kind: "again", source: Reflect.apply(toJSON, value, [""]) };
  if (plain || Object.keys(value).length > 0) return { kind: "keyed", source: value };
  return { kind: "done", result: `[${classNameOf(value)}]` };
}

/** True for objects made by `{}`, JSON.parse or Object.create(null). */
export function isPlain(value: object): value is Record<string, unknown> {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function specialForm(value: object): Form | undefined {
  if (types.isDate(value)) return done(copyDate(value));
  if (ArrayBuffer.isView(value)) return viewForm(value);
  if (types.isAnyArrayBuffer(value)) return done(new Uint8Array(new Uint8Array(value)));
  if (types.isMap(value)) return { kind: "map", source: value };
  if (types.isSet(value)) return { kind: "set", source: value };
  if (types.isNativeError(value) || value instanceof Error)
    return { kind: "again", source: errorForm(value) };
  if (types.isRegExp(value)) return done(String(value));
  if (types.isBoxedPrimitive(value))
    return { kind: "again", source: Object.prototype.valueOf.call(value).valueOf() };
  if (value instanceof URL || value instanceof URLSearchParams) return done(String(value));
  if (types.isPromise(value)) return done("[Promise]");
  return undefined;
}

function done(result: unknown): Form {
  return { kind: "done", result };
}

function copyDate(date: Date): Date | string {
  const ms = Date.prototype.getTime.call(date);
  return Number.isNaN(ms) ? "Invalid Date" : Object.freeze(new Date(ms));
}

/** Bytes are copied; a numeric array such as an embedding becomes an array of its numbers. */
function viewForm(view: ArrayBufferView): Form {
  if (view instanceof Uint8Array || view instanceof DataView || view instanceof Uint8ClampedArray) {
    return done(new Uint8Array(bytesOf(view)));
  }
  if (!types.isTypedArray(view)) return done("[ArrayBufferView]");
  return { kind: "array", source: Array.from<unknown>(view) };
}

function bytesOf(view: ArrayBufferView): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
}

function errorForm(error: Error): Record<string, unknown> {
  const form: Record<string, unknown> = {
    name: readProperty(error, "name"),
    message: readProperty(error, "message"),
    stack: readProperty(error, "stack"),
  };
  if (Object.hasOwn(error, "cause")) form["cause"] = readProperty(error, "cause");
  if (Object.hasOwn(error, "errors")) form["errors"] = readProperty(error, "errors");
  for (const key of Object.keys(error)) setOwn(form, key, readProperty(error, key));
  return form;
}

function describeOther(value: unknown): string {
  if (typeof value === "symbol") return String(value);
  if (typeof value !== "function") return `[${typeof value}]`;
  const name: unknown = Reflect.get(value, "name");
  return typeof name === "string" && name !== "" ? `[Function: ${name}]` : "[Function]";
}

function classNameOf(value: object): string {
  const made: unknown = Reflect.get(value, "constructor");
  const name: unknown = typeof made === "function" ? Reflect.get(made, "name") : undefined;
  return typeof name === "string" && name !== "" ? name : "Object";
}

function unreadable(error: unknown): string {
  return `[Unreadable: ${messageOf(error)}]`;
}

/**
 * True where `capture(source)` would give a value equal to `captured`. It compares without making anything, so
 * unchanged parts of a long history cost no memory and a fraction of a copy's time. May say false too often, never true.
 */
export function isCaptureOf(source: unknown, captured: unknown): boolean {
  if (isPrimitive(source)) return source === captured || (Number.isNaN(source) && Number.isNaN(captured));
  if (typeof source !== "object" || source === null || typeof captured !== "object" || captured === null)
    return false;
  try {
    return isCaptureOfObject(source, captured);
  } catch {
    return false;
  }
}

function isCaptureOfObject(source: object, captured: object): boolean {
  if (Array.isArray(source)) return Array.isArray(captured) && hasItems(source, captured);
  if (isPlain(source)) return isPlain(captured) && hasProperties(source, captured);
  if (source instanceof Uint8Array)
    return captured instanceof Uint8Array && Buffer.compare(source, captured) === 0;
  if (types.isDate(source)) return types.isDate(captured) && source.getTime() === captured.getTime();
  if (specialForm(source) !== undefined || Array.isArray(captured) || !isPlain(captured)) return false;
  return isKeyed(source) && hasProperties(source, captured);
}

function isKeyed(source: object): source is Record<string, unknown> {
  return Object.keys(source).length > 0;
}

function hasItems(source: readonly unknown[], captured: readonly unknown[]): boolean {
  if (source.length !== captured.length) return false;
  for (let i = 0; i < source.length; i++) {
    if (!isCaptureOf(source[i] ?? null, captured[i])) return false;
  }
  return true;
}

type Keyed = Readonly<Record<string, unknown>>;

function hasProperties(source: Keyed, captured: Keyed): boolean {
  const toJSON = source["toJSON"];
  if (typeof toJSON === "function") return isCaptureOf(Reflect.apply(toJSON, source, [""]), captured);
  let properties = 0;
  for (const key in source) {
    if (!Object.hasOwn(source, key)) continue;
    const value = source[key];
    if (value === undefined) continue;
    if (!Object.hasOwn(captured, key) || !isCaptureOf(value, captured[key])) return false;
    properties++;
  }
  for (const _ in captured) properties--;
  return properties === 0;
}
