// Values of spans as lines that fit: escaped, their own line breaks kept, cut or whole.

import { escapedCharacters, isShownAsItIs } from "../model/escape.ts";
import { hasParts } from "../model/scalars.ts";
import { lossyValue } from "../model/values.ts";
import { boundedJson } from "./text.ts";
import { characterWidth, cutToWidth, displayWidth } from "./width.ts";

/** How much room there is. */
export interface Room {
  readonly width: number;
  /** Infinity cuts nothing. */
  readonly maxLines: number;
}

const TAB = "    ";
const UNITS_A_COLUMN = 4;

/** A value as escaped lines, at least one; the last ends with `…` where there was more. */
export function wrapped(value: unknown, { width, maxLines }: Room): string[] {
  const text = textOf(value, width, maxLines);
  const most = width * maxLines * UNITS_A_COLUMN;
  const lines: string[] = [];
  for (const line of text.slice(0, most).split(/\r\n|\n|\r/)) {
    for (const part of broken(line, width)) {
      if (lines.length === maxLines) return cutOff(lines, width);
      lines.push(part);
    }
  }
  return text.length > most ? cutOff(lines, width) : lines;
}

function textOf(value: unknown, width: number, maxLines: number): string {
  if (typeof value === "string") return value.trim();
  if (maxLines !== Number.POSITIVE_INFINITY) return boundedJson(value, width * maxLines + 1);
  const short = boundedJson(value, width + 1);
  return short.length <= width ? short : laidOutJson(value);
}

/** A value as JSON of many lines, for people: what JSON lacks is text. */
export function laidOutJson(value: unknown): string {
  return JSON.stringify(value, shown, 2);
}

/** What JSON lacks, as in a short text: lists for maps and sets, text for the rest. The record's tags are for programs. */
function shown(this: unknown, key: string): unknown {
  const value = typeof this === "object" && this !== null ? Reflect.get(this, key) : undefined;
  if (value instanceof Map || value instanceof Set) return [...value];
  return hasParts(value) ? value : lossyValue(value);
}

function cutOff(lines: string[], width: number): string[] {
  return [...lines.slice(0, -1), cutToWidth(`${lines[lines.length - 1] ?? ""} …`, width)];
}

/** One line in parts of the width, broken between words where it can be. */
function* broken(given: string, width: number): Iterable<string> {
  const line = given.replaceAll("\t", TAB);
  if (isShownAsItIs(line)) return yield* plainParts(line, width);
  let part = "";
  let used = 0;
  for (const shown of escapedCharacters(line)) {
    const takes = displayWidth(shown);
    if (used + takes > width || part.length > width * UNITS_A_COLUMN * 4) {
      const [full, rest] = atSpace(part);
      yield full;
      part = rest;
      if (part === "" && shown === " ") {
        used = 0;
        continue;
      }
      used = [...rest].reduce((sum, one) => sum + characterWidth(one), 0);
    }
    part += shown;
    used += takes;
  }
  yield part;
}

/** As below, where each character takes a column: cut, not put together, which takes a twentieth of the time. */
function* plainParts(line: string, width: number): Iterable<string> {
  let from = 0;
  while (line.length - from > width) {
    const [full, rest] = atSpace(line.slice(from, from + width));
    yield full;
    from += width - rest.length;
    if (rest === "" && line[from] === " ") from++;
  }
  yield line.slice(from);
}

/** Broken at the last space, unless that would leave more than half of the line empty. */
function atSpace(part: string): readonly [full: string, rest: string] {
  const at = part.lastIndexOf(" ");
  return at < part.length / 2 ? [part, ""] : [part.slice(0, at), part.slice(at + 1)];
}
