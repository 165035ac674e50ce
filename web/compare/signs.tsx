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

/** `3 changed, 3 only in B, 1 only in A, 9 the same`. */
export function summed(states: readonly RowState[], sames: number): string {
  return [
    ...counts(states, ["changed", "only_b", "only_a"]),
    ...(sames > 0 ? [`${sames} the same`] : []),
  ].join(", ");
}

/** `10 in both, 2 of them changed; 4 only in B; 2 only in A`. */
export function summedSteps(states: readonly RowState[]): string {
  const both = states.filter((state) => state !== "only_a" && state !== "only_b").length;
  const apart = counts(states, ["changed", "moved"]).map((words) => words.replace(" ", " of them "));
  return [[`${both} in both`, ...apart].join(", "), ...counts(states, ["only_b", "only_a"])].join("; ");
}

/** How many there are of each, where there are any. */
function counts(states: readonly RowState[], of: readonly RowState[]): string[] {
  return of.flatMap((state) => {
    const n = states.filter((one) => one === state).length;
    return n === 0 ? [] : [`${n} ${STATE_WORDS[state]}`];
  });
}
