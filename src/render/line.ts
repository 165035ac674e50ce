// A value on one line, as rows show it.
import { cut } from "../model/cut.ts";
import { isPlain } from "../model/plain.ts";
import { boundedJson } from "./text.ts";

/** A value on one line of at most 160 characters: `city: "Rotterdam", days: 1`. Never more work than what is shown. */
export function lineOf(value: unknown): string {
  if (value === undefined || value === null) return "";
  const text = typeof value === "string" ? value.slice(0, MAX_LINE * 8) : fieldsOf(value);
  return cut(text.replace(/\s+/g, " ").trim(), MAX_LINE);
}

function fieldsOf(value: unknown): string {
  if (typeof value !== "object" || value === null || !isPlain(value)) return boundedJson(value, MAX_LINE + 1);
  const fields: string[] = [];
  let length = 0;
  for (const key of Object.keys(value)) {
    if (length > MAX_LINE) break;
    const field = `${key.slice(0, MAX_LINE)}: ${boundedJson(Reflect.get(value, key), MAX_LINE - length + 1)}`;
    length += field.length + 2;
    fields.push(field);
  }
  return fields.join(", ");
}

const MAX_LINE = 160;
