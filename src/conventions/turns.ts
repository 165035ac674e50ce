// What a turn is, for all that show, count, list or assert turns.
//
// A turn is the topmost span that is a turn's (`converse`) or an agent's run, with all below it; a trace that has none is a turn
// as a whole. What lies in none of its trace's turns belongs to the one that began last before it, else to the first.
import { inStartOrder } from "../model/query.ts";
import type { SpanFields } from "../model/span-fields.ts";
import type { SpanFacts } from "./facts.ts";
import { textOfParts } from "./messages.ts";
import { type NestedSpan, Nesting } from "./nesting.ts";
import { isTurnHead, type Reading, readSpan, type WorkKind } from "./reading.ts";

/** A span with what it says. */
export interface ReadSpan {
  readonly span: SpanFields;
  readonly reading: Reading;
}

/** A turn: of spans, or of what stands for them. */
export interface TurnOf<T> {
  /** The topmost span; undefined where the turn is a trace as a whole. */
  readonly head: T | undefined;
  /** All of its spans in start order, the head among them. */
  readonly spans: readonly T[];
}

/** A turn with all that its spans say. */
export type Turn = TurnOf<ReadSpan>;

/** The turns of these spans, in the order in which they began. */
export function turnsIn(spans: readonly SpanFields[]): Turn[] {
  const read = inStartOrder(spans).map((span) => ({ span, reading: readSpan(span) }));
  return turnsAmong(read, ({ reading }) => reading.kind);
}

/** The same of what stands for spans, in start order. */
export function turnsAmong<T extends { readonly span: NestedSpan }>(
  ordered: readonly T[],
  kindOf: (one: T) => WorkKind,
): TurnOf<T>[] {
  const nesting = new Nesting(ordered.length);
  const placed = ordered.map((one) => {
    const kind = kindOf(one);
    return { one, kind, at: nesting.add(one.span, { kind }) };
  });
  const turns = new TurnList<T>();
  for (const { one, kind, at } of placed) {
    if (isTurnHead(kind) && nesting.turnOf(at) === at) turns.begin(one, at);
  }
  for (const { one, at } of placed) turns.add(one, nesting.turnOf(at));
  return turns.inOrder();
}

interface OpenTurn<T> extends TurnOf<T> {
  readonly spans: T[];
  readonly startedAt: number;
}

class TurnList<T extends { readonly span: NestedSpan }> {
  readonly #byHead = new Map<number, OpenTurn<T>>();
  readonly #byTrace = new Map<string, OpenTurn<T>[]>();

  begin(head: T, at: number): void {
    this.#byHead.set(at, this.#open(head.span, head));
  }

  #open({ traceId, startedAtMicros }: NestedSpan, head?: T): OpenTurn<T> {
    const turn: OpenTurn<T> = { head, spans: [], startedAt: startedAtMicros };
    const ofTrace = this.#byTrace.get(traceId);
    if (ofTrace === undefined) this.#byTrace.set(traceId, [turn]);
    else ofTrace.push(turn);
    return turn;
  }

  add(one: T, head: number | undefined): void {
    const turn = head === undefined ? undefined : this.#byHead.get(head);
    (turn ?? this.#around(one.span)).spans.push(one);
  }

  #around(span: NestedSpan): OpenTurn<T> {
    const turns = this.#byTrace.get(span.traceId) ?? [];
    const before = turns.findLast(({ startedAt }) => startedAt <= span.startedAtMicros);
    return before ?? turns[0] ?? this.#open(span);
  }

  inOrder(): TurnOf<T>[] {
    return [...this.#byTrace.values()].flat().sort((a, b) => a.startedAt - b.startedAt);
  }
}

/** What the user said in a turn: to its head, else to the first model call that says it. */
export function askedIn({ head, spans }: Turn): unknown {
  return head?.reading.input ?? modelCalls(spans).map(askedOf).find(isSaid);
}

/** What was answered: by the head, else by the last model call with words. */
export function answeredIn({ head, spans }: Turn): unknown {
  return head?.reading.output ?? modelCalls(spans).map(spokenBy).findLast(isSaid);
}

function modelCalls(spans: readonly ReadSpan[]): Reading[] {
  return spans.flatMap(({ reading }) => (reading.kind === "model-call" ? [reading] : []));
}

