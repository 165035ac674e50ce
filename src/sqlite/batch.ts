// One transaction of a writer: ended spans, rows of those that run, rows that are not to stay as they are.
import type { Epoch } from "../delivery/ledger.ts";
import type { SpanFields } from "../model/span-fields.ts";
import { boundedJson } from "../render/text.ts";
import type { Span } from "../tracing/span.ts";
import { weighValue } from "../tracing/weight.ts";
import { SQLITE, sqliteCode } from "./driver.ts";
import { SMALL_BYTES } from "./large-spans.ts";
import { isLarge, type PreparedSpan, prepareNow, shownFields, Unprepared } from "./message-chains.ts";
import type { OddRows } from "./odd-rows.ts";
import type { RunningSpan } from "./running.ts";
import type { WriterFile } from "./writer-file.ts";

/** One transaction writes at most so many spans, and about so many bytes: some milliseconds. */
export const BATCH_SPANS: number = 500;
export const BATCH_BYTES: number = 1024 * 1024;

/** An ended span on its way. */
export interface Entry {
  readonly span: Span;
  readonly weight: number;
  readonly epoch: Epoch;
  readonly running: RunningSpan | undefined;
  /** Prepared already, in slices. */
  prepared: PreparedSpan | undefined;
}

/** What one transaction writes. */
export interface Batch {
  readonly entries: readonly Entry[];
  readonly running: readonly RunningSpan[];
  readonly odd: OddRows;
  /** All spans of one's own are seen to begin: others are looked up before they are written. */
  readonly recordStarts: boolean;
  /** The event loop may be held: at the end of the process. */
  readonly mayTakeLong: boolean;
}

/** What became of a batch. */
export interface Written {
  /** About. */
  readonly bytes: number;
  /** What is wrong with an entry alone. */
  readonly refused: ReadonlyMap<Entry, unknown>;
  /** Rows of running spans, each with its id and what was written. */
  readonly rows: readonly (readonly [RunningSpan, number, Span])[];
}

/**
 * Writes a batch.
 * @throws what SQLite says of the file; nothing is written then.
 */
export function writeBatch(file: WriterFile, batch: Batch): Written {
  const refused = new Map<Entry, unknown>();
  return file.transaction(() => {
    let bytes = 0;
    for (const entry of batch.entries) {
      bytes += entry.weight;
      const fault = attempt(() => putEnded(file, entry, batch));
      if (fault !== undefined) refused.set(entry, fault.error);
    }
    const rows = batch.running.map((running) => putRunning(file, running));
    batch.odd.write(file);
    return { bytes, refused, rows };
  });
}

/** What went wrong with one span alone; what is wrong with the file is thrown on. */
function attempt(work: () => void): { readonly error: unknown } | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    const code = sqliteCode(error);
    if (code !== undefined && code !== SQLITE.tooBig) throw error;
    return { error };
  }
}

function putEnded(
  file: WriterFile,
  { prepared, running }: Entry,
  { recordStarts, mayTakeLong }: Batch,
): void {
  if (prepared === undefined) return;
  if (running !== undefined || !recordStarts) {
    return void file.put(prepared, { id: running?.id, isRunning: false, mayTakeLong });
  }
  // A span that was not seen to begin comes from elsewhere, and may come again.
  const known = file.rowOf(prepared.span);
  if (known?.hasEnded !== true) file.put(prepared, { id: known?.id, isRunning: false, mayTakeLong });
}

function putRunning(file: WriterFile, running: RunningSpan): [RunningSpan, number, Span] {
  const now = running.span.snapshot();
  const fields = shownFields(now);
  const target = { id: running.id, isRunning: true, mayTakeLong: false };
  try {
    return [running, file.put(prepareNow(isLarge(fields) ? shortened(fields) : fields), target), now];
  } catch (error) {
    if (!(error instanceof Unprepared)) throw error;
    return [running, file.put(prepareNow(shortened(fields)), { ...target, mayTakeLong: true }), now];
  }
}

/** What a row of a running span shows: large values by their beginning, until the span ends. */
function shortened(fields: SpanFields): SpanFields {
  const shown = Object.entries(fields.attributes).map(([key, value]): [string, unknown] =>
    weighValue(value) > SMALL_BYTES ? [key, `${boundedJson(value, 1000).slice(0, 1000)}…`] : [key, value],
  );
  return { ...fields, attributes: Object.fromEntries(shown), events: [] };
}
