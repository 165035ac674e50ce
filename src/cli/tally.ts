// Calls counted by model, tool and day: times, errors and tokens, without keeping the spans.

import { factsOf, type SpanFacts } from "../conventions/facts.ts";
import { hasTokens, Nesting } from "../conventions/nesting.ts";
import { TurnTimes } from "../conventions/turns.ts";
import type { SpanFields } from "../model/record.ts";
import { day } from "./format.ts";

/** What calls are counted by. */
export type Grouping = "model" | "tool" | "day";

/** One line of the count. */
export interface TallyRow {
  readonly by: Grouping;
  readonly name: string;
  /** Calls of the model or tool; a day's are its turns. */
  readonly calls: number;
  readonly errors: number;
  /** Milliseconds that half of the calls, or 19 of 20, were within; undefined where none has ended. */
  readonly p50: number | undefined;
  readonly p95: number | undefined;
  readonly inputTokens: number;
  readonly outputTokens: number;
}

/** All that was counted. */
export interface TallyTotal {
  readonly spans: number;
  readonly traces: number;
  readonly modelCalls: number;
  readonly toolCalls: number;
  readonly errors: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** Microseconds since the epoch. */
  readonly firstStart: number | undefined;
  readonly lastStart: number | undefined;
}

/** Names are made by models too: beyond so many they count as one. */
const MAX_NAMES = 2000;
const OTHERS = "(others)";

/** A call, or another span with tokens, waits as so many numbers: see `#hold`. */
const HELD_NUMBERS = 7;
const NO_CALL = -1;

/**
 * Counts spans as they come, in any order; then it can be asked. A call that is there twice, as a library's and as its client's,
 * is one, and so are its tokens, as in a listing: which of them counts is known in the end.
 */
