// From the bytes of a file or pipe to lines that can be parsed: put together where they were cut, and where JSON is laid out over many.
import { laidOut } from "./laid-out.ts";
import { joinedLines } from "./line-parts.ts";
import { type Line, linesOf } from "./lines.ts";

/** Longer lines are left out: no string of JavaScript can be much longer. */
const MAX_LINE_BYTES = 256 * 1024 * 1024;

/** The lines of the chunks: for each chunk those that are whole with it, and at last those that are left. */
export function lineBatches(chunks: AsyncIterable<Buffer>): AsyncGenerator<readonly Line[], void, undefined> {
  const lines = linesOf(chunks, MAX_LINE_BYTES);
  return laidOut(joinedLines(lines, MAX_LINE_BYTES), MAX_LINE_BYTES);
}

/** The same of a file that grows: it is given each chunk. What does not end with a line's end waits for the rest. */
export class GrowingLines {
  readonly #waiting: Buffer[] = [];
  readonly #batches: AsyncGenerator<readonly Line[], void, undefined> = lineBatches(this.#chunks());

  /** The lines that are whole with this chunk. One at a time. */
  async take(chunk: Buffer): Promise<readonly Line[]> {
    this.#waiting.push(chunk);
    return (await this.#batches.next()).value ?? [];
  }

  /** Asked for one only when there is one. */
  async *#chunks(): AsyncGenerator<Buffer> {
    for (let chunk = this.#waiting.shift(); chunk !== undefined; chunk = this.#waiting.shift()) yield chunk;
  }
}
