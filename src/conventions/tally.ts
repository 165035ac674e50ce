// Calls counted by model, tool, agent, user and day: times, errors and tokens, without keeping the spans.
import { type Bill, costOfCall, type PriceTable } from "./cost.ts";
import type { SpanFacts } from "./facts.ts";
import { hasTokens, type NestedSpan, Nesting } from "./nesting.ts";
import { isTurnHead } from "./reading.ts";
import { TurnTimes } from "./turns.ts";

/** What is counted by. */
export type TallyGrouping = "model" | "tool" | "agent" | "user" | "day";

/** All of them. */
export const TALLY_GROUPINGS: readonly TallyGrouping[] = ["model", "tool", "agent", "user", "day"];

/** What was counted. */
export interface TallyReport {
  /** Of all spans. */
  readonly total: TallyTotal;
  /** Grouping by grouping: days in order, else the most called first. */
  readonly rows: readonly TallyRow[];
}

/** One line of the count. */
export interface TallyRow extends TallyUse {
  /** What `name` is the name of. */
  readonly by: TallyGrouping;
  /** The model, the tool, the agent, the user, or the day in UTC, such as `2026-11-22`. */
  readonly name: string;
  /** Calls of the model or tool; an agent's, a user's and a day's are their turns. */
  readonly calls: number;
  /** Calls that failed; an agent's, a user's and a day's are all spans that did. */
  readonly errors: number;
  /** Milliseconds that half of the calls were within; undefined where none has ended. */
  readonly p50Ms: number | undefined;
  /** Milliseconds that 19 of 20 calls were within. */
  readonly p95Ms: number | undefined;
}

/** What models used, each token counted once. */
export interface TallyUse extends Bill {
  /** Tokens that models were given. */
  readonly inputTokens: number;
  /** Tokens that models gave. */
  readonly outputTokens: number;
  /** Of the input's tokens, those read from a cache of the provider. */
  readonly cachedReadTokens: number;
  /** Of the input's tokens, those written to a cache of the provider. */
  readonly cachedWriteTokens: number;
  /** Of the output's tokens, those that models thought with. */
  readonly reasoningTokens: number;
}

/** All that was counted. */
export interface TallyTotal extends TallyUse {
  /** All spans, of whatever kind. */
  readonly spans: number;
  /** The traces that they are of. */
  readonly traces: number;
  /** Calls of models. */
  readonly modelCalls: number;
  /** Calls of tools. */
  readonly toolCalls: number;
  /** Spans that failed. */
  readonly errors: number;
  /** The first start, in microseconds since the epoch; undefined where there are no spans. */
  readonly firstStartedAtMicros: number | undefined;
  /** The last start. */
  readonly lastStartedAtMicros: number | undefined;
}

/** Names are made by models too: beyond so many they count as one. */
const MAX_NAMES = 2000;
const OTHERS = "(others)";
const UNNAMED = "(unnamed)";
const DAY_MICROS = 24 * 60 * 60 * 1e6;

/** A span that counts waits as so many numbers: see `#hold`. */
const HELD_NUMBERS = 14;
/** Of these, the first of tokens and cost. */
const USED_FROM = 8;
const NO_GROUP = -1;
const MODEL_CALL = 1;
const TOOL_CALL = 2;

/**
 * Counts spans as they come, in any order; then it can be asked, once. A call that is there twice, as a library's and as its client's,
 * is one, and so are its tokens, as in a listing: which of them counts is known in the end. Where a span does not say for whom
 * or by which agent it was, its turn does, or else its trace.
 */
export class Tally {
  readonly #groups: ReadonlyMap<TallyGrouping, Map<string, Group>>;
  /** All of them, by number. */
  readonly #numbered: Group[] = [];
  readonly #nesting = new Nesting();
  readonly #turns = new TurnTimes(this.#nesting);
  readonly #agents: Doers = new Doers(this.#nesting);
  readonly #users: Doers = new Doers(this.#nesting);
  readonly #days = new Map<number, number>();
  readonly #held: number[] = [];
  readonly #sum: Group = new Group(NO_GROUP);
  #spans = 0;
  #modelCalls = 0;
  #toolCalls = 0;
  #first = Number.POSITIVE_INFINITY;
  #last = Number.NEGATIVE_INFINITY;

  readonly #prices: PriceTable | undefined;

  constructor(by: readonly TallyGrouping[] = TALLY_GROUPINGS, prices?: PriceTable) {
    this.#prices = prices;
    this.#groups = new Map(TALLY_GROUPINGS.filter((one) => by.includes(one)).map((one) => [one, new Map()]));
  }

