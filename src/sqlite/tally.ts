// Counts the spans of a file: whole traces by what was made of them before, the others span by span; no payload is read for it.
import { EventMaker } from "../conventions/event-maker.ts";
import { matches } from "../conventions/matches.ts";
import type { TallyReport } from "../conventions/tally.ts";
import type { TallyEvents } from "../conventions/tally-events.ts";
import { TallySums } from "../conventions/tally-sums.ts";
import { capture } from "../model/capture.ts";
import { boundOf } from "../model/clock.ts";
import { isSameConversation } from "../model/conversation.ts";
import type { TraceQuery } from "../model/query.ts";
import { turn } from "../model/timers.ts";
import { readWhere } from "../model/where.ts";
import type { Field } from "../model/where-fields.ts";
import type { Literal, Where } from "../model/where-tree.ts";
import { countedBy, inSlices, tallyOf } from "../tracing/slow-ways.ts";
import type { TallyQuery } from "../tracing/store.ts";
import { CHUNK_ROWS, CHUNKS_FROM, type Chunk, MOST_CHUNKS, openChunk, portionsOf } from "./chunks.ts";
import { isBadValue, isCorrupt } from "./damage.ts";
import type { ReadOutline } from "./decoded-rows.ts";
import { ROWS_AT_ONCE } from "./grouped-rows.ts";
import { byIds, groupedOutlines, idsIn } from "./outline-rows.ts";
import { indexFor, type View } from "./reader.ts";
import { type SqlCondition, TRUE } from "./sql-conditions.ts";
import { eventsIn, KeptChunks, makeChunk } from "./tallied.ts";
import { readableNumber, timeIn } from "./times.ts";
import { queryToSql, whereToSql } from "./where-sql.ts";

/** Spans of one look at the index by start. */
const SPANS_AT_ONCE = 20_000;
const TRACES_AT_ONCE = 200;

/** Counts the spans that the query asks for. */
export async function tallyFile(view: View, query: TallyQuery): Promise<TallyReport> {
  try {
    return await new FileTally(view, query).run();
  } catch (error) {
    // Pages or values that are damaged: what is left is read span by span.
    if (!isCorrupt(error) && !isBadValue(error)) throw error;
    return tallyOf(view.iterate(countedBy(query)), query);
  }
}

class FileTally {
  readonly #view: View;
  readonly #query: TallyQuery;
  readonly #filter: TraceQuery;
  readonly #sums: TallySums;
  /** For spans of traces that are counted span by span. */
  readonly #maker = new EventMaker();
  readonly #kept: KeptChunks;
  readonly #from: number;
  readonly #before: number;
  #done = 0;

  constructor(view: View, query: TallyQuery) {
    const filter = countedBy(query);
    this.#view = view;
    this.#query = query;
    this.#filter = filter;
    this.#sums = new TallySums(query);
    this.#kept = new KeptChunks(view);
    this.#from = filter.since === undefined ? Number.NEGATIVE_INFINITY : boundOf(filter.since);
    this.#before = filter.until === undefined ? Number.POSITIVE_INFINITY : boundOf(filter.until);
  }

