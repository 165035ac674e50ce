// A small chart: its figure above, its largest at the top left, each series named at its end. A drag chooses a time range.
import type { JSX } from "preact";
import { type Tick, ticksOf } from "../app/ticks.ts";
import { useBrush } from "../parts/brush.ts";
import { apart, largest, largestStack, lineOf, stacked, type Values } from "./series.ts";

const WIDTH = 360;
const HEIGHT = 92;
/** Labels of two lines are so far apart at least. */
const LABEL_STEP = 30;
/** Words of the axis have this much room; one that would reach beyond its end is left out. */
const MOST_TICKS = 8;
const LAST_LABEL = 0.92;

/** One series of a chart. */
export interface Series {
  /** The class of its colour. */
  readonly class: string;
  readonly label: string;
  /** Its figure over the whole time. */
  readonly figure: string;
  readonly values: Values;
}

/** The time of a chart's buckets. */
export interface TimeAxis {
  readonly since: number;
  readonly bucketMs: number;
  readonly buckets: number;
}

/** A chart. */
export function Chart(props: {
  readonly name: string;
  readonly figure: string;
  readonly note?: string;
  readonly type: "bars" | "lines";
  readonly series: readonly Series[];
  readonly axis: TimeAxis;
  readonly unit: (value: number) => string;
  readonly onRange: (from: number, to: number) => void;
}): JSX.Element {
  const { type, axis } = props;
  const series = props.series.filter(({ values }) => values.some((value) => value !== null && value !== 0));
  const all = series.map(({ values }) => values);
  const most = type === "bars" ? largestStack(all) : largest(all);
  const ticks = ticksOf({ since: axis.since, length: axis.bucketMs * axis.buckets }, MOST_TICKS);
  return (
    <figure class="chart">
      <figcaption>
        <h2>{props.name}</h2>
        <span class="big">{props.figure}</span>
        {props.note && <span class="soft">{props.note}</span>}
      </figcaption>
      <Plot {...props} series={series} most={most} ticks={ticks} />
      <Labels series={series} type={type} most={most} />
    </figure>
  );
}

function Plot(props: {
  readonly name: string;
  readonly type: "bars" | "lines";
  readonly series: readonly Series[];
  readonly most: number;
  readonly axis: TimeAxis;
  readonly ticks: readonly Tick[];
  readonly unit: (value: number) => string;
  readonly onRange: (from: number, to: number) => void;
}): JSX.Element {
  const { axis, most, series } = props;
  const length = axis.bucketMs * axis.buckets;
  const { box, part, begin } = useBrush(({ from, to }) =>
    props.onRange(axis.since + from * length, axis.since + to * length),
  );
  return (
    <div class="plot" ref={box} onPointerDown={(event) => begin(event)}>
      <svg
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={`${props.name} over time`}
      >
        <title>{`${props.name} over time`}</title>
        {props.ticks.map(({ at, share }) => (
          <line key={at} class="gr" x1={share * WIDTH} x2={share * WIDTH} y1="0" y2={HEIGHT} />
        ))}
        <line class="base" x1="0" x2={WIDTH} y1={HEIGHT - 0.5} y2={HEIGHT - 0.5} />
        {props.type === "bars" ? <Bars series={series} most={most} /> : <Lines series={series} most={most} />}
      </svg>
      {most > 0 && <span class="ymx">{props.unit(most)}</span>}
      <div class="xd">
        {props.ticks.map(({ at, share, label }) => (
          <span key={at} style={{ left: `${(share * 100).toFixed(2)}%` }}>
            {share < LAST_LABEL && label}
          </span>
        ))}
      </div>
      {part && <div class="brush" style={{ "--a": `${part.from * 100}%`, "--b": `${part.to * 100}%` }} />}
    </div>
  );
}

function Bars({ series, most }: { readonly series: readonly Series[]; readonly most: number }): JSX.Element {
  const box = { most, width: WIDTH, height: HEIGHT - 8, gap: 0.8 };
  const bars = stacked(
    series.map(({ values }) => values),
    box,
  );
  return (
    <g transform="translate(0 8)">
      {bars.map((own, i) =>
        own.map((bar) => <rect key={`${i} ${bar.x}`} class={series[i]?.class} {...bar} />),
      )}
    </g>
  );
}

function Lines({ series, most }: { readonly series: readonly Series[]; readonly most: number }): JSX.Element {
  return (
    <g transform="translate(0 3)">
      {series.map(({ class: color, label, values }) => (
        <path
          key={label}
          class={`ln ${color}`}
          d={lineOf(values, { most, width: WIDTH, height: HEIGHT - 8 })}
        />
      ))}
    </g>
  );
}

function Labels(props: {
  readonly series: readonly Series[];
  readonly type: "bars" | "lines";
  readonly most: number;
}): JSX.Element {
  const { series, most, type } = props;
  let below = 0;
  const ends = series.map(({ values }) => {
    const last = values.findLast((value) => value !== null && value !== 0) ?? 0;
    const tall = (last / Math.max(most, 1e-12)) * (HEIGHT - 8);
    const middle = type === "bars" ? below + tall / 2 : tall;
    below += type === "bars" ? tall : 0;
    return HEIGHT - middle;
  });
  const tops = apart(ends, LABEL_STEP, HEIGHT - 12);
  return (
    <div class="dlabs">
      {series.map(({ label, class: color, figure }, i) => (
        <span key={label} class="dlab cut" style={{ top: `${Math.round((tops[i] ?? 0) - 14)}px` }}>
          <i class={color} />
          {label}
          <b>{figure}</b>
        </span>
      ))}
    </div>
  );
}
