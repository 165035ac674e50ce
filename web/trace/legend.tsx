// How many spans of each kind there are; a click shows these alone, again all.
import type { JSX } from "preact";
import { count } from "../app/figures.ts";
import { Kind } from "../parts/icon.tsx";
import { KIND_WORDS, SHOWN_KINDS, type ShownKind } from "./kinds.ts";
import type { TraceModel } from "./model.ts";

/** The legend. `hidden` are the kinds that are not shown. */
export function Legend(props: {
  readonly model: TraceModel;
  readonly hidden: ReadonlySet<ShownKind>;
  readonly onHide: (hidden: ReadonlySet<ShownKind>) => void;
}): JSX.Element {
  const { model, hidden } = props;
  const counts = countsOf(model);
  const there = SHOWN_KINDS.filter((kind) => (counts.get(kind) ?? 0) > 0);
  const turn = (kind: ShownKind, isAlone: boolean): void => {
    if (isAlone) {
      const others = there.filter((one) => one !== kind);
      const isAlready = others.every((one) => hidden.has(one)) && !hidden.has(kind);
      return props.onHide(new Set(isAlready ? [] : others));
    }
    const next = new Set(hidden);
    if (!next.delete(kind)) next.add(kind);
    props.onHide(next.size === there.length ? new Set() : next);
  };
  const away = there.reduce((sum, kind) => sum + (hidden.has(kind) ? (counts.get(kind) ?? 0) : 0), 0);
  return (
    <>
      {there.map((kind) => {
        const n = counts.get(kind) ?? 0;
        return (
          <button
            key={kind}
            type="button"
            class="fact"
            aria-pressed={!hidden.has(kind) && hidden.size > 0}
            title="A click shows these alone, and again all; with Shift it hides them"
            onClick={({ shiftKey }) => turn(kind, !shiftKey)}
          >
            <Kind name={kind} />
            {KIND_WORDS[kind][n === 1 ? 0 : 1]} <b>{count(n)}</b>
          </button>
        );
      })}
      {away > 0 && <span class="fact mute">{count(away)} hidden</span>}
    </>
  );
}

function countsOf(model: TraceModel): ReadonlyMap<ShownKind, number> {
  const counts = new Map<ShownKind, number>();
  for (const index of model.kind) {
    const kind = SHOWN_KINDS[index] ?? "other";
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  return counts;
}
