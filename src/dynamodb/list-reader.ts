// Message lists put together again of the nodes of their chains.
import { decompress, MAX_BLOB_BYTES } from "../delivery/compression.ts";
import { assemble, type CheckedNode, checkNode } from "../delivery/message-chains.ts";
import type { Turns } from "../delivery/turns.ts";
import { countOf, type Item, type ItemsByKey } from "./items.ts";
import { type ListReference, nodeKey } from "./list-references.ts";
import { joinParts, type PartsKey, readPartsList } from "./parts.ts";

/** Puts lists together of nodes that were read; each node is unpacked and checked once. */
export class ListReader {
  readonly #found: ItemsByKey;
  readonly #turns: Turns;
  readonly #checked = new Map<string, CheckedNode | undefined>();

  constructor(found: ItemsByKey, turns: Turns) {
    this.#found = found;
    this.#turns = turns;
  }

  /**
   * The list.
   * @throws (rejects) Error saying what is missing.
   */
  async read(reference: ListReference): Promise<readonly unknown[]> {
    await this.#checkChain(reference);
    const find = (length: number, hash: string) => this.#checked.get(keyOf({ ...reference, length, hash }));
    const assembled = assemble(reference.length, reference.hash, find);
    if ("list" in assembled) return assembled.list;
    const { to } = assembled.missing;
    throw new Error(`messages 1 to ${to} of ${reference.length} are missing or damaged`);
  }

  /** From the end to the start, or to a node that was checked before. Lengths fall, so it ends. */
  async #checkChain(reference: ListReference): Promise<void> {
    let at = reference;
    while (at.length > 0 && !this.#checked.has(keyOf(at))) {
      const node = await this.#check(at).catch(() => undefined);
      this.#checked.set(keyOf(at), node);
      if (node === undefined) return;
      at = { ...reference, length: node.from, hash: node.previous };
      if (this.#turns.over) await this.#turns.next();
    }
  }

  async #check(reference: ListReference): Promise<CheckedNode | undefined> {
    const key = nodeKey(reference);
    const item = this.#found.get(key);
    const from = countOf(item, "list_from", reference.length - 1);
    const previous = item?.["list_previous"]?.S;
    if (item === undefined || from === undefined || previous === undefined) return undefined;
    const payload = await this.#payload(item, { pk: key.pk, prefix: key.sk });
    const { length, hash } = reference;
    return checkNode({ hash, length, previous, from }, payload, this.#turns);
  }

  async #payload(item: Item, place: PartsKey): Promise<Buffer> {
    const list = item["in_parts"]?.M === undefined ? undefined : readPartsList(item["in_parts"].M);
    if (list !== undefined) return joinParts(list, place, { found: this.#found, turns: this.#turns });
    const data = item["data"]?.B ?? new Uint8Array();
    const bytes = countOf(item, "bytes", MAX_BLOB_BYTES);
    return bytes === undefined ? Buffer.from(data) : decompress([data], bytes);
  }
}

function keyOf(reference: ListReference): string {
  const { pk, sk } = nodeKey(reference);
  return `${pk}\n${sk}`;
}
