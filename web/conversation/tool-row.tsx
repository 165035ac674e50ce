// A tool's call on one line; open, what went in, the thread of its sub-agent, and what came out.
import { useSignal } from "@preact/signals";
import type { ComponentChildren, JSX } from "preact";
import { useEffect } from "preact/hooks";
import type { EntryJson, TimedJson, ToolJson } from "../../src/viewer/api.ts";
import { compact, counted, money, shortModel, time } from "../app/figures.ts";
import { Icon, Kind } from "../parts/icon.tsx";
import { Markdown } from "../value/markdown.tsx";
import { type OfSpan, Value } from "../value/value.tsx";
import { openTools } from "./open-tools.ts";

/** A tool's call. Failed and running ones of the last turn open by themselves. */
export function ToolRow(props: {
  readonly tool: ToolJson;
  readonly traceId: string;
  readonly isLastTurn: boolean;
}): JSX.Element {
  const { tool, traceId } = props;
  const isOpen = useSignal(props.isLastTurn && (tool.error !== null || tool.state === "running"));
  useEffect(() => {
    if (openTools.value.presses > 0) isOpen.value = openTools.value.isOpen;
  }, [openTools.value]);
  const id = `tool-${tool.span_id}`;
  const of: OfSpan = { traceId, spanId: tool.span_id };
  return (
    <>
      <button
        type="button"
        class="call"
        aria-expanded={isOpen.value}
        aria-controls={id}
        onClick={() => {
          isOpen.value = !isOpen.value;
        }}
      >
        <Icon name="chev" class="chev" />
        <Kind name={tool.kind === "retrieval" ? "retrieval" : "tool"} label="tool call" />
        <span class="nm">{tool.name}</span>
        <Gist tool={tool} />
        <span class="num tail">
          {tool.agent !== null && (
            <span class="hint">
              <Kind name="agent" label="sub-agent" />
              {tool.agent}
            </span>
          )}
          <Outcome of={tool} />
        </span>
      </button>
      {isOpen.value && (
        <div class="callbody" id={id}>
          {tool.arguments !== null && (
            <InOut label="in">
              <Value value={tool.arguments} of={of} />
            </InOut>
          )}
          {tool.thread.length > 0 && (
            <Thread name={tool.agent ?? tool.name} entries={tool.thread} traceId={traceId} state={tool} />
          )}
          <Out tool={tool} of={of} />
        </div>
      )}
    </>
  );
}

function Out({ tool, of }: { readonly tool: ToolJson; readonly of: OfSpan }): JSX.Element | null {
  if (tool.error !== null) {
    return (
      <InOut label="error" isError>
        <pre class={tool.state === "interrupted" ? "warn" : "err"}>{tool.error}</pre>
      </InOut>
    );
  }
  if (tool.result !== null) {
    return (
      <InOut label="out">
        <Value value={tool.result} of={of} />
      </InOut>
    );
  }
  if (tool.state !== "running") return null;
  return (
    <InOut label="out">
      <pre class="run">no result yet</pre>
    </InOut>
  );
}

function InOut(props: {
  readonly label: string;
  readonly isError?: boolean;
  readonly children: ComponentChildren;
}): JSX.Element {
  return (
    <div class="io">
      <span class={`lab ${props.isError ? "err" : ""}`}>{props.label}</span>
      <div>{props.children}</div>
    </div>
  );
}

/** While folded the error stands in the place of the arguments. */
function Gist({ tool }: { readonly tool: ToolJson }): JSX.Element {
  if (tool.error === null) return <span class="args cut">{tool.glance}</span>;
  return (
    <>
      <span class={`gerr ${tool.state === "interrupted" ? "warn" : "err"} cut`}>{tool.error}</span>
      <span class="gargs args cut">{tool.glance}</span>
    </>
  );
}

/** How long it took, or what became of it. */
function Outcome({ of }: { readonly of: TimedJson }): JSX.Element {
  if (of.state === "running") {
    return (
      <span class="st run">
        <Icon name="running" />
        running {time(of.duration_ms)}
      </span>
    );
  }
  if (of.state === "interrupted") {
    return (
      <span class="st warn">
        <Icon name="interrupted" />
        interrupted
      </span>
    );
  }
  if (of.error !== null) {
    return (
      <span class="st err">
        <Icon name="error" />
        {time(of.duration_ms)}
      </span>
    );
  }
  return <span class="soft">{time(of.duration_ms)}</span>;
}

/** What a sub-agent did. */
export function Thread(props: {
  readonly name: string;
  readonly entries: readonly EntryJson[];
  readonly traceId: string;
  readonly state: TimedJson;
}): JSX.Element {
  const { entries, traceId } = props;
  const calls = entries.flatMap((entry) => (entry.type === "call" ? [entry] : []));
  const input = calls.reduce((sum, call) => sum + call.input_tokens, 0);
  const output = calls.reduce((sum, call) => sum + call.output_tokens, 0);
  const costs = calls.flatMap((call) => (call.cost_usd === null ? [] : [call.cost_usd]));
  return (
    <div class="sub">
      <div class="subhead">
        <Kind name="agent" />
        <b>{props.name}</b>
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
      {entries.map((entry) => (
        <Step key={entry.span_id} entry={entry} traceId={traceId} />
      ))}
      {props.state.state === "interrupted" && (
        <p class="warn st">
          <Icon name="interrupted" />
          The process that ran it is gone. Nothing came after this.
        </p>
      )}
    </div>
  );
}

function Step({ entry, traceId }: { readonly entry: EntryJson; readonly traceId: string }): JSX.Element {
  switch (entry.type) {
    case "call":
      return (
        <div class="substep">
          <div class="sline">
            <Kind name="model" label="model call" />
            <Words value={entry.words} of={{ traceId, spanId: entry.span_id }} error={entry.error} />
            <span class="num mute">
              {[
                entry.model === null ? "" : shortModel(entry.model),
                time(entry.duration_ms),
                `${compact(entry.input_tokens)} → ${compact(entry.output_tokens)}`,
              ]
                .filter((one) => one !== "")
                .join(" · ")}
            </span>
          </div>
        </div>
      );
    case "tool":
      return <ToolRow tool={entry} traceId={traceId} isLastTurn={false} />;
    case "agent":
      return <Thread name={entry.name} entries={entry.thread} traceId={traceId} state={entry} />;
    default:
      return (
        <p class="err">
          <span class="mono">{entry.name}</span> {entry.error}
        </p>
      );
  }
}

/** What a model said, as Markdown. */
export function Words(props: {
  readonly value: unknown;
  readonly of: OfSpan;
  readonly error: string | null;
}): JSX.Element {
  const { value, of } = props;
  return (
    <div>
      {typeof value === "string" && <Markdown text={value} />}
      {value !== null && typeof value !== "string" && <Value value={value} of={of} />}
      {props.error !== null && <p class="err">{props.error}</p>}
    </div>
  );
}
