// Values given again: what was captured before and has not changed is shared, so a growing history costs what is new.
import { capture, isCaptureOf, isPlain, isPrimitive, setOwn } from "./capture.ts";

/** How many messages may be new since the last capture for the earlier one to be found by its last message. */
const LOOK_BACK = 64;
/** Levels of containers in which unchanged parts are looked for: a request, its messages, a message. */
const SHARED_LEVELS = 3;
/** A container with more new items than this is captured as a whole, under the bounds of one capture. */
const MOST_NEW_ITEMS = 10_000;

type Keyed = Readonly<Record<string, unknown>>;

/**
 * The first `length` items of a captured array that grows at its end. All captures of one history share `items`, so
 * each costs two words and its new items. Never handed out: `reveal` gives the plain array.
 */
export class CapturedList {
  readonly items: unknown[];
  readonly length: number;

  constructor(items: unknown[], length: number) {
    this.items = items;
    this.length = length;
  }
}

/** Captures by the object they were made of, and by the last message they held; neither keeps an object alive. */
const bySource = new WeakMap<object, unknown>();
const byLastItem = new WeakMap<object, CapturedList>();

/** Like `capture`, but shares what an earlier capture of the same objects already holds. The result is for `reveal`. */
export function captureShared(value: unknown): unknown {
  if (isPrimitive(value) || typeof value !== "object" || value === null) return capture(value);
  try {
    return Array.isArray(value) ? captureList(value) : captureObject(value);
  } catch {
    return capture(value);
  }
}

/** The plain frozen value of what `captureShared` gave. */
export function reveal(captured: unknown): unknown {
  if (!(captured instanceof CapturedList)) return captured;
  return Object.freeze(captured.items.slice(0, captured.length));
}

function captureObject(source: object): unknown {
  if (!isPlain(source)) return capture(source);
  const captured = captureBeside(source, bySource.get(source), SHARED_LEVELS);
  bySource.set(source, captured);
  return captured;
}

function captureList(source: readonly unknown[]): unknown {
  const last = source[source.length - 1];
  if (typeof last !== "object" || last === null) return capture(source);
  const list = continueList(source, earlierList(source));
  if (list === undefined) return capture(source);
  bySource.set(source, list);
  byLastItem.set(last, list);
  return list;
}

/** The capture that `source` most likely continues: of the same array, or of one that ended in one of its messages. */
function earlierList(source: readonly unknown[]): CapturedList | undefined {
  const same = bySource.get(source);
  if (same instanceof CapturedList) return same;
  for (let i = source.length - 1; i >= 0 && i >= source.length - LOOK_BACK; i--) {
    const item = source[i];
    const list = typeof item === "object" && item !== null ? byLastItem.get(item) : undefined;
    if (list !== undefined && list.length === i + 1) return list;
  }
  return undefined;
}

/** Shares the items that are the same, grows the shared array where nobody else has, and branches off where one has. */
function continueList(
  source: readonly unknown[],
  earlier: CapturedList | undefined,
): CapturedList | undefined {
  const known = earlier?.items ?? [];
  const shared = samePrefix(source, known);
  if (source.length - shared > MOST_NEW_ITEMS) return undefined;
  const items = shared < known.length && shared < source.length ? known.slice(0, shared) : known;
  for (let i = shared; i < source.length; i++) {
    items.push(captureBeside(source[i] ?? null, known[i], SHARED_LEVELS - 1));
  }
  return new CapturedList(items, source.length);
}

function samePrefix(source: readonly unknown[], known: readonly unknown[]): number {
  const end = Math.min(source.length, known.length);
  let i = 0;
  while (i < end && isCaptureOf(source[i] ?? null, known[i])) i++;
  return i;
}

/** A capture of `source` that shares what it can with an earlier capture `beside` it, down to `levels` containers. */
function captureBeside(source: unknown, beside: unknown, levels: number): unknown {
  if (typeof beside !== "object" || beside === null || isPrimitive(source)) return capture(source);
  if (isCaptureOf(source, beside)) return beside;
  if (levels === 0 || typeof source !== "object" || source === null) return capture(source);
  if (Array.isArray(source) && Array.isArray(beside)) return itemsBeside(source, beside, levels - 1);
  if (isPlain(source) && isPlain(beside) && !Array.isArray(source))
    return propertiesBeside(source, beside, levels - 1);
  return capture(source);
}

function itemsBeside(source: readonly unknown[], beside: readonly unknown[], levels: number): unknown {
  if (source.length > MOST_NEW_ITEMS) return capture(source);
  return Object.freeze(Array.from(source, (item, i) => captureBeside(item ?? null, beside[i], levels)));
}

function propertiesBeside(source: Keyed, beside: Keyed, levels: number): unknown {
  const keys = Object.keys(source);
  if (keys.length > MOST_NEW_ITEMS || typeof source["toJSON"] === "function") return capture(source);
  const copy: Record<string, unknown> = {};
  for (const key of keys) {
    const before = Object.hasOwn(beside, key) ? beside[key] : undefined;
    const value = captureBeside(source[key], before, levels);
    if (value !== undefined) setOwn(copy, key, value);
  }
  return Object.freeze(copy);
}
