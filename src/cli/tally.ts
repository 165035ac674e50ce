// Calls counted by model, tool and day: times, errors and tokens, without keeping the spans.
import { beginsTurn, factsOf } from "../conventions/summary.ts";
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

/** Counts spans as they come. */
export class Tally {
  readonly #groups: Readonly<Record<Grouping, Map<string, Group>>> = {
    model: new Map(),
    tool: new Map(),
    day: new Map(),
  };
  readonly #traces = new Set<string>();
  #spans = 0;
  #errors = 0;
  #first = Number.POSITIVE_INFINITY;
  #last = Number.NEGATIVE_INFINITY;

  add(span: SpanFields): void {
    const facts = factsOf(span);
    const failed = facts.failed === true;
    this.#spans++;
    if (failed) this.#errors++;
    this.#traces.add(span.traceId);
    this.#first = Math.min(this.#first, span.startedAtMicros);
    this.#last = Math.max(this.#last, span.startedAtMicros);
    const { kind, model = "(unnamed)", tool = "(unnamed)" } = facts;
    // An agent's tokens are those of its model calls once more.
    const { inputTokens = 0, outputTokens = 0 } = kind === "agent" || kind === "chain" ? {} : facts;
    const ms =
      span.endedAtMicros === undefined ? undefined : (span.endedAtMicros - span.startedAtMicros) / 1000;
    if (kind === "model-call") this.#group("model", model).add({ ms, failed, inputTokens, outputTokens });
    if (kind === "tool-call") this.#group("tool", tool).add({ ms, failed, inputTokens: 0, outputTokens: 0 });
    const today = this.#group("day", day(new Date(span.startedAtMicros / 1000)));
    if (beginsTurn(span)) today.call(ms);
    today.count({ failed, inputTokens, outputTokens });
  }

  #group(by: Grouping, name: string): Group {
    const groups = this.#groups[by];
    const key = groups.has(name) || groups.size < MAX_NAMES ? name : OTHERS;
    const group = groups.get(key) ?? new Group();
    groups.set(key, group);
    return group;
  }

  /** The rows of a grouping: days in order, else the most called first. */
  rows(by: Grouping): TallyRow[] {
    const rows = [...this.#groups[by]].map(([name, group]) => group.row(by, name));
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
      traces: this.#traces.size,
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

interface Counted {
  readonly failed: boolean;
  readonly inputTokens: number;
  readonly outputTokens: number;
}

class Group {
  #calls = 0;
  #errors = 0;
  #inputTokens = 0;
  #outputTokens = 0;
  readonly #times: number[] = [];

  add({ ms, ...counted }: Counted & { readonly ms: number | undefined }): void {
    this.call(ms);
    this.count(counted);
  }

  call(ms: number | undefined): void {
    this.#calls++;
    if (ms !== undefined) this.#times.push(ms);
  }

  count({ failed, inputTokens, outputTokens }: Counted): void {
    if (failed) this.#errors++;
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
