// Asks a store for what is known by its id.
import type { SpanPlace } from "../model/ids.ts";
import type { StoreReader } from "./readable.ts";
import type { Span } from "./span.ts";
import type { FoundId, OutlineQuery } from "./store.ts";

/** The trace or the conversation whose spans are asked for. */
export type WorkQuery = Pick<OutlineQuery, "traceId" | "conversation">;

/** Asks for the spans of a trace or conversation. */
export function queryOf({ by, id }: FoundId): WorkQuery {
  return by === "trace" ? { traceId: String(id) } : { conversation: id };
}

/** A span by its ids; undefined where the store has none. */
export async function findSpan(reader: StoreReader, place: SpanPlace): Promise<Span | undefined> {
  const [span] = await findSpans(reader, [place]);
  return span;
}

/** Those spans that there are; of one trace in one read, which shares what they have in common. */
export async function findSpans(reader: StoreReader, places: readonly SpanPlace[]): Promise<readonly Span[]> {
  const byTrace = new Map<string, string[]>();
  for (const { traceId, spanId } of places)
    byTrace.set(traceId, [...(byTrace.get(traceId) ?? []), `span_id = "${spanId}"`]);
  const found: Span[] = [];
  for (const [traceId, ids] of byTrace)
    found.push(...(await reader.find({ traceId, where: [...new Set(ids)].join(" or ") })));
  return found;
}
