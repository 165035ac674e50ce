// The journal: spans that are not delivered yet, in files of a folder, so that they outlive their process.
import { mkdirSync } from "node:fs";
import { rename } from "node:fs/promises";
import { basename, join } from "node:path";
import { asTracelightError, messageOf, TracelightError } from "../model/errors.ts";
import { plainFields, type SpanFields } from "../model/record.ts";
import { clearInterval, setImmediate, setInterval, steadyNow } from "../model/timers.ts";
import type { Faults } from "../tracing/faults.ts";
import type { Span } from "../tracing/span.ts";
import { entryText, isHeavy } from "./journal-entry.ts";
import { LargeEntries } from "./journal-large.ts";
import { headerText, LINE_EXTRA_BYTES, lineOf, writeLine } from "./journal-line.ts";
import {
  destinationHash,
  freeName,
  JOURNAL_VERSION,
  newOwner,
  type Owner,
  segmentName,
} from "./journal-owner.ts";
import { readContents } from "./journal-reader.ts";
import { type Abandoned, isMissing, Recovery } from "./journal-recovery.ts";
import { type Place, Segment } from "./journal-segment.ts";
import { Sources } from "./journal-sources.ts";
import { RENEW_MS } from "./journal-watch.ts";
import type { Turns } from "./turns.ts";
import { weigh } from "./weight.ts";

/** What the journal needs of its delivery. */
export interface JournalSetup {
  readonly folder: string;
  readonly maxBytes: number;
  /** Bytes of spans that may wait in memory. */
  readonly maxQueuedBytes: number;
  readonly destination: string;
  readonly faults: Faults;
  readonly turns: Turns;
  /** True while spans may be read back into memory. */
  readonly hasRoom: () => boolean;
  /** Takes a span that was read back. */
  readonly take: (span: Span, place: Place) => void;
  /** So many spans were in it and cannot be read any more. */
  readonly lost: (spans: number) => void;
  /** Something was found, read or finished. */
  readonly changed: () => void;
}

