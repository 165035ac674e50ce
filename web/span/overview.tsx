// A span at a glance: times, tokens and cost, what went wrong, the answer and the last message in.
import type { ComponentChildren, ComponentType, JSX } from "preact";
import type { ReadingJson, SpanJson } from "../../src/viewer/api.ts";
import { counted, offset, share, time } from "../app/figures.ts";
import { clock } from "../app/moments.ts";
import type { InOverviewProps } from "../context/in-overview.tsx";
import type { LensOf } from "../context/lens.ts";
import type { DoneTool } from "../parts/done.ts";
import { Icon } from "../parts/icon.tsx";
import { Lazy } from "../parts/lazy.tsx";
import { State } from "../parts/state.tsx";
import { type OfSpan, Value } from "../value/value.tsx";
import { Bill, Usage } from "./bill.tsx";
import { Part } from "./part.tsx";

/** The first tab. */
export function Overview(props: {
  readonly span: SpanJson;
  readonly of: OfSpan;
  readonly traceStart: number;
  readonly share?: number;
  readonly onPath?: number;
  /** Of a model's call: whose windows are looked at. */
  readonly lens?: { readonly lensOf: LensOf } | undefined;
  /** The calls of tools that it asked for. */
  readonly tools: readonly DoneTool[];
  readonly onTab: (tab: string) => void;
}): JSX.Element {
  const { span, of, lens, onTab } = props;
  const { reading } = span;
  const window = reading.kind === "model-call" && lens !== undefined && (
    <Lazy load={IN_OVERVIEW} with={{ lensOf: lens.lensOf, spanId: of.spanId, onTab }} />
  );
  return (
    <>
      <section class="sec">
        <Times {...props} />
      </section>
      {reading.error !== null && (
        <section class="sec">
          <h2 class="err st">
            <Icon name="error" />
            What went wrong
          </h2>
          <pre class="err">{reading.error}</pre>
          {reading.error_details !== null && <Value value={reading.error_details} of={of} />}
        </section>
      )}
      {span.bill !== null && (
        <Bill lines={span.bill} total={span.cost_usd}>
          {window}
        </Bill>
      )}
      {span.bill === null && reading.usage !== null && <Usage span={span}>{window}</Usage>}
      {reading.tool !== null && (
        <>
          <Section title="Arguments">
            {reading.tool.arguments !== null && <Value value={reading.tool.arguments} of={of} />}
          </Section>
          <Section title="Result">
            {reading.tool.result !== null && <Value value={reading.tool.result} of={of} />}
          </Section>
        </>
      )}
      {reading.tool === null && <Answer span={span} of={of} tools={props.tools} />}
      <LastIn span={span} of={of} />
      {reading.evaluations.length > 0 && (
        <Section title="Evaluations">
          <dl class="kv">
            {reading.evaluations.map(({ name, score, label, explanation }) => [
              <dt key={name}>{name}</dt>,
              <dd key={`${name} is`}>
                {[score, label].filter((one) => one !== null).join(" ")}
                {explanation !== null && <Value value={explanation} of={of} />}
              </dd>,
            ])}
          </dl>
        </Section>
      )}
    </>
  );
}

const IN_OVERVIEW = async (): Promise<ComponentType<InOverviewProps>> =>
  (await import("../context/in-overview.tsx")).InOverview;

function Section(props: {
  readonly title: string;
  readonly children: ComponentChildren;
}): JSX.Element | null {
  if (!props.children) return null;
  return (
    <section class="sec">
      <h2>{props.title}</h2>
      {props.children}
    </section>
  );
}

function Times(props: {
  readonly span: SpanJson;
  readonly traceStart: number;
  readonly share?: number;
  readonly onPath?: number;
}): JSX.Element {
  const { span } = props;
  const { reading } = span;
  const at = Date.parse(span.started_at);
  const first = reading.first_token_ms;
  const written = reading.usage?.output ?? 0;
  const rest = span.duration_ms !== null && first !== null ? (span.duration_ms - first) / 1000 : 0;
  return (
    <dl class="kv">
      <dt>started</dt>
      <dd>
        {offset(at - props.traceStart)} <span class="mute">{clock(at, "millis")}</span>
      </dd>
      <dt>took</dt>
      <dd>
        {span.duration_ms === null ? <State of={span.state} /> : time(span.duration_ms)}{" "}
        <span class="mute">{inTrace(props)}</span>
      </dd>
      {first !== null && (
        <>
          <dt>first token</dt>
          <dd>
            {time(first)}{" "}
            {rest > 0 && written > 0 && <span class="mute">then {Math.round(written / rest)} tokens/s</span>}
          </dd>
        </>
      )}
      {reading.finish_reason !== null && (
        <>
          <dt>stopped</dt>
          <dd>
            {reading.finish_reason} <span class="mute">{toolsAsked(reading)}</span>
          </dd>
        </>
      )}
      {reading.model !== null && (
        <>
          <dt>model</dt>
          <dd>
            {reading.model} {reading.provider !== null && <span class="mute">{reading.provider}</span>}
          </dd>
        </>
      )}
      {reading.agent !== null && (
        <>
          <dt>agent</dt>
          <dd>{reading.agent}</dd>
        </>
      )}
      {reading.aborted && (
        <>
          <dt>aborted</dt>
          <dd>its work was called off</dd>
        </>
      )}
    </dl>
  );
}

function toolsAsked({ output_messages: messages }: ReadingJson): string {
  const calls = messages.flatMap(({ parts }) => parts).filter(({ type }) => type === "tool-call");
  return calls.length === 0 ? "" : `${counted(calls.length, "tool")} asked for`;
}

function inTrace(props: { readonly share?: number; readonly onPath?: number }): string {
  if (props.share === undefined) return "";
  const { onPath = 0 } = props;
  const path =
    onPath === 0
      ? ""
      : onPath > 0.995
        ? ", all on the critical path"
        : `, ${share(onPath)} on the critical path`;
  return `${share(props.share)} of the trace${path}`;
}

function Answer({
  span,
  of,
  tools,
}: {
  readonly span: SpanJson;
  readonly of: OfSpan;
  readonly tools: readonly DoneTool[];
}): JSX.Element | null {
  const { output_messages: messages, output } = span.reading;
  if (messages.length > 0) {
    const left = [...tools];
    return (
      <Section title="Answer">
        {messages
          .flatMap(({ parts }) => parts)
          .map((part, i) => (
            <Part
              key={i}
              part={part}
              of={of}
              done={part.type === "tool-call" ? taken(left, part.name) : undefined}
            />
          ))}
      </Section>
    );
  }
  return <Section title="Output">{output !== null && <Value value={output} of={of} />}</Section>;
}

/** Of those that are left the first of that name. */
function taken(left: DoneTool[], name: string | undefined): DoneTool | undefined {
  const at = left.findIndex((tool) => tool.name === name);
  return at < 0 ? undefined : left.splice(at, 1)[0];
}

function LastIn({ span, of }: { readonly span: SpanJson; readonly of: OfSpan }): JSX.Element | null {
  const { input_messages: messages, input, tool } = span.reading;
  const last = messages.at(-1);
  if (last !== undefined) {
    return (
      <Section title="Last message in">
        {last.parts[0]?.type !== "tool-result" && <p class="mute">{last.role}</p>}
        {last.parts.map((part, i) => (
          <Part key={i} part={part} of={of} />
        ))}
      </Section>
    );
  }
  return (
    <Section title="Input">{input !== null && tool === null && <Value value={input} of={of} />}</Section>
  );
}
