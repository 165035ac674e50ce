// JSON laid out to a width: an object that fits a line is a line, plain values fill lines.

/** One piece of JSON with the class of its colour; undefined for what has none. */
export interface JsonPiece {
  readonly text: string;
  readonly kind: "jk" | "js" | "jn" | "jl" | undefined;
}

/** A letter of the monospaced font is about so wide, in pixels. */
export const LETTER = 7.23;
/** Deeper values are written on one line. */
const MAX_DEPTH = 40;

/** The lines of a value, at most about so many characters wide, of which `ahead` are taken on the first. */
export function prettyLines(value: unknown, width: number, ahead = 0): string[] {
  return linesOf(value, Math.max(20, width), { indent: 0, ahead }, MAX_DEPTH);
}

/** Values by their names on one line, without braces: `city: "Rotterdam", days: 1`. The first few hundred characters. */
export function gistOf(value: unknown): string {
  if (value === undefined || value === null) return "";
  if (typeof value === "string") return value.slice(0, MOST_GIST);
  if (Array.isArray(value) || !isContainer(value)) return flatOf(value).slice(0, MOST_GIST);
  const fields: string[] = [];
  for (const [key, one] of Object.entries(value)) {
    if (fields.length === MOST_FIELDS) break;
    fields.push(`${key}: ${flatOf(one)}`);
  }
  return fields.join(", ").slice(0, MOST_GIST);
}

const MOST_GIST = 300;
const MOST_FIELDS = 20;

/** How far the lines are indented, and what stands ahead of the first. */
interface Place {
  readonly indent: number;
  readonly ahead: number;
}

function linesOf(value: unknown, width: number, { indent, ahead }: Place, depth: number): string[] {
  const flat = flatOf(value);
  if (flat.length + indent + ahead <= width || !isContainer(value) || depth === 0) return flat.split("\n");
  const isList = Array.isArray(value);
  const [open, close] = isList ? ["[", "]"] : ["{", "}"];
  const entries: [string, unknown][] = isList
    ? value.map((one): [string, unknown] => ["", one])
    : Object.entries(value).map(([key, one]) => [`${JSON.stringify(key)}: `, one]);
  if (entries.every(([, one]) => !isContainer(one)))
    return filled(entries, { open, close, width: width - indent, ahead });
  const inner = indent + 2;
  const lines = [open];
  entries.forEach(([key, one], i) => {
    const place = { indent: inner, ahead: key.length > width / 2 ? 0 : key.length };
    const [first = "", ...rest] = linesOf(one, width, place, depth - 1);
    const own = [`${key}${first}`, ...rest];
    const comma = i < entries.length - 1 ? "," : "";
    own[own.length - 1] += comma;
    lines.push(...own.map((line) => `  ${line}`));
  });
  lines.push(close);
  return lines;
}

/** Plain values one behind the other, as many a line as fit. */
function filled(
  entries: readonly (readonly [string, unknown])[],
  {
    open,
    close,
    width,
    ahead,
  }: { readonly open: string; readonly close: string; readonly width: number; readonly ahead: number },
): string[] {
  const lines: string[] = [];
  let line = open;
  entries.forEach(([key, one], i) => {
    const piece = `${key}${flatOf(one)}${i < entries.length - 1 ? "," : close}`;
    const room = lines.length === 0 ? width - ahead : width;
    if (line.length > 1 && line.length + piece.length + 1 > room) {
      lines.push(line);
      line = ` ${piece}`;
    } else {
      line += line.length > 1 ? ` ${piece}` : piece;
    }
  });
  return [...lines, line];
}

function flatOf(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(flatOf).join(", ")}]`;
  if (isContainer(value)) {
    const fields = Object.entries(value).map(([key, one]) => `${JSON.stringify(key)}: ${flatOf(one)}`);
    return `{${fields.join(", ")}}`;
  }
  return JSON.stringify(value) ?? "null";
}

function isContainer(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

const PIECE =
  /("(?:[^"\\]|\\.)*")(\s*:)?|\b(true|false|null)\b|(?<![\w.-])(-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)(?!\w)/g;

/** The pieces of a line of JSON, for colours. */
export function piecesOf(line: string): JsonPiece[] {
  const pieces: JsonPiece[] = [];
  let from = 0;
  for (const match of line.matchAll(PIECE)) {
    const [whole, text, colon, literal, number] = match;
    if (match.index > from) pieces.push({ text: line.slice(from, match.index), kind: undefined });
    if (text !== undefined) {
      pieces.push({ text, kind: colon === undefined ? "js" : "jk" });
      if (colon !== undefined) pieces.push({ text: colon, kind: undefined });
    } else if (literal !== undefined) pieces.push({ text: literal, kind: "jl" });
    else pieces.push({ text: number ?? whole, kind: "jn" });
    from = match.index + whole.length;
  }
  if (from < line.length) pieces.push({ text: line.slice(from), kind: undefined });
  return pieces;
}
