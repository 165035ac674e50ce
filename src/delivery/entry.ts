// A span on its way to a server: as it waits, and as it is sent.
import type { Span } from "../tracing/span.ts";
import type { JournalPosition } from "./journal-segment.ts";
import type { Epoch } from "./ledger.ts";
import type { Trial } from "./suspicion.ts";

/** A span on its way. */
export interface Entry<P> {
  readonly span: Span;
  readonly weight: number;
  readonly epoch: Epoch;
  /** Where the journal holds it. */
  readonly place: JournalPosition | undefined;
  ready: Ready<P> | undefined;
  /** Of one that was sent and not taken. */
  trial: Trial | undefined;
}

/** A span as it is sent. */
export interface Ready<P> {
  readonly entry: Entry<P>;
  readonly parcel: P;
  readonly size: number;
}

/** Counts what became of a span, and lets its journal know. */
export type Settle<P> = (entry: Entry<P>, as: "written" | "failed" | "dropped") => void;
