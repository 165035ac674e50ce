// How a stream is watched: in place, by methods of its own that hide those it inherits. So it stays the app's own object.

/** Gives an object a hidden method, which may be replaced and deleted. Throws where it is frozen. */
export function hideMethod(target: object, name: PropertyKey, value: (...args: unknown[]) => unknown): void {
  Object.defineProperty(target, name, { value, writable: true, configurable: true, enumerable: false });
}

/** A method as it is found on an object; undefined where there is none. */
export function methodOf(target: object, name: PropertyKey): ((...args: unknown[]) => unknown) | undefined {
  const method: unknown = Reflect.get(target, name);
  if (typeof method !== "function") return undefined;
  return (...args) => Reflect.apply(method, target, args);
}
