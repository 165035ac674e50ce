// A store to be asked a thousand times: one that would be read through each time is read once.
import { queryOf } from "../tracing/found.ts";
import { StoreReader } from "../tracing/readable.ts";
import { selectSpans } from "../tracing/select.ts";
import type { Span } from "../tracing/span.ts";
import type { FoundId } from "../tracing/store.ts";

/** The reader, where it finds spans by their trace; else one of the spans of the traces that are meant, which are held in memory. */
export async function heldFor(subject: FoundId, reader: StoreReader): Promise<StoreReader> {
  if (reader.has("outlines")) return reader;
  const outlines = await reader.outlines(queryOf(subject));
  const traces = new Set(outlines.map(({ traceId }) => traceId));
  const spans: Span[] = [];
  for await (const span of reader.iterate({})) if (traces.has(span.traceId)) spans.push(span);
  return new StoreReader({ name: reader.name, find: (query) => selectSpans(spans, query) });
}
