// Capture: any value becomes a frozen copy that nobody can change, that never throws and that has bounds.
import * as types from "node:util/types";
import { messageOf } from "./errors.ts";
import { MANY_KEYS, rememberKeys } from "./many-keys.ts";
import { isPlain } from "./plain.ts";

/** Containers nested deeper than this are replaced by a marker. */
export const MAX_DEPTH = 200;
/** A value of more nodes than this ends in a marker. */
export const MAX_NODES = 1_000_000;

/** The marker. */
export const TOO_DEEP: string = `[Truncated: more than ${MAX_DEPTH} levels]`;
const TOO_MANY = `[Truncated: more than ${MAX_NODES} values]`;
const CIRCULAR = "[Circular]";

/**
 * A frozen copy of `value` as it is now: plain objects and arrays of strings, numbers, booleans, null, bigints, Dates,
 * Uint8Arrays, Maps and Sets. Anything else is shown: an error as `{ name, message, stack }`, a URL or RegExp as its text, an
 * object with `toJSON` as what that returns, a class instance as its own properties, a function as `[Function: name]`.
 * Undefined properties are left out; undefined in an array is null, and so is an object whose `toJSON` gives undefined. Getters that throw, cycles, and what lies beyond
 * the bounds become a marker in brackets. Never throws.
 */
export function capture(value: unknown): unknown {
  if (isPrimitive(value)) return value;
  try {
    return new Capture().value(value) ?? null;
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

/** A container that was captured already in the same walk. */
interface Known {
  readonly copy: unknown;
  /** Values in it, each counted as often as there are ways to it: what it adds to whatever is written out whole. */
  readonly nodes: number;
  /** Containers nested in it. */
  readonly levels: number;
  /** How deep it stood. */
  readonly depth: number;
}

/** So many containers are captured before what comes again is looked for: most values have fewer. */
const REMEMBERED_FROM = 1000;
/** What has fewer values is as soon captured again. */
const REMEMBERED_NODES = 32;
/** Bytes from this size on are captured once from the first. */
const LARGE_BYTES = 4096;

/** One walk over one value, with its bounds. Whoever walks a container by itself enters and leaves it. */
export class Capture {
  #left: number = MAX_NODES;
  readonly #path: object[] = [];
  #deepest = 0;
  #known: Map<object, Known[]> | undefined;

  /** True where the value had more nodes than one capture takes. */
  get spent(): boolean {
    return this.#left <= 0;
  }

  /** Steps into a container; the marker that stands in its place where it is a cycle or beyond the bounds. */
  enter(container: object): string | undefined {
    if (this.#left-- <= 0) return TOO_MANY;
    if (this.#path.includes(container)) return CIRCULAR;
    if (this.#path.length >= MAX_DEPTH) return TOO_DEEP;
    this.#path.push(container);
    return undefined;
  }

  leave(): void {
    this.#path.pop();
  }

  value(value: unknown): unknown {
    if (typeof value !== "object" || value === null) return this.#leaf(value);
    const known = this.#known?.get(value)?.find((one) => this.#fits(one));
    if (known !== undefined) return this.#again(known);
    const left = this.#left;
    const marker = this.enter(value);
    if (marker !== undefined) return marker;
    const outer = this.#deepest;
    const depth = this.#path.length;
    this.#deepest = depth;
    try {
      const copy = this.#object(value);
      const nodes = left - this.#left;
      if (isWorth(left, nodes) || isLarge(copy)) this.#remember(value, { copy, nodes, depth });
      return copy;
    } catch (error) {
      return unreadable(error);
    } finally {
      this.#deepest = Math.max(outer, this.#deepest);
      this.leave();
    }
  }

  /** A copy may go where the levels end for none of its parts; one of which they end, only as deep as it stood. */
  #fits({ nodes, levels, depth }: Known): boolean {
    const here = this.#path.length + 1;
    return nodes <= this.#left && (here === depth || Math.max(here, depth) + levels < MAX_DEPTH);
  }

  #again({ copy, nodes, levels }: Known): unknown {
    this.#left -= nodes;
    this.#deepest = Math.max(this.#deepest, this.#path.length + 1 + levels);
    return copy;
  }

  #remember(source: object, known: Omit<Known, "levels">): void {
    this.#known ??= new Map();
    const others = this.#known.get(source) ?? [];
    this.#known.set(source, [...others, { ...known, levels: this.#deepest - known.depth }]);
  }

  #leaf(value: unknown): unknown {
    if (this.#left-- <= 0) return TOO_MANY;
    return isPrimitive(value) ? value : describeOther(value);
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
      if (this.spent) {
        copy.push(TOO_MANY);
        break;
      }
      copy.push(this.value(source[i]) ?? null);
    }
    return Object.freeze(copy);
  }

  #keyed(source: object): unknown {
    const copy: Record<string, unknown> = {};
    const keys = Object.keys(source);
    for (const key of keys) {
      if (this.spent) {
        setOwn(copy, key, TOO_MANY);
        break;
      }
      const value = this.value(readProperty(source, key));
      if (value !== undefined) setOwn(copy, key, value);
    }
    if (keys.length >= MANY_KEYS)
      rememberKeys(
        copy,
        keys.filter((key) => Object.hasOwn(copy, key)),
      );
    return Object.freeze(copy);
  }

  #map(source: Map<unknown, unknown>): unknown {
    const copy = new Map<unknown, unknown>();
    for (const [key, value] of Map.prototype.entries.call(source)) {
      if (this.spent) {
        copy.set(TOO_MANY, TOO_MANY);
        break;
      }
      copy.set(this.value(key) ?? null, this.value(value) ?? null);
    }
    return sealed(copy);
  }

  #set(source: Set<unknown>): unknown {
    const copy = new Set<unknown>();
    for (const value of Set.prototype.values.call(source)) {
      if (this.spent) {
        copy.add(TOO_MANY);
        break;
      }
      copy.add(this.value(value) ?? null);
    }
    return sealed(copy);
  }
}

