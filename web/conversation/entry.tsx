// What was done in a turn or by a sub-agent: calls of models and tools, sub-agents within, and what else went wrong.
import type { JSX } from "preact";
import type { CallJson, EntryJson, Shown, TimedJson } from "../../src/viewer/api.ts";
import { compact, counted, line, money, shortModel, time } from "../app/figures.ts";
import { Icon, Kind } from "../parts/icon.tsx";
import { Words } from "../value/words.tsx";
import { ToolRow } from "./tool-row.tsx";

/** One entry. */
export function Entry(props: {
  readonly entry: EntryJson;
  readonly traceId: string;
  readonly isLastTurn: boolean;
}): JSX.Element {
  const { entry, traceId } = props;
  switch (entry.type) {
    case "call":
      return <SubCall call={entry} traceId={traceId} />;
    case "tool":
      return (
        <ToolRow tool={entry} traceId={traceId} isLastTurn={props.isLastTurn}>
          {entry.thread.length > 0 && (
            <Thread {...entry} name={entry.agent ?? entry.name} traceId={traceId} of={entry} />
          )}
        </ToolRow>
      );
    case "agent":
      return <Thread {...entry} task={entry.input} traceId={traceId} of={entry} />;
    case "mishap":
      return (
        <p class="err">
          <span class="mono">{line(entry.name)}</span> {entry.error}
        </p>
      );
  }
}

/** A call of a sub-agent's model: what it said, with its figures behind. */
function SubCall({ call, traceId }: { readonly call: CallJson; readonly traceId: string }): JSX.Element {
  const figures = [
    call.model === null ? "" : line(shortModel(call.model)),
    time(call.duration_ms),
    `${compact(call.input_tokens)} → ${compact(call.output_tokens)}`,
  ];
  return (
    <div class="substep">
      <div class="sline">
        <Kind name="model" label="model call" />
        <div>
          <Words value={call.words} of={{ traceId, spanId: call.span_id }} />
          {call.error !== null && <p class="err">{call.error}</p>}
        </div>
        <span class="num mute">{figures.filter((one) => one !== "").join(" · ")}</span>
      </div>
    </div>
  );
}

/** What a sub-agent did. */
function Thread(props: {
  readonly name: string;
  readonly task: Shown;
  readonly thread: readonly EntryJson[];
  readonly traceId: string;
  readonly of: TimedJson;
}): JSX.Element {
  const { thread, traceId } = props;
  const calls = thread.flatMap((entry) => (entry.type === "call" ? [entry] : []));
  const input = calls.reduce((sum, call) => sum + call.input_tokens, 0);
  const output = calls.reduce((sum, call) => sum + call.output_tokens, 0);
  const costs = calls.flatMap((call) => (call.cost_usd === null ? [] : [call.cost_usd]));
  return (
    <div class="sub">
      <div class="subhead">
        <Kind name="agent" />
        <b>{line(props.name)}</b>
        <span class="mute">sub-agent</span>
        <span class="grow" />
        <span class="soft">{counted(calls.length, "call")}</span>
        {input + output > 0 && (
          <span class="soft">
            {compact(input)} → {compact(output)}
          </span>
        )}
        {costs.length > 0 && <span class="soft">{money(costs.reduce((sum, cost) => sum + cost, 0))}</span>}
      </div>
      <div class="ask">
        <Words value={props.task} of={{ traceId, spanId: props.of.span_id }} />
      </div>
      {thread.map((entry) => (
        <Entry key={entry.span_id} entry={entry} traceId={traceId} isLastTurn={false} />
      ))}
      {props.of.state === "interrupted" && (
        <p class="warn st">
          <Icon name="interrupted" />
          The process that ran it is gone. Nothing came after this.
        </p>
      )}
    </div>
  );
}
