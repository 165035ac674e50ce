// What a count is made of, as it is kept beside the spans: by chunks of rows, each made once, when it has got all of them.
import { EventMaker } from "../conventions/event-maker.ts";
import { encodeEvents, STORED_EVENTS_VERSION } from "../conventions/stored-events.ts";
import { inSlices } from "../model/in-slices.ts";
import { turn } from "../model/timers.ts";
import type { Reading, SqlStatement } from "./database.ts";
import type { ReadOutline } from "./decoded-rows.ts";
import { type OutlineSource, ROWS_AT_ONCE } from "./grouped-rows.ts";

/** A chunk has the rows with so many numbers: those of which `id / CHUNK_ROWS` is its own. */
export const CHUNK_ROWS = 4096;
const TRACES_AT_ONCE = 500;

/** The events of one chunk. */
export interface Chunk {
  /** Traces that have spans in other chunks too, or that run: they are read span by span. */
  readonly rest: readonly string[];
  /** Those of the other traces, as `encodeEvents` has them, by identifier. */
  readonly events: ReadonlyMap<string, Uint8Array>;
}

/** Reads the outlines of rows, by key. */
export type ReadRows = (source: OutlineSource) => Promise<ReadonlyMap<string, readonly ReadOutline[]>>;

/** A chunk that was made. */
export interface MadeChunk {
  readonly chunk: Chunk;
  /** What keeps it; undefined where it is not to be kept. */
  readonly statements: readonly SqlStatement[] | undefined;
}

/** The number of the chunk that gets rows still. */
export async function openChunk(database: Reading): Promise<number> {
  const [row] = await database.all(`SELECT max(id) AS id FROM spans WHERE id < ${Number.MAX_SAFE_INTEGER}`);
  return Math.floor(Number(row?.["id"] ?? 0) / CHUNK_ROWS);
}

/** Makes the chunk, in slices. It must be one that gets no more rows. */
export async function chunkOf(number: number, { database, read }: ChunkSource): Promise<MadeChunk> {
  const [from, to] = [number * CHUNK_ROWS, (number + 1) * CHUNK_ROWS];
  const traces = new ChunkTraces();
  for (const values of portionsOf(number)) {
    const source = { key: "identifier", sql: "spans WHERE id >= ? AND id < ?", values };
    for (const [identifier, outlines] of await read(source)) traces.add(identifier, outlines);
    await turn();
  }
  traces.setRest(await alsoElsewhere(database, traces.ids, { from, to }));
  const chunk = { rest: traces.rest, events: await traces.events() };
  const { keeping } = traces;
  return { chunk, statements: keeping && statementsFor(number, chunk, keeping) };
}

/** Where a chunk is read. */
interface ChunkSource {
  readonly database: Reading;
  readonly read: ReadRows;
}

/** The numbers of a chunk's rows, some at a time: from one on, before another. */
export function* portionsOf(number: number): Iterable<[number, number]> {
  const end = (number + 1) * CHUNK_ROWS;
  for (let id = number * CHUNK_ROWS; id < end; id += ROWS_AT_ONCE)
    yield [id, Math.min(id + ROWS_AT_ONCE, end)];
}

/** Those of the traces that have spans in other chunks. */
async function alsoElsewhere(
  database: Reading,
  ids: readonly string[],
  { from, to }: { readonly from: number; readonly to: number },
): Promise<ReadonlySet<string>> {
  const found = new Set<string>();
  for (let at = 0; at < ids.length; at += TRACES_AT_ONCE) {
    const rows = await database.all(
      `SELECT value AS id FROM json_each(?) AS traces WHERE EXISTS (SELECT 1 FROM spans INDEXED BY spans_by_trace
       WHERE trace_id = traces.value AND (spans.id < ? OR spans.id >= ?))`,
      [JSON.stringify(ids.slice(at, at + TRACES_AT_ONCE)), from, to],
    );
    for (const { id } of rows) found.add(String(id));
    await turn();
  }
  return found;
}

/** What a chunk is known by when it is kept: it is not, where a row was removed meanwhile, or the file replaced. */
interface Keeping {
  readonly rows: number;
  readonly one: ReadOutline;
}

/** The spans of a chunk, by trace. */
class ChunkTraces {
  readonly #traces = new Map<string, ChunkTrace>();
  #rows = 0;
  #one: ReadOutline | undefined;
  #hasOldFacts = false;

  add(identifier: string, read: readonly ReadOutline[]): void {
    for (const one of read) {
      this.#rows++;
      this.#one ??= one;
      this.#hasOldFacts ||= one.isOld;
      this.#addTo(one.outline.traceId, identifier, one);
    }
  }

