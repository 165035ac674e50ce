// A span's own attributes: key, value, key, value … in one list, which is all that most spans carry.

/** Own attributes beyond this many are looked up by a map. */
const SEARCHED_ATTRIBUTES = 32;

/** Sets an attribute in the list, or starts one; gives the list. */
export function setOwnAttribute(own: unknown[] | undefined, key: string, value: unknown): unknown[] {
  // With room for four: a list that grows from none would be given seventeen places, and a call to grow. No key is undefined.
  if (own === undefined)
    return [key, value, undefined, undefined, undefined, undefined, undefined, undefined];
  if (own.length > SEARCHED_ATTRIBUTES * 2) return setIndexed(own, key, value);
  for (let i = 0; i < own.length; i += 2) {
    const found = own[i];
    if (found !== key && found !== undefined) continue;
    own[i] = key;
    own[i + 1] = value;
    return own;
  }
  own.push(key, value);
  return own;
}

/** The value under that key; undefined where there is none. */
export function ownAttribute(own: readonly unknown[] | undefined, key: string): unknown {
  if (own === undefined) return undefined;
  if (own.length > SEARCHED_ATTRIBUTES * 2) {
    const at = indexOf(own).get(key);
    return at === undefined ? undefined : own[at + 1];
  }
  for (let i = 0; i < own.length; i += 2) if (own[i] === key) return own[i + 1];
  return undefined;
}

/** The list without places that are free. */
export function denseOwn(own: unknown[] | undefined): unknown[] {
  if (own === undefined) return [];
  let { length } = own;
  while (length > 0 && own[length - 2] === undefined) length -= 2;
  if (length < own.length) own.length = length;
  return own;
}

/** Where each key of a long list stands; as long as the list lives. */
const indexes = new WeakMap<readonly unknown[], Map<string, number>>();

function indexOf(own: readonly unknown[]): Map<string, number> {
  const known = indexes.get(own);
  if (known !== undefined) return known;
  const made = new Map<string, number>();
  for (let i = 0; i < own.length; i += 2) made.set(String(own[i]), i);
  indexes.set(own, made);
  return made;
}

function setIndexed(own: unknown[], key: string, value: unknown): unknown[] {
  const index = indexOf(own);
  const at = index.get(key);
  if (at !== undefined) {
    own[at + 1] = value;
    return own;
  }
  index.set(key, own.length);
  own.push(key, value);
  return own;
}
