// The content store: hashes of histories, nodes that prove what they hold, chains put together, compressed bytes.
import { deepStrictEqual } from "node:assert";
import { deflateRawSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compress, decompress } from "../../src/delivery/compression.ts";
import {
  assemble,
  type CheckedNode,
  checkNode,
  hashList,
  lifetime,
  longestAlive,
  NodeEncoder,
  neededUntil,
  probeRounds,
  seedHash,
} from "../../src/delivery/message-chains.ts";
import { capture } from "../../src/model/capture.ts";
import { Turns } from "../../src/model/turns.ts";
import { anyMaker } from "../model/arbitraries.ts";
import { runs } from "../sizes.ts";

const turns = new Turns();
const seed = seedHash("a conversation");

function message(content: unknown): object {
  return Object.freeze({ role: "user", content: capture(content) ?? null });
}

function payloadOf(messages: readonly object[], from: number): Buffer {
  const encoder = new NodeEncoder(messages, from);
  const chunks: Buffer[] = [];
  for (let step = encoder.step(); step !== undefined; step = encoder.step()) chunks.push(...step);
  return Buffer.concat(chunks);
}

describe("hashes of a list", () => {
  test("are the same for equal messages, however often and from whichever objects", async () => {
    const make = () => [message("one"), message({ two: [2n, new Date(0), Number.NaN] }), message("three")];
    const given = make();
    const first = await hashList(given, seed, turns);
    deepStrictEqual((await hashList(given, seed, turns)).hashes, first.hashes);
    deepStrictEqual((await hashList(make(), seed, turns)).hashes, first.hashes);
    expect(first.hashes).toHaveLength(4);
    expect(first.hashes[0]).toBe(seed);
  });

  test("differ in value, type, order and scope", async () => {
    const lists = [["1"], [1], [1n], [true], [null], ["1", "2"], ["2", "1"], ["12"], [["1"]], [{ 1: 1 }]];
    const hashes = await Promise.all(
      lists.map(async (list) => (await hashList(list.map(message), seed, turns)).hashes.at(-1)),
    );
    hashes.push((await hashList([message("1")], seedHash("another conversation"), turns)).hashes.at(-1));
    expect(new Set(hashes).size).toBe(hashes.length);
  });

  test("of one message object in two places are those of the places", async () => {
    const [a, b] = [message("a"), message("b")];
    const first = await hashList([a, b], seed, turns);
    const second = await hashList([b, a, b], seed, turns);
    const third = await hashList([a, b], seed, turns);
    expect(second.hashes[1]).not.toBe(first.hashes[2]);
    deepStrictEqual(third.hashes, first.hashes);
  });
});

describe("a node", () => {
  test("gives its messages back, if they are those of its hash", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyMaker, { minLength: 1, maxLength: 6 }), fc.nat(), async (makers, n) => {
        const messages = makers.map((make) => message(make()));
        const from = n % messages.length;
        const { hashes } = await hashList(messages, seed, turns);
        const place = {
          hash: hashes.at(-1) ?? "",
          length: messages.length,
          previous: hashes[from] ?? "",
          from,
        };
        const payload = payloadOf(messages, from);
        // What one node was found to hold is not believed of another.
        const reading = { turns, known: new Map<string, unknown>() };
        deepStrictEqual((await checkNode(place, payload, reading)).messages, messages.slice(from));
        const at = n % payload.length;
        const changed = Buffer.from(payload);
        changed[at] = (changed[at] ?? 0) ^ 1;
        await expect(checkNode(place, changed, reading)).rejects.toThrow();
        await expect(checkNode(place, payload.subarray(0, -1), reading)).rejects.toThrow();
        await expect(checkNode({ ...place, previous: seedHash("x") }, payload, reading)).rejects.toThrow();
      }),
      { numRuns: runs(100) },
    );
  });
});

describe("a chain", () => {
  const node = (length: number, from: number): CheckedNode => ({
    ...{ hash: `h${length}`, length, previous: `h${from}`, from },
    messages: Array.from({ length: length - from }, (_, i) => from + i),
  });
  const among = (nodes: readonly CheckedNode[]) => (length: number, hash: string) =>
    nodes.find((one) => one.length === length && one.hash === hash);

  test("is put together from its end", () => {
    expect(assemble(5, "h5", among([node(2, 0), node(3, 2), node(5, 3)]))).toEqual({ list: [0, 1, 2, 3, 4] });
  });

  test("says what is missing, and never runs in circles", () => {
    expect(assemble(5, "h5", among([node(5, 3)]))).toEqual({ missing: { from: 0, to: 3 } });
    const circle = { ...node(5, 0), from: 5, previous: "h5" };
    expect(assemble(5, "h5", among([circle]))).toEqual({ missing: { from: 0, to: 5 } });
  });
});

describe("lifetimes", () => {
  test("a node serves spans for one lifetime of a span, however clocks differ by minutes", () => {
    const ttl = 86_400;
    const { expiresAt, aliveUntil } = lifetime(1000, ttl, Number.POSITIVE_INFINITY);
    expect(aliveUntil).toBe(expiresAt);
    expect(neededUntil(1000 + ttl, ttl)).toBeLessThanOrEqual(aliveUntil);
    expect(neededUntil(1000 + ttl, ttl)).toBeGreaterThan(1000 + ttl + ttl + 300);
    expect(lifetime(5000, ttl, aliveUntil).aliveUntil).toBe(aliveUntil);
  });

  test("what a list leans on is the longest prefix that lives long enough", async () => {
    const list = await hashList([message(1), message(2), message(3)], seed, turns);
    const alive = new Map([
      [list.hashes[1], 100],
      [list.hashes[2], 50],
    ]);
    const find = (hash: string) => alive.get(hash);
    expect([
      longestAlive(list, 40, find),
      longestAlive(list, 60, find),
      longestAlive(list, 101, find),
    ]).toEqual([2, 1, 0]);
  });

  test("a store is asked for a hundred prefixes at most, the likely ones first", () => {
    expect(probeRounds(3)).toEqual([[3, 2, 1]]);
    const rounds = probeRounds(10_000);
    expect(rounds[0]).toEqual([10_000, 9_999, 9_998, 9_997, 9_996, 9_995]);
    expect(rounds.flat()).toHaveLength(100);
  });
});

describe("compressed bytes", () => {
  const source = (bytes: Buffer) => {
    let next: readonly Buffer[] | undefined = [bytes];
    return {
      step: () => {
        const step = next;
        next = undefined;
        return step;
      },
    };
  };

  test.each([0, 1, 1000, 20_000, 3_000_000])("come back: %i of them", async (length) => {
    const bytes = Buffer.alloc(length, "some text ");
    const blob = await compress(source(bytes), length, turns);
    expect(blob.bytes).toBe(length);
    expect((await decompress(blob.chunks, length)).equals(bytes)).toBe(true);
  });

  test("that are not what they say are refused, without unpacking more than they say", async () => {
    for (const size of [1000, 50_000_000]) {
      const packed = deflateRawSync(Buffer.alloc(size));
      await expect(decompress([packed], size - 1)).rejects.toThrow();
      await expect(decompress([packed], size + 1)).rejects.toThrow();
      await expect(decompress([packed.subarray(0, -2)], size)).rejects.toThrow();
      await expect(decompress([packed.subarray(0, 5), Buffer.from("garbage")], size)).rejects.toThrow();
    }
    for (const bytes of [-1, 1.5, Number.NaN, 2 ** 40]) {
      await expect(decompress([deflateRawSync("x")], bytes)).rejects.toThrow(RangeError);
    }
  });
});
