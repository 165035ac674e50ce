// A turn as people follow it: what was asked, each model call, its tools, the threads of sub-agents, what was answered.
import { nearestAbove } from "../model/ancestors.ts";
import { failureOf } from "../model/failure.ts";
import type { SpanFields } from "../model/span-fields.ts";
import { parentsOf } from "../model/tree.ts";
import { factsOf } from "./facts.ts";
import { eachOnce, type KnownSpan, type Once } from "./once.ts";
import { isTurnHead } from "./reading.ts";
import { answeredIn, askedIn, isSaid, spokenBy, type Turn } from "./turns.ts";

/** Something that was done in a turn. */
export type ToldEntry = ToldCall | ToldTool | ToldAgent | ToldMishap;

/** A call of a model. */
export interface ToldCall {
  readonly type: "call";
  readonly one: KnownSpan;
  /** What the model said; undefined where it said nothing, as where it only called tools. */
  readonly words: ToldWords | undefined;
}

/** What a model said, and who tells it: the call's own span, or that of the library around it. */
export interface ToldWords {
  readonly value: unknown;
  readonly teller: KnownSpan;
}

/** A call of a tool, or a retrieval. */
export interface ToldTool {
  readonly type: "tool";
  readonly one: KnownSpan;
  /** All spans of the call, the outermost first: what one does not say, another may. */
  readonly call: readonly KnownSpan[];
  /** What was done in it. */
  readonly thread: readonly ToldEntry[];
}

/** Another agent's work that is no tool's. */
export interface ToldAgent {
  readonly type: "agent";
  readonly one: KnownSpan;
  readonly thread: readonly ToldEntry[];
}

/** A span of another kind that failed. */
export interface ToldMishap {
  readonly type: "mishap";
  readonly one: KnownSpan;
}

/** A turn. */
export interface ToldTurn {
  readonly head: KnownSpan | undefined;
  /** The span that began first. */
  readonly first: KnownSpan | undefined;
  /** When it began, in microseconds. */
  readonly startedAtMicros: number;
  /** Whose answer `answered` is, and whose question `asked`: the head, else the first model call. */
  readonly teller: KnownSpan | undefined;
  readonly user: string | undefined;
  readonly agent: string | undefined;
  /** What the user said. */
  readonly asked: unknown;
  /** In the order in which they began. */
  readonly entries: readonly ToldEntry[];
  /** What was answered, where no model call says it. */
  readonly answered: unknown;
}

/** The spans of a turn, put together. */
export function toldTurn(turn: Turn): ToldTurn {
  const known = turn.spans.map((one) => ({ ...one, facts: factsOf(one.span) }));
  const threads = new Threads(turn, known);
  const { head } = threads;
  const answered = answeredIn(turn);
  const readings = turn.spans.map(({ reading }) => reading);
  return {
    head,
    first: known[0],
    startedAtMicros: (head ?? known[0])?.span.startedAtMicros ?? 0,
    teller: head ?? known.find(({ facts }) => facts.kind === "model-call"),
    user: readings.find(({ user }) => user !== undefined)?.user,
    agent: head?.reading.agent ?? readings.find(({ agent }) => agent !== undefined)?.agent,
    asked: askedIn(turn),
    entries: threads.entries(undefined, 0),
    answered: !isSaid(answered) || threads.isSpoken(answered) ? undefined : answered,
  };
}

/** The first of these that says it: of a tool call, its input or output. */
export function sayerOf(call: readonly KnownSpan[], field: "input" | "output"): KnownSpan | undefined {
  return call.find(({ reading }) => isSaid(reading[field]));
}

class Threads {
  readonly head: KnownSpan | undefined;
  readonly #once: Once;
  /** What lies in the thread of each, in order; of the turn itself under undefined. */
  readonly #below = new Map<KnownSpan | undefined, KnownSpan[]>();
  /** The nearest model call above that is no call of its own. */
  readonly #outerCall: (one: SpanFields) => SpanFields | undefined;
  readonly #bySpan: ReadonlyMap<SpanFields, KnownSpan>;

  constructor(turn: Turn, known: readonly KnownSpan[]) {
    this.head = known.find(({ span }) => span === turn.head?.span);
    this.#once = eachOnce(known);
    this.#bySpan = new Map(known.map((one) => [one.span, one]));
    const parents = parentsOf(known.map(({ span }) => span));
    this.#outerCall = nearestAbove(parents, (span) => this.#bySpan.get(span)?.facts.kind === "model-call");
    const above = nearestAbove(parents, (span) => this.#hasThread(this.#bySpan.get(span)));
    for (const one of known) if (one !== this.head) this.#place(one, above(one.span));
  }

  #hasThread(one: KnownSpan | undefined): boolean {
    if (one === undefined) return false;
    return one === this.head || isTurnHead(one.facts.kind) || this.#isTool(one);
  }

  /** Of the spans of one call of a tool, the outermost. */
  #isTool(one: KnownSpan): boolean {
    return one.facts.kind === "tool-call" && this.#once.tools.has(one);
  }

  #place(one: KnownSpan, above: SpanFields | undefined): void {
    const owner = above === undefined ? undefined : this.#bySpan.get(above);
    const key = owner === this.head ? undefined : owner;
    const below = this.#below.get(key);
    if (below === undefined) this.#below.set(key, [one]);
    else below.push(one);
  }

  /** True where a model call of the turn's own agent says this. */
  isSpoken(answer: unknown): boolean {
    const own = this.#below.get(undefined) ?? [];
    return own.some(
      (one) =>
        this.#once.calls.has(one) &&
        one.facts.kind === "model-call" &&
        isSame(this.#words(one)?.value, answer),
    );
  }

  entries(owner: KnownSpan | undefined, depth: number): ToldEntry[] {
    if (depth > MAX_DEPTH) return [];
    return (this.#below.get(owner) ?? []).flatMap((one) => this.#entry(one, depth));
  }

  #entry(one: KnownSpan, depth: number): ToldEntry[] {
    const { kind } = one.facts;
    if (kind === "tool-call" || kind === "retrieval") {
      return kind === "retrieval" || this.#isTool(one) ? [this.#tool(one, depth)] : [];
    }
    if (isTurnHead(kind)) return [{ type: "agent", one, thread: this.entries(one, depth + 1) }];
    if (kind !== "model-call") return failureOf(one.span) === undefined ? [] : [{ type: "mishap", one }];
    return this.#once.calls.has(one) ? [{ type: "call", one, words: this.#words(one) }] : [];
  }

  #tool(one: KnownSpan, depth: number): ToldTool {
    const call = this.#once.tools.get(one) ?? [one];
    return { type: "tool", one, call, thread: this.entries(one, depth + 1) };
  }

  #words(one: KnownSpan): ToldWords | undefined {
    const outer = this.#outerCall(one.span);
    const around = outer === undefined ? undefined : this.#bySpan.get(outer);
    const teller = [one, around].find(
      (other) =>
        other !== undefined &&
        this.#once.spoken.has(other) &&
        (other === one || !this.#once.calls.has(other)),
    );
    const value = teller && spokenBy(teller.reading);
    return teller === undefined || !isSaid(value) ? undefined : { value, teller };
  }
}

function isSame(a: unknown, b: unknown): boolean {
  return typeof a === "string" && typeof b === "string" ? a.trim() === b.trim() : a === b;
}

/** Agents that call agents. */
const MAX_DEPTH = 30;
