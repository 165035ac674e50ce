// Model calls that are there twice side by side: as a library's and as its client's, where neither made its span the other's parent.

/** A model call, as far as it says whether another is the same. */
export interface ModelCall {
  /** The number of its span. */
  readonly at: number;
  readonly trace: number;
  readonly model: string;
  /** Who wrote the span. */
  readonly scope: string;
  /** Microseconds. */
  readonly start: number;
  readonly end: number;
  readonly tokens: number;
}

/** Microseconds: some libraries' times are cut to whole milliseconds. */
const ROUNDING = 1000;

/** So many calls that overlap with one are looked at. */
const MAX_OVERLAPPING = 64;

/**
 * Pairs of a call and the one that it was made by: of the same trace and model, within its time, by another scope; `canBe` says
 * where two of that kind are no such pair. A call is in one pair at most, so that calls in parallel stay apart.
 */
export function* twins(
  calls: readonly ModelCall[],
  canBe: (outer: ModelCall, inner: ModelCall) => boolean,
): Iterable<readonly [outer: ModelCall, inner: ModelCall]> {
  if (new Set(calls.map(({ scope }) => scope)).size < 2) return;
  const ordered = [...calls].sort(byTime);
  const taken = new Set<ModelCall>();
  for (const [i, outer] of ordered.entries()) {
    if (taken.has(outer)) continue;
    let twin: ModelCall | undefined;
    for (let at = i + 1; at <= i + MAX_OVERLAPPING; at++) {
      const inner = ordered[at];
      if (inner === undefined || !isAmong(inner, outer)) break;
      if (inner.scope === outer.scope || inner.end > outer.end + ROUNDING || taken.has(inner)) continue;
      // The one that took longest fits best.
      if ((twin === undefined || inner.end > twin.end) && canBe(outer, inner)) twin = inner;
    }
    if (twin === undefined) continue;
    taken.add(twin);
    yield [outer, twin];
  }
}

function isAmong(inner: ModelCall, outer: ModelCall): boolean {
  return inner.trace === outer.trace && inner.model === outer.model && inner.start <= outer.end;
}

/** Calls that can be twins follow one another, the outer one first; the same whichever came first. */
function byTime(a: ModelCall, b: ModelCall): number {
  if (a.trace !== b.trace) return a.trace - b.trace;
  if (a.model !== b.model) return a.model < b.model ? -1 : 1;
  const order = a.start - b.start || b.end - a.end;
  if (order !== 0 || a.scope === b.scope) return order || b.tokens - a.tokens;
  return a.scope < b.scope ? -1 : 1;
}
