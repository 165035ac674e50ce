// The ruler above the waterfall, its lines, and the moment below the pointer.
import type { Signal } from "@preact/signals";
import type { JSX } from "preact";
import { tick, time } from "../app/figures.ts";
import type { TraceModel } from "./model.ts";
import { type Scale, ticksOf } from "./scale.ts";

/** Labels that would be nearer than this share are left out. */
const LEAST_STEP = 0.075;
const MOST_TICKS = 12;

/** The moments of the ruler with their places. */
function ticksIn(scale: Scale): { readonly moment: number; readonly x: number }[] {
  const ticks = ticksOf(Math.max(0, scale.moment(0)), scale.moment(1), MOST_TICKS);
  const placed = ticks.map((moment) => ({ moment, x: scale.at(moment) }));
  let last = Number.NEGATIVE_INFINITY;
  return placed.filter(({ x }) => {
    if (x < -0.001 || x > 1.001 || x - last < LEAST_STEP) return false;
    last = x;
    return true;
  });
}

/** The ruler. */
export function Ruler(props: {
  readonly model: TraceModel;
  readonly scale: Scale;
  readonly pointer: Signal<number | undefined>;
}): JSX.Element {
  const { model, scale, pointer } = props;
  const now = model.now === undefined ? undefined : scale.at(model.now);
  return (
    <div class="rul">
      {ticksIn(scale).map(({ moment, x }) =>
        x > 0.96 || (now !== undefined && Math.abs(x - now) < 0.05) ? null : (
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
export function Lines(props: {
  readonly model: TraceModel;
  readonly scale: Scale;
  readonly pointer: Signal<number | undefined>;
}): JSX.Element {
  const { model, scale, pointer } = props;
  const now = model.now === undefined ? undefined : scale.at(model.now);
  return (
    <div class="vg" aria-hidden="true">
      {ticksIn(scale).map(({ moment, x }) => (
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
