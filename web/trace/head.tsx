// The head of a timeline: the turn that it is of, when it was, what it used.
import type { JSX } from "preact";
import { counted, time } from "../app/figures.ts";
import { compareUrl, conversationUrl, param, traceUrl, urlOf } from "../app/location.ts";
import { clock } from "../app/moments.ts";
import { isExported } from "../app/source.ts";
import { ExportMenu } from "../parts/export-menu.tsx";
import { Icon } from "../parts/icon.tsx";
import { CompareLink, ObjectHead, Ways } from "../parts/object.tsx";
import { Interrupted } from "../parts/state.tsx";
import type { LoadedTrace } from "./load.ts";
import { INTERRUPTED } from "./model.ts";

/** A trace among the turns of its conversation. */
export type OfTurn = NonNullable<LoadedTrace["head"]["conversation"]>;

/** The same turn as a chat, and the same span in it. */
export function chatUrl({ key, turn }: OfTurn, span: string = param("span")): string {
  return conversationUrl(key, { turn: String(turn), span });
}

/** The head. */
export function Head({ loaded }: { readonly loaded: LoadedTrace }): JSX.Element {
  const { id, model } = loaded;
  const { whole, summary, conversation, notes } = loaded.head;
  const interrupted = model.flags.reduce((n, flags) => n + ((flags & INTERRUPTED) !== 0 ? 1 : 0), 0);
  const chat = conversation === null ? undefined : chatUrl(conversation);
  return (
    <ObjectHead
      crumb={
        conversation === null
          ? isExported || !whole
            ? undefined
            : { href: urlOf("", { by: "trace" }), name: "Traces" }
          : { href: chatUrl(conversation, ""), name: conversation.key }
      }
      summary={whole ? summary : undefined}
      title={summary.title ?? summary.name}
      notes={notes}
      facts={[
        <span key="id" class="mono" title={id}>
          {id.slice(0, 8)}
        </span>,
        conversation !== null && <Turn {...conversation} />,
        clock(Date.parse(summary.started_at)),
        summary.state === "running" ? (
          <span class="run st">
            <Icon name="running" />
            running {time(model.now ?? model.total)}
          </span>
        ) : (
          whole && time(summary.duration_ms)
        ),
        whole && counted(summary.spans, "span"),
      ]}
      states={[interrupted > 0 && <Interrupted key="interrupted" spans={interrupted} />]}
    >
      <Ways shown="timeline" chat={chat} timeline={undefined} />
      <CompareLink href={compareUrl(id, "")} />
      <ExportMenu trace={id} />
    </ObjectHead>
  );
}

function Turn({ turn, turns, previous_trace_id, next_trace_id }: OfTurn): JSX.Element {
  return (
    <>
      turn {turn} of {turns}
      {previous_trace_id !== null && (
        <a class="ib tiny" href={traceUrl(previous_trace_id)} aria-label="Turn before" title="Turn before, [">
          <Icon name="left" />
        </a>
      )}
      {next_trace_id !== null && (
        <a class="ib tiny" href={traceUrl(next_trace_id)} aria-label="Turn after" title="Turn after, ]">
          <Icon name="chev" />
        </a>
      )}
    </>
  );
}
