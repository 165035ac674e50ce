// Short facts on one line, as many as fit.
import type { Color, Paint } from "../render/color.ts";
import { displayWidth } from "../render/width.ts";

/** Escaped text; grey unless it has a colour of its own. Empty ones are left out. */
export type Fact = string | readonly [text: string, color: Color];

const BETWEEN = " · ";

/** The facts with dots between; where there is no room the last ones go. */
export function factLine(facts: readonly Fact[], { width, paint }: { width: number; paint: Paint }): string {
  let left = width + BETWEEN.length;
  const shown: string[] = [];
  for (const fact of facts) {
    const [text, color] = typeof fact === "string" ? ([fact, "grey"] as const) : fact;
    left -= text === "" ? 0 : displayWidth(text) + BETWEEN.length;
    if (left < 0) break;
    if (text !== "") shown.push(paint(color, text));
  }
  return shown.join(paint("grey", BETWEEN));
}
