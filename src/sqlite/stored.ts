// Rows as spans, with what is kept outside of them: message lists put together from their nodes, large values from their pieces.
import { decodeInSlices, decompress } from "../delivery/compression.ts";
import { assemble, type CheckedNode, checkNode } from "../delivery/content.ts";
import { Turns } from "../delivery/turns.ts";
import { messageOf } from "../model/errors.ts";
import type { SpanEvent, SpanFields } from "../model/record.ts";
import { decodeValue } from "../model/values.ts";
import { largeNodePlace, piecesOwner, scopeOf, spanPrefix } from "./content.ts";
import type { Reading } from "./database.ts";
import { bytesOf, type Row } from "./driver.ts";
import {
  decodeRow,
  type Elsewhere,
  type StateOf,
  type Stored,
  type StoredList,
  type StoredPieces,
  storedIn,
} from "./rows.ts";

/** From so many lists of one scope on, all its nodes are read at once. */
const WHOLE_SCOPE_FROM = 4;
const NODE_COLUMNS = "hash, previous, previous_length, length, messages";

/** Reads the spans of rows. Nodes that several spans share are read once. */
export class RowReader {
  readonly #database: Reading;
  readonly #stateOf: StateOf;
  readonly #nodes = new Map<string, CheckedNode>();
  readonly #turns = new Turns();

  constructor(database: Reading, stateOf: StateOf) {
    this.#database = database;
    this.#stateOf = stateOf;
  }

  /** The spans of the rows, in their order. What is missing of one is named in its attribute. */
  async decode(rows: readonly Row[]): Promise<SpanFields[]> {
    this.#turns.begin();
    const stored = rows.map(storedIn);
    await this.#readScopes(rows, stored);
    const spans: SpanFields[] = [];
    for (const [i, row] of rows.entries()) {
      const places = stored[i];
      const elsewhere = places === undefined ? undefined : await this.#elsewhere(row, places);
      spans.push(decodeRow(row, this.#stateOf, elsewhere));
      if (this.#turns.over) await this.#turns.next();
    }
    return spans;
  }

  async #readScopes(rows: readonly Row[], stored: readonly (Stored | undefined)[]): Promise<void> {
    const counts = new Map<string, number>();
    for (const [i, row] of rows.entries()) {
      const lists = Object.keys(stored[i]?.lists ?? {}).length;
      if (lists === 0) continue;
      const scope = scopeOf(String(row["trace_id"]), textOf(row["conversation"]));
      counts.set(scope, (counts.get(scope) ?? 0) + lists);
    }
    for (const [scope, lists] of counts) {
      if (lists < WHOLE_SCOPE_FROM) continue;
      const sql = `SELECT ${NODE_COLUMNS} FROM message_nodes WHERE scope = ?`;
      await this.#addNodes(await this.#database.all(sql, [scope]));
    }
  }

  async #elsewhere(row: Row, { lists = {}, pieces = {}, events }: Stored): Promise<Elsewhere> {
    const attributes = new Map<string, unknown>();
    const prefix = spanPrefix({ traceId: String(row["trace_id"]), spanId: String(row["span_id"]) });
    for (const [key, list] of Object.entries(lists))
      attributes.set(key, await this.#orMissing(() => this.#list(list)));
    for (const [key, place] of Object.entries(pieces)) {
      attributes.set(key, await this.#orMissing(() => this.#value(prefix, place)));
    }
    if (events === undefined) return { attributes };
    const read = await this.#orMissing(() => this.#value(prefix, events));
    return { attributes, events: Array.isArray(read) ? read.filter(isEvent) : [] };
  }

  /** A value that is lost, or damaged, must not hide the rest of its span. */
  async #orMissing(read: () => Promise<unknown>): Promise<unknown> {
    try {
      return await read();
    } catch (error) {
      return `[Missing: ${messageOf(error)}]`;
    }
  }

  async #list({ hash, length }: StoredList): Promise<unknown> {
    if (!this.#nodes.has(hash)) await this.#addNodes(await this.#database.all(CHAIN, [hash]));
    const assembled = assemble(length, hash, (_length, wanted) => this.#nodes.get(wanted));
    if ("list" in assembled) return assembled.list;
    throw new Error(
      `messages ${assembled.missing.from} to ${assembled.missing.to} of the list are not in the store`,
    );
  }

  async #addNodes(rows: readonly Row[]): Promise<void> {
    for (const row of rows) {
      const hash = String(row["hash"]);
      if (this.#nodes.has(hash)) continue;
      const place = {
        ...{ hash, length: Number(row["length"]) },
        ...{ previous: String(row["previous"]), from: Number(row["previous_length"]) },
      };
      const parsed: unknown = JSON.parse(String(row["messages"]));
      this.#nodes.set(
        hash,
        Array.isArray(parsed)
          ? { ...place, messages: parsed.map((message) => decodeValue(message)) }
          : await checkNode(place, await this.#pieces(largeNodePlace(hash, parsed)), this.#turns),
      );
      if (this.#turns.over) await this.#turns.next();
    }
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
      for (const row of rows) chunks.push(bytesOf(row["bytes"]) ?? new Uint8Array());
      if (rows.length < PIECES_AT_ONCE) break;
    }
    return decompress(chunks, bytes);
  }
}

const PIECES_AT_ONCE = 16;

/** A node and those before it. */
const CHAIN = `WITH RECURSIVE chain (${NODE_COLUMNS}) AS (
  SELECT ${NODE_COLUMNS} FROM message_nodes WHERE hash = ?
  UNION ALL
  SELECT n.hash, n.previous, n.previous_length, n.length, n.messages
  FROM chain c JOIN message_nodes n ON n.hash = c.previous WHERE c.previous_length > 0
) SELECT * FROM chain`;

function isEvent(value: unknown): value is SpanEvent {
  return (
    typeof value === "object" &&
    value !== null &&
    typeof Reflect.get(value, "name") === "string" &&
    Reflect.get(value, "at") instanceof Date
  );
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}
