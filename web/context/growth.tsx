// All calls of an agent as columns, the newest at the right. Of very many those in view are on the page.
import type { JSX } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import type { ContextCallJson } from "../../src/viewer/api.ts";
import { compact, count } from "../app/figures.ts";
import { Icon } from "../parts/icon.tsx";
import { useInView } from "../parts/in-view.ts";
import { type CallLinks, openIn } from "./call-link.tsx";
import { callName } from "./lens.ts";
import { inputOf, type PartName } from "./shares.ts";

/** A column of very many is so wide. */
const WIDTH = 28;
/** Up to so many share the width. */
const FEW = 14;
/** From the top of a column to its foot: a prompt ends with what is new. */
const DOWN: readonly PartName[] = ["unrecorded", "new", "results", "history", "system", "tools"];

/** The columns. */
export function Growth(props: {
  readonly calls: readonly ContextCallJson[];
  readonly current: string;
  readonly links: CallLinks;
}): JSX.Element {
  const { calls, current } = props;
  const sheet = useRef<HTMLDivElement>(null);
  const range = useInView(sheet, { count: calls.length, size: WIDTH, along: "x" });
  const isFew = calls.length <= FEW;
  const { from, to } = isFew ? { from: 0, to: calls.length } : range;
  const most = calls.reduce((most, call) => Math.max(most, inputOf(call)), 1);
  const at = calls.findIndex((call) => call.span_id === current);
  useLayoutEffect(() => {
    const scroller = sheet.current?.parentElement;
    if (!scroller || at < 0 || isFew) return;
    const [left, right] = [at * WIDTH, (at + 1) * WIDTH];
    if (left < scroller.scrollLeft || right > scroller.scrollLeft + scroller.clientWidth)
      scroller.scrollLeft = left - scroller.clientWidth / 2;
  }, [at, calls.length]);
  const stop = at >= from && at < to ? at : from;
  return (
    <div class="growth">
      <div class="gscroll">
        <div
          class="gcols"
          ref={sheet}
          style={isFew ? {} : { width: `${calls.length * WIDTH}px`, "padding-left": `${from * WIDTH}px` }}
        >
          {calls.slice(from, to).map((call, i) => (
            <Column
              key={call.span_id}
              {...{ call, most, links: props.links }}
              isCurrent={call.span_id === current}
              isStop={from + i === stop}
              isFew={isFew}
            />
          ))}
        </div>
      </div>
      <span class="gmax">{compact(most)}</span>
    </div>
  );
}

function Column(props: {
  readonly call: ContextCallJson;
  readonly most: number;
  readonly links: CallLinks;
  readonly isCurrent: boolean;
  readonly isStop: boolean;
  readonly isFew: boolean;
}): JSX.Element {
  const { call, links } = props;
  const input = inputOf(call);
  const isBroken = call.cache.state === "broken";
  const name = callName(call, call.agent);
  return (
    <a
      class={`gc ${props.isCurrent ? "on" : ""} ${props.isFew ? "few" : ""}`.trim()}
      href={links.hrefOf(call)}
      aria-label={`${name}: ${count(input)} tokens in${isBroken ? ", prefix broken" : ""}`}
      aria-current={props.isCurrent ? "true" : undefined}
      tabIndex={props.isStop ? 0 : -1}
      onClick={(event) => openIn(event, call, links)}
      onKeyDown={goBeside}
    >
      {isBroken && (
        <span class="gb warn">
          <Icon name="break" />
        </span>
      )}
      <span class="gs" style={{ "--h": `${((input / props.most) * 100).toFixed(1)}%` }}>
        {DOWN.map((part) =>
          call.parts[part] > 0 ? (
            <i key={part} class={`cx-${part}`} style={{ "--n": call.parts[part] }} />
          ) : null,
        )}
      </span>
      <span class="gn">{call.number ?? "·"}</span>
    </a>
  );
}

/** Arrows go from column to column. */
function goBeside(event: KeyboardEvent): void {
  const { key, currentTarget } = event;
  if (!(currentTarget instanceof HTMLElement) || (key !== "ArrowLeft" && key !== "ArrowRight")) return;
  const { previousElementSibling, nextElementSibling } = currentTarget;
  const next = key === "ArrowLeft" ? previousElementSibling : nextElementSibling;
  if (next instanceof HTMLElement) next.focus();
  event.preventDefault();
  event.stopPropagation();
}
