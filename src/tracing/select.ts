// The answer to a query, in the one form of every store: in order, no more than asked for, each span with its parent.

import { matches } from "../conventions/matches.ts";
import { arrange, type TraceQuery } from "../model/query.ts";
import type { SpanFields } from "../model/span-fields.ts";
import { parentsOf } from "../model/tree.ts";
import { linkSpans, spansFrom } from "./families.ts";
import type { Span } from "./span.ts";

/**
 * The spans that a query asks for, as a store answers it: those that match, in the query's order, no more than its limit,
 * each with its parent where that is among them. They are frozen copies. For the `find` of a store of your own.
 */
export function selectSpans(spans: readonly Span[], query: TraceQuery): readonly Span[] {
  return arrangeSpans(
    spans.filter((span) => matches(span, query)),
    query,
  );
}

/** The same for plain data that matches already: spans are made of it once. */
export function arrangeFields(matching: readonly SpanFields[], query: TraceQuery): readonly Span[] {
  const fields = arrange(matching, query);
  return spansFrom(fields, parentsOf(fields));
}

/** The same for spans that match already. */
export function arrangeSpans(matching: readonly Span[], query: TraceQuery): readonly Span[] {
  const spans = arrange(matching, query);
  return linkSpans(spans, parentsOf(spans));
}
