// Values of attributes as text, counts and objects: what is of another type is undefined.

/** Text, or a number as text. */
export function textIn(value: unknown): string | undefined {
  if (typeof value === "string") return value;
  return typeof value === "number" || typeof value === "bigint" ? String(value) : undefined;
}

/** Text that says something. */
export function wordsIn(value: unknown): string | undefined {
  const text = textIn(value);
  return text === "" ? undefined : text;
}

/** A count: finite and not below 0. */
export function countIn(value: unknown): number | undefined {
  const count = typeof value === "bigint" ? Number(value) : value;
  return typeof count === "number" && Number.isFinite(count) && count >= 0 ? count : undefined;
}

export function isAnObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

/** An object's property; undefined where there is no object. */
export function fieldIn(value: unknown, key: string): unknown {
  return isAnObject(value) ? Reflect.get(value, key) : undefined;
}

/** The first of an object's properties that is neither null nor absent. */
export function firstField(value: unknown, ...keys: readonly string[]): unknown {
  for (const key of keys) {
    const found = fieldIn(value, key);
    if (found !== undefined && found !== null) return found;
  }
  return undefined;
}
