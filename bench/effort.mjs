// How much a benchmark does: enough to see a figure, or with FULL=1 all that a bar is judged by. ROUNDS=n says how often.

/** True where all is measured. */
export const isFull = process.env.FULL === "1";

/** How often each case is run, in a quick run and in a full one. */
export function rounds(quick, full) {
  return Number(process.env.ROUNDS ?? (isFull ? full : quick));
}

/** Prints a figure and its bar, which it may not be over, or, where `isLeast`, not under; without a bar there is none. */
export function row(what, figure, bar, isLeast = false) {
  const isMet = isLeast ? figure >= bar : figure <= bar;
  console.log([what, figure, bar ?? "-", bar === undefined ? "" : isMet ? "met" : "missed"].join(" | "));
}
