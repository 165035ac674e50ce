// Spans with large values: prepared in slices, one after the other, and their pieces written one by one before their row is.
import { compress } from "../delivery/compression.ts";
import { NodeEncoder } from "../delivery/message-chains.ts";
import type { Turns } from "../model/turns.ts";
import type { Span } from "../tracing/span.ts";
import { weighValue } from "../tracing/weight.ts";
import {
  nodePrefix,
  type PreparedSpan,
  piecesOwner,
  prepareInSlices,
  type StorePieces,
} from "./message-chains.ts";
import type { WriterFile } from "./writer-file.ts";

/** Values of fewer bytes are no work to speak of. */
export const SMALL_BYTES: number = 64 * 1024;

/** How large spans get to the file. */
export interface LargeSpansSetup<E> {
  readonly turns: Turns;
  /** Does the work in one transaction, as soon as there can be one. */
  readonly patiently: <T>(work: (file: WriterFile) => T) => Promise<T>;
  /** All but the row is written. */
  readonly prepared: (entry: E, prepared: PreparedSpan) => void;
  readonly failed: (entry: E, error: unknown) => void;
}

/** Pieces that no row refers to yet. */
interface Claimed {
  readonly prefix: string;
  readonly claim: number;
}

/** The large spans of one writer, each as an entry of its queue. */
export class LargeSpans<E extends { readonly weight: number; readonly span: Span }> {
  readonly #setup: LargeSpansSetup<E>;
  readonly #entries = new Set<E>();
  #bytes = 0;
  #last: Promise<void> = Promise.resolve();

  constructor(setup: LargeSpansSetup<E>) {
    this.#setup = setup;
  }

  /** Those that are not prepared yet. */
  get entries(): readonly E[] {
    return [...this.#entries];
  }

  /** What these weigh. */
  get bytes(): number {
    return this.#bytes;
  }

  add(entry: E): void {
    this.#entries.add(entry);
    this.#bytes += entry.weight;
    this.#last = this.#last.then(() => this.#prepare(entry));
  }

  async #prepare(entry: E): Promise<void> {
    const claimed: Claimed[] = [];
    const store = async (prefix: string, chunks: readonly Uint8Array[]): Promise<number> => {
      const claim = await this.#setup.patiently((file) => file.claim(prefix));
      claimed.push({ prefix, claim });
      await this.#writePieces(piecesOwner(prefix, claim), chunks);
      return claim;
    };
    try {
      const prepared = await prepareInSlices(entry.span, this.#setup.turns, store);
      for (const list of prepared.lists) await this.#writeNode(prepared, list, store);
      this.#setup.prepared(entry, prepared);
    } catch (error) {
      this.#setup.failed(entry, error);
      await this.#abandon(claimed);
    }
    this.#entries.delete(entry);
    this.#bytes -= entry.weight;
  }

  /** A node with much that is new. Where another one was written meanwhile, the row's own transaction writes what is left. */
  async #writeNode(
    { span }: PreparedSpan,
    list: PreparedSpan["lists"][number],
    store: StorePieces,
  ): Promise<void> {
    const { turns, patiently } = this.#setup;
    const from = await patiently((file) => file.content.missingFrom(list));
    if (from === undefined) return;
    const { messages, hashes } = list.hashed;
    const weight = weighValue(messages.slice(from));
    if (weight < SMALL_BYTES) return;
    const { chunks, bytes } = await compress(new NodeEncoder(messages, from), weight, turns);
    const prefix = nodePrefix(hashes[messages.length] ?? "");
    const number = await store(prefix, chunks);
    await patiently(({ content }) => {
      if (content.missingFrom(list) === from)
        content.addLargeNode(list, { from, bytes, number, spanId: span.spanId });
      else content.abandon(prefix, number);
    });
  }

  /** Where that fails too, it is done when this writer has gone. */
  async #abandon(claimed: readonly Claimed[]): Promise<void> {
    for (const { prefix, claim } of claimed) {
      await this.#setup.patiently(({ content }) => content.abandon(prefix, claim)).catch(() => undefined);
    }
  }

  async #writePieces(owner: string, chunks: readonly Uint8Array[]): Promise<void> {
    for (const [piece, bytes] of chunks.entries()) {
      await this.#setup.patiently((file) => file.content.addPiece(owner, piece, bytes));
      await this.#setup.turns.next();
    }
  }
}
