// What the command line asks of a back end whose stores are known by how their name begins.
import type { TracelightError } from "../../model/errors.ts";
import type { Process } from "../../tracing/draft.ts";
import type { StoreReader } from "../../tracing/readable.ts";
import type { Tracer } from "../../tracing/tracer.ts";

/** A back end of which stores are named so. */
export interface NamedStores {
  /** Opens the store of that name for reading and import; nothing is sent before the first read. */
  open(name: string): StoreReader;
  /** Writes into the store of that name. Throws UsageError where it cannot be one. */
  write(name: string, options: WriteOptions): Written;
}

/** What is done with the spans, and the faults. */
export interface WriteOptions {
  readonly onError: (error: TracelightError) => void;
  /** The last change to each span. */
  readonly process?: Process | undefined;
}

/** What `collect` writes to. */
export interface Written {
  readonly tracer: Tracer;
  /** What messages call it; the name that was given unless told. */
  readonly label?: string;
  /** What it rejects with, as the shell says it. */
  readonly explain?: (error: unknown) => unknown;
}
