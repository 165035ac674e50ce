// The keys of objects with very many: V8 sorts them at each look, which for 150,000 takes 40 ms in one piece.

/** From so many on they are worth remembering. */
export const MANY_KEYS = 5_000;

const known = new WeakMap<object, readonly string[]>();

/** Remembers all keys of an object that nobody changes any more. */
export function rememberKeys(captured: object, keys: readonly string[]): void {
  known.set(captured, keys);
}

/** The own keys of a captured object. */
export function keysOf(captured: object): readonly string[] {
  return known.get(captured) ?? Object.keys(captured);
}

/** The properties of a captured object, one by one. */
export function* entriesIn(captured: object): Generator<readonly [string, unknown]> {
  for (const key of keysOf(captured)) yield [key, Reflect.get(captured, key)];
}

/** True where the keys are many, and known at once. */
export function hasManyKeys(captured: object): boolean {
  return known.has(captured);
}
