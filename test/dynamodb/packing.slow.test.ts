// A span of any size is stored whole: its large values in parts, a preview in their place, put together when read.
import { deepStrictEqual } from "node:assert";
import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { fromItem } from "../../src/dynamodb/item.ts";
import type { Item } from "../../src/dynamodb/items.ts";
import { unpack } from "../../src/dynamodb/unpacking.ts";
import { fromMap } from "../../src/dynamodb/values.ts";
import { capture } from "../../src/model/capture.ts";
import type { SpanFields } from "../../src/model/span-fields.ts";
import { EVERY_KIND_OF_VALUE } from "../../src/testing/values.ts";
import { expectFreeLoop, holdOf } from "../event-loop.ts";
import { spanFields } from "../model/arbitraries.ts";
import { sized } from "../sizes.ts";
import { bytesOf, Emulator, plainItem, type TestTable } from "./packing.ts";

let emulator: Emulator;
let table: TestTable;
let spans = 0;

beforeAll(async () => {
  emulator = await Emulator.start();
  table = await emulator.table();
});
afterAll(() => emulator.close());

/** A span of its own trace; attributes as a tracer captures them. */
function span(fields: Partial<SpanFields>): SpanFields {
  const id = (++spans).toString(16);
  const attributes = Object.fromEntries(
    Object.entries(fields.attributes ?? {}).map(([key, value]) => [key, capture(value)]),
  );
  return spanFields({ ...fields, attributes, traceId: id.padStart(32, "0"), spanId: id.padStart(16, "0") });
}

const noise = (bytes: number) => randomBytes(bytes).toString("latin1");

async function pack(given: SpanFields) {
  return table.packer().pack(given, plainItem);
}

describe("a small span", () => {
  test("is packed at once, as one item", () => {
    const given = span({ attributes: EVERY_KIND_OF_VALUE });
    const packed = table.packer().pack(given, plainItem);
    expect(packed).toEqual({ before: [], main: plainItem(given) });
  });
});

