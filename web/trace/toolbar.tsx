// Above a timeline: how many spans of each kind, the critical path, and how time is drawn.
import type { JSX } from "preact";
import { Legend } from "./legend.tsx";
import type { TraceModel } from "./model.ts";
import { type ScaleName, WHOLE } from "./scale.ts";
import { changeTrace, type TraceQuery } from "./state.ts";

/** Draws time in that way, all of it. */
export function turnScale(scale: ScaleName): void {
  changeTrace({ scale, window: WHOLE });
}

/** The toolbar. */
export function Toolbar({
  model,
  query,
}: {
  readonly model: TraceModel;
  readonly query: TraceQuery;
}): JSX.Element {
  return (
    <div class="tools facts">
      <Legend model={model} hidden={query.hidden} onHide={(hidden) => changeTrace({ hidden })} />
      <span class="grow" />
      <button
        type="button"
        class="fact"
        aria-pressed={query.hasPath}
        onClick={() => changeTrace({ hasPath: !query.hasPath })}
      >
        <span class="cpk" />
        critical path
      </button>
      <span class="seg sm" role="group" aria-label="Scale">
        <button type="button" aria-pressed={query.scale === "time"} onClick={() => turnScale("time")}>
          Time
        </button>
        <button
          type="button"
          aria-pressed={query.scale === "steps"}
          title="Every step about as wide as another, so that short ones can be seen; order and overlap stay"
          onClick={() => turnScale("steps")}
        >
          Steps
        </button>
      </span>
    </div>
  );
}
