// Sums of events: of all of them, and part by part of a time.

import { boundOf } from "../model/clock.ts";
import type { PriceTable } from "./cost.ts";
import type { TallyCourse, TallyOptions, TallyReport, TallyTotal } from "./tally.ts";
import { TallyCounts } from "./tally-counts.ts";
import type { TallyEvents } from "./tally-events.ts";
import { Portion } from "./tally-portion.ts";

/** So many events are counted at a time. */
const SLICE = 5000;

/** Counts events, which may come in any portions, each of whole traces. */
export class TallySums {
  readonly #prices: PriceTable | undefined;
  /** Of what is in no part of the time; with what is in one once it is told. */
  readonly #whole: TallyCounts;
  readonly #course: Course;
  #spans = 0;
  #traces = 0;
  /** Of these, what is there; the others are estimated by it. */
  #keptSpans = 0;
  #keptTraces = 0;
  #first = Number.POSITIVE_INFINITY;
  #last = Number.NEGATIVE_INFINITY;

  constructor({ prices, course, ...options }: TallyOptions = {}) {
    this.#prices = prices;
    this.#whole = new TallyCounts(options);
    this.#course = new Course(course, () => new TallyCounts(options));
  }

  /** Counts the events of the traces that are wanted, in slices. */
  *add(events: TallyEvents, isWanted: (trace: number) => boolean = () => true): Generator<void> {
    const wanted = Uint8Array.from(events.traces, (_, number) => (isWanted(number) ? 1 : 0));
    for (const [number, { spans, first, last, weight, estimated }] of events.traces.entries()) {
      if (wanted[number] === 0) continue;
      this.#keptTraces++;
      this.#keptSpans += spans;
      this.#traces += weight;
      this.#spans += estimated;
      this.#first = Math.min(this.#first, first);
      this.#last = Math.max(this.#last, last);
    }
    const portion = new Portion(events, this.#prices);
    for (let at = 0; at < portion.size; at++) {
      if (wanted[portion.trace[at] ?? 0] === 1) this.#count(portion, at);
      if (at % SLICE === SLICE - 1) yield;
    }
  }

  #count(portion: Portion, at: number): void {
    const use = portion.use(at);
    const counts = this.#course.at(portion.start[at] ?? 0) ?? this.#whole;
    counts.count(portion, at, use);
  }

  #kept(): TallyTotal["kept"] {
    const [spans, traces] = [this.#keptSpans, this.#keptTraces];
    return this.#spans === spans && this.#traces === traces ? undefined : { spans, traces };
  }

  /** What was counted, in slices. Asked for once, when all was counted. */
  *report(): Generator<void, TallyReport> {
    for (const part of this.#course.parts) yield* this.#whole.take(part);
    const total = {
      ...{ spans: Math.round(this.#spans), traces: Math.round(this.#traces), ...this.#whole.total() },
      kept: this.#kept(),
      firstStartedAtMicros: this.#spans === 0 ? undefined : this.#first,
      lastStartedAtMicros: this.#spans === 0 ? undefined : this.#last,
    };
    yield;
    const rows = yield* this.#whole.rows();
    const course = [];
    for (const part of this.#course.parts) course.push({ total: part.total(), rows: yield* part.rows() });
    return { total, rows, course };
  }
}

/** The parts of a time. */
class Course {
  readonly parts: readonly TallyCounts[];
  readonly #from: number;
  readonly #each: number;

  constructor(course: TallyCourse | undefined, counts: () => TallyCounts) {
    this.parts = Array.from({ length: course?.parts ?? 0 }, counts);
    this.#from = course === undefined ? 0 : boundOf(course.since);
    this.#each = course === undefined ? 1 : (boundOf(course.until) - this.#from) / course.parts;
  }

  /** The part that the time is in, in microseconds; undefined where it is in none. */
  at(micros: number): TallyCounts | undefined {
    const at = Math.floor((micros - this.#from) / this.#each);
    // What is no index of the list takes long to look up.
    return at >= 0 && at < this.parts.length ? this.parts[at] : undefined;
  }
}
