// Maps, sets and dates that nobody can change.

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
