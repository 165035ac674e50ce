// Makes of spans what a count is made of, once all spans of their traces are known.
import { hasTokens, type SpanFacts, TOKENS } from "./facts.ts";
import { type NestedSpan, Nesting } from "./nesting.ts";
import { isTurnHead } from "./reading.ts";
import { EventTable, FLAG, NO_NAME, type TalliedTrace, type TallyEvents } from "./tally-events.ts";
import { TurnTimes } from "./turns.ts";

const NO_SPAN = -1;
/** So many events are settled at a time. */
const SLICE = 5000;
const MOST_ERRORS = 10_000;

/**
 * Takes spans as they come, in any order (where times tie, the first counts as the first); then it can be asked, once. A call that is there twice, as a library's and as its client's,
 * is one, and so are its tokens, as in a listing: which of them counts is known in the end. Where a span does not say for whom
 * or by which agent it was, its turn does, or else its trace.
 */
export class EventMaker {
  readonly #nesting = new Nesting();
  readonly #turns = new TurnTimes(this.#nesting);
  readonly #agents: Doers = new Doers(this.#nesting);
  readonly #users: Doers = new Doers(this.#nesting);
  readonly #names = new Map<string, number>();
  readonly #traces: OpenTrace[] = [];
  readonly #table = new EventTable();
  /** Of each event, the number of its span. */
  readonly #places: number[] = [];

  /** Takes note of a span. */
  add(span: NestedSpan, facts: SpanFacts): void {
    const { kind, failed = false } = facts;
    const place = this.#nesting.add(span, facts);
    this.#turns.add(span, kind, place);
    const trace = this.#traceOf(span, facts.adjustedCount ?? 1);
    const isHead = isTurnHead(kind);
    const where = { place, trace, isHead, start: span.startedAtMicros };
    const agent = this.#agents.note(this.#named(facts.agent), where);
    const user = this.#users.note(this.#named(facts.user), where);
    if (!failed && kind !== "model-call" && kind !== "tool-call" && !hasTokens(facts)) return;
    this.#places.push(place);
    this.#keep(span, facts, { trace, agent, user });
  }

