// Message lists as chains by content hash: each node holds what is new since the one before. Pure: stores share it.
import { createHash } from "node:crypto";
import { readCount, writeCount } from "../model/binary-counts.ts";
import { BinaryDecoder } from "../model/binary-decoder.ts";
import { BinaryEncoder } from "../model/binary-encoder.ts";
import type { Turns } from "../model/turns.ts";

/** 128 bits of SHA-256 in hex: the first so many messages of a list, and in which chain they are. */
export type ContentHash = string;

/** A list by the hash of each of its prefixes: `hashes[k]` stands for the first k messages; `hashes[0]` is the seed. */
export interface HashedList {
  readonly messages: readonly object[];
  readonly hashes: readonly ContentHash[];
}

/** What a node says of itself, apart from its messages. */
export interface NodeLabel {
  /** The hash of the list that ends with this node, and its length. */
  readonly hash: ContentHash;
  readonly length: number;
  /** The list that this node continues, and its length: 0 where the node is the first. */
  readonly previous: ContentHash;
  readonly from: number;
}

/** A node whose messages are those of its hash. */
export interface CheckedNode extends NodeLabel {
  readonly messages: readonly unknown[];
}

const HASH_DIGITS = 32;
const VERSION = "tracelight list 1";

/** Where all lists of a kind begin. Lists with different seeds share nothing: `scope` says what keeps them apart. */
export function seedHash(scope: string): ContentHash {
  return createHash("sha256").update(`${VERSION}\n${scope}`).digest("hex").slice(0, HASH_DIGITS);
}

/** A message's hash after another: of the message object, so that what was hashed before costs a look-up. */
interface Remembered {
  readonly after: ContentHash;
  readonly hash: ContentHash;
}

/** Captured messages are frozen, and a history that is given again shares them: their hash never changes. */
const remembered = new WeakMap<object, Remembered>();

/** Hashes the list: 50 ns a message that was hashed before in the same place, else some microseconds a kilobyte. */
export async function hashList(
  messages: readonly object[],
  seed: ContentHash,
  turns: Turns,
): Promise<HashedList> {
  const steps = hashSteps(messages, seed);
  for (let step = steps.next(); ; step = steps.next()) {
    if (step.done) return step.value;
    if (turns.over) await turns.next();
  }
}

/** The same at once, for lists whose new messages are few and small. */
export function hashListNow(messages: readonly object[], seed: ContentHash): HashedList {
  const steps = hashSteps(messages, seed);
  for (let step = steps.next(); ; step = steps.next()) if (step.done) return step.value;
}

/** How many messages at the start of the list were hashed before in the same place: they cost a look-up each. */
export function hashedMessages(messages: readonly object[], seed: ContentHash): number {
  let last = seed;
  for (const [i, message] of messages.entries()) {
    const known = remembered.get(message);
    if (known?.after !== last) return i;
    last = known.hash;
  }
  return messages.length;
}

/** Hashes step by step; each yield is a place to pause. */
function* hashSteps(messages: readonly object[], seed: ContentHash): Generator<void, HashedList, void> {
  const hashes = [seed];
  let last = seed;
  for (const message of messages) {
    const known = remembered.get(message);
    last = known?.after === last ? known.hash : yield* hashAfter(last, message);
    hashes.push(last);
    if (hashes.length % LOOKED_UP_AT_ONCE === 0) yield;
  }
  return { messages, hashes };
}

const LOOKED_UP_AT_ONCE = 4096;

function* hashAfter(after: ContentHash, message: object): Generator<void, ContentHash, void> {
  const sum = createHash("sha256").update(after);
  const encoder = new BinaryEncoder(message);
  for (let step = encoder.step(); step !== undefined; step = encoder.step()) {
    for (const chunk of step) sum.update(chunk);
    yield;
  }
  const hash = sum.digest("hex").slice(0, HASH_DIGITS);
  remembered.set(message, { after, hash });
  return hash;
}

/** The messages of a node as bytes, each behind its length: a source for `compress`. */
export class NodeEncoder {
  readonly #messages: readonly object[];
  #next: number;
  #ready: Buffer[] = [];

  /** The messages from `from` on. */
  constructor(messages: readonly object[], from: number) {
    this.#messages = messages;
    this.#next = from;
  }

  /** The bytes of the next message, step by step. A message's length stands before it, so its bytes are gathered first. */
  step(): readonly Buffer[] | undefined {
    const message = this.#messages[this.#next];
    if (this.#current === undefined) {
      if (message === undefined) return undefined;
      this.#current = new BinaryEncoder(message);
    }
    const step = this.#current.step();
    if (step !== undefined) {
      this.#ready.push(...step);
      return [];
    }
    return this.#endMessage();
  }

  #current: BinaryEncoder | undefined;

  #endMessage(): readonly Buffer[] {
    const chunks = this.#ready;
    this.#ready = [];
    this.#current = undefined;
    this.#next++;
    const length = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
    const prefix = Buffer.alloc(10);
    return [prefix.subarray(0, writeCount(prefix, 0, length)), ...chunks];
  }
}

/** Messages that were read, by the hash of the list that ends with them: lists that part late share all before, whichever nodes have them. */
export type ReadMessages = Map<ContentHash, unknown>;

/**
 * The messages of a stored node, if they are those that its hash says.
 * @throws (rejects) RangeError where they are not.
 */
