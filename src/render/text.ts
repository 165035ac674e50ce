// Values as short text: escaped, cut, and never more work than what is shown.

import { escapedCharacters } from "../model/escape.ts";
import { entriesIn } from "../model/many-keys.ts";
import { hasParts } from "../model/scalars.ts";
import { lossyValue } from "../model/values.ts";

/** Characters a line of a value where nobody says. */
export const DEFAULT_LENGTH = 160;
/** Columns of the labels of a span's block, which stand before the values. */
export const LABEL_WIDTH = 16;

/** How much of a value is shown. */
export interface Cut {
  /** Characters a line. */
  readonly maxLength: number;
  readonly maxLines: number;
}

/** A value as escaped lines of at most `maxLength` characters; `...` ends what was cut. */
export function textLines(value: unknown, { maxLength, maxLines }: Cut): string[] {
  const room = maxLength * maxLines;
  // A character is at least one wide, so no more than `room` of them can be shown.
  const whole = (typeof value === "string" ? value : boundedJson(value, room + 1))
    .slice(0, room + 256)
    .trim();
  const lines: string[] = [];
  let line = "";
  for (const shown of escapedCharacters(whole)) {
    if (line.length + shown.length > maxLength) {
      if (lines.length + 1 === maxLines) return [...lines, ellipsis(line, maxLength)];
      lines.push(line);
      line = "";
    }
    line += shown;
  }
  const isCut = typeof value === "string" && value.length > room + 256;
  lines.push(isCut ? ellipsis(line, maxLength) : line);
  return lines;
}

/** A value as one line. */
export function oneLine(value: unknown, maxLength: number): string {
  return textLines(value, { maxLength, maxLines: 1 })[0] ?? "";
}

function ellipsis(line: string, maxLength: number): string {
  return `${line.slice(0, Math.max(0, maxLength - 3))}...`;
}

/** JSON text of a value, no longer than about `limit` characters however large the value is. */
export function boundedJson(value: unknown, limit: number): string {
  if (typeof value === "string") return JSON.stringify(value.slice(0, limit));
  if (Array.isArray(value)) return joined(value, "[", "]", limit, boundedJson);
  if (value instanceof Uint8Array) return `"${Buffer.from(value.subarray(0, limit)).toString("base64")}"`;
  if (value instanceof Set || value instanceof Map) return joined(value, "[", "]", limit, boundedJson);
  if (!hasParts(value)) return JSON.stringify(lossyValue(value));
  const member = ([key, inner]: readonly [string, unknown], left: number) =>
    `${JSON.stringify(key)}: ${boundedJson(inner, left)}`;
  return joined(entriesIn(value), "{", "}", limit, member);
}

function joined<T>(
  items: Iterable<T>,
  open: string,
  close: string,
  limit: number,
  show: (item: T, left: number) => string,
): string {
  let text = open;
  for (const item of items) {
    if (text.length >= limit) break;
    text += (text.length > 1 ? ", " : "") + show(item, limit - text.length);
  }
  return text + close;
}
