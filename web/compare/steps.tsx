// What two did, step by step: the same beside each other, and where they part. Of very many steps those in view are on the page.
import type { JSX } from "preact";
import { useRef } from "preact/hooks";
import type { ComparedStepsJson, StepJson, StepRowJson } from "../../src/viewer/api.ts";
import { line, shortModel, time } from "../app/figures.ts";
import { callSubject, compareUrl, param, traceUrl } from "../app/location.ts";
import { Icon, Kind } from "../parts/icon.tsx";
import { useInView } from "../parts/in-view.ts";
import { Only } from "./calls.tsx";
import { Sign, STATE_WORDS, summedSteps } from "./signs.tsx";

const HEIGHT = 28;
/** A change of time is marked where it is more than so much of both. */
const MARKED_MS = 500;
const MARKED_SHARE = 0.2;

/** The table. */
export function Steps({ data }: { readonly data: ComparedStepsJson }): JSX.Element {
  const { divergence } = data;
  const sheet = useRef<HTMLDivElement>(null);
  const all = data.rows.map((row, i) => ({ row, isFork: i === divergence }));
  const rows = param("only") === "" ? all : all.filter(({ row }) => row.state !== "same");
  const { from, to } = useInView(sheet, { count: rows.length, size: HEIGHT });
  const longest = data.rows.reduce(
    (most, { a, b }) => Math.max(most, a?.duration_ms ?? 0, b?.duration_ms ?? 0),
    1,
  );
  return (
    <>
      <div class="dh">
        <h2>What it did, step by step</h2>
        <span class="soft">{summedSteps(data.rows.map(({ state }) => state))}</span>
        {!data.are_inputs_compared && (
          <span class="soft">too many steps: what tools were called with is not compared</span>
        )}
        <span class="grow" />
        <Only />
      </div>
      {divergence !== null && <Fork row={data.rows[divergence]} at={divergence} />}
      <div class="steps" role="table" tabIndex={0} aria-label="Steps" aria-rowcount={rows.length + 1}>
        <div class="sq2 hd" role="row">
          <span class="ax2" role="columnheader">
            <b class="ab">A</b>
          </span>
          <span class="num" role="columnheader">
            time
          </span>
          <span role="presentation" />
          <span role="columnheader">
            <span class="vh">what became of it</span>
          </span>
          <span class="ax2" role="columnheader">
            <b class="ab">B</b>
          </span>
          <span class="num" role="columnheader">
            time
          </span>
          <span role="presentation" />
          <span class="num" role="columnheader">
            B − A
          </span>
        </div>
        <div class="sheet" role="rowgroup" ref={sheet} style={{ height: `${rows.length * HEIGHT}px` }}>
          <div role="presentation" style={{ height: `${from * HEIGHT}px` }} />
          {rows.slice(from, to).map(({ row, isFork }, i) => (
            <Row key={from + i} row={row} at={from + i} longest={longest} isFork={isFork} />
          ))}
        </div>
      </div>
    </>
  );
}

/** Where they part, open: what each was called with. */
function Fork({
  row,
  at,
}: {
  readonly row: StepRowJson | undefined;
  readonly at: number;
}): JSX.Element | null {
  if (row === undefined) return null;
  return (
    <section class="fork" aria-label="Where they part">
      <h2>
        They part at step {at + 1} <span class="mute">{STATE_WORDS[row.state]}</span>
      </h2>
      <div class="dd">
        {[row.a, row.b].map((step, i) => (
          <div key={i} class={i === 0 ? "da" : "db"}>
            {step === null ? (
              <span class="mute">nothing</span>
            ) : (
              <>
                <a class="link" href={traceUrl(step.trace_id, { span: step.span_id })}>
                  {nameOf(step)}
                </a>
                {glanceOf(step) && <pre>{glanceOf(step)}</pre>}
                {step.error !== null && <p class="err">{line(step.error)}</p>}
              </>
            )}
          </div>
        ))}
      </div>
    </section>
  );
}

function Row(props: {
  readonly row: StepRowJson;
  readonly at: number;
  readonly longest: number;
  readonly isFork: boolean;
}): JSX.Element {
  const { row, longest } = props;
  const { a, b, state } = row;
  const differs = state === "same" ? {} : { "data-differs": true };
  return (
    <div
      class={`sq2 ${state} ${props.isFork ? "isfork" : ""}`.trim()}
      role="row"
      aria-rowindex={props.at + 2}
      tabIndex={-1}
      {...differs}
    >
      <Half step={a} longest={longest} isRepeat={row.is_repeat} />
      <span class="mid" role="cell">
        {a?.kind === "model-call" && b?.kind === "model-call" ? (
          <a
            href={compareUrl(callSubject(a), callSubject(b))}
            aria-label={`${STATE_WORDS[state]}: compare these calls`}
            title={`${STATE_WORDS[state]}: compare these calls`}
          >
            <Sign of={state} />
          </a>
        ) : (
          <span title={STATE_WORDS[state]}>
            <Sign of={state} />
            <span class="vh">{STATE_WORDS[state]}</span>
          </span>
        )}
      </span>
      <Half step={b} longest={longest} isRepeat={row.is_repeat} />
      <Later a={a?.duration_ms ?? null} b={b?.duration_ms ?? null} />
    </div>
  );
}

function Half(props: {
  readonly step: StepJson | null;
  readonly longest: number;
  readonly isRepeat: boolean;
}) {
  const { step, longest } = props;
  if (step === null) {
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
        <Kind name={kind} label={kind === "model" ? "model call" : kind} />
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
        <i
          class={step.has_failed ? "b-err" : `b-${kind}`}
          style={{ "--w": `${(share * 100).toFixed(1)}%` }}
        />
      </span>
    </>
  );
}

/** A call of the agent by its number; of a sub-agent's, which has none, the model. */
function nameOf({ kind, name, number, model }: StepJson): string {
  if (number !== null) return `call ${number}`;
  return kind === "model-call" && model !== null ? line(shortModel(model)) : line(name);
}

/** What a tool was called with; of a call the model, and of a sub-agent's whose it is. */
function glanceOf({ kind, name, number, model, glance }: StepJson): string | null {
  if (kind !== "model-call" || model === null) return glance;
  return line(number === null ? name : shortModel(model));
}

function Outcome({ of }: { readonly of: StepJson }): JSX.Element | null {
  if (of.state !== "ended") {
    return (
      <span class={`st ${of.state === "running" ? "run" : "warn"}`}>
        <Icon name={of.state} />
        {of.state}
      </span>
    );
  }
  if (!of.has_failed) return null;
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
