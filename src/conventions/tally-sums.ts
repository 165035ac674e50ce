// Sums of events: by model, tool, agent, user and time.
import { costOfCall, type PriceTable } from "./cost.ts";
import { type SpanFacts, TOKENS } from "./facts.ts";
import {
  TALLY_GROUPINGS,
  type TallyGrouping,
  type TallyOptions,
  type TallyReport,
  type TallyRow,
} from "./tally.ts";
import { type EventTable, FLAG, NO_NAME, type TallyEvents } from "./tally-events.ts";
import { type CallUse, TallyGroup } from "./tally-group.ts";
import { type BucketSize, TimeBuckets } from "./time-buckets.ts";

/** Names are made by models too: beyond so many they count as one. */
const MAX_NAMES = 2000;
const OTHERS = "(others)";
const UNNAMED = "(unnamed)";
/** So many events are counted at a time. */
const SLICE = 5000;

/** Counts events, which may come in any portions, each of whole traces. */
export class TallySums {
  readonly #groups: ReadonlyMap<TallyGrouping, Map<string, TallyGroup>>;
  readonly #buckets: readonly TimeBuckets<TallyGroup>[];
  readonly #found: (TallyGroup | undefined)[] = [];
  readonly #use: CallUse = { input: 0, output: 0, cachedRead: 0, cachedWrite: 0, reasoning: 0, cost: 0 };
  readonly #prices: PriceTable | undefined;
  readonly #sum: TallyGroup = new TallyGroup();
  readonly #total = { spans: 0, traces: 0, modelCalls: 0, toolCalls: 0 };
  #first = Number.POSITIVE_INFINITY;
  #last = Number.NEGATIVE_INFINITY;

  constructor({ by = ALL_BUT_HOURS, timeZone = "UTC", prices }: TallyOptions = {}) {
    this.#prices = prices;
    this.#groups = new Map(TALLY_GROUPINGS.filter((one) => by.includes(one)).map((one) => [one, new Map()]));
    const sizes = (["day", "hour"] as const).filter((size) => by.includes(size));
    const groupOf = (size: BucketSize, name: string) => this.#group(size, name) ?? new TallyGroup();
    this.#buckets = sizes.map((size) => new TimeBuckets(size, timeZone, (name) => groupOf(size, name)));
  }

