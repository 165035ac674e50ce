// What of a span's row can be found by words: the same as of the span, but of message lists only what the span brought.

import { inflateRawSync } from "node:zlib";
import { type Searchable, type SearchText, searchTexts } from "../conventions/search.ts";
import { readCount } from "../model/binary-counts.ts";
import { BinaryDecoder } from "../model/binary-decoder.ts";
import { isObject } from "../model/record-reader.ts";
import { decodeValue } from "../model/values.ts";
import { asciiBetweenWords, WORD_BREAK } from "../model/words.ts";
import { bytesIn, type Connection, type Row, type Statement, textIn } from "./connection.ts";
import { exactly, storedIn } from "./decoded-rows.ts";
import { largeNodePlace, piecesOwner, spanPrefix } from "./message-chains.ts";
import type { StoredPieces } from "./rows.ts";

/** The columns that a text is made of: few, since reading each takes a third of a microsecond. */
export const TEXT_COLUMNS = "spans.id, span_name, details, stored, attributes";

/** Reads the texts of rows of `TEXT_COLUMNS`. */
export class RowTexts {
  readonly #connection: Connection;
  #prepared: StoredStatements | undefined;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** What can be found of a span. A value that is damaged has no words. */
  of(row: Row): readonly SearchText[] {
    const details = objectIn(row["details"]) ?? {};
    const elsewhere = row["stored"] === null ? undefined : this.#elsewhere(row);
    const message = details["status_message"];
    const attributes = objectIn(row["attributes"]) ?? {};
    return searchTexts({
      spanName: textIn(details["span_name"]) ?? textIn(row["span_name"]) ?? "",
      statusMessage: typeof message === "string" ? message : undefined,
      attributes: elsewhere === undefined ? attributes : { ...attributes, ...elsewhere.attributes },
      events: eventsIn(elsewhere?.events ?? details["events"]),
    });
  }

  /** The same as one text for the index. No phrase reaches from one text into the next. */
  joined(row: Row): string {
    let joined = "";
    for (const { text } of this.of(row)) {
      joined += joined === "" ? asciiBetweenWords(text) : BREAK + asciiBetweenWords(text);
    }
    return joined;
  }

  #elsewhere(row: Row): { attributes: Record<string, unknown>; events: unknown } {
    const { lists = {}, pieces = {}, events, rest } = storedIn(row, []) ?? {};
    const ids = this.#statements.place.get(row["id"] ?? null);
    const place = { traceId: String(ids?.["trace_id"]), spanId: String(ids?.["span_id"]) };
    const prefix = spanPrefix(place);
    const read = ({ number, bytes }: StoredPieces) =>
      bytes > MAX_UNPACKED ? undefined : readValue(this.#unpacked(piecesOwner(prefix, number)));
    const others = rest && read(rest);
    const attributes: Record<string, unknown> = isObject(others) ? { ...others } : {};
    for (const [key, { hash }] of Object.entries(lists))
      attributes[key] = this.#newMessages(hash, place.spanId);
    for (const [key, pieced] of Object.entries(pieces)) attributes[key] = read(pieced);
    return { attributes, events: events && read(events) };
  }

  /** Those of the nodes that the span brought; the last of them is the one of its list. */
  #newMessages(hash: string, spanId: string): readonly unknown[] {
    const lists: (readonly unknown[])[] = [];
    let [at, length] = [hash, Number.POSITIVE_INFINITY];
    for (let nodes = 0; nodes < MAX_NODES; nodes++) {
      const node = this.#statements.node.get(at, spanId);
      // Each is shorter than the one after it; what says otherwise is damaged, and might never end.
      if (node === undefined || !(Number(node["length"]) < length)) break;
      length = Number(node["length"]);
      const messages = valueIn(node["messages"]);
      lists.push(
        Array.isArray(messages)
          ? messages
          : packedMessages(this.#unpacked(largeNodePlace(at, messages).owner)),
      );
      at = String(node["previous"]);
    }
    return lists.reverse().flat();
  }

  /** Few searches need them. */
  get #statements(): StoredStatements {
    this.#prepared ??= storedStatements(this.#connection);
    return this.#prepared;
  }

  #unpacked(owner: string): Buffer {
    const chunks = this.#statements.pieces.all(owner).map(({ bytes }) => bytesIn(bytes));
    try {
      return inflateRawSync(Buffer.concat(chunks), { maxOutputLength: MAX_UNPACKED });
    } catch {
      return Buffer.alloc(0);
    }
  }
}

/** How what is kept outside of a row is found. */
interface StoredStatements {
  readonly place: Statement;
  readonly node: Statement;
  readonly pieces: Statement;
}

function storedStatements(connection: Connection): StoredStatements {
  return {
    place: connection.prepare("SELECT trace_id, span_id FROM spans WHERE id = ?"),
    node: connection.prepare(
      `SELECT previous, ${exactly("length")}, messages FROM message_nodes WHERE hash = ? AND span_id = ?`,
    ),
    pieces: connection.prepare("SELECT bytes FROM pieces WHERE owner = ? ORDER BY piece"),
  };
}

const BREAK = ` ${WORD_BREAK} `;
/** A larger value has no words. */
const MAX_UNPACKED = 16 * 1024 * 1024;
/** A span that runs may bring some nodes of the same list. */
const MAX_NODES = 1000;

/** The messages of a large node: each behind its length. */
function packedMessages(bytes: Buffer): readonly unknown[] {
  const messages: unknown[] = [];
  try {
    for (let at = 0; at < bytes.length; ) {
      const { count, next } = readCount(bytes, at);
      at = next + count;
      messages.push(readValue(bytes.subarray(next, at)));
    }
  } catch {
    // What stands before the damage can be found.
  }
  return messages;
}

function readValue(bytes: Buffer): unknown {
  try {
    const decoder = new BinaryDecoder(bytes);
    for (;;) {
      const result = decoder.step();
      if (result !== undefined) return result.value;
    }
  } catch {
    return undefined;
  }
}

function eventsIn(events: unknown): Searchable["events"] {
  if (!Array.isArray(events)) return [];
  return events.flatMap((event: unknown) => {
    const attributes = isObject(event) ? event["attributes"] : undefined;
    return isObject(attributes) ? [{ attributes }] : [];
  });
}

function objectIn(json: unknown): Readonly<Record<string, unknown>> | undefined {
  const value = valueIn(json);
  return isObject(value) ? value : undefined;
}

/** Few rows have tags, and without one the value is as it stands there. */
function valueIn(json: unknown): unknown {
  if (typeof json !== "string") return undefined;
  try {
    const parsed: unknown = JSON.parse(json);
    return json.includes('"__') ? decodeValue(parsed) : parsed;
  } catch {
    return undefined;
  }
}
