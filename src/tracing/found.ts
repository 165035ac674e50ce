// Asks a store for what is known by its id.
import type { StoreReader } from "./readable.ts";
import type { Span } from "./span.ts";
import type { FoundId, OutlineQuery } from "./store.ts";

/** Asks for the spans of a trace or conversation. */
export function queryOf({ by, id }: FoundId): Pick<OutlineQuery, "traceId" | "conversation"> {
  return by === "trace" ? { traceId: String(id) } : { conversation: id };
}

/** Where a span is. Ids are hexadecimal. */
export interface Place {
  readonly traceId: string;
  readonly spanId: string;
}

/** A span by its ids; undefined where the store has none. */
export async function findSpan(reader: StoreReader, place: Place): Promise<Span | undefined> {
  const [span] = await findSpans(reader, [place]);
  return span;
}

/** Those spans that there are; of one trace in one read, which shares what they have in common. */
export async function findSpans(reader: StoreReader, places: readonly Place[]): Promise<readonly Span[]> {
  const byTrace = new Map<string, string[]>();
  for (const { traceId, spanId } of places)
    byTrace.set(traceId, [...(byTrace.get(traceId) ?? []), `span_id = "${spanId}"`]);
  const found: Span[] = [];
  for (const [traceId, ids] of byTrace)
    found.push(...(await reader.find({ traceId, where: [...new Set(ids)].join(" or ") })));
  return found;
}
