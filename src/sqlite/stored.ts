// Rows as spans, with what is kept outside of them: message lists put together from their nodes, large values from their pieces.
import { decodeInSlices, decompress } from "../delivery/compression.ts";
import { assemble, type CheckedNode, checkNode, type ReadMessages } from "../delivery/message-chains.ts";
import { messageOf } from "../model/errors.ts";
import { isSpanId, isTraceId } from "../model/ids.ts";
import type { SpanEvent, SpanFields, SpanLink } from "../model/span-fields.ts";
import { Turns } from "../model/turns.ts";
import { decodeValue } from "../model/values.ts";
import { bytesIn, type Row, textIn } from "./connection.ts";
import { type OnDamage, rowDamage, TIME_DAMAGE, valueDamage } from "./damage.ts";
import type { Reading } from "./database.ts";
import { decodeRow, type Elsewhere, exactly, type StateOf, storedIn } from "./decoded-rows.ts";
import { largeNodePlace, piecesOwner, scopeOf, spanPrefix } from "./message-chains.ts";
import type { Stored, StoredList, StoredPieces } from "./rows.ts";
import { isOddTime } from "./times.ts";

/** A span with its row. */
export interface ReadSpan {
  readonly row: Row;
  readonly id: number;
  readonly identifier: string;
  readonly fields: SpanFields;
}

/** From so many lists of one scope on, all its nodes are read at once. */
const WHOLE_SCOPE_FROM = 4;
const NODE_COLUMNS = "hash, previous, previous_length, length, messages";
const READ_NODE = `hash, previous, ${exactly("previous_length")}, ${exactly("length")}, messages`;

/** What is needed to read rows. */
export interface RowReading {
  readonly database: Reading;
  readonly stateOf: StateOf;
  readonly onDamage: OnDamage;
}

/** Reads the spans of rows. Nodes that several spans share are read once. */
export class RowReader {
  readonly #database: Reading;
  readonly #stateOf: StateOf;
  readonly #onDamage: OnDamage;
  readonly #nodes = new Map<string, CheckedNode>();
  readonly #messages: ReadMessages = new Map();
  readonly #turns = new Turns();

  constructor({ database, stateOf, onDamage }: RowReading) {
    this.#database = database;
    this.#stateOf = stateOf;
    this.#onDamage = onDamage;
  }