describe("a large span", () => {
  const large: Record<string, () => SpanFields> = {
    "one huge text": () => span({ attributes: { big: noise(sized(3_000_000, 1_200_000)), small: 1 } }),
    "text that packs well": () => span({ attributes: { big: "well ".repeat(500_000) } }),
    "huge bytes": () => span({ attributes: { big: new Uint8Array(randomBytes(2_000_000)) } }),
    "a wide list": () =>
      span({ attributes: { big: Array.from({ length: sized(200_000, 80_000) }, (_, i) => ({ i })) } }),
    "every kind of value in a large one": () =>
      span({ attributes: { big: { ...EVERY_KIND_OF_VALUE, text: noise(500_000) } } }),
    "lone surrogates": () => span({ attributes: { big: `${"\ud800x".repeat(300_000)}` } }),
    "many small attributes": () =>
      span({
        attributes: Object.fromEntries(Array.from({ length: 20_000 }, (_, i) => [`a${i}`, `value ${i}`])),
      }),
    "names longer than values": () =>
      span({ attributes: { [noise(500_000)]: 1, __proto__x: 2, "": noise(300_000) } }),
    "huge resource attributes": () => span({ resourceAttributes: { "service.name": noise(600_000) } }),
    "a huge name, message and scope": () =>
      span({
        spanName: noise(300_000),
        statusMessage: noise(300_000),
        scope: { name: noise(300_000), version: noise(300_000) },
      }),
    "huge events and links": () =>
      span({
        events: Array.from({ length: 50 }, (_, i) => ({
          name: `event ${i}`,
          at: new Date(1_700_000_000_000 + i),
          attributes: { payload: noise(20_000) },
        })),
        links: [{ traceId: "c".repeat(32), spanId: "d".repeat(16), attributes: { x: noise(300_000) } }],
      }),
    "a conversation whose id is huge": () => span({ attributes: { "ai.conversation.id": noise(600_000) } }),
    "a session whose id is huge": () => span({ attributes: { "session.id": noise(600_000) } }),
  };

  test.each(Object.entries(large))("is stored whole: %s", async (_name, make) => {
    const given = make();
    const { before, main } = await pack(given);
    for (const item of [...before, main]) expect(bytesOf(item)).toBeLessThan(400_000);
    for (const item of before) {
      expect(item["pk"]).toEqual(main["pk"]);
      expect(item["expire_at"]).toEqual(main["expire_at"]);
      expect(item["sk"]?.S).toMatch(/^PART#[0-9a-f]{16}#[0-9a-f]{32}#\d{5}$/);
      expect(item["conversation_id"]).toBeUndefined();
    }
    expect(main["conversation_id"]).toEqual(plainItem(given)["conversation_id"]);
    deepStrictEqual(await table.roundTrip(given), given);
  });

  test("keeps a readable preview in its main item", async () => {
    const { main } = await pack(span({ attributes: { big: `Dear reader, ${noise(800_000)}`, n: 42 } }));
    expect(main["attributes"]?.M?.["big"]?.S).toMatch(/^Dear reader, .{180,200}\.\.\.$/s);
    expect(main["attributes"]?.M?.["n"]).toEqual({ N: "42" });
  });

  test("keeps the shape of values in their preview: the toolkit looks for messages where they were", async () => {
    const message = (text: string) => ({ role: "user", content: [{ text }, { json: { list: [1, [2]] } }] });
    const messages = [...Array.from({ length: 30 }, () => message(noise(20_000))), message("What is new?")];
    const given = span({ attributes: { "ai.llm.request.messages": messages } });
    const { main } = await table.packer({ dedupe: false }).pack(given, plainItem);
    expect(fromMap(main["attributes"]?.M ?? {})).toEqual({
      "ai.llm.request.messages": [message("What is new?")],
    });
    const wide = Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`key-${i}`, [noise(20_000)]]));
    const { main: small } = await pack(span({ attributes: { wide } }));
    const [[key, shown] = []] = Object.entries(Object(fromMap(small["attributes"]?.M ?? {})["wide"]));
    expect([key, shown]).toEqual(["key-0", [expect.stringMatching(/\.\.\.$/)]]);
    expect(JSON.stringify(small["attributes"]).length).toBeLessThan(1000);
  });

  test("is written again under the same keys", async () => {
    const given = span({ attributes: { big: noise(800_000) } });
    const keys = (items: readonly Item[]) => items.map(({ sk }) => sk?.S);
    expect(keys((await pack(given)).before)).toEqual(keys((await pack(given)).before));
  });
});

