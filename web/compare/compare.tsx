// Two side by side: model calls piece by piece, or what two traces or conversations did, step by step.
import type { JSX } from "preact";
import type { ComparedColumnsJson, CompareJson } from "../../src/viewer/api.ts";
import { useKeys } from "../app/keys.ts";
import { callSubject, change, compareUrl, param } from "../app/location.ts";
import { isExported } from "../app/source.ts";
import { Icon } from "../parts/icon.tsx";
import { PartProblem } from "../shell/oops.tsx";
import { CallRows } from "./calls.tsx";
import { Choose, choosing } from "./choose.tsx";
import { Pick } from "./pick.tsx";
import { stepAt } from "./rows.ts";
import { Steps } from "./steps.tsx";
import { Strip } from "./strip.tsx";
import { SIDES, subjectOf, swap, useComparison } from "./subject.ts";
import "../style/compare.css";
import "../style/compare-steps.css";

/** The view. */
export function Compare(): JSX.Element {
  const found = useComparison();
  const [a, b] = [param("a"), param("b")];
  const data = a === "" || b === "" ? undefined : found.data.value;
  const problem = a === "" || b === "" ? undefined : found.problem.value;
  useKeys({
    ...{ s: swap, j: () => goTo(1), k: () => goTo(-1), ArrowDown: () => goTo(1), ArrowUp: () => goTo(-1) },
    h: () => change({ only: param("only") === "" ? "1" : "" }),
    ...(!isExported && { a: () => (choosing.value = "a"), b: () => (choosing.value = "b") }),
  });
  return (
    <main id="main" class="p-compare" aria-busy={found.isLoading.value}>
      <h1 class="vh">Compare</h1>
      {data !== undefined && <Kinds data={data} />}
      <div class="picks">
        {SIDES.map((side) => [
          side === "b" && (
            <button
              key="swap"
              class="ib"
              type="button"
              aria-label="Swap A and B"
              title="Swap A and B, s"
              onClick={swap}
            >
              <Icon name="swap" />
            </button>
          ),
          <Pick key={side} side={side} subject={subjectOf(param(side))} data={data} />,
        ])}
      </div>
      {!isExported && choosing.value !== undefined && <Choose side={choosing.value} />}
      {problem !== undefined && <PartProblem what="These two" error={problem} again={found.reload} />}
      {data === undefined && problem === undefined && <Nothing isLoading={found.isLoading.value} />}
      {data !== undefined && problem === undefined && <Compared data={data} isOld={found.isLoading.value} />}
    </main>
  );
}

function Nothing({ isLoading }: { readonly isLoading: boolean }): JSX.Element {
  return (
    <p class="soft pad" role="status">
      {isLoading
        ? "Comparing"
        : "Choose two model calls, or two traces or conversations; or mark two in the list with x, and press Enter."}
    </p>
  );
}

function Compared({ data, isOld }: { readonly data: CompareJson; readonly isOld: boolean }): JSX.Element {
  return (
    <div class={isOld ? "old" : ""}>
      <Strip data={data} />
      {data.kind === "calls" && <CallRows data={data} />}
      {/* A file has calls side by side alone, and none of this code. */}
      {!isExported && data.kind === "steps" && <Steps data={data} />}
    </div>
  );
}

/** From two calls to their traces, and from two traces to calls where they part. */
function Kinds({ data }: { readonly data: CompareJson }): JSX.Element {
  const traces =
    data.kind === "calls" && !isExported ? compareUrl(data.a.trace_id, data.b.trace_id) : undefined;
  const calls = !isExported && data.kind === "steps" ? callsUrl(data) : undefined;
  return (
    <nav class="sub-bar" aria-label="What is compared">
      <Kind name="Model calls" href={calls} isHere={data.kind === "calls"} />
      <Kind name="Traces" href={traces} isHere={data.kind === "steps"} />
    </nav>
  );
}

function Kind(props: { readonly name: string; readonly href: string | undefined; readonly isHere: boolean }) {
  if (props.isHere) return <span aria-current="page">{props.name}</span>;
  return props.href === undefined ? null : <a href={props.href}>{props.name}</a>;
}

/** The first calls of models that are in both, from where both part. */
function callsUrl(data: ComparedColumnsJson): string | undefined {
  for (let at = data.divergence ?? 0; at < data.states.length; at++) {
    const [a, b] = [stepAt(data, "a", at), stepAt(data, "b", at)];
    if (a?.kind === "model-call" && b?.kind === "model-call")
      return compareUrl(callSubject(a), callSubject(b));
  }
  return undefined;
}

/** To the next place that differs, or the one before. */
function goTo(step: number): void {
  const places = [...document.querySelectorAll<HTMLElement>("[data-differs]")];
  const at = places.findIndex((place) => place.contains(document.activeElement));
  const next = places[at < 0 ? (step > 0 ? 0 : places.length - 1) : at + step];
  next?.focus({ preventScroll: true });
  next?.scrollIntoView({ block: "nearest" });
}
