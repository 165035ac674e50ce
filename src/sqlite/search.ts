// Full-text search in a file: by its index, and what is not in it yet plainly.
import { matchesSearch, type SearchQuery, type SearchTerm } from "../conventions/search.ts";
import { boundOf } from "../model/clock.ts";
import type { Connection, Row } from "./connection.ts";
import type { SqlStatement } from "./database.ts";
import { AT_ONCE, indexedUpTo } from "./search-index.ts";
import { RowTexts, TEXT_COLUMNS } from "./search-text.ts";

/** Which spans to find. */
export interface SearchOptions {
  /** At most so many. */
  readonly limit: number;
  /** Spans written before the one of this id: the `next` of the page before. */
  readonly before?: number;
  /** Spans that started at this time or later. */
  readonly since?: Date;
  /** Spans that started before this time. */
  readonly until?: Date;
}

/** Some of the spans that were found. */
export interface SearchPage {
  /** The ids of their rows, newest first. */
  readonly ids: readonly number[];
  /** Where the next page begins; undefined where there is none. A page may have few spans, or none, and yet a next one. */
  readonly next: number | undefined;
}

/**
 * The spans that a search asks for, by their order of writing, newest first. What is not indexed, all of a file that cannot be
 * written to, is looked through plainly: some thousand spans a page, so that a caller can say how far it is.
 * @throws what SQLite says
 */
export function searchSpans(connection: Connection, query: SearchQuery, options: SearchOptions): SearchPage {
  const upTo = indexedUpTo(connection);
  const newer = scanNewer(connection, query, options, upTo ?? 0);
  const left = options.limit - newer.ids.length;
  if (newer.next !== undefined || left <= 0 || upTo === undefined) return newer;
  // In this order: what is indexed between the two is found twice, not missed.
  const waiting = scanWaiting(connection, query, options);
  const { sql, values = [] } = indexedMatches(query, { ...options, limit: left }, upTo);
  const indexed = connection
    .prepare(sql)
    .all(...values)
    .map(idOf);
  const ids = [...new Set([...waiting, ...indexed])].sort((a, b) => b - a).slice(0, left);
  return { ids: [...newer.ids, ...ids], next: ids.length < left ? undefined : ids[left - 1] };
}

function scanNewer(
  connection: Connection,
  query: SearchQuery,
  options: SearchOptions,
  upTo: number,
): SearchPage {
  const rows = connection.prepare(NEWER);
  const texts = new RowTexts(connection);
  const { before, times } = rangeOf(options);
  const ids: number[] = [];
  let next = before;
  for (let scanned = 0; scanned < MAX_SCANNED; scanned += AT_ONCE) {
    const found = rows.all(next, upTo, ...times);
    for (const row of found) {
      next = idOf(row);
      if (matchesSearch(texts.of(row), query)) ids.push(next);
      if (ids.length >= options.limit) return { ids, next };
    }
    if (found.length < AT_ONCE) return { ids, next: undefined };
  }
  return { ids, next };
}

/** A span that runs has no words in the index. */
function scanWaiting(connection: Connection, query: SearchQuery, options: SearchOptions): number[] {
  const rows = connection.prepare(WAITING);
  const texts = new RowTexts(connection);
  const { before, times } = rangeOf(options);
  const ids: number[] = [];
  for (let next = before; ; ) {
    const found = rows.all(next, ...times);
    for (const row of found) if (matchesSearch(texts.of(row), query)) ids.push(idOf(row));
    const last = found[AT_ONCE - 1];
    if (last === undefined) return ids;
    next = idOf(last);
  }
}

function indexedMatches(query: SearchQuery, options: SearchOptions, upTo: number): SqlStatement {
  const { before, times } = rangeOf(options);
  return {
    sql: `SELECT spans.id AS id FROM search CROSS JOIN spans ON spans.id = search.rowid
      WHERE search MATCH ? AND search.rowid <= ? AND ${IN_TIME} ORDER BY search.rowid DESC LIMIT ?`,
    values: [matchOf(query), Math.min(before - 1, upTo), ...times, options.limit],
  };
}

/** The query in the language of FTS5: words in quotes, so nothing in them is taken for an operator. */
function matchOf({ all, none }: SearchQuery): string {
  return [`(${all.map(termMatch).join(" AND ")})`, ...none.map(termMatch)].join(" NOT ");
}

function termMatch({ words, isPrefix }: SearchTerm): string {
  return `"${words.join(" ").replaceAll('"', " ")}"${isPrefix ? " *" : ""}`;
}

function rangeOf({ before = Number.MAX_SAFE_INTEGER, since, until }: SearchOptions) {
  const from = since === undefined ? Number.NEGATIVE_INFINITY : boundOf(since);
  const to = until === undefined ? Number.POSITIVE_INFINITY : boundOf(until);
  return { before, times: [from, to] };
}

function idOf(row: Row): number {
  return Number(row["id"]);
}

/** A page looks plainly through so many spans. */
const MAX_SCANNED = 4000;
const IN_TIME = "spans.started_at >= ? AND spans.started_at < ?";
const NEWER = `SELECT ${TEXT_COLUMNS} FROM spans
  WHERE id < ? AND id > ? AND ${IN_TIME} ORDER BY id DESC LIMIT ${AT_ONCE}`;
const WAITING = `SELECT ${TEXT_COLUMNS} FROM spans WHERE id IN (SELECT id FROM search_waiting WHERE id < ?)
  AND ${IN_TIME} ORDER BY id DESC LIMIT ${AT_ONCE}`;
