// A row's course on one line.
import type { JSX } from "preact";
import { largest, lineOf, stacked, type Values } from "./series.ts";

const BOX = { width: 116, height: 20 } as const;

/** Bars or a line, without figures: those stand beside it. */
export function Spark(props: {
  readonly values: Values;
  readonly class: string;
  readonly type: "bars" | "line";
}): JSX.Element | null {
  const { values, type, class: color } = props;
  const most = largest([values]);
  if (most === 0) return null;
  const [bars = []] = type === "bars" ? stacked([values], { ...BOX, most, gap: 0.35 }) : [];
  return (
    <svg class="sp" viewBox="0 0 116 22" preserveAspectRatio="none" aria-hidden="true">
      {bars.map((bar) => (
        <rect key={bar.x} class={color} {...bar} y={bar.y + 1} />
      ))}
      {type === "line" && <path class={`ln ${color}`} d={lineOf(values, { ...BOX, most })} />}
      <line class="base" x1="0" x2="116" y1="21.5" y2="21.5" />
    </svg>
  );
}
