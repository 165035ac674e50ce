// A model's call in the chat: when it was, what it said, the tools that it called; its figures in the margin, which is its handle.
import type { JSX } from "preact";
import type { CallJson, ContextCallJson, EntryJson } from "../../src/viewer/api.ts";
import { compact, line, money, offset, shortModel, time } from "../app/figures.ts";
import { Mini } from "../context/mini.tsx";
import type { KindGlyph } from "../parts/glyphs.ts";
import { Kind } from "../parts/icon.tsx";
import { State } from "../parts/state.tsx";
import { Media } from "../span/part.tsx";
import { Reasoning } from "../value/reasoning.tsx";
import type { OfSpan } from "../value/value.tsx";
import { Words } from "../value/words.tsx";
import { Entry } from "./entry.tsx";

/** A model's call with what followed from it: its tools, and whatever else came before the next call. */
export interface Step {
  readonly call: CallJson | undefined;
  readonly others: readonly Exclude<EntryJson, CallJson>[];
}

/** The entries of a turn, call by call. */
export function stepsOf(entries: readonly EntryJson[]): Step[] {
  const steps: { call: CallJson | undefined; others: Exclude<EntryJson, CallJson>[] }[] = [];
  for (const entry of entries) {
    if (entry.type === "call") steps.push({ call: entry, others: [] });
    else {
      const last = steps.at(-1);
      if (last === undefined) steps.push({ call: undefined, others: [entry] });
      else last.others.push(entry);
    }
  }
  return steps;
}

/** What a step needs. */
export interface StepProps {
  readonly step: Step;
  readonly traceId: string;
  /** The longest call of the conversation, for the bars in the rail. */
  readonly longestMs: number;
  /** What filled the window of the call, where that is known, and the most tokens of one. */
  readonly window: ContextCallJson | undefined;
  readonly mostTokens: number;
  readonly isCurrent: boolean;
  readonly isLastTurn: boolean;
  readonly href: string;
  readonly onSelect: (spanId: string) => void;
}

/** A step. */
export function StepView(props: StepProps): JSX.Element {
  const { step, traceId, longestMs } = props;
  const { call, others } = step;
  const first = call ?? others[0];
  const of: OfSpan = { traceId, spanId: call?.span_id ?? "" };
  return (
    <section
      class="m call-m"
      id={call && `span-${call.span_id}`}
      aria-current={props.isCurrent ? "true" : undefined}
    >
      <Rail
        kind={call === undefined ? "tool" : "model"}
        offsetMs={first?.offset_ms}
        share={call?.duration_ms == null ? undefined : call.duration_ms / longestMs}
      />
      <div class="body">
        {call !== undefined && call.reasoning !== null && (
          <Reasoning value={call.reasoning} of={of} tokens={call.reasoning_tokens} />
        )}
        {call !== undefined && <Words value={call.words} of={of} />}
        {call?.error != null && <p class="err">{call.error}</p>}
        {call?.media.map((media, i) => (
          <Media key={i} media={media} of={of} />
        ))}
        {others.length > 0 && (
          <div class="calls">
            {others.map((entry) => (
              <Entry key={entry.span_id} entry={entry} traceId={traceId} isLastTurn={props.isLastTurn} />
            ))}
          </div>
        )}
      </div>
      {call === undefined ? <div class="margin" /> : <Margin {...props} call={call} />}
    </section>
  );
}

/** When something was, and how long it took, at the left. */
export function Rail(props: {
  readonly kind: KindGlyph;
  readonly offsetMs?: number | undefined;
  readonly share?: number | undefined;
}): JSX.Element {
  return (
    <div class="rail">
      <span class="off">{props.offsetMs !== undefined && offset(props.offsetMs)}</span>
      {props.share !== undefined && (
        <i class="dl" style={{ "--w": `${Math.min(100, props.share * 100).toFixed(0)}%` }} />
      )}
      <Kind name={props.kind} />
    </div>
  );
}

function Margin(props: StepProps & { readonly call: CallJson }): JSX.Element {
  const { call, href, onSelect } = props;
  return (
    <a
      class="margin"
      href={href}
      onClick={(event) => {
        if (event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
        event.preventDefault();
        onSelect(call.span_id);
      }}
    >
      <span class="mm">
        <b class="cut">{call.model === null ? "model" : line(shortModel(call.model))}</b>
        {call.number !== null && <i>call {call.number}</i>}
      </span>
      <span class="ml">
        <span>{call.state === "ended" ? time(call.duration_ms) : <State of={call.state} />}</span>
        {call.first_token_ms !== null && <span class="mute">first {time(call.first_token_ms)}</span>}
      </span>
      {call.input_tokens + call.output_tokens > 0 && (
        <span class="ml">
          <span>
            {compact(call.input_tokens)} → {compact(call.output_tokens)}
          </span>
          <span>{money(call.cost_usd)}</span>
        </span>
      )}
      {props.window !== undefined && <Mini call={props.window} most={props.mostTokens} />}
    </a>
  );
}
