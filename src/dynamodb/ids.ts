// Ids of traces and conversations by their beginning: a whole one by its key, else among the newest.

import { idText } from "../model/conversation.ts";
import type { TraceQuery } from "../model/query.ts";
import { queryOf } from "../tracing/found.ts";
import type { Span } from "../tracing/span.ts";
import type { FoundId, SummaryPage, SummaryQuery } from "../tracing/store.ts";

/** So many of the newest traces, and conversations, are looked at. */
const NEWEST = 100;

/** What to say where there are more. */
export const NEWEST_ONLY: string = `Only the newest ${NEWEST} traces and conversations are found by the beginning of their id; others by the whole id.`;

/** How ids are looked up. */
interface Lookup {
  find(query: TraceQuery): Promise<readonly Span[]>;
  summaries(query: SummaryQuery): Promise<SummaryPage>;
}

/** The ids that are equal, or else those among the newest that begin so; `isAll` where there are no others. */
export async function foundIds(
  table: Lookup,
  prefix: string,
): Promise<{ readonly ids: readonly FoundId[]; readonly isAll: boolean }> {
  const exact = await exactIds(table, prefix);
  if (exact.length > 0) return { ids: exact, isAll: true };
  const ids: FoundId[] = [];
  let isAll = true;
  for (const by of ["trace", "conversation"] as const) {
    const start = by === "trace" ? prefix.toLowerCase() : prefix;
    const { rows, cursor } = await table.summaries({ by, limit: NEWEST });
    for (const { id } of rows) if (idText(id).startsWith(start)) ids.push({ by, id });
    if (cursor !== undefined) isAll = false;
  }
  return { ids, isAll };
}

async function exactIds(table: Lookup, text: string): Promise<FoundId[]> {
  const candidates: FoundId[] = [
    ...(/^[0-9a-f]{32}$/.test(text) ? [{ by: "trace", id: text } as const] : []),
    ...(text === "" ? [] : [{ by: "conversation", id: text } as const]),
    ...(/^-?\d{1,15}$/.test(text) ? [{ by: "conversation", id: Number(text) } as const] : []),
    ...(/^-?\d{16,1000}$/.test(text) ? [{ by: "conversation", id: BigInt(text) } as const] : []),
  ];
  const found = await Promise.all(candidates.map(async (one) => ((await has(table, one)) ? [one] : [])));
  return found.flat();
}

async function has(table: Lookup, found: FoundId): Promise<boolean> {
  return (await table.find({ ...queryOf(found), limit: 1 })).length > 0;
}
