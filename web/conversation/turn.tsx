// A turn of the chat: its figures in a line that stays, what the user said, and what was done. It is read when it comes near.
import { useSignal } from "@preact/signals";
import type { ComponentChildren, JSX } from "preact";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import type { TurnJson, TurnTalkJson } from "../../src/viewer/api.ts";
import { compact, counted, line, money, time } from "../app/figures.ts";
import { conversationUrl, traceUrl } from "../app/location.ts";
import { clock } from "../app/moments.ts";
import type { LensCalls } from "../context/lens.ts";
import { Icon } from "../parts/icon.tsx";
import { Outcome } from "../parts/outcome.tsx";
import { PartProblem } from "../shell/oops.tsx";
import { Words } from "../value/words.tsx";
import { Rail, StepView, stepsOf } from "./call.tsx";
import { useTurn } from "./talk.ts";

/** A turn that was not read yet is about so high. */
const ABOUT = 320;
/** Turns are read when they are nearer than so many windows. */
const NEAR = "150% 0px";

/** What a turn needs. */
export interface TurnProps {
  readonly conversationKey: string;
  readonly turn: TurnJson;
  readonly isLast: boolean;
  readonly longestMs: number;
  /** What filled the windows of calls, and the most tokens of one. */
  readonly lens: LensCalls;
  readonly mostTokens: number;
  readonly selected: string;
  /** Changes where a turn that runs may have changed. */
  readonly version: number;
  readonly onSelect: (spanId: string) => void;
  /** Told what was read. */
  readonly onRead: (talk: TurnTalkJson) => void;
}

/** A turn. */
export function Turn(props: TurnProps): JSX.Element {
  const { turn, conversationKey: key } = props;
  const box = useRef<HTMLElement>(null);
  const isNear = useSignal(props.isLast);
  useEffect(() => {
    if (box.current === null || isNear.value) return undefined;
    const observer = new IntersectionObserver(
      ([seen]) => {
        if (seen?.isIntersecting) isNear.value = true;
      },
      { root: box.current.closest(".chat"), rootMargin: NEAR },
    );
    observer.observe(box.current);
    return () => observer.disconnect();
  }, []);
  // What a turn says changes where its figures do.
  const mark = `${turn.spans} ${turn.ended_at} ${turn.errors} ${turn.state === "running" ? props.version : ""}`;
  const talk = useTurn(key, turn.number, isNear.value ? mark : undefined);
  const data = talk.data.value;
  useLayoutEffect(() => {
    if (data !== undefined) props.onRead(data);
  }, [data]);
  return (
    <article class="turn" aria-label={`Turn ${turn.number}`} id={`turn-${turn.number}`} ref={box}>
      <header class="th">
        <b>Turn {turn.number}</b>
        <span class="soft">{clock(Date.parse(turn.started_at))}</span>
        <span class="soft">
          <Took turn={turn} />
        </span>
        {turn.input_tokens + turn.output_tokens > 0 && (
          <span class="soft">
            {compact(turn.input_tokens)} → {compact(turn.output_tokens)}
          </span>
        )}
        <span class="soft">
          {turn.cost_usd === null ? turn.unpriced_calls > 0 && "no price" : money(turn.cost_usd)}
        </span>
        {turn.errors > 0 && (
          <span class="err st">
            <Icon name="error" />
            {turn.errors}
          </span>
        )}
        <span class="grow" />
        <a
          class="link tid"
          href={traceUrl(turn.trace_id, { span: turn.span_id ?? undefined })}
          title="Open the trace of this turn"
        >
          <span>trace </span>
          {turn.trace_id.slice(0, 8)}
        </a>
      </header>
      {talk.problem.value !== undefined && (
        <PartProblem what="This turn" error={talk.problem.value} again={talk.reload} />
      )}
      {data === undefined ? (
        <div class="unread" style={{ height: `${ABOUT}px` }} />
      ) : (
        <Talk {...props} talk={data} />
      )}
    </article>
  );
}

function Took({ turn: { state, duration_ms: ms } }: { readonly turn: TurnJson }): ComponentChildren {
  return state === "ended" ? time(ms) : <Outcome of={{ state, ms, hasFailed: false }} />;
}

function Talk(props: TurnProps & { readonly talk: TurnTalkJson }): JSX.Element {
  const { talk, turn } = props;
  const of = { traceId: turn.trace_id, spanId: turn.span_id ?? "" };
  const first = talk.entries.find(({ type }) => type === "call");
  const asked = props.lens.get(first?.span_id ?? "")?.asked_tokens ?? 0;
  return (
    <>
      {talk.user !== null && (
        <section class="m user-m">
          <Rail kind="user" />
          <div class="body">
            <div class="ask1">
              <Words value={talk.user} of={of} />
            </div>
          </div>
          <div class="margin">
            <span class="ml">
              <span class="mute cut">{line(talk.user_name ?? "")}</span>
              {asked > 0 && (
                <span class="mute" title="Estimated">
                  {counted(asked, "token")}
                </span>
              )}
            </span>
          </div>
        </section>
      )}
      {stepsOf(talk.entries).map((step, i) => {
        const spanId = step.call?.span_id ?? step.others[0]?.span_id ?? "";
        return (
          <StepView
            key={spanId || i}
            step={step}
            traceId={turn.trace_id}
            longestMs={props.longestMs}
            window={props.lens.get(spanId)}
            mostTokens={props.mostTokens}
            isCurrent={spanId === props.selected}
            isLastTurn={props.isLast}
            href={conversationUrl(props.conversationKey, { span: spanId, turn: String(turn.number) })}
            onSelect={props.onSelect}
          />
        );
      })}
      {talk.answer !== null && (
        <section class="m">
          <Rail kind="agent" />
          <div class="body">
            <Words value={talk.answer} of={of} />
          </div>
          <div class="margin" />
        </section>
      )}
      {talk.error !== null && (
        <section class="m">
          <Rail kind="turn" />
          <div class="body">
            <p class="err">{talk.error}</p>
          </div>
          <div class="margin" />
        </section>
      )}
      {talk.notes.map((note) => (
        <p key={note} class="says">
          {note}
        </p>
      ))}
    </>
  );
}
