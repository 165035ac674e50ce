// Why a tool was called: which call asked for it, what it thought and said before, what it could choose from, and what the result cost later.
import type { JSX } from "preact";
import { API, type ContextResultJson, type ToolStoryJson, type WhyJson } from "../../src/viewer/api.ts";
import { read } from "../app/api.ts";
import { count, counted, line, money, sentence, shortModel } from "../app/figures.ts";
import { clock } from "../app/moments.ts";
import { useBusy, useResource } from "../app/resource.ts";
import { PartProblem } from "../shell/oops.tsx";
import { type OfSpan, Text } from "../value/value.tsx";
import { Words } from "../value/words.tsx";
import { CallLink, type CallLinks } from "./call-link.tsx";
import { callName } from "./lens.ts";

/** What the tab needs. */
export interface WhyTabProps {
  readonly of: OfSpan;
  readonly links: CallLinks;
}

/** The tab. */
export function WhyTab({ of, links }: WhyTabProps): JSX.Element {
  const { traceId, spanId } = of;
  const answer = useResource(`${traceId} ${spanId}`, (abort) =>
    read<WhyJson>(API.why(traceId, spanId), {}, abort),
  );
  useBusy(answer.isLoading);
  const problem = answer.problem.value;
  if (problem !== undefined && !answer.isLoading.value)
    return <PartProblem what="Why this tool was called" error={problem} again={answer.reload} />;
  const data = answer.data.value;
  if (data === undefined || answer.isLoading.value)
    return (
      <p class="sec soft" role="status">
        Reading the calls before
      </p>
    );
  if (data.story === null) return <p class="sec soft">No model call is known to have asked for it.</p>;
  return <Story story={data.story} of={of} links={links} />;
}

function Story({ story, of, links }: WhyTabProps & { readonly story: ToolStoryJson }): JSX.Element {
  const { asked, reasoning, words } = story;
  return (
    <>
      <section class="sec">
        <h2>
          Asked by{" "}
          <CallLink call={asked} links={links} class="link">
            {callName(asked, asked.agent)}
          </CallLink>
          <span class="mute">
            {asked.model !== null && `${line(shortModel(asked.model))}, `}turn {asked.turn},{" "}
            {clock(Date.parse(asked.started_at))}
          </span>
        </h2>
        {reasoning === null && words === null && (
          <p class="soft">It neither thought nor said anything before, as far as is recorded.</p>
        )}
        {reasoning !== null && (
          <>
            <h3>It thought</h3>
            <div class="reasonbody">
              <Text text={reasoning} />
            </div>
          </>
        )}
        {words !== null && (
          <>
            <h3>It said</h3>
            <Words value={words} of={of} />
          </>
        )}
        {story.is_cut && <p class="mute note">This is the beginning: the call has all of it.</p>}
      </section>
      <Choice story={story} />
      <section class="sec">
        <h2>What the result cost later</h2>
        <Cost result={story.result} />
      </section>
    </>
  );
}

function Choice({ story: { offered, beside, name } }: { readonly story: ToolStoryJson }): JSX.Element {
  return (
    <section class="sec">
      <h2>
        It could choose from <span class="mute">{counted(offered.length, "tool")}</span>
      </h2>
      {offered.length === 0 && <p class="soft">The tools that were offered are not recorded.</p>}
      <ul class="offered" aria-label="Tools that were offered">
        {offered.map((one) => (
          <li key={one} class={one === name ? "chosen" : ""}>
            {line(one)}
            {one === name && <span class="vh">, chosen</span>}
          </li>
        ))}
      </ul>
      {beside.length > 0 && (
        <p class="soft">In the same answer it asked for {beside.map(line).join(", ")} too.</p>
      )}
    </section>
  );
}

function Cost({ result }: { readonly result: ContextResultJson | null }): JSX.Element {
  if (result === null) return <p class="soft">No call had the result.</p>;
  const { calls, tokens, all_tokens: all, cost_usd: cost, first } = result;
  return (
    <dl class="kv">
      <dt>first in</dt>
      <dd>
        {sentence(callName(first))} <span class="mute">{count(tokens)} tokens, estimated</span>
      </dd>
      <dt>in all</dt>
      <dd>
        {count(all)} tokens <span class="mute">in {counted(calls, "call")}</span>
      </dd>
      <dt>cost</dt>
      <dd>{cost === null ? "no price" : money(cost, "detail")}</dd>
    </dl>
  );
}
