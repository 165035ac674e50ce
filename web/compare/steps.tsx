// What two did, step by step: the same beside each other, and where they part.
import type { JSX } from "preact";
import { useMemo } from "preact/hooks";
import type { ComparedColumnsJson } from "../../src/viewer/api.ts";
import { line } from "../app/figures.ts";
import { param, traceUrl } from "../app/location.ts";
import { Only } from "./calls.tsx";
import { rowAt, type StepRow, stateAt } from "./rows.ts";
import { STATE_WORDS, summedSteps } from "./signs.tsx";
import { glanceOf, nameOf, StepRows } from "./step-rows.tsx";

/** The table. */
export function Steps({ data }: { readonly data: ComparedColumnsJson }): JSX.Element {
  const { divergence } = data;
  const isOnly = param("only") !== "";
  const states = useMemo(() => data.states.map((_, at) => stateAt(data, at)), [data]);
  const places = useMemo(
    () => states.flatMap((state, at) => (isOnly && state === "same" ? [] : [at])),
    [states, isOnly],
  );
  return (
    <>
      <div class="dh">
        <h2>What it did, step by step</h2>
        <span class="soft">{summedSteps(states)}</span>
        {!data.are_inputs_compared && (
          <span class="soft">too many steps: what tools were called with is not compared</span>
        )}
        <span class="grow" />
        <Only />
      </div>
      {divergence !== null && <Fork row={rowAt(data, divergence)} at={divergence} />}
      <div class="steps" role="table" tabIndex={0} aria-label="Steps" aria-rowcount={places.length + 1}>
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
        <StepRows data={data} places={places} />
      </div>
    </>
  );
}

/** Where they part, open: what each was called with. */
function Fork({ row, at }: { readonly row: StepRow; readonly at: number }): JSX.Element {
  return (
    <section class="fork" aria-label="Where they part">
      <h2>
        They part at step {at + 1} <span class="mute">{STATE_WORDS[row.state]}</span>
      </h2>
      <div class="dd">
        {[row.a, row.b].map((step, i) => (
          <div key={i} class={i === 0 ? "da" : "db"}>
            {step === undefined ? (
              <span class="mute">nothing</span>
            ) : (
              <>
                <a class="link" href={traceUrl(step.trace_id, { span: step.span_id })}>
                  {nameOf(step)}
                </a>
                {glanceOf(step) && <pre>{glanceOf(step)}</pre>}
                {step.error !== undefined && <p class="err">{line(step.error)}</p>}
              </>
            )}
          </div>
        ))}
      </div>
    </section>
  );
}
