// What is taken apart for an exported page is put together again as it was.
import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import { Pieces as Packed } from "../../src/viewer/html-pieces.ts";
import { Pieces } from "../../web/exported/pieces.ts";

/** The elements of the file, as a browser has them. */
let elements: Map<string, string>;

beforeEach(() => {
  elements = new Map();
});

async function written(packed: Packed): Promise<number> {
  let size = 0;
  for await (const element of packed.elements(true)) {
    const [, id = "", text = ""] =
      /^<script type="application\/gzip" id="(piece-\w+)">([A-Za-z0-9+/=]*)<\/script>\n$/.exec(element) ?? [];
    elements.set(id, text);
    size += text.length;
  }
  return size;
}

const text = fc.oneof(
  fc.string({ unit: "grapheme" }),
  fc.constantFrom("§", "§0.0", "§§1.2", "</script>", "<!--", "x".repeat(200), `§${"y".repeat(300)}`),
);
const json = fc.jsonValue({ maxDepth: 5, stringUnit: "grapheme" });
const value = fc.oneof(
  text,
  json,
  fc.dictionary(fc.oneof(text, fc.constant("__proto__")), fc.oneof(text, json), { noNullPrototype: true }),
  fc.array(fc.record({ role: text, content: fc.array(fc.record({ text })) })),
);

describe("an exported page", () => {
  it("has each answer and each large value as it was", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(value), fc.array(value), async (answers, values) => {
        const packed = new Packed();
        for (const [i, one] of answers.entries()) packed.answer(`api/${i}`, { one });
        const places = values.map((one) => packed.value(one));
        await written(packed);
        const pieces = new Pieces((id) => elements.get(id));
        const same = (one: unknown): unknown => JSON.parse(JSON.stringify(one));
        for (const [i, one] of answers.entries())
          expect(await pieces.answer(`api/${i}`)).toEqual(same({ one }));
        for (const [i, one] of values.entries())
          expect(await pieces.value(places[i] ?? "")).toEqual(same(one));
        expect(await pieces.answer("api/nothing")).toBeUndefined();
        expect(await pieces.value("99.99")).toBeUndefined();
      }),
    );
  });

  it("has what comes again and again once, over any number of pieces", async () => {
    const packed = new Packed();
    const random = (i: number) =>
      Array.from({ length: 100 }, (_, n) => Math.sin(i * 1000 + n).toString(36)).join("");
    const history: object[] = [];
    let given = 0;
    for (let call = 0; call < 300; call++) {
      history.push({ role: "user", content: [{ text: random(call) }] });
      given += JSON.stringify(history).length;
      packed.answer(`api/${call}`, { messages: [...history] });
    }
    const size = await written(packed);
    expect(given).toBeGreaterThan(40e6);
    expect(size).toBeLessThan(given / 40);
    expect(elements.size).toBeGreaterThan(2);
    const pieces = new Pieces((id) => elements.get(id));
    expect(await pieces.answer("api/299")).toEqual({ messages: history });
    expect(await pieces.answer("api/7")).toEqual({ messages: history.slice(0, 8) });
  });
});
