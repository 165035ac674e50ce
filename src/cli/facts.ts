// Short facts on one line, as many as fit.
import type { Color, Paint } from "../render/color.ts";
import { displayWidth } from "../render/width.ts";

/** Escaped text; grey unless it has a colour of its own. Empty ones are left out. */
export type Fact = string | readonly [text: string, color: Color];

const BETWEEN = " · ";

/** The facts with dots between; where there is no room the last ones go, those with a colour after all others. */
export function factLine(facts: readonly Fact[], { width, paint }: { width: number; paint: Paint }): string {
  const all = facts
    .map((fact) =>
      typeof fact === "string" ? { text: fact, color: "grey" as const } : { text: fact[0], color: fact[1] },
    )
    .filter(({ text }) => text !== "");
  const byWorth = [
    ...all.filter(({ color }) => color !== "grey"),
    ...all.filter(({ color }) => color === "grey"),
  ];
  let left = width + BETWEEN.length;
  const kept = new Set<{ readonly text: string }>();
  for (const fact of byWorth) {
    left -= displayWidth(fact.text) + BETWEEN.length;
    if (left < 0) break;
    kept.add(fact);
  }
  const shown = all.filter((fact) => kept.has(fact));
  return shown.map(({ text, color }) => paint(color, text)).join(paint("grey", BETWEEN));
}
