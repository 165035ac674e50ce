// The lines of a journal segment: a header, entries, parts of large entries, and acknowledgements. Each ends in its checksum.
import { crc32 } from "node:zlib";
import type { Owner } from "./journal-owner.ts";
import { type NumberRange, NumberRanges } from "./number-ranges.ts";

/** What a line says. */
export type Line =
  | { readonly kind: "header" }
  /** A span's record, as text. */
  | { readonly kind: "entry"; readonly number: number; readonly record: string }
  /** Some bytes of a large entry, in order. */
  | { readonly kind: "part"; readonly number: number; readonly bytes: Buffer }
  /** A large entry is whole: it has so many parts. */
  | { readonly kind: "whole"; readonly number: number; readonly parts: number }
  | { readonly kind: "acknowledged"; readonly ranges: readonly NumberRange[] }
  /** Torn, changed, or nothing that this format knows; it looks like what is left of so many entries. */
  | { readonly kind: "broken"; readonly entries: number };

/** The first line: who began the segment, and for which destination. For people: the file's name decides. */
export function headerText(owner: Owner, version: number, destination: string): string {
  return JSON.stringify({ tracelight_journal: version, destination, owner, created_at: new Date() });
}

/** A part of a large entry. */
export function partText(number: number, bytes: Buffer): string {
  return `:${number} ${bytes.toString("base64")}`;
}

/** The end of a large entry. */
export function wholeText(number: number, parts: number): string {
  return `+${number} :${parts}`;
}

/** Entries that are delivered. The semicolon tells a whole line from a torn one, whose last number may lack digits. */
export function acknowledgementText(ranges: Iterable<NumberRange>): string {
  return `-${new NumberRanges(ranges)};`;
}

/** Lines of the first version have no checksum. */
const FIRST_CHECKED = 2;
const CHECKSUM_DIGITS = 8;
/** What a line takes beyond its text. */
export const LINE_EXTRA_BYTES: number = CHECKSUM_DIGITS + 2;

/** Writes the line of a text of a segment of that version; how many bytes it took. There must be room. */
export function writeLine(target: Buffer, text: string, version: number): number {
  let at = target.write(text);
  if (version >= FIRST_CHECKED) at = writeChecksum(target, text, at);
  target[at] = NEW_LINE;
  return at + 1;
}

/** The sum is of the text's bytes: to name those in `target` would make an object for each line. */
function writeChecksum(target: Buffer, text: string, at: number): number {
  const sum = crc32(text);
  target[at] = SPACE;
  for (let digit = 1; digit <= CHECKSUM_DIGITS; digit++) {
    const value = (sum >>> (4 * (CHECKSUM_DIGITS - digit))) & 0xf;
    target[at + digit] = value + (value < 10 ? ZERO : LETTER_A - 10);
  }
  return at + 1 + CHECKSUM_DIGITS;
}

/** The same in a buffer of its own. */
export function lineOf(text: string, version: number): Buffer {
  const target = Buffer.allocUnsafe(Buffer.byteLength(text) + LINE_EXTRA_BYTES);
  return target.subarray(0, writeLine(target, text, version));
}

/** Reads a line of a segment of that version, without its end. */
export function parseLine(line: Buffer, version: number): Line {
  const text = version >= FIRST_CHECKED ? checked(line) : line;
  if (text === undefined) return broken(line);
  switch (text[0]) {
    case PLUS:
      return parseEntry(text);
    case COLON:
      return parsePart(text);
    case MINUS:
      return parseAcknowledgement(text);
    default:
      return parseHeader(text);
  }
}

function checksum(bytes: Uint8Array): string {
  return crc32(bytes).toString(16).padStart(CHECKSUM_DIGITS, "0");
}

/** The text of a line, where it is as it was written. */
function checked(line: Buffer): Buffer | undefined {
  const end = line.length - CHECKSUM_DIGITS - 1;
  if (end < 0 || line[end] !== SPACE) return undefined;
  const text = line.subarray(0, end);
  return line.toString("latin1", end + 1) === checksum(text) ? text : undefined;
}

function broken(line: Buffer): Line {
  const isEntry = line[0] === PLUS || /^[^:]\d+ /.test(line.toString("latin1", 0, MAX_DIGITS + 2));
  let entries = isEntry ? 1 : 0;
  // Where the end of a line is no end any more, the next one stands behind its checksum.
  for (let at = line.indexOf(PLUS, 1); at > 0; at = line.indexOf(PLUS, at + 1)) {
    if (/^ [0-9a-f]{8}.$/s.test(line.toString("latin1", at - CHECKSUM_DIGITS - 2, at))) entries++;
  }
  return { kind: "broken", entries };
}

function parseHeader(text: Buffer): Line {
  try {
    const isHeader = Reflect.has(JSON.parse(text.toString()), "tracelight_journal");
    return isHeader ? { kind: "header" } : broken(text);
  } catch {
    return broken(text);
  }
}

function parseEntry(text: Buffer): Line {
  const number = numberOf(text);
  if (number === undefined) return broken(text);
  const content = text.indexOf(SPACE) + 1;
  if (text[content] !== COLON) return { kind: "entry", number, record: text.toString("utf8", content) };
  const parts = Number(text.toString("latin1", content + 1));
  return Number.isSafeInteger(parts) ? { kind: "whole", number, parts } : broken(text);
}

function parsePart(text: Buffer): Line {
  const number = numberOf(text);
  if (number === undefined) return broken(text);
  const bytes = Buffer.from(text.toString("latin1", text.indexOf(SPACE) + 1), "base64");
  return { kind: "part", number, bytes };
}

/** The number between the first character and the first space. */
function numberOf(text: Buffer): number | undefined {
  const digits = text.toString("latin1", 1, Math.min(Math.max(1, text.indexOf(SPACE)), MAX_DIGITS + 1));
  const number = Number(digits);
  return /^\d+$/.test(digits) && number > 0 && Number.isSafeInteger(number) ? number : undefined;
}

function parseAcknowledgement(text: Buffer): Line {
  const said = text.toString("latin1");
  if (!/^-\d+(-\d+)?(,\d+(-\d+)?)*;$/.test(said)) return broken(text);
  const ranges = said
    .slice(1, -1)
    .split(",")
    .map((range): [number, number] => {
      const [first = "", last = first] = range.split("-");
      return [Number(first), Number(last)];
    });
  return { kind: "acknowledged", ranges };
}

const NEW_LINE = 10;
const SPACE = 32;
const PLUS = 43;
const MINUS = 45;
const ZERO = 48;
const COLON = 58;
const LETTER_A = 97;
const MAX_DIGITS = 17;
