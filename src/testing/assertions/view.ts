// The spans that are asserted, read once, and the choice of some of them.
import { conversationOf } from "../../conventions/conversation.ts";
import type { PriceTable } from "../../conventions/cost.ts";
import { factsOf } from "../../conventions/facts.ts";
import { Nesting } from "../../conventions/nesting.ts";
import { isTurnHead, type Reading, readSpan, type WorkKind } from "../../conventions/reading.ts";
import { type ReadSpan, type Turn, turnsIn } from "../../conventions/turns.ts";
import { conversationKey } from "../../model/conversation.ts";
import { inStartOrder } from "../../model/query.ts";
import type { SpanFields } from "../../model/span-fields.ts";
import { parentsOf } from "../../model/tree.ts";

/** How spans are asserted. */
export interface ExpectOptions {
  /** What models cost, for `toCostAtMost`: see `loadPrices`. */
  readonly prices?: PriceTable | undefined;
  /**
   * The store that holds the spans, as the command line has it: `traces.db`. Failures then say how to see the trace there. Without one, the
   * spans of a failure are written to a file of records in the folder for temporary files, that they can be looked at.
   */
  readonly store?: string | undefined;
  /** `false`: failures write no file. Default `true`. */
  readonly saveFailures?: boolean | undefined;
}

/** Spans in start order, and what they say. */
export class TraceView {
  readonly spans: readonly SpanFields[];
  readonly options: ExpectOptions;
  readonly #whole: TraceView | undefined;
  readonly #readings = new Map<SpanFields, Reading>();
  #parents: ReadonlyMap<SpanFields, SpanFields> | undefined;
  #turns: readonly Turn[] | undefined;
  #twins: ReadonlySet<SpanFields> | undefined;

  /** `whole` is what the spans were chosen from. */
  constructor(spans: readonly SpanFields[], options: ExpectOptions, whole?: TraceView) {
    this.spans = inStartOrder(spans);
    this.options = options;
    this.#whole = whole;
  }

  /** Some of the spans; what lies above them is still known. */
  choose(spans: readonly SpanFields[]): TraceView {
    return new TraceView(spans, this.options, this.#whole ?? this);
  }

  /** The calls of models or of tools; one that is there twice, as a library's and as its client's, is one. */
  calls(kind: "model-call" | "tool-call"): readonly ReadSpan[] {
    const twins = this.#calledElsewhere;
    return this.read.filter(({ span, reading }) => reading.kind === kind && !twins.has(span));
  }

  /** The spans that say what they are; of calls that are there twice, one. */
  get steps(): readonly SpanFields[] {
    const twins = this.#calledElsewhere;
    return this.spans.filter((span) => this.readingOf(span).kind !== "other" && !twins.has(span));
  }

  get #calledElsewhere(): ReadonlySet<SpanFields> {
    this.#twins ??= this.#findTwins();
    return this.#twins;
  }

  #findTwins(): ReadonlySet<SpanFields> {
    const nesting = new Nesting(this.spans.length);
    const placed = this.spans.map((span) => ({ span, at: nesting.add(span, factsOf(span)) }));
    const isTwin = ({ span, at }: (typeof placed)[number]): boolean =>
      isCall(this.readingOf(span).kind) && nesting.isCallElsewhere(at);
    return new Set(placed.filter(isTwin).map(({ span }) => span));
  }

  get read(): readonly ReadSpan[] {
    return this.spans.map((span) => ({ span, reading: this.readingOf(span) }));
  }

  readingOf(span: SpanFields): Reading {
    if (this.#whole !== undefined) return this.#whole.readingOf(span);
    const known = this.#readings.get(span);
    if (known !== undefined) return known;
    const reading = readSpan(span);
    this.#readings.set(span, reading);
    return reading;
  }

  get turns(): readonly Turn[] {
    this.#turns ??= turnsIn(this.spans);
    return this.#turns;
  }

  parentOf(span: SpanFields): SpanFields | undefined {
    if (this.#whole !== undefined) return this.#whole.parentOf(span);
    this.#parents ??= parentsOf(this.spans);
    return this.#parents.get(span);
  }

  /** The agent whose work a span is: its own name where it is one, else that of the nearest agent above. */
  agentOf(span: SpanFields): string | undefined {
    for (let at: SpanFields | undefined = span, steps = 0; at !== undefined; at = this.parentOf(at)) {
      const { kind, agent } = this.readingOf(at);
      if (isTurnHead(kind)) return agent ?? at.spanName;
      if (++steps > MAX_STEPS) break;
    }
    return this.readingOf(span).agent;
  }

  /** The spans of one conversation, and what lies below them and names none; none where it is not there. */
  ofConversation(id: unknown): readonly SpanFields[] {
    const key = conversationKey(id);
    return this.#withBelow(({ attributes }) => {
      const own = conversationKey(conversationOf(attributes));
      return own === undefined ? undefined : own === key;
    });
  }

  /** The spans of agents of that name, and all below them. */
  ofAgent(name: string): readonly SpanFields[] {
    return this.#withBelow((span) => this.#isAgent(span, name) || undefined);
  }

  /** Those that are chosen, and what lies below them and is not turned down. */
  #withBelow(isChosen: (span: SpanFields) => boolean | undefined): readonly SpanFields[] {
    const chosen = new Set<SpanFields>();
    for (const span of this.spans) {
      const parent = this.parentOf(span);
      if (isChosen(span) ?? (parent !== undefined && chosen.has(parent))) chosen.add(span);
    }
    return [...chosen];
  }

  #isAgent(span: SpanFields, name: string): boolean {
    const { kind, agent } = this.readingOf(span);
    return isTurnHead(kind) && (span.spanName === name || agent === name);
  }

  /** The agents there are. */
  get agents(): readonly string[] {
    const heads = this.read.filter(({ reading }) => isTurnHead(reading.kind));
    return [...new Set(heads.map(({ span, reading }) => reading.agent ?? span.spanName))];
  }
}

function isCall(kind: WorkKind): boolean {
  return kind === "model-call" || kind === "tool-call";
}

const MAX_STEPS = 10_000;
