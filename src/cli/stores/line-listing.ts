// The outlines of all spans in files of lines, kept from one listing to the next: of a file that grew only what is new is read.
import { outlineOf, type SpanOutline } from "../../conventions/facts.ts";
import { matches } from "../../conventions/matches.ts";
import { Transcripts } from "../../exchange/transcripts/transcripts.ts";
import type { TraceQuery } from "../../model/query.ts";
import type { SpanFields } from "../../model/span-fields.ts";
import type { Outlined } from "../../tracing/summaries.ts";
import { lineBatches } from "./line-batches.ts";
import type { Part } from "./source.ts";
import { Census, type CensusOptions } from "./span-lines.ts";

/** What was read of a file. */
interface Read {
  readonly name: string;
  readonly identity: string | undefined;
  readonly isLive: boolean;
  readonly census: Census;
  bytes: number;
  lines: number;
  /** True where more lines may simply follow. */
  endsLine: boolean;
  /** The last bytes: one that was written anew has others there. */
  tail: Buffer;
}

/** How it is made. */
interface ListingOptions extends Pick<CensusOptions, "otlp"> {
  /** True for one file or a pipe: it has to have something in it that can be read. */
  readonly isOne: boolean;
  /** The bytes of a part from there on. */
  readonly chunks: (part: Part, start: number) => AsyncIterable<Buffer>;
}

/** The outlines for one filter. */
export class LineListing {
  readonly #filter: TraceQuery;
  readonly #options: ListingOptions;
  readonly #transcripts: Transcripts;
  readonly #latest = new Map<string, SpanOutline>();
  readonly #matching = new Set<SpanOutline>();
  readonly #files = new Map<string, Read>();
  /** True where it can be kept in a memory that is bounded: without what models were given. */
  readonly isLight: boolean;

  constructor(filter: TraceQuery, options: ListingOptions) {
    this.#filter = filter;
    this.#options = options;
    this.isLight = filter.where === undefined && filter.attributeFilter === undefined;
    this.#transcripts = new Transcripts({ withMessages: !this.isLight });
  }

  /** True where nothing has happened to the files but that lines were added, to such as are written to. */
  async goesOn(parts: readonly Part[]): Promise<boolean> {
    const names = new Set(parts.map(({ name }) => name));
    if ([...this.#files.keys()].some((name) => !names.has(name))) return false;
    for (const part of parts) if (!this.#isSame(part) || !(await this.#hasTail(part))) return false;
    return true;
  }

  async #hasTail(part: Part): Promise<boolean> {
    const { bytes, tail } = this.#files.get(part.name) ?? { bytes: 0, tail: NOTHING };
    if (tail.length === 0 || part.file?.size === bytes) return true;
    for await (const chunk of this.#options.chunks(part, bytes - tail.length))
      return chunk.subarray(0, tail.length).equals(tail);
    return false;
  }

  #isSame({ name, file, isLive }: Part): boolean {
    const read = this.#files.get(name);
    if (read === undefined) return file !== undefined;
    if (file === undefined || file.identity !== read.identity || file.size < read.bytes) return false;
    return file.size === read.bytes ? isLive || !read.isLive : read.isLive && read.endsLine;
  }

  /** How many bytes were read. */
  get bytes(): number {
    return [...this.#files.values()].reduce((sum, { bytes }) => sum + bytes, 0);
  }

  get censuses(): readonly (readonly [name: string, census: Census])[] {
    return [...this.#files.values()].map(({ name, census }) => [name, census]);
  }

  /** Reads what is new. Rejects where there are lines and no one can be read. */
  async take(parts: readonly Part[]): Promise<Outlined> {
    for (const part of parts) await this.#read(part);
    const open = [...this.#transcripts.open(true)].filter((span) => !this.#latest.has(keyOf(span)));
    const matching = new Set(this.#matching);
    const outlines = open.map((span) => {
      const outline = outlineOf(span);
      if (matches(span, this.#filter)) matching.add(outline);
      return outline;
    });
    return { outlines: [...this.#latest.values(), ...outlines], matching };
  }

  async #read(part: Part): Promise<void> {
    const { name, isLive, file } = part;
    const read = this.#files.get(name) ?? this.#meet(part);
    if (file !== undefined && read.bytes === file.size) return;
    const before = read.lines;
    for await (const lines of lineBatches(this.#counted(part, read))) {
      for (const line of lines) {
        read.lines = before + line.number;
        for (const span of read.census.spansOf({ ...line, number: read.lines })) this.#keep(span);
      }
    }
    if (!isLive) for (const span of this.#transcripts.endTouched()) this.#keep(span);
    else this.#transcripts.pause();
    if (this.#options.isOne && this.#files.size === 1) read.census.check(name);
  }

  #meet({ name, file, isLive }: Part): Read {
    const { otlp = false } = this.#options;
    const census = new Census({ otlp, transcripts: this.#transcripts, file: name });
    const read: Read = {
      name,
      identity: file?.identity,
      isLive,
      census,
      bytes: 0,
      lines: 0,
      endsLine: false,
      tail: NOTHING,
    };
    this.#files.set(name, read);
    return read;
  }

  async *#counted(part: Part, read: Read): AsyncGenerator<Buffer> {
    for await (const chunk of this.#options.chunks(part, read.bytes)) {
      read.bytes += chunk.length;
      const isWhole = chunk.at(-1) === NEWLINE;
      read.tail = Buffer.from(chunk.subarray(-TAIL_BYTES));
      yield chunk;
      read.endsLine = isWhole && read.census.isWhole;
    }
  }

  #keep(span: SpanFields): void {
    const outline = outlineOf(span);
    const before = keep(this.#latest, outline);
    if (before !== undefined) this.#matching.delete(before);
    if (before !== outline && matches(span, this.#filter)) this.#matching.add(outline);
  }
}

type Kept = Pick<SpanFields, "traceId" | "spanId" | "state">;

/** Keeps the later of two lines about one span, and one that ended rather than one that runs; gives what goes. */
export function keep<S extends Kept>(spans: Map<string, S>, span: S): S | undefined {
  const key = keyOf(span);
  const before = spans.get(key);
  if (before?.state === "ended" && span.state !== "ended") return span;
  spans.set(key, span);
  return before;
}

function keyOf({ traceId, spanId }: Kept): string {
  return traceId + spanId;
}

const NEWLINE = 10;
const TAIL_BYTES = 256;
const NOTHING = Buffer.alloc(0);
