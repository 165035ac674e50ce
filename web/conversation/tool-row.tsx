// A tool's call on one line; open, what went in, what was done within, and what came out.
import { useSignal } from "@preact/signals";
import type { ComponentChildren, JSX } from "preact";
import { useEffect } from "preact/hooks";
import type { ToolJson } from "../../src/viewer/api.ts";
import { line } from "../app/figures.ts";
import { traceUrl } from "../app/location.ts";
import type { DoneTool } from "../parts/done.ts";
import { Icon, Kind } from "../parts/icon.tsx";
import { Outcome } from "../parts/outcome.tsx";
import { type OfSpan, Value } from "../value/value.tsx";
import { openTools } from "./open-tools.ts";

/** A tool's call. Failed and running ones of the last turn open by themselves. */
export function ToolRow(props: {
  readonly tool: ToolJson;
  readonly traceId: string;
  readonly isLastTurn: boolean;
  /** What was done within it. */
  readonly children: ComponentChildren;
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
        id={`span-${tool.span_id}`}
        aria-expanded={isOpen.value}
        aria-controls={id}
        onClick={() => {
          isOpen.value = !isOpen.value;
        }}
      >
        <Icon name="chev" class="chev" />
        <Kind name={tool.kind === "retrieval" ? "retrieval" : "tool"} label="tool call" />
        <span class="nm">{line(tool.name)}</span>
        <Gist tool={tool} />
        <span class="num tail">
          {tool.agent !== null && (
            <span class="hint">
              <Kind name="agent" label="sub-agent" />
              {line(tool.agent)}
            </span>
          )}
          <Outcome of={doneOf(tool)} />
        </span>
      </button>
      {isOpen.value && (
        <div class="callbody" id={id}>
          {tool.arguments !== null && (
            <InOut label="in">
              <Value value={tool.arguments} of={of} />
            </InOut>
          )}
          {props.children}
          <Out tool={tool} of={of} />
          {tool.kind === "tool-call" && (
            <a class="link whylink" href={traceUrl(traceId, { span: tool.span_id, tab: "why" })}>
              Why this tool
            </a>
          )}
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
      <span class={`gerr ${tool.state === "interrupted" ? "warn" : "err"} cut`}>{line(tool.error)}</span>
      <span class="gargs args cut">{tool.glance}</span>
    </>
  );
}

/** How the tool's call went. */
export function doneOf({ name, state, duration_ms: ms, error }: ToolJson): DoneTool {
  return { name, state, ms, hasFailed: error !== null };
}