  /** The spans of the rows, in their order. What cannot be read is told of: a row is left out, a value is named in its span. */
  async decode(rows: readonly Row[]): Promise<ReadSpan[]> {
    this.#turns.begin();
    const opened = rows.map((row) => {
      const lost = bytesWhereTexts(row);
      return { row, lost, stored: storedIn(row, lost) };
    });
    await this.#readScopes(opened);
    const spans: ReadSpan[] = [];
    for (const one of opened) {
      spans.push(...(await this.#span(one)));
      if (this.#turns.over) await this.#turns.next();
    }
    return spans;
  }

  async #span({ row, lost, stored }: Opened): Promise<ReadSpan[]> {
    try {
      const elsewhere = stored === undefined ? undefined : await this.#elsewhere(row, stored, lost);
      const fields = decodeRow(row, { stateOf: this.#stateOf, elsewhere, lost });
      if (lost.length > 0) this.#onDamage(valueDamage(row, lost));
      if (isOddTime(row["started_at"]) || isOddTime(row["ended_at"])) this.#onDamage(TIME_DAMAGE);
      return [{ row, id: Number(row["id"]), identifier: textIn(row["identifier"]) ?? "", fields }];
    } catch (error) {
      this.#onDamage(rowDamage(row, error));
      return [];
    }
  }

  async #readScopes(opened: readonly Opened[]): Promise<void> {
    const counts = new Map<string, number>();
    for (const { row, stored } of opened) {
      const lists = Object.keys(stored?.lists ?? {}).length;
      if (lists === 0) continue;
      const scope = scopeOf(String(row["trace_id"]), textIn(row["conversation"]));
      counts.set(scope, (counts.get(scope) ?? 0) + lists);
    }
    for (const [scope, lists] of counts) {
      if (lists < WHOLE_SCOPE_FROM) continue;
      // Where that fails, lists are read one by one, and those that cannot be are missing.
      await this.#addNodesOf(`SELECT ${READ_NODE} FROM message_nodes WHERE scope = ?`, scope).catch(
        () => undefined,
      );
    }
  }

  async #elsewhere(
    row: Row,
    { lists = {}, pieces = {}, events, links, rest }: Stored,
    lost: string[],
  ): Promise<Elsewhere> {
    const attributes = new Map<string, unknown>();
    const prefix = spanPrefix({ traceId: String(row["trace_id"]), spanId: String(row["span_id"]) });
    /** A value that is lost, or damaged, must not hide the rest of its span. */
    const orMissing = async (key: string, read: () => Promise<unknown>): Promise<unknown> => {
      try {
        return await read();
      } catch (error) {
        lost.push(`${key}: ${messageOf(error)}`);
        return `[Missing: ${messageOf(error)}]`;
      }
    };
    for (const [key, list] of Object.entries(lists))
      attributes.set(key, await orMissing(key, () => this.#list(list)));
    for (const [key, place] of Object.entries(pieces))
      attributes.set(key, await orMissing(key, () => this.#value(prefix, place)));
    const others = rest && (await orMissing("attributes", () => this.#value(prefix, rest)));
    if (typeof others === "object" && others !== null)
      for (const [key, value] of Object.entries(others)) attributes.set(key, value);
    const listOf = async (name: string, place: StoredPieces): Promise<readonly unknown[]> => {
      const read = await orMissing(name, () => this.#value(prefix, place));
      return Array.isArray(read) ? read : [];
    };
    return {
      attributes,
      events: events && (await listOf("events", events)).filter(isEvent),
      links: links && (await listOf("links", links)).filter(isLink),
    };
  }

  async #list({ hash, length }: StoredList): Promise<unknown> {
    if (!this.#nodes.has(hash)) await this.#addNodesOf(CHAIN, hash);
    const assembled = assemble(length, hash, (_length, wanted) => this.#nodes.get(wanted));
    if ("list" in assembled) return assembled.list;
    const { from, to } = assembled.missing;
    throw new Error(`messages ${from + 1} to ${to} of ${length} are missing or damaged`);
  }

  async #addNodesOf(sql: string, value: string): Promise<void> {
    for (const row of await this.#database.all(sql, [value])) {
      const hash = String(row["hash"]);
      if (this.#nodes.has(hash)) continue;
      const node = await this.#node(row, hash).catch(() => undefined);
      if (node !== undefined) this.#nodes.set(hash, node);
      if (this.#turns.over) await this.#turns.next();
    }
  }

  /** Rejects where the node cannot be what its row says. */
  async #node(row: Row, hash: string): Promise<CheckedNode> {
    const { length, previous_length: from, previous } = row;
    if (!isCount(length) || !isCount(from) || from >= length) throw new RangeError("no length");
    const place = { hash, length, from, previous: String(previous) };
    const parsed: unknown = JSON.parse(textIn(row["messages"]) ?? "");
    if (!Array.isArray(parsed))
      return checkNode(place, await this.#pieces(largeNodePlace(hash, parsed)), {
        turns: this.#turns,
        known: this.#messages,
      });
    if (parsed.length !== length - from) throw new RangeError("too few messages, or too many");
    return { ...place, messages: parsed.map((message) => decodeValue(message)) };
  }

  async #value(prefix: string, { number, bytes }: StoredPieces): Promise<unknown> {
    const owner = piecesOwner(prefix, number);
    return decodeInSlices(await this.#pieces({ owner, bytes }), this.#turns);
  }

  async #pieces({ owner, bytes }: { readonly owner: string; readonly bytes: number }): Promise<Buffer> {
    const chunks: Uint8Array[] = [];
    for (let piece = 0; ; piece += PIECES_AT_ONCE) {
      const sql = "SELECT bytes FROM pieces WHERE owner = ? AND piece >= ? AND piece < ? ORDER BY piece";
      const rows = await this.#database.all(sql, [owner, piece, piece + PIECES_AT_ONCE]);
      for (const row of rows) chunks.push(bytesIn(row["bytes"]));
      if (rows.length < PIECES_AT_ONCE) break;
    }
    return decompress(chunks, bytes);
  }
}

const PIECES_AT_ONCE = 16;

/** A node and those before it, each shorter than the one after: so it ends, whatever the nodes say. */
const CHAIN = `WITH RECURSIVE chain (${NODE_COLUMNS}) AS (
  SELECT ${NODE_COLUMNS} FROM message_nodes WHERE hash = ?
  UNION ALL
  SELECT n.hash, n.previous, n.previous_length, n.length, n.messages
  FROM chain c JOIN message_nodes n ON n.hash = c.previous AND n.length = c.previous_length
  WHERE c.previous_length > 0 AND n.length < c.length
) SELECT ${READ_NODE} FROM chain`;

/** A row with what it says is kept elsewhere, and what cannot be read of it. */
interface Opened {
  readonly row: Row;
  readonly stored: Stored | undefined;
  readonly lost: string[];
}

/** What a span lacks of its row: texts that are no UTF-8 come as bytes. Of other columns the decoder says it itself. */
function bytesWhereTexts(row: Row): string[] {
  const lost: string[] = [];
  for (const column of TEXTS) if (row[column] instanceof Uint8Array) lost.push(`${column}: it is no text`);
  return lost;
}

const TEXTS = ["parent_span_id", "span_kind", "span_status", "identifier", "conversation"] as const;

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

function isEvent(value: unknown): value is SpanEvent {
  return (
    typeof value === "object" &&
    value !== null &&
    typeof Reflect.get(value, "name") === "string" &&
    Reflect.get(value, "at") instanceof Date
  );
}

function isLink(value: unknown): value is SpanLink {
  return (
    typeof value === "object" &&
    value !== null &&
    isTraceId(Reflect.get(value, "traceId")) &&
    isSpanId(Reflect.get(value, "spanId"))
  );
}
