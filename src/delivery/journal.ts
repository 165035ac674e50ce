// The journal: spans that are not delivered yet, in files of a folder, so that they outlive their process.
import type { Attributes } from "../model/attributes.ts";
import { defined } from "../model/defined.ts";
import { asTracelightError, messageOf, TracelightError } from "../model/errors.ts";
import { fieldsWith, plainFields, type SpanFields } from "../model/span-fields.ts";
import { clearInterval, setImmediate, setInterval, steadyNow } from "../model/timers.ts";
import type { Turns } from "../model/turns.ts";
import type { Faults } from "../tracing/faults.ts";
import { attributesIn, hasManyAttributes } from "../tracing/many-attributes.ts";
import type { Span } from "../tracing/span.ts";
import { weigh } from "../tracing/weight.ts";
import { entryText, isHeavy } from "./journal-entry.ts";
import { LargeEntries } from "./journal-large.ts";
import { LINE_EXTRA_BYTES, lineOf, writeLine } from "./journal-line.ts";
import { readContents } from "./journal-reader.ts";
import { type Abandoned, isMissing, Recovery } from "./journal-recovery.ts";
import type { JournalPosition, Segment } from "./journal-segment.ts";
import { isOurs, OwnSegments } from "./journal-segments.ts";
import { Sources } from "./journal-sources.ts";
import type { LargeSpan } from "./journal-value.ts";
import { RENEW_MS } from "./journal-watch.ts";

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
  readonly take: (span: Span, place: JournalPosition) => void;
  /** So many spans were in it and cannot be read any more. */
  readonly lost: (spans: number) => void;
  /** Something was found, read or finished. */
  readonly changed: () => void;
}

/** Between two looks whether what is written to is still in its place, while it is written to. */
const LOOK_EVERY_MS = 1000;
/** A folder that could not be written is tried again after so long. */
const RETRY_MS = 30_000;
const BUFFER_BYTES = 64 * 1024;
const NO_ATTRIBUTES: Attributes = Object.freeze({});
/** A UTF-16 unit takes at most so many bytes in UTF-8. */
const BYTES_A_UNIT = 3;

/** The journal of one delivery. Never throws: what goes wrong is reported, and spans go on in memory. */
export class Journal {
  readonly #setup: JournalSetup;
  readonly #segments: OwnSegments;
  readonly #sources: Sources;
  readonly #large: LargeEntries;
  readonly #recovery: Recovery;
  readonly #timer: NodeJS.Timeout;
  /** For one line after the other. */
  #buffer: Buffer | undefined;
  #lookedAt = 0;
  #isFailing = false;
  #retryAt = Number.NEGATIVE_INFINITY;
  #recovering: Promise<void> | undefined;
  #isClosed = false;
  /** Entries that were on disk only when the folder was let go of. */
  #left = 0;

  constructor(setup: JournalSetup) {
    this.#setup = setup;
    const { folder, faults, turns, maxQueuedBytes: maxWaitingBytes, hasRoom, take } = setup;
    this.#segments = new OwnSegments(setup);
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
      open: () => this.#segments.create(false),
      hasRoomFor: (bytes) => this.#hasRoomFor(bytes),
      failed: (error) => this.#failed(error),
      tooLarge: (spanName) => this.#tooLarge(spanName),
    });
    this.#recovery = new Recovery({
      folder,
      destination: this.#segments.destination,
      faults,
      self: () => this.#segments.owner,
      isOurs,
    });
    this.#timer = setInterval(() => this.#beat(), RENEW_MS).unref();
    setImmediate(() => this.recover());
  }

  /** Entries found that are on disk only. */
  get unread(): number {
    return this.#left + this.#segments.unread;
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
  append(span: Span): JournalPosition | undefined | Promise<JournalPosition | undefined> {
    const now = steadyNow();
    if (this.#isClosed || now < this.#retryAt) return undefined;
    try {
      if (now - this.#lookedAt > LOOK_EVERY_MS) this.#look(now);
      if (hasManyAttributes(span)) return this.#appendMany(span);
      const fields = plainFields(span);
      return isHeavy(fields) ? this.#appendLarge({ fields, bytes: weigh(span) }) : this.#append(fields);
    } catch (error) {
      this.#failed(error);
      return undefined;
    }
  }

  /** The span is to stay on disk until there is room. */
  leave(place: JournalPosition): void {
    place.segment.unsettled--;
    place.segment.unread++;
    this.#sources.leave(place);
  }

  /** The span is delivered, or given up. */
  settle({ segment, number }: JournalPosition): void {
    segment.settle(number);
  }

  /** Writes down what was settled since the last time. */
  acknowledge(): void {
    this.#segments.acknowledge();
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
    this.#segments.letGo();
    this.#sources.clear();
    this.#left = left;
  }

  #append(fields: SpanFields): JournalPosition | undefined {
    const segment = this.#segments.writable();
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

  #appendMany(span: Span): Promise<JournalPosition | undefined> | undefined {
    return this.#appendLarge({
      ...{ fields: fieldsWith(NO_ATTRIBUTES, span), attributes: attributesIn(span) },
      bytes: weigh(span),
    });
  }

  #appendLarge(span: LargeSpan): Promise<JournalPosition | undefined> | undefined {
    return this.#hasRoomFor(span.bytes) ? this.#large.add(span) : undefined;
  }

  #hasRoomFor(bytes: number): boolean {
    const { folder, maxBytes, faults } = this.#setup;
    const total = this.#recovery.othersBytes + this.#segments.bytes + bytes;
    if (total <= maxBytes) return true;
    const message = `The journal in ${folder} is full (maxJournalBytes); spans are kept in memory only.`;
    faults.reportRarely(new TracelightError("JOURNAL_FAILED", message));
    return false;
  }

  /** Shows others that we live, and looks whether they do. */
  #beat(): void {
    this.#segments.renew();
    this.recover();
  }

  #look(now: number): void {
    this.#lookedAt = now;
    this.#segments.look();
  }

  #tooLarge(spanName: string): void {
    const message = `The span "${spanName}" is over 64 MiB and too large for the journal; it is kept in memory only.`;
    this.#setup.faults.reportRarely(new TracelightError("JOURNAL_FAILED", message));
  }

  #failed(error: unknown): void {
    this.#retryAt = steadyNow() + RETRY_MS;
    this.#segments.retire();
    if (this.#isFailing) return;
    this.#isFailing = true;
    const message = `The journal in ${this.#setup.folder} could not be written; spans are kept in memory only`;
    this.#setup.faults.report(asTracelightError(error, "JOURNAL_FAILED", message));
  }

  #lost({ path }: Segment, spans: number, error: unknown): void {
    this.#setup.lost(spans);
    const why = error === undefined ? "lines are torn, changed or gone" : messageOf(error);
    const message = `The journal segment ${path} is damaged, and ${spans} of its spans are lost: ${why}.`;
    const options = defined({ cause: error });
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

  async #claim(found: Abandoned): Promise<Segment | undefined> {
    try {
      const segment = await this.#segments.claim(found);
      this.#recovery.took(found);
      if (!this.#isClosed) return segment;
      this.#segments.letGoOf(segment);
    } catch (error) {
      // Somebody else was faster.
      if (!isMissing(error))
        this.#recovery.tell(found.path, `could not be taken over: ${messageOf(error)}`, error);
    }
    return undefined;
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
