// What capture makes of an object: which kinds of objects there are, and how each is shown.
import * as types from "node:util/types";
import { readProperty, setOwn } from "./own-property.ts";
import { isPlain } from "./plain.ts";
import { sealed } from "./sealed.ts";

/** What capture makes of an object: what to walk, or the finished copy. */
export type Form =
  | { readonly kind: "array"; readonly source: readonly unknown[] }
  | { readonly kind: "keyed"; readonly source: object }
  | { readonly kind: "again"; readonly source: unknown }
  | { readonly kind: "map"; readonly source: Map<unknown, unknown> }
  | { readonly kind: "set"; readonly source: Set<unknown> }
  | { readonly kind: "done"; readonly result: unknown };

/** How an object is captured. May throw where the object is hostile. */
export function formOf(value: object): Form {
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

/** The form of what is neither a list nor keyed: dates, bytes, maps, errors and the like; undefined for the rest. */
export function specialForm(value: object): Form | undefined {
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
export function msOf(date: Date): number {
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

/** What is neither primitive nor an object, as text. */
export function describeOther(value: unknown): string {
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