export async function checkNode(
  place: NodeLabel,
  payload: Buffer,
  { turns, known }: { readonly turns: Turns; readonly known: ReadMessages },
): Promise<CheckedNode> {
  const messages: unknown[] = [];
  let hash = place.previous;
  for (let at = 0; at < payload.length; ) {
    const { count, next } = readCount(payload, at);
    at = next + count;
    if (at > payload.length) throw new RangeError("A message is cut off.");
    const bytes = payload.subarray(next, at);
    hash = bytes.length > HASHED_AT_ONCE ? await hashLong(hash, bytes, turns) : hashNow(hash, bytes);
    if (!known.has(hash)) {
      const decoder = new BinaryDecoder(bytes);
      known.set(hash, (decoder.step() ?? (await restOf(decoder, turns))).value);
    }
    messages.push(known.get(hash));
    if (turns.over) await turns.next();
  }
  const isWhole = hash === place.hash && messages.length === place.length - place.from;
  if (!isWhole) throw new RangeError("The messages are not those of the node's hash.");
  return { ...place, messages };
}

function hashNow(after: ContentHash, bytes: Buffer): ContentHash {
  return createHash("sha256").update(after).update(bytes).digest("hex").slice(0, HASH_DIGITS);
}

async function hashLong(after: ContentHash, bytes: Buffer, turns: Turns): Promise<ContentHash> {
  const sum = createHash("sha256").update(after);
  for (let at = 0; at < bytes.length; at += HASHED_AT_ONCE) {
    sum.update(bytes.subarray(at, at + HASHED_AT_ONCE));
    if (turns.over) await turns.next();
  }
  return sum.digest("hex").slice(0, HASH_DIGITS);
}

const HASHED_AT_ONCE = 256 * 1024;

async function restOf(decoder: BinaryDecoder, turns: Turns): Promise<{ readonly value: unknown }> {
  for (;;) {
    if (turns.over) await turns.next();
    const result = decoder.step();
    if (result !== undefined) return result;
  }
}

/** Finds the node of a list: of the first `length` messages that `hash` stands for. */
export type FindNode = (length: number, hash: ContentHash) => CheckedNode | undefined;

/** A list put together; or how many of its messages, from the start, cannot be found. */
export type Assembled =
  | { readonly list: readonly unknown[] }
  | { readonly missing: { readonly from: number; readonly to: number } };

/** A list that was put together. */
export interface KnownList {
  readonly hash: ContentHash;
  readonly list: readonly unknown[];
}

/**
 * Puts a list together from its end, down to its start or to the known list. Each node is shorter than the one after it, so this ends whatever the
 * nodes say.
 */
export function assemble(length: number, hash: ContentHash, find: FindNode, known?: KnownList): Assembled {
  const nodes: CheckedNode[] = [];
  let wanted = { length, hash };
  let list: unknown[] = [];
  while (wanted.length > 0) {
    if (wanted.hash === known?.hash && wanted.length === known.list.length) {
      // V8 spreads a frozen list 30 times as fast as it slices one.
      list = [...known.list];
      break;
    }
    const node = find(wanted.length, wanted.hash);
    if (node === undefined || node.from >= wanted.length) return { missing: { from: 0, to: wanted.length } };
    nodes.push(node);
    wanted = { length: node.from, hash: node.previous };
  }
  for (const node of nodes.reverse()) for (const message of node.messages) list.push(message);
  return { list: Object.freeze(list) };
}

/** Until when a new node is kept, and until when all it builds on is. All in seconds since the epoch. */
export interface Lifetime {
  readonly expiresAt: number;
  readonly aliveUntil: number;
}

/** For clocks that differ, and the time from choosing a node until the span is written. */
const TOLERANCE_SECONDS = 600;

/**
 * The lifetime rule: a node is kept for twice as long as a span. So for the whole of a span's own time to live later spans can
 * lean on it without writing it again; after that a list that leans on it is written anew, as one node. A node is as
 * long alive as the shortest-lived of those before it.
 */
export function lifetime(now: number, ttlSeconds: number, previousAliveUntil: number): Lifetime {
  const expiresAt = now + 2 * (ttlSeconds + TOLERANCE_SECONDS);
  return { expiresAt, aliveUntil: Math.min(expiresAt, previousAliveUntil) };
}

/** How long a node must be alive for a span of now to lean on it. */
export function neededUntil(now: number, ttlSeconds: number): number {
  return now + ttlSeconds + TOLERANCE_SECONDS;
}

/** The longest prefix that `aliveUntil` knows and that lives to `until`; 0 for none. */
export function longestAlive(
  { hashes }: HashedList,
  until: number,
  aliveUntil: (hash: ContentHash) => number | undefined,
): number {
  for (let length = hashes.length - 1; length > 0; length--) {
    const hash = hashes[length];
    const alive = hash === undefined ? undefined : aliveUntil(hash);
    if (alive !== undefined && alive >= until) return length;
  }
  return 0;
}

/** Lengths of prefixes to ask the store for, in rounds: those that a call a turn would have left, then the hundred last. */
export function probeRounds(length: number): readonly (readonly number[])[] {
  const lengths = Array.from({ length: Math.min(length, MOST_PROBES) }, (_, i) => length - i);
  return [lengths.slice(0, FIRST_PROBES), lengths.slice(FIRST_PROBES)].filter((round) => round.length > 0);
}

const FIRST_PROBES = 6;
const MOST_PROBES = 100;
