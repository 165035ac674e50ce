// Turns over time, failed at the foot. Dragging chooses a time range, its edges resize it, a double click clears it.
import type { JSX } from "preact";
import type { HistogramJson } from "../../src/viewer/api.ts";
import { counted, time } from "../app/figures.ts";
import { iso } from "../app/moments.ts";
import { type Tick, ticksOf } from "../app/ticks.ts";
import { useBrush } from "../parts/brush.ts";
import { changeList, DEFAULT_SINCE } from "./query.ts";

const HEIGHT = 56;
/** The tallest bar leaves room for its label. */
const TALLEST = HEIGHT - 4;
/** Words of the axis have this much room, and none stands at its very ends. */
const MOST_TICKS = 9;
const isClear = ({ share }: Tick): boolean => share >= 0.01 && share < 0.97;

/** The histogram. `range` is the time that rows are shown of, where that is a part. */
export function Histogram(props: {
  readonly histogram: HistogramJson;
  readonly range: { readonly from: number; readonly to: number } | undefined;
  readonly now: number;
}): JSX.Element {
  const { histogram, range, now } = props;
  const n = histogram.ended.length;
  const first = Date.parse(histogram.since);
  const length = n * histogram.bucket_ms;
  const turns = histogram.ended.map((_, i) => turnsIn(histogram, i));
  const hasTurns = turns.some((n) => n > 0);
  const most = Math.max(1, ...turns);
  const shareOf = (at: number): number => Math.min(1, Math.max(0, (at - first) / length));
  const { box, part, begin } = useBrush(({ from, to }) => choose(first + from * length, first + to * length));
  const brush = part ?? (range && { from: shareOf(range.from), to: shareOf(range.to) });
  return (
    <div
      class="hist"
      role="group"
      aria-label={`Turns per ${time(histogram.bucket_ms)}; drag to choose a time range`}
      ref={box}
      onPointerDown={(event) => begin(event)}
      onDblClick={() => changeList({ since: DEFAULT_SINCE, until: "" })}
    >
      <svg viewBox={`0 0 ${n} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
        <line
          class="base"
          x1="0"
          x2={n}
          y1={HEIGHT + 0.5}
          y2={HEIGHT + 0.5}
          vector-effect="non-scaling-stroke"
        />
        {histogram.ended.map((_, i) => (
          <Bar
            key={i}
            {...{ histogram, i, most }}
            isOutside={brush !== undefined && ((i + 1) / n <= brush.from || i / n >= brush.to)}
          />
        ))}
      </svg>
      {hasTurns && <span class="ymax">{counted(most, "turn")}</span>}
      {ticksOf({ since: first, length }, MOST_TICKS)
        .filter(isClear)
        .map(({ at, share, label }) => (
          <span
            key={at}
            class={`ax ${share > 0.88 ? "far" : ""}`}
            style={{ left: `${(share * 100).toFixed(2)}%` }}
          >
            {label}
          </span>
        ))}
      {now - first - length < histogram.bucket_ms && (
        <span class="ax rr" style={{ left: "100%" }}>
          now
        </span>
      )}
      {brush && (
        <div class="brush" style={{ "--a": `${brush.from * 100}%`, "--b": `${brush.to * 100}%` }}>
          <i onPointerDown={(event) => begin(event, brush.to)} />
          <i onPointerDown={(event) => begin(event, brush.from)} />
        </div>
      )}
    </div>
  );
}

function Bar(props: {
  readonly histogram: HistogramJson;
  readonly i: number;
  readonly most: number;
  readonly isOutside: boolean;
}): JSX.Element | null {
  const { histogram, i, most } = props;
  const parts = [
    { class: "e", turns: histogram.failed[i] ?? 0 },
    { class: "b", turns: histogram.ended[i] ?? 0 },
    { class: "r", turns: histogram.running[i] ?? 0 },
  ].filter(({ turns }) => turns > 0);
  if (parts.length === 0) return null;
  let below = 0;
  return (
    <g class={props.isOutside ? "dim" : undefined}>
      {parts.map(({ class: kind, turns }, at) => {
        const height = (turns / most) * TALLEST;
        const y = HEIGHT - below - height;
        below += height;
        const gap = at > 0 ? 1 : 0;
        return (
          <rect key={kind} class={kind} x={i + 0.07} width={0.86} y={y} height={Math.max(1, height - gap)} />
        );
      })}
    </g>
  );
}

function turnsIn({ ended, failed, running }: HistogramJson, i: number): number {
  return (ended[i] ?? 0) + (failed[i] ?? 0) + (running[i] ?? 0);
}

function choose(from: number, to: number): void {
  changeList({ since: iso(Math.round(from / 1000) * 1000), until: iso(Math.round(to / 1000) * 1000) });
}