  /** The events, in slices. */
  *events(): Generator<void, TallyEvents> {
    yield* this.#settle();
    yield* this.#addTurns();
    return { names: [...this.#names.keys()], traces: this.#traces, table: this.#table };
  }

  #traceOf({ traceId, startedAtMicros: start }: NestedSpan, weight: number): number {
    const number = this.#nesting.traceNumber(traceId);
    const trace = this.#traces[number];
    if (trace === undefined) {
      this.#traces[number] = { id: traceId, spans: 1, first: start, last: start, weight, estimated: weight };
      return number;
    }
    trace.spans++;
    trace.estimated += weight;
    // That it is there at all says no more than the most likely of its spans.
    if (weight < trace.weight) trace.weight = weight;
    if (start < trace.first) trace.first = start;
    if (start > trace.last) trace.last = start;
    return number;
  }

  #keep(span: NestedSpan, facts: SpanFacts, { trace, agent, user }: Doing): void {
    const { kind, failed = false, model, provider, tool } = facts;
    const table = this.#table;
    const call = kind === "model-call" ? FLAG.model : kind === "tool-call" ? FLAG.tool : 0;
    const at = this.#add(span.startedAtMicros, span.endedAtMicros, call | (failed ? FLAG.failed : 0));
    table.set(at, "trace", trace);
    table.set(at, "agent", agent);
    table.set(at, "user", user);
    table.set(at, "model", this.#named(model));
    table.set(at, "provider", this.#named(provider));
    table.set(at, "tool", kind === "tool-call" ? this.#named(tool) : NO_NAME);
    table.set(at, "error", this.#errorNamed(facts.error));
    table.set(at, "weight", facts.adjustedCount ?? 0);
    for (const [, name] of TOKENS) table.set(at, name, facts[name] ?? 0);
  }

  #add(start: number, end: number | undefined, flags: number): number {
    const at = this.#table.add();
    this.#table.set(at, "start", start);
    this.#table.set(at, "micros", (end ?? start) - start);
    this.#table.set(at, "flags", flags | (end === undefined ? 0 : FLAG.ended));
    return at;
  }

  #named(name: string | undefined): number {
    if (name === undefined) return NO_NAME;
    const known = this.#names.get(name);
    if (known !== undefined) return known;
    this.#names.set(name, this.#names.size + 1);
    return this.#names.size;
  }

  /** Errors may say something else each time: words that come when there are many already are left out. */
  #errorNamed(words: string | undefined): number {
    const isTooMany = words !== undefined && this.#names.size >= MOST_ERRORS;
    return isTooMany ? (this.#names.get(words) ?? NO_NAME) : this.#named(words);
  }

  /** Who has the calls and tokens, and who did it, is known with all spans. */
  *#settle(): Generator<void> {
    const [traces, flags] = [this.#table.column("trace"), this.#table.column("flags")];
    const [agents, users] = [this.#table.column("agent"), this.#table.column("user")];
    const [input, output] = [this.#table.column("inputTokens"), this.#table.column("outputTokens")];
    for (let i = 0; i < this.#table.size; i++) {
      if (i % SLICE === SLICE - 1) yield;
      const [place = NO_SPAN, trace = 0, flag = 0] = [this.#places[i], traces[i], flags[i]];
      const isCall = (flag & (FLAG.model | FLAG.tool)) !== 0;
      const isUse = (input[i] ?? 0) + (output[i] ?? 0) !== 0;
      const counted = isCall && !this.#nesting.isCallElsewhere(place) ? FLAG.counted : 0;
      const used = isUse && !this.#nesting.areTokensElsewhere(place) ? FLAG.used : 0;
      flags[i] = flag | counted | used;
      agents[i] = this.#agents.of(agents[i] ?? NO_NAME, place, trace);
      users[i] = this.#users.of(users[i] ?? NO_NAME, place, trace);
    }
  }

  /** Which spans begin a turn, too. */
  *#addTurns(): Generator<void> {
    for (const { start, end, head = NO_SPAN, trace } of this.#turns.all()) {
      const at = this.#add(start, end, FLAG.turn);
      const weight = this.#traces[trace]?.weight ?? 1;
      this.#table.set(at, "trace", trace);
      this.#table.set(at, "weight", weight === 1 ? 0 : weight);
      this.#table.set(at, "agent", this.#agents.of(NO_NAME, head, trace));
      this.#table.set(at, "user", this.#users.of(NO_NAME, head, trace));
      if (at % SLICE === SLICE - 1) yield;
    }
  }
}

type OpenTrace = { -readonly [K in keyof TalliedTrace]: TalliedTrace[K] };

/** Whose a span is. */
interface Doing {
  readonly trace: number;
  readonly agent: number;
  readonly user: number;
}

/** Which span says it. */
interface Saying {
  readonly place: number;
  readonly trace: number;
  readonly isHead: boolean;
  readonly start: number;
}

/** Which agent, or which user, each turn and each trace has: what spans do not say themselves. */
class Doers {
  readonly #nesting: Nesting;
  readonly #ofHeads = new Map<number, number>();
  /** Of each trace, whom its first span says that says one, and when that began. */
  readonly #ofTraces: number[] = [];
  readonly #starts: number[] = [];

  constructor(nesting: Nesting) {
    this.#nesting = nesting;
  }

  /** Takes note of what a span says; gives it back. */
  note(doer: number, { place, trace, isHead, start }: Saying): number {
    if (doer === NO_NAME) return doer;
    if (isHead) this.#ofHeads.set(place, doer);
    if (start >= (this.#starts[trace] ?? Number.POSITIVE_INFINITY)) return doer;
    this.#ofTraces[trace] = doer;
    this.#starts[trace] = start;
    return doer;
  }

  /** What the span says, or else its turn, or else its trace. */
  of(own: number, place: number, trace: number): number {
    if (own !== NO_NAME || this.#ofTraces.length === 0) return own;
    const head = this.#nesting.turnOf(place);
    const ofTurn = head === undefined ? undefined : this.#ofHeads.get(head);
    return ofTurn ?? this.#ofTraces[trace] ?? NO_NAME;
  }
}
