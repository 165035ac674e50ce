// The head of a conversation.
import type { JSX } from "preact";
import type { ConversationJson } from "../../src/viewer/api.ts";
import { counted, line } from "../app/figures.ts";
import { compareUrl, urlOf } from "../app/location.ts";
import { isExported } from "../app/source.ts";
import { ExportMenu } from "../parts/export-menu.tsx";
import { CompareLink, ObjectHead, Ways } from "../parts/object.tsx";
import { Interrupted, State } from "../parts/state.tsx";

/** The head. `timeline` is the same as a trace. */
export function Head(props: {
  readonly data: ConversationJson;
  readonly timeline: string | undefined;
}): JSX.Element {
  const { summary, key, notes, turns, interrupted } = props.data;
  return (
    <ObjectHead
      crumb={isExported ? undefined : { href: urlOf(""), name: "Conversations" }}
      {...{ summary, notes, title: summary.title ?? summary.name }}
      facts={[
        <span key="id" class="mono cut" title={line(key)}>
          {line(key)}
        </span>,
        ...[line(summary.agent ?? ""), line(summary.user ?? ""), counted(turns.length, "turn")],
        summary.model_calls > 0 && counted(summary.model_calls, "model call"),
        summary.tool_calls > 0 && counted(summary.tool_calls, "tool call"),
      ]}
      states={[
        interrupted > 0 && <Interrupted key="interrupted" spans={interrupted} />,
        summary.state === "running" && <State of="running" />,
      ]}
    >
      <Ways shown="chat" chat={undefined} timeline={props.timeline} />
      <CompareLink href={compareUrl(key, "")} />
      <ExportMenu conversation={key} />
    </ObjectHead>
  );
}
