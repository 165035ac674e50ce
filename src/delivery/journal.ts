// The journal: spans that are not delivered yet, in files of a folder, so that they outlive their process.
import { mkdirSync } from "node:fs";
import { open, readdir, rename, stat, utimes } from "node:fs/promises";
import { join } from "node:path";
import { asTracelightError, messageOf, TracelightError } from "../model/errors.ts";
import type { Faults } from "../tracing/faults.ts";
import { Span } from "../tracing/span.ts";
import { entryLine, headerLine, type Line, parseLine } from "./journal-line.ts";
import {
  destinationHash,
  freeName,
  isAbandoned,
  JOURNAL_VERSION,
  newOwner,
  type Owner,
  parseSegmentName,
  segmentName,
} from "./journal-owner.ts";
import { readContents, readLines } from "./journal-reader.ts";
import { type Place, Segment } from "./journal-segment.ts";
import { Rarely } from "./rarely.ts";
import type { Turns } from "./turns.ts";

/** What the journal needs of its delivery. */
export interface JournalSetup {
  readonly folder: string;
  readonly maxBytes: number;
  readonly destination: string;
  readonly faults: Faults;
  readonly turns: Turns;
  /** True while spans may be read back into memory. */
  readonly hasRoom: () => boolean;
  /** Takes a span that was read back. */
  readonly take: (span: Span, place: Place) => void;
  /** An entry could not be read. */
  readonly lost: () => void;
  /** Something was found, read or finished. */
  readonly changed: () => void;
}

/** Entries of one segment that are on disk only, from `offset` on. */
interface Source {
  readonly segment: Segment;
  offset: number;
  /** Entries in between that are delivered already. */
  readonly acknowledged: ReadonlySet<number> | undefined;
}

const SEGMENT_BYTES = 8 * 1024 * 1024;
/** Writing more at once would hold the event loop for longer than 20 ms. */
const MAX_SPAN_BYTES = 4 * 1024 * 1024;
const HEARTBEAT_MS = 15_000;
const RECOVER_EVERY_MS = 30_000;
/** After so long without a heartbeat, others may think us dead. */
const STALLED_MS = 45_000;
/** A folder that could not be written is tried again after so long. */
const RETRY_MS = 30_000;
const OWNER_ONLY = 0o700;
const BUFFER_BYTES = 64 * 1024;
/** A UTF-16 unit takes at most so many bytes in UTF-8. */
const BYTES_A_UNIT = 3;

/** Segments that this thread writes, by path: their owner lives, however long the event loop was held. */
const ours = new Set<string>();

/** The journal of one delivery. Never throws: what goes wrong is reported, and spans go on in memory. */
export class Journal {
  readonly #setup: JournalSetup;
  readonly #destination: string;
  readonly #rarely = new Rarely();
  readonly #segments = new Set<Segment>();
  readonly #sources: Source[] = [];
  readonly #recoverTimer: NodeJS.Timeout;
  #owner: Owner | undefined;
  #heartbeat: NodeJS.Timeout | undefined;
  #active: Segment | undefined;
  /** For one line after the other. */
  #buffer: Buffer | undefined;
  #made = 0;
  #othersBytes = 0;
  /** Bytes of our own segments that are not appended to. */
  #idleBytes = 0;
  #lastBeat = 0;
  #isFailing = false;
  #retryAt = Number.NEGATIVE_INFINITY;
  #recovering: Promise<void> | undefined;
  #isReading = false;
  #isClosed = false;
  #whenRead: (() => void) | undefined;

  constructor(setup: JournalSetup) {
    this.#setup = setup;
    this.#destination = destinationHash(setup.destination);
    this.#recoverTimer = setInterval(() => this.recover(), RECOVER_EVERY_MS).unref();
    setImmediate(() => this.recover());
  }