  /** Counts a span. */
  add(span: NestedSpan, facts: SpanFacts): void {
    const { kind, failed = false } = facts;
    const start = span.startedAtMicros;
    this.#spans++;
    if (start < this.#first) this.#first = start;
    if (start > this.#last) this.#last = start;
    const place = this.#nesting.add(span, facts);
    this.#turns.add(span, kind, place);
    const trace = this.#nesting.traceNumber(span.traceId);
    const isHead = isTurnHead(kind);
    const agent = this.#agents.note(this.#named("agent", facts.agent), { place, trace, isHead });
    const user = this.#users.note(this.#named("user", facts.user), { place, trace, isHead });
    if (!failed && kind !== "model-call" && kind !== "tool-call" && !hasTokens(facts)) return;
    this.#hold(span, facts, { place, trace, agent, user });
  }

  /** As numbers: there may be as many as there are spans. */
  #hold(span: NestedSpan, facts: SpanFacts, { place, trace, agent, user }: Held): void {
    const { kind, failed = false } = facts;
    const { startedAtMicros: start, endedAtMicros: end = Number.NaN } = span;
    const call = kind === "model-call" ? MODEL_CALL : kind === "tool-call" ? TOOL_CALL : 0;
    const called = this.#calledBy(facts);
    this.#held.push(place, trace, agent, user, this.#day(start), called);
    this.#held.push(call + (failed ? 4 : 0), (end - start) / 1000, ...usedIn(facts));
    this.#held.push(costOfCall({ facts, span }, this.#prices) ?? Number.NaN);
  }

  #calledBy({ kind, model = UNNAMED, tool = UNNAMED }: SpanFacts): number {
    if (kind === "model-call") return this.#named("model", model);
    return kind === "tool-call" ? this.#named("tool", tool) : NO_GROUP;
  }

