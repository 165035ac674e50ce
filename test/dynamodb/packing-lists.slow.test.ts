// Message lists are stored once a conversation: what a call adds is written, the rest is referred to, and comes back exact.

import { deepStrictEqual } from "node:assert";
import { randomBytes } from "node:crypto";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Item } from "../../src/dynamodb/items.ts";
import type { PackedSpan, Packer } from "../../src/dynamodb/packing.ts";
import { capture } from "../../src/model/capture.ts";
import { captureShared, reveal } from "../../src/model/history.ts";
import type { SpanFields } from "../../src/model/span-fields.ts";
import { EVERY_KIND_OF_VALUE } from "../../src/testing/values.ts";
import { anyMaker, spanFields } from "../model/arbitraries.ts";
import { runs, sized } from "../sizes.ts";
import { bytesOf, Emulator, plainItem, type TestTable, unitsOf } from "./packing.ts";

const MESSAGES = "ai.llm.request.messages";
const TTL = 3600;

let emulator: Emulator;
let table: TestTable;
let spans = 0;

beforeAll(async () => {
  emulator = await Emulator.start();
  table = await emulator.table();
});
afterAll(() => emulator.close());

function call(messages: unknown, more: Readonly<Record<string, unknown>> = {}): SpanFields {
  const id = (++spans).toString(16);
  const attributes = Object.fromEntries(
    Object.entries({ "ai.trace.type": "llm-invocation", ...more, [MESSAGES]: messages }).map(
      ([key, value]) => [key, reveal(captureShared(value))],
    ),
  );
  return spanFields({ attributes, traceId: id.padStart(32, "0"), spanId: id.padStart(16, "0") });
}

/** A message of a kilobyte that does not compress below its letters. */
function message(role = "user", bytes = 1000): object {
  return { role, content: [{ text: randomBytes((bytes * 3) / 4).toString("base64") }] };
}

async function pack(packer: Packer, span: SpanFields): Promise<PackedSpan> {
  return packer.pack(span, plainItem);
}

async function send(packer: Packer, span: SpanFields): Promise<PackedSpan> {
  const packed = await pack(packer, span);
  await table.write(packed, packer);
  return packed;
}

async function messagesOf(span: SpanFields): Promise<unknown> {
  const [found] = await table.read(span.traceId);
  expect(found?.attributes["tracelight.missing"]).toBeUndefined();
  return found?.attributes[MESSAGES];
}

interface Cost {
  bytes: number;
  units: number;
}

function costOf(items: readonly Item[]): Cost {
  return {
    bytes: items.reduce((sum, item) => sum + bytesOf(item), 0),
    units: items.reduce((sum, item) => sum + unitsOf(item), 0),
  };
}

const LONG = sized(100, 48);

describe(`a conversation of ${LONG} turns of 1 KB`, () => {
  async function converse(packerOf: () => Packer): Promise<Cost> {
    const conversation = `conversation ${++spans}`;
    const total: Cost = { bytes: 0, units: 0 };
    const history: object[] = [];
    const sent: SpanFields[] = [];
    for (let turn = 0; turn < LONG; turn++) {
      history.push(message(turn % 2 === 0 ? "user" : "assistant"));
      const span = call(history, { "ai.conversation.id": conversation });
      const { before, main } = await send(packerOf(), span);
      const cost = costOf([...before, main]);
      total.bytes += cost.bytes;
      total.units += cost.units;
      sent.push(span);
    }
    for (const span of [sent[0], sent[LONG / 2], sent[LONG - 1]]) {
      if (span !== undefined) deepStrictEqual(await messagesOf(span), span.attributes[MESSAGES]);
    }
    return total;
  }

  test("costs what is new", async () => {
    const given = table.packer({ dedupe: false });
    const asGiven = await converse(() => given);
    const one = table.packer();
    const oneProcess = await converse(() => one);
    const newTracers = await converse(() => table.packer());
    expect(oneProcess.bytes).toBeLessThan(asGiven.bytes / 8);
    expect(newTracers.bytes).toBeLessThan(asGiven.bytes / 4);
    expect(newTracers.units).toBeLessThanOrEqual(asGiven.units);
  });

  test("is read in few requests", async () => {
    const packer = table.packer();
    const history: object[] = [];
    const traceId = "e".repeat(32);
    for (let turn = 0; turn < LONG; turn++) {
      history.push(message());
      await send(packer, { ...call(history, { "ai.conversation.id": "few requests" }), traceId });
    }
    const mains = await table.mains(traceId);
    expect(mains).toHaveLength(LONG);
    table.reads = 0;
    const found = await table.unpack(mains);
    expect(table.reads).toBe(1);
    const lengths = found.map(({ fields }) => fields.attributes[MESSAGES]);
    expect(lengths.map((list) => (Array.isArray(list) ? list.length : 0)).sort((a, b) => a - b)).toEqual(
      Array.from({ length: LONG }, (_, i) => i + 1),
    );
  });
});