  async run(): Promise<TallyReport> {
    if (isByTimeAlone(this.#filter)) await this.#countChunks();
    else await this.#countMatching();
    await this.#sum(await inSlices(this.#maker.events(), this.#query.signal));
    return inSlices(this.#sums.report(), this.#query.signal);
  }

  /** Traces that lie within one chunk and within the time by their events, the others by their spans. */
  async #countChunks(): Promise<void> {
    const open = await openChunk(this.#view.database);
    const rest = new Set<string>();
    const chunks: (readonly [number, Chunk | undefined])[] = [];
    for (const number of await this.#chunks()) {
      if (number >= open) await this.#addTracesOf(number, rest);
      else chunks.push([number, await this.#restOf(number, rest)]);
      this.#query.signal?.throwIfAborted();
    }
    for (const [number, made] of chunks) await this.#countChunk(number, made, rest);
    await this.#countTraces([...rest]);
  }

  /** Notes the rest of the chunk. Gives the chunk where it was made for that, as those that were kept are not held. */
  async #restOf(number: number, rest: Set<string>): Promise<Chunk | undefined> {
    const kept = await this.#kept.get(number);
    const chunk = kept ?? (await this.#made(number));
    for (const id of chunk.rest) rest.add(id);
    return kept === undefined ? chunk : undefined;
  }

  async #made(number: number): Promise<Chunk> {
    const chunk = await makeChunk(this.#view, number);
    this.#tell(CHUNK_ROWS);
    return chunk;
  }

  async #countChunk(number: number, made: Chunk | undefined, rest: Set<string>): Promise<void> {
    const chunk = made ?? (await this.#kept.get(number)) ?? (await this.#made(number));
    const { identifier } = this.#filter;
    const all = eventsIn(chunk, identifier) ?? eventsIn(await this.#made(number), identifier) ?? [];
    for (const events of all) {
      const wanted = events.traces.map(({ id, first, last }) => {
        const isInside = first >= this.#from && last < this.#before;
        if (isInside) return !rest.has(id);
        if (last >= this.#from && first < this.#before) rest.add(id);
        return false;
      });
      await this.#sum(events, (trace) => wanted[trace] === true);
    }
    if (made === undefined) this.#tell(CHUNK_ROWS);
    await turn();
  }

  async #addTracesOf(number: number, rest: Set<string>): Promise<void> {
    const rows = await this.#view.database.all(
      "SELECT DISTINCT trace_id AS id FROM spans WHERE id >= ? AND id < ? AND started_at >= ? AND started_at < ?",
      [number * CHUNK_ROWS, (number + 1) * CHUNK_ROWS, this.#from, this.#before],
    );
    for (const { id } of rows) rest.add(String(id));
  }

  async #countTraces(traces: readonly string[]): Promise<void> {
    const { identifier } = this.#filter;
    const own = identifier === undefined ? TRUE : { sql: "identifier = ?", values: [identifier] };
    for (let at = 0; at < traces.length; at += TRACES_AT_ONCE) {
      const some = JSON.stringify(traces.slice(at, at + TRACES_AT_ONCE));
      const rows = `spans INDEXED BY spans_by_trace WHERE trace_id IN (SELECT value FROM json_each(?))
        AND started_at >= ? AND started_at < ? AND ${own.sql}`;
      const ids = await idsIn(this.#view, rows, [some, this.#from, this.#before, ...own.values]);
      for (const source of byPortions(ids)) await this.#countRows(source, ALL);
    }
  }

  /** Where the filter says more, each span that may match, also without the rest of its trace. */
  async #countMatching(): Promise<void> {
    const sure = sureIn(this.#filter);
    const { sql, values } = queryToSql(this.#filter);
    const index = indexFor(this.#filter);
    if (index !== "spans_by_start") {
      const ids = await idsIn(this.#view, `spans INDEXED BY ${index} WHERE ${sql}`, values);
      for (const source of byPortions(ids)) await this.#countRows(source, sure);
      return;
    }
    for (const number of await this.#chunks()) {
      for (const range of portionsOf(number)) {
        const rows = `spans WHERE id >= ? AND id < ? AND ${sql}`;
        await this.#countRows({ sql: rows, values: [...range, ...values] }, sure);
      }
    }
  }

  /** Those of the rows that match: where SQL is not sure, the spans are read. */
  async #countRows({ sql, values }: SqlCondition, sure: SqlCondition): Promise<void> {
    const source = { key: sure.sql, sql, values: [...sure.values, ...values] };
    for (const [isSure, read] of await groupedOutlines(this.#view, source)) {
      const counted = isSure === "1" ? read.filter((one) => this.#isOf(one)) : await this.#matching(read);
      for (const { outline } of counted) this.#maker.add(outline, outline.facts);
      this.#tell(counted.length);
    }
    this.#query.signal?.throwIfAborted();
    await turn();
  }

  /** What SQL leaves open of a trace's and a conversation's id. */
  #isOf({ outline }: ReadOutline): boolean {
    const { traceId, conversation } = this.#filter;
    if (traceId !== undefined && outline.traceId !== traceId) return false;
    return conversation === undefined || isSameConversation(outline.conversationId, capture(conversation));
  }

  async #matching(read: readonly ReadOutline[]): Promise<readonly ReadOutline[]> {
    const { identifier: _identifier, ...filter } = this.#filter;
    const found = new Set<number>();
    const ids = read.map(({ id }) => id);
    for await (const { id, fields } of this.#view.keyed(ids, "trace_id"))
      if (matches(fields, filter)) found.add(id);
    return read.filter(({ id }) => found.has(id));
  }

  /** Numbers of the chunks that have spans within the time. */
  async #chunks(): Promise<readonly number[]> {
    const { since, until } = this.#filter;
    if (since === undefined && until === undefined) {
      const rows = await this.#view.database.all(CHUNKS_FROM, [0]);
      return rows.map(({ chunk }) => Number(chunk));
    }
    const found = new Set<number>();
    for (let from = this.#from; from < this.#before; ) {
      const before = await this.#windowEnd(from);
      const sql = `SELECT DISTINCT id / ${CHUNK_ROWS} AS chunk FROM spans INDEXED BY spans_by_start
        WHERE started_at >= ? AND started_at < ?`;
      for (const { chunk } of await this.#view.database.all(sql, [from, before])) found.add(Number(chunk));
      await turn();
      from = before;
    }
    return [...found].filter((number) => number < MOST_CHUNKS).sort((a, b) => a - b);
  }

  /** Where the window ends that has about so many spans. */
  async #windowEnd(from: number): Promise<number> {
    const [row] = await this.#view.database.all(
      `SELECT ${readableNumber("started_at")} AS start FROM spans INDEXED BY spans_by_start
       WHERE started_at >= ? AND started_at < ? ORDER BY started_at LIMIT 1 OFFSET ${SPANS_AT_ONCE}`,
      [from, this.#before],
    );
    const end = timeIn(row?.["start"]);
    return end === undefined ? this.#before : Math.max(end, from + 1);
  }

  #tell(spans: number): void {
    this.#done += spans;
    this.#query.onProgress?.(this.#done);
  }

  async #sum(events: TallyEvents, isWanted?: (trace: number) => boolean): Promise<void> {
    await inSlices(this.#sums.add(events, isWanted), this.#query.signal);
  }
}

/** True where whole traces can be counted. */
function isByTimeAlone({
  since: _since,
  until: _until,
  identifier: _identifier,
  ...more
}: TraceQuery): boolean {
  return Object.values(more).every((value) => value === undefined);
}

function* byPortions(ids: readonly number[]): Iterable<SqlCondition> {
  const ordered = [...ids].sort((a, b) => a - b);
  for (let at = 0; at < ordered.length; at += ROWS_AT_ONCE) yield byIds(ordered.slice(at, at + ROWS_AT_ONCE));
}

/** Rows of spans that match for sure, as far as SQL can tell without their ids. */
function sureIn({ spanName, spanStatus, failed, attributeFilter, where }: TraceQuery): SqlCondition {
  if (attributeFilter !== undefined) return NONE;
  const parts: Where[] = where === undefined ? [] : [readWhere(where)];
  const equal = (field: Field, value: Literal | undefined): void => {
    if (value === undefined) return;
    parts.push({ kind: "compare", name: { kind: "field", field }, operator: "=", value });
  };
  equal("span_name", spanName);
  equal("span_status", spanStatus);
  equal("failed", failed);
  return whereToSql({ kind: "and", parts }).must;
}

const ALL: SqlCondition = { sql: "1", values: [] };
const NONE: SqlCondition = { sql: "0", values: [] };
