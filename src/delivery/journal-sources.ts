// Entries that are on disk only, on their way back into memory.

import type { Turns } from "../model/turns.ts";
import { Span } from "../tracing/span.ts";
import { decodeInSlices } from "./compression.ts";
import { type Item, readItems } from "./journal-reader.ts";
import type { JournalPosition, Segment } from "./journal-segment.ts";
import { spanOfLarge } from "./journal-value.ts";
import type { NumberRanges } from "./number-ranges.ts";

/** What the sources need of their journal. */
export interface SourcesSetup {
  readonly turns: Turns;
  /** True while spans may be read back into memory. */
  readonly hasRoom: () => boolean;
  /** Takes a span that was read back. */
  readonly take: (span: Span, place: JournalPosition) => void;
  /** So many spans of a segment cannot be read. */
  readonly lost: (segment: Segment, spans: number, error: unknown) => void;
  /** A segment was read to its end. */
  readonly finished: () => void;
}

/** Entries of one segment, from `offset` on. */
interface Source {
  readonly segment: Segment;
  offset: number;
  /** Entries with lower numbers are none of these, or were read. */
  from: number;
  /** True once it was read again from its beginning, since not all was found. */
  isAgain: boolean;
  /** Entries in between that are delivered already; undefined for a segment of our own. */
  readonly acknowledged?: NumberRanges;
  readonly done: () => void;
}

type Entry = Extract<Item, { readonly kind: "entry" | "large" }>;

/** What is left on disk, in order. Reads one segment after the other, as far as there is room in memory. */
export class Sources {
  readonly #setup: SourcesSetup;
  readonly #sources: Source[] = [];
  #isReading = false;

  constructor(setup: SourcesSetup) {
    this.#setup = setup;
  }

  get isEmpty(): boolean {
    return this.#sources.length === 0;
  }

  /** True while some of our own spans are among them. */
  get hasOwn(): boolean {
    return this.#sources.some(({ acknowledged }) => acknowledged === undefined);
  }

  /** A span of our own stays on disk for now. */
  leave({ segment, number, offset }: JournalPosition): void {
    if (this.#sources.findLast((source) => source.segment === segment) !== undefined) return;
    this.#sources.push({ ...{ segment, offset, from: number, isAgain: false }, done: () => undefined });
  }

  /** What a claimed segment holds; resolves when all of it is read. */
  readClaimed(segment: Segment, acknowledged: NumberRanges): Promise<void> {
    return new Promise((done) => {
      this.#sources.push({ segment, offset: 0, from: 0, isAgain: false, acknowledged, done });
    });
  }

  /** Reads while there is room. */
  readBack(): void {
    if (this.#isReading || this.isEmpty) return;
    this.#isReading = true;
    void this.#read().finally(() => {
      this.#isReading = false;
    });
  }

  /** No more of all this. */
  clear(): void {
    for (const { done } of this.#sources.splice(0)) done();
  }

  async #read(): Promise<void> {
    for (let source = this.#sources[0]; source !== undefined; source = this.#sources[0]) {
      if (!this.#setup.hasRoom()) return;
      const { nextNumber } = source.segment;
      const result = await this.#readSource(source).catch((error: unknown) => ({ error }));
      if (result === "full") return;
      // What was appended meanwhile may have come after the end.
      if (source.segment.nextNumber > nextNumber) continue;
      if (!this.#beginsAgain(source)) this.#finish(source, result === "end" ? undefined : result.error);
    }
  }

  /** Before anything counts as lost all is read once more: where somebody cut the file, its lines are not where they were. */
  #beginsAgain(source: Source): boolean {
    if (source.isAgain || source.segment.unread === 0 || source.segment.isGone) return false;
    source.isAgain = true;
    source.offset = 0;
    return true;
  }

  async #readSource(source: Source): Promise<"end" | "full"> {
    for await (const { item, end } of readItems(source.segment, source.offset, this.#setup.turns)) {
      // An entry is read again from its first part.
      if (item.kind === "part") continue;
      if (item.kind === "entry" || item.kind === "large") await this.#take(source, item);
      source.offset = end;
      if (!this.#setup.hasRoom()) return "full";
    }
    return "end";
  }

  async #take(source: Source, entry: Entry): Promise<void> {
    const { segment, from, acknowledged } = source;
    const { number } = entry;
    if (number < from || acknowledged?.has(number) === true) return;
    source.from = number + 1;
    const read = await this.#spanOf(entry).catch((error: unknown) => ({ error }));
    // What was let go of meanwhile is counted as left on disk.
    if (!this.#sources.includes(source)) return;
    if ("error" in read) return this.#unreadable(segment, number, read.error);
    segment.unread--;
    segment.unsettled++;
    this.#setup.take(read, { segment, number, offset: 0, weight: weightOf(entry) });
  }

  async #spanOf(entry: Entry): Promise<Span> {
    if (entry.kind === "entry") return Span.fromRecord(JSON.parse(entry.record));
    return spanOfLarge(await decodeInSlices(Buffer.concat(entry.chunks), this.#setup.turns));
  }

  /** As it was written, and still none that can be read: of a later release, or of a stranger. */
  #unreadable(segment: Segment, number: number, error: unknown): void {
    segment.unread--;
    segment.unsettled++;
    segment.settle(number);
    this.#setup.lost(segment, 1, error);
  }

  /** Whatever was expected and did not come is lost. */
  #finish(source: Source, error: unknown): void {
    const at = this.#sources.indexOf(source);
    if (at < 0) return;
    this.#sources.splice(at, 1);
    const { segment } = source;
    const isLast = !this.#sources.some((other) => other.segment === segment);
    if (isLast && segment.unread > 0) {
      this.#setup.lost(segment, segment.unread, error);
      segment.unread = 0;
    }
    source.done();
    this.#setup.finished();
  }
}

function weightOf(entry: Entry): number {
  if (entry.kind === "entry") return 1024 + entry.record.length;
  return entry.chunks.reduce((sum, { length }) => sum + length, 1024);
}
