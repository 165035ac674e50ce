// What is counted in a time: by model, tool, agent, user, day and hour, and in all.
import { dateOf } from "../model/times.ts";
import {
  TALLY_GROUPINGS,
  type TallyCalls,
  type TallyGrouping,
  type TallyOptions,
  type TallyRow,
} from "./tally.ts";
import { FLAG } from "./tally-events.ts";
import { type CallUse, TallyGroup } from "./tally-group.ts";
import type { Named, Portion } from "./tally-portion.ts";
import { type BucketSize, TimeBuckets } from "./time-buckets.ts";

/** Names are made by models too: beyond so many they count as one. */
const MAX_NAMES = 2000;
const OTHERS = "(others)";
const UNNAMED = "(unnamed)";
const ALL_BUT_HOURS: readonly TallyGrouping[] = TALLY_GROUPINGS.filter((by) => by !== "hour");

/** Counts events, portion by portion. */
export class TallyCounts {
  readonly #groups: ReadonlyMap<TallyGrouping, Map<string, TallyGroup>>;
  readonly #buckets: readonly TimeBuckets<TallyGroup>[];
  readonly #others: (TallyGroup | undefined)[] = [];
  /** Of all: the calls are those of models, the errors those of all spans. */
  readonly #sum: TallyGroup = new TallyGroup();
  #toolCalls = 0;
  #turns = 0;
  #portion: Portion | undefined;
  /** The groups of the names of the portion. */
  #known: Known = noneKnown();

  constructor({ by = ALL_BUT_HOURS, timeZone = "UTC" }: Pick<TallyOptions, "by" | "timeZone">) {
    this.#groups = new Map(TALLY_GROUPINGS.filter((one) => by.includes(one)).map((one) => [one, new Map()]));
    const sizes = (["day", "hour"] as const).filter((size) => by.includes(size));
    const groupOf = (size: BucketSize, name: string) => this.#group(size, name) ?? new TallyGroup();
    this.#buckets = sizes.map((size) => new TimeBuckets(size, timeZone, (name) => groupOf(size, name)));
  }

  /** Counts an event of the portion, and its tokens where those count. */
  count(portion: Portion, at: number, use: CallUse | undefined): void {
    if (portion !== this.#portion) this.#begin(portion);
    const flags = portion.flags[at] ?? 0;
    const others = this.#othersOf(portion, at);
    const weight = portion.weight(at);
    const words = (flags & FLAG.failed) === 0 ? undefined : portion.name(portion.number("error", at));
    if ((flags & FLAG.failed) !== 0) {
      this.#sum.fail(words, weight);
      for (const group of others) group?.fail(words, weight);
    }
    if ((flags & FLAG.turn) !== 0) {
      this.#turns += weight;
      for (const group of others) group?.call(portion.ms(at), weight);
    }
    const called = this.#called(portion, at);
    if ((flags & FLAG.counted) !== 0) {
      this.#call(called, flags, { ms: portion.ms(at), weight });
      if ((flags & FLAG.failed) !== 0) called?.fail(words, weight);
    }
    if (use === undefined) return;
    this.#sum.add(use, weight);
    called?.add(use, weight);
    for (const group of others) group?.add(use, weight);
  }

  /** Counts all that the other did, in slices. */
  *take(other: TallyCounts): Generator<void> {
    this.#toolCalls += other.#toolCalls;
    this.#turns += other.#turns;
    this.#sum.take(other.#sum);
    for (const [by, groups] of other.#groups) {
      for (const [name, group] of groups) {
        yield;
        this.#group(by, name)?.take(group);
      }
    }
  }

  #call(called: TallyGroup | undefined, flags: number, { ms, weight }: Call): void {
    if ((flags & FLAG.model) === 0) this.#toolCalls += weight;
    else this.#sum.call(ms, weight);
    called?.call(ms, weight);
  }

  /** The groups of a portion's names are looked up once. */
  #begin(portion: Portion): void {
    this.#portion = portion;
    this.#known = noneKnown();
  }

  /** Whom the event was by and for, and when. The same list each time, of the same length: there may be millions. */
  #othersOf(portion: Portion, at: number): readonly (TallyGroup | undefined)[] {
    const others = this.#others;
    others[0] = this.#named("agent", portion, at);
    others[1] = this.#named("user", portion, at);
    for (let i = 0; i < this.#buckets.length; i++)
      others[2 + i] = this.#buckets[i]?.of(portion.start[at] ?? 0);
    return others;
  }

  /** The model or the tool. */
  #called(portion: Portion, at: number): TallyGroup | undefined {
    const flags = portion.flags[at] ?? 0;
    if ((flags & FLAG.model) !== 0) return this.#named("model", portion, at, UNNAMED);
    return (flags & FLAG.tool) === 0 ? undefined : this.#named("tool", portion, at, UNNAMED);
  }

  #named(by: Counted, portion: Portion, at: number, otherwise?: string): TallyGroup | undefined {
    const number = portion.number(by, at);
    const known = this.#known[by][number];
    if (known !== undefined) return known;
    const name = portion.name(number) ?? otherwise;
    const group = name === undefined ? undefined : this.#group(by, name);
    this.#known[by][number] = group;
    return group;
  }

  /** The group of that name; none where that is not counted by. */
  #group(by: TallyGrouping, name: string): TallyGroup | undefined {
    const groups = this.#groups.get(by);
    const known = groups?.get(name);
    if (groups === undefined || known !== undefined) return known;
    const group = new TallyGroup();
    groups.set(name, group);
    return group;
  }

  /** What was counted in all. */
  total(): TallyCalls {
    const { calls, errors, times, use } = this.#sum;
    const [modelCalls, toolCalls] = [Math.round(calls), Math.round(this.#toolCalls)];
    return {
      modelCalls,
      toolCalls,
      turns: Math.round(this.#turns),
      errors: Math.round(errors),
      ...times,
      ...use,
    };
  }

  /** Grouping by grouping, in slices. */
  *rows(): Generator<void, TallyRow[]> {
    const rows: TallyRow[] = [];
    for (const [by, groups] of this.#groups) {
      const isTime = by === "day" || by === "hour";
      for (const [name, group] of isTime ? inOrder(groups) : mostCalled(groups)) {
        rows.push({ by, name, ...group.figures() });
        yield;
      }
    }
    return rows;
  }
}

interface Call {
  readonly ms: number | undefined;
  readonly weight: number;
}

type Counted = Exclude<Named, "error">;
type Known = Readonly<Record<Counted, (TallyGroup | undefined)[]>>;

function noneKnown(): Known {
  return { model: [], tool: [], agent: [], user: [] };
}

type Groups = readonly (readonly [name: string, group: TallyGroup])[];

/** The hour that comes twice when clocks are put back is two, by its offset. */
function inOrder(groups: ReadonlyMap<string, TallyGroup>): Groups {
  return [...groups].sort(([a], [b]) => (dateOf(a) ?? 0) - (dateOf(b) ?? 0));
}

/** But for names of which all calls are counted as another's. */
function mostCalled(groups: ReadonlyMap<string, TallyGroup>): Groups {
  const used = [...groups].filter(([, group]) => group.isUsed).sort(byCalls);
  if (used.length <= MAX_NAMES) return used;
  const others = new TallyGroup();
  for (const [, group] of used.splice(MAX_NAMES)) others.take(group);
  return [...used, [OTHERS, others] as const].sort(byCalls);
}

function byCalls([a, one]: Groups[number], [b, other]: Groups[number]): number {
  return other.calls - one.calls || (a < b ? -1 : 1);
}
