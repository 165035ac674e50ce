// How a main item refers to the message lists that are stored as chains, and where their nodes are.
import type { AttributeValue } from "@aws-sdk/client-dynamodb";
import type { Item, ItemKey, KeyRange } from "./items.ts";

/** The most messages of a list. */
export const MAX_LENGTH = 0xffffffff;
/** The top-level attribute that says which lists are stored as chains. */
const LISTS = "message_lists";
const HASH = /^[0-9a-f]{32}$/;
const ROOT = /^[0-9a-f]{16}$/;
const VERSION = "1";

/** A list as a main item refers to it. `root` is the start of the hash of its first message: nodes of one chain lie together. */
export interface ListReference {
  readonly pk: string;
  readonly root: string;
  readonly length: number;
  readonly hash: string;
}

/** The sort key of a node. By root and length, so that one range holds all nodes that a list can need. */
function nodeSortKey(root: string, length: number, hash: string): string {
  return `NODE#${root}#${paddedLength(length)}#${hash}`;
}

function paddedLength(length: number): string {
  return length.toString(16).padStart(8, "0");
}

/** The key of the node that the reference leads to. */
export function nodeKey({ pk, root, length, hash }: ListReference): ItemKey {
  return { pk, sk: nodeSortKey(root, length, hash) };
}

/** What a main item says of its lists, each as `referenceText` has it. */
export function referencesAttribute(pk: string, lists: Record<string, AttributeValue>): Item {
  return { [LISTS]: { M: { pk: { S: pk }, lists: { M: lists } } } };
}

/** A reference within its partition. */
export function referenceText({ length, root, hash }: ListReference): string {
  return `${VERSION} ${length} ${root} ${hash}`;
}

/** The references of a main item, by the attribute that each stands for; one that cannot be meant is undefined. */
export function readReferences(main: Item): ReadonlyMap<string, ListReference | undefined> {
  const { pk, lists } = main[LISTS]?.M ?? {};
  const entries = Object.entries(lists?.M ?? {}).map(
    ([name, { S }]) => [name, readReference(pk?.S, S)] as const,
  );
  return new Map(entries);
}

function readReference(pk: string | undefined, text: string | undefined): ListReference | undefined {
  const [version, count, root = "", hash = ""] = (text ?? "").split(" ");
  const length = Number(count);
  const isRight = version === VERSION && ROOT.test(root) && HASH.test(hash);
  if (pk === undefined || !isRight || !Number.isInteger(length) || length < 1 || length > MAX_LENGTH)
    return undefined;
  return { pk, root, length, hash };
}

/** Beyond so many chains of one partition, reading all its nodes at once takes fewer requests. */
const CHAINS_AT_ONCE = 4;

/** The ranges that hold all nodes of these lists: one a chain, however many lists refer to it. */
export function nodeRanges(references: Iterable<ListReference>): KeyRange[] {
  const partitions = new Map<string, Map<string, number>>();
  for (const { pk, root, length } of references) {
    const roots = partitions.get(pk) ?? new Map<string, number>();
    partitions.set(pk, roots.set(root, Math.max(length, roots.get(root) ?? 0)));
  }
  return [...partitions].flatMap(([pk, roots]) =>
    roots.size > CHAINS_AT_ONCE
      ? [{ pk, from: "NODE#", to: "NODE#~" }]
      : [...roots].map(([root, length]) => ({
          pk,
          from: `NODE#${root}#`,
          to: `NODE#${root}#${paddedLength(length)}#~`,
        })),
  );
}
