// The context lens: what filled a model's window in each call of a conversation, what changed since the call before, and what that cost. Pure.
import type { SpanFields } from "../model/span-fields.ts";
import { cacheRules } from "./context/cache-rules.ts";
import type { CallName, ContextCall, Rates } from "./context/call.ts";
import { type PlannedCall, plannedCalls, ROUNDING } from "./context/calls.ts";
import { type PromptChange, promptChange } from "./context/changes.ts";
import type { Piece } from "./context/content.ts";
import { LOOK_BACK } from "./context/losses.ts";
import { type Prompt, PromptReader } from "./context/prompts.ts";
import { isLongLived, reportedMiss } from "./context/reported.ts";
import { type Segment, segmentsOf, type Window, windowOf } from "./context/shares.ts";
import { ToolAsks, type ToolStory, type WantedTool } from "./context/tool-asks.ts";
import { type ResultCost, ToolResults } from "./context/tool-results.ts";
import { type CachedCall, type CacheVerdict, verdictOf } from "./context/verdicts.ts";
import { costOfCall, linesOfCall, type PriceTable, windowOfCall } from "./cost.ts";
import { outlineOf, type SpanFacts, type SpanOutline } from "./facts.ts";
import type { Usage } from "./messages.ts";
import { type Reading, readSpan } from "./reading.ts";

/** A call with all parts of its prompt. */
export interface OpenedCall {
  readonly call: ContextCall;
  /** In the order of the prompt. */
  readonly segments: readonly Segment[];
  /** What the model answered. */
  readonly answer: readonly Piece[];
}

/** What is known of a conversation's windows. */
export interface ContextReport {
  /** In the order in which they began. */
  readonly calls: readonly ContextCall[];
  /** Calls of tools whose results later calls had, the most expensive first. */
  readonly results: readonly ResultCost[];
  /** The call that was to be opened. */
  readonly opened: OpenedCall | undefined;
  /** Of the tool that was to be told of; undefined where no model is known to have asked for it. */
  readonly story: ToolStory | undefined;
}

/** What the lens is asked for besides. */
export interface ContextOptions {
  readonly prices?: PriceTable | undefined;
  /** The span of the call that is to be opened. */
  readonly open?: string | undefined;
  /** Told of each call, opened, as it is looked at: where all of them are wanted. */
  readonly onOpened?: ((opened: OpenedCall) => void) | undefined;
  /** The tool of which is to be told why it was called. */
  readonly tool?: WantedTool | undefined;
}

export type { CallName, ContextCall } from "./context/call.ts";

/** The lens of a conversation whose spans are all at hand. */
export function contextOf(spans: readonly SpanFields[], options: ContextOptions = {}): ContextReport {
  const lens = new ContextLens(spans.map(outlineOf), options);
  for (const span of spans) lens.add(span);
  return lens.report();
}

/** A call that was looked at. */
interface SeenCall {
  readonly name: CallName;
  readonly prompt: Prompt;
  readonly cached: CachedCall;
  readonly start: number;
  readonly end: number | undefined;
}

/** Looks at the spans of a conversation one by one, in any order; what it holds are the pieces of prompts, each once. */
export class ContextLens {
  readonly #options: ContextOptions;
  readonly #plan: readonly PlannedCall[];
  /** Of calls whose turn has not come. */
  readonly #waiting = new Map<string, SpanFields>();
  readonly #wanted: ReadonlySet<string>;
  readonly #prompts = new PromptReader();
  readonly #threads = new Map<string, SeenCall[]>();
  readonly #agents = new Map<string, SeenCall>();
  readonly #calls: ContextCall[] = [];
  readonly #results = new ToolResults();
  readonly #asks = new ToolAsks();
  #opened: OpenedCall | undefined;
  #next = 0;

  /** `outlines` are those of all spans of the conversation. */
  constructor(outlines: readonly SpanOutline[], options: ContextOptions = {}) {
    this.#options = options;
    this.#plan = plannedCalls(outlines);
    this.#wanted = new Set(this.#plan.flatMap(({ spans }) => spans.map(keyOf)));
  }

