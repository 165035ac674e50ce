// The ruler above the waterfall, its lines, and the moment below the pointer.
import type { Signal } from "@preact/signals";
import type { JSX } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { tick, time } from "../app/figures.ts";
import type { TraceModel } from "./model.ts";
import { roundest, type Scale, ticksOf } from "./scale.ts";

/** Labels that would be nearer to the one before, in pixels, are left out; and those that would lie on it. */
const LEAST_STEP = 36;
const CHARACTER = 6.5;
const GAP = 8;
const MOST_TICKS = 13;
/** The moment of now has so many pixels on both sides. */
const NOW_ROOM = 44;

/** What the ruler and its lines need. */
export interface RulerProps {
  readonly model: TraceModel;
  readonly scale: Scale;
  readonly pointer: Signal<number | undefined>;
  readonly isBent: boolean;
  /** How wide it is, in pixels; the ruler says it. */
  readonly width: Signal<number>;
}

/** The moments of the ruler with their places: round ones, each near its place where time is bent. */
function ticksIn({ scale, isBent, width }: RulerProps): { readonly moment: number; readonly x: number }[] {
  const [from, to] = [Math.max(0, scale.moment(0)), scale.moment(1)];
  const ticks = isBent ? roundestIn(scale) : ticksOf(from, to, MOST_TICKS);
  let next = Number.NEGATIVE_INFINITY;
  return ticks
    .map((moment) => ({ moment, x: scale.at(moment) }))
    .filter(({ moment, x }) => {
      if (x < -0.001 || x > 1.001 || x * width.value < next) return false;
      next = x * width.value + Math.max(LEAST_STEP, tick(moment).length * CHARACTER + GAP);
      return true;
    });
}

/** Of each stretch of the ruler the roundest moment. */
function roundestIn(scale: Scale): number[] {
  return Array.from({ length: MOST_TICKS }, (_, i) => {
    const [from, to] = [scale.moment((i - 0.25) / MOST_TICKS), scale.moment((i + 0.25) / MOST_TICKS)];
    return i === 0 && from <= 0 ? 0 : roundest(Math.max(0, from), to);
  });
}

/** The ruler. */
export function Ruler(props: RulerProps): JSX.Element {
  const { model, scale, pointer, width } = props;
  const box = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    const look = (): void => {
      width.value = box.current?.clientWidth ?? 0;
    };
    const observer = new ResizeObserver(look);
    if (box.current !== null) observer.observe(box.current);
    look();
    return () => observer.disconnect();
  }, []);
  const now = model.now === undefined ? undefined : scale.at(model.now);
  return (
    <div class="rul" ref={box}>
      {ticksIn(props).map(({ moment, x }) =>
        x > 0.96 || (now !== undefined && Math.abs(x - now) * width.value < NOW_ROOM) ? null : (
          <span key={moment} style={{ "--x": `${(x * 100).toFixed(3)}%` }}>
            {tick(moment)}
          </span>
        ),
      )}
      {now !== undefined && now >= 0 && now <= 1 && (
        <b style={{ "--x": `${(now * 100).toFixed(3)}%` }}>now</b>
      )}
      {pointer.value !== undefined && (
        <b class="at" style={{ "--x": `${(pointer.value * 100).toFixed(3)}%` }}>
          {time(Math.max(0, scale.moment(pointer.value)))}
        </b>
      )}
    </div>
  );
}

/** Lines behind the rows. */
export function Lines(props: RulerProps): JSX.Element {
  const { model, scale, pointer } = props;
  const now = model.now === undefined ? undefined : scale.at(model.now);
  return (
    <div class="vg" aria-hidden="true">
      {ticksIn(props).map(({ moment, x }) => (
        <i key={moment} style={{ "--x": `${(x * 100).toFixed(3)}%` }} />
      ))}
      {now !== undefined && now >= 0 && now <= 1 && (
        <i class="now" style={{ "--x": `${(now * 100).toFixed(3)}%` }} />
      )}
      {pointer.value !== undefined && (
        <i class="at" style={{ "--x": `${(pointer.value * 100).toFixed(3)}%` }} />
      )}
    </div>
  );
}
