// Lines of a stream of bytes, batch by batch, each within a bound: a file of any size is read in the memory of a few lines.

/** One line. */
export interface Line {
  /** From 1. */
  readonly number: number;
  /** Undefined where the line is longer than the bound. */
  readonly text: string | undefined;
  /** True where it begins JSON of many lines that does not end, or is too large. */
  readonly isCut?: boolean;
}

const NEWLINE = 10;
const NOTHING = Buffer.alloc(0);

/** The lines of the chunks, those of each chunk together. */
export async function* linesOf(
  chunks: AsyncIterable<Buffer>,
  maxBytes: number,
): AsyncGenerator<readonly Line[], void, undefined> {
  const splitter = new Splitter(maxBytes);
  for await (const chunk of chunks) yield splitter.take(chunk);
  yield splitter.end();
}

class Splitter {
  readonly #maxBytes: number;
  /** The beginning of a line whose end has not come. */
  #begun: Buffer[] = [];
  #begunBytes = 0;
  #number = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  take(chunk: Buffer): Line[] {
    const lines: Line[] = [];
    let from = 0;
    for (let to = chunk.indexOf(NEWLINE); to >= 0; to = chunk.indexOf(NEWLINE, from)) {
      lines.push(this.#line(chunk.subarray(from, to)));
      from = to + 1;
    }
    this.#begin(chunk.subarray(from));
    return lines;
  }

  end(): Line[] {
    return this.#begunBytes === 0 ? [] : [this.#line(NOTHING)];
  }

  #begin(part: Buffer): void {
    this.#begunBytes += part.length;
    if (this.#begunBytes > this.#maxBytes) this.#begun = [];
    else if (part.length > 0) this.#begun.push(part);
  }

  #line(last: Buffer): Line {
    this.#begin(last);
    const isTooLong = this.#begunBytes > this.#maxBytes;
    const bytes = this.#begun.length === 1 ? this.#begun[0] : Buffer.concat(this.#begun);
    this.#begun = [];
    this.#begunBytes = 0;
    return { number: ++this.#number, text: isTooLong ? undefined : (bytes ?? NOTHING).toString("utf8") };
  }
}
