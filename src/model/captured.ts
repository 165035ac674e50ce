// Values that are known to be captured, so that they are not captured again.

const known = new WeakSet<object>();

/** Takes note that a value is as `capture` would leave it: frozen to its depths, of the kinds that a span holds. */
export function asCaptured<T extends object>(value: T): T {
  known.add(value);
  return value;
}

/** True for a value of which that is known. */
export function isCaptured(value: unknown): boolean {
  return typeof value === "object" && value !== null && known.has(value);
}
