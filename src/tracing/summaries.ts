// Listings: rows of traces or conversations, newest first, page by page, with one meaning in every store.
import { type Summary, summarize, summaryKey } from "../conventions/summary.ts";
import { boundOf } from "../model/clock.ts";
import { checkFields, matches, QUERY_FIELDS, type QueryFields, type TraceQuery } from "../model/query.ts";
import type { SpanFields } from "../model/record.ts";
import { encodeCursor, isCursor, type Place, placeAfter } from "./cursors.ts";
import type { SummaryPage, SummaryQuery } from "./sink.ts";

/** A row with its place in a listing. */
export interface Row {
  readonly summary: Summary;
  readonly place: Place;
}

const DEFAULT_LIMIT = 50;
const MAX_LIMIT = 1000;
const SUMMARY_FIELDS: QueryFields = {
  ...pick(QUERY_FIELDS, [
    "identifier",
    "spanName",
    "status",
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
  cursor: {
    what: "the cursor of the page before; leave it out for the first page",
    holds: isCursor,
  },
};

function pick(fields: QueryFields, names: readonly string[]): QueryFields {
  return Object.fromEntries(Object.entries(fields).filter(([name]) => names.includes(name)));
}

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
  const rows = rowsOf(own, query).sort(byPlace);
  const limit = limitOf(query);
  const page = rows.slice(0, limit);
  return pageOf(page, query, { last: rows.length > limit ? page[page.length - 1]?.place : undefined });
}

/** The rows of these spans that the query asks for and that come after its cursor, in no order. */
export function rowsOf(spans: readonly SpanFields[], query: SummaryQuery): Row[] {
  const { by = "trace" } = query;
  const after = placeAfter(query);
  const rows: Row[] = [];
  for (const [key, group] of groupsOf(spans, (span) => summaryKey(span, by))) {
    const summary = summarize(group, by);
    if (summary === undefined || !isAsked(summary, group, query)) continue;
    const place = { at: summary.latestAtMicros, key };
    if (after === undefined || comparePlaces(place, after) > 0) rows.push({ summary, place });
  }
  return rows;
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
  const { spanName, status, failed, attributeFilter, where } = query;
  return {
    ...(spanName === undefined ? {} : { spanName }),
    ...(status === undefined ? {} : { status }),
    ...(failed === undefined ? {} : { failed }),
    ...(attributeFilter === undefined ? {} : { attributeFilter }),
    ...(where === undefined ? {} : { where }),
  };
}

function isAsked(summary: Summary, spans: readonly SpanFields[], query: SummaryQuery): boolean {
  const { since, until } = query;
  if (since !== undefined && summary.latestAtMicros < boundOf(since)) return false;
  if (until !== undefined && summary.latestAtMicros >= boundOf(until)) return false;
  const wanted = spanConditions(query);
  return spans.some((span) => matches(span, wanted));
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
function comparePlaces(a: Place, b: Place): number {
  if (a.at !== b.at) return b.at - a.at;
  return a.key === b.key ? 0 : a.key > b.key ? -1 : 1;
}

/** How a page ends. */
interface PageEnd {
  /** Where more may come, the place after which they do. */
  readonly last?: Place | undefined;
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
