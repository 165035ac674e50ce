// Counts the spans of a file: whole traces by what was made of them before, the others span by span; no payload is read for it.
import { EventMaker } from "../conventions/event-maker.ts";
import { matches } from "../conventions/matches.ts";
import type { TallyReport } from "../conventions/tally.ts";
import type { TallyEvents } from "../conventions/tally-events.ts";
import { TallySums } from "../conventions/tally-sums.ts";
import { capture } from "../model/capture.ts";
import { isSameConversation } from "../model/conversation.ts";
import { inSlices } from "../model/in-slices.ts";
import type { TraceQuery } from "../model/query.ts";
import { turn } from "../model/timers.ts";
import { readWhere } from "../model/where.ts";
import type { Field } from "../model/where-fields.ts";
import type { Literal, Where } from "../model/where-tree.ts";
import { countedBy, tallyOf } from "../tracing/slow-ways.ts";
import type { TallyQuery } from "../tracing/store.ts";
import { CHUNK_ROWS, type Chunk, openChunk, portionsOf } from "./chunks.ts";
import { isBadValue, isCorrupt } from "./damage.ts";
import type { ReadOutline } from "./decoded-rows.ts";
import { type Bounds, boundsOf, chunksWithin, makeDigests } from "./digests.ts";
import { ROWS_AT_ONCE } from "./grouped-rows.ts";
import { byIds, groupedOutlines, idsIn } from "./outline-rows.ts";
import { indexFor, type SqliteReader, type View } from "./reader.ts";
import { type SqlCondition, TRUE } from "./sql-conditions.ts";
import { eventsIn, KeptChunks, madeChunk } from "./tallied.ts";
import { queryToSql, whereToSql } from "./where-sql.ts";

const TRACES_AT_ONCE = 200;
/** Of which the rests are read together. */
const CHUNKS_AT_ONCE = 50;

/** Counts the spans that the query asks for. */
export async function tallyFile(reader: SqliteReader, query: TallyQuery): Promise<TallyReport> {
  if (isByTimeAlone(countedBy(query))) await makeDigests(reader, query);
  query.signal?.throwIfAborted();
  return reader.look((view) => tallyOfView(view, query));
}

async function tallyOfView(view: View, query: TallyQuery): Promise<TallyReport> {
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
  readonly #bounds: Bounds;
  #done = 0;
  /** About how many spans there are; undefined where nobody knows. */
  #all: number | undefined;

  constructor(view: View, query: TallyQuery) {
    const filter = countedBy(query);
    this.#view = view;
    this.#query = query;
    this.#filter = filter;
    this.#sums = new TallySums(query);
    this.#kept = new KeptChunks(view);
    this.#bounds = boundsOf(filter);
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
    const all = await chunksWithin(this.#view, this.#bounds);
    this.#all = all.length * CHUNK_ROWS;
    for (let at = 0; at < all.length; at += CHUNKS_AT_ONCE) {
      const some = all.slice(at, at + CHUNKS_AT_ONCE);
      const kept = await this.#kept.rests(some);
      for (const number of some) {
        if (number >= open) await this.#addTracesOf(number, rest);
        else chunks.push([number, await this.#noted(number, kept.get(number), rest)]);
        this.#query.signal?.throwIfAborted();
      }
    }
    for (const [number, made] of chunks) await this.#countChunk(number, made, rest);
    await this.#countTraces([...rest]);
  }

  /** Notes the rest of the chunk. Gives the chunk where it was made for that, as those that were kept are not held. */
  async #noted(
    number: number,
    kept: readonly string[] | undefined,
    rest: Set<string>,
  ): Promise<Chunk | undefined> {
    const made = kept === undefined ? await this.#made(number) : undefined;
    for (const id of made?.rest ?? kept ?? []) rest.add(id);
    return made;
  }

  async #made(number: number): Promise<Chunk> {
    const { chunk, statements } = await madeChunk(this.#view, number);
    if (statements !== undefined) void this.#view.keep(statements);
    this.#tell(CHUNK_ROWS);
    return chunk;
  }

  async #countChunk(number: number, made: Chunk | undefined, rest: Set<string>): Promise<void> {
    const chunk = made ?? (await this.#kept.get(number)) ?? (await this.#made(number));
    const { identifier } = this.#filter;
    const [from, before] = this.#bounds;
    const all = eventsIn(chunk, identifier) ?? eventsIn(await this.#made(number), identifier) ?? [];
    for (const events of all) {
      const wanted = events.traces.map(({ id, first, last }) => {
        if (first >= from && last < before) return !rest.has(id);
        if (last >= from && first < before) rest.add(id);
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
      [number * CHUNK_ROWS, (number + 1) * CHUNK_ROWS, ...this.#bounds],
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
      const ids = await idsIn(this.#view, rows, [some, ...this.#bounds, ...own.values]);
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
    for (const number of await chunksWithin(this.#view, this.#bounds)) {
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

  #tell(spans: number): void {
    this.#done += spans;
    const left = this.#all === undefined ? undefined : Math.max(0, this.#all - this.#done);
    this.#query.onProgress?.({ done: this.#done, left });
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
