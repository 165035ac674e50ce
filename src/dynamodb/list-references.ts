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

/** Lists that begin with the same message are of one chain. */
export function chainOf({ pk, root }: ListReference): string {
  return `${pk}\n${root}`;
}

/** A range to read, and up to which length it holds all nodes of which chains. */
export interface ChainRange {
  readonly range: KeyRange;
  readonly chains: ReadonlyMap<string, number>;
}

/** Beyond so many chains of one partition, reading all its nodes at once takes fewer requests. */
const CHAINS_AT_ONCE = 4;

/** The ranges that hold all nodes of these lists, but for those up to the length that is known: one a chain, however many lists refer to it. */
export function nodeRanges(
  references: Iterable<ListReference>,
  knownLength: (chain: string) => number,
): ChainRange[] {
  const partitions = new Map<string, Map<string, ListReference>>();
  for (const reference of references) {
    const { pk, root, length } = reference;
    if (length <= knownLength(chainOf(reference))) continue;
    const longest = partitions.get(pk) ?? new Map<string, ListReference>();
    partitions.set(pk, longest);
    if (length > (longest.get(root)?.length ?? 0)) longest.set(root, reference);
  }
  return [...partitions].flatMap(([pk, longest]) =>
    longest.size > CHAINS_AT_ONCE
      ? [{ range: { pk, from: "NODE#", to: "NODE#~" }, chains: lengthsOf([...longest.values()]) }]
      : [...longest.values()].map((reference) => chainRange(reference, knownLength(chainOf(reference)))),
  );
}

function chainRange(reference: ListReference, known: number): ChainRange {
  const { pk, root, length } = reference;
  const from = `NODE#${root}#${paddedLength(known + 1)}#`;
  const to = `NODE#${root}#${paddedLength(length)}#~`;
  return { range: { pk, from, to }, chains: lengthsOf([reference]) };
}

function lengthsOf(references: readonly ListReference[]): ReadonlyMap<string, number> {
  return new Map(references.map((reference) => [chainOf(reference), reference.length]));
}