  /** Entries found that are on disk only. */
  get unread(): number {
    let unread = 0;
    for (const segment of this.#segments) unread += segment.unread;
    return unread;
  }

  /** True where nothing is on disk only, and nobody looks for more. */
  get isRest(): boolean {
    return this.#recovering === undefined && this.#sources.length === 0;
  }

  /** True while some of our own spans are left on disk. */
  get isOverflowing(): boolean {
    return this.#sources.some(({ acknowledged }) => acknowledged === undefined);
  }

  /** Writes a span down. Undefined where that cannot be done. */
  append(span: Span): Place | undefined {
    const now = performance.now();
    if (this.#isClosed || now < this.#retryAt) return undefined;
    try {
      // A process that was held, or frozen, for long may have been taken for dead meanwhile.
      if (now - this.#lastBeat > STALLED_MS) this.#beat();
      return this.#append(span);
    } catch (error) {
      this.#failed(error);
      return undefined;
    }
  }

  /** The span is to stay on disk until there is room. */
  leave({ segment, offset }: Place): void {
    segment.unsettled--;
    segment.unread++;
    const last = this.#sources.findLast(({ acknowledged }) => acknowledged === undefined);
    if (last?.segment !== segment) this.#sources.push({ segment, offset, acknowledged: undefined });
  }

  /** The span is delivered, or given up. */
  settle({ segment, number }: Place): void {
    segment.settle(number);
  }

  /** Writes down what was settled since the last time. */
  acknowledge(): void {
    for (const segment of this.#segments) {
      segment.acknowledge();
      if (segment.isGone) this.#remove(segment);
    }
  }

  /** Reads spans back while there is room. */
  readBack(): void {
    if (this.#isReading || this.#sources.length === 0) return;
    this.#isReading = true;
    void this.#readSources().finally(() => {
      this.#isReading = false;
    });
  }

  /** Looks for segments whose owners are gone, and delivers what they left. */
  recover(): void {
    if (this.#isClosed) return;
    this.#recovering ??= this.#recover().finally(() => {
      this.#recovering = undefined;
      this.#setup.changed();
    });
  }

  /** Lets go of the folder: what is left may be claimed by others. */
  close(): void {
    this.#isClosed = true;
    clearInterval(this.#recoverTimer);
    clearInterval(this.#heartbeat);
    for (const segment of this.#segments) {
      segment.release(join(this.#setup.folder, freeName(baseName(segment))));
      ours.delete(segment.path);
    }
    this.#segments.clear();
    this.#sources.length = 0;
    this.#whenRead?.();
  }

  #append(span: Span): Place | undefined {
    const segment = this.#writable();
    const { nextNumber: number } = segment;
    const line = entryLine(number, span, MAX_SPAN_BYTES);
    if (line === undefined || line.length > MAX_SPAN_BYTES) return this.#tooLarge(span);
    this.#buffer ??= Buffer.allocUnsafe(BUFFER_BYTES);
    const isShort = line.length * BYTES_A_UNIT <= BUFFER_BYTES;
    const buffer = isShort ? this.#buffer : Buffer.from(line);
    const bytes = isShort ? buffer.write(line) : buffer.length;
    if (!this.#hasSpaceFor(bytes)) return undefined;
    const offset = segment.append(buffer, bytes);
    segment.unsettled++;
    this.#isFailing = false;
    return { segment, number, offset, weight: weightOf(bytes) };
  }

  #tooLarge(span: Span): undefined {
    if (!this.#rarely.isTime("TOO_LARGE")) return;
    const message = `The span "${span.spanName}" is over 4 MiB and too large for the journal; it is kept in memory only.`;
    this.#setup.faults.report(new TracelightError("JOURNAL_FAILED", message));
  }

  #hasSpaceFor(bytes: number): boolean {
    const total = this.#othersBytes + this.#idleBytes + (this.#active?.size ?? 0) + bytes;
    if (total <= this.#setup.maxBytes) return true;
    if (this.#rarely.isTime("FULL")) {
      const message = `The journal in ${this.#setup.folder} is full (journalMaxBytes); spans are kept in memory only.`;
      this.#setup.faults.report(new TracelightError("JOURNAL_FAILED", message));
    }
    return false;
  }

  /** The segment to append to; a new one where there is none, or it is large. */
  #writable(): Segment {
    if (this.#active !== undefined && this.#active.size < SEGMENT_BYTES) return this.#active;
    if (this.#active !== undefined) this.#retire(this.#active);
    mkdirSync(this.#setup.folder, { recursive: true, mode: OWNER_ONLY });
    const owner = this.#identity();
    const path = this.#newPath();
    this.#active = this.#ours(path, () => Segment.create(path, headerLine(owner, this.#setup.destination)));
    return this.#active;
  }

  /** A segment that is ours from now on. */
  #ours(path: string, make: () => Segment): Segment {
    // First, so that nothing else of this thread takes it for somebody's.
    ours.add(path);
    try {
      const segment = make();
      this.#segments.add(segment);
      this.#lastBeat = performance.now();
      this.#heartbeat ??= setInterval(() => this.#beat(), HEARTBEAT_MS).unref();
      this.#measure();
      return segment;
    } catch (error) {
      ours.delete(path);
      throw error;
    }
  }

  #measure(): void {
    this.#idleBytes = 0;
    for (const segment of this.#segments) if (segment !== this.#active) this.#idleBytes += segment.size;
  }

  #retire(segment: Segment): void {
    segment.isActive = false;
    this.#active = undefined;
    segment.acknowledge();
    if (segment.isGone) this.#remove(segment);
    this.#measure();
  }

  #remove(segment: Segment): void {
    this.#segments.delete(segment);
    ours.delete(segment.path);
    this.#measure();
  }

  /** Read when it is first needed, so that a tracer is made quickly. */
  #identity(): Owner {
    this.#owner ??= newOwner();
    return this.#owner;
  }

  #newPath(): string {
    return join(this.#setup.folder, segmentName(this.#identity(), this.#destination, ++this.#made));
  }

  #beat(): void {
    this.#lastBeat = performance.now();
    for (const segment of this.#segments) if (!segment.touch()) this.#taken(segment);
  }

  /** Who took the segment delivers what is in it; what we have of it in memory is delivered twice. */
  #taken(segment: Segment): void {
    segment.letGo();
    this.#remove(segment);
    if (this.#active === segment) this.#active = undefined;
    for (const source of this.#sources.filter((source) => source.segment === segment))
      this.#dropSource(source);
    this.#setup.changed();
  }

  #failed(error: unknown): void {
    this.#retryAt = performance.now() + RETRY_MS;
    if (this.#active !== undefined) this.#retire(this.#active);
    if (this.#isFailing) return;
    this.#isFailing = true;
    const message = `The journal in ${this.#setup.folder} could not be written; spans are kept in memory only`;
    this.#setup.faults.report(asTracelightError(error, "JOURNAL_FAILED", message));
  }

  async #readSources(): Promise<void> {
    for (let source = this.#sources[0]; source !== undefined; source = this.#sources[0]) {
      if (this.#isClosed || !this.#setup.hasRoom()) return;
      try {
        if (!(await this.#readSource(source))) return;
      } catch (error) {
        this.#unreadable(source.segment, error);
      }
      this.#finish(source);
    }
  }

  /** Reads while there is room. True where it came to the end. */
  async #readSource(source: Source): Promise<boolean> {
    for await (const { line, end } of readLines(source.segment, source.offset, this.#setup.turns)) {
      if (this.#isClosed || source.segment.isGone) return true;
      this.#takeLine(source, line);
      source.offset = end;
      if (!this.#setup.hasRoom()) return false;
    }
    return true;
  }

  #takeLine({ segment, acknowledged }: Source, line: Line): void {
    if (line.kind === "broken" && acknowledged !== undefined) return this.#broken(segment, line.isEntry);
    if (line.kind !== "entry" || acknowledged?.has(line.number) === true) return;
    segment.unread--;
    segment.unsettled++;
    const { number, record } = line;
    try {
      const span = Span.fromRecord(JSON.parse(record));
      this.#setup.take(span, { segment, number, offset: 0, weight: weightOf(record.length) });
    } catch (error) {
      segment.settle(number);
      // Of our own lines only those are torn whose spans went on in memory.
      if (acknowledged !== undefined) this.#broken(segment, true, error);
    }
  }

  #broken(segment: Segment, isEntry: boolean, error?: unknown): void {
    if (isEntry) this.#setup.lost();
    this.#unreadable(segment, error ?? new SyntaxError("it is torn or not of this format"));
  }

  #finish(source: Source): void {
    this.#dropSource(source);
    this.acknowledge();
    this.#setup.changed();
  }

  #dropSource(source: Source): void {
    const at = this.#sources.indexOf(source);
    if (at < 0) return;
    this.#sources.splice(at, 1);
    source.segment.unread = 0;
    if (this.#sources.length === 0) this.#whenRead?.();
  }

  #unreadable(segment: Segment, error: unknown): void {
    const what = `A line of the journal segment ${segment.path} could not be read and was left out`;
    this.#setup.faults.report(
      new TracelightError("JOURNAL_FAILED", `${what}: ${messageOf(error)}`, { cause: error }),
    );
  }

  async #recover(): Promise<void> {
    let names: string[];
    try {
      names = await readdir(this.#setup.folder);
    } catch {
      // No folder yet: there is nothing to recover. One that cannot be read cannot be written either, which is reported.
      return;
    }
    this.#othersBytes = 0;
    for (const name of names) {
      if (this.#isClosed) return;
      await this.#look(name);
    }
  }

  async #look(name: string): Promise<void> {
    const path = join(this.#setup.folder, name);
    const parsed = parseSegmentName(name);
    if (parsed === undefined || ours.has(path)) return;
    try {
      const { size, mtimeMs } = await stat(path);
      this.#othersBytes += size;
      if (parsed.version > JOURNAL_VERSION) return this.#tooNew(path);
      if (parsed.destination !== this.#destination || !isAbandoned(parsed, mtimeMs, this.#identity())) return;
      if ((await headerVersion(path)) > JOURNAL_VERSION) return this.#tooNew(path);
      const segment = await this.#claim(path);
      this.#othersBytes -= size;
      if (segment !== undefined) await this.#readClaimed(segment);
    } catch {
      // Somebody else was faster, or it went away.
    }
  }

  #tooNew(path: string): void {
    if (!this.#rarely.isTime(path)) return;
    const message = `The journal segment ${path} was written by a newer release and is left alone; update tracelight.`;
    this.#setup.faults.report(new TracelightError("JOURNAL_FAILED", message));
  }

  /** Makes a segment ours. Only one can rename it; all others find it gone, which throws. */
  async #claim(from: string): Promise<Segment | undefined> {
    const path = this.#newPath();
    // A name of ours with an old time would be taken for that of a dead owner elsewhere.
    const now = new Date();
    await utimes(from, now, now);
    if (this.#isClosed) return undefined;
    ours.add(path);
    await rename(from, path).catch((error) => {
      ours.delete(path);
      throw error;
    });
    return this.#ours(path, () => Segment.adopt(path));
  }

  /** Hands over what a claimed segment holds, and waits until all of it is read. */
  async #readClaimed(segment: Segment): Promise<void> {
    const contents = await readContents(segment, this.#setup.turns).catch((error) => {
      this.#unreadable(segment, error);
    });
    if (contents === undefined || this.#isClosed || segment.isGone) return;
    const { acknowledged, left } = contents;
    segment.unread = left;
    segment.isKnown = true;
    this.#sources.push({ segment, offset: 0, acknowledged });
    const isRead = new Promise<void>((resolve) => {
      this.#whenRead = resolve;
    });
    this.#setup.changed();
    await isRead;
  }
}

/** About what a span takes in memory of which the line has so many bytes. */
function weightOf(lineBytes: number): number {
  return 1024 + lineBytes;
}

function baseName({ path }: Segment): string {
  return path.slice(Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\")) + 1);
}

/** The version that the header says; of a broken header 0, since its entries may still be read. */
async function headerVersion(path: string): Promise<number> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(4096), 0, 4096, 0);
    const line = parseLine(buffer.toString("utf8", 0, bytesRead).split("\n", 1)[0] ?? "");
    return line.kind === "header" ? line.version : 0;
  } finally {
    await file.close();
  }
}
