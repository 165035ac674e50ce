// Where a reader who comes to a chat is put: at the call or turn that the URL names, or where they were when they left.
import { useLayoutEffect, useRef } from "preact/hooks";
import type { ConversationJson } from "../../src/viewer/api.ts";
import { param, rememberedScroll } from "../app/location.ts";
import type { KnownCalls } from "./known-calls.ts";

/** How far a reader has come. */
export type Arrival = "begin" | "turn" | "done";

/** Coming by a link brings its call into view, once it is there, or its turn. Coming back brings the scroll of then. */
export function useArrival(props: {
  readonly chat: { readonly current: HTMLElement | null };
  readonly selected: string;
  readonly turn: number | undefined;
  readonly onArrived: (chat: HTMLElement) => void;
}): { current: Arrival } {
  const steps = useRef<Arrival>("begin");
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
export function wantedTurn({ turns }: ConversationJson): number | undefined {
  const call = Number(param("call"));
  const ofCall = turns.find(({ first_call, calls }) => call >= first_call && call < first_call + calls);
  return call > 0 ? ofCall?.number : Number(param("turn")) || undefined;
}

/** The call that the URL names, by its number or by its span. */
export function selectedCall(calls: KnownCalls): string {
  const number = param("call");
  if (number === "") return param("span");
  for (const [spanId, { call }] of calls) if (String(call.number) === number) return spanId;
  return "";
}
