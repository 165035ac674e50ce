// The segments of one journal that are ours: made, claimed, renewed, watched over and let go of.
import { mkdirSync } from "node:fs";
import { rename } from "node:fs/promises";
import { basename, join } from "node:path";
import { TracelightError } from "../model/errors.ts";
import type { Faults } from "../tracing/faults.ts";
import { headerText } from "./journal-line.ts";
import {
  destinationHash,
  freeName,
  JOURNAL_VERSION,
  newOwner,
  type Owner,
  segmentName,
} from "./journal-owner.ts";
import type { Abandoned } from "./journal-recovery.ts";
import { Segment } from "./journal-segment.ts";

/** What the segments need to know. */
export interface SegmentsSetup {
  readonly folder: string;
  readonly destination: string;
  readonly faults: Faults;
}

const SEGMENT_BYTES = 8 * 1024 * 1024;
const OWNER_ONLY = 0o700;

/** Segments that this thread writes, by path: their owner lives, however long the event loop was held. */
const ours = new Set<string>();

/** True for segments of this thread. */
export function isOurs(path: string): boolean {
  return ours.has(path);
}

/** All segments of one journal. */
export class OwnSegments {
  readonly #setup: SegmentsSetup;
  readonly #destination: string;
  readonly #segments = new Set<Segment>();
  #owner: Owner | undefined;
  #active: Segment | undefined;
  #made = 0;
  /** Bytes of those that are not appended to. */
  #idleBytes = 0;

  constructor(setup: SegmentsSetup) {
    this.#setup = setup;
    this.#destination = destinationHash(setup.destination);
  }

  /** The hash of where the spans go. */
  get destination(): string {
    return this.#destination;
  }

  /** Who we are. Found out when it is first needed, so that a tracer is made quickly. */
  get owner(): Owner {
    this.#owner ??= newOwner();
    return this.#owner;
  }

  /** Bytes of all. */
  get bytes(): number {
    return this.#idleBytes + (this.#active?.size ?? 0);
  }

  /** Entries that are on disk only. */
  get unread(): number {
    let unread = 0;
    for (const segment of this.#segments) unread += segment.unread;
    return unread;
  }

  /** The segment to append to; a new one where there is none, or it is large. Throws what the file system throws. */
  writable(): Segment {
    if (this.#active !== undefined && this.#active.size < SEGMENT_BYTES) return this.#active;
    this.retire();
    this.#active = this.create(true);
    this.#measure();
    return this.#active;
  }

  /** Nothing more is appended to the active one. */
  retire(): void {
    const segment = this.#active;
    if (segment === undefined) return;
    segment.isActive = false;
    this.#active = undefined;
    segment.acknowledge();
    if (segment.isGone) this.#remove(segment);
    this.#measure();
  }

  /** A new one: for entries to be appended, or for one large entry. Throws what the file system throws. */
  create(isActive: boolean): Segment {
    mkdirSync(this.#setup.folder, { recursive: true, mode: OWNER_ONLY });
    const version = JOURNAL_VERSION;
    const header = headerText(this.owner, version, this.#setup.destination);
    const path = this.#newPath(version);
    return this.#ours(path, () => Segment.create(path, { version, header, isActive }));
  }

  /** Makes an abandoned one ours. Only one can rename it; all others find it gone, which rejects. */
  async claim({ path: from, version }: Abandoned): Promise<Segment> {
    const path = this.#newPath(version);
    // First, so that nothing else of this thread takes it for somebody's.
    ours.add(path);
    try {
      await rename(from, path);
    } catch (error) {
      ours.delete(path);
      throw error;
    }
    return this.#ours(path, () => Segment.adopt(path, version));
  }

  /** Writes down what was settled since the last time. */
  acknowledge(): void {
    for (const segment of this.#segments) {
      segment.acknowledge();
      if (segment.isGone) this.#remove(segment);
    }
  }

  /** Shows others that we live. */
  renew(): void {
    for (const segment of this.#segments) segment.renew();
  }

  /** Looks whether all are in their places, as they were left; tells of those that are not, and leaves off writing to them. */
  look(): void {
    for (const segment of this.#segments) {
      const found = segment.isAstray ? "intact" : segment.look();
      if (found === "intact") continue;
      this.#tellOf(segment, found);
      if (found === "astray") segment.isAstray = true;
      else segment.measure();
      if (segment === this.#active) this.retire();
    }
  }

  /** Leaves all to others. */
  letGo(): void {
    for (const segment of this.#segments) this.letGoOf(segment);
  }

  /** Leaves one to others. */
  letGoOf(segment: Segment): void {
    segment.release(join(this.#setup.folder, freeName(basename(segment.path))));
    this.#remove(segment);
  }

  /** Removed, or taken over by somebody who saw no sign of life for long, or cut: what we know of it is delivered by us. */
  #tellOf({ path, unsettled, unread }: Segment, found: "astray" | "cut"): void {
    const left = unsettled + unread;
    if (left === 0) return;
    const rest = `${left} of its spans wait here, and are still delivered if they can be, perhaps a second time`;
    const message = `The journal segment ${path} ${WHAT_HAPPENED[found]}. ${rest}.`;
    this.#setup.faults.report(new TracelightError("JOURNAL_FAILED", message));
  }

  #newPath(version: number): string {
    const label = { version, destination: this.#destination, count: ++this.#made };
    return join(this.#setup.folder, segmentName(this.owner, label));
  }

  /** A segment that is ours from now on. */
  #ours(path: string, make: () => Segment): Segment {
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

  #remove(segment: Segment): void {
    this.#segments.delete(segment);
    ours.delete(segment.path);
    this.#measure();
  }

  #measure(): void {
    this.#idleBytes = 0;
    for (const segment of this.#segments) if (segment !== this.#active) this.#idleBytes += segment.size;
  }
}

const WHAT_HAPPENED = {
  astray: "is not in its place any more: it was removed, or another process took it over",
  cut: "was cut by somebody else",
} as const;
