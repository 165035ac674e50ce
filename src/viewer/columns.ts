// A trace as columns: what a tree of 100,000 rows is made from, in as few bytes as can be.
import { costOfCall, type PriceTable } from "../conventions/cost.ts";
import type { SpanOutline } from "../conventions/facts.ts";
import { cut } from "../model/cut.ts";
import type { TraceJson } from "./api.ts";

/** The columns of a trace; its outlines are in start order. */
export type TraceColumns = Pick<
  TraceJson,
  "texts" | "ids" | "spans" | "calls" | "tools" | "agents" | "failed" | "aborted" | "running" | "interrupted"
>;

/** Makes the columns; offsets count from the start of the first. */
export function traceColumns(
  outlines: readonly SpanOutline[],
  startMicros: number,
  prices: PriceTable | undefined,
): TraceColumns {
  const made = new ColumnMaker(outlines, startMicros, prices);
  // Span by span: a list for each column, made from all spans, would take three times as long.
  for (let i = 0; i < outlines.length; i++) made.add(i);
  return { ids: outlines.map(({ spanId }) => spanId).join(""), ...made.columns };
}

/** Columns while they are made. */
export type Growing<Columns> = {
  readonly [Name in keyof Columns]: Columns[Name] extends readonly (infer Item)[]
    ? Item[]
    : Growing<Columns[Name]>;
};

class ColumnMaker {
  readonly #outlines: readonly SpanOutline[];
  readonly #startMicros: number;
  readonly #prices: PriceTable | undefined;
  readonly #texts = new Texts();
  readonly #indexes = new Map<string, number>();
  #latestParent: { readonly spanId: string; readonly index: number } | undefined;
  readonly columns: Growing<Omit<TraceColumns, "ids">> = {
    texts: this.#texts.all,
    spans: { parent: [], name: [], kind: [], start_us: [], duration_us: [] },
    calls: { span: [], model: [], input_tokens: [], output_tokens: [], first_token_ms: [], cost_usd: [] },
    ...{ tools: { span: [], text: [] }, agents: { span: [], text: [] } },
    ...{ failed: [], aborted: [], running: [], interrupted: [] },
  };

  constructor(outlines: readonly SpanOutline[], startMicros: number, prices: PriceTable | undefined) {
    this.#outlines = outlines;
    this.#startMicros = startMicros;
    this.#prices = prices;
    for (const [i, { spanId }] of outlines.entries()) this.#indexes.set(spanId, i);
  }

  /** The span at that index. */
  add(i: number): void {
    const outline = this.#outlines[i];
    if (outline === undefined) return;
    const { startedAtMicros, endedAtMicros, facts, state } = outline;
    const { spans, failed, aborted, running, interrupted } = this.columns;
    spans.parent.push(this.#parentOf(outline));
    spans.name.push(this.#texts.indexOf(outline.spanName));
    spans.kind.push(this.#texts.indexOf(facts.kind));
    spans.start_us.push(startedAtMicros - this.#startMicros);
    spans.duration_us.push(endedAtMicros === undefined ? null : endedAtMicros - startedAtMicros);
    if (facts.failed) failed.push(i);
    if (facts.aborted) aborted.push(i);
    if (state === "running") running.push(i);
    if (state === "interrupted") interrupted.push(i);
    this.#addWork(outline, i);
  }

  /** Spans of one parent mostly come together. */
  #parentOf({ spanId, parentSpanId }: SpanOutline): number {
    if (parentSpanId === undefined || parentSpanId === spanId) return NONE;
    if (this.#latestParent?.spanId !== parentSpanId)
      this.#latestParent = { spanId: parentSpanId, index: this.#indexes.get(parentSpanId) ?? ABSENT };
    return this.#latestParent.index;
  }

  /** What model calls, tool calls and agents have besides. */
  #addWork(outline: SpanOutline, span: number): void {
    const { kind, tool, agent, model, inputTokens = 0, outputTokens = 0, timeToFirstTokenMs } = outline.facts;
    const { calls, tools, agents } = this.columns;
    if (kind === "model-call" || inputTokens > 0 || outputTokens > 0) {
      calls.span.push(span);
      calls.model.push(model === undefined ? NONE : this.#texts.indexOf(model));
      calls.input_tokens.push(inputTokens);
      calls.output_tokens.push(outputTokens);
      calls.first_token_ms.push(timeToFirstTokenMs ?? null);
      calls.cost_usd.push(costOf(outline, this.#prices));
    }
    if (tool !== undefined) put(tools, span, this.#texts.indexOf(tool));
    if (agent !== undefined && (kind === "agent" || kind === "turn"))
      put(agents, span, this.#texts.indexOf(agent));
  }
}

function put(list: Growing<TraceJson["tools"]>, span: number, text: number): void {
  list.span.push(span);
  list.text.push(text);
}

function costOf(outline: SpanOutline, prices: PriceTable | undefined): number | null {
  return costOfCall({ span: outline, facts: outline.facts }, prices) ?? null;
}

/** Each text once. */
export class Texts {
  readonly all: string[] = [];
  readonly #indexes = new Map<string, number>();

  indexOf(text: string): number {
    const short = cut(text, MAX_TEXT);
    const known = this.#indexes.get(short);
    if (known !== undefined) return known;
    const index = this.all.push(short) - 1;
    this.#indexes.set(short, index);
    return index;
  }
}

/** Names are made by models and tools too. */
const MAX_TEXT = 300;
/** Where a span has no parent, and where that is not there. */
export const NONE = -1;
const ABSENT = -2;