const SEGMENT_BYTES = 8 * 1024 * 1024;
/** Between two looks whether what is written to is still in its place, while it is written to. */
const LOOK_EVERY_MS = 1000;
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
  readonly #segments = new Set<Segment>();
  readonly #sources: Sources;
  readonly #large: LargeEntries;
  readonly #recovery: Recovery;
  readonly #timer: NodeJS.Timeout;
  #owner: Owner | undefined;
  #active: Segment | undefined;
  /** For one line after the other. */
  #buffer: Buffer | undefined;
  #made = 0;
  /** Bytes of our own segments that are not appended to. */
  #idleBytes = 0;
  #lookedAt = 0;
  #isFailing = false;
  #retryAt = Number.NEGATIVE_INFINITY;
  #recovering: Promise<void> | undefined;
  #isClosed = false;
  /** Entries that were on disk only when the folder was let go of. */
  #left = 0;

  constructor(setup: JournalSetup) {
    this.#setup = setup;
    this.#destination = destinationHash(setup.destination);
    const { folder, faults, turns, maxQueuedBytes: maxWaitingBytes, hasRoom, take } = setup;
    this.#sources = new Sources({
      turns,
      take,
      ...{ hasRoom: () => !this.#isClosed && hasRoom() },
      lost: (segment, spans, error) => this.#lost(segment, spans, error),
      finished: () => this.#finished(),
    });
    this.#large = new LargeEntries({
      turns,
      maxWaitingBytes,
      open: () => this.#create(false),
      hasRoomFor: (bytes) => this.#hasRoomFor(bytes),
      failed: (error) => this.#failed(error),
      tooLarge: (spanName) => this.#tooLarge(spanName),
    });
    this.#recovery = new Recovery({
      folder,
      destination: this.#destination,
      faults,
      self: () => this.#identity(),
      isOurs: (path) => ours.has(path),
    });
    this.#timer = setInterval(() => this.#beat(), RENEW_MS).unref();
    setImmediate(() => this.recover());
  }

  /** Entries found that are on disk only. */
  get unread(): number {
    let unread = this.#left;
    for (const segment of this.#segments) unread += segment.unread;
    return unread;
  }

  /** True where nothing is on disk only, and nobody looks for more. */
  get isRest(): boolean {
    return this.#recovering === undefined && this.#sources.isEmpty;
  }

  /** True while some of our own spans are left on disk. */
  get isOverflowing(): boolean {
    return this.#sources.hasOwn;
  }

  /** Writes a span down, at once or, where that is much work, in slices. Undefined where it cannot be done. */
  append(span: Span): Place | undefined | Promise<Place | undefined> {
    const now = steadyNow();
    if (this.#isClosed || now < this.#retryAt) return undefined;
    try {
      if (now - this.#lookedAt > LOOK_EVERY_MS) this.#look(now);
      const fields = plainFields(span);
      return isHeavy(fields) ? this.#appendLarge(fields, weigh(span)) : this.#append(fields);
    } catch (error) {
      this.#failed(error);
      return undefined;
    }
  }

  /** The span is to stay on disk until there is room. */
  leave(place: Place): void {
    place.segment.unsettled--;
    place.segment.unread++;
    this.#sources.leave(place);
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
    this.#sources.readBack();
  }

  /** Looks for segments whose owners are gone, and delivers what they left; and whether our own are in their places. */
  recover(): void {
    if (this.#isClosed) return;
    this.#look(steadyNow());
    this.#recovering ??= this.#recover().finally(() => {
      this.#recovering = undefined;
      this.#setup.changed();
    });
  }

  /** Lets go of the folder: what is left may be claimed by others. */
  close(): void {
    this.#large.finish();
    this.#isClosed = true;
    clearInterval(this.#timer);
    const left = this.unread;
    for (const segment of this.#segments) this.#letGo(segment);
    this.#sources.clear();
    this.#left = left;
  }

  #letGo(segment: Segment): void {
    segment.release(join(this.#setup.folder, freeName(basename(segment.path))));
    this.#remove(segment);
  }

  #append(fields: SpanFields): Place | undefined {
    const segment = this.#writable();
    const { nextNumber: number, version } = segment;
    const text = entryText(number, fields);
    this.#buffer ??= Buffer.allocUnsafe(BUFFER_BYTES);
    const isShort = text.length * BYTES_A_UNIT + LINE_EXTRA_BYTES <= BUFFER_BYTES;
    const line = isShort ? this.#buffer : lineOf(text, version);
    const bytes = isShort ? writeLine(line, text, version) : line.length;
    if (!this.#hasRoomFor(bytes)) return undefined;
    const offset = segment.append(line, bytes);
    segment.unsettled++;
    this.#isFailing = false;
    return { segment, number, offset, weight: weightOf(bytes) };
  }

  #appendLarge(fields: SpanFields, bytes: number): Promise<Place | undefined> | undefined {
    return this.#hasRoomFor(bytes) ? this.#large.add(fields, bytes) : undefined;
  }

  #hasRoomFor(bytes: number): boolean {
    const { folder, maxBytes, faults } = this.#setup;
    const total = this.#recovery.othersBytes + this.#idleBytes + (this.#active?.size ?? 0) + bytes;
    if (total <= maxBytes) return true;
    const message = `The journal in ${folder} is full (journalMaxBytes); spans are kept in memory only.`;
    faults.reportRarely(new TracelightError("JOURNAL_FAILED", message));
    return false;
  }

  /** The segment to append to; a new one where there is none, or it is large. */
  #writable(): Segment {
    if (this.#active !== undefined && this.#active.size < SEGMENT_BYTES) return this.#active;
    if (this.#active !== undefined) this.#retire(this.#active);
    this.#active = this.#create(true);
    this.#measure();
    return this.#active;
  }

  #create(isActive: boolean): Segment {
    mkdirSync(this.#setup.folder, { recursive: true, mode: OWNER_ONLY });
    const header = headerText(this.#identity(), JOURNAL_VERSION, this.#setup.destination);
    const path = this.#newPath(JOURNAL_VERSION);
    return this.#ours(path, () => Segment.create(path, { version: JOURNAL_VERSION, header, isActive }));
  }

  /** A segment that is ours from now on. */
  #ours(path: string, make: () => Segment): Segment {
    // First, so that nothing else of this thread takes it for somebody's.
    ours.add(path);
    try {
      const segment = make();
      this.#segments.add(segment);
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

  #newPath(version: number): string {
    const label = { version, destination: this.#destination, count: ++this.#made };
    return join(this.#setup.folder, segmentName(this.#identity(), label));
  }

  /** Shows others that we live, and looks whether they do. */
  #beat(): void {
    for (const segment of this.#segments) segment.renew();
    this.recover();
  }

  #look(now: number): void {
    this.#lookedAt = now;
    for (const segment of this.#segments) {
      if (segment.isAstray) continue;
      const found = segment.look();
      if (found === "astray") this.#astray(segment);
      if (found === "cut") this.#cut(segment);
    }
  }

  /** Removed, or taken over by another process that saw no sign of life for long: what we know of it is delivered by us. */
  #astray(segment: Segment): void {
    const left = segment.unsettled + segment.unread;
    segment.isAstray = true;
    this.#tellOf(
      segment,
      left,
      "is not in its place any more: it was removed, or another process took it over",
    );
    this.#leaveOff(segment);
  }

  #cut(segment: Segment): void {
    this.#tellOf(segment, segment.unsettled + segment.unread, "was cut by somebody else");
    segment.measure();
    this.#leaveOff(segment);
  }

  #leaveOff(segment: Segment): void {
    if (this.#active === segment) this.#retire(segment);
    this.#setup.changed();
  }

  #tellOf({ path }: Segment, left: number, what: string): void {
    if (left === 0) return;
    const rest = `${left} of its spans wait here, and are still delivered if they can be, perhaps a second time`;
    const message = `The journal segment ${path} ${what}. ${rest}.`;
    this.#setup.faults.report(new TracelightError("JOURNAL_FAILED", message));
  }

  #tooLarge(spanName: string): void {
    const message = `The span "${spanName}" is over 64 MiB and too large for the journal; it is kept in memory only.`;
    this.#setup.faults.reportRarely(new TracelightError("JOURNAL_FAILED", message));
  }

  #failed(error: unknown): void {
    this.#retryAt = steadyNow() + RETRY_MS;
    if (this.#active !== undefined) this.#retire(this.#active);
    if (this.#isFailing) return;
    this.#isFailing = true;
    const message = `The journal in ${this.#setup.folder} could not be written; spans are kept in memory only`;
    this.#setup.faults.report(asTracelightError(error, "JOURNAL_FAILED", message));
  }

  #lost({ path }: Segment, spans: number, error: unknown): void {
    this.#setup.lost(spans);
    const why = error === undefined ? "lines are torn, changed or gone" : messageOf(error);
    const message = `The journal segment ${path} is damaged, and ${spans} of its spans are lost: ${why}.`;
    const options = error === undefined ? {} : { cause: error };
    this.#setup.faults.reportRarely(new TracelightError("JOURNAL_FAILED", message, options));
  }

  #finished(): void {
    this.acknowledge();
    this.#setup.changed();
  }

  async #recover(): Promise<void> {
    for await (const found of this.#recovery.abandoned()) {
      if (this.#isClosed) return;
      const segment = await this.#claim(found);
      if (segment !== undefined) await this.#readClaimed(segment);
    }
  }

  /** Makes a segment ours. Only one can rename it; all others find it gone. */
  async #claim(found: Abandoned): Promise<Segment | undefined> {
    const path = this.#newPath(found.version);
    ours.add(path);
    try {
      await rename(found.path, path);
      const segment = this.#ours(path, () => Segment.adopt(path, found.version));
      this.#recovery.took(found);
      if (!this.#isClosed) return segment;
      this.#letGo(segment);
      return undefined;
    } catch (error) {
      ours.delete(path);
      if (!isMissing(error))
        this.#recovery.tell(found.path, `could not be taken over: ${messageOf(error)}`, error);
      return undefined;
    }
  }

  /** Hands over what a claimed segment holds, and waits until all of it is read. */
  async #readClaimed(segment: Segment): Promise<void> {
    const contents = await readContents(segment, this.#setup.turns).catch((error) => {
      this.#lost(segment, 0, error);
    });
    if (contents === undefined || this.#isClosed || segment.isGone) return;
    const { acknowledged, left, lost, isDamaged } = contents;
    if (isDamaged) this.#lost(segment, lost, undefined);
    segment.unread = left;
    segment.isKnown = true;
    const isRead = this.#sources.readClaimed(segment, acknowledged);
    this.#setup.changed();
    await isRead;
  }
}

/** About what a span takes in memory of which the line has so many bytes. */
function weightOf(lineBytes: number): number {
  return 1024 + lineBytes;
}
