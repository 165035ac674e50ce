// A value as JavaScript that gives it, on one line.
import { replaceUnsafe } from "../../model/escape.ts";

/** The literal of a value of JSON. What could hide or turn round the text of a line is escaped. */
export function literal(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(literal).join(", ")}]`;
  if (typeof value !== "object" || value === null) return scalar(value);
  const fields = Object.entries(value).map(([key, inner]) => `${keyOf(key)}: ${literal(inner)}`);
  return fields.length === 0 ? "{}" : `{ ${fields.join(", ")} }`;
}

function scalar(value: unknown): string {
  return replaceUnsafe(JSON.stringify(value) ?? "undefined", escaped);
}

/** `{ __proto__: … }` would be no key. */
function keyOf(key: string): string {
  if (key === "__proto__") return '["__proto__"]';
  return /^[A-Za-z_$][\w$]*$/.test(key) ? key : scalar(key);
}

/** Each half of a character is an escape of its own. */
function escaped(character: string): string {
  return [...Array(character.length).keys()]
    .map((i) => `\\u${character.charCodeAt(i).toString(16).padStart(4, "0")}`)
    .join("");
}
