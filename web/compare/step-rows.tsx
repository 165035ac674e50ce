// The rows of what two did, of which those near the window are on the page.
import type { JSX } from "preact";
import { useLayoutEffect, useMemo, useRef } from "preact/hooks";
import type { ComparedColumnsJson } from "../../src/viewer/api.ts";
import { line, shortModel, time } from "../app/figures.ts";
import { callSubject, compareUrl, traceUrl } from "../app/location.ts";
import { Icon, Kind } from "../parts/icon.tsx";
import { useInView } from "../parts/in-view.ts";
import { rowAt, type Step, type StepRow } from "./rows.ts";
import { type RowState, Sign, STATE_WORDS } from "./signs.tsx";

const HEIGHT = 28;
/** A change of time is marked where it is more than so much of both. */
const MARKED_MS = 500;
const MARKED_SHARE = 0.2;

/** Glyphs that are the same element in every row: nothing of them is looked at again. */
const KINDS = {
  model: <Kind name="model" label="model call" />,
  retrieval: <Kind name="retrieval" label="retrieval" />,
  tool: <Kind name="tool" label="tool" />,
};
const SIGNS: Readonly<Record<RowState, JSX.Element>> = {
  ...{ same: <Sign of="same" />, changed: <Sign of="changed" />, moved: <Sign of="moved" /> },
  ...{ only_a: <Sign of="only_a" />, only_b: <Sign of="only_b" /> },
};

/**
 * Those rows, in that order. A row that comes into view takes the element of one that went: half the work of a new one.
 */
export function StepRows(props: {
  readonly data: ComparedColumnsJson;
  readonly places: readonly number[];
}): JSX.Element {
  const { data, places } = props;
  const sheet = useRef<HTMLDivElement>(null);
  const { from, to } = useInView(sheet, { count: places.length, size: HEIGHT });
  const elements = useRef(0);
  elements.current = Math.max(elements.current, to - from);
  const longest = useMemo(() => longestOf(data), [data]);
  return (
    <div class="sheet" role="rowgroup" ref={sheet} style={{ height: `${places.length * HEIGHT}px` }}>
      <div role="presentation" style={{ height: `${from * HEIGHT}px` }} />
      {places.slice(from, to).map((place, i) => (
        <Row
          key={(from + i) % elements.current}
          row={rowAt(data, place)}
          at={from + i}
          longest={longest}
          isFork={place === data.divergence}
        />
      ))}
    </div>
  );
}

function longestOf({ steps }: ComparedColumnsJson): number {
  return [...steps.a.duration_ms, ...steps.b.duration_ms].reduce<number>(
    (most, ms) => Math.max(most, ms ?? 0),
    1,
  );
}

function Row(props: {
  readonly row: StepRow;
  readonly at: number;
  readonly longest: number;
  readonly isFork: boolean;
}): JSX.Element {
  const { row, longest } = props;
  const { a, b, state } = row;
  const box = useRef<HTMLDivElement>(null);
  // Whoever had the focus is gone where its element is another row.
  useLayoutEffect(() => () => letGo(box.current), [props.at]);
  const differs = state === "same" ? {} : { "data-differs": true };
  return (
    <div
      class={`sq2 ${state} ${props.isFork ? "isfork" : ""}`.trim()}
      role="row"
      ref={box}
      aria-rowindex={props.at + 2}
      tabIndex={-1}
      {...differs}
    >
      <Half step={a} longest={longest} isRepeat={row.isRepeat} />
      <span class="mid" role="cell">
        {a?.kind === "model-call" && b?.kind === "model-call" ? (
          <a
            href={compareUrl(callSubject(a), callSubject(b))}
            aria-label={`${STATE_WORDS[state]}: compare these calls`}
            title={`${STATE_WORDS[state]}: compare these calls`}
          >
            {SIGNS[state]}
          </a>
        ) : (
          <span title={STATE_WORDS[state]}>
            {SIGNS[state]}
            <span class="vh">{STATE_WORDS[state]}</span>
          </span>
        )}
      </span>
      <Half step={b} longest={longest} isRepeat={row.isRepeat} />
      <Later a={a?.duration_ms ?? null} b={b?.duration_ms ?? null} />
    </div>
  );
}

function letGo(row: HTMLElement | null): void {
  const focused = document.activeElement;
  if (focused instanceof HTMLElement && row?.contains(focused)) focused.blur();
}

function Half(props: {
  readonly step: Step | undefined;
  readonly longest: number;
  readonly isRepeat: boolean;
}) {
  const { step, longest } = props;
  if (step === undefined) {
    return (
      <>
        <span role="cell" />
        <span role="cell" />
        <span role="cell" />
      </>
    );
  }
  const kind = step.kind === "model-call" ? "model" : step.kind === "retrieval" ? "retrieval" : "tool";
  const share = (step.duration_ms ?? 0) / longest;
  return (
    <>
      <span class="ax2" role="cell">
        {KINDS[kind]}
        <a class={kind === "model" ? "" : "mono"} href={traceUrl(step.trace_id, { span: step.span_id })}>
          {nameOf(step)}
        </a>
        {props.isRepeat && <span class="mute">again</span>}
        <span class={kind === "model" ? "g" : "g mono"}>{glanceOf(step)}</span>
        <Outcome of={step} />
      </span>
      <span class="num" role="cell">
        {time(step.duration_ms)}
      </span>
      <span class="sbar" role="cell">
        <i class={step.hasFailed ? "b-err" : `b-${kind}`} style={{ "--w": `${(share * 100).toFixed(1)}%` }} />
      </span>
    </>
  );
}

/** A call of the agent by its number; of a sub-agent's, which has none, the model. */
export function nameOf({ kind, name, number, model }: Step): string {
  if (number !== null) return `call ${number}`;
  return kind === "model-call" && model !== undefined ? line(shortModel(model)) : line(name);
}

/** What a tool was called with; of a call the model, and of a sub-agent's whose it is. */
export function glanceOf({ kind, name, number, model, glance }: Step): string | undefined {
  if (kind !== "model-call" || model === undefined) return glance;
  return line(number === null ? name : shortModel(model));
}

function Outcome({ of }: { readonly of: Step }): JSX.Element | null {
  if (of.state !== "ended") {
    return (
      <span class={`st ${of.state === "running" ? "run" : "warn"}`}>
        <Icon name={of.state} />
        {of.state}
      </span>
    );
  }
  if (!of.hasFailed) return null;
  const words = line(of.error ?? "failed");
  return (
    <span class="st err" title={words}>
      <Icon name="error" />
      <span class="cut">{words}</span>
    </span>
  );
}

/** How much longer the second took. */
function Later({ a, b }: { readonly a: number | null; readonly b: number | null }): JSX.Element {
  if (a === null || b === null) return <span role="cell" />;
  const later = b - a;
  const isMarked = Math.abs(later) > MARKED_MS && Math.abs(later) > MARKED_SHARE * Math.max(a, b);
  return (
    <span class={`num ${isMarked ? (later > 0 ? "worse" : "better") : "mute"}`} role="cell">
      {later < 0 ? "−" : "+"}
      {time(Math.abs(later))}
    </span>
  );
}
