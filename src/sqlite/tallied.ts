// What is kept beside the spans for the next count, as readers have it: read, or made where it is not there.
import { decodeEvents, STORED_EVENTS_VERSION } from "../conventions/stored-events.ts";
import type { TallyEvents } from "../conventions/tally-events.ts";
import { type Chunk, chunkOf, HAS_TALLIED, type MadeChunk, type ReadRows } from "./chunks.ts";
import { groupedOutlines } from "./outline-rows.ts";
import type { View } from "./reader.ts";

/** The chunks that are kept in a file. */
export class KeptChunks {
  readonly #view: View;
  #isThere: boolean | undefined;

  constructor(view: View) {
    this.#view = view;
  }

  /** Undefined where it is not kept, or by another release. */
  async get(number: number): Promise<Chunk | undefined> {
    if (!(await this.#hasTable())) return undefined;
    const rows = await this.#view.database.all(
      "SELECT identifier, version, events FROM tallied WHERE chunk = ?",
      [number],
    );
    const events = new Map<string, Uint8Array>();
    let rest: readonly string[] | undefined;
    for (const { identifier, version, events: kept } of rows) {
      if (version !== STORED_EVENTS_VERSION) return undefined;
      if (typeof identifier === "string" && kept instanceof Uint8Array) events.set(identifier, kept);
      else rest = restIn(kept);
    }
    return rest && { rest, events };
  }

  /** The rests of those that are kept, of many at once: their events are not held until they are counted. */
  async rests(numbers: readonly number[]): Promise<ReadonlyMap<number, readonly string[]>> {
    if (!(await this.#hasTable())) return new Map();
    const sql = `SELECT chunk, events FROM tallied
      WHERE chunk IN (SELECT value FROM json_each(?)) AND identifier IS NULL AND version = ?`;
    const rows = await this.#view.database.all(sql, [JSON.stringify(numbers), STORED_EVENTS_VERSION]);
    const rests = rows.map(({ chunk, events }) => [Number(chunk), restIn(events)] as const);
    return new Map(rests.flatMap(([number, rest]) => (rest === undefined ? [] : [[number, rest]])));
  }

  /** Those that are kept. */
  async numbers(): Promise<ReadonlySet<number>> {
    if (!(await this.#hasTable())) return new Set();
    const sql = "SELECT chunk FROM tallied WHERE identifier IS NULL AND version = ?";
    const rows = await this.#view.database.all(sql, [STORED_EVENTS_VERSION]);
    return new Set(rows.map(({ chunk }) => Number(chunk)));
  }

  async #hasTable(): Promise<boolean> {
    if (this.#isThere === undefined) {
      this.#isThere = (await this.#view.database.all(HAS_TALLIED)).length > 0;
    }
    return this.#isThere;
  }
}

function restIn(json: unknown): readonly string[] | undefined {
  try {
    const ids: unknown = JSON.parse(String(json));
    return Array.isArray(ids) ? ids.map(String) : undefined;
  } catch {
    return undefined;
  }
}

/** Makes the chunk, which must be one that gets no more rows. */
export function madeChunk(view: View, number: number): Promise<MadeChunk> {
  const read: ReadRows = (source) => groupedOutlines(view, source);
  return chunkOf(number, { database: view.database, read });
}

/** The events of a chunk, by identifier; undefined where they cannot be read. */
export function eventsIn(
  { events }: Chunk,
  identifier: string | undefined,
): readonly TallyEvents[] | undefined {
  const found: TallyEvents[] = [];
  for (const [owner, bytes] of events) {
    if (identifier !== undefined && owner !== identifier) continue;
    const decoded = decodeEvents(bytes);
    if (decoded === undefined) return undefined;
    found.push(decoded);
  }
  return found;
}
