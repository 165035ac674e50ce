// Rows as spans, with what is kept outside of them: message lists, and large values put together from their pieces.
import { decodeInSlices, decompress } from "../delivery/compression.ts";
import { messageOf } from "../model/errors.ts";
import { isSpanId, isTraceId } from "../model/ids.ts";
import type { SpanEvent, SpanFields, SpanLink } from "../model/span-fields.ts";
import { Turns } from "../model/turns.ts";
import { bytesIn, type Row, textIn } from "./connection.ts";
import { type OnDamage, rowDamage, TIME_DAMAGE, valueDamage } from "./damage.ts";
import type { Reading } from "./database.ts";
import { decodeRow, type Elsewhere, type StateOf, storedIn } from "./decoded-rows.ts";
import { piecesOwner, scopeOf, spanPrefix } from "./message-chains.ts";
import type { MessageNodes, NodeSource } from "./message-nodes.ts";
import type { Stored, StoredPieces } from "./rows.ts";
import { isOddTime } from "./times.ts";

/** A span with its row. */
export interface ReadSpan {
  readonly row: Row;
  readonly id: number;
  readonly identifier: string;
  readonly fields: SpanFields;
}

/** So many spans without values elsewhere are read at a time. */
const SMALL_AT_ONCE = 100;

/** What is needed to read rows. */
export interface RowReading {
  readonly database: Reading;
  readonly stateOf: StateOf;
  readonly onDamage: OnDamage;
  /** What was read of the file before. */
  readonly nodes: MessageNodes;
}

/** Reads the spans of rows. What message lists share is read once, as far as it fits: see `MessageNodes`. */
export class RowReader {
  readonly #database: Reading;
  readonly #stateOf: StateOf;
  readonly #onDamage: OnDamage;
  readonly #turns = new Turns();
  readonly #nodes: MessageNodes;
  readonly #source: NodeSource;

  constructor({ database, stateOf, onDamage, nodes }: RowReading) {
    this.#database = database;
    this.#stateOf = stateOf;
    this.#onDamage = onDamage;
    this.#nodes = nodes;
    this.#source = { database, turns: this.#turns, pieces: (place) => this.#pieces(place) };
  }

  /** The spans of the rows, in their order. What cannot be read is told of: a row is left out, a value is named in its span. */
  async decode(rows: readonly Row[]): Promise<ReadSpan[]> {
    const spans: ReadSpan[] = [];
    for await (const some of this.some(rows)) for (const span of some) spans.push(span);
    return spans;
  }

  /** The same, some at a time: of those with values elsewhere, one. */
  async *some(rows: readonly Row[]): AsyncGenerator<readonly ReadSpan[]> {
    this.#turns.begin();
    const opened = rows.map((row) => {
      const lost = bytesWhereTexts(row);
      return { row, lost, stored: storedIn(row, lost) };
    });
    let spans: ReadSpan[] = [];
    let stored = 0;
    for (const [at, one] of opened.entries()) {
      // Who asks for the first alone needs no more.
      if (one.stored !== undefined && ++stored === 2)
        await this.#nodes.expect(this.#source, listCounts(opened.slice(at)));
      spans.push(...(await this.#span(one)));
      if (this.#turns.over) await this.#turns.next();
      if (one.stored === undefined && spans.length < SMALL_AT_ONCE) continue;
      yield spans;
      spans = [];
      this.#turns.begin();
    }
    yield spans;
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
      attributes.set(key, await orMissing(key, () => this.#nodes.list(this.#source, list)));
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

/** A row with what it says is kept elsewhere, and what cannot be read of it. */
interface Opened {
  readonly row: Row;
  readonly stored: Stored | undefined;
  readonly lost: string[];
}

/** How many lists the rows have of each scope. */
function listCounts(opened: readonly Opened[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { row, stored } of opened) {
    const lists = Object.keys(stored?.lists ?? {}).length;
    if (lists === 0) continue;
    const scope = scopeOf(String(row["trace_id"]), textIn(row["conversation"]));
    counts.set(scope, (counts.get(scope) ?? 0) + lists);
  }
  return counts;
}

/** What a span lacks of its row: texts that are no UTF-8 come as bytes. Of other columns the decoder says it itself. */
function bytesWhereTexts(row: Row): string[] {
  const lost: string[] = [];
  for (const column of TEXTS) if (row[column] instanceof Uint8Array) lost.push(`${column}: it is no text`);
  return lost;
}

const TEXTS = ["parent_span_id", "span_kind", "span_status", "identifier", "conversation"] as const;

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
