// Values given again: what was captured before and has not changed is shared, so a growing history costs what is new.
import { Capture, capture, isPrimitive } from "./capture.ts";
import { isCaptureOf } from "./capture-comparison.ts";
import { isCaptured } from "./captured.ts";
import { setOwn } from "./own-property.ts";
import { isPlain } from "./plain.ts";

/** How many messages may be new since the last capture for the earlier one to be found by its last message. */
const LOOK_BACK = 64;
/** Levels of containers in which unchanged parts are looked for: a request, its messages, a message. */
const SHARED_LEVELS = 3;
/** A container with more new items than this is captured as a whole, under the bounds of one capture. */
const MOST_NEW_ITEMS = 10_000;

const SMALL_OBJECT = 8;

type Keyed = Readonly<Record<string, unknown>>;

/**
 * The first `length` items of a captured array that grows at its end. All captures of one history share `items`, so
 * each costs two words and its new items. Never handed out: `reveal` gives the plain array.
 */
class CapturedList {
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
/** Lists by what was revealed of them. */
const revealed = new WeakMap<object, CapturedList>();

/**
 * Like `capture`, but shares what an earlier capture of the same objects already holds. The result is for `reveal`. What is
 * shared does not count against the bounds, so a history may grow beyond a million values.
 */
export function captureShared(value: unknown): unknown {
  if (isPrimitive(value) || typeof value !== "object" || value === null) return capture(value);
  if (isCaptured(value)) return value;
  try {
    if (value instanceof CapturedList) return value;
    const walk = new SharedCapture();
    const captured = Array.isArray(value) ? captureList(value, walk) : captureObject(value, walk);
    if (!walk.spent) return captured ?? null;
  } catch {
    // A hostile value; a plain capture marks what cannot be read.
  }
  return capture(value);
}

/**
 * What `captureShared` would make of these items, which are as `capture` leaves them. For whoever keeps a history of
 * their own that grows at its end: to give it to a span costs two words. Only for attributes of this copy of the package.
 */
export function historyOf(items: unknown[]): object {
  return new CapturedList(items, items.length);
}

/** The items of what `captureShared` made of a list, and how many of them count; undefined for anything else. */
export function sharedItems(
  captured: unknown,
): { readonly items: readonly unknown[]; readonly length: number } | undefined {
  return captured instanceof CapturedList ? captured : undefined;
}

/** The plain frozen value of what `captureShared` gave. */
export function reveal(captured: unknown): unknown {
  return captured instanceof CapturedList ? revealList(captured) : captured;
}

function revealList(list: CapturedList): readonly unknown[] {
  const plain = Object.freeze(list.items.slice(0, list.length));
  revealed.set(plain, list);
  return plain;
}

/** What `reveal` made a plain list of: who keeps that has one list in memory with all who share its items. Undefined for any other value. */
export function sharedList(value: unknown): unknown {
  return Array.isArray(value) ? revealed.get(value) : undefined;
}

/** A plain frozen list of `items`, as `reveal` gives it. They are captured values, and only grow at their end from now on. */
export function listOf(items: unknown[]): readonly unknown[] {
  return revealList(new CapturedList(items, items.length));
}

function captureObject(source: object, walk: SharedCapture): unknown {
  if (!isPlain(source)) return walk.value(source);
  const captured = walk.beside(source, bySource.get(source), SHARED_LEVELS);
  if (isWorthKeeping(captured)) bySource.set(source, captured);
  return captured;
}

/** A small flat object takes less to copy again than to remember. */
function isWorthKeeping(captured: unknown): boolean {
  if (typeof captured !== "object" || captured === null) return false;
  let properties = 0;
  for (const key in captured) {
    const value: unknown = Reflect.get(captured, key);
    if ((typeof value === "object" && value !== null) || ++properties > SMALL_OBJECT) return true;
  }
  return false;
}

function captureList(source: readonly unknown[], walk: SharedCapture): unknown {
  const last = source[source.length - 1];
  if (typeof last !== "object" || last === null) return walk.value(source);
  const list = walk.list(source, earlierList(source)?.items ?? []);
  if (list === undefined) return walk.value(source);
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

function samePrefix(source: readonly unknown[], known: readonly unknown[]): number {
  const end = Math.min(source.length, known.length);
  let i = 0;
  while (i < end && isCaptureOf(source[i] ?? null, known[i])) i++;
  return i;
}

/** A capture that takes over unchanged parts. Cycles and bounds are those of the whole value, as in `capture`. */
class SharedCapture {
  readonly #walk = new Capture();

  get spent(): boolean {
    return this.#walk.spent;
  }

  value(source: unknown): unknown {
    return this.#walk.value(source);
  }

  /** Shares the items that are the same, grows the shared array where nobody else has, and branches off where one has. */
  list(source: readonly unknown[], known: unknown[]): CapturedList | undefined {
    const { length } = source;
    const shared = samePrefix(source, known);
    if (length - shared > MOST_NEW_ITEMS) return undefined;
    this.#walk.enter(source);
    const added: unknown[] = [];
    for (let i = shared; i < length; i++) {
      added.push(this.beside(source[i] ?? null, known[i], SHARED_LEVELS - 1) ?? null);
    }
    this.#walk.leave();
    // Only now, since a getter in the new items may itself have captured this history.
    const items = shared === known.length || added.length === 0 ? known : known.slice(0, shared);
    items.push(...added);
    return new CapturedList(items, length);
  }

  /** A capture of `source` that shares what it can with an earlier capture `beside` it, down to `levels` containers. */
  beside(source: unknown, beside: unknown, levels: number): unknown {
    if (typeof source !== "object" || source === null) return this.value(source);
    if (isCaptured(source)) return source;
    if (typeof beside !== "object" || beside === null) return this.value(source);
    if (isCaptureOf(source, beside)) return beside;
    if (levels === 0) return this.value(source);
    if (Array.isArray(source) && Array.isArray(beside)) return this.#items(source, beside, levels - 1);
    if (Array.isArray(source) || !isPlain(source) || !isPlain(beside)) return this.value(source);
    return this.#properties(source, beside, levels - 1);
  }

  #items(source: readonly unknown[], beside: readonly unknown[], levels: number): unknown {
    if (source.length > MOST_NEW_ITEMS) return this.value(source);
    const marker = this.#walk.enter(source);
    if (marker !== undefined) return marker;
    const copy: unknown[] = [];
    for (let i = 0; i < source.length; i++) copy.push(this.beside(source[i], beside[i], levels) ?? null);
    this.#walk.leave();
    return Object.freeze(copy);
  }

  #properties(source: Keyed, beside: Keyed, levels: number): unknown {
    const keys = Object.keys(source);
    if (keys.length > MOST_NEW_ITEMS || typeof source["toJSON"] === "function") return this.value(source);
    const marker = this.#walk.enter(source);
    if (marker !== undefined) return marker;
    const copy: Record<string, unknown> = {};
    for (const key of keys) {
      const before = Object.hasOwn(beside, key) ? beside[key] : undefined;
      const value = this.beside(source[key], before, levels);
      if (value !== undefined) setOwn(copy, key, value);
    }
    this.#walk.leave();
    return Object.freeze(copy);
  }
}
