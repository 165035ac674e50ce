// Writes what is kept outside of a span's row: nodes of message lists, and pieces of large values.
import { probeRounds } from "../delivery/message-chains.ts";
import { RecentMap } from "../model/recent-map.ts";
import { encodeValue } from "../model/values.ts";
import type { Connection, Statement } from "./connection.ts";
import {
  MAX_ROW_BYTES,
  nodePrefix,
  type PreparedList,
  piecesOwner,
  Unprepared,
  weighMessages,
} from "./message-chains.ts";

/** Writes nodes and pieces. The caller holds the transaction. */
export class ContentWriter {
  readonly #has: Statement;
  readonly #addNode: Statement;
  readonly #addPiece: Statement;
  readonly #claim: Statement;
  readonly #held: Statement;
  readonly #release: Statement;
  readonly #removePieces: Statement;
  /** The longest list that was stored last, by the hash of its first message. */
  readonly #latest = new RecentMap<string, number>(1000);

  constructor(connection: Connection) {
    this.#has = connection.prepareNumbers("SELECT 1 FROM message_nodes WHERE hash = ?");
    this.#addNode = connection.prepare(
      `INSERT INTO message_nodes (hash, previous, previous_length, length, scope, span_id, messages)
       VALUES (?, ?, ?, ?, ?, ?, ?)`,
    );
    this.#addPiece = connection.prepare(
      "INSERT OR REPLACE INTO pieces (owner, piece, bytes) VALUES (?, ?, ?)",
    );
    this.#claim = connection.prepare("INSERT INTO claims (prefix, writer) VALUES (?, ?)");
    this.#held = connection.prepareNumbers(
      "SELECT count(*) AS n FROM claims WHERE prefix = ? AND id IN (SELECT value FROM json_each(?))",
    );
    this.#release = connection.prepare("DELETE FROM claims WHERE id IN (SELECT value FROM json_each(?))");
    this.#removePieces = connection.prepare("DELETE FROM pieces WHERE owner = ?");
  }

  /**
   * Stores what the store lacks of a list, as one node behind the longest part that is there. All nodes of a scope are
   * removed together, so a node that is there has those before it.
   * @throws Unprepared where that is much, unless `mayTakeLong`
   */
  storeList(
    { hashed: { hashes, messages }, scope }: PreparedList,
    { spanId, mayTakeLong }: NodeWriting,
  ): void {
    const { length } = messages;
    const hash = hashes[length];
    if (hash === undefined || this.#has.get(hash) !== undefined) return;
    const from = this.#longestStored(hashes, length);
    // Messages that are known by their hash may be unknown to this file.
    if (!mayTakeLong && weighMessages(messages, from) > MAX_ROW_BYTES) throw new Unprepared();
    const json = JSON.stringify(messages.slice(from).map(encodeValue));
    this.#addNode.run(hash, hashes[from] ?? "", from, length, scope, spanId, json);
    this.#latest.set(hashes[1] ?? "", length);
  }

  /** What `storeList` would have to write: undefined where the list is there already. */
  missingFrom({ hashed: { hashes, messages } }: PreparedList): number | undefined {
    const hash = hashes[messages.length];
    return hash === undefined || this.#has.get(hash) !== undefined
      ? undefined
      : this.#longestStored(hashes, messages.length);
  }

  #longestStored(hashes: readonly string[], length: number): number {
    const isStored = (at: number) => at > 0 && at < length && this.#has.get(hashes[at] ?? "") !== undefined;
    const latest = this.#latest.get(hashes[1] ?? "") ?? 0;
    if (isStored(latest)) return latest;
    for (const round of probeRounds(length - 1)) for (const at of round) if (isStored(at)) return at;
    return 0;
  }

  /**
   * The number for pieces that the writer is about to write: nobody takes them away while he lives, until a row refers to
   * them and he releases the claim. What a dead writer has claimed is removed.
   */
  claim(prefix: string, writer: number): number {
    return Number(this.#claim.run(prefix, writer).lastInsertRowid);
  }

  addPiece(owner: string, piece: number, bytes: Uint8Array): void {
    this.#addPiece.run(owner, piece, bytes);
  }

  /**
   * A row refers to the pieces from now on.
   * @throws Unprepared where the claims are not in this file: it has been replaced
   */
  release(prefix: string, claims: readonly number[]): void {
    if (claims.length === 0) return;
    const ids = JSON.stringify(claims);
    if (this.#held.get(prefix, ids)?.["n"] !== claims.length) throw new Unprepared();
    this.#release.run(ids);
  }

  removePieces(owner: string): void {
    this.#removePieces.run(owner);
  }

  /** No row will refer to the pieces. */
  abandon(prefix: string, claim: number): void {
    this.removePieces(piecesOwner(prefix, claim));
    this.#release.run(JSON.stringify([claim]));
  }

  /** Adds a node whose messages are in pieces, of so many bytes when unpacked. */
  addLargeNode(
    { hashed: { hashes, messages }, scope }: PreparedList,
    { from, bytes, number, spanId }: LargeNode,
  ): void {
    const hash = hashes[messages.length] ?? "";
    this.release(nodePrefix(hash), [number]);
    this.#addNode.run(
      hash,
      hashes[from] ?? "",
      from,
      messages.length,
      scope,
      spanId,
      JSON.stringify({ bytes, number }),
    );
  }
}

interface NodeWriting {
  readonly spanId: string;
  readonly mayTakeLong: boolean;
}

/** A node that is in pieces. */
interface LargeNode {
  readonly from: number;
  readonly bytes: number;
  readonly number: number;
  readonly spanId: string;
}
