// Above a timeline: how many spans of each kind, the critical path, and how time is drawn.
import type { JSX } from "preact";
import { count } from "../app/figures.ts";
import type { Problem } from "../app/problem.ts";
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
  problem,
  again,
}: {
  readonly model: TraceModel;
  readonly query: TraceQuery;
  /** Why the spans behind the first could not be read. */
  readonly problem: Problem | undefined;
  readonly again: () => void;
}): JSX.Element {
  return (
    <div class="tools facts">
      {model.whole ? (
        <Legend model={model} hidden={query.hidden} onHide={(hidden) => changeTrace({ hidden })} />
      ) : (
        <Rest {...{ model, problem, again }} />
      )}
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

/** The first spans are shown while the others are read. */
function Rest(props: {
  readonly model: TraceModel;
  readonly problem: Problem | undefined;
  readonly again: () => void;
}): JSX.Element {
  const { model, problem, again } = props;
  const first = `The first ${count(model.spans)} spans`;
  if (problem === undefined) {
    return (
      <span class="fact mute" role="status">
        {first}; the others are being read …
      </span>
    );
  }
  return (
    <span class="fact warn" role="status">
      {first} only: {problem.message}{" "}
      <button type="button" class="link" onClick={again}>
        Try again
      </button>
    </span>
  );
}
