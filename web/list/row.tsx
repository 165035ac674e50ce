// One row of the list: a conversation or a trace at a glance. What is fine is silent.
import type { JSX } from "preact";
import type { RowJson } from "../../src/viewer/api.ts";
import { compact, money, shortModel, time } from "../app/figures.ts";
import { conversationUrl, traceUrl } from "../app/location.ts";
import { iso, when } from "../app/moments.ts";
import { Icon } from "../parts/icon.tsx";
import { State } from "../parts/state.tsx";
import { Mark } from "./marks.tsx";
import type { Subject } from "./query.ts";

/** Bars of times are linear to the longest on the page, at most this. */
export const LONGEST_BAR_MS = 40_000;

/** A row. */
export function Row(props: {
  readonly row: RowJson;
  readonly by: Subject;
  readonly now: number;
  readonly longestMs: number;
  readonly index: number;
  readonly isSelected: boolean;
  /** True where the Tab key stops at it. */
  readonly isStop: boolean;
  readonly onSelect: () => void;
}): JSX.Element {
  const { row, by, now } = props;
  const at = Date.parse(row.latest_at);
  const classes = ["row", "item"];
  if (row.state === "running") classes.push("isrun");
  if (row.state !== "ended") classes.push("hasst");
  return (
    <div
      class={classes.join(" ")}
      role="row"
      aria-rowindex={props.index + 2}
      aria-selected={props.isSelected ? "true" : undefined}
      onFocusCapture={props.onSelect}
    >
      <span role="cell" class="c-when soft" title={iso(at)}>
        {when(at, now)}
      </span>
      <span role="cell" class="c-first cut">
        <Mark row={row} />
        <a
          class="t"
          href={by === "trace" ? traceUrl(row.key) : conversationUrl(row.key)}
          tabIndex={props.isStop ? 0 : -1}
        >
          {row.title ?? row.name ?? row.key}
        </a>
      </span>
      <span role="cell" class="c-id id cut" title={row.key}>
        {by === "trace" ? row.key.slice(0, 8) : row.key}
      </span>
      <span role="cell" class="c-agent soft cut">
        {by === "trace" ? (row.name ?? row.agent) : row.agent}
      </span>
      <span role="cell" class="c-user soft cut">
        {row.user ?? "—"}
      </span>
      <Time row={row} longestMs={props.longestMs} />
      <span role="cell" class="c-model soft cut" title={row.models.join(", ")}>
        <Models row={row} />
      </span>
      <Tokens row={row} />
      <span role="cell" class="c-cost num">
        <Cost row={row} />
      </span>
      <span role="cell" class="c-tools num soft">
        {row.tool_calls || ""}
      </span>
      <span role="cell" class="c-err num">
        {row.errors > 0 && (
          <span class="err st">
            <Icon name="error" />
            {row.errors}
          </span>
        )}
      </span>
      <span role="cell" class="c-state">
        <State of={row.state} />
      </span>
    </div>
  );
}

function Time({ row, longestMs }: { readonly row: RowJson; readonly longestMs: number }): JSX.Element {
  if (row.state === "interrupted") return <span role="cell" class="c-dur dcell" />;
  const share = Math.min(1, row.duration_ms / longestMs);
  return (
    <span role="cell" class="c-dur dcell">
      <span class="num">{time(row.duration_ms)}</span>
      <span class="dbar" style={{ "--w": `${(share * 100).toFixed(1)}%` }} />
    </span>
  );
}

function Models({ row }: { readonly row: RowJson }): JSX.Element | null {
  const [first] = row.models;
  if (first === undefined) return null;
  const more = row.models.length - 1 + row.more_models;
  return (
    <>
      {shortModel(first)}
      {more > 0 && <span class="mute"> +{more}</span>}
    </>
  );
}

function Tokens({ row }: { readonly row: RowJson }): JSX.Element {
  if (row.input_tokens === 0 && row.output_tokens === 0) return <span role="cell" class="c-tok tcell" />;
  return (
    <span role="cell" class="c-tok tcell">
      <span>{compact(row.input_tokens)}</span>
      <i>→</i>
      <span>{compact(row.output_tokens)}</span>
    </span>
  );
}

function Cost({ row }: { readonly row: RowJson }): JSX.Element | null {
  const unpriced = row.unpriced_calls > 0 ? `${row.unpriced_calls} calls have no price` : undefined;
  if (row.cost_usd === null) {
    return unpriced === undefined ? null : (
      <span class="mute" title={unpriced}>
        no price
      </span>
    );
  }
  return (
    <span title={unpriced}>
      {money(row.cost_usd)}
      {unpriced !== undefined && "+"}
    </span>
  );
}
