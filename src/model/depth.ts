// How deep values are nested: what comes from outside may be deeper than the stack.

/** True where objects and lists are nested in each other over more levels than that. */
export function isDeeperThan(value: unknown, most: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  if (most === 0) return true;
  if (Array.isArray(value)) return value.some((item) => isDeeperThan(item, most - 1));
  for (const key in value) if (isDeeperThan(Reflect.get(value, key), most - 1)) return true;
  return false;
}

/** As deep as captured values are, and what lies around them. */
export const MAX_NESTING = 190;