/** The last words of the user in a model call; its last message may be a tool's. */
function askedOf(call: Reading): unknown {
  const said = call.inputMessages.findLast(({ role }) => role === "user");
  return (said === undefined ? undefined : textOfParts(said.parts)) ?? call.input;
}

/** The words of a model's message; its calls of tools are shown as such. */
export function spokenBy({ outputMessages: [message], ...call }: Reading): unknown {
  return message === undefined ? call.output : (textOfParts(message.parts) ?? "");
}

/** True for what says something. */
export function isSaid(value: unknown): boolean {
  return value !== undefined && value !== null && value !== "";
}

/** A span that a `Nesting` has the number of. */
export interface NumberedSpan {
  readonly span: Pick<SpanFields, "traceId" | "parentSpanId" | "spanKind" | "startedAtMicros">;
  readonly facts: SpanFacts;
  readonly at: number;
}

/**
 * When the latest turn of a row began, in microseconds; the spans are in start order. A trace that is a turn as a whole began with its first
 * root or SERVER span. Where there is no such span either, it is the start of the last span.
 */
export function latestTurn(placed: readonly NumberedSpan[], nesting: Nesting): number {
  const heads = placed.filter(({ facts, at }) => isTurnHead(facts.kind) && nesting.turnOf(at) === at);
  const known = new Set(heads.map(({ span }) => span.traceId));
  let latest = heads.at(-1)?.span.startedAtMicros;
  for (const { span } of placed) {
    if (!isEntry(span) || known.has(span.traceId)) continue;
    known.add(span.traceId);
    latest = Math.max(latest ?? span.startedAtMicros, span.startedAtMicros);
  }
  return latest ?? placed.at(-1)?.span.startedAtMicros ?? 0;
}

/**
 * True for a span whose start may be that of a turn, as `latestTurn` has it: for stores that keep such spans where they are found by
 * time. Whether it is shows only with all spans of the trace.
 */
export function mayBeginTurn(span: SpanFields): boolean {
  return isEntry(span) || isTurnHead(readSpan(span).kind);
}

/** It has no parent, or serves one in another process. */
function isEntry({ parentSpanId, spanKind }: Pick<SpanFields, "parentSpanId" | "spanKind">): boolean {
  return parentSpanId === undefined || spanKind === "SERVER";
}

/** When a turn was, in microseconds; `end` is undefined while it runs, or where it was interrupted. */
export interface TurnTime {
  readonly start: number;
  readonly end: number | undefined;
  /** The number of its trace, and that of its head where it has one: see `Nesting`. */
  readonly trace: number;
  readonly head?: number;
}

/** The times of turns, of any number of spans that come one by one in any order. */
export class TurnTimes {
  readonly #nesting: Nesting;
  readonly #heads: (TurnTime & { readonly head: number })[] = [];
  /** Of each trace, by its number; an end that is not known is NaN. */
  readonly #starts: number[] = [];
  readonly #ends: number[] = [];

  /** `nesting` has all the spans once `all` is asked for. */
  constructor(nesting: Nesting) {
    this.#nesting = nesting;
  }

  /** Takes note of a span; `at` is its number in the nesting. */
  add({ traceId, startedAtMicros: start, endedAtMicros: end }: NestedSpan, kind: WorkKind, at: number): void {
    const trace = this.#nesting.traceNumber(traceId);
    this.#starts[trace] = Math.min(this.#starts[trace] ?? start, start);
    this.#ends[trace] = Math.max(this.#ends[trace] ?? Number.NEGATIVE_INFINITY, end ?? Number.NaN);
    if (isTurnHead(kind)) this.#heads.push({ head: at, trace, start, end });
  }

  /** The time of each turn: of its head, or from a trace's first start to its last end. */
  *all(): Iterable<TurnTime> {
    const traces = new Set<number>();
    for (const turn of this.#heads) {
      traces.add(turn.trace);
      if (this.#nesting.turnOf(turn.head) === turn.head) yield turn;
    }
    for (const [trace, start] of this.#starts.entries()) {
      if (!traces.has(trace)) yield { trace, start, end: known(this.#ends[trace]) };
    }
  }
}

function known(end: number | undefined): number | undefined {
  return end === undefined || Number.isNaN(end) ? undefined : end;
}
