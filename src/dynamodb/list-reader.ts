// Message lists put together again of the nodes of their chains: each node is read, unpacked and checked once, however many lists lean on it.
import { decompress, MAX_BLOB_BYTES } from "../delivery/compression.ts";
import { type CheckedNode, checkNode, type ReadMessages } from "../delivery/message-chains.ts";
import { RecentMap } from "../model/recent-map.ts";
import { Turns } from "../model/turns.ts";
import { countOf, type Item, type ItemReader, ItemsByKey } from "./items.ts";
import { type ChainRange, chainOf, type ListReference, nodeKey, nodeRanges } from "./list-references.ts";
import { joinParts, type PartsKey, readPartsList } from "./parts.ts";

/** What is kept for the lists of later pages: nodes of so many stored bytes, and the last lists. */
const KEPT_BYTES = 8 * 1024 * 1024;
const KEPT_LISTS = 32;

/** What was read of a chain. */
interface Chain {
  /** All nodes of lists up to this length. */
  readonly length: number;
  /** True where that was done in several reads: nodes may have been written between them. */
  readonly isInSteps: boolean;
  readonly checked: Map<string, CheckedNode | undefined>;
}

/** Reads the lists of the spans of one reading, page after page. */
export class ListReader {
  /** Shared with all that one reading does. */
  readonly turns: Turns = new Turns();
  readonly #reader: ItemReader;
  #found = new ItemsByKey();
  #bytes = 0;
  #chains = new Map<string, Chain>();
  #messages: ReadMessages = new Map();
  #lists = new RecentMap<string, readonly unknown[]>(KEPT_LISTS);

  constructor(reader: ItemReader) {
    this.#reader = reader;
  }

  /** Reads the nodes that these lists need, but for those that were read before. */
  async prepare(references: readonly ListReference[]): Promise<void> {
    if (this.#bytes > KEPT_BYTES) this.#forget();
    await this.#fetch(nodeRanges(references, (chain) => this.#chains.get(chain)?.length ?? 0));
  }

  /**
   * A list that was prepared.
   * @throws (rejects) Error saying what is missing.
   */
  async read(reference: ListReference): Promise<readonly unknown[]> {
    try {
      return await this.#put(reference);
    } catch (error) {
      if (!this.#chains.get(chainOf(reference))?.isInSteps) throw error;
      this.#chains.delete(chainOf(reference));
      await this.#fetch(nodeRanges([reference], () => 0));
      return this.#put(reference);
    }
  }

  #forget(): void {
    this.#found = new ItemsByKey();
    this.#bytes = 0;
    this.#chains = new Map();
    this.#messages = new Map();
    this.#lists = new RecentMap(KEPT_LISTS);
  }

  async #fetch(ranges: readonly ChainRange[]): Promise<void> {
    await Promise.all(
      ranges.map(async ({ range, chains }) => {
        const items = await this.#reader.range(range);
        this.#found.add(items);
        for (const item of items) this.#bytes += item["data"]?.B?.byteLength ?? 0;
        for (const [chain, length] of chains) this.#note(chain, length);
      }),
    );
  }

  /** From its end to its start, or to a list that was put together before. Lengths fall, so it ends. */
  async #put(reference: ListReference): Promise<readonly unknown[]> {
    const nodes: CheckedNode[] = [];
    let at = reference;
    let before: readonly unknown[] | undefined;
    while (at.length > 0) {
      before = this.#lists.get(keyOf(at));
      if (before !== undefined) break;
      const node = await this.#node(at);
      if (node === undefined)
        throw new Error(`messages 1 to ${at.length} of ${reference.length} are missing or damaged`);
      nodes.push(node);
      at = { ...reference, length: node.from, hash: node.previous };
      if (this.turns.over) await this.turns.next();
    }
    // V8 spreads a frozen list 30 times as fast as it slices one.
    const list = [...(before ?? [])];
    for (const node of nodes.reverse()) for (const message of node.messages) list.push(message);
    this.#lists.set(keyOf(reference), Object.freeze(list));
    return list;
  }

  #note(name: string, length: number): void {
    const before = this.#chains.get(name);
    const checked = before?.checked ?? new Map<string, CheckedNode | undefined>();
    this.#chains.set(name, { length, isInSteps: before !== undefined, checked });
  }

  async #node(reference: ListReference): Promise<CheckedNode | undefined> {
    const checked = this.#chains.get(chainOf(reference))?.checked;
    const known = checked?.get(reference.hash);
    if (known?.length === reference.length || (known === undefined && checked?.has(reference.hash)))
      return known;
    const node = await this.#check(reference).catch(() => undefined);
    checked?.set(reference.hash, node);
    return node;
  }

  async #check(reference: ListReference): Promise<CheckedNode | undefined> {
    const key = nodeKey(reference);
    const item = this.#found.get(key);
    const from = countOf(item, "list_from", reference.length - 1);
    const previous = item?.["list_previous"]?.S;
    if (item === undefined || from === undefined || previous === undefined) return undefined;
    const payload = await this.#payload(item, { pk: key.pk, prefix: key.sk });
    const { length, hash } = reference;
    return checkNode({ hash, length, previous, from }, payload, { turns: this.turns, known: this.#messages });
  }

  async #payload(item: Item, place: PartsKey): Promise<Buffer> {
    const list = item["in_parts"]?.M === undefined ? undefined : readPartsList(item["in_parts"].M);
    if (list !== undefined) return joinParts(list, place, { found: this.#found, turns: this.turns });
    const data = item["data"]?.B ?? new Uint8Array();
    const bytes = countOf(item, "bytes", MAX_BLOB_BYTES);
    return bytes === undefined ? Buffer.from(data) : decompress([data], bytes);
  }
}

function keyOf({ pk, length, hash }: ListReference): string {
  return `${length} ${hash} ${pk}`;
}