export class Tally {
  readonly #groups: Readonly<Record<Grouping, Map<string, Group>>> = {
    model: new Map(),
    tool: new Map(),
    day: new Map(),
  };
  /** All of them, by number. */
  readonly #numbered: Group[] = [];
  readonly #nesting = new Nesting();
  readonly #turns = new TurnTimes(this.#nesting);
  #held: number[] = [];
  #spans = 0;
  #errors = 0;
  #first = Number.POSITIVE_INFINITY;
  #last = Number.NEGATIVE_INFINITY;

  add(span: SpanFields): void {
    const facts = factsOf(span);
    const { failed = false } = facts;
    this.#spans++;
    if (failed) this.#errors++;
    this.#first = Math.min(this.#first, span.startedAtMicros);
    this.#last = Math.max(this.#last, span.startedAtMicros);
    const ms =
      span.endedAtMicros === undefined ? undefined : (span.endedAtMicros - span.startedAtMicros) / 1000;
    const today = this.#day(span.startedAtMicros);
    if (failed) today.fail();
    const place = this.#nesting.add(span, facts);
    this.#turns.add(span, facts.kind, place);
    const called = this.#calledBy(facts);
    if (called !== undefined || hasTokens(facts)) this.#hold(facts, { place, today, called, ms });
  }

  #day(micros: number): Group {
    return this.#group("day", day(new Date(micros / 1000)));
  }

  /** Which spans begin a turn is known with all of them. */
  #countTurns(): void {
    for (const group of this.#groups.day.values()) group.forgetCalls();
    for (const { start, end } of this.#turns.all())
      this.#day(start).call(end === undefined ? undefined : (end - start) / 1000);
  }

  #calledBy({ kind, model = "(unnamed)", tool = "(unnamed)" }: SpanFacts): Group | undefined {
    if (kind === "model-call") return this.#group("model", model);
    return kind === "tool-call" ? this.#group("tool", tool) : undefined;
  }

  /** As numbers: there may be as many as there are spans. */
  #hold(facts: SpanFacts, { place, today, called, ms = Number.NaN }: Held): void {
    const { failed, inputTokens = 0, outputTokens = 0 } = facts;
    const named = called?.number ?? NO_CALL;
    this.#held.push(place, today.number, named, ms, failed ? 1 : 0, inputTokens, outputTokens);
  }

  /** Counts what waits. */
  #settle(): void {
    const held = this.#held;
    this.#held = [];
    for (let i = 0; i < held.length; i += HELD_NUMBERS) {
      const [place = 0, today = 0, named = 0, ms = 0, failed, ...tokens] = held.slice(i, i + HELD_NUMBERS);
      const called = this.#numbered[named];
      if (!this.#nesting.isCallElsewhere(place))
        called?.call(Number.isNaN(ms) ? undefined : ms, failed === 1);
      if (this.#nesting.areTokensElsewhere(place)) continue;
      for (const group of [called, this.#numbered[today]]) group?.use(tokens);
    }
  }

  #group(by: Grouping, name: string): Group {
    const groups = this.#groups[by];
    const key = groups.has(name) || groups.size < MAX_NAMES ? name : OTHERS;
    const known = groups.get(key);
    if (known !== undefined) return known;
    const group = new Group(this.#numbered.length);
    this.#numbered.push(group);
    groups.set(key, group);
    return group;
  }

  /** The rows of a grouping: days in order, else the most called first. */
  rows(by: Grouping): TallyRow[] {
    this.#settle();
    if (by === "day") this.#countTurns();
    const groups = [...this.#groups[by]].filter(([, group]) => by === "day" || group.isCounted);
    const rows = groups.map(([name, group]) => group.row(by, name));
    return by === "day"
      ? rows.sort((a, b) => (a.name < b.name ? -1 : 1))
      : rows.sort((a, b) => b.calls - a.calls || (a.name < b.name ? -1 : 1));
  }

  get total(): TallyTotal {
    const days = this.rows("day");
    const sum = (rows: readonly TallyRow[], of: (row: TallyRow) => number): number =>
      rows.reduce((total, row) => total + of(row), 0);
    return {
      spans: this.#spans,
      traces: this.#nesting.traces,
      modelCalls: sum(this.rows("model"), ({ calls }) => calls),
      toolCalls: sum(this.rows("tool"), ({ calls }) => calls),
      errors: this.#errors,
      inputTokens: sum(days, ({ inputTokens }) => inputTokens),
      outputTokens: sum(days, ({ outputTokens }) => outputTokens),
      firstStart: this.#spans === 0 ? undefined : this.#first,
      lastStart: this.#spans === 0 ? undefined : this.#last,
    };
  }
}

/** Where and when a span was that holds a call or tokens. */
interface Held {
  readonly place: number;
  readonly today: Group;
  readonly called: Group | undefined;
  readonly ms: number | undefined;
}

class Group {
  readonly number: number;
  #calls = 0;
  #errors = 0;
  #inputTokens = 0;
  #outputTokens = 0;
  #times: number[] = [];

  constructor(number: number) {
    this.number = number;
  }

  /** False for a name of which all calls are counted as another's. */
  get isCounted(): boolean {
    return this.#calls + this.#inputTokens + this.#outputTokens > 0;
  }

  call(ms: number | undefined, failed: boolean = false): void {
    this.#calls++;
    if (ms !== undefined) this.#times.push(ms);
    if (failed) this.fail();
  }

  forgetCalls(): void {
    this.#calls = 0;
    this.#times = [];
  }

  fail(): void {
    this.#errors++;
  }

  use([inputTokens = 0, outputTokens = 0]: readonly number[]): void {
    this.#inputTokens += inputTokens;
    this.#outputTokens += outputTokens;
  }

  row(by: Grouping, name: string): TallyRow {
    const times = Float64Array.from(this.#times).sort();
    return {
      ...{ by, name, calls: this.#calls, errors: this.#errors },
      ...{ p50: percentile(times, 0.5), p95: percentile(times, 0.95) },
      ...{ inputTokens: this.#inputTokens, outputTokens: this.#outputTokens },
    };
  }
}

/** The nearest rank: a time that was measured. */
function percentile(sorted: Float64Array, share: number): number | undefined {
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)];
}
