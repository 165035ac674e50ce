// A conversation as a chat: turn by turn, with the call that is looked at beside it. It follows the newest only from its end.
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import type { ConversationJson, TurnTalkJson } from "../../src/viewer/api.ts";
import { useKeys } from "../app/keys.ts";
import { change, open, param, place, traceUrl } from "../app/location.ts";
import { useBusy } from "../app/resource.ts";
import { useLensCalls } from "../context/lens.ts";
import { inputOf } from "../context/shares.ts";
import { useFixedPage } from "../parts/object.tsx";
import { Oops } from "../shell/oops.tsx";
import { selectedCall, useArrival, wantedTurn } from "./arrival.ts";
import { stepsOf } from "./call.tsx";
import { CallSide } from "./call-side.tsx";
import { Head } from "./head.tsx";
import { comparisonUrl, type KnownCall, type KnownCalls } from "./known-calls.ts";
import { turnTools } from "./open-tools.ts";
import { useConversation } from "./talk.ts";
import { doneOf } from "./tool-row.tsx";
import { Turn } from "./turn.tsx";

/** Nearer to its end than this, the chat follows what comes. */
const AT_END = 24;

/** The view. */
export function Conversation(): JSX.Element {
  const { id } = place.value;
  useFixedPage();
  return <Chat key={id} id={id} />;
}

function Chat({ id }: { readonly id: string }): JSX.Element {
  const { conversation, version } = useConversation(id);
  useBusy(conversation.isLoading);
  const calls = useSignal<KnownCalls>(new Map());
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
    const own = { traceId: talk.trace_id, turnStart: Date.parse(talk.started_at) };
    for (const { call, others } of stepsOf(talk.entries)) {
      const tools = others.flatMap((entry) => (entry.type === "tool" ? [doneOf(entry)] : []));
      if (call !== undefined) next.set(call.span_id, { ...own, call, tools });
    }
    calls.value = next;
  };
  return <Shown data={data} version={version.value} calls={calls.value} onRead={known} />;
}

function Shown(props: {
  readonly data: ConversationJson;
  readonly version: number;
  readonly calls: KnownCalls;
  readonly onRead: (talk: TurnTalkJson) => void;
}): JSX.Element {
  const { data, calls } = props;
  const { key, turns } = data;
  const chat = useRef<HTMLDivElement>(null);
  const isFollowing = useSignal(false);
  const selected = selectedCall(calls);
  const current = calls.get(selected);
  const longestMs = Math.max(1, ...[...calls.values()].map(({ call }) => call.duration_ms ?? 0));
  // What is talked of is read first. The panel of a call asks for the lens itself.
  const isAskedFor = selected !== "" && (param("tab") === "" || param("tab") === "context");
  const lens = useLensCalls({ conversation: key }, isAskedFor || calls.size === 0);
  const mostTokens = Math.max(1, ...[...lens.values()].map(inputOf));
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
    goTo(Math.min(last, Math.max(1, next)));
  };
  const goTo = (call: number): void => {
    change({ call: String(call), span: "" });
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
  const comparison = current && comparisonUrl(key, current, lens);
  useKeys({
    ...{ j: () => go(1), ArrowDown: () => go(1), k: () => go(-1), ArrowUp: () => go(-1) },
    ...{ "[": () => turnBy(-1), "]": () => turnBy(1), o: turnTools },
    d: () => {
      if (comparison !== undefined) open(comparison);
    },
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
              lens={lens}
              mostTokens={mostTokens}
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
        {current !== undefined && (
          <CallSide
            {...{ conversationKey: key, current, lens, version: props.version, onGo: go }}
            compareHref={comparison}
            onCall={goTo}
          />
        )}
      </div>
    </main>
  );
}

function timelineUrl(data: ConversationJson, current: KnownCall | undefined): string | undefined {
  if (current !== undefined) return traceUrl(current.traceId, { span: current.call.span_id });
  const wanted = wantedTurn(data);
  const turn = data.turns.find(({ number }) => number === wanted) ?? data.turns.at(-1);
  return turn && traceUrl(turn.trace_id);
}

/** Where the last turn is not there yet, nobody can be at its end. */
function isAtEnd(chat: HTMLElement): boolean {
  const { scrollTop, clientHeight, scrollHeight } = chat;
  const isThere = chat.querySelector(".turn:last-of-type > .unread") === null;
  return isThere && scrollHeight - scrollTop - clientHeight < AT_END;
}

/** The number of the turn at the top of the window. */
function turnInView(chat: HTMLElement | null): number {
  const top = chat?.getBoundingClientRect().top ?? 0;
  const turns = [...(chat?.querySelectorAll(".turn") ?? [])];
  const at = turns.findLastIndex((turn) => turn.getBoundingClientRect().top <= top + 40);
  return Math.max(0, at) + 1;
}
