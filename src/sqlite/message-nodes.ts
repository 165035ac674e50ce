// Reads message lists from their nodes. What lists share is read once, as far as it fits: a conversation may be larger than memory.
import {
  assemble,
  type CheckedNode,
  checkNode,
  type KnownList,
  type ReadMessages,
} from "../delivery/message-chains.ts";
import { setTimeout, steadyNow } from "../model/timers.ts";
import type { Turns } from "../model/turns.ts";
import { decodeValue } from "../model/values.ts";
import { type Row, textIn } from "./connection.ts";
import type { Reading } from "./database.ts";
import { exactly } from "./decoded-rows.ts";
import { largeNodePlace } from "./message-chains.ts";
import type { StoredList } from "./rows.ts";

/** From so many lists of one scope on, all its nodes are read at once, where they fit. */
const WHOLE_SCOPE_FROM = 4;
/** Characters of nodes that are held, about. Of more, those that lists had longest ago are let go of. */
const MOST_HELD = 16 * 1024 * 1024;
/** So many of the latest lists are known to be held: others mostly go on from one of them. */
const LATEST = 16;
const NODE_COLUMNS = "hash, previous, previous_length, length, messages";
const READ_NODE = `hash, previous, ${exactly("previous_length")}, ${exactly("length")}, messages`;

/** Nodes that nobody has asked for so long are let go of. */
const HELD_MS = 2000;

/** Where nodes are read: the file in one snapshot. */
export interface NodeSource {
  readonly database: Reading;
  readonly turns: Turns;
  /** Reads what is stored in pieces. */
  readonly pieces: (place: { readonly owner: string; readonly bytes: number }) => Promise<Buffer>;
}

interface HeldNode {
  readonly node: CheckedNode;
  readonly size: number;
  /** The number of the list that had it last. */
  usedBy: number;
}

/**
 * The nodes that were read of one file, for whoever reads it next: a page and an export ask for one span after the other. A node is known by
 * the hash of what it holds, so it is the same in every snapshot.
 */
export class MessageNodes {
  readonly #held = new Map<string, HeldNode>();
  /** Scopes whose nodes were read as a whole, or are too much for that. */
  readonly #scopes = new Set<string>();
  readonly #messages: ReadMessages = new Map();
  #size = 0;
  #lists = 0;
  #latest: readonly string[] = [];
  #hasLetGo = false;
  /** Mostly the next list goes on from it. */
  #last: KnownList | undefined;
  /** One at a time: what one has read must not be let go of by another before it is put together. */
  #turn: Promise<unknown> = Promise.resolve();
  #usedAt = 0;
  #timer: NodeJS.Timeout | undefined;