/** True where the walk has gone on for long, and what was captured is more than a little. */
function isWorth(left: number, nodes: number): boolean {
  return nodes >= REMEMBERED_NODES && left - nodes <= MAX_NODES - REMEMBERED_FROM;
}

function isLarge(copy: unknown): boolean {
  return copy instanceof Uint8Array && copy.length >= LARGE_BYTES;
}

/** Reads a property; a getter that throws gives a marker. */
export function readProperty(source: object, key: string): unknown {
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
  const shown: unknown = typeof toJSON === "function" ? Reflect.apply(toJSON, value, [""]) : value;
  if (shown !== value) return { kind: "again", source: shown };
  if (plain || Object.keys(value).length > 0) return { kind: "keyed", source: value };
  return { kind: "done", result: `[${classNameOf(value)}]` };
}

/** A map, set or date whose changing methods throw: Object.freeze does not reach what they hold. */
export function sealed<T extends Map<unknown, unknown> | Set<unknown> | Date>(value: T): T {
  const methods = value instanceof Date ? DATE_SETTERS : COLLECTION_SETTERS;
  for (const name of methods) Object.defineProperty(value, name, { value: refuse });
  return Object.freeze(value);
}

const COLLECTION_SETTERS = ["set", "add", "delete", "clear"] as const;
const DATE_SETTERS = Object.getOwnPropertyNames(Date.prototype).filter((name) => name.startsWith("set"));

function refuse(): never {
  throw new TypeError("What a span holds cannot be changed; make a copy.");
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
  const ms = msOf(date);
  return Number.isNaN(ms) ? "Invalid Date" : sealed(new Date(ms));
}

/** A date's own `getTime` may be anything. */
function msOf(date: Date): number {
  return Date.prototype.getTime.call(date);
}

/** Bytes are copied; a numeric array such as an embedding becomes an array of its numbers. */
function viewForm(view: ArrayBufferView): Form {
  if (types.isUint8Array(view) || types.isUint8ClampedArray(view) || types.isDataView(view)) {
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
  const name: unknown = readProperty(value, "name");
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
  looked = 0;
  try {
    return holds(captured, source);
  } catch {
    return false;
  } finally {
    proven = undefined;
  }
}

/** Containers looked at by the comparison under way; what of a large one was found to hold, which may come again. */
let looked = 0;
let proven: Map<object, object> | undefined;

function holds(captured: unknown, source: unknown): boolean {
  if (typeof source !== "object" || source === null)
    return isPrimitive(source) && Object.is(source, captured);
  if (typeof captured !== "object" || captured === null) return false;
  if (++looked <= REMEMBERED_FROM) return holdsContainer(captured, source);
  if (proven?.get(captured) === source) return true;
  if (!holdsContainer(captured, source)) return false;
  proven ??= new Map();
  proven.set(captured, source);
  return true;
}

function holdsContainer(captured: object, source: object): boolean {
  if (Array.isArray(source)) return Array.isArray(captured) && holdsItems(captured, source);
  if (isPlain(source)) return isPlain(captured) && holdsProperties(captured, source);
  return holdsInstance(captured, source);
}

function holdsInstance(captured: object, source: object): boolean {
  if (source instanceof Uint8Array)
    return captured instanceof Uint8Array && Buffer.compare(source, captured) === 0;
  if (types.isDate(source)) return types.isDate(captured) && msOf(source) === msOf(captured);
  if (specialForm(source) !== undefined || Array.isArray(captured) || !isPlain(captured)) return false;
  return isKeyed(source) && holdsProperties(captured, source);
}

function isKeyed(source: object): source is Record<string, unknown> {
  return Object.keys(source).length > 0;
}

function holdsItems(captured: readonly unknown[], source: readonly unknown[]): boolean {
  if (source.length !== captured.length) return false;
  for (let i = 0; i < source.length; i++) {
    if (!holds(captured[i], source[i] ?? null)) return false;
  }
  return true;
}

type Keyed = Readonly<Record<string, unknown>>;

/**
 * The hot loop of a long history: no own-property checks. An inherited property makes the counts differ or a comparison
 * fail, so it can only make the answer no; but for `__proto__`, which every object has.
 */
function holdsProperties(captured: Keyed, source: Keyed): boolean {
  const { toJSON } = source;
  const shown: unknown = typeof toJSON === "function" ? Reflect.apply(toJSON, source, [""]) : source;
  if (shown !== source) return holds(captured, shown);
  let properties = 0;
  for (const key in source) {
    const value = source[key];
    if (value === undefined) continue;
    if (key === "__proto__" || !holds(captured[key], value)) return false;
    properties++;
  }
  for (const _ in captured) properties--;
  return properties === 0;
}
