// Reading items that belong to others: by key and by range of sort keys.
import type { AttributeValue } from "@aws-sdk/client-dynamodb";

/** One stored item. */
export type Item = Record<string, AttributeValue>;

/** The primary key of an item. */
export interface ItemKey {
  readonly pk: string;
  readonly sk: string;
}

/** All items of a partition between two sort keys, both included. */
export interface KeyRange {
  readonly pk: string;
  readonly from: string;
  readonly to: string;
}

/** How packing reads from the table. What it does not give is missing there; it rejects where it cannot say. */
export interface ItemReader {
  /** The items of these keys that there are, in any order; of each at least these attributes. */
  get(keys: readonly ItemKey[], attributes?: readonly string[]): Promise<readonly Item[]>;
  /** All items of the range. */
  range(range: KeyRange): Promise<readonly Item[]>;
}

/** Items by their keys. */
export class ItemsByKey {
  readonly #items = new Map<string, Item>();

  add(items: readonly Item[]): void {
    for (const item of items) this.#items.set(`${item["pk"]?.S}\n${item["sk"]?.S}`, item);
  }

  get({ pk, sk }: ItemKey): Item | undefined {
    return this.#items.get(`${pk}\n${sk}`);
  }
}

/** A whole number of an item, from 0 up to `most`; undefined for anything else. */
export function countOf(item: Item | undefined, name: string, most: number): number | undefined {
  const text = item?.[name]?.N;
  const count = text === undefined ? Number.NaN : Number(text);
  return Number.isSafeInteger(count) && count >= 0 && count <= most ? count : undefined;
}
