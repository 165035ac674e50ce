// One property of an object, read and set so that nothing of the object's own runs unheeded.
import { messageOf } from "./errors.ts";

/** Sets an own property, `__proto__` included, without running a setter. */
export function setOwn(target: Record<string, unknown>, key: string, value: unknown): void {
  if (key === "__proto__") {
    Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true });
  } else {
    target[key] = value;
  }
}

/** Reads a property; a getter that throws gives a marker. */
export function readProperty(source: object, key: string): unknown {
  try {
    return Reflect.get(source, key);
  } catch (error) {
    return unreadable(error);
  }
}

/** What stands in the place of a value that could not be read. */
export function unreadable(error: unknown): string {
  return `[Unreadable: ${messageOf(error)}]`;
}
