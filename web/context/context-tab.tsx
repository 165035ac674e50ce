// The context lens of one call: what filled its window, what became of the cache, what is new, and all calls beside it.
import type { JSX } from "preact";
import type { ContextCallJson, ContextJson, ReadingJson } from "../../src/viewer/api.ts";
import { useBusy } from "../app/resource.ts";
import { PartProblem } from "../shell/oops.tsx";
import type { OfSpan } from "../value/value.tsx";
import { Filled } from "./bar.tsx";
import type { CallLinks } from "./call-link.tsx";
import { Fresh } from "./fresh.tsx";
import { Growth } from "./growth.tsx";
import { type LensOf, useOpenedCall } from "./lens.ts";
import { Totals } from "./totals.tsx";
import { Verdict } from "./verdict.tsx";

/** What the tab needs. */
export interface ContextTabProps {
  readonly lensOf: LensOf;
  readonly links: CallLinks;
  readonly reading: ReadingJson;
  readonly of: OfSpan;
}

/** The tab. */
export function ContextTab(props: ContextTabProps): JSX.Element {
  const { of, links } = props;
  const { answer, lens } = useOpenedCall(props.lensOf, of.spanId);
  useBusy(answer.isLoading);
  const problem = answer.problem.value;
  if (problem !== undefined && !answer.isLoading.value)
    return <PartProblem what="The context of this call" error={problem} again={answer.reload} />;
  const call = lens?.calls.find(({ span_id }) => span_id === of.spanId);
  if (lens === undefined || call === undefined)
    return <Waiting isLoading={answer.isLoading.value} notes={answer.data.value?.notes ?? []} />;
  const { data } = answer;
  const opened = data.value?.opened?.span_id === of.spanId ? data.value.opened : undefined;
  return (
    <div aria-busy={opened === undefined}>
      <Filled call={call} opened={opened} />
      <Verdict call={call} opened={opened} />
      {opened !== undefined && (
        <Fresh key={of.spanId} call={call} opened={opened} reading={props.reading} of={of} />
      )}
      <section class="sec">
        <h2>{call.number === null ? "All calls of this agent" : "All calls of this conversation"}</h2>
        <Growth calls={besides(lens, call)} current={of.spanId} links={links} />
        <p class="mute note">
          Parts are estimated from their length and scaled to the tokens that the model reported.
        </p>
      </section>
      <Totals lens={lens} links={links} />
    </div>
  );
}

function Waiting(props: { readonly isLoading: boolean; readonly notes: readonly string[] }): JSX.Element {
  const { isLoading, notes } = props;
  return (
    <p class="sec soft" role="status" aria-busy={isLoading}>
      {isLoading
        ? "Reading the prompts of all calls"
        : ["Nothing is known of this call's prompt.", ...notes].join(" ")}
    </p>
  );
}

/** Calls of the conversation's own agent, or of the same sub-agent. */
function besides({ calls }: ContextJson, { number, agent }: ContextCallJson): readonly ContextCallJson[] {
  return calls.filter((one) =>
    number === null ? one.number === null && one.agent === agent : one.number !== null,
  );
}
