// The keys of objects that may have very many of them: to list these takes long, so it is done once.

/** Objects with very many keys. */
const wide = new WeakSet<object>();

/** The keys of an object; undefined where there are more than `most`. */
export function keysUpTo(most: number, form: object): string[] | undefined {
  if (most < WIDE && wide.has(form)) return undefined;
  const keys = Object.keys(form);
  if (keys.length >= WIDE) wide.add(form);
  return keys.length <= most ? keys : undefined;
}

/** The entries of an object, one by one. */
export function* entriesIn(source: object): Generator<[string, unknown]> {
  for (const key of Object.keys(source)) yield [key, Reflect.get(source, key)];
}

const WIDE = 10_000;