  /** Takes a span; what is no model call is of no use. */
  add(span: SpanFields): void {
    if (!this.#wanted.has(keyOf(span))) return;
    this.#waiting.set(keyOf(span), span);
    this.#goOn(false);
  }

  /** What was found. Spans that did not come are left out. */
  report(): ContextReport {
    const { tool } = this.#options;
    this.#goOn(true);
    return {
      calls: this.#calls,
      results: this.#results.mostExpensive(),
      ...{ opened: this.#opened, story: tool && this.storyOf(tool) },
    };
  }

  /** Why a tool was called, of any number of them, once all spans were taken. */
  storyOf(tool: WantedTool): ToolStory | undefined {
    this.#goOn(true);
    return this.#asks.story(tool, this.#results);
  }

  #goOn(isOver: boolean): void {
    for (; this.#next < this.#plan.length; this.#next++) {
      const planned = this.#plan[this.#next];
      if (planned === undefined) return;
      const spans = planned.spans.flatMap((outline) => this.#waiting.get(keyOf(outline)) ?? []);
      if (spans.length < planned.spans.length && !isOver) return;
      for (const outline of planned.spans) this.#waiting.delete(keyOf(outline));
      if (spans.length > 0) this.#look(planned, spans);
    }
  }

  #look(planned: PlannedCall, spans: readonly SpanFields[]): void {
    const { outline } = planned;
    const told = spans.map((span) => ({ span, reading: readSpan(span) }));
    const [first] = told;
    // Where one span alone tells of the call, its messages are not read for this.
    const teller =
      told.length === 1 ? first : (told.find(({ reading }) => reading.inputMessages.length > 0) ?? first);
    if (teller === undefined) return;
    const counted = told.find(({ span }) => span.spanId === planned.counted.spanId) ?? teller;
    const prompt = this.#prompts.read(teller.span);
    const cached = cachedCall(counted, spans, prompt);
    const before = this.#before(planned, prompt);
    const change = before === undefined ? undefined : promptChange(before.prompt, prompt);
    const window = windowOf(prompt, windowFacts(prompt, cached.usage, before, change));
    const { costs, verdict } = this.#judge(planned, { cached, window, before, change, spans });
    const { counted: paid } = planned;
    // One literal: spreads would take a tenth of the look.
    const call: ContextCall = {
      traceId: outline.traceId,
      spanId: outline.spanId,
      number: planned.number,
      turn: planned.turn,
      agent: outline.facts.agent,
      model: cached.model,
      startedAtMicros: outline.startedAtMicros,
      usage: cached.usage,
      shares: window.shares,
      askedTokens: window.askedTokens,
      before: before?.name,
      change,
      windowTokens: windowOfCall({ facts: paid.facts, span: paid }, this.#options.prices),
      cache: verdict,
      costUsd: costs.costUsd,
      wastedUsd: costs.wastedUsd,
    };
    this.#calls.push(call);
    const answer = this.#prompts.answer(answererOf(told, teller).reading);
    this.#asks.add(call, prompt, { answer, newFrom: window.newFrom });
    const rates = ratesOf(planned, cached.usage, this.#options.prices);
    this.#results.add(call, { prompt, window, rates });
    const isMeant = outline.spanId === this.#options.open;
    if (isMeant || this.#options.onOpened !== undefined) {
      const opened = { call, segments: segmentsOf(prompt, window), answer };
      if (isMeant) this.#opened = opened;
      this.#options.onOpened?.(opened);
    }
    this.#remember(planned, { prompt, cached, call });
  }

  #judge(
    { counted, outline }: PlannedCall,
    seen: {
      readonly cached: CachedCall;
      readonly window: Window;
      readonly before: SeenCall | undefined;
      readonly change: PromptChange | undefined;
      readonly spans: readonly SpanFields[];
    },
  ): { readonly verdict: CacheVerdict; readonly costs: Pick<ContextCall, "wastedUsd" | "costUsd"> } {
    const { cached, window, before, change, spans } = seen;
    const pauseMs = (outline.startedAtMicros - (before?.end ?? 0)) / 1000;
    const verdict = verdictOf({
      ...{ call: cached, change, freshTokens: window.shares.fresh },
      before: before === undefined ? undefined : { ...before.cached, pauseMs },
      reported: spans.map(reportedMiss).find((miss) => miss !== undefined),
    });
    const { prices } = this.#options;
    const costUsd = costOfCall({ facts: counted.facts, span: counted }, prices);
    const wastedUsd = wasteOf(counted, verdict.wastedTokens, { costUsd, prices });
    return { verdict, costs: { costUsd, wastedUsd } };
  }

  /** The last of the thread that had ended; of several that ran beside each other, the one with which it shares most. */
  #before({ thread, agent, outline }: PlannedCall, prompt: Prompt): SeenCall | undefined {
    const start = outline.startedAtMicros;
    const ended = (this.#threads.get(thread) ?? []).filter(
      ({ end }) => end !== undefined && end <= start + ROUNDING,
    );
    const last = ended.at(-1);
    if (last === undefined) return this.#earlierRun(agent, start, prompt);
    const beside = ended.filter((one) => (one.end ?? one.start) > last.start);
    if (beside.length <= 1) return last;
    return beside.reduce((best, one) => (shared(one, prompt) >= shared(best, prompt) ? one : best), last);
  }

  /** A sub-agent may go on with what it said in an earlier run. */
  #earlierRun(agent: string, start: number, prompt: Prompt): SeenCall | undefined {
    const earlier = this.#agents.get(agent);
    const isEnded = earlier?.end !== undefined && earlier.end <= start + ROUNDING;
    return isEnded && shared(earlier, prompt) > 0 ? earlier : undefined;
  }

