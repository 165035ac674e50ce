// Listings: rows of traces or conversations, newest first, page by page, with one meaning in every store.
import { outlineOf, type SpanOutline } from "../conventions/facts.ts";
import { matches } from "../conventions/matches.ts";
import { type Summary, type SummarySubject, summarizeOutlines } from "../conventions/summary.ts";
import { boundOf } from "../model/clock.ts";
import { conversationKey } from "../model/conversation.ts";
import { defined } from "../model/defined.ts";
import { checkFields, type QueryFields, queryFields, type TraceQuery } from "../model/query.ts";
import type { SpanFields } from "../model/span-fields.ts";
import { encodeCursor, isCursor, placeAfter, type RowPosition } from "./cursors.ts";
import type { SummaryPage, SummaryQuery } from "./store.ts";

/** A row with its place in a listing. */
export interface Row {
  readonly summary: Summary;
  readonly place: RowPosition;
}

const DEFAULT_LIMIT = 50;
const MAX_LIMIT = 1000;
/** The field `prices` of queries. */
export const PRICES_FIELD: QueryFields[string] = {
  what: "a table of prices, see loadPrices",
  holds: (value) => typeof value === "object" && value !== null && "pricesOf" in value,
};
const SUMMARY_FIELDS: QueryFields = {
  ...queryFields([
    "identifier",
    "spanName",
    "spanStatus",
    "failed",
    "attributeFilter",
    "where",
    "since",
    "until",
  ]),
  by: { what: '"trace" or "conversation"', holds: (value) => value === "trace" || value === "conversation" },
  limit: {
    what: `a whole number from 1 to ${MAX_LIMIT}`,
    holds: (value) => Number.isSafeInteger(value) && Number(value) >= 1 && Number(value) <= MAX_LIMIT,
  },
  prices: PRICES_FIELD,
  cursor: {
    what: "the cursor of the page before; leave it out for the first page",
    holds: isCursor,
  },
};

/** Throws a TracelightError (`INVALID_QUERY`) for an unknown field or a value that cannot be meant. */
export function checkSummaryQuery(query: SummaryQuery): void {
  checkFields(query, SUMMARY_FIELDS);
}

/**
 * A page of rows over all spans of a store: for the `summaries` of a store of your own that can hold them all in memory.
 *
 * @throws TracelightError `INVALID_QUERY`
 */
export function selectSummaries(spans: readonly SpanFields[], query: SummaryQuery): SummaryPage {
  checkSummaryQuery(query);
  const { identifier } = query;
  const own = identifier === undefined ? spans : spans.filter((span) => matches(span, { identifier }));
  return pageOfAll(rowsOf(own, query), query);
}

/** Spans without their payload, so that a store larger than the memory can be listed. */
export interface Outlined {
  readonly outlines: readonly SpanOutline[];
  /** Those of spans that a filter asks for. */
  readonly matching: ReadonlySet<SpanOutline>;
}

/** The outlines of the spans, and which of them the filter asks for. */
export async function outlined(spans: AsyncIterable<SpanFields>, filter: TraceQuery): Promise<Outlined> {
  const outlines: SpanOutline[] = [];
  const matching = new Set<SpanOutline>();
  for await (const span of spans) {
    const outline = outlineOf(span);
    outlines.push(outline);
    if (matches(span, filter)) matching.add(outline);
  }
  return { outlines, matching };
}

/** A page of rows over all outlines of a store. */
export function listOutlined(all: Outlined, query: SummaryQuery): SummaryPage {
  return pageOfAll(rowsIn(all, query), query);
}

/** The rows of these spans that the query asks for and that come after its cursor, in no order. */
export function rowsOf(spans: readonly SpanFields[], query: SummaryQuery): Row[] {
  const outlines = spans.map(outlineOf);
  const wanted = spanConditions(query);
  const matching = new Set(outlines.filter((_, i) => isMatching(spans[i], wanted)));
  return rowsIn({ outlines, matching }, query);
}

function isMatching(span: SpanFields | undefined, wanted: TraceQuery): boolean {
  return span !== undefined && matches(span, wanted);
}

function rowsIn({ outlines, matching }: Outlined, query: SummaryQuery): Row[] {
  const { by = "trace" } = query;
  const after = placeAfter(query);
  const rows: Row[] = [];
  for (const [key, group] of groupsOf(outlines, (outline) => keyOf(outline, by))) {
    if (!group.some((outline) => matching.has(outline))) continue;
    const summary = summarizeOutlines(group, by, query.prices);
    if (summary === undefined || !isWithin(summary, query)) continue;
    const place = { at: summary.latestAtMicros, key };
    if (after === undefined || comparePlaces(place, after) > 0) rows.push({ summary, place });
  }
  return rows;
}

/** As `summaryKey` of its span. */
function keyOf({ traceId, conversationId }: SpanOutline, by: SummarySubject): string | undefined {
  return by === "trace" ? traceId : conversationKey(conversationId);
}

function pageOfAll(rows: Row[], query: SummaryQuery): SummaryPage {
  const page = rows.sort(byPlace).slice(0, limitOf(query));
  return pageOf(page, query, { last: rows.length > page.length ? page[page.length - 1]?.place : undefined });
}

/** What there is of each row, by its key; what has no key is of none. */
export function groupsOf<T>(items: readonly T[], keyOf: (item: T) => string | undefined): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    if (key === undefined) continue;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return groups;
}

/** What of a query is asked of spans, not of rows. */
export function spanConditions(query: SummaryQuery): TraceQuery {
  const { spanName, spanStatus, failed, attributeFilter, where } = query;
  return {
    ...defined({ spanName, spanStatus, failed, attributeFilter, where }),
  };
}

function isWithin({ latestAtMicros }: Summary, { since, until }: SummaryQuery): boolean {
  return (
    (since === undefined || latestAtMicros >= boundOf(since)) &&
    (until === undefined || latestAtMicros < boundOf(until))
  );
}

/** How many rows a page holds. */
export function limitOf(query: SummaryQuery): number {
  return query.limit ?? DEFAULT_LIMIT;
}

/** Sorts rows as a listing has them. */
export function byPlace(a: Row, b: Row): number {
  return comparePlaces(a.place, b.place);
}

/** Less than 0 where `a` comes before `b` in a listing. */
function comparePlaces(a: RowPosition, b: RowPosition): number {
  if (a.at !== b.at) return b.at - a.at;
  return a.key === b.key ? 0 : a.key > b.key ? -1 : 1;
}

/** How a page ends. */
interface PageEnd {
  /** Where more may come, the place after which they do. */
  readonly last?: RowPosition | undefined;
  readonly notes?: readonly string[];
}

/** A page of these rows of the query's listing. */
export function pageOf(
  rows: readonly Row[],
  query: SummaryQuery,
  { last, notes = [] }: PageEnd,
): SummaryPage {
  const cursor = last === undefined ? {} : { cursor: encodeCursor(last, query) };
  return { rows: rows.map(({ summary }) => summary), ...cursor, notes };
}
