// Spans put together by parent id, never by order.
import type { SpanFields } from "./span-fields.ts";

/** The parent of each span that has its parent among `spans`. */
export function parentsOf<S extends Pick<SpanFields, "traceId" | "spanId" | "parentSpanId">>(
  spans: readonly S[],
): Map<S, S> {
  const byId = new Map(spans.map((span) => [span.traceId + span.spanId, span]));
  const parents = new Map<S, S>();
  for (const span of spans) {
    const parent = span.parentSpanId === undefined ? undefined : byId.get(span.traceId + span.parentSpanId);
    if (parent !== undefined && parent !== span) parents.set(span, parent);
  }
  return parents;
}
