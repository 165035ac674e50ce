// Outlines read from their rows, with the facts of this release: no payload is read. And the outlines of a trace or conversation.
import type { SpanOutline } from "../conventions/facts.ts";
import { capture } from "../model/capture.ts";
import { isSameConversation } from "../model/conversation.ts";
import { inStartOrder } from "../model/query.ts";
import { turn } from "../model/timers.ts";
import type { OutlineQuery } from "../tracing/store.ts";
import type { Row, SqlValue } from "./connection.ts";
import { isBadValue, rowDamage } from "./damage.ts";
import {
  decodeOutline,
  OUTLINE_NAMES,
  type OutlineTable,
  READ_OUTLINE,
  type ReadOutline,
  rowsIn,
} from "./decoded-rows.ts";
import {
  groupedRows,
  keyOf,
  type OutlineSource,
  ROWS_AT_ONCE,
  type RowGroup,
  selectedRows,
} from "./grouped-rows.ts";
import { withNewFacts } from "./old-facts.ts";
import { indexFor, type View } from "./reader.ts";
import { queryToSql } from "./where-sql.ts";

const IDS_AT_ONCE = 10_000;

/** The outlines of the rows, by key; rows that are none are told of. */
export async function groupedOutlines(
  view: View,
  source: OutlineSource,
): Promise<ReadonlyMap<string, readonly ReadOutline[]>> {
  const groups = new Map<string, readonly ReadOutline[]>();
  for (const [key, rows] of await groupsOf(view, source)) groups.set(key, outlinesIn(rows, view));
  return withNewFacts(groups, view);
}

async function groupsOf(view: View, source: OutlineSource): Promise<Iterable<RowGroup>> {
  try {
    const groups = await groupedRows(view.database, source);
    if (groups !== undefined) return groups;
  } catch (error) {
    if (!isBadValue(error)) throw error;
  }
  return rowByRow(view, source);
}

/** What JSON cannot hold, or is no UTF-8, is damaged, and its row alone. */
async function rowByRow(view: View, source: OutlineSource): Promise<ReadonlyMap<string, OutlineTable>> {
  const groups = new Map<string, unknown[][]>();
  const rows = await selectedRows(view.database, source, READ_OUTLINE);
  for (const row of rows) {
    const columns: unknown[][] = groups.get(keyOf(row)) ?? OUTLINE_NAMES.map(() => []);
    for (const [i, name] of OUTLINE_NAMES.entries()) columns[i]?.push(row[name]);
    groups.set(keyOf(row), columns);
  }
  const isDamaged = (row: Row) => Object.values(row).some((value) => value instanceof Uint8Array);
  await tellOf(rows.filter(isDamaged), view);
  return groups;
}

/** Reading a span tells what is damaged in it. */
export async function tellOf(rows: readonly Row[], view: View): Promise<void> {
  if (rows.length > 0) await view.byIds(rows.map(({ id }) => Number(id)));
}

function outlinesIn(table: OutlineTable, view: View): readonly ReadOutline[] {
  const read: ReadOutline[] = [];
  for (let at = 0; at < rowsIn(table); at++) {
    try {
      read.push(decodeOutline(table, at, view.stateOf));
    } catch (error) {
      const named = Object.fromEntries(OUTLINE_NAMES.map((name, i) => [name, shown(table[i]?.[at])]));
      view.onDamage(rowDamage(named, error));
    }
  }
  return read;
}

function shown(value: unknown): string | Uint8Array {
  return value instanceof Uint8Array ? value : String(value);
}

/** The outlines of a trace or conversation, or of all spans, in start order; more than the limit where they come many at a time. */
export async function outlinesOf(view: View, query: OutlineQuery): Promise<readonly SpanOutline[]> {
  const read: ReadOutline[] = [];
  const { limit = Number.POSITIVE_INFINITY } = query;
  for await (const ids of idsWhere(view, query)) {
    for (let from = 0; from < ids.length && read.length < limit; from += ROWS_AT_ONCE) {
      for (const one of await askedFor(view, ids.slice(from, from + ROWS_AT_ONCE), query)) read.push(one);
      await turn();
    }
  }
  // Where times tie, they are in the order in which they were written.
  read.sort((a, b) => a.id - b.id);
  return inStartOrder(read.map(({ outline }) => outline));
}

/** Numbers of all rows that may be asked for, many at a time; in the order of their start where few of them may be enough. */
async function* idsWhere(view: View, query: OutlineQuery): AsyncGenerator<readonly number[]> {
  const index = indexFor(query);
  const { sql, values } = queryToSql(query);
  if (index !== "spans_by_start" || query.limit !== undefined) {
    const rows = `(SELECT id FROM spans INDEXED BY ${index} WHERE ${sql} ORDER BY started_at)`;
    return yield await idsIn(view, rows, values);
  }
  for (let last = 0; ; ) {
    const rows = `(SELECT id FROM spans WHERE ${sql} AND id > ? ORDER BY id LIMIT ${IDS_AT_ONCE})`;
    const ids = await idsIn(view, rows, [...values, last]);
    yield ids;
    const next = ids.at(-1);
    if (next === undefined || ids.length < IDS_AT_ONCE) return;
    last = next;
  }
}

/** The numbers of these rows. */
export async function idsIn(
  { database }: View,
  rows: string,
  values: readonly SqlValue[],
): Promise<readonly number[]> {
  const [row] = await database.all(`SELECT json_group_array(id) AS ids FROM ${rows}`, values);
  const ids: unknown = JSON.parse(String(row?.["ids"]));
  return Array.isArray(ids) ? ids.map(Number) : [];
}

async function askedFor(
  view: View,
  ids: readonly number[],
  { traceId, conversation, identifier }: OutlineQuery,
): Promise<readonly ReadOutline[]> {
  const id = capture(conversation);
  // Only who asks for one identifier needs to know each row's.
  const { sql, values } = byIds(ids);
  const source = identifier === undefined ? { sql, values } : byIds(ids);
  const groups = await groupedOutlines(view, source);
  return [...groups].flatMap(([key, read]) =>
    read.filter(
      ({ outline }) =>
        (identifier === undefined || key === identifier) &&
        (traceId === undefined || outline.traceId === traceId) &&
        (conversation === undefined || isSameConversation(outline.conversationId, id)),
    ),
  );
}

/** The rows of these numbers, by the identifier that they were written under. */
export function byIds(ids: readonly number[]): OutlineSource {
  const sql = "spans WHERE id IN (SELECT value FROM json_each(?))";
  return { key: "identifier", sql, values: [JSON.stringify(ids)] };
}
