// A trace as columns: what a tree of 100,000 rows is made from, in as few bytes as can be.
import { costOfCall, type PriceTable } from "../conventions/cost.ts";
import type { SpanOutline } from "../conventions/facts.ts";
import type { TraceJson } from "./api.ts";

/** The columns of a trace; its outlines are in start order. */
export type TraceColumns = Pick<
  TraceJson,
  "texts" | "spans" | "calls" | "tools" | "agents" | "failed" | "aborted" | "running" | "interrupted"
>;

/** Makes the columns; offsets count from the start of the first. */
export function traceColumns(
  outlines: readonly SpanOutline[],
  startMicros: number,
  prices: PriceTable | undefined,
): TraceColumns {
  const texts = new Texts();
  const indexes = new Map(outlines.map(({ spanId }, i) => [spanId, i]));
  const every = (holds: (outline: SpanOutline) => unknown): number[] =>
    outlines.flatMap((outline, i) => (holds(outline) ? [i] : []));
  const calls = every(({ facts }) => facts.kind === "model-call" || facts.inputTokens || facts.outputTokens);
  const facts = calls.map((i) => outlines[i]?.facts);
  const spans = {
    span_id: outlines.map(({ spanId }) => spanId),
    parent: outlines.map(({ spanId, parentSpanId }) => parentOf(spanId, parentSpanId, indexes)),
    name: outlines.map(({ spanName }) => texts.indexOf(spanName)),
    kind: outlines.map(({ facts: { kind } }) => kind),
    start_us: outlines.map(({ startedAtMicros }) => startedAtMicros - startMicros),
    duration_us: outlines.map(({ startedAtMicros, endedAtMicros }) =>
      endedAtMicros === undefined ? null : endedAtMicros - startedAtMicros,
    ),
  };
  return {
    spans,
    calls: {
      span: calls,
      model: facts.map((one) => (one?.model === undefined ? -1 : texts.indexOf(one.model))),
      input_tokens: facts.map((one) => one?.inputTokens ?? 0),
      output_tokens: facts.map((one) => one?.outputTokens ?? 0),
      first_token_ms: facts.map((one) => one?.timeToFirstTokenMs ?? null),
      cost_usd: calls.map((i) => costAt(outlines[i], prices)),
    },
    tools: textColumns(outlines, texts, ({ facts: { tool } }) => tool),
    agents: textColumns(outlines, texts, ({ facts: { kind, agent } }) =>
      kind === "agent" || kind === "turn" ? agent : undefined,
    ),
    failed: every(({ facts: { failed } }) => failed),
    aborted: every(({ facts: { aborted } }) => aborted),
    running: every(({ state }) => state === "running"),
    interrupted: every(({ state }) => state === "interrupted"),
    texts: texts.all,
  };
}

function parentOf(
  spanId: string,
  parentSpanId: string | undefined,
  indexes: ReadonlyMap<string, number>,
): number {
  if (parentSpanId === undefined || parentSpanId === spanId) return -1;
  return indexes.get(parentSpanId) ?? -2;
}

function costAt(outline: SpanOutline | undefined, prices: PriceTable | undefined): number | null {
  if (outline === undefined || outline.facts.inputTokens === undefined) return null;
  return costOfCall({ span: outline, facts: outline.facts }, prices) ?? null;
}

function textColumns(
  outlines: readonly SpanOutline[],
  texts: Texts,
  textOf: (outline: SpanOutline) => string | undefined,
): TraceJson["tools"] {
  const found = outlines.flatMap((outline, span) => {
    const text = textOf(outline);
    return text === undefined ? [] : [{ span, text: texts.indexOf(text) }];
  });
  return { span: found.map(({ span }) => span), text: found.map(({ text }) => text) };
}

/** Each text once. */
class Texts {
  readonly all: string[] = [];
  readonly #indexes = new Map<string, number>();

  indexOf(text: string): number {
    const short = text.length <= MAX_TEXT ? text : `${text.slice(0, MAX_TEXT - 1)}…`;
    const known = this.#indexes.get(short);
    if (known !== undefined) return known;
    const index = this.all.push(short) - 1;
    this.#indexes.set(short, index);
    return index;
  }
}

/** Names are made by models and tools too. */
const MAX_TEXT = 300;
