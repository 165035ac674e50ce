// The call that is looked at, beside the chat.
import type { JSX } from "preact";
import { count } from "../app/figures.ts";
import { change, conversationUrl, param, traceUrl } from "../app/location.ts";
import type { CallLinks } from "../context/call-link.tsx";
import type { LensCalls } from "../context/lens.ts";
import { Icon, Kind } from "../parts/icon.tsx";
import { Side } from "../parts/side.tsx";
import { Inspector } from "../span/inspector.tsx";
import type { KnownCall } from "./known-calls.ts";

/** The panel. */
export function CallSide(props: {
  readonly conversationKey: string;
  readonly current: KnownCall;
  readonly lens: LensCalls;
  readonly version: number;
  readonly compareHref: string | undefined;
  readonly onGo: (step: number) => void;
  /** Goes to a call of the conversation's own agent. */
  readonly onCall: (number: number) => void;
}): JSX.Element {
  const { call, traceId, turnStart } = props.current;
  const isBroken = props.lens.get(call.span_id)?.cache.state === "broken";
  const name = call.number === null ? "Model call" : `Call ${call.number}`;
  const peek = (
    <>
      <Kind name="model" />
      <b>{name}</b>
      <span class="soft">{count(call.input_tokens)} tokens in</span>
      {isBroken && (
        <span class="warn st">
          <Icon name="break" />
          prefix broken
        </span>
      )}
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
        compareHref={props.compareHref}
        onStep={props.onGo}
        traceStart={turnStart}
        tab={param("tab")}
        first="context"
        lens={{ lensOf: { conversation: props.conversationKey }, links: linksOf(props) }}
        version={props.version}
        tools={props.current.tools}
        onTab={(tab) => change({ tab })}
        onClose={() => change({ span: "", call: "", tab: "" })}
      />
    </Side>
  );
}

/** Calls of sub-agents are not in the chat: they are looked at in their traces. */
function linksOf(props: {
  readonly conversationKey: string;
  readonly onCall: (number: number) => void;
}): CallLinks {
  return {
    hrefOf: ({ number, trace_id: trace, span_id: span }) =>
      number === null
        ? traceUrl(trace, { span, tab: "context" })
        : conversationUrl(props.conversationKey, { call: String(number), tab: "context" }),
    onOpen: ({ number }) => {
      if (number !== null) props.onCall(number);
      return number !== null;
    },
  };
}
