// The call that is looked at, beside the chat.
import type { JSX } from "preact";
import { compact } from "../app/figures.ts";
import { change, param } from "../app/location.ts";
import { Kind } from "../parts/icon.tsx";
import { Side } from "../parts/side.tsx";
import { Inspector } from "../span/inspector.tsx";
import type { KnownCall } from "./known-calls.ts";

/** The panel. */
export function CallSide(props: {
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