describe("what is missing or damaged", () => {
  const given = () =>
    span({ attributes: { big: `The beginning ${noise(1_000_000)}`, other: noise(500_000), small: 1 } });

  async function readWith(change: (item: Item, i: number) => Item | undefined): Promise<SpanFields> {
    const whole = given();
    const { before, main } = await pack(whole);
    const changed = before.map(change).filter((item) => item !== undefined);
    await table.write({ before: changed, main });
    const [found] = await table.read(whole.traceId);
    if (found === undefined) throw new Error("the span is gone");
    expect(found.attributes["small"]).toBe(1);
    expect(found.attributes["other"]).toBe(whole.attributes["other"]);
    return found;
  }

  test("a missing part is named, and the rest shown", async () => {
    const found = await readWith((item, i) => (i === 1 ? undefined : item));
    expect(found.attributes["big"]).toMatch(/^\[Missing: part 2 of 4 is missing\] The beginning /);
    expect(found.attributes["tracelight.missing"]).toEqual(["big: part 2 of 4 is missing"]);
  });

  test("a damaged part is noticed", async () => {
    const found = await readWith((item, i) => (i === 0 ? { ...item, data: { B: randomBytes(1000) } } : item));
    expect(found.attributes["tracelight.missing"]).toEqual(["big: its parts are damaged"]);
  });

  const hostile: Record<string, Item> = {
    "more parts than there can be": { parts: { N: "1e15" } },
    "half a part": { parts: { N: "0.5" } },
    "no parts": { parts: { N: "0" } },
    "a hash that is none": { hash: { S: "../../x" } },
    "more bytes than deflate can pack": { bytes: { N: String(1 << 30) } },
    "fewer bytes than there are": { bytes: { N: "10" } },
    "a newer version": { version: { N: "2" } },
  };
  test.each(Object.entries(hostile))("is not believed: %s", async (_name, lie) => {
    const whole = given();
    const { before, main } = await pack(whole);
    const [first, ...rest] = main["split_values"]?.L ?? [];
    const groups = [{ M: Object.assign({}, first?.M, lie) }, ...rest];
    await table.write({ before, main: { ...main, split_values: { L: groups } } });
    const [found] = await table.read(whole.traceId);
    expect(found?.attributes["tracelight.missing"]).toHaveLength(1);
    expect(found?.attributes["other"]).toBe(whole.attributes["other"]);
  });

  test("what the item says of its parts may be of any shape", async () => {
    const whole = span({ attributes: { small: 1 } });
    const main = plainItem(whole);
    for (const lie of [{ S: "x" }, { L: [] }, { L: [{ S: "x" }, { M: {} }, { NULL: true as const }] }]) {
      await table.put({ ...main, split_values: lie, message_lists: lie });
      const [found] = await table.read(whole.traceId);
      expect(found?.attributes["small"]).toBe(1);
    }
  });
});

const MEGABYTES = sized(100, 8);

describe(`a span of ${MEGABYTES} MB`, () => {
  test("works, and leaves the event loop free", async () => {
    // A quarter random, the rest like text.
    const text = Array.from({ length: 3 * MEGABYTES }, () => noise(1000).repeat(250)).join("");
    const whole = span({
      attributes: { text, bytes: new Uint8Array(randomBytes(MEGABYTES * 250_000)), small: "x" },
    });
    const { result: packed } = await expectFreeLoop(() => holdOf(() => pack(whole)));
    await table.write(packed);
    const [main] = await table.mains(whole.traceId);
    const parts = packed.before;
    const onUnreadable = (error: unknown): never => {
      throw error;
    };
    // The parts as they were written: the client's own work on 30 MB of answers is not what is measured.
    const reader = { get: async () => parts, range: async () => [] };
    const unpacked = () => unpack(main === undefined ? [] : [main], { reader, fromItem, onUnreadable });
    const [found] = (await expectFreeLoop(() => holdOf(unpacked))).result;
    expect(found?.fields.attributes["text"] === whole.attributes["text"]).toBe(true);
    expect(Buffer.compare(bytesIn(found?.fields, "bytes"), bytesIn(whole, "bytes"))).toBe(0);
    expect(found?.fields.attributes["small"]).toBe("x");
    const [again] = await table.read(whole.traceId);
    expect(again?.attributes["text"] === whole.attributes["text"]).toBe(true);
  });
});

describe("a value of a million parts", () => {
  test.each([
    ["a list", () => Array.from({ length: sized(900_000, 400_000) }, (_, i) => i)],
    ["an object", () => Object.fromEntries(Array.from({ length: 40_000 }, (_, i) => [`key ${i}`, i]))],
    ["a map", () => new Map(Array.from({ length: sized(450_000, 200_000) }, (_, i) => [i, `${i}`]))],
  ])("leaves the event loop free: %s", async (_name, make) => {
    const whole = span({ attributes: { big: make() } });
    await expectFreeLoop(() => holdOf(() => pack(whole)));
  });
});

function bytesIn(fields: SpanFields | undefined, key: string): Uint8Array {
  const value = fields?.attributes[key];
  if (!(value instanceof Uint8Array)) throw new Error(`${key} is not bytes`);
  return value;
}
