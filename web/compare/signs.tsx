// What became of a row from the first to the second: its sign, and its word.
import type { JSX } from "preact";
import type { IconName } from "../parts/glyphs.ts";
import { Icon } from "../parts/icon.tsx";

/** States of rows of calls and of steps. */
export type RowState = "same" | "changed" | "moved" | "only_a" | "only_b";

const ICON: Readonly<Record<RowState, IconName>> = {
  same: "eq",
  changed: "tilde",
  moved: "swap",
  only_a: "minus",
  only_b: "plus",
};

/** What each is called. */
export const STATE_WORDS: Readonly<Record<RowState, string>> = {
  same: "same",
  changed: "changed",
  moved: "moved",
  only_a: "only in A",
  only_b: "only in B",
};

/** The sign; its word stands beside it, or is read out. */
export function Sign({ of }: { readonly of: RowState }): JSX.Element {
  return (
    <span class={`sg ${of}`}>
      <Icon name={ICON[of]} />
    </span>
  );
}

/** `3 changed, 2 only in B, 9 the same`. */
export function summed(states: readonly RowState[], sames: number): string {
  const n = (state: RowState): number => states.filter((one) => one === state).length;
  return [
    [n("changed"), "changed"],
    [n("moved"), "moved"],
    [n("only_b"), "only in B"],
    [n("only_a"), "only in A"],
    [sames, "the same"],
  ]
    .filter(([many]) => many !== 0)
    .map(([many, words]) => `${many} ${words}`)
    .join(", ");
}
