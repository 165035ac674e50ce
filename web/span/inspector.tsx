// The inspector: what a span did, what went in and out, its attributes and its record. A tab with nothing in it is not shown.
import type { ComponentType, JSX } from "preact";
import { useEffect } from "preact/hooks";
import { API, type SpanJson } from "../../src/viewer/api.ts";
import { read } from "../app/api.ts";
import { line } from "../app/figures.ts";
import { useBusy, useResource } from "../app/resource.ts";
import type { ContextTabProps } from "../context/context-tab.tsx";
import type { WhyTabProps } from "../context/why-tab.tsx";
import type { DoneTool } from "../parts/done.ts";
import type { KindGlyph } from "../parts/glyphs.ts";
import { Icon, Kind } from "../parts/icon.tsx";
import { Lazy } from "../parts/lazy.tsx";
import { type Tab, Tabs } from "../parts/tabs.tsx";
import { PartProblem } from "../shell/oops.tsx";
import { Json, type OfSpan } from "../value/value.tsx";
import { Attributes } from "./attributes.tsx";
import { InAndOut } from "./in-and-out.tsx";
import { Messages, WeighedMessages } from "./messages.tsx";
import { Overview } from "./overview.tsx";

/** What the inspector needs. */
export interface InspectorProps {
  readonly traceId: string;
  readonly spanId: string;
  readonly title: string;
  readonly kind: KindGlyph;
  readonly note?: string;
  /** When its trace began, in milliseconds since the epoch. */
  readonly traceStart: number;
  /** How much of the trace it took, and how much of it lay on the critical path: from 0 to 1. */
  readonly share?: number;
  readonly onPath?: number;
  readonly tab: string;
  /** Of a model's call: whose windows are looked at, and what leads to the other calls. */
  readonly lens?: Pick<ContextTabProps, "lensOf" | "links"> | undefined;
  /** What is looked at first, where no tab was chosen. */
  readonly first?: "context";
  /** The calls of tools that the model's call asked for. */
  readonly tools: readonly DoneTool[];
  /** Changes where the span may have changed. */
  readonly version?: unknown;
  readonly onTab: (tab: string) => void;
  readonly onZoom?: () => void;
  /** Compares it with the call before; undefined where there is none. */
  readonly compareHref?: string | undefined;
  /** To the call before, -1, or after, 1. */
  readonly onStep?: (step: number) => void;
  readonly onClose: () => void;
}

/** The inspector of one span. */
export function Inspector(props: InspectorProps): JSX.Element {
  const { traceId, spanId } = props;
  const span = useResource(`${traceId} ${spanId}`, (signal) =>
    read<SpanJson>(API.span(traceId, spanId), {}, signal),
  );
  useBusy(span.isLoading);
  const data = span.data.value;
  useEffect(() => {
    if (data !== undefined && data.state === "running") span.reload();
  }, [props.version]);
  const isOwn = data?.span_id === spanId;
  return (
    <>
      <div class="sidehead">
        <Kind name={props.kind} />
        <h2 class="cut" title={line(props.title)}>
          {line(props.title)}
        </h2>
        {props.note && <span class="mute">{line(props.note)}</span>}
        <span class="grow" />
        {props.onZoom && (
          <button
            class="ib sq"
            type="button"
            aria-label="Zoom to this span"
            title="Zoom to this span, f"
            onClick={props.onZoom}
          >
            <Icon name="search" />
          </button>
        )}
        {props.compareHref !== undefined && (
          <a
            class="ib sq"
            href={props.compareHref}
            aria-label="Compare with the call before"
            title="Compare with the call before, d"
          >
            <Icon name="tilde" />
          </a>
        )}
        {props.onStep && (
          <>
            <button
              class="ib sq"
              type="button"
              aria-label="Call before"
              title="Call before, k"
              onClick={() => props.onStep?.(-1)}
            >
              <Icon name="up" />
            </button>
            <button
              class="ib sq"
              type="button"
              aria-label="Call after"
              title="Call after, j"
              onClick={() => props.onStep?.(1)}
            >
              <Icon name="down" />
            </button>
          </>
        )}
        <button
          class="ib sq"
          type="button"
          aria-label="Copy a link"
          title="Copy a link, y"
          onClick={() => void navigator.clipboard?.writeText(location.href)}
        >
          <Icon name="copy" />
        </button>
        <button class="ib sq" type="button" aria-label="Close" title="Close, Esc" onClick={props.onClose}>
          <Icon name="close" />
        </button>
      </div>
      {span.problem.value !== undefined && (
        <PartProblem what="This span" error={span.problem.value} again={span.reload} />
      )}
      {data !== undefined && isOwn && (
        <Tabs tabs={tabsOf(data, props)} chosen={props.tab} onChoose={props.onTab} />
      )}
    </>
  );
}

function tabsOf(span: SpanJson, props: InspectorProps): Tab[] {
  const of: OfSpan = { traceId: span.trace_id, spanId: span.span_id };
  const { reading } = span;
  const hasMessages =
    reading.input_messages.length + reading.tools.length > 0 || reading.system_prompt !== null;
  const hasValues = reading.input !== null || reading.output !== null;
  const { lens } = props;
  const context: Tab | false = reading.kind === "model-call" &&
    lens !== undefined && {
      id: "context",
      name: "Context",
      body: () => <Lazy load={CONTEXT} with={{ ...lens, reading, of }} />,
    };
  const isFirst = props.first === "context";
  const tabs: (Tab | false)[] = [
    isFirst && context,
    { id: "overview", name: "Overview", body: () => <Overview span={span} of={of} {...props} /> },
    !isFirst && context,
    reading.kind === "tool-call" &&
      lens !== undefined && {
        id: "why",
        name: "Why",
        body: () => <Lazy load={WHY} with={{ of, links: lens.links }} />,
      },
    hasMessages && {
      id: "messages",
      name: "Messages",
      body: () =>
        context && lens !== undefined ? (
          <WeighedMessages reading={reading} of={of} lensOf={lens.lensOf} />
        ) : (
          <Messages reading={reading} of={of} />
        ),
    },
    hasValues && { id: "io", name: "Input/Output", body: () => <InAndOut reading={reading} of={of} /> },
    { id: "attributes", name: "Attributes", body: () => <Attributes record={span.record} of={of} /> },
    {
      id: "raw",
      name: "Raw",
      body: () => (
        <section class="sec">
          <Json value={span.record} of={of} isWhole />
        </section>
      ),
    },
  ];
  return tabs.filter((tab) => tab !== false);
}

const CONTEXT = async (): Promise<ComponentType<ContextTabProps>> =>
  (await import("../context/context-tab.tsx")).ContextTab;
const WHY = async (): Promise<ComponentType<WhyTabProps>> => (await import("../context/why-tab.tsx")).WhyTab;
