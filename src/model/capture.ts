// Capture: any value becomes a frozen copy that nobody can change, that never throws and that has bounds.
import { describeOther, formOf } from "./capture-form.ts";
import { MANY_KEYS, rememberKeys } from "./many-keys.ts";
import { readProperty, setOwn, unreadable } from "./own-property.ts";
import { sealed } from "./sealed.ts";

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
export const REMEMBERED_FROM = 1000;
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
