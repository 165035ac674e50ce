// What a count is made of: what each span adds to it, as columns of numbers.
import { TOKENS, type TokenFacts } from "./facts.ts";

/**
 * What is kept of an event: its trace by number, when it began, how many microseconds it took, its flags; its names as places in
 * the list of names, plus one, and 0 for none; how many it stands for, and 0 for itself alone; and its tokens.
 */
export const EVENT_COLUMNS: readonly EventColumn[] = [
  ...([
    "trace",
    "start",
    "micros",
    "flags",
    "model",
    "provider",
    "tool",
    "agent",
    "user",
    "error",
    "weight",
  ] as const),
  ...TOKENS.map(([, name]) => name),
];

/** The name of a column. */
export type EventColumn =
  | "trace"
  | "start"
  | "micros"
  | "flags"
  | "model"
  | "provider"
  | "tool"
  | "agent"
  | "user"
  | "error"
  | "weight"
  | keyof TokenFacts;

/** What an event is. */
export const FLAG = {
  failed: 1,
  /** The span is a call of a model, or of a tool. */
  model: 2,
  tool: 4,
  /** The call counts: no other span has it. */
  counted: 8,
  /** Its tokens count. */
  used: 16,
  /** A turn, not a span. */
  turn: 32,
  ended: 64,
} as const;

/** No name. */
export const NO_NAME = 0;

const FIRST_SIZE = 64;

/** Events by number. Numbers, since there may be as many as there are spans. */
export class EventTable {
  readonly #columns: Map<EventColumn, Float64Array>;
  #size: number;

  /** Of nothing, or of these columns, each of this size at least. */
  constructor(columns: Iterable<readonly [EventColumn, Float64Array]> = [], size: number = 0) {
    this.#columns = new Map(columns);
    this.#size = size;
    for (const name of EVENT_COLUMNS)
      if (!this.#columns.has(name)) this.#columns.set(name, new Float64Array(Math.max(size, FIRST_SIZE)));
  }

  /** How many there are. */
  get size(): number {
    return this.#size;
  }

  /** One number an event; there is room for more than there are. Another after `add`. */
  column(name: EventColumn): Float64Array {
    return this.#columns.get(name) ?? EMPTY;
  }

  /** Adds an event; what is not said is 0. Gives its number. */
  add(): number {
    if (this.#size === this.column("trace").length) this.#grow();
    return this.#size++;
  }

  /** Says more of an event. */
  set(at: number, name: EventColumn, value: number): void {
    this.column(name)[at] = value;
  }

  #grow(): void {
    for (const [name, column] of this.#columns) {
      const larger = new Float64Array(2 * column.length);
      larger.set(column);
      this.#columns.set(name, larger);
    }
  }
}

const EMPTY = new Float64Array();

/** The events of whole traces. */
export interface TallyEvents {
  /** Of models, providers, tools, agents and users, and words of errors. */
  readonly names: readonly string[];
  /** By number. */
  readonly traces: readonly TalliedTrace[];
  readonly table: EventTable;
}

/** What there is of a trace. */
export interface TalliedTrace {
  readonly id: string;
  /** How many spans it has, and when the first and the last of them began, in microseconds. */
  readonly spans: number;
  readonly first: number;
  readonly last: number;
  /** How many traces it stands for, and how many spans its own do. */
  readonly weight: number;
  readonly estimated: number;
}
