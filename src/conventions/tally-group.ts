// One line of a count, while it is counted.
import type { TallyError, TallyRow, TallyUse } from "./tally.ts";

/** What one call used. */
export interface CallUse {
  input: number;
  output: number;
  cachedRead: number;
  cachedWrite: number;
  reasoning: number;
  /** US dollars; NaN where nobody knows. */
  cost: number;
}

/** What is counted of a model, a tool, an agent, a user, a day or all. */
export class TallyGroup {
  calls = 0;
  errors = 0;
  /** Of the calls, those that are there; each stands for as many as its weight says. */
  kept = 0;
  #input = 0;
  #output = 0;
  #cachedRead = 0;
  #cachedWrite = 0;
  #reasoning = 0;
  #unpriced = 0;
  #priced = 0;
  readonly #cost = new ExactSum();
  readonly #times: number[] = [];
  /** Of each time, how many it stands for; none while that is one each. */
  #weights: number[] | undefined;
  readonly #errorWords = new Map<string, number>();

  /** A call; undefined milliseconds where it has not ended. */
  call(ms: number | undefined, weight: number): void {
    this.calls += weight;
    this.kept++;
    if (ms !== undefined) this.#time(ms, weight);
  }

  #time(ms: number, weight: number): void {
    if (weight !== 1) this.#weights ??= this.#times.map(() => 1);
    this.#weights?.push(weight);
    this.#times.push(ms);
  }

  /** An error, and what it said. */
  fail(words: string | undefined, weight: number): void {
    this.errors += weight;
    if (words !== undefined) this.#note(words, weight);
  }

  #note(words: string, count: number): void {
    const known = this.#errorWords.get(words);
    if (known !== undefined || this.#errorWords.size < MOST_ERRORS)
      this.#errorWords.set(words, (known ?? 0) + count);
  }

  /** Tokens, and what they cost. */
  add({ input, output, cachedRead, cachedWrite, reasoning, cost }: CallUse, weight: number): void {
    this.#input += input * weight;
    this.#output += output * weight;
    this.#cachedRead += cachedRead * weight;
    this.#cachedWrite += cachedWrite * weight;
    this.#reasoning += reasoning * weight;
    if (Number.isNaN(cost)) {
      this.#unpriced += weight;
    } else {
      this.#priced++;
      this.#cost.add(cost * weight);
    }
  }

  /** Counts all that the other did. */
  take(other: TallyGroup): void {
    this.calls += other.calls;
    this.kept += other.kept;
    this.errors += other.errors;
    this.#input += other.#input;
    this.#output += other.#output;
    this.#cachedRead += other.#cachedRead;
    this.#cachedWrite += other.#cachedWrite;
    this.#reasoning += other.#reasoning;
    this.#unpriced += other.#unpriced;
    this.#priced += other.#priced;
    this.#cost.take(other.#cost);
    for (let i = 0; i < other.#times.length; i++) this.#time(other.#times[i] ?? 0, other.#weights?.[i] ?? 1);
    for (const [words, count] of other.#errorWords) this.#note(words, count);
  }

  /** True where there is more than errors. */
  get isUsed(): boolean {
    return this.calls + this.#input + this.#output > 0;
  }

  /** Tokens and cost. */
  get use(): TallyUse {
    return {
      ...{ inputTokens: Math.round(this.#input), outputTokens: Math.round(this.#output) },
      cachedReadTokens: Math.round(this.#cachedRead),
      cachedWriteTokens: Math.round(this.#cachedWrite),
      reasoningTokens: Math.round(this.#reasoning),
      costUsd: this.#priced === 0 ? undefined : this.#cost.value,
      unpricedCalls: Math.round(this.#unpriced),
    };
  }

  /** How long calls took. */
  get times(): Pick<TallyRow, "p50Ms" | "p95Ms"> {
    if (this.#weights !== undefined) return weightedTimes(this.#times, this.#weights);
    const times = Float64Array.from(this.#times);
    return { p50Ms: percentile(times, 0.5), p95Ms: percentile(times, 0.95) };
  }

  /** All but whose they are. */
  figures(): Omit<TallyRow, "by" | "name"> {
    const [calls, errors] = [Math.round(this.calls), Math.round(this.errors)];
    const kept = this.isEstimated ? this.kept : undefined;
    return { calls, errors, kept, ...this.times, topError: this.#topError(), ...this.use };
  }

  /** The same in whatever order they came. */
  #topError(): TallyError | undefined {
    let top: TallyError | undefined;
    for (const [words, count] of this.#errorWords) {
      const isAhead = top === undefined || count > top.count || (count === top.count && words < top.words);
      if (isAhead) top = { words, count };
    }
    return top && { words: top.words, count: Math.round(top.count) };
  }

  /** True where one call stands for more. */
  get isEstimated(): boolean {
    return this.calls !== this.kept;
  }
}

const MOST_ERRORS = 1000;

/** The same where each time stands for as many as its weight says. */
function weightedTimes(
  times: readonly number[],
  weights: readonly number[],
): Pick<TallyRow, "p50Ms" | "p95Ms"> {
  const ordered = times.map((ms, i) => ({ ms, weight: weights[i] ?? 1 })).sort((a, b) => a.ms - b.ms);
  const all = weights.reduce((sum, weight) => sum + weight, 0);
  return { p50Ms: timeWithin(ordered, all * 0.5), p95Ms: timeWithin(ordered, all * 0.95) };
}

function timeWithin(
  ordered: readonly { readonly ms: number; readonly weight: number }[],
  wanted: number,
): number | undefined {
  let seen = 0;
  const found = ordered.find(({ weight }) => {
    seen += weight;
    return seen >= wanted;
  });
  return found?.ms;
}

/** The nearest rank: a time that was measured. Orders the times, but not all. */
function percentile(times: Float64Array, share: number): number | undefined {
  if (times.length === 0) return undefined;
  const rank = Math.max(0, Math.ceil(times.length * share) - 1);
  bringToRank(times, rank);
  return times[rank];
}

/** Puts the number of that rank where it belongs, smaller ones before it: a tenth of the time that it takes to sort. */
function bringToRank(numbers: Float64Array, rank: number): void {
  let [from, to] = [0, numbers.length - 1];
  while (from < to) {
    const [last, first] = parted(numbers, from, to);
    if (rank <= last) to = last;
    else if (rank >= first) from = first;
    else return;
  }
}

/** Brings those below one of them before those above it; gives the last of the former, and the first of the latter. */
function parted(numbers: Float64Array, from: number, to: number): readonly [number, number] {
  // Any, so that nobody can make times for which it takes long.
  const middle = numbers[from + Math.floor(Math.random() * (to - from + 1))] ?? 0;
  let [low, high] = [from, to];
  while (low <= high) {
    while ((numbers[low] ?? 0) < middle) low++;
    while ((numbers[high] ?? 0) > middle) high--;
    if (low > high) break;
    const lower = numbers[high] ?? 0;
    numbers[high--] = numbers[low] ?? 0;
    numbers[low++] = lower;
  }
  return [high, low];
}

/** A sum with what rounding took from it, so that it is the same in whatever order the numbers came. */
class ExactSum {
  #sum = 0;
  #rest = 0;

  add(number: number): void {
    const sum = this.#sum + number;
    const added = sum - this.#sum;
    this.#rest += this.#sum - (sum - added) + (number - added);
    this.#sum = sum;
  }

  take(other: ExactSum): void {
    this.add(other.#sum);
    this.#rest += other.#rest;
  }

  get value(): number {
    return this.#sum + this.#rest;
  }
}
