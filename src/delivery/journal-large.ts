// Spans with large values on their way into a journal: each in a segment of its own, encoded and written in slices.
import { BinaryEncoder } from "../model/binary-encoder.ts";
import type { Turns } from "../model/turns.ts";
import { atExit } from "../tracing/at-exit.ts";
import { lineOf, partText, wholeText } from "./journal-line.ts";
import type { JournalPosition, Segment } from "./journal-segment.ts";
import { type LargeSpan, plainSpan } from "./journal-value.ts";

/** What large entries need of their journal. */
export interface LargeSetup {
  readonly turns: Turns;
  /** Bytes that may wait to be encoded; of more, the first are encoded at once. */
  readonly maxWaitingBytes: number;
  /** A new segment for one entry. */
  readonly open: () => Segment;
  /** True where the journal has room for so many bytes. */
  readonly hasRoomFor: (bytes: number) => boolean;
  /** A span takes more than an entry may. */
  readonly tooLarge: (spanName: string) => void;
  /** A segment could not be written. */
  readonly failed: (error: unknown) => void;
}

/** The large spans of one journal that are not written yet, each written after the one before. */
export class LargeEntries {
  readonly #setup: LargeSetup;
  readonly #waiting: LargeEntry[] = [];
  #bytes = 0;
  #isRunning = false;
  #undoExit: (() => void) | undefined;

  constructor(setup: LargeSetup) {
    this.#setup = setup;
  }

  /** Writes a span; resolves with where it is, or with undefined where that cannot be done. */
  add(span: LargeSpan): Promise<JournalPosition | undefined> {
    return new Promise((resolve) => {
      this.#waiting.push(new LargeEntry(this.#setup, { ...span, done: resolve }));
      this.#bytes += span.bytes;
      // At the end of the process nothing waits any more, but what is synchronous gets done.
      this.#undoExit ??= atExit("sink", () => this.finish());
      while (this.#bytes > this.#setup.maxWaitingBytes && this.#waiting.length > 1) this.#finishFirst();
      if (!this.#isRunning) void this.#run();
    });
  }

  /** Writes all that waits, at once. */
  finish(): void {
    while (this.#waiting.length > 0) this.#finishFirst();
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    for (let entry = this.#waiting[0]; entry !== undefined; entry = this.#waiting[0]) {
      await this.#setup.turns.next();
      while (!entry.isDone && !this.#setup.turns.over) entry.step();
      if (entry.isDone) this.#remove(entry);
    }
    this.#isRunning = false;
  }

  #finishFirst(): void {
    const [first] = this.#waiting;
    while (first?.isDone === false) first.step();
    if (first !== undefined) this.#remove(first);
  }

  #remove(entry: LargeEntry): void {
    const at = this.#waiting.indexOf(entry);
    if (at < 0) return;
    this.#waiting.splice(at, 1);
    this.#bytes -= entry.bytes;
    if (this.#waiting.length > 0) return;
    this.#undoExit?.();
    this.#undoExit = undefined;
  }
}

/** More is not read back. */
const MAX_ENTRY_BYTES = 64 * 1024 * 1024;

interface LargeTask extends LargeSpan {
  readonly done: (place: JournalPosition | undefined) => void;
}

/** One span, which is written step by step. */
class LargeEntry {
  readonly bytes: number;
  isDone = false;
  readonly #setup: LargeSetup;
  readonly #task: LargeTask;
  readonly #gathering: Generator<void, object>;
  #encoder: BinaryEncoder | undefined;
  #segment: Segment | undefined;
  #offset = 0;
  #parts = 0;

  constructor(setup: LargeSetup, task: LargeTask) {
    this.#setup = setup;
    this.#task = task;
    this.bytes = task.bytes;
    this.#gathering = plainSpan(task);
  }

  /** Encodes and writes a little more. */
  step(): void {
    try {
      this.#step();
    } catch (error) {
      this.#leaveOut(this.#segment);
      this.#setup.failed(error);
    }
  }

  #step(): void {
    if (this.#encoder === undefined) return this.#gather();
    const segment = this.#opened();
    const chunks = this.#encoder.step();
    if (chunks === undefined) return this.#whole(segment);
    for (const chunk of chunks) this.#writePart(segment, chunk);
    const isTooLarge = segment.size > MAX_ENTRY_BYTES;
    if (isTooLarge) this.#setup.tooLarge(this.#task.fields.spanName);
    if (isTooLarge || !this.#setup.hasRoomFor(segment.size)) this.#leaveOut(segment);
  }

  #gather(): void {
    const { done, value } = this.#gathering.next();
    if (done) this.#encoder = new BinaryEncoder(value);
  }

  #leaveOut(segment: Segment | undefined): void {
    this.#end(undefined);
    segment?.discard();
  }

  #opened(): Segment {
    if (this.#segment !== undefined) return this.#segment;
    this.#segment = this.#setup.open();
    this.#segment.unsettled = 1;
    this.#offset = this.#segment.size;
    return this.#segment;
  }

  #writePart(segment: Segment, chunk: Buffer): void {
    segment.write(lineOf(partText(segment.nextNumber, chunk), segment.version));
    this.#parts++;
  }

  #whole(segment: Segment): void {
    const { nextNumber: number } = segment;
    segment.append(lineOf(wholeText(number, this.#parts), segment.version));
    this.#end({ segment, number, offset: this.#offset, weight: this.bytes });
  }

  #end(place: JournalPosition | undefined): void {
    this.isDone = true;
    this.#task.done(place);
  }
}
