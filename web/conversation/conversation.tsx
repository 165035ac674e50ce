// A conversation as a chat: turn by turn, with the call that is looked at beside it. It follows the newest only from its end.
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import type { CallJson, ConversationJson, TurnTalkJson } from "../../src/viewer/api.ts";
import { compact, counted, line } from "../app/figures.ts";
import { useKeys } from "../app/keys.ts";
import { change, open, param, place, rememberedScroll, traceUrl, urlOf } from "../app/location.ts";
import { useBusy } from "../app/resource.ts";
import { Kind } from "../parts/icon.tsx";
import { ObjectHead, useFixedPage, Ways } from "../parts/object.tsx";
import { Side } from "../parts/side.tsx";
import { State } from "../parts/state.tsx";
import { Oops } from "../shell/oops.tsx";
import { Inspector } from "../span/inspector.tsx";
import { turnTools } from "./open-tools.ts";
import { useConversation } from "./talk.ts";
import { Turn } from "./turn.tsx";

/** Nearer to its end than this, the chat follows what comes. */
const AT_END = 24;

/** A call that can be looked at. */
interface KnownCall {
  readonly call: CallJson;
  readonly traceId: string;
  readonly turnStart: number;
}

/** The view. */
export function Conversation(): JSX.Element {
  const { id } = place.value;
  useFixedPage();
  return <Chat key={id} id={id} />;
}

function Chat({ id }: { readonly id: string }): JSX.Element {
  const { conversation, version } = useConversation(id);
  useBusy(conversation.isLoading);
  const calls = useSignal<ReadonlyMap<string, KnownCall>>(new Map());
  const data = conversation.data.value;
  if (data === undefined) {
    const problem = conversation.problem.value;
    return problem === undefined ? (
      <main id="main" class="p-conv" aria-busy="true" />
    ) : (
      <Oops error={problem} again={conversation.reload} />
    );
  }
  const known = (talk: TurnTalkJson): void => {
    const next = new Map(calls.value);
    for (const entry of talk.entries) {
      if (entry.type !== "call") continue;
      const own = { traceId: talk.trace_id, turnStart: Date.parse(talk.started_at) };
      next.set(entry.span_id, { ...own, call: entry });
    }
    calls.value = next;
  };
  return <Shown data={data} version={version.value} calls={calls.value} onRead={known} />;
}

function Shown(props: {
  readonly data: ConversationJson;
  readonly version: number;
  readonly calls: ReadonlyMap<string, KnownCall>;
  readonly onRead: (talk: TurnTalkJson) => void;
}): JSX.Element {
  const { data, calls } = props;
  const { key, turns } = data;
  const chat = useRef<HTMLDivElement>(null);
  const isFollowing = useSignal(false);
  const selected = selectedCall(calls);
  const current = calls.get(selected);
  const longestMs = Math.max(1, ...[...calls.values()].map(({ call }) => call.duration_ms ?? 0));
  // On the way to a call the end may be in view by chance: what is followed is known on arrival.
  const follow = (box: HTMLElement): void => {
    isFollowing.value = isAtEnd(box);
  };
  const arrival = useArrival({ chat, selected, turn: wantedTurn(data), onArrived: follow });
  useLayoutEffect(() => {
    if (isFollowing.value && chat.current !== null) chat.current.scrollTop = chat.current.scrollHeight;
  }, [props.version, calls]);
  const select = (spanId: string): void => change({ span: spanId, call: "" });
  const isRevealing = useRef(false);
  // Calls have numbers before they are read: the next one may be of a turn that was not.
  const go = (step: number): void => {
    const inView = turns[turnInView(chat.current) - 1]?.first_call ?? 1;
    const last = Math.max(...turns.map(({ first_call, calls: n }) => first_call + n - 1));
    if (last < 1) return;
    const next = (current?.call.number ?? inView - Math.max(0, step)) + step;
    change({ call: String(Math.min(last, Math.max(1, next))), span: "" });
    isRevealing.current = true;
  };
  useLayoutEffect(() => {
    if (!isRevealing.current) return;
    const call = selected === "" ? null : document.getElementById(`span-${selected}`);
    (call ?? document.getElementById(`turn-${wantedTurn(data)}`))?.scrollIntoView({ block: "nearest" });
    isRevealing.current = call === null;
  });
  const turnBy = (step: number): void => {
    const here = turnInView(chat.current);
    document.getElementById(`turn-${here + step}`)?.scrollIntoView({ block: "start" });
  };
  const timeline = timelineUrl(data, current);
  useKeys({
    ...{ j: () => go(1), ArrowDown: () => go(1), k: () => go(-1), ArrowUp: () => go(-1) },
    ...{ "[": () => turnBy(-1), "]": () => turnBy(1), o: turnTools },
    v: () => {
      if (timeline !== undefined) open(timeline);
    },
    ...(selected !== "" && { Escape: () => change({ span: "", call: "", tab: "" }) }),
  });
  return (
    <main id="main" class="p-conv">
      <Head data={data} timeline={timeline} />
      <div class={`split ${current === undefined ? "alone" : ""}`}>
        <div
          class="chat"
          tabIndex={0}
          role="region"
          aria-label="Turns"
          data-scrolls
          ref={chat}
          onScroll={({ currentTarget }) => {
            if (arrival.current === "done") follow(currentTarget);
          }}
        >
          {turns.map((turn) => (
            <Turn
              key={turn.number}
              conversationKey={key}
              turn={turn}
              isLast={turn === turns.at(-1)}
              longestMs={longestMs}
              selected={selected}
              version={props.version}
              onSelect={select}
              onRead={props.onRead}
            />
          ))}
          {data.summary.state === "running" && (
            <div class="tailrow">
              {isFollowing.value ? (
                <>
                  <span class="dot" />
                  Following the newest. Scroll up to stop.
                </>
              ) : (
                <button
                  type="button"
                  class="morel"
                  onClick={() => {
                    arrival.current = "done";
                    isFollowing.value = true;
                    chat.current?.scrollTo(0, chat.current.scrollHeight);
                  }}
                >
                  Jump to now
                </button>
              )}
            </div>
          )}
        </div>
        {current !== undefined && <Aside current={current} version={props.version} onGo={go} />}
      </div>
    </main>
  );
}