  /** Says of which scopes lists are to come, and how many. */
  expect(source: NodeSource, counts: ReadonlyMap<string, number>): Promise<void> {
    return this.#alone(async () => {
      for (const [scope, lists] of counts) {
        if (lists < WHOLE_SCOPE_FROM || this.#scopes.has(scope)) continue;
        this.#scopes.add(scope);
        // Where that fails, lists are read one by one, and those that cannot be are missing.
        await this.#readScope(source, scope).catch(() => undefined);
      }
    });
  }

  /** A list. Rejects where messages of it are missing. */
  list(source: NodeSource, list: StoredList): Promise<readonly unknown[]> {
    return this.#alone(() => this.#list(source, list));
  }

  #alone<T>(work: () => Promise<T>): Promise<T> {
    this.#usedAt = steadyNow();
    this.#timer ??= setTimeout(() => this.#rest(), HELD_MS).unref();
    const done = this.#turn.then(work);
    this.#turn = done.catch(() => undefined);
    return done;
  }

  #rest(): void {
    const left = this.#usedAt + HELD_MS - steadyNow();
    this.#timer = left > 0 ? setTimeout(() => this.#rest(), left).unref() : undefined;
    if (left <= 0) this.#turn = this.#turn.then(() => this.#forget());
  }

  #forget(): void {
    this.#held.clear();
    this.#scopes.clear();
    this.#messages.clear();
    this.#size = 0;
    this.#latest = [];
    this.#hasLetGo = false;
    this.#last = undefined;
  }

  async #readScope(source: NodeSource, scope: string): Promise<void> {
    const [size] = await source.database.all(SCOPE_SIZE, [scope]);
    if (Number(size?.["size"] ?? 0) > MOST_HELD - this.#size) return;
    await this.#add(source, `SELECT ${READ_NODE} FROM message_nodes WHERE scope = ?`, [scope]);
  }

  async #list(source: NodeSource, { hash, length }: StoredList): Promise<readonly unknown[]> {
    this.#lists++;
    let assembled = this.#assembled(length, hash, this.#last);
    if ("missing" in assembled && (this.#hasLetGo || !this.#held.has(hash))) {
      await this.#add(source, CHAIN, [hash, JSON.stringify(this.#latest)]);
      assembled = this.#assembled(length, hash, this.#last);
    }
    if (!("list" in assembled)) {
      const { from, to } = assembled.missing;
      throw new Error(`messages ${from + 1} to ${to} of ${length} are missing or damaged`);
    }
    const { list } = assembled;
    this.#latest = [...this.#latest.filter((one) => one !== hash), hash].slice(-LATEST);
    this.#last = { hash, list };
    if (this.#size > MOST_HELD) this.#letGo(this.#last);
    return list;
  }

  #assembled(length: number, hash: string, known: KnownList | undefined): ReturnType<typeof assemble> {
    const find = (_length: number, wanted: string): CheckedNode | undefined => {
      const held = this.#held.get(wanted);
      if (held !== undefined) held.usedBy = this.#lists;
      return held?.node;
    };
    return assemble(length, hash, find, known);
  }

  /** Half of what may be held stays, so that this is done now and then; the latest list stays as a whole. */
  #letGo({ hash, list }: KnownList): void {
    // All its nodes are in use, those of the list that it went on from too.
    this.#assembled(list.length, hash, undefined);
    const oldestFirst = [...this.#held].sort(([, a], [, b]) => a.usedBy - b.usedBy);
    for (const [hash, { size, usedBy }] of oldestFirst) {
      if (this.#size <= MOST_HELD / 2 || usedBy === this.#lists) break;
      this.#held.delete(hash);
      this.#size -= size;
    }
    this.#hasLetGo = true;
    this.#messages.clear();
    this.#latest = this.#latest.slice(-1);
  }

  async #add(source: NodeSource, sql: string, values: readonly string[]): Promise<void> {
    const { database, turns } = source;
    for (const row of await database.all(sql, [...values])) {
      const hash = String(row["hash"]);
      if (this.#held.has(hash)) continue;
      const held = await this.#read(source, row, hash).catch(() => undefined);
      if (held !== undefined) {
        this.#held.set(hash, held);
        this.#size += held.size;
      }
      if (turns.over) await turns.next();
    }
  }

  /** Rejects where the node cannot be what its row says. */
  async #read({ pieces, turns }: NodeSource, row: Row, hash: string): Promise<HeldNode> {
    const { length, previous_length: from, previous } = row;
    if (!isCount(length) || !isCount(from) || from >= length) throw new RangeError("no length");
    const place = { hash, length, from, previous: String(previous) };
    const text = textIn(row["messages"]) ?? "";
    const parsed: unknown = JSON.parse(text);
    const usedBy = this.#lists;
    if (!Array.isArray(parsed)) {
      const bytes = await pieces(largeNodePlace(hash, parsed));
      const node = await checkNode(place, bytes, { turns, known: this.#messages });
      return { node, size: bytes.length, usedBy };
    }
    if (parsed.length !== length - from) throw new RangeError("too few messages, or too many");
    const messages = parsed.map((message) => decodeValue(message));
    return { node: { ...place, messages }, size: text.length, usedBy };
  }
}

/** Characters of the nodes of a scope; of those in pieces, their bytes. */
const SCOPE_SIZE = `SELECT sum(CASE WHEN substr(messages, 1, 1) = '{' THEN json_extract(messages, '$.bytes')
  ELSE length(messages) END) AS size FROM message_nodes WHERE scope = ?`;

/**
 * A node and those before it, down to one that is known; each is shorter than the one after: so it ends, whatever the nodes say.
 */
const CHAIN = `WITH RECURSIVE chain (${NODE_COLUMNS}) AS (
  SELECT ${NODE_COLUMNS} FROM message_nodes WHERE hash = ?
  UNION ALL
  SELECT n.hash, n.previous, n.previous_length, n.length, n.messages
  FROM chain c JOIN message_nodes n ON n.hash = c.previous AND n.length = c.previous_length
  WHERE c.previous_length > 0 AND n.length < c.length AND c.previous NOT IN (SELECT value FROM json_each(?))
) SELECT ${READ_NODE} FROM chain`;

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}
