// Reads a segment line by line, a chunk at a time, so that a file of any size takes little memory.
import { type Line, parseLine } from "./journal-line.ts";
import type { Segment } from "./journal-segment.ts";
import type { Turns } from "./turns.ts";

const CHUNK_BYTES = 128 * 1024;
const NEW_LINE = 10;

/** A line, and where the next one begins. */
export interface ReadLine {
  readonly line: Line;
  readonly end: number;
}

/** The lines of a segment from `offset` on; stop whenever you like. A last line without an end counts as a line. */
export async function* readLines(segment: Segment, offset: number, turns: Turns): AsyncGenerator<ReadLine> {
  let chunkBytes = CHUNK_BYTES;
  for (let at = offset; at < segment.size && !segment.isGone; ) {
    const chunk = Buffer.allocUnsafe(Math.min(chunkBytes, segment.size - at));
    const bytes = chunk.subarray(0, await segment.read(chunk, at));
    if (bytes.length === 0) return;
    const isLast = at + bytes.length >= segment.size;
    const end = isLast ? bytes.length : bytes.lastIndexOf(NEW_LINE) + 1;
    // A line longer than the chunk.
    if (end === 0) chunkBytes *= 2;
    for (let from = 0; from < end; ) {
      const newLine = bytes.indexOf(NEW_LINE, from);
      const to = newLine < 0 || newLine >= end ? end : newLine;
      const text = bytes.toString("utf8", from, to);
      from = to + 1;
      if (text !== "") yield { line: parseLine(text), end: at + Math.min(from, end) };
      if (turns.over) await turns.next();
    }
    at += end;
  }
}

/** What a claimed segment holds. */
export interface Contents {
  /** Entries that are delivered already. */
  readonly acknowledged: ReadonlySet<number>;
  /** Entries that are not. */
  readonly left: number;
}

/** Reads a claimed segment through, to know what of it is delivered already. */
export async function readContents(segment: Segment, turns: Turns): Promise<Contents> {
  const acknowledged = new Set<number>();
  const entries = new Set<number>();
  for await (const { line } of readLines(segment, 0, turns)) {
    if (line.kind === "entry") entries.add(line.number);
    if (line.kind !== "acknowledged") continue;
    for (const [first, last] of line.ranges) {
      for (let number = first; number <= last; number++) acknowledged.add(number);
    }
  }
  const left = [...entries].filter((number) => !acknowledged.has(number)).length;
  return { acknowledged, left };
}
