// What a query means, in every store: which spans it asks for.
import { type Attributes, equalValues } from "../model/attributes.ts";
import { capture } from "../model/capture.ts";
import { boundOf } from "../model/clock.ts";
import { isSameConversation } from "../model/conversation.ts";
import { hasFailed } from "../model/failure.ts";
import { NO_IDENTIFIER } from "../model/identifier.ts";
import { arrange, type TraceQuery } from "../model/query.ts";
import type { SpanFields } from "../model/span-fields.ts";
import { evaluate, readWhere } from "../model/where.ts";
import { conversationOf } from "./conversation.ts";

/**
 * True where a span, written under `identifier`, is one that the query asks for. `order` and `limit` play no part.
 * @throws TracelightError `INVALID_QUERY` where the query's `where` cannot be read
 */
export function matches(span: SpanFields, query: TraceQuery, identifier: string = NO_IDENTIFIER): boolean {
  return (
    (query.traceId === undefined || span.traceId === query.traceId) &&
    (query.identifier === undefined || identifier === query.identifier) &&
    (query.spanName === undefined || span.spanName === query.spanName) &&
    (query.spanStatus === undefined || span.spanStatus === query.spanStatus) &&
    (query.failed === undefined || hasFailed(span)) &&
    (query.since === undefined || span.startedAtMicros >= boundOf(query.since)) &&
    (query.until === undefined || span.startedAtMicros < boundOf(query.until)) &&
    (query.conversation === undefined || isOf(span, query.conversation)) &&
    (query.attributeFilter === undefined || hasAttributes(span.attributes, query.attributeFilter)) &&
    (query.where === undefined || evaluate(readWhere(query.where), span))
  );
}

function isOf({ attributes }: SpanFields, conversation: unknown): boolean {
  return isSameConversation(conversationOf(attributes), capture(conversation));
}

function hasAttributes(attributes: Attributes, filter: Attributes): boolean {
  return Object.keys(filter).every((key) => {
    const value = Object.hasOwn(attributes, key) ? attributes[key] : null;
    return equalValues(value ?? null, capture(filter[key]) ?? null);
  });
}

/** The spans that match, in the query's order, no more than its limit. */
export function select<S extends SpanFields>(spans: readonly S[], query: TraceQuery): S[] {
  return arrange(
    spans.filter((span) => matches(span, query)),
    query,
  );
}