describe("a list", () => {
  test("is stored with its conversation, else with its trace, under no index", async () => {
    for (const [more, pk] of [
      [{ "ai.conversation.id": "c1" }, "CONTENT#c1"],
      [{}, undefined],
    ] as const) {
      const span = call([message(), message()], more);
      const { before, main } = await pack(table.packer(), span);
      expect(before.map((item) => item["pk"]?.S)).toEqual([pk ?? `TRACE#${span.traceId}`]);
      expect(before[0]?.["sk"]?.S).toMatch(/^NODE#[0-9a-f]{16}#00000002#[0-9a-f]{32}$/);
      expect(before[0]?.["conversation_id"]).toBeUndefined();
      expect(main["attributes"]?.M?.[MESSAGES]?.L).toHaveLength(1);
    }
  });

  test("several messages of one call are one item, and a list given again is none", async () => {
    const packer = table.packer();
    const history = [message(), message(), message()];
    expect((await send(packer, call(history, { "ai.conversation.id": "again" }))).before).toHaveLength(1);
    expect((await send(packer, call(history, { "ai.conversation.id": "again" }))).before).toHaveLength(0);
    const copy: unknown = JSON.parse(JSON.stringify(history));
    expect((await send(packer, call(copy, { "ai.conversation.id": "again" }))).before).toHaveLength(0);
    expect((await send(packer, call(history, { "ai.conversation.id": "other" }))).before).toHaveLength(1);
  });

  test("what is not acknowledged is handed out again, as the same items", async () => {
    const packer = table.packer();
    const history = [message(), message()];
    const first = await pack(packer, call(history, { "ai.conversation.id": "unacknowledged" }));
    history.push(message());
    const second = await pack(packer, call(history, { "ai.conversation.id": "unacknowledged" }));
    expect(second.before[0]).toBe(first.before[0]);
    expect(second.before).toHaveLength(2);
    packer.acknowledge(first.before);
    history.push(message());
    const third = await pack(packer, call(history, { "ai.conversation.id": "unacknowledged" }));
    expect(third.before).toHaveLength(2);
    expect(third.before[0]).toBe(second.before[1]);
  });

  test.each([
    ["a tiny one", [{ role: "user", content: "Hi" }]],
    ["an empty one", []],
    ["one with text among its messages", ["x".repeat(2000), { role: "user" }]],
    ["text", "x".repeat(2000)],
  ])("is stored as given: %s", async (_name, list) => {
    const span = call(list);
    const { before, main } = await pack(table.packer(), span);
    expect({ before, main }).toEqual({ before: [], main: plainItem(span) });
  });

  test("of other vocabularies is stored so too", async () => {
    const list = [message(), message()];
    const span = spanFields({
      attributes: {
        "gen_ai.input.messages": capture(list),
        "ai.conversation.history.messages": capture(list),
      },
      traceId: "d".repeat(32),
    });
    const { before } = await pack(table.packer(), span);
    expect(before).toHaveLength(1);
    deepStrictEqual(await table.roundTrip(span), span);
  });

  test("of megabytes is stored in parts of its node, once", async () => {
    const packer = table.packer();
    const history = [{ image: new Uint8Array(randomBytes(2_000_000)) }, message()];
    const first = call(history, { "ai.conversation.id": "image" });
    expect((await send(packer, first)).before).toHaveLength(7);
    history.push(message());
    const second = call(history, { "ai.conversation.id": "image" });
    expect((await send(table.packer(), second)).before).toHaveLength(1);
    for (const span of [first, second]) deepStrictEqual(await messagesOf(span), span.attributes[MESSAGES]);
  });

  test("in a span that is too large besides", async () => {
    const span = call([message(), message()], { big: randomBytes(500_000).toString("base64") });
    deepStrictEqual(await table.roundTrip(span), span);
  });

  test("whose earlier nodes cannot be looked up is written whole", async () => {
    const reader = { ...table.reader, get: () => Promise.reject(new Error("throttled")) };
    const span = call([message(), message()], { "ai.conversation.id": "throttled" });
    expect((await send(table.packer({ reader }), span)).before).toHaveLength(1);
    deepStrictEqual(await messagesOf(span), span.attributes[MESSAGES]);
  });
});

type Edit = (history: unknown[]) => void;

const edits: fc.Arbitrary<Edit> = fc.oneof(
  {
    weight: 4,
    arbitrary: anyMaker.map(
      (make): Edit =>
        (list) =>
          list.push(asMessage(make())),
    ),
  },
  anyMaker.map(
    (make): Edit =>
      (list) =>
        list.splice(Math.floor(list.length / 2), 1, asMessage(make())),
  ),
  fc.nat(20).map(
    (at): Edit =>
      (list) =>
        list.splice(at, 1),
  ),
  fc.nat(20).map(
    (at): Edit =>
      (list) =>
        list.splice(at),
  ),
  fc.constant<Edit>((list) => list.reverse()),
  fc.constant<Edit>((list) => list.push(...list.slice(0, 5))),
  fc.constant<Edit>((list) => list.splice(0)),
);

function asMessage(value: unknown): object {
  return { role: "user", content: value, padding: "p".repeat(300) };
}

describe("any history", () => {
  test("comes back exactly, edited, forked, shortened or turned around, from any process", async () => {
    const every = [{ ...EVERY_KIND_OF_VALUE, padding: "x".repeat(1000) }];
    const known = call(every);
    deepStrictEqual(await table.roundTrip(known), known);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(edits, fc.boolean()), { maxLength: 8 }), async (steps) => {
        const conversation = `property ${++spans}`;
        let packer = table.packer();
        const history: unknown[] = [asMessage(1), asMessage(2), asMessage(3), asMessage(4)];
        for (const [edit, isNewProcess] of steps) {
          edit(history);
          if (isNewProcess) packer = table.packer();
          const span = call(history, { "ai.conversation.id": conversation });
          deepStrictEqual(await table.roundTrip(span, packer), span);
        }
      }),
      { numRuns: runs(40) },
    );
  });
});