  #addTo(traceId: string, identifier: string, one: ReadOutline): void {
    let trace = this.#traces.get(traceId);
    if (trace === undefined) {
      trace = { identifier, spans: [], isRest: false };
      this.#traces.set(traceId, trace);
    }
    trace.spans.push(one);
    trace.isRest ||= identifier !== trace.identifier || one.outline.endedAtMicros === undefined;
  }

  get ids(): readonly string[] {
    return [...this.#traces.keys()];
  }

  /** These are part of the rest, too. */
  setRest(ids: ReadonlySet<string>): void {
    for (const [id, trace] of this.#traces) trace.isRest ||= ids.has(id);
  }

  get rest(): readonly string[] {
    return [...this.#traces].flatMap(([id, { isRest }]) => (isRest ? [id] : []));
  }

  /** Of the traces that are not rest. */
  async events(): Promise<ReadonlyMap<string, Uint8Array>> {
    const makers = new Map<string, EventMaker>();
    for (const { identifier, spans, isRest } of this.#traces.values()) {
      if (isRest) continue;
      const maker = makers.get(identifier) ?? new EventMaker();
      makers.set(identifier, maker);
      for (const { outline } of spans) maker.add(outline, outline.facts);
    }
    const events = new Map<string, Uint8Array>();
    for (const [identifier, maker] of makers) {
      await turn();
      events.set(identifier, encodeEvents(await inSlices(maker.events())));
    }
    return events;
  }

  /** Undefined where it is not to be kept: spans that could not be read have old facts, and may be read the next time. */
  get keeping(): Keeping | undefined {
    return this.#one === undefined || this.#hasOldFacts ? undefined : { rows: this.#rows, one: this.#one };
  }
}

interface ChunkTrace {
  readonly identifier: string;
  readonly spans: ReadOutline[];
  isRest: boolean;
}

function statementsFor(
  number: number,
  { rest, events }: Chunk,
  { rows, one: { id, outline } }: Keeping,
): readonly SqlStatement[] {
  const version = STORED_EVENTS_VERSION;
  const guard = [number * CHUNK_ROWS, (number + 1) * CHUNK_ROWS, rows, id, outline.traceId, outline.spanId];
  return [
    ...MAKE_TABLE.map((sql) => ({ sql })),
    { sql: "DELETE FROM tallied WHERE chunk = ?", values: [number] },
    { sql: ADD_REST, values: [number, version, JSON.stringify(rest), ...guard] },
    ...[...events].map(([identifier, bytes]) => ({
      sql: ADD_EVENTS,
      values: [number, identifier, version, bytes, number],
    })),
  ];
}

/** The events of spans that are removed go with them. */
const MAKE_TABLE: readonly string[] = [
  `CREATE TABLE IF NOT EXISTS tallied (
    chunk INTEGER NOT NULL,
    identifier TEXT,
    version INTEGER NOT NULL,
    events BLOB NOT NULL,
    PRIMARY KEY (chunk, identifier)
  )`,
  `CREATE TRIGGER IF NOT EXISTS tallied_forgets AFTER DELETE ON spans
   BEGIN DELETE FROM tallied WHERE chunk = old.id / ${CHUNK_ROWS}; END`,
];

/** A row where there is a table of digests. */
export const HAS_TALLIED = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'tallied'";

/** The row without an identifier has the rest; it is there where the chunk is whole. */
const ADD_REST = `INSERT INTO tallied SELECT ?, NULL, ?, ?
  WHERE (SELECT count(*) FROM spans WHERE id >= ? AND id < ?) = ?
    AND EXISTS (SELECT 1 FROM spans WHERE id = ? AND trace_id = ? AND span_id = ?)`;
const ADD_EVENTS = `INSERT INTO tallied SELECT ?, ?, ?, ?
  WHERE EXISTS (SELECT 1 FROM tallied WHERE chunk = ? AND identifier IS NULL)`;

/** Numbers that a damaged file may have are left out, as there is none behind them. */
export const MOST_CHUNKS: number = Number.MAX_SAFE_INTEGER / CHUNK_ROWS - 1;

/** The numbers of the chunks that have rows, from one to the next; the value is the least number of a row. */
export const CHUNKS_FROM: string = `WITH RECURSIVE chunks (chunk) AS (
  SELECT min(id) / ${CHUNK_ROWS} FROM spans WHERE id >= ?
  UNION ALL
  SELECT (SELECT min(id) / ${CHUNK_ROWS} FROM spans WHERE id >= (chunks.chunk + 1) * ${CHUNK_ROWS}) FROM chunks
  WHERE chunks.chunk < ${Math.floor(MOST_CHUNKS)}
) SELECT chunk FROM chunks WHERE chunk IS NOT NULL`;
