// Digests of a file, made by those who read it: before a count, and after an import.
import { boundOf } from "../model/clock.ts";
import type { TraceQuery } from "../model/query.ts";
import { delay, turn } from "../model/timers.ts";
import type { TallyQuery } from "../tracing/store.ts";
import { CHUNK_ROWS, CHUNKS_FROM, MOST_CHUNKS, openChunk } from "./chunks.ts";
import type { SqlStatement } from "./database.ts";
import type { SqliteReader, View } from "./reader.ts";
import { KeptChunks, madeChunk } from "./tallied.ts";
import { readableNumber, timeIn } from "./times.ts";

/** Spans of one look at the index by start. */
const SPANS_AT_ONCE = 20_000;

/** When spans began, in microseconds: from the first on, before the second. */
export type Bounds = readonly [from: number, before: number];

/** The time of a query. */
export function boundsOf({ since, until }: TraceQuery): Bounds {
  return [
    since === undefined ? Number.NEGATIVE_INFINITY : boundOf(since),
    until === undefined ? Number.POSITIVE_INFINITY : boundOf(until),
  ];
}

/** Numbers of the chunks that have spans within the time. */
export async function chunksWithin({ database }: View, [first, before]: Bounds): Promise<readonly number[]> {
  if (first === Number.NEGATIVE_INFINITY && before === Number.POSITIVE_INFINITY) {
    const rows = await database.all(CHUNKS_FROM, [0]);
    return rows.map(({ chunk }) => Number(chunk));
  }
  const found = new Set<number>();
  for (let from = first; from < before; ) {
    const end = await windowEnd({ database }, [from, before]);
    const sql = `SELECT DISTINCT id / ${CHUNK_ROWS} AS chunk FROM spans INDEXED BY spans_by_start
      WHERE started_at >= ? AND started_at < ?`;
    for (const { chunk } of await database.all(sql, [from, end])) found.add(Number(chunk));
    await turn();
    from = end;
  }
  return [...found].filter((number) => number < MOST_CHUNKS).sort((a, b) => a - b);
}

/** Where the window ends that has about so many spans. */
async function windowEnd({ database }: Pick<View, "database">, [from, before]: Bounds): Promise<number> {
  const [row] = await database.all(
    `SELECT ${readableNumber("started_at")} AS start FROM spans INDEXED BY spans_by_start
     WHERE started_at >= ? AND started_at < ? ORDER BY started_at LIMIT 1 OFFSET ${SPANS_AT_ONCE}`,
    [from, before],
  );
  const end = timeIn(row?.["start"]);
  return end === undefined ? before : Math.max(end, from + 1);
}

/**
 * Makes the digests that a count would lack, and keeps each at once, so that one that is ended half-way was not for nothing. The newest
 * first, and each by itself: whoever else makes them begins with the oldest, and what others made meanwhile is seen. Never rejects: where
 * they cannot be kept, or something is wrong with the file, the count finds out.
 */
export async function makeDigests(
  reader: SqliteReader,
  { onProgress, signal, ...query }: Pick<TallyQuery, "since" | "until" | "onProgress" | "signal">,
): Promise<void> {
  try {
    const missing = await reader.look((view) => missingChunks(view, boundsOf(query)));
    for (let left = missing.length - 1; left >= 0 && signal?.aborted !== true; left--) {
      const isKept = await reader.look((view) => keepChunk(view, missing[left] ?? 0));
      if (!isKept) return;
      onProgress?.({ done: (missing.length - left) * CHUNK_ROWS, left: left * CHUNK_ROWS });
    }
  } catch {
    // It is only a cache.
  }
}

async function missingChunks(view: View, bounds: Bounds): Promise<readonly number[]> {
  const open = await openChunk(view.database);
  const kept = await new KeptChunks(view).numbers();
  return (await chunksWithin(view, bounds)).filter((number) => number < open && !kept.has(number));
}

/** False where nothing can be kept; a chunk that is not to be is left alone. */
async function keepChunk(view: View, number: number): Promise<boolean> {
  if ((await new KeptChunks(view).get(number)) !== undefined) return true;
  const { statements } = await madeChunk(view, number);
  return statements === undefined || keptSoon(view, statements);
}

/** Whoever else makes digests, or writes spans, holds the file for moments. */
async function keptSoon(view: View, statements: readonly SqlStatement[]): Promise<boolean> {
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    if (await view.keep(statements)) return true;
    await delay(RETRY_MS);
  }
  return false;
}

const MOST_TRIES = 20;
const RETRY_MS = 10;
