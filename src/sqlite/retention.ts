// Retention: whole traces go, the oldest first, in slices, until age and size are within their bounds.

import { nowMicros } from "../model/clock.ts";
import type { OptionRules } from "../model/options.ts";
import { checkOptions, is } from "../model/options.ts";
import { delay, systemNow } from "../model/timers.ts";
import type { Removed } from "../tracing/store.ts";
import type { Row, SqlValue } from "./connection.ts";
import type { Database, SqlStatement } from "./database.ts";
import { exactly, type StateOf } from "./decoded-rows.ts";
import { Forgetting } from "./forgetting.ts";
import { emptyLog, giveBackPages, numberOf } from "./giving-back.ts";
import { nodePrefix, scopeOf } from "./message-chains.ts";
import { type States, UNKNOWN_WRITER } from "./states.ts";
import { NO_NUMBER } from "./times.ts";

/** How long traces are kept. */
export interface RetentionOptions {
  /** Traces whose last span began longer ago are removed, in days. Default 30; Infinity keeps them. */
  readonly maxAgeDays?: number | undefined;
  /** Beyond so many bytes the oldest traces are removed. Default 2 GiB; Infinity sets no bound. */
  readonly maxBytes?: number | undefined;
  /** Told of what was removed, whenever something was. */
  readonly onRemoved?: ((removed: Removed) => void) | undefined;
}

/** The bounds, in the units of the file. */
export interface RetentionBounds {
  readonly maxAgeMicros: number;
  readonly maxBytes: number;
}

const DAY_MICROS = 24 * 60 * 60 * 1e6;
const DEFAULT_DAYS = 30;
const DEFAULT_BYTES = 2 * 1024 ** 3;
/** Spans that one transaction removes, about: some ten milliseconds on another thread. */
const SLICE_SPANS = 500;
const SLICE_TRACES = 100;
/** A file that was too large is brought to so much of its bound, so that there is room before the next time. */
const ENOUGH = 0.9;
/** Of more spans than this a slice is small enough anyway. */
const MOST_COUNTED = 20_000;
/** Slices between two checkpoints. */
const CHECKPOINT_EVERY = 10;
/** Between slices others may write. */
const PAUSE_MS = 10;

const CHECKS: OptionRules["checks"] = {
  maxAgeDays: (value) => (value === Number.POSITIVE_INFINITY ? undefined : is.amount(0)(value)),
  maxBytes: is.count(0),
  onRemoved: is.fn,
};

/** Says what the option `retention` should have been; undefined where it is fine. */
export function isRetention(value: unknown): string | undefined {
  if (value === false) return undefined;
  if (typeof value !== "object" || value === null) return "false or an object with maxAgeDays and maxBytes";
  checkOptions(value, { owner: "retention", checks: CHECKS });
  return undefined;
}

/** The bounds that the options mean. */
export function retentionBounds(options: RetentionOptions = {}): RetentionBounds {
  const { maxAgeDays = DEFAULT_DAYS, maxBytes = DEFAULT_BYTES } = options;
  return { maxAgeMicros: maxAgeDays * DAY_MICROS, maxBytes };
}

interface RetentionWay {
  readonly isBackground?: boolean;
}

/** Removes what is beyond the bounds from one file. Spans of living processes that run keep their trace. */
export class Retention {
  readonly #database: Database;
  readonly #states: States;
  readonly #isBackground: boolean;
  readonly #forgetting: Forgetting;
  /** Bytes of the search index when the run began: no span costs them. */
  #indexBytes = 0;
  #spans = 0;
  #traces = 0;
  #slices = 0;

  /** `isBackground` lets the process end meanwhile. */
  constructor(database: Database, states: States, { isBackground = false }: RetentionWay = {}) {
    this.#database = database;
    this.#states = states;
    this.#isBackground = isBackground;
    this.#forgetting = new Forgetting(database);
  }