  #day(micros: number): number {
    const number = Math.floor(micros / DAY_MICROS);
    let group = this.#days.get(number);
    if (group === undefined) {
      group = this.#named("day", dayName(number));
      this.#days.set(number, group);
    }
    return group;
  }

  /** The number of the group of that name; none where that is not counted by. */
  #named(by: TallyGrouping, name: string | undefined): number {
    const groups = this.#groups.get(by);
    if (groups === undefined || name === undefined) return NO_GROUP;
    const key = groups.has(name) || groups.size < MAX_NAMES ? name : OTHERS;
    const known = groups.get(key);
    if (known !== undefined) return known.number;
    const group = new Group(this.#numbered.length);
    this.#numbered.push(group);
    groups.set(key, group);
    return group.number;
  }

  /** What was counted. */
  report(): TallyReport {
    this.#settle();
    this.#countTurns();
    const { errors } = this.#sum;
    const isEmpty = this.#spans === 0;
    const total = {
      ...{ spans: this.#spans, traces: this.#nesting.traces, errors, ...this.#sum.use },
      ...{ modelCalls: this.#modelCalls, toolCalls: this.#toolCalls },
      firstStartedAtMicros: isEmpty ? undefined : this.#first,
      lastStartedAtMicros: isEmpty ? undefined : this.#last,
    };
    return { total, rows: [...this.#groups].flatMap(([by, groups]) => rowsOf(by, groups)) };
  }

  /** Counts what waits. */
  #settle(): void {
    const held = this.#held;
    for (let i = 0; i < held.length; i += HELD_NUMBERS) {
      const [place = 0, trace = 0, agent = 0, user = 0, day = 0] = held.slice(i, i + 5);
      const [called = 0, flags = 0, ms = 0] = held.slice(i + 5, i + USED_FROM);
      const doers = [this.#agents.of(agent, place, trace), this.#users.of(user, place, trace), day];
      const isFailed = flags >= 4;
      if (isFailed) for (const group of [this.#sum, ...this.#all(doers)]) group.errors++;
      this.#countCall({ place, called, call: flags & 3, ms, isFailed });
      const used = held.slice(i + USED_FROM, i + HELD_NUMBERS);
      if ((used[0] ?? 0) + (used[1] ?? 0) === 0 || this.#nesting.areTokensElsewhere(place)) continue;
      for (const group of [this.#sum, ...this.#all([called, ...doers])]) group.add(used);
    }
    held.length = 0;
  }

  #countCall({ place, called, call, ms, isFailed }: HeldCall): void {
    if (call === 0 || this.#nesting.isCallElsewhere(place)) return;
    if (call === MODEL_CALL) this.#modelCalls++;
    else this.#toolCalls++;
    const group = this.#numbered[called];
    group?.call(ms);
    if (group !== undefined && isFailed) group.errors++;
  }

  /** Which spans begin a turn is known with all of them. */
  #countTurns(): void {
    for (const { start, end = Number.NaN, head = NO_GROUP, trace } of this.#turns.all()) {
      const doers = [this.#agents.of(NO_GROUP, head, trace), this.#users.of(NO_GROUP, head, trace)];
      for (const group of this.#all([...doers, this.#day(start)])) group.call((end - start) / 1000);
    }
  }

  #all(numbers: readonly number[]): Group[] {
    return numbers.flatMap((number) => this.#numbered[number] ?? []);
  }
}

/** Of a span: its place among all, its trace, and what it says itself. */
interface Held {
  readonly place: number;
  readonly trace: number;
  readonly agent: number;
  readonly user: number;
}

interface HeldCall {
  readonly place: number;
  readonly called: number;
  readonly call: number;
  readonly ms: number;
  readonly isFailed: boolean;
}

/** Which agent, or which user, each turn and each trace has: what spans do not say themselves. */
class Doers {
  readonly #nesting: Nesting;
  readonly #ofHeads = new Map<number, number>();
  readonly #ofTraces: number[] = [];

  constructor(nesting: Nesting) {
    this.#nesting = nesting;
  }

  /** Takes note of what a span says; gives it back. */
  note(doer: number, { place, trace, isHead }: { place: number; trace: number; isHead: boolean }): number {
    if (doer === NO_GROUP) return doer;
    if (isHead) this.#ofHeads.set(place, doer);
    this.#ofTraces[trace] ??= doer;
    return doer;
  }

  /** What the span says, or else its turn, or else its trace. */
  of(own: number, place: number, trace: number): number {
    if (own !== NO_GROUP || this.#ofTraces.length === 0) return own;
    const head = this.#nesting.turnOf(place);
    const ofTurn = head === undefined ? undefined : this.#ofHeads.get(head);
    return ofTurn ?? this.#ofTraces[trace] ?? NO_GROUP;
  }
}

class Group {
  readonly number: number;
  calls = 0;
  errors = 0;
  /** As `usedIn` has them. */
  readonly #tokens: number[] = [0, 0, 0, 0, 0];
  #cost: number | undefined;
  #unpriced = 0;
  readonly #times: number[] = [];

  constructor(number: number) {
    this.number = number;
  }

  /** NaN milliseconds where the call has not ended. */
  call(ms: number): void {
    this.calls++;
    if (!Number.isNaN(ms)) this.#times.push(ms);
  }

  /** Tokens as `usedIn` has them, then what they cost: NaN where nobody knows. */
  add(used: readonly number[]): void {
    const cost = used[this.#tokens.length] ?? Number.NaN;
    for (let i = 0; i < this.#tokens.length; i++) this.#tokens[i] = (this.#tokens[i] ?? 0) + (used[i] ?? 0);
    if (Number.isNaN(cost)) this.#unpriced++;
    else this.#cost = (this.#cost ?? 0) + cost;
  }

  get use(): TallyUse {
    const [input = 0, output = 0, read = 0, write = 0, reasoning = 0] = this.#tokens;
    return {
      ...{ inputTokens: input, outputTokens: output, cachedReadTokens: read, cachedWriteTokens: write },
      ...{ reasoningTokens: reasoning, costUsd: this.#cost, unpricedCalls: this.#unpriced },
    };
  }

  row(by: TallyGrouping, name: string): TallyRow {
    const { calls, errors } = this;
    const times = Float64Array.from(this.#times).sort();
    const [p50Ms, p95Ms] = [percentile(times, 0.5), percentile(times, 0.95)];
    return { by, name, calls, errors, p50Ms, p95Ms, ...this.use };
  }
}

/** But for names of which all calls are counted as another's. */
function rowsOf(by: TallyGrouping, groups: ReadonlyMap<string, Group>): TallyRow[] {
  const rows = [...groups].map(([name, group]) => group.row(by, name));
  const byName = (a: TallyRow, b: TallyRow): number => (a.name < b.name ? -1 : 1);
  if (by === "day") return rows.sort(byName);
  return rows
    .filter(({ calls, inputTokens, outputTokens }) => calls + inputTokens + outputTokens > 0)
    .sort((a, b) => b.calls - a.calls || byName(a, b));
}

/** Tokens in the order of `Group.use`. */
function usedIn({
  inputTokens = 0,
  outputTokens = 0,
  cachedReadTokens = 0,
  cachedWriteTokens = 0,
  reasoningTokens = 0,
}: SpanFacts): readonly number[] {
  return [inputTokens, outputTokens, cachedReadTokens, cachedWriteTokens, reasoningTokens];
}

/** The nearest rank: a time that was measured. */
function percentile(sorted: Float64Array, share: number): number | undefined {
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)];
}

function dayName(number: number): string {
  return new Date((number * DAY_MICROS) / 1000).toISOString().split("T", 1)[0] ?? "";
}
