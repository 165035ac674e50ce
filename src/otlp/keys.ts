// The keys of objects that may have very many of them: listed once, when they were captured.
import { keysOf } from "../model/many-keys.ts";

/** The keys of an object; undefined where there are more than `most`. */
export function keysUpTo(most: number, form: object): readonly string[] | undefined {
  const keys = keysOf(form);
  return keys.length <= most ? keys : undefined;
}
