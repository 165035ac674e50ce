// One file of a journal that is ours: entries are appended, acknowledged and, once all are delivered, forgotten.
import {
  closeSync,
  constants,
  fstatSync,
  ftruncateSync,
  futimesSync,
  openSync,
  read,
  renameSync,
  statSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { promisify } from "node:util";
import { acknowledgementText, lineOf } from "./journal-line.ts";

/** Where the journal holds a span. */
export interface JournalPosition {
  readonly segment: Segment;
  readonly number: number;
  /** Where its line begins. */
  readonly offset: number;
  /** Bytes of the span in memory, about. */
  readonly weight: number;
}

const { O_APPEND, O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_RDWR } = constants;
/** What spans say is for their owner's eyes. */
const OWNER_ONLY = 0o600;

const readAt = promisify(read);

/** What a new segment begins with. */
export interface SegmentStart {
  readonly version: number;
  /** The text of its first line. */
  readonly header: string;
  /** For entries to be appended; else for one large one. */
  readonly isActive: boolean;
}

/** A segment. All methods but `create`, `adopt`, `append` and `write` swallow what the file system throws: they only tidy up. */
export class Segment {
  readonly path: string;
  /** The version of its lines. */
  readonly version: number;
  /** Entries in memory that are not settled. */
  unsettled = 0;
  /** Entries that are only on disk. */
  unread = 0;
  /** False until it is known what a claimed segment holds: nothing of it is forgotten before. */
  isKnown = true;
  /** True while new entries are appended. */
  isActive = false;
  /** True once the file is not ours any more. */
  isGone = false;
  /** True once its path leads elsewhere, or nowhere: what it holds can be read as long as it is open. */
  isAstray = false;
  readonly #fd: number;
  readonly #inode: bigint;
  #size: number;
  #headerBytes = 0;
  #count = 0;
  /** All entries before the next are delivered, and their lines are gone. */
  #isEmptied = false;
  /** A line was cut short: what comes next begins on a new one. */
  #isTorn = false;
  #settled: number[] = [];

  private constructor(path: string, version: number, fd: number) {
    this.path = path;
    this.version = version;
    this.#fd = fd;
    const { ino, size } = fstatSync(fd, { bigint: true });
    this.#inode = ino;
    this.#size = Number(size);
  }

  /** A new file. Throws what the file system throws. */
  static create(path: string, { version, header, isActive }: SegmentStart): Segment {
    const fd = openSync(path, O_RDWR | O_APPEND | O_CREAT | O_EXCL, OWNER_ONLY);
    const segment = new Segment(path, version, fd);
    try {
      segment.write(lineOf(header, version));
    } catch (error) {
      segment.#forget();
      throw error;
    }
    segment.#headerBytes = segment.#size;
    segment.isActive = isActive;
    return segment;
  }

  /** A file that was claimed, to be read and acknowledged. Throws what the file system throws. */
  static adopt(path: string, version: number): Segment {
    const segment = new Segment(path, version, openSync(path, O_RDWR | O_APPEND | O_NOFOLLOW | O_NONBLOCK));
    segment.isKnown = false;
    // Its last line may be torn; an empty line is none.
    segment.#isTorn = true;
    segment.renew();
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
  append(line: Uint8Array, bytes: number = line.byteLength): number {
    // Numbers without gaps say what is missing, where lines are damaged later.
    if (this.#isEmptied) this.write(lineOf(acknowledgementText([[1, this.#count]]), this.version));
    this.#isEmptied = false;
    const offset = this.#size;
    this.write(line, bytes);
    this.#count++;
    return offset;
  }

  /** Writes a line that is no entry. Throws where it cannot be written whole. */
  write(line: Uint8Array, bytes: number = line.byteLength): void {
    if (this.#isTorn) this.#size += writeSync(this.#fd, "\n");
    this.#isTorn = true;
    const written = writeSync(this.#fd, line, 0, bytes);
    this.#size += written;
    if (written < bytes) throw new Error("the disk is full");
    this.#isTorn = false;
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
    if (this.#settled.length === 0 || this.isAstray) return;
    const text = acknowledgementText(this.#settled.map((number) => [number, number]));
    // Where that fails the spans are sent twice, after a crash.
    if (tidy(() => this.write(lineOf(text, this.version)))) this.#settled = [];
  }

  /** Shows others that its owner lives. */
  renew(): void {
    const now = new Date();
    if (!this.isAstray) tidy(() => futimesSync(this.#fd, now, now));
  }

  /** How the file is found: as it was left, cut by somebody else, or not in its place any more. */
  look(): "intact" | "cut" | "astray" {
    try {
      if (statSync(this.path, { bigint: true }).ino !== this.#inode) return "astray";
      // Of the open file: some file servers remember for a while what they said of a path.
      return fstatSync(this.#fd).size < this.#size ? "cut" : "intact";
    } catch {
      return "astray";
    }
  }

  /** Somebody else has cut the file: from now on its size is what is found. */
  measure(): void {
    tidy(() => {
      this.#size = fstatSync(this.#fd).size;
    });
  }

  /** No more of this file: it is done with, or somebody else's. */
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
    if (!this.isAstray) tidy(() => renameSync(this.path, path));
    this.letGo();
  }

  /** Takes the file away, whatever is in it. */
  discard(): void {
    if (!this.isAstray) tidy(() => unlinkSync(this.path));
    this.letGo();
  }

  #forget(): void {
    this.#settled = [];
    if (!this.isActive) return this.discard();
    const isEmptied =
      this.#size > this.#headerBytes && tidy(() => ftruncateSync(this.#fd, this.#headerBytes));
    if (!isEmptied) return;
    this.#size = this.#headerBytes;
    this.#isTorn = false;
    this.#isEmptied = this.#count > 0;
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
