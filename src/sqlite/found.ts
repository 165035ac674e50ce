// The spans that a search asks for, read in the snapshot in which they were found.

import { matches } from "../conventions/matches.ts";
import type { SearchQuery } from "../conventions/search.ts";
import { defined } from "../model/defined.ts";
import { DEFAULT_FOUND } from "../tracing/slow-ways.ts";
import type { Span } from "../tracing/span.ts";
import type { SearchOptions, SearchPage } from "../tracing/store.ts";
import type { Connection } from "./connection.ts";
import type { View } from "./reader.ts";
import { searchSpans } from "./search.ts";

/** What to look for, through the connection of the view's snapshot. */
export interface Finding extends SearchOptions {
  readonly connection: Connection;
  readonly query: SearchQuery;
}

/** Those that were written last, newest first by when they began. Rejects with what SQLite says. */
export async function foundSpans(
  view: View,
  { connection, query, limit = DEFAULT_FOUND, where, since, until, signal }: Finding,
): Promise<SearchPage> {
  const times = defined({ since, until });
  const spans: Span[] = [];
  for (let before: number | undefined; ; ) {
    signal?.throwIfAborted();
    const page = searchSpans(connection, query, {
      ...times,
      limit: limit - spans.length + 1,
      ...defined({ before }),
    });
    for (const { span } of await view.byIds(page.ids)) {
      if (where !== undefined && !matches(span, { where })) continue;
      if (spans.length === limit) return { spans: newestFirst(spans), more: true };
      spans.push(span);
    }
    if (page.next === undefined) return { spans: newestFirst(spans), more: false };
    before = page.next;
  }
}

/** Of those that began together, the one that was written last is first: it was found first. */
function newestFirst(spans: readonly Span[]): Span[] {
  return spans.toSorted((a, b) => b.startedAtMicros - a.startedAtMicros);
}
