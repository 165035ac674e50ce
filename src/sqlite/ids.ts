// Ids of traces and conversations by their beginning, and names of attributes: looks into indexes, and at the latest rows.
import { exactFirst } from "../tracing/slow-ways.ts";
import type { FoundId } from "../tracing/store.ts";
import { type SqlValue, textIn } from "./connection.ts";
import type { Reading } from "./database.ts";
import { decodeJson } from "./decoded-rows.ts";

/** How a number beyond 2^53 stands in the column. */
const BIGINT_START = '{"__bigint__":"';
const SAMPLED_SPANS = 1000;

/** What to look for, of which writer. */
export interface Beginning {
  readonly prefix: string;
  readonly limit: number;
  readonly identifier?: string | undefined;
}

/** Traces and conversations whose id begins so; one that is equal comes first. */
export async function idsBeginning(database: Reading, asked: Beginning): Promise<readonly FoundId[]> {
  const found = [...(await traces(database, asked)), ...(await conversations(database, asked))];
  return exactFirst(found, asked.prefix).slice(0, asked.limit);
}

async function traces(database: Reading, asked: Beginning): Promise<FoundId[]> {
  const ids = await beginning(database, KEYS.trace, { ...asked, prefix: asked.prefix.toLowerCase() });
  return ids.map((id) => ({ by: "trace", id }));
}

/** Ids are stored as JSON, so that a text is told from a number. */
async function conversations(database: Reading, asked: Beginning): Promise<FoundId[]> {
  const { prefix } = asked;
  const big = /^-?\d+$/.test(prefix) ? [BIGINT_START + prefix] : [];
  const found = new Set<string>();
  for (const form of [JSON.stringify(prefix).slice(0, -1), prefix, ...big])
    for (const id of await beginning(database, KEYS.conversation, { ...asked, prefix: form })) found.add(id);
  return [...found].flatMap(conversationIn);
}

const KEYS = {
  trace: { column: "trace_id", index: "spans_by_trace" },
  conversation: { column: "conversation", index: "spans_by_conversation" },
} as const;

async function beginning(
  database: Reading,
  { column, index }: (typeof KEYS)[keyof typeof KEYS],
  { prefix, limit, identifier }: Beginning,
): Promise<string[]> {
  const own: SqlValue[] = identifier === undefined ? [] : [identifier];
  const rows = await database.all(
    `SELECT DISTINCT ${column} AS id FROM spans INDEXED BY ${index}
     WHERE ${column} >= ? AND ${column} < ? AND ${column} IS NOT NULL ${own.length === 0 ? "" : "AND identifier = ?"} LIMIT ?`,
    [prefix, `${prefix}\u{10ffff}`, ...own, limit],
  );
  return rows.flatMap(({ id }) => textIn(id) ?? []);
}

/** A damaged one is nobody's. */
function conversationIn(json: string): FoundId[] {
  try {
    return [{ by: "conversation", id: decodeJson(json) }];
  } catch {
    return [];
  }
}

/** The names of the attributes of the latest spans: of all, or of those under the identifier. */
export async function latestAttributeNames(
  database: Reading,
  identifier?: string,
): Promise<readonly string[]> {
  const own = identifier === undefined ? "" : "AND identifier = ?";
  const rows = await database.all(
    `SELECT DISTINCT keys.key AS name
     FROM (SELECT attributes FROM spans WHERE typeof(attributes) = 'text' AND json_valid(attributes) ${own}
       ORDER BY id DESC LIMIT ${SAMPLED_SPANS}) AS latest, json_each(latest.attributes) AS keys`,
    identifier === undefined ? [] : [identifier],
  );
  return rows.flatMap(({ name }) => textIn(name) ?? []);
}