describe("a node", () => {
  const TURNS = sized(200, 60);

  test("lives as long as the last span that needs it, without a write a call", async () => {
    let now = 1_000_000;
    const history: object[] = [];
    const written = new Map<string, { expiresAt: number; item: Item }>();
    let rewritten = 0;
    let packer = table.packer({ ttlSeconds: TTL, now: () => now });
    for (let turn = 0; turn < TURNS; turn++) {
      if (turn % 7 === 0) packer = table.packer({ ttlSeconds: TTL, now: () => now });
      history.push(message("user", 200));
      const span = call(history, { "ai.conversation.id": "long-lived" });
      const { before } = await send(packer, span);
      for (const item of before) {
        written.set(item["sk"]?.S ?? "", { expiresAt: Number(item["expire_at"]?.N), item });
        if (turn > 5 && item["list_from"]?.N === "0") rewritten++;
      }
      // In ten turns, the life of a span; what expires before this span does is gone.
      const needed = now + TTL;
      for (const [key, { expiresAt, item }] of written) {
        if (expiresAt > needed) continue;
        await table.remove(item);
        written.delete(key);
      }
      if (turn % 10 === 9) deepStrictEqual(await messagesOf(span), span.attributes[MESSAGES]);
      now += TTL / 10;
    }
    expect(rewritten).toBeLessThanOrEqual(TURNS / 10);
  });

  test("that is missing is named, with the last message still shown", async () => {
    const packer = table.packer();
    const history = [message()];
    const first = await send(packer, call(history, { "ai.conversation.id": "missing" }));
    history.push({ role: "user", content: "The last one" });
    const span = call(history, { "ai.conversation.id": "missing", small: 1 });
    await send(packer, span);
    const [node] = first.before;
    if (node === undefined) throw new Error("no node");
    await table.remove(node);
    const [found] = await table.read(span.traceId);
    expect(found?.attributes["small"]).toBe(1);
    expect(found?.attributes[MESSAGES]).toMatch(/^\[Missing: messages 1 to 1 of 2 .*The last one/);
    expect(found?.attributes["tracelight.missing"]).toEqual([
      `${MESSAGES}: messages 1 to 1 of 2 are missing or damaged`,
    ]);
  });

  const lies: Record<string, Item> = {
    "leads to itself": { list_from: { N: "2" } },
    "leads forward": { list_from: { N: "9" } },
    "leads nowhere": { list_from: { N: "1" }, list_previous: { S: "f".repeat(32) } },
    "has no start": { list_from: { S: "x" } },
    "holds other messages": { data: { B: Buffer.from("other") } },
    "holds a bomb": { bytes: { N: String(1 << 30) } },
    "is in parts that are not there": {
      in_parts: {
        M: { version: { N: "1" }, hash: { S: "a".repeat(32) }, parts: { N: "3000" }, bytes: { N: "1" } },
      },
    },
    "holds nothing": { data: { NULL: true } },
  };
  test.each(Object.entries(lies))("is not believed: one that %s", async (name, lie) => {
    const span = call([message(), message()], { "ai.conversation.id": name, small: 1 });
    const packer = table.packer();
    const { before, main } = await pack(packer, span);
    await table.write({ before: before.map((item) => ({ ...item, ...lie })), main });
    const [found] = await table.read(span.traceId);
    expect(found?.attributes["small"]).toBe(1);
    expect(found?.attributes["tracelight.missing"]).toHaveLength(1);
  });
});
