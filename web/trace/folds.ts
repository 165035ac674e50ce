// What is folded of a trace: the same spans when the trace grows.
import { useSignal } from "@preact/signals";
import { useMemo } from "preact/hooks";
import { hasBelow, placeIn, type TraceModel } from "./model.ts";
import { foldedAtFirst } from "./tree.ts";

/** The spans that are folded, and what changes them. */
export function useFolds(model: TraceModel): {
  readonly spans: ReadonlySet<number>;
  readonly set: (spans: ReadonlySet<number>) => void;
} {
  const folds = useSignal<{ readonly of: TraceModel; readonly spans: ReadonlySet<number> } | undefined>(
    undefined,
  );
  const first = useMemo(() => ({ of: model, spans: foldedAtFirst(model) }), [model.whole]);
  const { of, spans: folded } = folds.value ?? first;
  const spans = useMemo(() => (of === model ? folded : carried(of, model, folded)), [model, of, folded]);
  return {
    spans,
    set: (next) => {
      folds.value = { of: model, spans: next };
    },
  };
}

function carried(from: TraceModel, to: TraceModel, spans: ReadonlySet<number>): ReadonlySet<number> {
  if (from.whole !== to.whole) return amongAll(from, to, spans);
  if (spans.size === 0) return spans;
  return new Set([...spans].map((i) => placeIn(to, from, i)).filter((i) => i >= 0));
}

/** Those that were seen before the others had come stay as they were left. */
function amongAll(from: TraceModel, to: TraceModel, spans: ReadonlySet<number>): ReadonlySet<number> {
  const all = foldedAtFirst(to);
  for (let i = 0; i < from.spans; i++) {
    const at = placeIn(to, from, i);
    if (spans.has(i)) all.add(at);
    else all.delete(at);
  }
  return all;
}

/** All spans that can be folded. */
export function allParents(model: TraceModel): Set<number> {
  const parents = new Set<number>();
  for (let i = 0; i < model.spans; i++) if (hasBelow(model, i)) parents.add(i);
  return parents;
}