  /** Counts the events of the traces that are wanted, in slices. */
  *add(events: TallyEvents, isWanted: (trace: number) => boolean = () => true): Generator<void> {
    const wanted = Uint8Array.from(events.traces, (_, number) => (isWanted(number) ? 1 : 0));
    for (const [number, { spans, first, last }] of events.traces.entries()) {
      if (wanted[number] === 0) continue;
      this.#total.traces++;
      this.#total.spans += spans;
      this.#first = Math.min(this.#first, first);
      this.#last = Math.max(this.#last, last);
    }
    const portion = new Portion(events, (by, name) => this.#group(by, name));
    const traces = events.table.column("trace");
    for (let at = 0; at < events.table.size; at++) {
      if (wanted[traces[at] ?? 0] === 1) this.#count(portion, at);
      if (at % SLICE === SLICE - 1) yield;
    }
  }

  #count(portion: Portion, at: number): void {
    const flags = portion.flags[at] ?? 0;
    const others = this.#others(portion, at);
    if ((flags & FLAG.failed) !== 0) {
      this.#sum.errors++;
      for (const group of others) if (group !== undefined) group.errors++;
    }
    if ((flags & FLAG.turn) !== 0) {
      const ms = portion.ms(at);
      for (const group of others) group?.call(ms);
    }
    const called = portion.called(at);
    if ((flags & FLAG.counted) !== 0) this.#call(called, flags, portion.ms(at));
    if ((flags & FLAG.used) === 0) return;
    portion.use(at, this.#use, this.#prices);
    this.#sum.add(this.#use);
    called?.add(this.#use);
    for (const group of others) group?.add(this.#use);
  }

  /** Whom the event was by and for, and when. The same list each time, of the same length: there may be millions. */
  #others(portion: Portion, at: number): readonly (TallyGroup | undefined)[] {
    const found = this.#found;
    found[0] = portion.agent(at);
    found[1] = portion.user(at);
    for (let i = 0; i < this.#buckets.length; i++)
      found[2 + i] = this.#buckets[i]?.of(portion.start[at] ?? 0);
    return found;
  }

  #call(called: TallyGroup | undefined, flags: number, ms: number | undefined): void {
    if ((flags & FLAG.model) !== 0) this.#total.modelCalls++;
    else this.#total.toolCalls++;
    if (called === undefined) return;
    called.call(ms);
    if ((flags & FLAG.failed) !== 0) called.errors++;
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

  /** What was counted, in slices. */
  *report(): Generator<void, TallyReport> {
    const { spans } = this.#total;
    const total = {
      ...{ ...this.#total, errors: this.#sum.errors, ...this.#sum.use },
      firstStartedAtMicros: spans === 0 ? undefined : this.#first,
      lastStartedAtMicros: spans === 0 ? undefined : this.#last,
    };
    const rows: TallyRow[] = [];
    for (const [by, groups] of this.#groups) {
      const isTime = by === "day" || by === "hour";
      for (const [name, group] of isTime ? inOrder(groups) : mostCalled(groups)) {
        rows.push({ by, name, ...group.figures() });
        yield;
      }
    }
    return { total, rows };
  }
}

const ALL_BUT_HOURS = TALLY_GROUPINGS.filter((by) => by !== "hour");

type Groups = readonly (readonly [name: string, group: TallyGroup])[];

/** The hour that comes twice when clocks are put back is two, by its offset. */
function inOrder(groups: ReadonlyMap<string, TallyGroup>): Groups {
  return [...groups].sort(([a], [b]) => Date.parse(a) - Date.parse(b));
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

type GroupOf = (by: TallyGrouping, name: string) => TallyGroup | undefined;

/** The events of one portion, and the groups that they count for. */
class Portion {
  readonly flags: Float64Array;
  readonly start: Float64Array;
  readonly #micros: Float64Array;
  readonly #model: Float64Array;
  readonly #provider: Float64Array;
  readonly #tool: Float64Array;
  readonly #agent: Float64Array;
  readonly #user: Float64Array;
  readonly #input: Float64Array;
  readonly #output: Float64Array;
  readonly #cachedRead: Float64Array;
  readonly #cachedWrite: Float64Array;
  readonly #reasoning: Float64Array;
  readonly #table: EventTable;
  readonly #names: readonly string[];
  readonly #groupOf: GroupOf;
  readonly #known: Readonly<Record<Named, (TallyGroup | undefined)[]>> = {
    ...{ model: [], tool: [], agent: [], user: [] },
  };

  constructor({ names, table }: TallyEvents, groupOf: GroupOf) {
    this.#names = names;
    this.#groupOf = groupOf;
    this.flags = table.column("flags");
    this.start = table.column("start");
    this.#micros = table.column("micros");
    this.#model = table.column("model");
    this.#provider = table.column("provider");
    this.#tool = table.column("tool");
    this.#agent = table.column("agent");
    this.#user = table.column("user");
    this.#input = table.column("inputTokens");
    this.#output = table.column("outputTokens");
    this.#cachedRead = table.column("cachedReadTokens");
    this.#cachedWrite = table.column("cachedWriteTokens");
    this.#reasoning = table.column("reasoningTokens");
    this.#table = table;
  }

  agent(at: number): TallyGroup | undefined {
    return this.#named("agent", this.#agent[at]);
  }

  user(at: number): TallyGroup | undefined {
    return this.#named("user", this.#user[at]);
  }

  /** The model or the tool. */
  called(at: number): TallyGroup | undefined {
    const flags = this.flags[at] ?? 0;
    if ((flags & FLAG.model) !== 0) return this.#named("model", this.#model[at], UNNAMED);
    return (flags & FLAG.tool) === 0 ? undefined : this.#named("tool", this.#tool[at], UNNAMED);
  }

  /** How long it took; undefined where it has not ended. */
  ms(at: number): number | undefined {
    const hasEnded = ((this.flags[at] ?? 0) & FLAG.ended) !== 0;
    return hasEnded ? (this.#micros[at] ?? 0) / 1000 : undefined;
  }

  /** Puts its tokens into `use`, and what they cost. */
  use(at: number, use: CallUse, prices: PriceTable | undefined): void {
    use.input = this.#input[at] ?? 0;
    use.output = this.#output[at] ?? 0;
    use.cachedRead = this.#cachedRead[at] ?? 0;
    use.cachedWrite = this.#cachedWrite[at] ?? 0;
    use.reasoning = this.#reasoning[at] ?? 0;
    use.cost = prices === undefined ? Number.NaN : this.#cost(at, prices);
  }

  /** NaN where nobody knows. */
  #cost(at: number, prices: PriceTable): number {
    const facts: { -readonly [K in keyof SpanFacts]: SpanFacts[K] } = { kind: "model-call" };
    for (const [, name] of TOKENS) facts[name] = this.#table.column(name)[at] ?? 0;
    const model = this.#names[(this.#model[at] ?? NO_NAME) - 1];
    const provider = this.#names[(this.#provider[at] ?? NO_NAME) - 1];
    if (model !== undefined) facts.model = model;
    if (provider !== undefined) facts.provider = provider;
    return costOfCall({ facts, span: { startedAtMicros: this.start[at] ?? 0 } }, prices) ?? Number.NaN;
  }

  #named(by: Named, number: number = NO_NAME, otherwise?: string): TallyGroup | undefined {
    const known = this.#known[by][number];
    if (known !== undefined) return known;
    const name = this.#names[number - 1] ?? otherwise;
    const group = name === undefined ? undefined : this.#groupOf(by, name);
    this.#known[by][number] = group;
    return group;
  }
}

type Named = "model" | "tool" | "agent" | "user";
