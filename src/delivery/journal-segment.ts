// One file of a journal that is ours: entries are appended, acknowledged and, once all are delivered, forgotten.
import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  ftruncateSync,
  futimesSync,
  openSync,
  read,
  renameSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { promisify } from "node:util";
import { acknowledgementLine } from "./journal-line.ts";

/** Where the journal holds a span. */
export interface Place {
  readonly segment: Segment;
  readonly number: number;
  /** Where its line begins. */
  readonly offset: number;
  /** Bytes of the span in memory, about. */
  readonly weight: number;
}

const { O_APPEND, O_CREAT, O_EXCL, O_RDWR } = constants;
/** What spans say is for their owner's eyes. */
const OWNER_ONLY = 0o600;

const readAt = promisify(read);

/** A segment. All methods but `create`, `adopt` and `append` swallow what the file system throws: they only tidy up. */
export class Segment {
  readonly path: string;
  /** Entries in memory that are not settled. */
  unsettled = 0;
  /** Entries that are only on disk. */
  unread = 0;
  /** False until it is known what a claimed segment holds: nothing of it is forgotten before. */
  isKnown = true;
  /** True while new entries are appended. */
  isActive = true;
  /** True once the file is not ours any more. */
  isGone = false;
  readonly #fd: number;
  #size: number;
  #headerBytes = 0;
  #count = 0;
  /** A line was cut short: what comes next begins on a new one. */
  #isTorn = false;
  #settled: number[] = [];

  private constructor(path: string, fd: number) {
    this.path = path;
    this.#fd = fd;
    this.#size = fstatSync(fd).size;
  }

  /** A new file with that header. Throws what the file system throws. */
  static create(path: string, header: string): Segment {
    const segment = new Segment(path, openSync(path, O_RDWR | O_APPEND | O_CREAT | O_EXCL, OWNER_ONLY));
    try {
      segment.#write(Buffer.from(header));
    } catch (error) {
      segment.isActive = false;
      segment.#forget();
      throw error;
    }
    segment.#headerBytes = segment.#size;
    return segment;
  }

  /** A file that was claimed, to be read and acknowledged. Throws what the file system throws. */
  static adopt(path: string): Segment {
    const segment = new Segment(path, openSync(path, O_RDWR | O_APPEND));
    segment.isActive = false;
    segment.isKnown = false;
    // Its last line may be torn; an empty line is none.
    segment.#isTorn = true;
    return segment;
  }

  /** Bytes of the file. */
  get size(): number {
    return this.#size;
  }

  /** The number of the next entry. */
  get nextNumber(): number {
    return this.#count + 1;
  }

  /** Appends the line of entry `nextNumber`: gives back where it begins. Throws where it cannot be written whole. */
  append(line: Uint8Array, bytes: number): number {
    const offset = this.#size;
    this.#write(line, bytes);
    this.#count++;
    return offset;
  }

  /** Bytes from `offset` on. */
  async read(into: Uint8Array, offset: number): Promise<number> {
    const { bytesRead } = await readAt(this.#fd, into, 0, into.byteLength, offset);
    return bytesRead;
  }

  /** An entry is delivered, or given up. */
  settle(number: number): void {
    this.unsettled--;
    this.#settled.push(number);
  }

  /** Writes down what is settled; forgets all where all is. */
  acknowledge(): void {
    if (this.isGone || !this.isKnown) return;
    if (this.unsettled === 0 && this.unread === 0) return this.#forget();
    if (this.#settled.length === 0) return;
    const line = Buffer.from(acknowledgementLine(this.#settled));
    // Where that fails the spans are sent twice, after a crash.
    if (tidy(() => this.#write(line))) this.#settled = [];
  }

  /** Shows that its owner lives. False where somebody else has taken the file. */
  touch(): boolean {
    if (this.isGone) return false;
    const now = new Date();
    tidy(() => futimesSync(this.#fd, now, now));
    return existsSync(this.path);
  }

  /** No more of this file: it was taken, or is done with. */
  letGo(): void {
    if (this.isGone) return;
    this.isGone = true;
    tidy(() => closeSync(this.#fd));
  }

  /** Leaves the file to others, under the name that says so. */
  release(path: string): void {
    this.isActive = false;
    this.acknowledge();
    if (this.isGone) return;
    tidy(() => renameSync(this.path, path));
    this.letGo();
  }

  #forget(): void {
    this.#settled = [];
    if (!this.isActive) {
      tidy(() => unlinkSync(this.path));
      this.letGo();
    } else if (this.#size > this.#headerBytes && tidy(() => ftruncateSync(this.#fd, this.#headerBytes))) {
      this.#size = this.#headerBytes;
      this.#isTorn = false;
    }
  }

  #write(line: Uint8Array, bytes: number = line.byteLength): void {
    if (this.#isTorn) this.#size += writeSync(this.#fd, "\n");
    this.#isTorn = true;
    const written = writeSync(this.#fd, line, 0, bytes);
    this.#size += written;
    if (written < bytes) throw new Error("the disk is full");
    this.#isTorn = false;
  }
}

/** True where it worked. */
function tidy(work: () => void): boolean {
  try {
    work();
    return true;
  } catch {
    return false;
  }
}