  /**
   * Removes all that is to be removed now; `progress` is called between slices, and what it throws ends the work. Rejects
   * with that, or with what SQLite says.
   */
  async run(
    bounds: RetentionBounds,
    progress: (removed: Removed) => void = () => undefined,
  ): Promise<Removed> {
    this.#spans = 0;
    this.#traces = 0;
    this.#indexBytes = 0;
    await this.#states.bury();
    await this.#forgetting.begin();
    const all = await this.#bytes();
    const so = () => ({ traces: this.#traces, spans: this.#spans, bytes: 0 });
    const told = () => progress(so());
    await this.#removeOlderThan(systemNow() * 1000 - bounds.maxAgeMicros, told);
    const aged = this.#traces;
    if ((await this.#bytes()) > bounds.maxBytes) await this.#shrinkTo(bounds.maxBytes, told);
    if (this.#traces > 0) await this.#note(aged > 0 ? "age" : "size");
    if (!this.#forgetting.isDue) return so();
    await this.#forgetting.forget(() => this.#pause(told));
    this.#indexBytes = 0;
    const removed = { ...so(), bytes: Math.max(0, all - (await this.#bytes())) };
    const pause = () => this.#pause(told);
    await giveBackPages(this.#database, pause);
    await emptyLog(this.#database, pause);
    return removed;
  }

  async #removeOlderThan(cutoff: number, progress: () => void): Promise<void> {
    if (!Number.isFinite(cutoff)) return;
    const sql = `${OLDEST} WHERE started_at < ? AND (started_at, id) > (?, ?) ${IN_ORDER} LIMIT ${SLICE_SPANS}`;
    for (let place: StartAndId = [Number.NEGATIVE_INFINITY, 0]; ; ) {
      const rows = await this.#database.all(sql, [cutoff, ...place]);
      const last = rows.at(-1);
      if (last === undefined) return;
      place = placeOf(last);
      await this.#remove(rows, cutoff);
      await this.#pause(progress);
    }
  }

  /** The search index is measured only now, since that takes a look at all of it. */
  async #shrinkTo(maxBytes: number, progress: () => void): Promise<void> {
    this.#indexBytes = await this.#forgetting.indexBytes();
    if ((await this.#bytes()) > maxBytes) await this.#removeBeyond(maxBytes * ENOUGH, progress);
  }

  async #removeBeyond(bytes: number, progress: () => void): Promise<void> {
    const sql = `${OLDEST} WHERE (started_at, id) > (?, ?) ${IN_ORDER} LIMIT ?`;
    for (let place: StartAndId = [Number.NEGATIVE_INFINITY, 0]; ; ) {
      const excess = 1 - bytes / (await this.#bytes());
      if (excess <= 0) return;
      const rows = await this.#database.all(sql, [...place, await this.#sliceOf(excess)]);
      const last = rows.at(-1);
      if (last === undefined) return;
      place = placeOf(last);
      await this.#remove(rows, Number.POSITIVE_INFINITY);
      await this.#pause(progress);
    }
  }

  /** How many spans to remove at a time: few where they are large, so that not much more goes than has to. */
  async #sliceOf(excess: number): Promise<number> {
    const sql = "SELECT count(*) AS n FROM (SELECT 1 FROM spans LIMIT ?)";
    const [row] = await this.#database.all(sql, [MOST_COUNTED]);
    return Math.max(1, Math.min(SLICE_SPANS, Math.floor((Number(row?.["n"]) * excess) / 2)));
  }

  /** Others may write; now and then the log, which grows with what is removed, is brought into the file. */
  async #pause(progress: () => void): Promise<void> {
    if (++this.#slices % CHECKPOINT_EVERY === 0) await this.#database.all("PRAGMA wal_checkpoint(PASSIVE)");
    progress();
    await delay(PAUSE_MS, undefined, { ref: !this.#isBackground });
  }

  /** Removes the traces of these rows of which no span began at `cutoff` or later, and none runs. */
  async #remove(oldest: readonly Row[], cutoff: number): Promise<void> {
    // A row that is so damaged is a trace by itself.
    const odd = oldest.filter((row) => typeof row["trace_id"] !== "string");
    if (odd.length > 0) await this.#delete(odd);
    const all = [...new Set(oldest.map(traceOf))];
    for (let from = 0; from < all.length; from += SLICE_TRACES) {
      const stateOf = await this.#states.now();
      const found = await this.#database.all(
        `SELECT trace_id, ${exactly("id")}, ${exactly("started_at")}, ended_at IS NULL AS is_open,
         ${exactly("writer")}, conversation FROM spans INDEXED BY spans_by_trace WHERE trace_id IN (SELECT value FROM json_each(?))`,
        [JSON.stringify(all.slice(from, from + SLICE_TRACES))],
      );
      const kept = new Set(
        found.filter((row) => Number(row["started_at"]) >= cutoff || isAlive(row, stateOf)).map(traceOf),
      );
      const going = found.filter((row) => !kept.has(traceOf(row)));
      if (going.length > 0) await this.#delete(going);
    }
  }

  async #delete(rows: readonly Row[]): Promise<void> {
    const traces = [...new Set(rows.map(traceOf))];
    const conversations = [
      ...new Set(
        rows.flatMap(({ conversation }) => (typeof conversation === "string" ? [conversation] : [])),
      ),
    ];
    const ids = rows.map(({ id }) => id ?? null);
    const changes = await this.#database.write([
      {
        sql: "DELETE FROM spans WHERE id IN (SELECT value FROM json_each(?))",
        values: [JSON.stringify(ids)],
      },
      ...traces.map((trace) => ({ sql: REMOVE_PIECES, values: [`${trace}/`, `${trace}0`, trace] })),
      ...traces.flatMap((trace) => scopeStatements(scopeOf(trace, null), "trace_id = ?", trace)),
      ...conversations.flatMap((conversation) =>
        scopeStatements(scopeOf("", conversation), "conversation = ?", conversation),
      ),
      ...(await this.#forgetting.also(ids.map(Number))),
    ]);
    this.#spans += changes[0] ?? 0;
    this.#traces += traces.length;
  }

  async #note(reason: string): Promise<void> {
    await this.#database.write([
      {
        sql: "INSERT INTO removals (at, reason, traces, spans) VALUES (?, ?, ?, ?)",
        values: [nowMicros(), reason, this.#traces, this.#spans],
      },
    ]);
  }

  /** Bytes of the pages in use, but for those of the search index. */
  async #bytes(): Promise<number> {
    const pages =
      (await numberOf(this.#database, "page_count")) - (await numberOf(this.#database, "freelist_count"));
    return pages * (await numberOf(this.#database, "page_size")) - this.#indexBytes;
  }
}

/** Pieces that are being written: their row is still to come. */
export const IS_NO_CLAIM: string = "owner NOT IN (SELECT prefix || '/' || id FROM claims)";
/** Of a trace, those of spans without a row. Their owner is the trace, a slash, the span's 16 digits, and more. */
const REMOVE_PIECES = `DELETE FROM pieces WHERE owner >= ? AND owner < ? AND ${IS_NO_CLAIM}
  AND NOT EXISTS (SELECT 1 FROM spans WHERE trace_id = ? AND span_id = substr(owner, 34, 16))`;
export const NODE: string = `'${nodePrefix("")}'`;

/** The message lists of a scope go when none of its spans is left. */
function scopeStatements(scope: string, condition: string, value: string): SqlStatement[] {
  const unused = `NOT EXISTS (SELECT 1 FROM spans WHERE ${condition})`;
  return [
    {
      sql: `DELETE FROM pieces WHERE rowid IN (
          SELECT p.rowid FROM message_nodes AS n CROSS JOIN pieces AS p
          ON p.owner >= ${NODE} || n.hash AND p.owner < ${NODE} || n.hash || '0' WHERE n.scope = ?
        ) AND ${IS_NO_CLAIM} AND ${unused}`,
      values: [scope, value],
    },
    { sql: `DELETE FROM message_nodes WHERE scope = ? AND ${unused}`, values: [scope, value] },
  ];
}

/** A span whose writer nobody knows may be of long ago: it keeps nothing. */
function isAlive({ is_open: isOpen, writer = null }: Row, stateOf: StateOf): boolean {
  return isOpen === 1 && writer !== UNKNOWN_WRITER && stateOf(writer) === "running";
}

/** A start and the number of a row, as the file has them. */
type StartAndId = readonly [SqlValue, SqlValue];

/** What is no number comes last; behind null there is nothing. */
function placeOf({ started_at: start = null, id = null }: Row): StartAndId {
  return [start === NO_NUMBER ? null : start, id];
}

const OLDEST = `SELECT trace_id, conversation, ${exactly("started_at")}, ${exactly("id")} FROM spans INDEXED BY spans_by_start`;
const IN_ORDER = "ORDER BY spans.started_at, spans.id";

function traceOf(row: Row): string {
  return String(row["trace_id"]);
}
