// Reads a segment line by line, a chunk at a time, so that a file of any size takes little memory.

import type { Turns } from "../model/turns.ts";
import { type Line, parseLine } from "./journal-line.ts";
import type { Segment } from "./journal-segment.ts";
import { type NumberRange, NumberRanges } from "./number-ranges.ts";

const CHUNK_BYTES = 128 * 1024;
/** No line is longer. */
const MAX_LINE_BYTES = 16 * 1024 * 1024;
/** No entry has more in its parts. */
const MAX_PARTS_BYTES = 128 * 1024 * 1024;
const NEW_LINE = 10;

/** What stands in a segment, with the parts of large entries put together. */
export type Item =
  | Exclude<Line, { readonly kind: "part" | "whole" }>
  /** Of a large entry that is not whole, or not yet. */
  | { readonly kind: "part"; readonly number: number }
  | { readonly kind: "large"; readonly number: number; readonly chunks: readonly Buffer[] };

/** An item, and where the next one begins. */
export interface ReadItem {
  readonly item: Item;
  readonly end: number;
}

/** The items of a segment from `offset` to its end; stop whenever you like. A last line without an end counts as a line. */
export async function* readItems(segment: Segment, offset: number, turns: Turns): AsyncGenerator<ReadItem> {
  const parts = new Parts();
  for await (const { line, end } of readLines(segment, offset, turns)) yield { item: parts.join(line), end };
}

/** The parts of a large entry that are read so far. Those of one entry follow one another. */
class Parts {
  #number = 0;
  #chunks: Buffer[] = [];
  #bytes = 0;

  join(line: Line): Item {
    if (line.kind === "part") return this.#add(line.number, line.bytes);
    return line.kind === "whole" ? this.#whole(line.number, line.parts) : line;
  }

  #add(number: number, bytes: Buffer): Item {
    if (number !== this.#number) this.#begin(number);
    this.#bytes += bytes.length;
    if (this.#bytes <= MAX_PARTS_BYTES) this.#chunks.push(bytes);
    return { kind: "part", number };
  }

  #whole(number: number, parts: number): Item {
    const chunks = number === this.#number ? this.#chunks : [];
    this.#begin(0);
    return chunks.length === parts ? { kind: "large", number, chunks } : { kind: "part", number };
  }

  #begin(number: number): void {
    this.#number = number;
    this.#chunks = [];
    this.#bytes = 0;
  }
}

interface ReadLine {
  readonly line: Line;
  readonly end: number;
}

async function* readLines(segment: Segment, offset: number, turns: Turns): AsyncGenerator<ReadLine> {
  let chunkBytes = CHUNK_BYTES;
  for (let at = offset; !segment.isGone; ) {
    const chunk = Buffer.allocUnsafe(chunkBytes);
    const bytes = chunk.subarray(0, await segment.read(chunk, at));
    if (bytes.length === 0) return;
    // A line longer than the chunk is read again in a larger one; one that is longer than any line is taken as it comes.
    const isAll = bytes.length < chunkBytes || chunkBytes >= MAX_LINE_BYTES;
    const end = bytes.lastIndexOf(NEW_LINE) + 1 || (isAll ? bytes.length : 0);
    for (const { line, to } of linesIn(bytes.subarray(0, end), segment.version)) {
      yield { line, end: at + to };
      if (turns.over) await turns.next();
    }
    at += end;
    chunkBytes = end === 0 ? chunkBytes * 2 : CHUNK_BYTES;
  }
}

/** The lines of some bytes, each with where the next one begins; empty ones are none. */
function* linesIn(bytes: Buffer, version: number): Generator<{ readonly line: Line; readonly to: number }> {
  for (let from = 0; from < bytes.length; ) {
    const newLine = bytes.indexOf(NEW_LINE, from);
    const end = newLine < 0 ? bytes.length : newLine;
    const to = Math.min(end + 1, bytes.length);
    if (end > from) yield { line: parseLine(bytes.subarray(from, end), version), to };
    from = to;
  }
}

/** What a claimed segment holds. */
export interface Contents {
  /** Entries that are delivered already. */
  readonly acknowledged: NumberRanges;
  /** Entries that are not. */
  readonly left: number;
  /** Entries that were in it and cannot be read any more. */
  readonly lost: number;
  /** True where some of its lines are not as they were written. */
  readonly isDamaged: boolean;
}

/** Reads a claimed segment through, to know what of it is delivered already, and what is missing. */
export async function readContents(segment: Segment, turns: Turns): Promise<Contents> {
  const tally = new Tally();
  for await (const { item } of readItems(segment, 0, turns)) tally.add(item);
  return tally.contents(segment.version);
}

/** Entries are numbered without gaps, so that those that are missing can be counted. */
class Tally {
  readonly #acknowledged: NumberRange[] = [];
  readonly #entries: NumberRange[] = [];
  /** Of the entries, those included of which only a part was read. */
  #highest = 0;
  #broken = 0;
  #brokenEntries = 0;
  /** After the highest: nobody knows their numbers. */
  #brokenLast = 0;
  /** What comes next may belong to the large entry with the highest number. */
  #isUnfinished = false;

  add(item: Item): void {
    if (item.kind === "acknowledged") for (const range of item.ranges) this.#acknowledged.push(range);
    if (item.kind === "entry" || item.kind === "large") this.#entries.push([item.number, item.number]);
    if (item.kind === "broken") this.#addBroken(item.entries);
    if (!("number" in item)) return;
    this.#highest = Math.max(this.#highest, item.number);
    this.#brokenLast = 0;
    this.#isUnfinished = item.kind === "part";
  }

  #addBroken(entries: number): void {
    this.#broken++;
    if (entries === 0) return;
    this.#brokenEntries += entries;
    this.#brokenLast += this.#isUnfinished ? entries - 1 : entries;
    this.#isUnfinished = false;
  }

  contents(version: number): Contents {
    const acknowledged = new NumberRanges(this.#acknowledged);
    const left = this.#entries.filter(([number]) => !acknowledged.has(number)).length;
    // Without checksums a number may be a wrong one.
    const lost = version < 2 ? this.#brokenEntries : this.#missing(acknowledged);
    return { acknowledged, left, lost, isDamaged: this.#broken > 0 || lost > 0 };
  }

  #missing(acknowledged: NumberRanges): number {
    const known = new NumberRanges([...this.#acknowledged, ...this.#entries]);
    const beyond = Math.max(0, acknowledged.highest - this.#highest);
    const missing = Math.max(this.#highest, acknowledged.highest) - known.size;
    return missing + Math.max(0, this.#brokenLast - beyond);
  }
}