  #remember(
    { thread, agent, outline }: PlannedCall,
    {
      prompt,
      cached,
      call,
    }: { readonly prompt: Prompt; readonly cached: CachedCall; readonly call: ContextCall },
  ): void {
    // What failed may never have reached the model.
    if (outline.facts.failed === true && cached.usage === undefined) return;
    const { startedAtMicros: start, endedAtMicros: end } = outline;
    const seen: SeenCall = { name: call, prompt, cached, start, end };
    this.#threads.set(thread, [...(this.#threads.get(thread) ?? []), seen].slice(-LOOK_BACK));
    this.#agents.set(agent, seen);
  }
}

function keyOf({ traceId, spanId }: Pick<SpanFields, "traceId" | "spanId">): string {
  return traceId + spanId;
}

/** Of several spans one may have the prompt, and another the answer. */
function answererOf<T extends { readonly reading: Reading }>(told: readonly T[], teller: T): T {
  if (told.length === 1 || teller.reading.outputMessages.length > 0) return teller;
  return told.find(({ reading }) => reading.outputMessages.length > 0) ?? teller;
}

function cachedCall(
  { reading }: { readonly reading: Reading },
  spans: readonly SpanFields[],
  prompt: Prompt,
): CachedCall {
  const { model, usage } = reading;
  return { model, usage, rules: cacheRules(model, prompt.isKeptLong || spans.some(isLongLived)) };
}

function shared({ prompt }: SeenCall, { messages }: Prompt): number {
  const at = prompt.messages.findIndex(({ piece }, i) => piece !== messages[i]?.piece);
  return at < 0 ? prompt.messages.length : at;
}

function windowFacts(
  prompt: Prompt,
  usage: Usage | undefined,
  before: SeenCall | undefined,
  change: PromptChange | undefined,
): Parameters<typeof windowOf>[1] {
  const newFrom = change === undefined ? 0 : Math.min(change.newFrom, prompt.messages.length);
  const goesOn = change !== undefined && change.change === undefined;
  return { newFrom, inputTokens: usage?.input, oldTokens: goesOn ? before?.cached.usage?.input : undefined };
}

/** What the tokens that were read again cost, less what they would have cost from the cache. */
function wasteOf(
  counted: SpanOutline,
  wasted: number | undefined,
  { costUsd, prices }: { readonly costUsd: number | undefined; readonly prices: PriceTable | undefined },
): number | undefined {
  if (wasted === undefined || wasted === 0 || costUsd === undefined) return undefined;
  const { cachedReadTokens = 0, cachedWriteTokens = 0 } = counted.facts;
  const facts: SpanFacts = {
    ...counted.facts,
    cachedReadTokens: cachedReadTokens + wasted,
    cachedWriteTokens: Math.max(0, cachedWriteTokens - wasted),
  };
  const kept = costOfCall({ facts, span: counted }, prices);
  return kept === undefined ? undefined : Math.max(0, costUsd - kept);
}

function ratesOf(
  { counted }: PlannedCall,
  usage: Usage | undefined,
  prices: PriceTable | undefined,
): Rates | undefined {
  const lines = linesOfCall({ facts: counted.facts, span: counted }, prices);
  if (lines === undefined) return undefined;
  const inputs = lines.filter(({ part }) => part === "input" || part === "cachedWrite");
  const tokens = inputs.reduce((sum, line) => sum + line.tokens, 0);
  const cost = inputs.reduce((sum, line) => sum + line.costUsd, 0);
  const cached = lines.find(({ part }) => part === "cachedRead");
  return {
    cachedTokens: usage?.cachedRead ?? 0,
    cachedUsd: cached === undefined ? 0 : cached.costUsd / cached.tokens,
    otherUsd: tokens === 0 ? 0 : cost / tokens,
  };
}
