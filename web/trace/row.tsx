// A row of the tree: what the span is, its time, its self time, its bar.
import type { JSX } from "preact";
import type { GlanceJson } from "../../src/viewer/api.ts";
import { compact, count, line, money, shortModel, time } from "../app/figures.ts";
import { Icon, Kind } from "../parts/icon.tsx";
import { barsOf } from "./bars.tsx";
import { isStructure, KIND_WORDS, SHOWN_KINDS } from "./kinds.ts";
import { FAILED, hasBelow, INTERRUPTED, labelAt, RUNNING, type TraceModel } from "./model.ts";
import type { Scale } from "./scale.ts";
import type { Column } from "./state.ts";
import type { TreeRow } from "./tree.ts";

/** Levels are so wide; deeper ones less, so that names keep their room. */
const WIDE_LEVELS = 8;
const DEEP_WIDTH = 4 / 14;

/** Glyphs that are the same element in every row: where a row's kind stays, nothing of them is looked at again. */
const KINDS = SHOWN_KINDS.map((kind) => <Kind name={kind} label={KIND_WORDS[kind][0]} />);
const FOLDED = <Icon name="chev" />;
const OPEN = <Icon name="down" />;

/** What a row needs. */
export interface RowProps {
  readonly model: TraceModel;
  readonly row: TreeRow;
  /** The address of its span. */
  readonly href: string;
  readonly at: number;
  /** How far from the first row it lies, in pixels. */
  readonly top: number;
  readonly scale: Scale;
  readonly glance: GlanceJson | undefined;
  readonly isSelected: boolean;
  /** True where the Tab key stops at it. */
  readonly isStop: boolean;
  readonly isFound: boolean;
  readonly hasPath: boolean;
  readonly column: Column;
  readonly onSelect: (span: number) => void;
  readonly onFold: (span: number) => void;
  readonly onZoom: (span: number) => void;
}

/** A row. */
export function Row(props: RowProps): JSX.Element {
  const { model, row, scale } = props;
  const { span } = row;
  const flags = model.flags[span] ?? 0;
  const kind = SHOWN_KINDS[model.kind[span] ?? 0] ?? "other";
  const isParent = hasBelow(model, span);
  const isFolded = row.inside > 0;
  const [start = 0, end = 0] = [model.start[span], model.end[span]];
  return (
    <div
      class={`tr ${flags & FAILED ? "iserr" : ""} ${props.isFound ? "found" : ""}`}
      role="row"
      id={`row-${span}`}
      aria-level={row.depth + 1}
      aria-rowindex={props.at + 1}
      aria-expanded={isParent ? !isFolded : undefined}
      aria-selected={props.isSelected}
      tabIndex={props.isStop ? 0 : -1}
      style={{ top: `${props.top}px` }}
      onClick={(event) => {
        // With a key held the name is a link as any other.
        if (event.ctrlKey || event.metaKey || event.shiftKey) return;
        event.preventDefault();
        props.onSelect(span);
      }}
      onDblClick={() => props.onZoom(span)}
    >
      <div class="tn" role="gridcell" style={{ "--d": depthOf(row.depth) }}>
        {row.guides.map((isOn, depth) =>
          isOn && depth > 0 ? <i key={depth} class="gd" style={{ "--d": depthOf(depth - 1) }} /> : null,
        )}
        {row.depth > 0 && (
          <i class={`el ${row.isLast ? "last" : ""}`} style={{ "--d": depthOf(row.depth - 1) }} />
        )}
        <span
          class="tw"
          onClick={(event) => {
            if (!isParent) return;
            event.stopPropagation();
            props.onFold(span);
          }}
        >
          {isParent && (isFolded ? FOLDED : OPEN)}
        </span>
        {KINDS[model.kind[span] ?? 0]}
        <span class="tx cut">
          <a
            class={`nm ${isStructure(kind) || kind === "model" || kind === "agent" ? "" : "mono"}`}
            href={props.href}
            tabIndex={-1}
          >
            {line(kind === "model" ? shortModel(labelAt(model, span)) : labelAt(model, span))}
          </a>
          {gistOf(props)}
        </span>
        {isFolded && (model.errorsBelow[span] ?? 0) > 0 && (
          <span class="err st in">
            <Icon name="error" />
            {count(model.errorsBelow[span] ?? 0)}
          </span>
        )}
      </div>
      <span class="num t1" role="gridcell">
        {took(end - start, flags)}
      </span>
      <span class="num t2 mute" role="gridcell">
        {second(model, span, props.column)}
      </span>
      <div class="tb" role="gridcell" aria-label={`starts at ${time(start)}, takes ${time(end - start)}`}>
        {barsOf({ model, span, scale, isFolded, hasPath: props.hasPath })}
      </div>
    </div>
  );
}

function gistOf({ model, row, glance }: RowProps): JSX.Element | null {
  const { span, inside } = row;
  if (glance?.error != null) return <span class="g err">{glance.error}</span>;
  if (inside > 0) return <span class="g">{count(inside)} inside</span>;
  const kind = SHOWN_KINDS[model.kind[span] ?? 0];
  const [input = 0, output = 0] = [model.inputTokens[span], model.outputTokens[span]];
  if (kind === "model" && input + output > 0) {
    return (
      <span class="g">
        {compact(input)} → {compact(output)}
      </span>
    );
  }
  if (glance?.text == null) return null;
  return <span class={`g ${kind === "tool" ? "mono" : ""}`}>{glance.text}</span>;
}

function took(ms: number, flags: number): JSX.Element | string {
  if (flags & RUNNING) return <span class="run">{time(ms)}</span>;
  if (flags & INTERRUPTED) {
    // Without a sign of life after its start nobody knows.
    if (ms === 0) return "";
    return (
      <span class="warn" title={`Interrupted; last sign of life after ${time(ms)}`}>
        {time(ms)}
      </span>
    );
  }
  return time(ms);
}

/** Sums over what is below; a parent that spent has a figure. */
function second(model: TraceModel, span: number, column: Column): string {
  if (column === "self") return hasBelow(model, span) ? time(model.self[span]) : "";
  if (column === "cost") return (model.costUsd[span] ?? 0) > 0 ? money(model.costUsd[span]) : "";
  const tokens = (model.inputTokens[span] ?? 0) + (model.outputTokens[span] ?? 0);
  return tokens > 0 ? compact(tokens) : "";
}

function depthOf(depth: number): string {
  return String(Math.min(depth, WIDE_LEVELS) + Math.max(0, depth - WIDE_LEVELS) * DEEP_WIDTH);
}
