// The events of one portion, by number: what each says.
import { costOfCall, type PriceTable } from "./cost.ts";
import { type SpanFacts, TOKENS } from "./facts.ts";
import { type EventColumn, type EventTable, FLAG, NO_NAME, type TallyEvents } from "./tally-events.ts";
import type { CallUse } from "./tally-group.ts";

/** What names stand for. */
export type Named = "model" | "tool" | "agent" | "user" | "error";

/** Reads events. There may be millions: each column is looked up once. */
export class Portion {
  readonly flags: Float64Array;
  readonly start: Float64Array;
  readonly trace: Float64Array;
  readonly #weight: Float64Array;
  readonly #micros: Float64Array;
  readonly #provider: Float64Array;
  readonly #input: Float64Array;
  readonly #output: Float64Array;
  readonly #cachedRead: Float64Array;
  readonly #cachedWrite: Float64Array;
  readonly #reasoning: Float64Array;
  readonly #named: Readonly<Record<Named, Float64Array>>;
  readonly #table: EventTable;
  readonly #names: readonly string[];
  readonly #prices: PriceTable | undefined;
  /** The same object each time. */
  readonly #use: CallUse = { input: 0, output: 0, cachedRead: 0, cachedWrite: 0, reasoning: 0, cost: 0 };

  constructor({ names, table }: TallyEvents, prices: PriceTable | undefined) {
    const of = (name: EventColumn): Float64Array => table.column(name);
    this.#names = names;
    this.#table = table;
    this.#prices = prices;
    [this.flags, this.start, this.trace] = [of("flags"), of("start"), of("trace")];
    [this.#micros, this.#provider, this.#weight] = [of("micros"), of("provider"), of("weight")];
    [this.#input, this.#output, this.#reasoning] = [
      of("inputTokens"),
      of("outputTokens"),
      of("reasoningTokens"),
    ];
    [this.#cachedRead, this.#cachedWrite] = [of("cachedReadTokens"), of("cachedWriteTokens")];
    this.#named = {
      ...{ model: of("model"), tool: of("tool"), agent: of("agent"), user: of("user"), error: of("error") },
    };
  }

  /** So many. */
  get size(): number {
    return this.#table.size;
  }

  /** The number of a name of the event. */
  number(what: Named, at: number): number {
    return this.#named[what][at] ?? NO_NAME;
  }

  /** The name of that number. */
  name(number: number): string | undefined {
    return this.#names[number - 1];
  }

  /** How many it stands for. */
  weight(at: number): number {
    return this.#weight[at] || 1;
  }

  /** How long it took; undefined where it has not ended. */
  ms(at: number): number | undefined {
    const hasEnded = ((this.flags[at] ?? 0) & FLAG.ended) !== 0;
    return hasEnded ? (this.#micros[at] ?? 0) / 1000 : undefined;
  }

  /** Its tokens, and what they cost, until asked again; undefined where they do not count. */
  use(at: number): CallUse | undefined {
    if (((this.flags[at] ?? 0) & FLAG.used) === 0) return undefined;
    const use = this.#use;
    use.input = this.#input[at] ?? 0;
    use.output = this.#output[at] ?? 0;
    use.cachedRead = this.#cachedRead[at] ?? 0;
    use.cachedWrite = this.#cachedWrite[at] ?? 0;
    use.reasoning = this.#reasoning[at] ?? 0;
    use.cost = this.#prices === undefined ? Number.NaN : this.#cost(at, this.#prices);
    return use;
  }

  /** NaN where nobody knows. */
  #cost(at: number, prices: PriceTable): number {
    const facts: { -readonly [K in keyof SpanFacts]: SpanFacts[K] } = { kind: "model-call" };
    for (const [, name] of TOKENS) facts[name] = this.#table.column(name)[at] ?? 0;
    const model = this.name(this.number("model", at));
    const provider = this.name(this.#provider[at] ?? NO_NAME);
    if (model !== undefined) facts.model = model;
    if (provider !== undefined) facts.provider = provider;
    return costOfCall({ facts, span: { startedAtMicros: this.start[at] ?? 0 } }, prices) ?? Number.NaN;
  }
}
