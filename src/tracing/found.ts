// Asks a store for what is known by its id.
import type { StoreReader } from "./readable.ts";
import type { Span } from "./span.ts";
import type { FoundId, OutlineQuery } from "./store.ts";

/** Asks for the spans of a trace or conversation. */
export function queryOf({ by, id }: FoundId): Pick<OutlineQuery, "traceId" | "conversation"> {
  return by === "trace" ? { traceId: String(id) } : { conversation: id };
}

/** A span by its ids, which are hexadecimal; undefined where the store has none. */
export async function findSpan(
  reader: StoreReader,
  { traceId, spanId }: { readonly traceId: string; readonly spanId: string },
): Promise<Span | undefined> {
  const [span] = await reader.find({ traceId, where: `span_id = "${spanId}"` });
  return span;
}