/** Coming by a link brings its call into view, once it is there, or its turn. Coming back brings the scroll of then. */
function useArrival(props: {
  readonly chat: { readonly current: HTMLElement | null };
  readonly selected: string;
  readonly turn: number | undefined;
  readonly onArrived: (chat: HTMLElement) => void;
}): { current: "begin" | "turn" | "done" } {
  const steps = useRef<"begin" | "turn" | "done">("begin");
  useLayoutEffect(() => {
    const chat = props.chat.current;
    if (chat === null || steps.current === "done") return;
    const scroll = rememberedScroll();
    const call = props.selected === "" ? null : document.getElementById(`span-${props.selected}`);
    const isCallWanted = param("call") !== "" || param("span") !== "";
    if (scroll > 0) chat.scrollTop = scroll;
    else if (call !== null) {
      chat.scrollTop += call.getBoundingClientRect().top - chat.getBoundingClientRect().top - ABOVE_CALL;
    } else if (steps.current === "begin" && props.turn !== undefined) {
      document.getElementById(`turn-${props.turn}`)?.scrollIntoView({ block: "start" });
    }
    steps.current = scroll > 0 || call !== null || !isCallWanted ? "done" : "turn";
    if (steps.current === "done") props.onArrived(chat);
  });
  return steps;
}

/** The turn's line stays above a call that is brought into view. */
const ABOVE_CALL = 61;

/** The turn that the URL names, or that has the call that it names. */
function wantedTurn({ turns }: ConversationJson): number | undefined {
  const call = Number(param("call"));
  const ofCall = turns.find(({ first_call, calls }) => call >= first_call && call < first_call + calls);
  return call > 0 ? ofCall?.number : Number(param("turn")) || undefined;
}

function Aside(props: {
  readonly current: KnownCall;
  readonly version: number;
  readonly onGo: (step: number) => void;
}): JSX.Element {
  const { call, traceId, turnStart } = props.current;
  const name = call.number === null ? "Model call" : `Call ${call.number}`;
  const peek = (
    <>
      <Kind name="model" />
      <b>{name}</b>
      <span class="soft">
        {compact(call.input_tokens)} → {compact(call.output_tokens)}
      </span>
    </>
  );
  return (
    <Side name="conversation" label={name} peek={peek}>
      <Inspector
        traceId={traceId}
        spanId={call.span_id}
        title={name}
        kind="model"
        note={call.model ?? ""}
        onStep={props.onGo}
        traceStart={turnStart}
        tab={param("tab")}
        version={props.version}
        onTab={(tab) => change({ tab })}
        onClose={() => change({ span: "", call: "", tab: "" })}
      />
    </Side>
  );
}

function Head(props: {
  readonly data: ConversationJson;
  readonly timeline: string | undefined;
}): JSX.Element {
  const { summary, key, notes, turns } = props.data;
  return (
    <ObjectHead
      crumb={{ href: urlOf(""), name: "Conversations" }}
      {...{ summary, notes }}
      facts={[
        <span key="id" class="mono cut" title={line(key)}>
          {line(key)}
        </span>,
        ...[line(summary.agent ?? ""), line(summary.user ?? ""), counted(turns.length, "turn")],
        summary.model_calls > 0 && counted(summary.model_calls, "model call"),
        summary.tool_calls > 0 && counted(summary.tool_calls, "tool call"),
      ]}
      state={summary.state !== "ended" && <State of={summary.state} />}
    >
      <Ways shown="chat" chat={undefined} timeline={props.timeline} />
    </ObjectHead>
  );
}

/** The call that the URL names, by its number or by its span. */
function selectedCall(calls: ReadonlyMap<string, KnownCall>): string {
  const number = param("call");
  if (number === "") return param("span");
  for (const [spanId, { call }] of calls) if (String(call.number) === number) return spanId;
  return "";
}

function timelineUrl(data: ConversationJson, current: KnownCall | undefined): string | undefined {
  if (current !== undefined) return traceUrl(current.traceId, { span: current.call.span_id });
  const wanted = wantedTurn(data);
  const turn = data.turns.find(({ number }) => number === wanted) ?? data.turns.at(-1);
  return turn && traceUrl(turn.trace_id);
}

function isAtEnd({ scrollTop, clientHeight, scrollHeight }: HTMLElement): boolean {
  return scrollHeight - scrollTop - clientHeight < AT_END;
}

/** The number of the turn at the top of the window. */
function turnInView(chat: HTMLElement | null): number {
  const top = chat?.getBoundingClientRect().top ?? 0;
  const turns = [...(chat?.querySelectorAll(".turn") ?? [])];
  const at = turns.findLastIndex((turn) => turn.getBoundingClientRect().top <= top + 40);
  return Math.max(0, at) + 1;
}
