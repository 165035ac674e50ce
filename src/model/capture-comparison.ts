// Whether a captured value is what capture would make of a value now, found without making it.
import * as types from "node:util/types";
import { isPrimitive, REMEMBERED_FROM } from "./capture.ts";
import { msOf, specialForm } from "./capture-form.ts";
import { isPlain } from "./plain.ts";

/**
 * True where `capture(source)` would give a value equal to `captured`. It compares without making anything, so
 * unchanged parts of a long history cost no memory and a fraction of a copy's time. May say false too often, never true.
 */
export function isCaptureOf(source: unknown, captured: unknown): boolean {
  if (Object.is(source, captured)) return true;
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

/** A text is mostly the very same. */
function holdsProperty(captured: unknown, value: unknown): boolean {
  return typeof value === "string" ? value === captured : holds(captured, value);
}

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
    if (key === "__proto__" || !holdsProperty(captured[key], value)) return false;
    properties++;
  }
  for (const _ in captured) properties--;
  return properties === 0;
}
