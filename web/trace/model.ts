// A trace as arrays: span by span in the order of the tree, so that what is below a span follows it. Made in a worker.

/** Bits of `TraceModel.flags`. */
export const FAILED = 1;
export const ABORTED = 2;
export const RUNNING = 4;
export const INTERRUPTED = 8;

/** A trace, laid out. Times are milliseconds since it began. All arrays are by the span's place in the tree. */
export interface TraceModel {
  readonly spans: number;
  /** False where these are only those that began first: the others are being read. */
  readonly whole: boolean;
  /** Ids of 16 characters as bytes, one behind the other, by start: the span at place `i` has the one at `order[i]`. */
  readonly ids: Uint8Array;
  readonly order: Int32Array;
  /** The other way round: of each id, the place of its span. */
  readonly place: Int32Array;
  readonly texts: readonly string[];
  readonly parent: Int32Array;
  readonly depth: Uint16Array;
  /** Behind the last span below. */
  readonly last: Int32Array;
  readonly start: Float64Array;
  /** Of a span that runs, now; of one that was interrupted, the last sign of life below it. */
  readonly end: Float64Array;
  /** Time in which nothing below it was at work. */
  readonly self: Float64Array;
  /** The index in `SHOWN_KINDS`. */
  readonly kind: Uint8Array;
  readonly flags: Uint8Array;
  /** Indexes of `texts`: its name, and what it calls; -1 where that is not known. */
  readonly name: Int32Array;
  readonly called: Int32Array;
  /** Of the span and all below it. */
  readonly inputTokens: Float64Array;
  readonly outputTokens: Float64Array;
  readonly costUsd: Float64Array;
  /** Of all below it, without itself. */
  readonly errorsBelow: Uint32Array;
  /** NaN where it is not a model call, or was not streamed. */
  readonly firstTokenMs: Float64Array;
  /** From the first start to the last end. */
  readonly total: number;
  /** When a running trace was looked at; undefined where it has ended. */
  readonly now: number | undefined;
}

/** The id of a span. */
export function idAt(model: TraceModel, i: number): string {
  return String.fromCharCode(...idIn(model, model.order[i] ?? 0));
}

/** Where the span with that id is; -1 where it is not there. */
export function indexOfId(model: TraceModel, id: string): number {
  const wanted = new TextEncoder().encode(id);
  if (wanted.length !== ID_LENGTH) return -1;
  const [first] = wanted;
  for (let at = 0; at < model.spans; at++) {
    if (model.ids[at * ID_LENGTH] === first && isSame(idIn(model, at), wanted)) return model.place[at] ?? -1;
  }
  return -1;
}

/** Where a span is in a later reading of its trace; -1 where it is no more. Mostly, what is new began after what was there. */
export function placeIn(later: TraceModel, model: TraceModel, i: number): number {
  const at = model.order[i] ?? 0;
  if (isSame(idIn(model, at), idIn(later, at))) return later.place[at] ?? -1;
  return indexOfId(later, idAt(model, i));
}

function idIn({ ids }: TraceModel, at: number): Uint8Array {
  return ids.subarray(at * ID_LENGTH, (at + 1) * ID_LENGTH);
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

/** What a row calls a span: its model, tool or agent, else its name. */
export function labelAt(model: TraceModel, i: number): string {
  const called = model.called[i] ?? -1;
  return model.texts[called >= 0 ? called : (model.name[i] ?? 0)] ?? "";
}

/** True where the span has others below it. */
export function hasBelow(model: TraceModel, i: number): boolean {
  return (model.last[i] ?? 0) > i + 1;
}

/** The span's children, in order. */
export function childrenOf(model: TraceModel, i: number): number[] {
  const children: number[] = [];
  const end = model.last[i] ?? 0;
  for (let at = i + 1; at < end; at = model.last[at] ?? end) children.push(at);
  return children;
}

const ID_LENGTH = 16;
